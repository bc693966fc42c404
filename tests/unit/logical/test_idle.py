"""Idle qubits of the peak: the formula against the circuit, walked through bloq by bloq."""

from __future__ import annotations

from typing import Any

import pytest
from qualtran import Side
from qualtran.bloqs.arithmetic import Add
from qualtran.resource_counting import get_bloq_callee_counts

import qres
from qres.algorithms.base import algorithm
from qres.algorithms.totals import IDLE, job_formula
from qres.bloqs.circuit import Circuit
from qres.bloqs.qram import BucketBrigade
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.explore.choose import choose
from qres.logical.circuit import count_bloq
from qres.logical.formulas import count_stages, total
from qres.measurement.given import take_given

TRAINING = {
    "n_params": 1000,
    "n_active": 60,
    "n_samples": 100,
    "sparsity": 10,
    "max_entry": 1,
    "frobenius_norm": 3,
    "lambda_max": 2,
    "lambda_min": -0.1,
    "grad_norm": 0.5,
    "eps_model": 0.001,
    "update_norms": [0, 0.05, 0.1, 0.15, 0.2],
}
MATRIX = {"dim": 60, "sparsity": 5, "max_entry": 4, "smallest_singular_value": 0.1}
CASES = {
    "sparse": ("linear-system", {"encoding": "sparse"}),
    "plain QROM": ("linear-system", {"encoding": "sparse", "data_access": "qrom"}),
    "observable": (
        "linear-system",
        {
            "encoding": "sparse",
            "readout": {"kind": "observable", "of": "linear", "weight_norm": 1.0},
        },
    ),
    "history": ("carleman-gd", {"encoding": "frobenius"}),
    "sampling": (
        "carleman-gd",
        {"encoding": "sparse", "readout": {"kind": "tomography", "access": "sampling"}},
    ),
}


def chosen(name: str, settings: dict[str, Any]):
    own = {"n_steps": 4, "learning_rate": 0.1} if name == "carleman-gd" else {}
    scenario = qres.load(
        {
            "schema": "qres-model/1",
            "name": "idle",
            "model": {"given": TRAINING if own else MATRIX},
            "algorithm": {"name": name, **own, **settings},
        }
    )
    measured = take_given(scenario.model, scenario.algorithm)
    return choose(algorithm(name), scenario.algorithm, measured, scenario.error, (), "runtime").job


def callees(bloq: Any, seen: set[Any]) -> None:
    """Collect every bloq that is called, at any depth, down to tables and additions."""
    if bloq in seen:
        return
    seen.add(bloq)
    if isinstance(bloq, Add | TableLookup | TableUncompute | BucketBrigade):
        return
    if isinstance(bloq, Circuit):
        for callee, _ in get_bloq_callee_counts(bloq):
            callees(callee, seen)


def touched(bloq: Any) -> int:
    """Return the qubits that one bloq works on: its registers, and those it needs beside them."""
    name = type(bloq).__name__
    if isinstance(bloq, TableLookup | TableUncompute):
        held = [r.total_bits() for r in bloq.signature if r.side is Side.THRU]
        return sum(held) + bloq.workspace
    if isinstance(bloq, Add):
        return 3 * bloq.a_dtype.num_qubits - 1
    if name in ("ZeroReflection", "PhasedReflection"):
        return bloq.bitsize + bloq.num_controls + bloq.workspace
    return 0


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_no_subroutine_touches_more_than_what_is_counted_as_active(case):
    job = chosen(*CASES[case])
    numbers = job.evaluate()
    cost = total(count_stages(job, numbers), numbers)
    formula = job_formula(job, IDLE)
    assert formula(**{name: numbers[name] for name in formula.inputs}) == cost.idle_qubits
    root = job.bloq()
    peak = count_bloq(root)[-1]
    seen: set[Any] = set()
    callees(root, seen)
    most = max(map(touched, seen))
    assert peak == cost.logical_qubits
    active = peak - cost.idle_qubits
    # the formula adds a control and the ancillas of the encoding where the circuit may not touch them
    assert most <= active <= most + 3 + numbers["held_qubits"] * (most < 3 * numbers["held_qubits"])
    assert 0 < cost.idle_qubits < peak


def test_by_hand():
    """60 unknowns with 5 of 8 slots each by plain QROM: 480 entries, 9 qubits of address.

    At work is the look-up with its address, an addition of 3 b, or a reflection of all that is held.
    """
    job = chosen(*CASES["plain QROM"])
    numbers = job.evaluate()
    cost = total(count_stages(job, numbers), numbers)
    index, slots, bits = 6, 3, max(numbers["matrix_bits"], numbers["rhs_bits"])
    table = max(bits, index + slots) + 9  # entry, and the ladder of 480 blocks
    active = max(table + 9, 3 * bits, 2 * numbers["held_qubits"]) + 1
    phase = cost.logical_qubits - (numbers["held_qubits"] + bits + table)
    assert phase > 1
    assert cost.idle_qubits == cost.logical_qubits - active
