"""What must not get cheaper: a tighter budget, a worse conditioned, larger or denser problem."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from qres.algorithms.access.qrom import BLOCK_LIMITS
from qres.algorithms.encodings.base import encoding
from qres.logical.formulas import evaluate
from qres.notation.memory import FREE

SMALLER = st.sampled_from([0.999, 0.7, 0.5, 1e-1, 1e-3])
LARGER = st.sampled_from([1.001, 1.5, 2.0, 10.0, 1e4])


def gates(cost: Any) -> dict[str, Any]:
    """Return everything that takes time."""
    found = {"toffoli": cost.toffoli, "t": cost.t, "rotations": cost.rotations}
    return found | {"magic states": cost.magic_states}


def tiled(rows: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return the rows as they are, then once for each change with that one in place."""
    return {
        name: np.concatenate(
            [column, *(changes.get(name, column) if name == other else column for other in changes)]
        )
        for name, column in rows.items()
    }


def assert_none_falls(cost: Any, rows: dict[str, Any], ways: list[str]) -> None:
    """Fail where any of the ways, tiled after the rows as they are, makes a price fall at any point.

    Width only counts for plain QROM: the cheapest block of QROAM may be a narrower one.
    """
    prices = gates(cost)
    size = len(next(iter(rows.values())))
    plain = rows.get("block_limit", np.zeros(size)) == 0
    prices["qubits of plain QROM"] = cost.logical_qubits * np.tile(plain, len(ways) + 1)
    for name, found in prices.items():
        table = np.broadcast_to(found, (len(ways) + 1) * size).reshape(-1, size)
        with np.errstate(invalid="ignore"):  # nothing for nothing, endless for endless
            rises = dict(zip(ways, (table[1:] / table[0] - 1).tolist(), strict=True))
        fallen = {
            way: rises[way]
            for way, row in zip(ways, table[1:], strict=True)
            if (row < table[0]).any()
        }
        assert not fallen, name


def assert_not_cheaper(member: Any, rows: dict[str, Any], changes: dict[str, Any]) -> None:
    """Fail where any of the changes, alone, makes a price fall at any point."""
    assert_none_falls(member.cost(tiled(rows, changes)), rows, list(changes))


def budget_symbols(member: Any) -> list[str]:
    """Return the shares and failure probabilities that the member's budget fills."""
    shares = [share.symbol for share in member.job.shares if share.symbol is not None]
    return [*shares, *member.job.failures]


@pytest.mark.slow
@settings(max_examples=4)
@given(data=st.data())
def test_no_price_falls_when_an_error_is_finer(member, data):
    """Each precision alone, the length of amplified sequences, what is solved and all others held.

    A share is more than its precision: smaller errors leave more of a run's amplitude, so that fewer
    runs are amplified, and more of the smallest singular value, and that is no fault.
    """
    rows, factor = data.draw(member.rows()), data.draw(SMALLER)
    base = member.numbers(rows)
    ways = [name for name, _ in member.job.definitions if name.startswith("eps_")]
    others = ("invocations", "rounds", "kappa_encoded")
    held = [name for name in others if name in dict(member.job.definitions)]
    size = len(next(iter(rows.values())))
    column = {name: np.broadcast_to(np.asarray(base[name], dtype=float), size) for name in ways}
    finer = {
        name: np.concatenate([own, *(own * (factor if name == way else 1) for way in ways)])
        for name, own in column.items()
    }
    kept = {name: np.tile(np.broadcast_to(base[name], size), len(ways) + 1) for name in held}
    cost = member.cost(tiled(rows, dict.fromkeys(ways)), **finer, **kept)
    assert_none_falls(cost, rows, ways)


@settings(max_examples=4)
@given(data=st.data())
def test_no_price_falls_when_a_failure_is_rarer(member, data):
    rows, factor = data.draw(member.rows()), data.draw(SMALLER)
    changes = {name: rows[name] * factor for name in member.job.failures}
    assert_not_cheaper(member, rows, changes)


@settings(max_examples=2)
@given(data=st.data())
def test_every_share_that_exists_buys_something(member, data):
    values = data.draw(member.values())
    if "smallest_singular_value" in values:
        values["smallest_singular_value"] /= 2  # kappa above 1, where a solver has something to do
    before = member.cost(values)
    for name in budget_symbols(member):
        after = member.cost(values, **{name: values[name] * 1e-4})
        if name == "fail_run":
            # far enough that the norm, however few its gates, decides
            after = member.cost(values, fail_run=values[name] * 1e-200)
            assert after.fail_prob < before.fail_prob
        elif name == "fail_logical":
            assert after.fail_prob == values[name] * 1e-4 < before.fail_prob
        else:
            bought = (gates(after), after.logical_qubits)
            assert bought != (gates(before), before.logical_qubits), name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["kappa_eff", "alpha"])
@settings(max_examples=3)
@given(data=st.data())
def test_no_price_falls_when_the_system_is_harder(member, name, data):
    rows, factor = data.draw(member.rows()), data.draw(LARGER)
    base = member.numbers(rows)
    if name not in base:
        assert member.name == "counts"
        return
    harder = {name: base[name] * factor}
    assert_not_cheaper(member, rows | {name: base[name]}, harder)


@settings(max_examples=3)
@given(data=st.data())
def test_no_price_falls_when_the_lift_is_worse(member, data):
    """The stretch of errors is not among these: it makes precisions finer, see above."""
    rows, factor = data.draw(member.rows()), data.draw(LARGER)
    worse = ("inverse_norm", "xi", "readout_stretch", "grad_norm")
    changes = {name: rows[name] * factor for name in worse if name in rows}
    if "xi" not in rows:
        assert member.name == "counts" or "xi" in dict(member.job.definitions)
        return
    assert_not_cheaper(member, rows, changes | {"success_prob": rows["success_prob"] / factor})


@settings(max_examples=3)
@given(data=st.data())
def test_no_price_falls_when_there_are_more_weights(member, data):
    rows, factor = data.draw(member.rows()), data.draw(LARGER)
    size = "n_active" if "n_active" in rows else "dim"
    if size not in rows:
        assert member.name == "counts"
        return
    assert_not_cheaper(member, rows, {size: grown(rows[size], factor)})


def grown(size: np.ndarray, factor: float) -> np.ndarray:
    """Return larger sizes, one more where the larger would be the first to fill its index.

    Without rows beyond the matrix the best circuit has no comparison, and may be the cheaper one:
    `test_a_size_that_fills_its_index_saves_the_comparison_only` bounds that exactly.
    """
    larger = np.ceil(size * factor)
    fills = (np.frexp(larger)[0] == 0.5) & (larger > size)
    return np.where(fills, larger + 1, larger)


@pytest.mark.parametrize("controls", [0, 1])
@pytest.mark.parametrize("limit", sorted(BLOCK_LIMITS.values()))
@pytest.mark.parametrize("order", [0, 1, 2, 3])
@pytest.mark.parametrize("name", ["dense", "sparse"])
def test_a_size_that_fills_its_index_saves_the_comparison_only(name, order, limit, controls):
    # dense, and a full matrix: n gates compare. Slots of F_k: n - 1 before, n - 1 after, c to join a
    # control; without a control the look-up and its uncomputation get the answer as theirs, a gate each.
    member: Any = encoding(name)
    part = member.factor(order) if order else member
    levels = np.arange(2.0, 52 // (max(order, 1) + 1) + 1)  # tables below 2^53, exact
    rows: dict[str, Any] = {"index_bits": levels, "block_limit": limit, "matrix_bits": 20.0}
    full = {"sparsity": 2.0**levels, "slots": 2.0**levels, "slot_bits": levels}
    full |= {f"t{k + 1}_slot_bits": k * levels for k in (2, 3)}
    before, after = (
        evaluate(sympy.sympify(part.toffoli(controls)), rows | full | {"dim": size})
        for size in (2.0**levels - 1, 2.0**levels)
    )
    is_slots = name == "sparse" and order > 0
    saved = 2 * (levels - 1) + controls + 2 * (controls == 0) if is_slots else levels
    assert (after + saved >= before).all()
    if limit == FREE and not (name == "sparse" and order == 0):
        compared = saved - 2 * (is_slots and controls == 0)  # the look-ups are free
        assert (before - after == compared).all()


def test_a_free_memory_exchanges_nothing():
    # one entry short of a full row has always taken the table; a full row is not dearer than that
    rows = {"dim": 103136.0, "index_bits": 17.0, "slots": 2.0**17, "slot_bits": 17.0}
    rows |= {"matrix_bits": 20.0, "block_limit": FREE}
    full, short = (
        evaluate(encoding("sparse").toffoli(1), rows | {"sparsity": entries})
        for entries in (103136.0, 103135.0)
    )
    assert full == short == 20 - 1


PRUNED = ("n_active", "dim", "sparsity", "max_entry", "frobenius_norm")


def prune(data: st.DataObject, rows: dict[str, Any], *, is_thinned: bool) -> dict[str, Any]:
    """Return what pruning changes: fewer weights, no larger norms, perhaps a thinner pattern."""
    changed = {name: rows[name] for name in PRUNED if name in rows}
    kept = st.one_of(st.sampled_from([1.0, 0.95, 0.8]), st.floats(1e-3, 1))
    for name, before in changed.items():
        part = before * data.draw(st.lists(kept, min_size=len(before), max_size=len(before)))
        is_count = name not in ("max_entry", "frobenius_norm")
        changed[name] = np.maximum(1, np.ceil(part)) if is_count else part
    size = changed["n_active" if "n_active" in changed else "dim"] if changed else None
    if "t3_sparsity" in rows:
        changed["t3_sparsity"] = np.minimum(rows["t3_sparsity"], size**2)
    if "sparsity" in changed:
        entries = changed["sparsity"] if is_thinned else rows["sparsity"]
        changed["sparsity"] = np.minimum(entries, size)
    return changed


def cheapest(rivals: Any, rows: dict[str, Any], **changes: Any) -> np.ndarray:
    """Return the gates of the cheapest member at each point."""
    costs = [member.cost(rows, **changes) for member in rivals]
    gates = np.broadcast_arrays(*(np.asarray(cost.toffoli + cost.t) for cost in costs))
    return np.minimum.reduce(gates)


def joint_rows(data: st.DataObject, rivals: Any) -> dict[str, Any]:
    """Return values for all inputs of all rivals; kappa stays above 1 whatever is pruned."""
    first, *others = rivals
    rows: dict[str, Any] = data.draw(first.rows(beside=others))
    if "smallest_singular_value" in rows:
        scales = [rows[name] for name in ("max_entry", "frobenius_norm") if name in rows]
        rows["smallest_singular_value"] = 1e-4 * np.minimum.reduce(scales)
    return rows


@pytest.mark.slow
@settings(max_examples=3)
@given(data=st.data())
def test_pruning_harder_never_raises_the_price(rivals, data):
    # a thinner pattern may turn `sparse` dearer, where it stops being full: `auto` then moves on
    # a lift stores all its tensors alike, so that it cannot move on for one of them alone
    rows = joint_rows(data, rivals)
    is_lift = "t3_sparsity" in rows
    is_thinned = len({member.choice.encoding for member in rivals}) > 1 and not is_lift
    before = cheapest(rivals, rows)
    after = cheapest(rivals, rows, **prune(data, rows, is_thinned=is_thinned))
    assert (after <= before).all()


def test_a_thinner_pattern_is_never_dearer(rivals):
    values: dict[str, Any] = {}
    for member in rivals:
        values |= {name: quantity.value for name, quantity in member.job.values.items()}
    is_alone = len({member.choice.encoding for member in rivals}) == 1
    if "sparsity" not in values or "t3_sparsity" in values or is_alone:
        return
    size = "n_active" if "n_active" in values else "dim"
    entries = np.arange(128.0, 0.0, -1.0)
    norm = {"frobenius_norm": 1e6}  # so that no rival but the stored patterns is cheap
    price = cheapest(rivals, values | norm | {size: 128, "sparsity": entries})
    # a full pattern is stored twice, whose costs add up in another order
    assert (price[1:] <= price[:-1] * (1 + 1e-12)).all()
    assert price[-1] < price[0]
