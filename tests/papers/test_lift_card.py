"""The gate card of the lift by hand: r = 6, five steps, order 3, map of order 2, degree 2."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from qres.algorithms.lifted import lifted_definitions, lifted_matrix, lifted_vector
from qres.notation.binomial import lift_slope, lift_weight
from qres.notation.compiled import compile_exact
from qres.notation.symbols import symbol


def put_in(expression, values):
    free = sorted(str(item) for item in expression.free_symbols)
    letters = tuple(symbol(name) for name in free)
    return compile_exact(letters, expression)(*(values[name] for name in free))


CARD = {"dim": 6, "index_bits": 3, "segment_steps": 5, "time_bits": 4, "block_limit": 63}
CARD |= {"truncation_order": 3, "map_order": 2, "matrix_bits": 12, "rhs_bits": 12}
CARD |= {"slot_bits": 1, "t3_slot_bits": 2}
"""r = 6 (n = 3), T = p = 5 (11 rows, tau = 4), N = 3, m = 2, q = 2; slots of 2 and 4 entries."""

# A tree under one control: look and unlook of each level, 11 gates an addition (12 - 1).
# 1 entry: 0, 0. 2: 2-2+1 and 2+1-4+1. 4: 4-2+1 and, by pairs, 2+2-4+1.
PREP = (0 + 0) + (1 + 0) + (3 + 1) + 3 * 11
# 6: 6-2+1; by pairs 3+2-4+1. 12: 12-2+1; by fours 3+4-4+1. 24: 24-2+1; by fours 6+4-4+1.
ROW = (5 + 2) + (11 + 4) + (23 + 7)
# 48: by pairs 24-2+1+12; by eights 6+8-4+1. 96: by pairs 48-2+1+12; by eights 12+8-4+1.
# 192: by fours 48-2+1+36; by sixteens 12+16-4+1.
ROW_PAIRS = ROW + (35 + 11) + (59 + 17) + (83 + 25)

FACTORS = {
    # row, norms, 3 swaps; for F_2 a ladder over 3 qubits and the control
    "frobenius": (ROW + 3 * 11 + PREP + 3, ROW_PAIRS + 6 * 11 + PREP + 3 + 3),
    # 48 entries and one addition, 3 swaps; 384 entries (by fours 96-2+1+36, by sixteens
    # 24+16-4+1), 3 swaps, 3 controlled Hadamards, the ladder; each flags rows 6 and 7 by comparing 3
    # bits
    "dense": ((35 + 11) + 11 + 3 + 3, (131 + 37) + 11 + 3 + 3 + 3 + 3),
    # 12 values; 12 codes of 4 bits (by pairs 6-2+1+4). 24 values; 6 * 2^4 = 96 codes of 7 bits
    # (by fours 24-2+1+21; by eights 17), one Hadamard that is alone, the ladder; in each the moves
    # are off in rows 6 and 7: 2 carries before and 2 after, and one gate that joins the control
    "sparse": (
        (11 + 4) + 11 + (9 + 4) + (2 + 2 + 1),
        (23 + 7) + 11 + (44 + 17) + (2 + 2 + 1) + 1 + 3,
    ),
}

# one spare cell, 4 in all: before the first factor 3 exchanges, before the second 3, fetching a
# second cell 2 + 1; last sweep 2
MOVES = (3 + 3 + 2 + 1 + 2) * 3 + (3 + 3 + 2 + 1)
PLACES = 1 + 2 + 2  # positions 1, 2, 3 and two factors
KINDS = 2 * 2
BLOCK = 2 * 2 * (3 - 1)  # block indices within 3 + 2 * 2 = 7: 3 qubits
# the limit of the time; block 4 is no block: one carry, in and out; one product of the bits of the
# block index for "j >= l", and positions 2 and 3
FLAGS = 4 + (1 + 2) + 1 + 2
TIME = 4 - 1


@pytest.mark.parametrize("name", FACTORS)
def test_toffoli_by_hand(name):
    linear, quadratic = FACTORS[name]
    expected = 2 * (PREP + linear + quadratic) + MOVES + PLACES + KINDS + BLOCK + FLAGS + TIME
    part = lifted_matrix(name, 2)
    assert put_in(part.toffoli(0), CARD) == expected
    assert put_in(part.toffoli(1), CARD) == expected + 1, "the control joins h"


def test_the_sums_of_the_card():
    """The terms written out once more as numbers."""
    assert (PREP, ROW, ROW_PAIRS) == (38, 52, 282)
    assert FACTORS["frobenius"] == (126, 392)
    assert (MOVES, PLACES, KINDS, BLOCK, FLAGS, TIME) == (42, 5, 4, 8, 10, 3)
    assert MOVES - 9 <= 2 * 2 * 3 * 3, "swaps of cells beyond 2 m N n"
    assert put_in(lifted_matrix("frobenius", 2).toffoli(0), CARD) == 2 * 556 + 72


def test_rotations_and_ancillas_by_hand():
    part = lifted_matrix("frobenius", 2)
    # identity or shift; places; two kinds of three values each: 2 bits
    rotations = 2 * (1 + 5 + 2 * 2)
    assert put_in(part.rotations(0), CARD) == rotations
    assert put_in(part.rotations(1), CARD) == rotations
    # h, mask, places, running, kinds, kind of the factor at work; one high bit; flags of the time,
    # positions 2 and 3, block 4 in and out; a cell
    routing = 1 + 3 + 5 + 2 + 4 + 2 + (3 - 2) + (1 + 2 + 2) + 3
    assert put_in(part.ancillas, CARD) == routing + 2 * (3 + 1)
    assert put_in(lifted_matrix("dense", 2).ancillas, CARD) == routing + 2 * (3 + 1 + 1 + 1)
    assert put_in(lifted_matrix("sparse", 2).ancillas, CARD) == routing + 2 * (1 + 1 + 1)
    # 192 entries of 12 bits by fours: 48 blocks; 384 by fours: 96; 96 codes of 7 bits by fours: 24
    assert put_in(part.width(0), CARD) == 4 * 12 + 6
    # a control joined with h is one more; beside the moves the qubit that says whether they are on
    assert put_in(lifted_matrix("dense", 2).width(1), CARD) == 4 * 12 + 7 + 1
    assert put_in(lifted_matrix("sparse", 2).width(0), CARD) == 4 * 7 + 5 + 1


def test_right_hand_side_by_hand():
    part = lifted_vector()
    plain = (0 + 0) + (0 + 0) + (2 + 0) + 3 * 11  # 4 entries: 4-2, by pairs 2+2-4
    # the second cell under "j >= 2", a single bit; T = 5: two comparisons of 3 bits, a ladder of 2
    assert put_in(part.toffoli(0), CARD) == plain + PREP + 2 * 3 + 2
    assert put_in(part.toffoli(1), CARD) == PREP + PREP + 2 * 3 + 2
    assert (put_in(part.rotations(0), CARD), put_in(part.rotations(1), CARD)) == (2 + 1, 4 + 2)
    # a word of 12 that is added, with 11 carries; the qubit of the second cell
    assert put_in(part.width(0), CARD) == (12 + 11) + 1
    assert put_in(part.angle_weight, CARD) == pytest.approx(2 * math.pi * 3 * 2, rel=1e-15)


def test_normalisations_by_hand():
    values = CARD | {"learning_rate": 0.1, "rescaling": 0.5, "grad_norm": 2.0}
    values |= {"max_entry": 3.0, "t3_max_entry": 0.5, "frobenius_norm": 8.0, "t3_frobenius": 6.0}
    values |= {"sparsity": 2, "t3_sparsity": 3}
    expected = {"frobenius": (8, 3), "dense": (8 * 3, 2**4.5 / 4), "sparse": (2 * 3, 2**1.5 / 4)}
    for name, (linear, quadratic) in expected.items():
        found = dict(values)
        for key, formula in lifted_definitions("card", name, 2):
            found[key] = formula(**{item: found[item] for item in formula.inputs})
        a = 0.1 * (2 / 0.5 + linear + 0.5 * quadratic)
        assert found["index_width"] == 4 + 2 + 3 * 3
        assert found["alpha_quadratic"] == pytest.approx(quadratic, rel=1e-14)
        assert found["factor_norm"] == pytest.approx(a, rel=1e-14)
        assert found["alpha_map"] == pytest.approx(1 + 3 * a + 3 * a**2, rel=1e-14)
        assert found["alpha"] == pytest.approx(2 + 3 * a + 3 * a**2, rel=1e-14)


def test_weights_of_the_lift_and_their_slope():
    """alpha_M of the sheet: N = 4, a = .4, m = 1, 2, 4; and (1 + a)^N with its derivative."""
    orders, a = np.array([1.0, 2.0, 4.0, 6.0]), 0.1 * (0.5 + 2 + 1.5)
    expected = [2.6, 3.56, 3.8416, 3.8416]  # no more than N factors
    assert lift_weight.array(4.0, orders, a) == pytest.approx(expected, rel=1e-14)
    assert [lift_weight.scalar(4, int(m), a) for m in orders] == pytest.approx(expected, rel=1e-14)
    for order in range(1, 7):
        slope = order * (1 + a) ** (order - 1)
        assert lift_slope.scalar(order, order, a) == pytest.approx(slope, rel=1e-13)
        assert float(lift_slope.array(order, order, a)) == pytest.approx(slope, rel=1e-13)
    # m = 2, N = 4: derivative of 1 + 4 a + 6 a^2
    assert lift_slope.array(4, np.array([2, 1]), 0.5) == pytest.approx([4 + 6, 4], rel=1e-14)
    assert lift_weight.scalar(3, 2, Fraction(1, 3)) == 1 + 1 + Fraction(1, 3)
