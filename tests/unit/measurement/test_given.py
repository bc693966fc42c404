"""Typed numbers: what is missing, what is assumed, what is refused."""

import pytest

from qres.config.load import load_scenario
from qres.config.record import Counts, GivenModel
from qres.errors import InputError
from qres.measurement.given import take_given
from qres.notation.quantity import Quantity

NETWORK = {
    "n_params": 1000,
    "n_active": 100,
    "lambda_max": 1.0,
    "lambda_min": -0.1,
    "grad_norm": 2.0,
    "n_samples": 50,
    "max_entry": 0.5,
}
SYSTEM = {"dim": 64, "smallest_singular_value": 0.1, "max_entry": 1.0}


def _given(values, update_norms=()):
    quantities = {name: Quantity(value=value, kind="given") for name, value in values.items()}
    return GivenModel(values=quantities, update_norms=update_norms)


def test_assumptions_of_training_are_said_aloud(make):
    found = take_given(_given(NETWORK), make.algorithm(n_steps=50, learning_rate=0.1))
    assert found.subject == "given"
    assert (found.values["sparsity"].value, found.values["sparsity"].kind) == (100, "assumed")
    assert (found.values["eps_model"].value, found.values["eps_model"].kind) == (0, "assumed")
    assert [code for code, _ in found.warnings] == ["W-MODEL", "W-LOWER"]
    assert len(found.update_norms) == 51
    assert found.update_norms[50] == pytest.approx(50 * 0.1 * 2.0)
    assert float(found.values["growth_sum"]) == pytest.approx(66.107814, rel=1e-7)
    assert found.values["growth_sum"].kind == "given"
    assert found.values["n_params"].kind == "given"


def test_the_straight_line_is_capped_where_descent_contracts(make):
    """g = max(|1 - 0.1 * 5|, |1 - 0.1 * 2|) = 0.8; the sums are 0, 1, 1.8, 2.44; a step is 0.2."""
    values = NETWORK | {"lambda_min": 2.0, "lambda_max": 5.0}
    found = take_given(_given(values), make.algorithm(n_steps=3, learning_rate=0.1))
    assert found.update_norms == pytest.approx((0, 0.2, 0.36, 0.488))
    code, text = found.warnings[-1]
    assert code == "W-LOWER"
    assert "capped" in text
    assert "0.8" in text
    long = take_given(_given(values), make.algorithm(n_steps=400, learning_rate=0.1))
    assert long.update_norms[-1] == pytest.approx(0.2 / (1 - 0.8))


def test_the_cap_takes_the_outer_ends(make):
    """lambda in [1, 2] +- 1: g = |1 - 0.1 * 0| = 1, so the whole line is possible."""
    model = _given(NETWORK)
    values = dict(model.values) | {
        "lambda_min": Quantity(value=1.0, low=0.0, high=1.0, kind="given"),
        "lambda_max": Quantity(value=2.0, low=2.0, high=3.0, kind="given"),
    }
    found = take_given(GivenModel(values=values), make.algorithm(n_steps=3, learning_rate=0.1))
    assert found.update_norms == pytest.approx((0, 0.2, 0.4, 0.6))
    assert "capped" not in found.warnings[-1][1]


@pytest.mark.parametrize(("bottom", "growth"), [(-0.1, 1.01), (0.0, 1.0), (2.0, 0.9)])
def test_what_is_assumed_is_possible(make, bottom, growth):
    """A descent all along the eigenvector that contracts least goes exactly as far as the cap."""
    values = NETWORK | {"lambda_min": bottom, "lambda_max": max(1.0, bottom)}
    algorithm = make.algorithm(n_steps=30, learning_rate=0.05 if bottom == 2 else 0.1)
    norms = take_given(_given(values), algorithm).update_norms
    position, rate = 0.0, algorithm.learning_rate
    for norm in norms:
        assert norm <= position * (1 + 1e-12)
        position += rate * (2.0 + (growth - 1) / rate * position)
    if growth < 1:
        assert norms[-1] == pytest.approx(rate * 2.0 * (1 - growth**30) / (1 - growth))


def test_given_numbers_are_kept(make):
    values = NETWORK | {"sparsity": 7, "eps_model": 0.01}
    found = take_given(_given(values, (0.0, 0.2, 0.3)), make.algorithm(n_steps=2))
    assert found.values["sparsity"].value == 7
    assert found.update_norms == (0.0, 0.2, 0.3)
    assert found.warnings == ()


def test_system(make):
    found = take_given(_given(SYSTEM), make.system())
    assert (found.values["sparsity"].value, found.values["sparsity"].kind) == (64, "assumed")
    overlap = found.values["solution_overlap"]
    assert (overlap.value, overlap.kind) == (1, "assumed")


def test_counts_pass_through():
    found = take_given(_given({"toffoli": 10**25}), Counts(name="counts"))
    assert found.values["toffoli"].value == 10**25


def test_all_missing_numbers_are_named_at_once(make):
    with pytest.raises(InputError) as caught:
        take_given(_given({"n_params": 10, "lambda_min": 0.0}), make.algorithm())
    for name in ("n_active", "lambda_max", "grad_norm", "n_samples", "max_entry"):
        assert name in str(caught.value)
    assert "n_params" not in str(caught.value)
    with pytest.raises(InputError, match="dim, smallest_singular_value, max_entry"):
        take_given(_given({}), make.system())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_active": 2000}, "must not exceed n_params"),
        ({"lambda_min": 2.0}, "must not exceed lambda_max"),
        ({"sparsity": 101}, "must not exceed n_active"),
        ({"max_entry": 0}, "must be positive"),
        ({"grad_norm": -1.0}, "must not be negative"),
        ({"max_entry": float("inf")}, "finite"),
        ({"n_samples": 2.5}, "whole number"),
        ({"n_params": 10**400}, "finite"),
    ],
)
def test_numbers_out_of_range(make, change, message):
    with pytest.raises(InputError, match=message):
        take_given(_given(NETWORK | change), make.algorithm())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"solution_overlap": 1.5}, r"\(0, 1\]"),
        ({"solution_overlap": 0}, "positive"),
        ({"norm": 0.01}, "must not exceed norm"),
        ({"sparsity": 65}, "must not exceed dim"),
        ({"sparsity": 5, "row_sparsity": 6, "column_sparsity": 2}, "must not exceed sparsity"),
        ({"row_sparsity": 2, "column_sparsity": 2.5}, "whole number"),
    ],
)
def test_system_out_of_range(make, change, message):
    with pytest.raises(InputError, match=message):
        take_given(_given(SYSTEM | change), make.system())


@pytest.mark.parametrize(
    ("norms", "message"),
    [
        ((0.0, 1.0), "has 2 values, algorithm.n_steps 2 needs 3"),
        ((0.0, 1.0, float("nan")), "finite"),
        ((0.0, 1.0, 0.0), "goes nowhere"),
    ],
)
def test_update_norms_that_do_not_serve(make, norms, message):
    with pytest.raises(InputError, match=message):
        take_given(_given(NETWORK, norms), make.algorithm(n_steps=2))


def test_norms_of_tensors_are_completed_by_theorems(make):
    """n_active = 100: unfolding <= 10 injective, Frobenius <= 10 unfolding."""
    found = take_given(_given(NETWORK | {"t3_injective": 2.0}), make.algorithm()).values
    assert [found[name].value for name in ("t3_unfolding", "t3_frobenius")] == [20.0, 200.0]
    assert found["t3_max_entry"].value == 2.0
    assert {found[name].bound for name in ("t3_unfolding", "t3_frobenius")} == {"upper"}
    assert found["t3_injective"].bound == "two-sided"
    assert (found["t3_sparsity"].value, found["t3_sparsity"].kind) == (10_000, "assumed")
    found = take_given(_given(NETWORK | {"t3_frobenius": 2.0}), make.algorithm()).values
    assert [found[f"t3_{name}"].value for name in ("injective", "unfolding")] == [2.0, 2.0]
    both = NETWORK | {"t3_frobenius": 9.0, "t3_injective": 2.0, "t3_sparsity": 7}
    found = take_given(_given(both), make.algorithm()).values
    assert found["t3_unfolding"].value == 9.0
    assert found["t3_sparsity"].value == 7
    found = take_given(_given(NETWORK | {"t4_injective": 2.0}), make.algorithm()).values
    assert found["t4_frobenius"].value == pytest.approx(2000.0)
    assert "t3_injective" not in found
    assert not any(
        name.startswith("t3") for name in take_given(_given(NETWORK), make.algorithm()).values
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"t3_injective": 3.0, "t3_unfolding": 2.0}, "must not exceed t3_unfolding"),
        ({"t3_unfolding": 3.0, "t3_frobenius": 2.0}, "must not exceed t3_frobenius"),
        ({"t4_injective": 3.0, "t4_frobenius": 2.0}, "must not exceed t4_frobenius"),
        ({"t3_max_entry": 3.0, "t3_frobenius": 2.0}, "must not exceed t3_frobenius"),
        ({"n_outputs": 2.5}, "whole number"),
        ({"t3_sparsity": 2.5}, "whole number"),
        ({"jacobian_frobenius": -1.0}, "must not be negative"),
    ],
)
def test_norms_of_tensors_out_of_range(make, change, message):
    with pytest.raises(InputError, match=message):
        take_given(_given(NETWORK | change), make.algorithm())


TYPED = {
    "t3_injective": 1.0,
    "t3_unfolding": 2,
    "t3_frobenius": {"value": 3, "low": 2.5, "high": 4},
    "t3_max_entry": 1,
    "t3_sparsity": 100,
    "t4_injective": 1,
    "t4_frobenius": 2,
    "n_outputs": 10,
    "jacobian_frobenius": 4,
    "output_hessian_norm": 0.25,
    "gram_dropped_norm": 0.1,
}


def _load(**given):
    return load_scenario(
        {
            "schema": "qres-model/1",
            "name": "typed",
            "model": {"given": NETWORK | given},
            "algorithm": {"name": "carleman-gd", "n_steps": 3, "learning_rate": 0.1},
        }
    )


def test_the_keys_of_a_model_file_arrive():
    scenario = _load(**TYPED)
    found = take_given(scenario.model, scenario.algorithm).values
    for name, value in TYPED.items():
        expected = value["value"] if isinstance(value, dict) else value
        assert (found[name].value, found[name].kind) == (expected, "given")
    assert (found["t3_frobenius"].low, found["t3_frobenius"].high) == (2.5, 4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"t3_injective": 3, "t3_unfolding": 2}, r"t3_injective: expected at most t3_unfolding"),
        ({"t3_unfolding": 3, "t3_frobenius": 2}, r"t3_unfolding: expected at most t3_frobenius"),
        ({"t4_injective": 3, "t4_frobenius": 2}, r"t4_injective: expected at most t4_frobenius"),
        ({"n_outputs": 1.5}, "n_outputs: expected a whole number"),
        ({"t3_sparsity": 0.5}, "t3_sparsity: expected a whole number"),
        ({"gram_dropped_norm": 0}, "gram_dropped_norm: expected a number > 0"),
    ],
)
def test_keys_of_a_model_file_that_cannot_be(given, message):
    with pytest.raises(InputError, match=message) as caught:
        _load(**given)
    assert "\n" not in str(caught.value)
