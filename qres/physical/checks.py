"""What a price may be asked for: counts, limits and choices that can be, one line for each that cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qres.errors import InputError
from qres.logical.record import LogicalCost
from qres.physical.record import MAX_DISTANCE, MAX_FACTORIES, Machine
from qres.physical.registry import find_code, find_factory

PRICED = ("toffoli", "t", "logical_qubits", "fail_prob", "depth", "idle_qubits")
"""Counts in the order in which the search takes them."""

LEVEL_1, LEVEL = 3, 4
"""Numbers of the lowest level of a generated factory, and of each level above."""

LEAST = {"logical_qubits": 1.0}
"""Smallest values; 0 where none stands here."""


def checked(
    cost: LogicalCost, caps: Mapping[str, Any], *, is_judged: bool = True
) -> tuple[Any, ...]:
    """Return the shape and flat float64 arrays of `PRICED`, then of the caps.

    A scalar is a count and has to be whole. Arrays may hold what formulas make of a sweep: expected
    counts, which are not rounded, and NaN where a formula has no value, which is infeasible.

    Args:
        cost: logical counts; scalars, or arrays that broadcast. A depth of None becomes one gate a layer.
        caps: numbers above 0, by name.
        is_judged: whether counts that are not finite become infeasible; without it they are refused.

    Raises:
        InputError: a count that is no number, negative, a scalar that is NaN or fractional, no qubit,
            more idle qubits than qubits, a cap that is not above 0, shapes that do not broadcast.
    """
    given = {name: getattr(cost, name) for name in PRICED} | dict(caps)
    floats = {
        name: as_count(name, value, is_cap=name in caps)
        for name, value in given.items()
        if value is not None
    }
    for name, array in floats.items():
        if not is_judged and not np.isfinite(array).all():
            raise InputError(f"{name}: expected finite numbers, found one that is not")
    try:
        arrays = dict(zip(floats, np.broadcast_arrays(*floats.values()), strict=True))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in floats.items() if array.ndim)
        raise InputError(f"counts: expected one shape, found {shapes}") from None
    excess = arrays["idle_qubits"] > arrays["logical_qubits"]
    if excess.any():
        idle, every = (arrays[name][excess][0] for name in ("idle_qubits", "logical_qubits"))
        raise InputError(f"idle_qubits: {idle:g} are more than all {every:g} logical qubits")
    if cost.depth is None:
        with np.errstate(over="ignore"):  # counts that are endless, or nearly, are told later
            arrays["depth"] = arrays["toffoli"] + arrays["t"]
    shape = arrays["toffoli"].shape
    return shape, *(arrays[name].ravel() for name in given)


def as_count(name: str, value: Any, *, is_cap: bool = False) -> np.ndarray:
    """Return a count, or a cap, as float64.

    Raises:
        InputError: no number, too small, a scalar that is NaN or a fraction of what is counted.
    """
    array = _as_float(name, value)
    if is_cap:
        is_right, expected = array > 0.0, "a number above 0"
    elif array.ndim:
        least = LEAST.get(name, 0.0)
        is_right, expected = ~(array < least), f"{least:g} or more"
    elif name == "fail_prob":
        is_right, expected = array >= 0.0, "a number >= 0"
    else:
        least = LEAST.get(name, 0.0)
        is_right = (array >= least) & (array == np.floor(array))
        expected = f"a whole number >= {least:g}"
    if not np.all(is_right):
        wrong = np.ravel(array)[~np.ravel(is_right)][0]
        raise InputError(f"{name}: expected {expected}, found {wrong:.12g}")
    return array


def _as_float(name: str, value: Any) -> np.ndarray:
    """Convert to float64; integers beyond its range become infinite."""
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "iufO":
            raise TypeError
        return array.astype(float)
    except OverflowError:
        return np.where(np.asarray(value) < 0, -np.inf, np.inf).astype(float)
    except (TypeError, ValueError):
        raise InputError(f"{name}: expected a number, found {value!r:.40}") from None


def check_choice(
    machine: Machine, *, distance: Any, sizes: Sequence[int], n_factories: Any
) -> None:
    """Refuse a choice of `physical_at` that no machine has.

    Args:
        machine: with the factory that is asked about as its only one.
        distance: of the data block.
        sizes: of the factory.
        n_factories: how many of it.

    Raises:
        InputError: a distance that is no odd whole number from 3 to `MAX_DISTANCE`, numbers that are no
            size of the factory, a number of factories that is not 1 to `MAX_FACTORIES`.
    """
    if not _is_whole(distance) or distance < 3 or distance % 2 == 0 or distance > MAX_DISTANCE:
        raise InputError(
            f"distance: expected an odd whole number from 3 to {MAX_DISTANCE}, found {distance!r}"
        )
    if not _is_whole(n_factories) or not 1 <= n_factories <= MAX_FACTORIES:
        raise InputError(
            f"n_factories: expected a whole number from 1 to {MAX_FACTORIES:,}, found {n_factories!r}"
        )
    _check_sizes(machine, sizes)


def _check_sizes(machine: Machine, sizes: Sequence[int]) -> None:
    """Refuse what is no size of the machine's first factory: how many numbers, and which."""
    factory, code = find_factory(machine.factories[0]), find_code(machine.code)
    wrong = [size for size in sizes if not _is_whole(size) or size < 0]
    if wrong:
        raise InputError(f"sizes: expected whole numbers >= 0, found {wrong[0]!r}")
    width = factory.grid(machine, code).shape[1]
    is_generated = width > LEVEL_1 and len(sizes) > LEVEL_1
    if len(sizes) != width and not (is_generated and (len(sizes) - LEVEL_1) % LEVEL == 0):
        each = f"{LEVEL_1} of level 1, then {LEVEL} a level" if width > LEVEL_1 else f"{width}"
        raise InputError(f"sizes of {factory.name}: expected {each}, found {len(sizes)} numbers")
    if "cultivation" in factory.rests_on:
        rows = find_factory("cultivation").grid(machine, code)
        if not (rows == np.asarray(sizes[:2])).all(axis=1).any():
            raise InputError(
                f"sizes of {factory.name}: no simulation of cultivation is {tuple(sizes[:2])};"
                " expected colour distance and row of cultivation.csv"
            )


def _is_whole(value: Any) -> bool:
    """Whether a value is an integer, numpy's included; a bool or a float is none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
