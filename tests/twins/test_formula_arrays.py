"""The array search of each named function against its exhaustive scalar twin."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qres.notation.named import (
    NAMED,
    UNLIMITED,
    ceil_log2,
    geometric,
    look,
    lookup_at,
    majority,
    tree,
    uncompute_at,
    uniform_toffoli,
    unlook,
    widest,
)

LIMITS = (0, UNLIMITED)
CONTROLS = (0, 1)
WORDS = (1, 2, 3, 5, 8, 17, 33, 64, 200)
FIXED = settings(derandomize=True, deadline=None, database=None, max_examples=60)


def decades(high: float) -> st.SearchStrategy[int]:
    """Return integers from 1 up, evenly over their decades."""
    return st.floats(0, math.log10(high)).map(lambda x: round(10**x))


sizes = st.lists(decades(1e12), min_size=8, max_size=8)
words = st.integers(1, 300)


def test_every_named_function_has_both_evaluations():
    for name, function in NAMED.items():
        assert function.__name__ == name
        assert {"scalar", "array"} <= vars(function).keys()


@pytest.mark.parametrize(("limit", "controls"), list(product(LIMITS, CONTROLS)))
def test_look_and_unlook_at_every_small_size(limit, controls):
    entries = range(700)
    rows = np.arange(700.0)
    erased = [unlook.scalar(size, controls, limit) for size in entries]
    assert unlook.array(rows, controls, limit).tolist() == erased
    for word in WORDS:
        loaded = [look.scalar(size, word, controls, limit) for size in entries]
        assert look.array(rows, word, controls, limit).tolist() == loaded
        width = [widest.scalar(size, word, controls, limit) for size in entries]
        assert widest.array(rows, word, controls, limit).tolist() == width


def test_a_look_up_of_empty_words():
    rows = np.arange(1.0, 100.0)
    assert look.array(rows, 0, 0).tolist() == [look.scalar(int(m), 0, 0) for m in rows]


@pytest.mark.parametrize("limit", [*LIMITS, 1, 7])
@pytest.mark.parametrize("controls", CONTROLS)
@FIXED
@given(entries=sizes, word=words)
def test_look_and_unlook_of_large_tables(entries, word, controls, limit):
    rows = np.array(entries, dtype=float)
    loaded = [look.scalar(size, word, controls, limit) for size in entries]
    erased = [unlook.scalar(size, controls, limit) for size in entries]
    width = [widest.scalar(size, word, controls, limit) for size in entries]
    assert look.array(rows, word, controls, limit).tolist() == loaded
    assert unlook.array(rows, controls, limit).tolist() == erased
    assert widest.array(rows, word, controls, limit).tolist() == width


@pytest.mark.parametrize("controls", CONTROLS)
@FIXED
@given(entries=decades(1e6), word=words)
def test_the_scalar_search_is_exhaustive(entries, word, controls):
    # by the definition: every power of two below M, respectively up to M
    blocks = [2**k for k in range(40)]
    below = [k for k, block in enumerate(blocks) if block < entries] or [0]
    up_to = [k for k, block in enumerate(blocks) if block <= entries]
    loaded = min(lookup_at(entries, word, controls, k) for k in below)
    erased = min(uncompute_at(entries, controls, k) for k in up_to)
    assert look.scalar(entries, word, controls) == loaded
    assert unlook.scalar(entries, controls) == erased


@FIXED
@given(entries=decades(1e9), word=words, exponent=st.integers(0, 20))
def test_the_price_of_a_block_is_that_of_the_gate_card(entries, word, exponent):
    block = 2**exponent
    blocks = math.ceil(Fraction(entries, block))
    is_table = entries > 1
    for controls in CONTROLS:
        loaded = is_table * (max(0, blocks - 2 + controls) + (block - 1) * word)
        erased = is_table * max(0, blocks + block - 4 + controls)
        assert lookup_at(entries, word, controls, exponent) == loaded
        assert uncompute_at(entries, controls, exponent) == erased


@pytest.mark.parametrize(("limit", "controls"), list(product(LIMITS, CONTROLS)))
@settings(parent=FIXED, max_examples=25)
@given(rows=sizes, levels=st.lists(st.integers(0, 40), min_size=8, max_size=8), bits=words)
def test_trees(rows, levels, bits, controls, limit):
    found = tree.array(np.array(rows, float), np.array(levels, float), bits, controls, limit)
    for position, (row, level) in enumerate(zip(rows, levels, strict=True)):
        exact = tree.scalar(row, level, bits, controls, limit)
        assert math.isclose(found[position], exact, rel_tol=1e-12)
        if exact < 2**52:
            assert found[position] == exact


@pytest.mark.parametrize("power", range(121))
def test_integer_logarithms_are_exact(power):
    edge = 2**power
    assert ceil_log2.scalar(edge) == power
    assert ceil_log2.scalar(edge + 1) == power + 1
    assert ceil_log2.scalar(Fraction(2 * edge + 1, 2)) == power + 1
    assert ceil_log2.scalar(Fraction(1, edge)) == -power
    if power > 1:
        assert ceil_log2.scalar(edge - 1) == power


def test_integer_logarithms_of_arrays_are_exact():
    power = np.arange(2, 53)
    edge = np.exp2(power)
    assert (ceil_log2.array(edge) == power).all()
    assert (ceil_log2.array(edge + 1) == power + 1).all()
    assert (ceil_log2.array(edge - 1) == power).all()
    assert (ceil_log2.array(1 / edge) == -power).all()
    assert ceil_log2.array(np.array([1.0, 2.0])).tolist() == [0, 1]


@FIXED
@given(values=st.lists(st.floats(1e-300, 1e300), min_size=1, max_size=8))
def test_logarithms_of_reals(values):
    found = ceil_log2.array(np.array(values)).tolist()
    assert found == [ceil_log2.scalar(value) for value in values]
    for value, power in zip(values, found, strict=True):
        assert Fraction(2) ** int(power - 1) < Fraction(value) <= Fraction(2) ** int(power)


@FIXED
@given(states=st.lists(decades(1e12), min_size=1, max_size=8))
def test_uniform_superpositions(states):
    found = uniform_toffoli.array(np.array(states, dtype=float)).tolist()
    assert found == [uniform_toffoli.scalar(size) for size in states]
    assert [uniform_toffoli.scalar(2 * size) for size in states] == found


@FIXED
@given(growth=st.floats(0, 1.2), steps=st.integers(0, 80))
def test_geometric_sums(growth, steps):
    exact = float(sum(Fraction(growth) ** t for t in range(steps + 1)))
    assert math.isclose(geometric.scalar(growth, steps), exact, rel_tol=1e-9)
    assert geometric.array(np.array([growth]), steps)[0] == geometric.scalar(growth, steps)


@FIXED
@given(fails=st.lists(st.floats(1e-25, 0.99), min_size=1, max_size=8))
def test_medians(fails):
    found = majority.array(np.array(fails)).tolist()
    assert found == [majority.scalar(fail) for fail in fails]
    miss = 1 - 8 / math.pi**2
    for fail, repeats in zip(fails, found, strict=True):
        enough, fewer = int(repeats), int(repeats) - 2
        assert enough % 2 == 1
        assert tail(enough, miss) <= fail
        assert fewer < 1 or tail(fewer, miss) > fail


def tail(repeats: int, miss: float) -> float:
    """Return the chance that at least half of an odd number of estimates miss."""
    losing = range((repeats + 1) // 2, repeats + 1)
    terms = (math.comb(repeats, j) * miss**j * (1 - miss) ** (repeats - j) for j in losing)
    return math.fsum(terms)


def test_a_median_beyond_the_table_is_infinite_for_scalars_too():
    assert majority.array(np.array([1e-300]))[0] == math.inf
    assert majority.scalar(1e-300) == math.inf
