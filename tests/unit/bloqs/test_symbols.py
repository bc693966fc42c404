"""Every bloq counts with symbols for its sizes, and a symbol stands for the number it becomes.

Gates and qubits of a circuit whose sizes are symbols, and then the numbers put in, are those of the
circuit whose sizes were numbers from the start.
"""

from __future__ import annotations

from typing import Any

import attrs
import sympy
from qualtran.resource_counting import QECGatesCost, QubitCount, get_cost_value

from qres.bloqs.circuit import Circuit
from qres.bloqs.dense_block import DenseBlock
from qres.bloqs.dense_vector import DenseVector

NUMBERS = {
    "levels": "a tree has a table for each of its levels",
    "slot_bitsize": "the weights of diagonals are such a tree",
    "truncation_order": "a lift has a part for each position, power and pair of them",
    "map_order": "the same",
    "rounds": "of the smallest instance; every run has the same price",
}
"""Sizes that stay numbers, and why."""

WITHOUT = {
    "ControlledHadamard": "one qubit",
    "DenseBlock": "a matrix of numbers",
    "DenseVector": "a vector of numbers",
    "MultiplexedTurn": "an angle for each value of its index",
    "OutcomeZero": "one qubit",
    "Turn": "one qubit",
    "WeightState": "an amplitude for each part",
}
"""Circuits that have no size to leave open, and why."""


def with_symbols(bloq: Any, values: dict[sympy.Symbol, Any]) -> Any:
    """Return the circuit with a symbol for each size in it; fills in what they stand for."""
    changes: dict[str, Any] = {}
    for item in attrs.fields(type(bloq)):
        value = getattr(bloq, item.name)
        if isinstance(value, Circuit):
            changes[item.name] = with_symbols(value, values)
        elif isinstance(value, tuple) and value and all(isinstance(x, Circuit) for x in value):
            changes[item.name] = tuple(with_symbols(part, values) for part in value)
        elif item.name == "parts" and value and isinstance(value[0], tuple):
            times = [
                sympy.Symbol(f"times{i}", positive=True, integer=True) for i in range(len(value))
            ]
            values.update(zip(times, (number for _, number in value), strict=True))
            parts = (with_symbols(part, values) for part, _ in value)
            changes[item.name] = tuple(zip(parts, times, strict=True))
        elif not item.repr and item.default is None:
            changes[item.name] = None  # data
        elif is_size(item, value) and not isinstance(bloq, DenseBlock | DenseVector):
            letter = f"{item.name}{len(values)}"
            kind = {"integer": True} if isinstance(value, int) else {"real": True}
            same = [
                old for old in values if old.name.startswith(item.name) and values[old] == value
            ]
            symbol = same[0] if same else sympy.Symbol(letter, positive=True, **kind)
            values[symbol] = value
            changes[item.name] = symbol
    return attrs.evolve(bloq, **changes)


def is_size(item: Any, value: Any) -> bool:
    """Whether a field may be a symbol; nothing and a single row are shapes, not sizes."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_shape = item.name in (*NUMBERS, "num_controls") or (item.name == "rows" and value == 1)
    return "Symbolic" in str(item.type) and is_number and value != 0 and not is_shape


def costs(bloq: Any) -> tuple[Any, ...]:
    """Return Toffoli-like gates, T gates, rotations and qubits."""
    gates = get_cost_value(bloq, QECGatesCost(), costs_cache={})
    toffoli = gates.toffoli + gates.and_bloq + gates.cswap
    return toffoli, gates.t, gates.rotation, get_cost_value(bloq, QubitCount(), costs_cache={})


def test_counting_with_symbols_is_counting(circuit):
    values: dict[sympy.Symbol, Any] = {}
    found = costs(with_symbols(circuit, values))
    assert bool(values) != (type(circuit).__name__ in WITHOUT), "add it to WITHOUT, with the reason"
    known = {symbol: sympy.sympify(value) for symbol, value in values.items()}
    put_in = tuple(sympy.sympify(cost).xreplace(known) for cost in found)
    assert put_in == costs(circuit)


def test_what_stays_a_number_is_a_field(every_instance):
    names = {item.name for kind in every_instance for item in attrs.fields(kind)}
    assert set(NUMBERS) <= names
    assert set(WITHOUT) <= {kind.__name__ for kind in every_instance}
