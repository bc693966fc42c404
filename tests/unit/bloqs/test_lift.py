"""Factors, lifted matrix and its right-hand side as bloqs: hand arithmetic, controls, refusals."""

import attrs
import pytest
import sympy

from qres.bloqs.carleman_lift import LiftedMatrix
from qres.bloqs.factor_encoding import FactorTrees
from qres.bloqs.factor_tables import FactorSlots, FactorTable
from qres.bloqs.lifted_source import LiftedVector
from qres.bloqs.right_hand_side import RepeatedVector
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.errors import InputError

ERRORS = {"alpha": 2.0, "epsilon": 1e-3}


def make_tree(rows, levels):
    return LoadedRotationTree(rows, levels, 5, (0,) * levels, (0,) * levels)


ROW, ROWS, PAIRS = make_tree(1, 2), make_tree(3, 2), make_tree(3, 4)
LINEAR = FactorTrees(ROWS, ROW, order=1, **ERRORS)
QUADRATIC = FactorTrees(PAIRS, ROW, order=2, **ERRORS)
TABLE = FactorTable(3, 2, 5, (0, 0), order=2, **ERRORS)
SLOTS = FactorSlots(3, 2, 2, 1, 5, (0, 0), (0, 0), order=2, **ERRORS)
SPAN = (4, 9, 3)
"""Qubits of the time, steps, idle rows."""
LIFT = LiftedMatrix(ROW, (LINEAR, QUADRATIC), 2, 2, *SPAN, **ERRORS)


@pytest.mark.parametrize(
    ("bloq", "plain", "controlled"),
    [
        # rows 3, 6: 1 + 0, 4 + 3; norms 1, 2: 0, 0 + 0; 4 additions of 4; then 3 swaps under control
        (LINEAR, (1 + 4 + 3) + 4 * 4, (2 + 1 + 5 + 4) + (1 + 0) + 4 * 4 + 2),
        # 3, 6, 12, 24: M - 2 + M - 3; ladder 2 - 1 + c
        (
            QUADRATIC,
            (1 + 0 + 4 + 3 + 10 + 9 + 22 + 21) + 6 * 4 + 1,
            (2 + 1 + 5 + 4 + 11 + 10 + 23 + 22) + (1 + 0) + 6 * 4 + 2 + 2,
        ),
        # 48 entries; 2 swaps and 2 Hadamards under control; "row 3" a comparison of 2
        (TABLE, 46 + 45 + 4 + 2 + 1, 47 + 46 + 4 + 2 + 2 + 2 + 2),
        # 12 values, 3 * 2^3 codes, always under a control, for "row 3" is compared, 1 gate before and
        # after, and joined; one Hadamard alone
        (SLOTS, 10 + 9 + 4 + 23 + 22 + 2 + 1, 11 + 10 + 4 + 23 + 22 + (2 + 1) + 1 + 2),
    ],
)
def test_factors_by_hand(toffoli, bloq, plain, controlled):
    assert toffoli(bloq) == plain
    assert toffoli(bloq.with_controls(1)) == controlled


def test_registers(qubits):
    assert (QUADRATIC.system_bitsize, QUADRATIC.ancilla_bitsize) == (4, 2 + 1)
    # the row, the rotated flag, that of row 3, that of emptiness
    assert (TABLE.system_bitsize, TABLE.ancilla_bitsize) == (4, 2 + 1 + 1 + 1)
    # codes of 2 + 3 qubits, 4 of them in the registers
    assert (SLOTS.system_bitsize, SLOTS.ancilla_bitsize) == (4, 1 + 1 + 1)
    # tables of 24 entries of 5 bits, one at a time
    assert qubits(QUADRATIC) == 4 + 3 + 5 + (5 + 5)
    # time 4, block 1, two cells of 2
    assert LIFT.system_bitsize == 4 + 1 + 2 * 2
    # h, mask 2, places 3, running 2, kinds 4 and 2, w = 3 with 2 new, 2 flags, a cell, 2 * 3
    assert LIFT.ancilla_bitsize == 1 + 2 + 3 + 2 + 4 + 2 + 2 + 2 + 2 + 6
    assert qubits(LIFT) == 9 + 26 + 5 + (5 + 5)
    # three blocks on 2 qubits: flags for the time, 2 positions, a block 4 that comes or goes
    more = attrs.evolve(LIFT, truncation_order=3)
    assert more.ancilla_bitsize == 1 + 3 + (1 + 2 + 2) + 2 + 4 + 2 + 1 + (1 + 2 + 2) + 2 + 6


def test_lift_by_hand(count):
    factors = 2 * ((1 + 8) + 31 + 107)
    # three cells: 2 + 2 before the factors, 1 + 0 for a second cell, 1 at the end; 2 swaps each
    moves = (2 + 2 + 1 + 1) * 2 + 5
    # places 3, kinds 4, block 4 * 2, limit of the time 4, position 2 beyond block 1 1, time 3
    rest = 3 + 4 + 8 + 4 + 1 + 3
    # h, places, two bits for each kind, twice
    turns = 2 * (1 + 3 + 2 * 2)
    assert count(LIFT) == (factors + moves + rest, 0, turns)
    assert count(LIFT.with_controls(1)) == (factors + moves + rest + 1, 0, turns)


def test_a_factor_that_cannot_fit_is_not_built(count):
    cubic = FactorTrees(make_tree(3, 6), ROW, order=3, **ERRORS)
    wide = LiftedMatrix(ROW, (LINEAR, QUADRATIC, cubic), 2, 1, *SPAN, **ERRORS)
    gates, bare = count(wide)[0], LiftedMatrix(ROW, (LINEAR, QUADRATIC), 2, 1, *SPAN, **ERRORS)
    # one kind more: an And, an addition on ceil(log2(2 + 3)) = 3 qubits; the other one had 2 each
    # (w = ceil(log2(2 + 2)) = 2: 1 gate), so 3 * 2 - 2 * 1
    assert gates - count(bare)[0] == 1 + (3 * 2 - 2 * 1)


def test_one_power_is_the_right_hand_side_of_order_one(count):
    for steps in (1, 5, 6, 8):
        for controls in (0, 1):
            one = LiftedVector(ROW, steps, 1, 2, num_controls=controls)
            assert count(one) == count(RepeatedVector(ROW, steps, num_controls=controls))


def test_powers_by_hand(count, qubits):
    # the vector: 8, under a control 9; three cells: j >= 2, j >= 3 are sums of two bits; 3 angles
    assert count(LiftedVector(ROW, 8, 3, 3)) == (8 + 2 * 9, 0, 3)
    assert count(LiftedVector(ROW, 8, 3, 3, num_controls=1)) == (3 * 9, 0, 6)
    # with 3 = 11 in binary the product of both bits occurs
    assert count(LiftedVector(ROW, 8, 4, 4)) == (8 + 3 * 9 + 1, 0, 3)
    # three cells, block, time, phase gradient; a table of 2 entries and two bits
    assert qubits(LiftedVector(ROW, 8, 3, 3)) == 6 + 2 + 3 + 5 + (5 + 4) + 2


@pytest.mark.parametrize(
    "bloq", [LINEAR, QUADRATIC, TABLE, SLOTS, LIFT, LiftedVector(ROW, 5, 2, 3)]
)
def test_adjoint_and_control_cost_what_they_should(count, qubits, bloq):
    assert count(bloq.adjoint()) == count(bloq)
    assert bloq.adjoint().adjoint() == bloq
    assert bloq.controlled() == bloq.with_controls(1)
    # the control, and where it joins a qubit of the lift that one
    assert qubits(bloq.controlled()) == qubits(bloq) + (2 if bloq is LIFT else 1)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: FactorTrees(ROWS, ROW, order=2, **ERRORS), "has 2 levels"),
        (lambda: FactorTrees(ROWS, ROWS, order=1, **ERRORS), "norm_tree 3 rows"),
        (lambda: attrs.evolve(TABLE, order=0), "order is 0"),
        (lambda: attrs.evolve(TABLE, angle_blocks=(6, 0)), "log_block is 6 for 48 entries"),
        (lambda: attrs.evolve(SLOTS, move_blocks=(5, 0)), "log_block is 5 for 24 entries"),
        (lambda: attrs.evolve(LIFT, factors=(QUADRATIC,)), r"of orders \[2\]"),
        (lambda: attrs.evolve(LIFT, factors=()), r"of orders \[\]"),
        (lambda: attrs.evolve(LIFT, forcing=ROWS), "forcing has 3 rows"),
        (lambda: attrs.evolve(LIFT, truncation_order=1), "truncation_order is 1"),
        (lambda: attrs.evolve(LIFT, map_order=0), "map_order is 0"),
        (lambda: attrs.evolve(LIFT, map_order=sympy.Symbol("m")), "2 and m; they must be numbers"),
        (lambda: LiftedVector(ROW, 6, sympy.Symbol("m"), 2), "powers is m; it must be a number"),
        (lambda: LiftedVector(ROW, 6, 3, 2), "powers is 3; .* at most the truncation order 2"),
        (lambda: LiftedVector(ROWS, 6, 2, 2), "has 3 rows"),
        (lambda: LiftedVector(ROW, 6, 0, 2), "powers is 0"),
    ],
)
def test_bad_arguments_name_their_value(build, words):
    with pytest.raises(InputError, match=words):
        build()
