"""Every measurement that ships: readable, complete, the one its recipe describes, and priced."""

import json
import math
import re

import pytest

import qres
from qres.config.load import load_scenario, model_path
from qres.config.measured import measurement_names
from qres.files import data_path
from qres.measurement.measure import measure_scenario
from qres.measurement.record import Measurement
from qres.measurement.store import Store
from qres.notation.quantity import KINDS

FOLDER = data_path("measurements")
FITTED = "liu-2024-proxy.json"
NAMES = [name for name in measurement_names() if name != FITTED]
MAX_BYTES = 200_000

CHARACTERS = len(set((FOLDER / "numbers.txt").read_text()))
COUNTS = {
    "logistic-breast-cancer": 30 + 1,
    "logistic-digits": 64 * 10 + 10,
    "mlp-32-32-tanh": 65 * 32 + 33 * 32 + 33 * 10,
    "mlp-32-32-relu": 65 * 32 + 33 * 32 + 33 * 10,
    "mlp-256-256-gelu": 65 * 256 + 257 * 256 + 257 * 10,
    # stem, three blocks of two 3 x 3 convolutions with norms, two of them with 1 x 1 shortcuts, head
    **dict.fromkeys(
        ("resnet-8-1-silu", "resnet-8-1-relu"),
        (27 * 16 + 32)
        + (2 * 9 * 16 * 16 + 64)
        + (9 * 16 * 32 + 9 * 32 * 32 + 16 * 32 + 3 * 64)
        + (9 * 32 * 64 + 9 * 64 * 64 + 32 * 64 + 3 * 128)
        + 65 * 10,
    ),
    # embeddings of character and place, two layers of 12 d^2 + 13 d, the last norm
    **dict.fromkeys(
        ("gpt-2-16-gelu", "gpt-2-16-relu"),
        (CHARACTERS + 32) * 16 + 2 * (12 * 16**2 + 13 * 16) + 32,
    ),
    "resnet-32-4-relu": 7_451_044,
    "resnet-56-11-relu": 103_703_700,
}
"""Parameters by hand; the last two are published."""

every_file = pytest.mark.parametrize("name", NAMES)


def read(name: str) -> Measurement:
    return qres.measure(name)


def parts(name: str) -> tuple[str, str]:
    """Return the network of a file, and whether it is dense or pruned."""
    network, _, state = name.removesuffix(".json").rpartition("-")
    return network, state


def test_there_are_eight_networks_of_four_families_dense_and_pruned() -> None:
    both = {n for n, state in map(parts, NAMES) if state == "dense"} & {
        n for n, state in map(parts, NAMES) if state == "pruned"
    }
    assert len(both) >= 8
    assert {name.partition("-")[0] for name in both} == {"logistic", "mlp", "resnet", "gpt"}
    for family in ("mlp", "resnet", "gpt"):
        found = {name.rpartition("-")[2] for name in both if name.startswith(family)}
        assert "relu" in found, family
        assert found - {"relu"}, family
    assert "resnet-32-4-relu" in both


@every_file
def test_a_file_is_small_has_no_date_and_reads_back_as_it_is(name) -> None:
    text = (FOLDER / name).read_text()
    assert len(text) < MAX_BYTES
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b|NaN|Infinity", text)
    data = json.loads(text)
    assert Measurement.from_dict(data).to_dict() == data


@every_file
def test_each_number_has_a_kind_and_says_how_it_was_found(name) -> None:
    found = read(name)
    for item in (found, *found.snapshots.values()):
        assert item.subject == "network"
        for key, quantity in item.values.items():
            assert quantity.kind in KINDS, key
            assert quantity.source, key
            assert quantity.method, key
            low, high = quantity.low, quantity.high
            assert low is None or low <= quantity.value, key
            assert high is None or quantity.value <= high, key


@every_file
def test_a_file_is_the_one_that_its_recipe_describes(name) -> None:
    stem = name.removesuffix(".json")
    recipe, found = load_scenario(stem), read(name)
    assert recipe.name == stem
    facts = found.details
    network, algorithm = recipe.model, recipe.algorithm
    assert facts["n_steps"] == algorithm.n_steps
    assert facts["learning_rate"] == algorithm.learning_rate
    assert facts["n_probes"] == recipe.measure.probes
    assert facts["seed"] == recipe.measure.seed
    assert facts["train_seed"] == network.train.seed
    assert facts["architecture"] == network.architecture.kind
    assert facts["dataset"] == network.dataset.kind
    assert facts["prune_fraction"] == network.prune.fraction
    assert facts.get("precision", "float64") == (recipe.measure.precision or "float64")
    assert set(found.snapshots) == set(recipe.measure.at_steps or ())
    assert {"torch", "numpy", "scipy", "scikit-learn"} <= set(facts["versions"])
    if recipe.measure.n_samples is not None:
        assert found.values["n_samples"].value == recipe.measure.n_samples
    assert stem in model_path(stem).read_text()
    command = f"    qres measure {stem} -o {stem}.json\n"
    assert command in (FOLDER / "METHOD.md").read_text()


@every_file
def test_parameters_are_those_counted_by_hand(name) -> None:
    network, state = parts(name)
    values = read(name).values
    count = COUNTS[network]
    assert values["n_params"].value == count
    pruned = round(0.9 * count) if state == "pruned" else 0
    assert values["n_active"].value == count - pruned


@every_file
def test_norms_and_ends_of_the_spectrum_fit_together(name) -> None:
    values = read(name).values
    low, high = float(values["lambda_min"]), float(values["lambda_max"])
    if frobenius := values.get("frobenius_norm"):
        assert float(frobenius.high or frobenius) * (1 + 1e-9) >= math.hypot(*{low, high})
    rate, steps = read(name).details["learning_rate"], read(name).details["n_steps"]
    # the margin is that of the outer ends of both intervals
    ends = values["lambda_min"].low, values["lambda_max"].high
    assert ends[0] <= low <= high <= ends[1]
    worst = max(abs(1 - rate * end) for end in ends)
    assert float(values["contraction_margin"]) == pytest.approx(1 - worst, abs=1e-12)
    norms = read(name).update_norms
    assert len(norms) == steps + 1
    # the first step goes along the gradient
    assert norms[1] == pytest.approx(rate * float(values["grad_norm"]), rel=1e-5)


@every_file
def test_what_decays_and_what_grows_is_told_with_what_decides_it(name) -> None:
    for found in (read(name), *read(name).snapshots.values()):
        facts, edge = found.details, 1 + 1e-9
        for side in ("dissipative", "divergent"):
            curves = [facts[side + end] for end in ("_low", "", "_high")]
            assert {len(curve) for curve in curves} == {facts["n_steps"] + 1}
            for low, value, high in zip(*curves, strict=True):
                assert low <= value * edge
                assert high is None or value <= high * edge
        # both add up to the proxy but for what does neither
        both = [facts[side][-1] for side in ("dissipative", "divergent")]
        assert sum(both) <= facts["proxy"][-1] * edge
        assert 0 <= facts["within_noise"] <= facts["undecided"] * edge + 1e-12
        shares = [float(found.values[f"{side}_share"]) for side in ("neutral", "divergent")]
        assert sum(shares) <= edge


@every_file
def test_eigenvalues_add_up_to_trace_and_frobenius_norm(name) -> None:
    for found in (read(name), *read(name).snapshots.values()):
        eigenvalues = found.details.get("eigenvalues", ())
        assert not eigenvalues or len(eigenvalues) == found.values["n_active"].value
        if eigenvalues:
            trace, frobenius = (float(found.values[key]) for key in ("trace", "frobenius_norm"))
            assert math.fsum(eigenvalues) == pytest.approx(trace, abs=1e-11 * frobenius)
            assert math.hypot(*eigenvalues) == pytest.approx(frobenius, rel=1e-11)
            for key, end in (("lambda_min", min(eigenvalues)), ("lambda_max", max(eigenvalues))):
                quantity, edge = found.values[key], 1e-12 * frobenius
                assert quantity.low - edge <= end <= quantity.high + edge


ENDS_OF_RUNS = {"eps_model", "final_distance", "final_grad_norm", "kink_share", "readout_tolerance"}
"""Fixed by weights and samples: in double precision nothing about them is uncertain."""


@every_file
def test_every_number_that_is_measured_has_an_interval_or_says_why_not(name) -> None:
    found = read(name)
    is_double = "precision" not in found.details
    for item in (found, *found.snapshots.values()):
        for key, quantity in item.values.items():
            assert "bootstrap" not in quantity.method, key
            is_known = None not in (quantity.low, quantity.high)
            said = re.search(r"was not (measured|kept)", quantity.method)
            said = said or (key == "eps_model" and not found.eps_model_curves)  # taken as none
            free = quantity.kind in ("exact", "proven") or (is_double and key in ENDS_OF_RUNS)
            assert is_known or free or said or quantity.bound == "upper", key
            if not is_double and quantity.kind == "exact":
                assert key in COUNTED or "Jacobian" in quantity.method or "share" in key, key


COUNTED = {"n_params", "n_active", "n_samples", "n_outputs", "output_hessian_norm"} | {
    "gradient_noise"
}
"""Exact in any precision of the products: counted, or computed in double."""


@every_file
def test_a_file_answers_its_own_question_from_anywhere(name, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert measure_scenario(load_scenario(name)) == read(name)


@pytest.mark.slow
@every_file
def test_each_file_gives_a_price_or_a_reason(name, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    report = qres.estimate(name)
    if report.failure is None:
        assert report.to_dict()["logical"]["toffoli"]["value"] > 0
    else:
        stage, reason = report.failure
        assert any(f"{stage}: {reason}" in text for _, text in report.warnings)


@pytest.mark.slow
def test_a_recipe_gives_its_file_again(tmp_path) -> None:
    stem = "logistic-breast-cancer-pruned"
    again = measure_scenario(load_scenario(stem), store=Store(tmp_path))
    stored = read(f"{stem}.json")
    if again.details["versions"] == stored.details["versions"]:
        for key in ("lambda_max", "lambda_min", "grad_norm", "frobenius_norm", "t3_unfolding"):
            assert float(again.values[key]) == pytest.approx(float(stored.values[key]), rel=1e-9)
        assert again.update_norms == pytest.approx(stored.update_norms, rel=1e-9)


PUBLISHED = {
    **{0: 0.99883, 2: 0.99764, 5: 0.99692, 6: 0.99691, 10: 0.99719},
    **{18: 0.99928, 19: 0.99979, 20: 1.00040, 24: 1.00353, 28: 1.00727},
}
"""Liu et al., Error bound.svg of their repository: (1/n) sum |1 - a_nu|^t at step t."""


def test_the_fitted_measure_gives_the_published_curve_within_its_residual() -> None:
    facts = read(FITTED).details
    (nodes,), (weights,) = facts["density"]["nodes"], facts["density"]["weights"]
    assert math.fsum(weights) == pytest.approx(1, abs=1e-12)
    assert min(weights) > 0
    curve = {
        step: math.fsum(
            weight * abs(1 - 0.01 * node) ** step
            for node, weight in zip(nodes, weights, strict=True)
        )
        for step in PUBLISHED
    }
    apart = {step: curve[step] - value for step, value in PUBLISHED.items()}
    # a curve of mass one starts at 1; the published one does not
    assert apart.pop(0) == pytest.approx(facts["residual_at_start"], abs=1e-9)
    assert facts["residual_at_start"] == pytest.approx(1 - 0.99883, abs=1e-9)
    assert max(map(abs, apart.values())) == pytest.approx(facts["largest_later_residual"], rel=1e-3)
    assert facts["largest_later_residual"] < 2e-4
    # falls at first, is lowest at t = 5..7, above 1 at t = 20
    assert min(curve, key=curve.get) in (5, 6)
    assert curve[19] < 1 < curve[20]
    assert facts["kind"] == "fitted"
    assert "from a figure" in facts["title"]


def test_a_fit_is_no_measurement_to_price() -> None:
    with pytest.raises(qres.InputError, match="no training steps were measured"):
        qres.load(FITTED)
