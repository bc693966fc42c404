"""Circuits of momentum, against arithmetic by hand."""

import pytest
import sympy
from qualtran.resource_counting import QECGatesCost, get_cost_value

from qres.bloqs.factor_encoding import FactorTrees
from qres.bloqs.linear_solver import SolverRun
from qres.bloqs.momentum_step import MomentumMatrix, MomentumVector
from qres.bloqs.right_hand_side import RepeatedVector
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.errors import InputError

ERRORS = {"alpha": 2.0, "epsilon": 1e-3}
ROWS = LoadedRotationTree(3, 2, 5, (0, 1), (0, 1))  # 16 Toffoli, 20 controlled
ROW = LoadedRotationTree(1, 2, 5, (0, 0), (0, 0))  # 8, 9
FACTOR = FactorTrees(
    row_tree=ROWS, norm_tree=ROW, order=1, **ERRORS
)  # 20 + 9 + 2 swaps, controlled
MATRIX = MomentumMatrix(FACTOR, 4, 5, 5, **ERRORS)
VECTOR = MomentumVector(RepeatedVector(ROW, 6))  # 13, 14 controlled; 2 rotations and 1


def test_matrix_by_hand(count, qubits):
    # the factor under its control; who acts 1, carries 2 x 4, x and b 1, flag 1, time 3; control 2
    toffoli = 31 + 1 + 8 + 1 + 1 + 3
    assert count(MATRIX) == (toffoli, 0, 12)
    assert count(MATRIX.with_controls(1)) == (toffoli + 2, 0, 12)
    assert count(MATRIX.adjoint()) == count(MATRIX)
    assert (MATRIX.system_bitsize, MATRIX.ancilla_bitsize) == (4 + 1 + 2, 5 + 2)
    # phase gradient 5, widest table 2 x 5 + 2, the factor's control
    assert qubits(MATRIX) == 7 + 7 + 5 + 12 + 1


def test_vector_by_hand(count, qubits):
    assert count(VECTOR) == (13, 0, 3)
    assert count(VECTOR.with_controls(1)) == (14, 0, 6)
    # vector 2, branch 1, time 3, phase gradient 5; an angle of 5 bits and the 4 carries of its addition
    assert qubits(VECTOR) == 2 + 1 + 3 + 5 + (5 + 4)


def test_run_by_hand(count):
    run = SolverRun(MATRIX, VECTOR, 10, 20, 7, 4)
    # reflections on 7 + 4 qubits
    assert count(run) == (10 * 45 + 20 * 13 + 10 * 9, 0, 10 * 12 + 20 * 3 + 10)
    controlled = (10 * 47 + 20 * 14 + 10 * 10, 0, 10 * 12 + 20 * 6 + 20)
    assert count(run.with_controls(1)) == controlled


def test_symbols_become_the_same_numbers():
    time = sympy.Symbol("tau", integer=True, positive=True)
    costs = get_cost_value(
        MomentumMatrix(FACTOR, time, 5, 5, **ERRORS), QECGatesCost(), costs_cache={}
    )
    numbers = get_cost_value(MATRIX, QECGatesCost(), costs_cache={})
    for name in ("toffoli", "and_bloq", "cswap", "rotation"):
        assert sympy.sympify(getattr(costs, name)).subs(time, 4) == getattr(numbers, name)


def test_bad_arguments_are_refused():
    with pytest.raises(InputError, match="factor"):
        MomentumMatrix(FACTOR.with_controls(1), 4, 5, 5, **ERRORS)
    with pytest.raises(InputError, match="time_bitsize"):
        MomentumMatrix(FACTOR, 0, 5, 5, **ERRORS)
    with pytest.raises(InputError, match="repeated"):
        MomentumVector(RepeatedVector(ROW, 6).with_controls(1))
    wide = LoadedRotationTree(3, 4, 5, (0,) * 4, (0,) * 4)
    quadratic = FactorTrees(row_tree=wide, norm_tree=ROW, order=2, **ERRORS)
    with pytest.raises(InputError, match="expected F_1"):
        MomentumMatrix(quadratic, 4, 5, 5, **ERRORS)
