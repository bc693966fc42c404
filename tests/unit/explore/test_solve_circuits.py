"""The circuits of the solves of a Newton run, counted beside their formulas."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qres.classical.devices import load_device
from qres.config.record import ErrorTarget
from qres.errors import AgreementError
from qres.explore import solve_circuits
from qres.explore.schedule import schedule
from qres.explore.solve_circuits import count_circuits
from qres.physical.machines import load_machine
from qres.pricing.schedule_sums import solves_of

pytestmark = pytest.mark.slow  # Qualtran, and a second for the formulas of a job


def solve(hand_made, **changes):
    blocks = [hand_made.random_block(f"w{dim}", dim, seed=dim) for dim in (5, 12, 33)]
    error, machines = ErrorTarget(total=0.1, fail_prob=0.05), [load_machine("superconducting-1e-4")]
    asked, device = replace(hand_made.asked, **changes), load_device("h200")
    return solves_of(schedule(hand_made.run_of(*blocks), asked, error, machines, device, "runtime"))


@pytest.fixture(scope="module")
def solves(hand_made):
    return solve(hand_made)


def test_sums_of_the_circuits(solves):
    """Each circuit has whole numbers of gates, and their sums are those of the formulas."""
    found, n_counted = count_circuits(solves)
    assert (found.status, n_counted) == ("exact", 3)
    assert isinstance(found.toffoli_counted, int)
    assert found.toffoli_counted == sum(round(item.toffoli) for item in solves)
    assert found.qubits_counted == max(round(item.logical_qubits) for item in solves)


def test_a_formula_that_is_off_by_a_gate_is_found(solves):
    """Also where only one system among many is off: an index that slipped would price another one."""
    slipped = [solves[0], replace(solves[1], job=solves[2].job), solves[2]]
    with pytest.raises(AgreementError, match="toffoli of one system"):
        count_circuits(slipped)
    job = solves[1].job
    stages = [
        replace(item, calls=item.calls + 1) if item.shots is None else item for item in job.stages
    ]
    wrong = replace(job, stages=tuple(stages))
    numbers = wrong.evaluate()
    cost = solve_circuits.total(solve_circuits.count_stages(wrong, numbers), numbers)
    names = ("toffoli", "t", "rotations", "logical_qubits")
    claimed = replace(solves[1], job=wrong, **{name: float(getattr(cost, name)) for name in names})
    with pytest.raises(AgreementError, match="circuit and formula disagree"):
        count_circuits([claimed])


def test_the_largest_are_counted_where_there_are_many(solves, monkeypatch):
    monkeypatch.setattr(solve_circuits, "MOST_COUNTED", 2)
    found, n_counted = count_circuits(solves)
    assert n_counted == 2
    two = sorted(solves, key=lambda item: -item.gates)[:2]
    assert found.toffoli_counted == sum(round(item.toffoli) for item in two)


def test_a_solver_without_a_circuit_is_formula_only(hand_made):
    found, n_counted = count_circuits(solve(hand_made, solver="jennings"))
    assert (found.status, found.toffoli_counted, n_counted) == ("formula-only", None, 0)
