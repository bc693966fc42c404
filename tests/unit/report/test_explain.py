"""What explains a number: the numbers in the text give it back, and name their file and paper."""

from __future__ import annotations

import json
import re

import pytest

import qres
from qres.errors import InputError
from qres.report.origins import Origin, origin, place

GIVEN = {"dim": 64, "frobenius_norm": 9.0, "smallest_singular_value": 0.2}
SYSTEM = {
    "schema": "qres-model/1",
    "name": "small",
    "model": {"given": {**GIVEN, "frobenius_norm": {"value": 9.0, "source": "a guess"}}},
    "algorithm": {"name": "linear-system"},
}


@pytest.fixture(scope="module")
def report():
    return qres.estimate(SYSTEM)


@pytest.fixture(scope="module")
def poisson():
    return qres.estimate("poisson-2d")


def value(text: str, name: str) -> float:
    """The number that a tree prints for a name."""
    found = re.search(rf"^ *{re.escape(name)} = (-?[\d.,]+(?:e-?\d+)?)", text, re.MULTILINE)
    assert found, name
    return float(found[1].replace(",", ""))


def test_a_symbol_down_to_what_was_given(report):
    """kappa_eff = alpha / sigma_min = 9/0.2 = 45, alpha the Frobenius norm."""
    text = report.explain("kappa_eff")
    assert text.splitlines()[0].startswith("kappa_eff = 45 [exact from given]")
    assert value(text, "alpha") == 9
    assert value(text, "inverse_norm") == 5
    assert "= alpha*inverse_norm" in text
    assert "given: model.given.frobenius_norm: a guess" in " ".join(text.split())
    assert "given: model.given.smallest_singular_value" in text
    assert text.splitlines()[-1].startswith("  derived: ")


def test_measured_values_name_their_file(poisson):
    text = " ".join(poisson.explain("kappa_eff").split())
    assert "measured on this model (poisson-2d.mtx, poisson-2d-rhs.npy): " in text
    assert "dense singular value decomposition" in text
    assert place(poisson) == "poisson-2d.mtx, poisson-2d-rhs.npy"


DESCENT = {
    **SYSTEM,
    "model": {
        "given": {
            **{"n_params": 100, "n_active": 100, "n_samples": 10, "frobenius_norm": 2.0},
            **{"lambda_max": 1.0, "lambda_min": 0.0, "grad_norm": 0.5},
        }
    },
    "algorithm": {"name": "carleman-gd", "n_steps": 4, "learning_rate": 0.1},
}


@pytest.mark.parametrize(
    ("norms", "group", "words"),
    [
        ([], "chosen", "update_norms were not given: assumed to grow by learning_rate grad_norm"),
        ([0.0, 0.05, 0.1, 0.14, 0.18], "given", "model.given.update_norms: "),
    ],
)
def test_what_follows_from_the_update_norms_names_them(norms, group, words):
    given = DESCENT["model"]["given"] | ({"update_norms": norms} if norms else {})
    report = qres.estimate(DESCENT | {"model": {"given": given}})
    for name in ("update_norm", "path_energy"):
        found = origin(report, name)
        assert (found.group, found.text.startswith(words)) == (group, True), found


def test_each_source_is_that_of_the_number(poisson):
    """One run is not the expected count of Eq. (48), and its flag is derived, not the paper's.

    The reflections between the runs are those of the fixed-point sequence.
    """
    parts, stages = dict(poisson.job.definitions), {s.name: s for s in poisson.job.stages}
    run = "derived: one kernel reflection, guesses of the norm in superposition"
    assert str(parts["matrix_queries"].source) == run
    assert str(parts["flag_prob"].source).startswith("derived: mean amplitude of the guesses")
    reflections = stages["amplification reflections"].source
    assert reflections == parts["rounds"].source
    assert "Yoder" in str(reflections)


def test_a_total_is_the_sum_of_what_is_printed(poisson):
    text = poisson.explain("logical.toffoli")
    parts = text.split("calls times price:\n")[1].split("\n  with\n")[0]
    sizes = [float(x.replace(",", "")) for x in re.findall(r": ([\d.,e]+)$", parts, re.MULTILINE)]
    assert sum(sizes) == pytest.approx(value(text, "logical.toffoli"), rel=0.01)
    assert "Dalzell (2024), arXiv:2406.12086v2, Eq. (48)" in text
    assert "Ross and Selinger" not in text  # synthesis has no Toffoli gate
    assert "Ross and Selinger" in poisson.explain("logical.t")


@pytest.mark.parametrize("key", ["runtime_s", "physical_qubits"])
def test_a_machine_gives_back_its_numbers(poisson, key):
    name = f"{poisson.machines[poisson.verdict.machine].name}.{key}"
    text = poisson.explain(name)
    assert poisson.explain(f"physical.{key}") == text
    if key == "runtime_s":
        back = value(text, "n_cycles") * value(text, "cycle_time_s")
    else:
        back = value(text, "data_qubits") + value(text, "factory_qubits")
    assert back == pytest.approx(value(text, name), rel=0.01)
    assert "arXiv:1812.01238" in text


def test_cycles_that_wait_for_reactions(poisson):
    text = poisson.explain("physical.runtime_s")
    assert "limited by reaction" in text
    cycles = value(text, "layers") * value(text, "reaction_time_s") / value(text, "cycle_time_s")
    assert cycles == pytest.approx(value(text, "n_cycles"), rel=0.01)


def test_the_verdict_is_the_quotient_of_its_times(poisson):
    text = poisson.explain("verdict.ratio")
    back = (value(text, "machine") + value(text, "side")) / value(text, "device")
    assert back == pytest.approx(value(text, "verdict.ratio"), rel=0.01)
    assert value(text, "side") == pytest.approx(float(poisson.priced.side_s), rel=1e-3)
    device = poisson.explain("classical.runtime_s")
    assert value(device, "classical.runtime_s") == pytest.approx(value(text, "device"), rel=1e-3)
    assert "data sheet" in device
    joule = poisson.explain("classical.energy_j")
    back = value(joule, "power") * value(joule, "runtime_s")
    assert back == pytest.approx(value(joule, "classical.energy_j"), rel=0.01)


def test_an_infeasible_machine_says_why(poisson):
    cost = next(cost for cost in poisson.priced.machines if not cost.is_feasible)
    assert f"infeasible: {cost.reason}" in " ".join(
        poisson.explain(f"{cost.hardware}.runtime_s").split()
    )


def test_an_unknown_number_names_the_nearest(poisson):
    with pytest.raises(InputError, match=r"no number called 'kapa_eff'; did you mean 'kappa_eff'"):
        poisson.explain("kapa_eff")


def test_origins_by_hand(report, poisson):
    assert origin(report, "dim").text == "model.given.dim"
    assert origin(report, "success_prob").group == "chosen"
    assert origin(report, "share_solver").group == "budget"
    assert origin(report, "kappa_eff").group == "derived"
    assert origin(poisson, "dim").group == "measured"


def test_keys_of_the_file_and_defaults_are_named():
    given = {"n_params": 100, "n_active": 10, "n_samples": 5, "lambda_max": 2, "lambda_min": -0.1}
    given |= {"grad_norm": 0.5, "eps_model": 0.001, "frobenius_norm": 3, "max_entry": 1}
    descent = {"name": "carleman-gd", "n_steps": 4, "learning_rate": 0.1, "padding": 3}
    report = qres.estimate({"model": {"given": given}, "algorithm": descent})
    assert origin(report, "n_steps") == Origin("given", "algorithm.n_steps")
    assert origin(report, "padding").text == "algorithm.padding"
    assert origin(report, "segment_steps").group == "chosen"


def test_a_stored_measurement_is_named(poisson, tmp_path):
    file = tmp_path / "stored.json"
    file.write_text(json.dumps(poisson.measurement.to_dict()))
    model = {"measurement": str(file)}
    again = qres.estimate({"model": model, "algorithm": {"name": "linear-system"}})
    assert place(again).startswith("stored.json")
    assert str(tmp_path) not in again.sources_text()
