"""Structured encodings and memories in whole jobs: circuit and formula, layers, refusals."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from qres.algorithms.access.qrom import BLOCK_LIMITS
from qres.algorithms.base import algorithm
from qres.algorithms.encodings.base import encoding, usable_encodings
from qres.algorithms.record import Unit
from qres.errors import InputError
from qres.explore.budget import even_split
from qres.logical.circuit import compare
from qres.logical.formulas import count_stages, total
from qres.logical.record import LogicalCost
from qres.measurement.given import take_given
from qres.notation.quantity import Quantity
from qres.physical.estimate import estimate_machine
from qres.physical.machines import load_machine
from qres.staircase import formula, load, measure

MATRIX = {"dim": 256, "sparsity": 5, "max_entry": 4.0, "smallest_singular_value": 0.07}
SIDES = {"row_sparsity": 3, "column_sparsity": 5}
BANDED = {"n_diagonals": 5, "diagonal_sum": 8.0, "shift_bits": 12, "n_cuts": 2}
TRAINING = {
    "n_params": 90,
    "n_active": 30,
    "max_entry": 2.0,
    "frobenius_norm": 12.0,
    "lambda_max": 10.0,
    "lambda_min": -0.5,
    "grad_norm": 1.5,
    "n_samples": 7,
    "eps_model": 0.01,
}
GRAM = {
    "n_outputs": 3,
    "jacobian_frobenius": 9.0,
    "output_hessian_norm": 0.4,
    "gram_dropped_norm": 0.05,
}
QUESTIONS = {
    "computed": ({"name": "linear-system"}, MATRIX, BANDED),
    "gram": ({"name": "carleman-gd", "n_steps": 9, "learning_rate": 0.05}, TRAINING, GRAM),
    "sparse": ({"name": "linear-system"}, MATRIX, {}),
    "sparse-rectangular": ({"name": "linear-system"}, MATRIX | SIDES, {}),
}


def ask(name, access="qroam", kind="state"):
    """Return the job of an encoding with every value filled in."""
    keys, given, more = QUESTIONS[name]
    readout = {"kind": "state"} if kind == "state" else {"kind": "tomography", "access": kind}
    keys = keys | {"data_access": access, "readout": readout}
    scenario = load({"model": {"given": given}, "algorithm": keys})
    measurement = take_given(scenario.model, scenario.algorithm)
    known = {key: Quantity(value=value) for key, value in more.items()}
    measurement = replace(measurement, values={**measurement.values, **known})
    module = algorithm(scenario.algorithm.name)
    choices = module.candidates(scenario.algorithm, measurement, scenario.error)
    choice = next(item for item in choices if item.encoding == name)
    job = module.build(scenario.algorithm, measurement, scenario.error, choice)
    split = even_split(job, total=scenario.error.total, fail_prob=scenario.error.fail_prob)
    return job.with_budget(split)


def price(job, **overrides):
    numbers = job.evaluate(overrides)
    return total(count_stages(job, numbers), numbers)


@pytest.mark.parametrize("name", ["computed", "gram", "sparse", "sparse-rectangular"])
@pytest.mark.parametrize("access", list(BLOCK_LIMITS))
def test_the_formula_counts_the_circuit(name, access):
    for kind in ("state", "sampling") if access == "qroam" else ("sampling",):
        job = ask(name, access, kind)
        found = compare(job, price(job), job.evaluate()["synthesis_t"])
        assert found.status == "exact"


@pytest.mark.parametrize("name", ["computed", "gram", "sparse-rectangular"])
def test_a_job_of_one_dimension(name):
    job = ask(name, kind="sampling")
    one = {"n_active": 1, "n_samples": 1, "n_outputs": 1} if name == "gram" else {"dim": 1}
    values = {key: replace(job.values[key], value=value) for key, value in one.items()}
    job = replace(job, values={**job.values, **values})
    assert compare(job, price(job), job.evaluate()["synthesis_t"]).status == "exact"


@pytest.mark.parametrize("name", ["computed", "gram", "sparse-rectangular"])
def test_the_query_of_the_job_is_the_formula(name):
    job = ask(name)
    numbers = job.evaluate()
    named = formula(f"encoding.{name}.toffoli")
    inputs = {key: numbers[key] for key in named.inputs if key in numbers} | {"controls": 1}
    # the solver has a control of its own; a history takes 2 gates for each qubit of the time and it
    time = 2 * (numbers["time_bits"] + 1) if name == "gram" else 0
    assert numbers["query_toffoli"] == named(**inputs) + time


def test_gram_by_hand():
    # 21 rows of 30 columns, 9 bits, plain QROM; rows by level: 21, 42, 84, 168, 336 entries,
    # each M - 2 and, by pairs, ceil(M/2) - 2, 5 additions of 8; norms: 4, 8, 16 entries alike, none
    # for 1 and 2, 5 additions of 8; both twice; eigenvalues 19 + 9 + 8; projection 4
    rows = (21 + 42 + 84 + 168 + 336) + (11 + 21 + 42 + 84 + 168) - 5 * 4 + 5 * 8
    norms = (4 + 8 + 16) + (2 + 4 + 8) - 3 * 4 + 5 * 8
    found = formula("encoding.gram.toffoli")(
        gram_rows=21, sample_bits=5, index_bits=5, matrix_bits=9, block_limit=0
    )
    assert found == 2 * (rows + norms) + 19 + 9 + 8 + 4
    numbers = ask("gram").evaluate()
    assert (numbers["gram_rows"], numbers["sample_bits"]) == (21, 5)
    assert numbers["alpha_matrix"] == pytest.approx(81 * 0.4 / 7)


def test_the_shipped_grid_is_recognised_and_solved_by_shifts():
    scenario = load("poisson-2d")
    measurement = measure(scenario)
    found = {name: measurement.values[name].value for name in BANDED}
    assert found == BANDED  # 16 x 16 grid: 4 + 4 * 1; additions of 4 and of 8 qubits
    assert {measurement.values[name].kind for name in BANDED} == {"exact"}
    assert measurement.details["diagonals"] == "constant"
    module = algorithm("linear-system")
    choices = module.candidates(scenario.algorithm, measurement, scenario.error)
    assert "computed" in {choice.encoding for choice in choices}


def test_networks_are_told_why_nothing_is_computed():
    known = dict.fromkeys(TRAINING, Quantity(value=1))
    with pytest.raises(InputError, match=r"computed needs n_diagonals.*for a network nobody has"):
        usable_encodings("computed", known)
    with pytest.raises(InputError, match=r"gram needs n_outputs.*whose Jacobian"):
        usable_encodings("gram", known)
    assert "computed" not in usable_encodings("auto", known)
    assert encoding("gram").is_norm_access


def test_sparse_is_open_by_rows_and_columns_where_they_are_counted():
    """Without them, as for a symmetric pattern, it is the circuit that it was."""
    needs = ("dim", "sparsity", "max_entry")
    assert usable_encodings("sparse", needs) == ["sparse"]
    assert usable_encodings("sparse", (*needs, *SIDES)) == ["sparse", "sparse-rectangular"]
    assert usable_encodings("sparse-rectangular", (*needs, *SIDES)) == ["sparse-rectangular"]
    with pytest.raises(
        InputError, match="sparse-rectangular needs column_sparsity, row_sparsity; rows"
    ):
        usable_encodings("sparse-rectangular", needs)
    with pytest.raises(InputError, match=r"sparse needs sparsity, max_entry$"):
        usable_encodings("sparse", ("dim",))


# ------------------------------------------------------------------ layers


@pytest.mark.parametrize("access", ["qrom", "qroam", "qram-free"])
def test_a_line_of_gates_has_no_depth_of_its_own(access):
    cost = price(ask("sparse", access))
    assert cost.depth is None
    assert cost.layers == cost.toffoli + cost.t


def test_layers_of_a_sparse_query_by_hand():
    """256 rows of 8 slots: tables of 2048 cells, 11 levels; angles of b bits, targets of 8 + 3."""
    job = ask("sparse", "qram")
    numbers = job.evaluate()
    stages = {stage.name: stage for stage in count_stages(job, numbers)}
    queries, bits = stages["matrix queries"], numbers["matrix_bits"]
    value = (7 * 11 + 2 * bits - 6) + (6 * 11 - 4) + bits - 1
    involution = (7 * 11 + 2 * 11 - 6) + (6 * 11 - 4)
    assert queries.depth == queries.calls * (value + involution)
    # four passes of 2048 cells under the control of the solver: 2 * 2048 - 3 - 11 + 1
    assert queries.toffoli == queries.calls * (4 * 4083 + bits - 1)
    reflections = stages["solver reflections"]
    assert reflections.depth == reflections.toffoli
    assert stages["rotation synthesis"].depth == stages["rotation synthesis"].t


def test_depth_is_the_sum_of_the_stages_and_below_the_gates():
    job = ask("sparse", "qram", "sampling")
    cost, numbers = price(job), job.evaluate()
    stages = [stage for stage in count_stages(job, numbers) if not stage.is_classical]
    assert isinstance(cost.depth, int)
    assert cost.depth == sum(stage.depth for stage in stages) < (cost.toffoli + cost.t) / 5


def test_depth_of_arrays_is_that_of_scalars():
    job = ask("sparse", "qram", "sampling")
    for size, limit in itertools.product((2, 3, 100, 10**6), BLOCK_LIMITS.values()):
        alone = price(job, dim=size, block_limit=limit)
        both = price(job, dim=np.array([size] * 2, float), block_limit=np.array([limit, -1.0]))
        first = np.broadcast_to(both.layers, 2)[0]
        assert first == pytest.approx(float(alone.layers), rel=1e-9)


def test_a_cheaper_query_is_no_deeper_than_its_gates():
    job = ask("sparse", "qram")
    numbers = job.evaluate({"query_toffoli": 7})
    queries = count_stages(job, numbers)[0]
    assert queries.depth == queries.toffoli == 7 * queries.calls


def test_a_stage_may_state_its_depth():
    job = ask("sparse", "qroam")
    first = job.stages[0]
    assert isinstance(first.unit, Unit)
    stated = replace(
        job, stages=(replace(first, unit=replace(first.unit, depth=3)), *job.stages[1:])
    )
    before, after = price(job), price(stated)
    calls = count_stages(job, job.evaluate())[0]
    assert after.depth == before.layers - calls.toffoli + 3 * calls.calls
    assert after.toffoli == before.toffoli


def test_reaction_waits_for_layers_not_for_gates():
    machine = replace(load_machine("superconducting-1e-3"), max_factories=10**6)
    counts = {"toffoli": 10**9, "t": 0, "rotations": 0, "logical_qubits": 50, "fail_prob": 0.01}
    line = estimate_machine(LogicalCost(**counts), machine, "runtime")
    same = estimate_machine(LogicalCost(**counts, depth=10**9), machine, "runtime")
    flat = estimate_machine(LogicalCost(**counts, depth=10**8), machine, "runtime")
    assert line == same
    assert line.runtime_floor_s == pytest.approx(10**9 * machine.reaction_time_s)
    assert flat.runtime_floor_s == pytest.approx(10**8 * machine.reaction_time_s)
    assert line.limited_by == "reaction"
    assert flat.runtime_s < 0.2 * line.runtime_s
    assert flat.n_factories > line.n_factories
