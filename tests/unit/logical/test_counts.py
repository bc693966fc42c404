"""A job of two stages, counted by hand; what happens when circuit and formula disagree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qualtran.bloqs.basic_gates import TGate, Toffoli
from qualtran.bloqs.mcmt import MultiAnd

from qres.algorithms.record import ClassicalWork, Job, Stage, Unit
from qres.errors import AgreementError, InfeasibleError
from qres.logical.circuit import compare, count_bloq
from qres.logical.formulas import count_stages, evaluate, total
from qres.logical.record import LogicalCost
from qres.notation.quantity import Quantity
from qres.notation.source import derived
from qres.notation.symbols import symbol

SOURCE = derived("by hand")
COPIES, DIM = symbol("copies"), symbol("dim")


def stage(name, calls, unit):
    return Stage(name=name, calls=calls, unit=unit, kind="exact", source=SOURCE, meaning="toy")


JOB = Job(
    name="toy",
    stages=(
        stage("load", 2 * COPIES, Unit(toffoli=DIM - 1, rotations=3, qubits=DIM)),
        stage("turn", COPIES, Unit(t=5, qubits=DIM + 2)),
        stage("read", 1, ClassicalWork(gradients=DIM, flops=4 * COPIES)),
    ),
    values={
        "copies": Quantity(value=10),
        "dim": Quantity(value=7),
        "fail_logical": Quantity(value=0.01),
    },
    failures=("fail_logical",),
)


def test_stages_and_totals_by_hand():
    stages = count_stages(JOB, JOB.evaluate())
    assert [item.calls for item in stages] == [20, 10, 1]
    assert [item.toffoli for item in stages] == [120, 0, 0]
    assert [item.gradients + item.flops for item in stages] == [0, 0, 47]
    cost = total(stages, JOB.evaluate())
    assert (cost.toffoli, cost.t, cost.rotations, cost.logical_qubits) == (120, 50, 60, 9)
    assert cost.magic_states == 145
    assert cost.fail_prob == 0.01


def test_arrays_by_hand():
    numbers = JOB.evaluate({"copies": np.array([1.0, 10.0])})
    cost = total(count_stages(JOB, numbers), numbers)
    assert cost.toffoli.tolist() == [12, 120]
    assert np.broadcast_to(cost.logical_qubits, 2).tolist() == [9, 9]
    wide = JOB.evaluate({"dim": np.array([7.0, 3.0])})
    assert total(count_stages(JOB, wide), wide).logical_qubits.tolist() == [9, 5]


def test_huge_scalars_stay_exact():
    numbers = JOB.evaluate({"copies": 10**40 + 1})
    assert total(count_stages(JOB, numbers), numbers).toffoli == 12 * 10**40 + 12


def test_an_infinite_count_names_its_stage():
    numbers = JOB.evaluate({"copies": float("inf")})
    with pytest.raises(InfeasibleError, match="load: the count is beyond any number"):
        total(count_stages(JOB, numbers), numbers)


def test_expressions_are_evaluated_at_their_symbols_only():
    assert evaluate(COPIES**2 / 3, {"copies": 3, "dim": None}) == 3
    assert evaluate(4, {}) == 4


def test_gates_that_count_as_toffoli():
    assert count_bloq(Toffoli()) == (1, 0, 0, 3)
    assert count_bloq(MultiAnd((1, 1, 1)))[:3] == (2, 0, 0)
    assert count_bloq(TGate())[:3] == (0, 1, 0)


def cost(**changes):
    counts = {"toffoli": 1, "t": 0, "rotations": 0, "logical_qubits": 3, "fail_prob": 0.01}
    return LogicalCost(**counts | changes)


def test_agreement_is_exact_or_an_error():
    job = replace(JOB, circuit=lambda values: Toffoli())
    found = compare(job, cost(), 0)
    assert (found.status, found.factor, found.toffoli_counted) == ("exact", 1, 1)
    with pytest.raises(AgreementError, match="Toffoli: circuit 1, formula 2"):
        compare(job, cost(toffoli=2), 0)
    with pytest.raises(AgreementError, match="qubits: circuit 3, formula 4"):
        compare(job, cost(logical_qubits=4), 0)
    with pytest.raises(AgreementError, match="T: circuit 0, formula 8"):
        compare(job, cost(t=8), 4)


def test_without_a_circuit_there_is_nothing_to_compare():
    found = compare(JOB, cost(), 0)
    assert (found.status, found.factor, found.toffoli_counted) == ("formula-only", None, None)
