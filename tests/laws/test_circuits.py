"""Circuit and formula are two counts of one job, and symbols and numbers are one code path."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from qualtran.resource_counting import QECGatesCost, QubitCount, get_cost_value

import qres
import qres.algorithms.circuit as circuits
from qres.algorithms.blocks import Blocks
from qres.algorithms.record import CONCRETE
from qres.algorithms.solvers.base import solvers
from qres.logical.circuit import compare
from qres.report.totals import logical_totals

LEVELS = {"n_active": (9, 16), "dim": (9, 16), "sparsity": (5, 8), "t3_sparsity": (33, 64)}
"""Ranges in which the shape of a circuit (tree levels, slot qubits) stays as it is."""


def count(bloq: Any) -> tuple[Any, Any, Any, Any]:
    """Return Toffoli-like gates, T gates, rotations and qubits of a circuit."""
    gates = get_cost_value(bloq, QECGatesCost(), costs_cache={})
    toffoli = gates.toffoli + gates.and_bloq + gates.cswap
    return toffoli, gates.t, gates.rotation, get_cost_value(bloq, QubitCount(), costs_cache={})


class Recorded(Blocks):
    """Remembers the block exponents that the last circuit was given."""

    last: dict[str, Any]

    def __init__(self, values: Any) -> None:
        super().__init__(values)
        Recorded.last = self.exponents


def build(job: Any, *, symbolic: bool) -> tuple[Any, dict[str, Any]]:
    """Return the root bloq and its block exponents by name."""
    with mock.patch.object(circuits, "Blocks", Recorded):
        bloq = job.bloq(symbolic=symbolic)
    return bloq, Recorded.last


@settings(max_examples=3)
@given(data=st.data())
def test_the_formula_counts_the_circuit(member, data):
    check_agreement(member, data.draw(member.values()))


def test_the_formula_counts_the_circuit_of_one_dimension(member):
    values = {name: quantity.value for name, quantity in member.job.values.items()}
    one = {name: 1 for name in ("n_active", "dim", "sparsity", "t3_sparsity") if name in values}
    check_agreement(member, values | one)


def check_agreement(member: Any, values: dict[str, Any]) -> None:
    """Fail unless every count from the circuit is that of the formula, as an integer."""
    job, cost = member.job.with_budget(values), member.cost(values)
    if job.circuit is None:
        assert compare(job, cost, 0).status == "formula-only"
        return
    toffoli, t, rotations, qubits = count(job.bloq())
    synthesis = job.evaluate()["synthesis_t"]
    found = (toffoli, t + rotations * synthesis, rotations, qubits)
    assert found == (cost.toffoli, cost.t, cost.rotations, cost.logical_qubits)
    assert all(isinstance(number, int) for number in found)


SYMBOLIC: dict[Any, tuple[Any, Any]] = {}


def symbolic_count(job: Any, shape: Any) -> tuple[Any, Any]:
    """Return the count of the symbolic circuit and its exponents, once for each shape."""
    if shape not in SYMBOLIC:
        bloq, exponents = build(job, symbolic=True)
        SYMBOLIC[shape] = count(bloq), exponents
    return SYMBOLIC[shape]


@pytest.mark.slow
@settings(max_examples=2)
@given(data=st.data())
def test_substituting_then_counting_equals_counting_then_substituting(member, data):
    if member.job.circuit is None:
        assert member.job.bloq(symbolic=True) is None
        return
    values = data.draw(member.values())
    values |= {name: data.draw(st.integers(*LEVELS[name])) for name in LEVELS if name in values}
    job = member.job.with_budget(values)
    numbers = job.evaluate()
    shape = (member, *(numbers.get(name) for name in sorted(CONCRETE)))
    costs, symbols = symbolic_count(job, shape)
    bloq, exponents = build(job, symbolic=False)
    assert symbols.keys() == exponents.keys()
    known = {symbol: sympy.Integer(exponents[name]) for name, symbol in symbols.items()}
    free = set().union(*(sympy.sympify(cost).free_symbols for cost in costs)) - known.keys()
    known |= {item: sympy.sympify(numbers[str(item)]) for item in free}
    found = tuple(sympy.sympify(cost).xreplace(known) for cost in costs)
    assert found == count(bloq)


def test_the_symbolic_count_is_symbolic(member):
    if member.job.circuit is None:
        assert member.name == "counts" or not solvers()[member.solver].has_circuit
        return
    bloq, exponents = build(member.job, symbolic=True)
    free = {str(item) for cost in count(bloq) for item in sympy.sympify(cost).free_symbols}
    assert {"matrix_bits", "rhs_bits"} <= free
    assert free & {str(item) for item in exponents.values()}


@pytest.mark.slow
@pytest.mark.parametrize("name", solvers())
def test_the_table_of_every_solver_says_how_it_was_counted(name):
    """The two of Jennings et al. are published as numbers of queries: there is no circuit to count."""
    report = qres.estimate("poisson-2d", algorithm__solver=name)
    methods = {total.method for total in logical_totals(report).values() if total is not None}
    is_published = name.startswith("jennings")
    assert methods == {"formula only" if is_published else "counted from circuit, formula agrees"}
