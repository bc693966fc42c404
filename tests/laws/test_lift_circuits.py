"""The lift of order 2 and more: its formulas count its circuits, for numbers and for symbols."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from qualtran.resource_counting import QECGatesCost, QubitCount, get_cost_value

from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings.base import encoding
from qres.algorithms.lifted import lifted_definitions, lifted_matrix, lifted_vector
from qres.algorithms.system import Part
from qres.errors import InputError
from qres.notation.compiled import compile_array, compile_exact
from qres.notation.symbols import symbol

CONCRETE = {"index_bits", "block_limit", "slot_bits", "t3_slot_bits", "t4_slot_bits"}
CONCRETE |= {"truncation_order", "map_order"}
ENCODINGS = ("dense", "frobenius", "sparse")
MIXED = {1: encoding("sparse"), 2: encoding("frobenius"), 3: encoding("dense")}
WAYS = [
    pytest.param("frobenius", 2, id="frobenius-2"),
    pytest.param(MIXED, 3, id="mixed-3", marks=pytest.mark.slow),
    *(
        pytest.param(way, degree, id=f"{way}-{degree}", marks=pytest.mark.slow)
        for way, degree in product(ENCODINGS, (2, 3))
        if (way, degree) != ("frobenius", 2)
    ),
]


def numbers(draw: st.DrawFn, encodings: Any, degree: int) -> dict[str, Any]:
    """Return random values and everything that the definitions make of them."""
    whole = {
        "dim": draw(st.integers(1, 40)),
        "truncation_order": draw(st.integers(2, 4)),
        "segment_steps": draw(st.integers(1, 3000)),
        "padding": draw(st.integers(0, 3000)),
        "matrix_bits": draw(st.integers(2, 40)),
        "rhs_bits": draw(st.integers(2, 40)),
        "matrix_queries": draw(st.integers(1, 10**9)),
        "state_queries": draw(st.integers(1, 10**9)),
        "block_limit": draw(st.sampled_from([0, 63])),
    }
    whole["time_bits"] = (whole["segment_steps"] + whole["padding"]).bit_length()
    whole["map_order"] = draw(st.integers(1, whole["truncation_order"]))
    whole["index_bits"] = (whole["dim"] - 1).bit_length()
    for name, power in (("sparsity", 1), ("t3_sparsity", 2), ("t4_sparsity", 3)):
        whole[name] = draw(st.integers(1, whole["dim"] ** power))
    sizes = "max_entry t3_max_entry t4_max_entry frobenius_norm t3_frobenius t4_frobenius"
    reals = {name: draw(st.floats(0.1, 10)) for name in sizes.split()}
    reals |= {name: draw(st.floats(0.1, 2)) for name in ("learning_rate", "rescaling", "grad_norm")}
    values = whole | reals | {"eps_matrix": 1e-3}
    for name, formula in lifted_definitions("lift", encodings, degree):
        values[name] = formula(**{key: values[key] for key in formula.inputs})
    return values


def put_in(expression: Any, values: dict[str, Any]) -> Any:
    """Return the value of an expression of a formula, in exact arithmetic."""
    free = sorted(str(item) for item in sympy.sympify(expression).free_symbols)
    compiled = compile_exact(tuple(symbol(name) for name in free), sympy.sympify(expression))
    return compiled(*(values[name] for name in free))


def parts_of(encodings: Any, degree: int) -> tuple[Part, Part]:
    """Return matrix and right-hand side of the lifted system."""
    return lifted_matrix(encodings, degree), lifted_vector()


def circuits(parts: tuple[Part, Part], values: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return the circuits of both, and their block exponents by name."""
    blocks = Blocks(values)
    return [part.bloq(values, blocks) for part in parts], blocks.exponents


def count(bloq: Any) -> tuple[Any, ...]:
    """Return Toffoli-like gates, T gates, rotations and qubits of a circuit."""
    gates = get_cost_value(bloq, QECGatesCost(), costs_cache={})
    toffoli = gates.toffoli + gates.and_bloq + gates.cswap
    return toffoli, gates.t, gates.rotation, get_cost_value(bloq, QubitCount(), costs_cache={})


def held(bloq: Any) -> Any:
    """Return the qubits of all registers of a circuit."""
    return sum(register.total_bits() for register in bloq.signature)


@pytest.mark.parametrize(("encodings", "degree"), WAYS)
@settings(max_examples=10)
@given(data=st.data())
def test_the_formula_counts_the_circuit(encodings, degree, data):
    values = data.draw(st.composite(numbers)(encodings, degree))
    parts = parts_of(encodings, degree)
    bloqs, _ = circuits(parts, values)
    assert bloqs[0].ancilla_bitsize == put_in(parts[0].ancillas, values)
    assert bloqs[0].system_bitsize == values["index_width"]
    for part, plain in zip(parts, bloqs, strict=True):
        for controls in (0, 1):
            bloq = plain.with_controls(controls)
            gates = [put_in(item(controls), values) for item in (part.toffoli, part.rotations)]
            found = count(bloq)
            width = held(bloq) + put_in(part.width(controls), values)
            assert list(found) == [gates[0], 0, gates[1], width]
            assert all(isinstance(number, int) for number in found)


@pytest.mark.parametrize(("encodings", "degree"), WAYS)
@settings(max_examples=2)
@given(data=st.data())
def test_substituting_then_counting_equals_counting_then_substituting(encodings, degree, data):
    values = data.draw(st.composite(numbers)(encodings, degree).filter(lambda v: v["dim"] > 8))
    parts = parts_of(encodings, degree)
    names = {name: value if name in CONCRETE else symbol(name) for name, value in values.items()}
    letters, symbols = circuits(parts, names)
    bloqs, exponents = circuits(parts, values)
    assert symbols.keys() == exponents.keys()
    known = {item: sympy.Integer(exponents[name]) for name, item in symbols.items()}
    for lettered, bloq in zip(letters, bloqs, strict=True):
        for controls in (0, 1):
            costs = [sympy.sympify(cost) for cost in count(lettered.with_controls(controls))]
            free = set().union(*(cost.free_symbols for cost in costs))
            known |= {item: sympy.sympify(values[str(item)]) for item in free - known.keys()}
            found = tuple(cost.xreplace(known) for cost in costs)
            assert found == count(bloq.with_controls(controls))
    assert {symbol("matrix_bits"), symbol("rhs_bits"), symbol("time_bits")} <= known.keys()


@pytest.mark.parametrize(("encodings", "degree"), WAYS)
@settings(max_examples=4)
@given(data=st.data())
def test_arrays_are_counted_like_scalars(encodings, degree, data):
    drawn = [data.draw(st.composite(numbers)(encodings, degree)) for _ in range(4)]
    matrix, source = lifted_matrix(encodings, degree), lifted_vector()
    parts = [matrix.toffoli(1), matrix.rotations(0), matrix.width(1), matrix.ancillas]
    parts += [source.toffoli(0), source.toffoli(1), source.rotations(1), source.width(0)]
    for part in [*parts, matrix.angle_weight, source.angle_weight]:
        free = sorted(str(item) for item in part.free_symbols)
        rows = [np.array([float(values[name]) for values in drawn]) for name in free]
        together = compile_array(tuple(symbol(name) for name in free), part)(*rows)
        alone = [float(put_in(part, values)) for values in drawn]
        assert together == pytest.approx(alone, rel=1e-9)


def test_an_encoding_without_tensors_is_refused_in_one_line():
    with pytest.raises(InputError, match="gram encodes a matrix; it cannot hold F_1"):
        lifted_matrix("gram", 2)
    with pytest.raises(InputError, match="degree: 4 is not one of 1, 2, 3"):
        lifted_matrix("dense", 4)
