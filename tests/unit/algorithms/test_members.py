"""How members are found, what is left open, and what an algorithm refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy

from qres.algorithms.base import Choice, algorithm
from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings.base import encoding, encodings
from qres.algorithms.lift import check_growth, linear_reference
from qres.algorithms.solvers.base import solver, solvers
from qres.errors import HypothesisError, InfeasibleError, InputError
from qres.measurement.given import take_given
from qres.notation.named import lookup_block, uncompute_block
from qres.notation.quantity import Quantity
from qres.staircase import load

TRAINING = {
    "n_params": 1000,
    "n_active": 100,
    "max_entry": 2.0,
    "lambda_max": {"value": 10, "low": 9, "high": 11},
    "lambda_min": {"value": -0.5, "low": -0.6, "high": -0.4},
    "grad_norm": 1.5,
    "n_samples": 50,
}
MATRIX = {"dim": 30, "frobenius_norm": 9.0, "smallest_singular_value": 0.2}
DESCENT = {"name": "carleman-gd", "n_steps": 20, "learning_rate": 0.05}


def ask(given, keys):
    scenario = load({"model": {"given": given}, "algorithm": keys})
    return scenario, take_given(scenario.model, scenario.algorithm), algorithm(keys["name"])


def test_members_are_found_by_name():
    assert {"sparse", "frobenius"} <= set(encodings())
    assert "shortcut" in solvers()
    assert all(member.name == name for name, member in solvers().items())
    with pytest.raises(InputError, match=r"unknown encoding 'spars'.*'sparse'"):
        encoding("spars")
    with pytest.raises(InputError, match=r"unknown solver 'shortcat'.*'shortcut'"):
        solver("shortcat")


@pytest.mark.parametrize("more", [{}, {"frobenius_norm": 20.0}])
def test_an_encoding_is_open_where_its_numbers_are_known(more):
    scenario, measurement, module = ask(TRAINING | more, DESCENT)
    found = module.candidates(scenario.algorithm, measurement, scenario.error)
    known = {name for name, item in encodings().items() if {*item.needs} <= {*measurement.values}}
    assert {choice.encoding for choice in found} == known
    assert ("frobenius" in known) == bool(more)
    assert {choice.padding for choice in found} == {0, 4, 20}


def test_typed_settings_are_the_only_choice():
    scenario, measurement, module = ask(TRAINING, DESCENT | {"padding": 7, "encoding": "sparse"})
    found = module.candidates(scenario.algorithm, measurement, scenario.error)
    assert {(choice.padding, choice.encoding) for choice in found} == {(7, "sparse")}


@pytest.mark.parametrize(
    ("given", "keys"), [(TRAINING, DESCENT), (MATRIX, {"name": "linear-system"})]
)
def test_a_typed_encoding_needs_its_numbers(given, keys):
    missing = {"max_entry": "frobenius", "frobenius_norm": "sparse"}
    name = next(wanted for key, wanted in missing.items() if key in given)
    scenario, measurement, module = ask(given, keys | {"encoding": name})
    with pytest.raises(InputError, match=f"algorithm.encoding: {name} needs"):
        module.candidates(scenario.algorithm, measurement, scenario.error)


def build(given, keys, **changes):
    scenario, measurement, module = ask(given, keys)
    measurement = replace(measurement, **changes)
    choice = module.candidates(scenario.algorithm, measurement, scenario.error)[0]
    return module.build(scenario.algorithm, measurement, scenario.error, choice)


def test_the_outer_ends_of_the_spectrum_are_used():
    numbers = build(TRAINING, DESCENT).values
    assert (numbers["lambda_max"].value, numbers["lambda_min"].value) == (11, -0.6)
    assert numbers["lambda_max"].kind == "given"


def test_the_lower_end_of_the_smallest_singular_value_is_used():
    interval = {"value": 0.2, "low": 0.1, "high": 0.3}
    job = build(MATRIX | {"smallest_singular_value": interval}, {"name": "linear-system"})
    assert job.values["smallest_singular_value"].value == 0.1


def test_a_singular_matrix_is_infeasible():
    with pytest.raises(InfeasibleError, match="nothing bounds kappa"):
        build(MATRIX | {"smallest_singular_value": 0}, {"name": "linear-system"})


def test_weights_that_do_not_move_are_infeasible():
    with pytest.raises(InfeasibleError, match="the weights do not move"):
        build(TRAINING, DESCENT, update_norms=(0.0,) * 21, path_norms={})


def test_a_path_of_another_length_is_refused():
    with pytest.raises(InputError, match=r"expected n_steps \+ 1 = 21 numbers, found 3"):
        build(TRAINING, DESCENT, update_norms=(0.0, 1.0, 2.0), path_norms={})


def test_growth_beyond_any_number_is_a_violated_hypothesis():
    check_growth(1.1, 1000)
    with pytest.raises(HypothesisError) as refused:
        check_growth(10.0, 400)
    assert (refused.value.value, refused.value.bound) == ("10^400", "< 1e308")
    assert "smaller learning_rate" in refused.value.advice


def test_an_unknown_model_error_is_assumed_to_be_nothing():
    scenario, measurement, module = ask(TRAINING, DESCENT)
    values = {k: v for k, v in measurement.values.items() if k != "eps_model"}
    bare = replace(measurement, values=values, warnings=())
    choice = Choice(encoding="sparse", solver="shortcut", mode="coherent")
    job = module.build(scenario.algorithm, bare, scenario.error, choice)
    assert [share.kind for share in job.shares if share.name == "eps_model"] == ["assumed"]
    assert any("eps_model taken as 0" in item.text for item in job.assumptions)


@pytest.mark.parametrize(("model", "is_warned"), [(0.04, False), (0.06, True)])
def test_a_model_error_beyond_half_is_warned_about(model, is_warned):
    job = build(TRAINING | {"eps_model": model}, DESCENT)
    assert ("W-MODEL" in {code for code, _ in job.warnings}) == is_warned


def test_the_reference_of_the_inverse_is_that_of_a_dense_matrix():
    # growth 1 - eta lambda = 0.5 and -2: two steps, one idle row
    dense = [[1, 0, 0, 0], [2, 1, 0, 0], [0, 2, 1, 0], [0, 0, -1, 1]]
    worst = 1 / min(sympy.Matrix(dense).evalf().singular_values(), key=float)
    assert linear_reference((0.5, -2.0), 2, 1) == pytest.approx(float(worst), rel=1e-9)


def test_counts_are_renamed_and_completed():
    job = build({"logical_qubits": 9, "t": 5, "rotations": 2}, {"name": "counts"})
    numbers = {name: quantity.value for name, quantity in job.values.items()}
    assert (numbers["given_t"], numbers["given_rotations"], numbers["toffoli"]) == (5, 2, 0)
    assert job.failures == ("fail_synthesis", "fail_logical")
    plain = build({"logical_qubits": 9, "t": 5}, {"name": "counts"})
    assert [stage.name for stage in plain.stages] == ["given counts"]
    assert plain.failures == ("fail_logical",)


@pytest.mark.parametrize("given", [{"t": 5}, {"logical_qubits": 9}, {"logical_qubits": 9, "t": 0}])
def test_counts_that_are_nothing_are_refused(given):
    with pytest.raises(InputError, match=r"model\.given"):
        build(given, {"name": "counts"})


def test_blocks_are_searched_or_named():
    numbers = Blocks({"dim": 100, "block_limit": 63})
    assert numbers.lookup("rows", 10**6, 8) == lookup_block(10**6, 8, 0)
    assert numbers.uncompute("rows_un", 10**6) == uncompute_block(10**6, 0)
    assert numbers.exponents == {"rows": lookup_block(10**6, 8, 0), "rows_un": 10}
    plain = Blocks({"dim": 100, "block_limit": 0})
    assert plain.lookup("rows", 10**6, 8) == 0
    symbolic = Blocks({"dim": sympy.Symbol("dim"), "block_limit": 63})
    assert str(symbolic.lookup("rows", 10**6, 8)) == "k_rows"
    assert symbolic.exponents["rows"].is_integer


def test_an_unknown_quantity_is_not_priced():
    with pytest.raises(ValueError, match="unknown quantity"):
        float(Quantity(value=None))
