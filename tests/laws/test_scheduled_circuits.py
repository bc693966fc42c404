"""A schedule's formulas count its circuits, for numbers and for symbols, at every degree."""

from __future__ import annotations

from typing import Any

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from qualtran.resource_counting import QECGatesCost, QubitCount, get_cost_value

from qres.algorithms.blocks import Blocks
from qres.algorithms.rules.scheduled import RULE
from qres.algorithms.solvers.base import solver
from qres.algorithms.system import System
from qres.bloqs.linear_solver import SolverRun
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.scheduled_history import ScheduledHistory, ScheduledVector
from qres.errors import InputError
from qres.notation.compiled import compile_exact
from qres.notation.symbols import symbol

CONCRETE = {"index_bits", "block_limit", "slot_bits", "t3_slot_bits", "t4_slot_bits", "step_bits"}
CONCRETE |= {"truncation_order", "map_order", "is_full"}
WAYS = [("sparse", 1), pytest.param("dense", 2, marks=pytest.mark.slow), ("frobenius", 3)]


def numbers(draw: st.DrawFn, name: str, degree: int) -> dict[str, Any]:
    """Return random values and everything that the definitions make of them."""
    order = draw(st.integers(2, 4)) if degree > 1 else 1
    whole = {
        "dim": draw(st.integers(1, 40)),
        "truncation_order": order,
        "map_order": draw(st.integers(1, order)),
        "segment_steps": draw(st.integers(1, 3000)),
        "padding": draw(st.integers(0, 900)),
        "matrix_bits": draw(st.integers(2, 40)),
        "rhs_bits": draw(st.integers(2, 40)),
        "matrix_queries": draw(st.integers(1, 10**9)),
        "state_queries": draw(st.integers(1, 10**9)),
        "block_limit": draw(st.sampled_from([0, 63])),
    }
    whole["index_bits"] = (whole["dim"] - 1).bit_length()
    whole["time_bits"] = (whole["segment_steps"] + whole["padding"]).bit_length()
    for key, power in (("sparsity", 1), ("t3_sparsity", 2), ("t4_sparsity", 3)):
        whole[key] = draw(st.integers(1, whole["dim"] ** power))
    sizes = "max_entry t3_max_entry t4_max_entry frobenius_norm t3_frobenius t4_frobenius grad_norm"
    values = whole | dict.fromkeys(sizes.split(), 1.5) | {"eps_matrix": 1e-3, "inverse_norm": 9.0}
    values |= {"learning_rate": 0.1, "rescaling": 0.5}
    for key, formula in RULE.definitions("job", name, degree, is_plain=False):
        values[key] = formula(**{item: values[item] for item in formula.inputs})
    return values


def put_in(expression: Any, values: dict[str, Any]) -> Any:
    free = sorted(str(item) for item in sympy.sympify(expression).free_symbols)
    compiled = compile_exact(tuple(symbol(name) for name in free), sympy.sympify(expression))
    return compiled(*(values[name] for name in free))


def solved(name: str, degree: int) -> System:
    matrix, source = RULE.parts(name, degree)
    return System(name="job", matrix=matrix, source=source, solver=solver("jennings"))


def circuit(system: System, values: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    blocks = Blocks(values)
    parts = (system.matrix.bloq(values, blocks), system.source.bloq(values, blocks))
    queries = (values["matrix_queries"], values["state_queries"])
    run = SolverRun(*parts, *queries, values["index_width"], system.solver.qubits)
    return run, blocks.exponents


def count(bloq: Any) -> tuple[Any, ...]:
    gates = get_cost_value(bloq, QECGatesCost(), costs_cache={})
    toffoli = gates.toffoli + gates.and_bloq + gates.cswap
    return toffoli, gates.t, gates.rotation, get_cost_value(bloq, QubitCount(), costs_cache={})


@pytest.mark.slow
@pytest.mark.parametrize(("name", "degree"), WAYS)
@settings(max_examples=3)
@given(data=st.data())
def test_the_formula_counts_the_circuit(name, degree, data):
    values = data.draw(st.composite(numbers)(name, degree))
    system = solved(name, degree)
    values["query_toffoli"] = put_in(system.matrix.toffoli(0), values)
    ancillas = put_in(system.matrix.ancillas, values)
    values["held_qubits"] = values["index_width"] + ancillas + system.solver.qubits
    run, _ = circuit(system, values)
    for controls in (0, 1):
        unit = system.run(controls)
        expected = [put_in(item, values) for item in (unit.toffoli, unit.t, unit.rotations)]
        found = count(run.with_controls(controls))
        assert list(found) == [*expected, put_in(unit.qubits, values)]


@pytest.mark.parametrize(("name", "degree"), [("frobenius", 2)])
@settings(max_examples=1)
@given(data=st.data())
def test_substituting_then_counting_equals_counting_then_substituting(name, degree, data):
    values = data.draw(st.composite(numbers)(name, degree).filter(lambda v: v["dim"] > 8))
    system = solved(name, degree)
    names = {key: value if key in CONCRETE else symbol(key) for key, value in values.items()}
    letters, symbols = circuit(system, names)
    run, exponents = circuit(system, values)
    assert symbols.keys() == exponents.keys()
    known = {item: sympy.Integer(exponents[key]) for key, item in symbols.items()}
    for controls in (0, 1):
        costs = [sympy.sympify(cost) for cost in count(letters.with_controls(controls))]
        free = set().union(*(cost.free_symbols for cost in costs))
        assert {symbol("matrix_bits"), symbol("segment_steps"), symbol("time_bits")} <= free
        known |= {item: sympy.sympify(values[str(item)]) for item in free - known.keys()}
        assert tuple(cost.xreplace(known) for cost in costs) == count(run.with_controls(controls))


def test_bad_circuits_are_refused():
    tall = LoadedRotationTree(6, 2, 5, (0, 0), (0, 0))
    flat = LoadedRotationTree(1, 2, 5, (0, 0), (0, 0))
    with pytest.raises(InputError, match="trees of 1 and 6 rows"):
        ScheduledVector(flat, tall)
    with pytest.raises(InputError, match="must be a number"):
        ScheduledVector(flat, flat, sympy.Symbol("powers"))

    class Plain:
        num_controls = 0

    with pytest.raises(InputError, match="must be a number"):
        ScheduledHistory(Plain(), 5, sympy.Symbol("mu"), 7, (0, 0), alpha=1.0, epsilon=0.1)
