"""Trees, encodings, history and right-hand side, against arithmetic by hand."""

import pytest
import sympy
from qualtran import QUInt
from qualtran.bloqs.arithmetic import AddK
from qualtran.bloqs.mcmt import MultiControlZ
from qualtran.bloqs.state_preparation import PrepareUniformSuperposition

from qres.bloqs.frobenius_encoding import FrobeniusEncoding
from qres.bloqs.history_matrix import HistoryMatrix, TimeShift
from qres.bloqs.reflection import ZeroReflection
from qres.bloqs.right_hand_side import RepeatedVector, UniformSuperposition
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.sparse_encoding import SparseEncoding
from qres.errors import InputError

ERRORS = {"alpha": 2.0, "epsilon": 1e-3}
ROWS = LoadedRotationTree(3, 2, 5, (0, 1), (0, 1))
ROW = LoadedRotationTree(1, 2, 5, (0, 0), (0, 0))
DENSE = FrobeniusEncoding(ROWS, ROW, **ERRORS)
SPARSE = SparseEncoding(5, 3, 1, 6, False, (1, 1), (0, 2), **ERRORS)
FULL = SparseEncoding(3, 2, 2, 6, True, (0, 1), **ERRORS)


@pytest.mark.parametrize(
    ("bloq", "plain", "controlled"),
    [
        # level 0, 3 entries: 3-2, 3+1-4; level 1, 6 entries by pairs: 3-2+5, 3+2-4; additions 2*4
        (ROWS, (1 + 0) + (6 + 1) + 8, (2 + 1) + (7 + 2) + 8),
        # level 0, 1 entry: 0, 0; level 1, 2 entries: 2-2, 0 (also 2+1-4+1); additions 2*4
        (ROW, 0 + 0 + 8, 0 + (1 + 0) + 8),
        (LoadedRotationTree(1, 0, 5, (), ()), 0, 0),
        # a control also switches the exchange of two registers of 2 qubits
        (DENSE, 16 + 8, 20 + 9 + 2),
        # 10 entries: angles by pairs 5-2+6, 5+2-4; addition 5; targets 10-2, by fours 3+4-4
        (SPARSE, (9 + 3) + 5 + (8 + 3), (10 + 4) + 5 + (9 + 4)),
        # 12 entries: angles 12-2, by pairs 6+2-4; addition 5; 2 to compare the row with 3; the
        # involution is free, 2 swaps under a control
        (FULL, (10 + 4) + 5 + 2, (11 + 5) + 5 + 2 + 2),
    ],
)
def test_toffoli_by_hand(toffoli, bloq, plain, controlled):
    assert toffoli(bloq) == plain
    assert toffoli(bloq.with_controls(1)) == controlled


def test_equal_tables_are_counted_twice(toffoli):
    # angles and targets both of 4 bits: 5-2+4 and 5+2-4, twice; addition 3
    twins = SparseEncoding(5, 3, 1, 4, False, (1, 1), (1, 1), **ERRORS)
    assert toffoli(twins) == 2 * (7 + 3) + 3


def test_qubits_by_hand(qubits):
    # row index 2, target 2, phase gradient 5; widest table: 2 * 5 + 2
    assert qubits(ROWS) == 2 + 2 + 5 + 12
    # system 3, slot and flag 2, phase gradient 6; widest table: 2 * 6 + 3
    assert qubits(SPARSE) == 3 + 2 + 6 + 15
    # system 2, ancilla 2, phase gradient 5, control; widest table as above
    assert qubits(DENSE.with_controls(1)) == 1 + 2 + 2 + 5 + 12


def test_block_encoding_attributes():
    history = HistoryMatrix(SPARSE, 4, 5, 5, alpha=4.5, epsilon=1e-2)
    assert (SPARSE.system_bitsize, SPARSE.ancilla_bitsize) == (3, 2)
    assert (DENSE.system_bitsize, DENSE.ancilla_bitsize) == (2, 2)
    assert (history.system_bitsize, history.ancilla_bitsize) == (3 + 4, 2 + 1 + 2)
    assert (history.alpha, history.epsilon, history.resource_bitsize) == (4.5, 1e-2, 6)


@pytest.mark.parametrize("encoding", [SPARSE, FULL, DENSE, ROWS])
def test_adjoint_and_control_cost_what_they_should(count, qubits, encoding):
    assert count(encoding.adjoint()) == count(encoding)
    assert encoding.adjoint().adjoint() == encoding
    assert encoding.controlled() == encoding.with_controls(1)
    assert qubits(encoding.controlled()) == qubits(encoding) + 1


def test_history_by_hand(count, qubits):
    """The encoding under its control; who acts 1, carries of the limits 4, shift 3; control 2."""
    history = HistoryMatrix(DENSE, 4, 5, 5, **ERRORS)
    assert count(history) == (31 + 1 + 4 + 3, 0, 4)
    assert count(history.with_controls(1)) == (31 + 8 + 2, 0, 4)
    assert count(history.adjoint()) == count(history)
    # system 2 + 4, ancilla 3 + 2, phase gradient 5, widest table 2 * 5 + 2 and the encoding's control
    assert qubits(history) == 6 + 5 + 5 + 12 + 1
    assert qubits(history.with_controls(1)) == qubits(history) + 1


def test_right_hand_side_by_hand(count):
    six = RepeatedVector(ROW, 6)  # 6 = 3 * 2: two comparisons of 2 bits, a ladder of 1
    assert count(six) == (8 + 2 * 2 + 1, 0, 2)
    assert count(six.with_controls(1)) == (9 + 2 * 2 + 1, 0, 4)
    assert count(RepeatedVector(ROW, 8)) == (8, 0, 0)
    assert count(RepeatedVector(ROW, 8, num_controls=1)) == (9, 0, 0)


def test_uniform_superposition_equals_qualtrans_circuit(count):
    for length in range(2, 201):
        assert count(UniformSuperposition(length)) == count(PrepareUniformSuperposition(length))


def test_controlled_superposition_of_qualtran_controls_hadamards(count):
    """Theirs costs 3m, 2 ceil(log2 T) + 2 rotations (powers of two: 2 log2 T); ours needs less."""
    for length in range(3, 101):
        odd = length // (length & -length)
        m, bits = (odd - 1).bit_length(), (length - 1).bit_length()
        theirs = count(PrepareUniformSuperposition(length, cvs=(1,)))
        assert theirs == (3 * m, 0, 2 * bits + 2 * (m > 0))
        ours = count(UniformSuperposition(length, num_controls=1))
        assert ours == (max(0, 3 * m - 1), 0, 4 * (m > 0))


def test_reflection_equals_qualtrans_ladder(toffoli):
    for qubits in range(2, 12):
        theirs = toffoli(MultiControlZ((0,) * (qubits - 1)))
        assert toffoli(ZeroReflection(qubits)) == theirs == qubits - 2
        theirs = toffoli(MultiControlZ((0,) * qubits))
        assert toffoli(ZeroReflection(qubits, num_controls=1)) == theirs == qubits - 1
    assert toffoli(ZeroReflection(1)) == 0


def test_time_shift_equals_qualtrans_increment(toffoli):
    for bits in range(2, 9):
        assert toffoli(TimeShift(bits)) == toffoli(AddK(QUInt(bits), 1)) == bits - 1
    assert toffoli(TimeShift(1)) == 0


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: LoadedRotationTree(3, 2, 5, (0,), (0, 1)), "1 and 2 block exponents"),
        (lambda: LoadedRotationTree(3, 2, 5, (0, 3), (0, 1)), "log_block is 3 for 6 entries"),
        (lambda: LoadedRotationTree(3, sympy.Symbol("n"), 5, (), ()), "must be a number"),
        (lambda: FrobeniusEncoding(ROWS, ROWS, **ERRORS), "3 rows and 2 levels"),
        (lambda: SparseEncoding(5, 3, 4, 6, False, (0, 0), **ERRORS), "slot_bitsize is 4"),
        (lambda: SparseEncoding(5, 3, 2, 6, True, (0, 0), **ERRORS), "slot_bitsize is 2"),
        (lambda: RepeatedVector(ROWS, 6), "has 3 rows"),
        (lambda: HistoryMatrix(DENSE, 0, 5, 5, **ERRORS), "time_bitsize is 0"),
        (lambda: HistoryMatrix(DENSE, 4, 0, 5, **ERRORS), "n_steps is 0"),
        (lambda: HistoryMatrix(DENSE, 4, 8, 8, **ERRORS), "8 steps and 8 idle rows do not fit 4"),
    ],
)
def test_bad_arguments_name_their_value(build, words):
    with pytest.raises(InputError, match=words):
        build()
