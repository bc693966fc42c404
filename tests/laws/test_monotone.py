"""What must not get cheaper: a tighter budget, a worse conditioned, larger or denser problem."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

FACTORS = st.sampled_from([0.999, 0.7, 0.5, 1e-1, 1e-3])
GROWTH = st.sampled_from([1.001, 1.5, 2.0, 10.0, 1e4])


def prices(cost: Any) -> dict[str, Any]:
    """Return everything that somebody has to pay for."""
    return {
        "toffoli": cost.toffoli,
        "t": cost.t,
        "rotations": cost.rotations,
        "magic states": cost.magic_states,
        "qubits": cost.logical_qubits,
    }


def assert_not_cheaper(before: Any, after: Any) -> None:
    """Fail where any price falls at any point."""
    old, new = prices(before), prices(after)
    fallen = {name: (old[name], new[name]) for name in old if np.any(new[name] < old[name])}
    assert not fallen


def budget_symbols(member: Any) -> list[str]:
    """Return the shares and failure probabilities that the member's budget fills."""
    shares = [share.symbol for share in member.job.shares if share.symbol is not None]
    return [*shares, *member.job.failures]


@settings(max_examples=5)
@given(data=st.data())
def test_no_price_falls_when_a_share_shrinks(member, data):
    rows, factor = data.draw(member.rows()), data.draw(FACTORS)
    before = member.cost(rows)
    for name in budget_symbols(member):
        assert_not_cheaper(before, member.cost(rows, **{name: rows[name] * factor}))


@settings(max_examples=3)
@given(data=st.data())
def test_every_share_that_exists_buys_something(member, data):
    values = data.draw(member.values())
    before = member.cost(values)
    for name in budget_symbols(member):
        after = member.cost(values, **{name: values[name] * 1e-4})
        if name == "fail_logical":
            assert after.fail_prob == values[name] * 1e-4 < before.fail_prob
        else:
            assert prices(after) != prices(before), f"{name} has no influence"


@pytest.mark.parametrize("name", ["kappa_eff", "alpha", "inverse_norm", "alpha_matrix", "xi"])
@settings(max_examples=4)
@given(data=st.data())
def test_no_price_falls_when_the_system_is_harder(member, name, data):
    rows, factor = data.draw(member.rows()), data.draw(GROWTH)
    base = member.numbers(rows)
    if name not in base:
        assert member.name == "counts"
        return
    assert_not_cheaper(member.cost(rows), member.cost(rows, **{name: base[name] * factor}))


@settings(max_examples=5)
@given(data=st.data())
def test_no_price_falls_when_there_are_more_weights(member, data):
    rows, factor = data.draw(member.rows()), data.draw(GROWTH)
    size = "n_active" if "n_active" in rows else "dim"
    if size not in rows:
        assert member.name == "counts"
        return
    more = {size: np.ceil(rows[size] * factor)}
    assert_not_cheaper(member.cost(rows), member.cost(rows, **more))


PRUNED = ("n_active", "dim", "sparsity", "max_entry", "frobenius_norm")


def prune(data: st.DataObject, rows: dict[str, Any]) -> dict[str, Any]:
    """Return what pruning changes: fewer weights, not more entries a row, no larger norms."""
    changed = {name: rows[name] for name in PRUNED if name in rows}
    for name, before in changed.items():
        kept = data.draw(st.lists(st.floats(0, 1), min_size=len(before), max_size=len(before)))
        is_count = name not in ("max_entry", "frobenius_norm")
        part = before * np.maximum(kept, 1e-3)
        changed[name] = np.maximum(1, np.ceil(part)) if is_count else part
    if "sparsity" in changed:
        size = changed["n_active" if "n_active" in changed else "dim"]
        changed["sparsity"] = np.minimum(changed["sparsity"], size)
    return changed


def cheapest(rivals: Any, rows: dict[str, Any], **changes: Any) -> np.ndarray:
    """Return the gates of the cheapest member at each point."""
    costs = [member.cost(rows, **changes) for member in rivals]
    return np.minimum.reduce([cost.toffoli + cost.t for cost in costs])


@settings(max_examples=10)
@given(data=st.data())
def test_pruning_harder_never_raises_the_price(rivals, data):
    rows = {}
    for member in rivals:
        rows = data.draw(member.rows()) | rows
    before = cheapest(rivals, rows)
    after = cheapest(rivals, rows, **prune(data, rows))
    assert (after <= before).all()
