"""Ties on functions whose crossing is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qres.explore.breakeven import CLOCK_FLOOR_S, best_change, find_tie, knobs
from qres.pricing.record import Knob, Tie


def knob(now: float, end: float) -> Knob:
    return Knob(symbol="kappa_eff", text="a knob", now=now, end=end, range_text="")


@settings(derandomize=True, deadline=None, database=None)
@given(now=st.floats(2, 12), cross=st.floats(0.01, 0.99), slope=st.floats(0.1, 4), up=st.booleans())
def test_the_crossing_is_found(now, cross, slope, up):
    start, end = (10.0**now, 1.0) if not up else (1.0, 10.0**now)
    tie = start * (end / start) ** cross
    sign = -slope if up else slope
    found = find_tie(knob(start, end), lambda grid: (grid / tie) ** sign)
    decades = abs(math.log10(end / start))
    assert abs(math.log10(found.needed / tie)) <= 1e-4 * decades
    assert (found.needed / tie) ** sign <= 1
    assert found.ratio_left == 1


def test_a_tie_at_once():
    found = find_tie(knob(100.0, 1.0), lambda grid: np.full(grid.shape, 0.5))
    assert found.needed == pytest.approx(100.0)
    assert found.factor == pytest.approx(1.0)


def test_no_tie_leaves_the_gap_at_the_end():
    found = find_tie(knob(100.0, 1.0), lambda grid: 7 * grid)
    assert found.needed is None
    assert found.ratio_left == pytest.approx(7.0)
    assert found.factor == pytest.approx(100.0)


def tie(factor: float, needed: bool = True, left: float = 1.0) -> Tie:
    at = knob(factor, 1.0)
    return Tie(knob=at, needed=1.0 if needed else None, ratio_left=left)


def test_the_smallest_change_is_best():
    assert best_change([tie(100), tie(3), tie(50, False, 1.5)]).factor == 3
    assert best_change([tie(9, False, 40.0), tie(99, False, 20.0)]).ratio_left == 20
    assert best_change([tie(9, False, math.inf), tie(9, False, math.nan)]) is None
    assert best_change([]) is None


def test_the_knobs_of_a_job():
    numbers = {"n_active": 100, "kappa_eff": 50.0, "copies": 1, "query_toffoli": 7}
    found = {item.symbol: item for item in knobs(numbers, error_total=0.1, clock_s=1e-5)}
    assert set(found) == {"n_active", "kappa_eff", "query_toffoli", "error.total", "clock"}
    assert (found["n_active"].now, found["n_active"].end) == (100.0, 1.0)
    assert found["error.total"].end > found["error.total"].now == 0.1
    assert found["clock"].end == CLOCK_FLOOR_S
    fast = knobs(numbers, error_total=0.1, clock_s=CLOCK_FLOOR_S)
    assert "clock" not in {item.symbol for item in fast}
