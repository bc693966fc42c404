"""Encodings without a table of entries, and of a Gram matrix: gates and qubits by hand."""

import pytest
import sympy

from qres.bloqs.banded_encoding import BandedEncoding
from qres.bloqs.gram_encoding import GramEncoding
from qres.bloqs.qram import BucketBrigade, Memory
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.errors import InputError

ERRORS = {"alpha": 2.0, "epsilon": 1e-3}
LAPLACE = BandedEncoding(16, 4, 5, 3, 2 + 4, 2, 6, **ERRORS)  # 4 x 4 grid: cuts at 4, and none
TOEPLITZ = BandedEncoding(11, 4, 3, 2, 4, 1, 6, **ERRORS)
ROWS = LoadedRotationTree(6, 2, 5, (0, 0), (0, 0))
NORMS = LoadedRotationTree(1, 3, 5, (0, 0, 0), (0, 0, 0))
GRAM = GramEncoding(ROWS, NORMS, (0, 0), **ERRORS)


@pytest.mark.parametrize(
    ("bloq", "plain", "controlled"),
    [
        # weights of 8 amplitudes, 3 additions of 5 and one list of 4 (4-2, by pairs 2+2-4), twice;
        # 5 offsets 5-2, by pairs 3+2-4; additions 2 + 4; with a control +2 a list of 4, +1 a list
        # of 2 (2-2+1, 1+2-4+1 stays 0), and +2 the offsets
        (LAPLACE, 2 * (15 + 2 + 0) + 4 + 6, 2 * (15 + 2 + 0 + 2 + 1) + 6 + 6),
        # weights of 4 amplitudes, twice 2 additions of 5; 3 offsets 3-2, 2+2-4; addition 4; two
        # comparisons of 4 bits with 11, 4-1 each
        (TOEPLITZ, 2 * 10 + 1 + 4 + 6, 2 * (10 + 1) + (2 + 1) + 4 + 6),
        # rows: 6-2, 6+1-4, 12-2, 12+1-4, additions 2*4; norms: 4-2, 4+1-4, 3*4; both twice;
        # factors 4 + 3, addition 4; projection 2-1
        (GRAM, 2 * (7 + 19 + 8) + 2 * (3 + 12) + 7 + 4 + 1, 2 * (38 + 18) + 9 + 4 + 2),
    ],
)
def test_toffoli_by_hand(toffoli, bloq, plain, controlled):
    assert toffoli(bloq) == plain
    assert toffoli(bloq.with_controls(1)) == controlled
    assert toffoli(bloq.adjoint()) == plain


def test_qubits_by_hand(qubits):
    # system 4, number of the diagonal 3, flags 2, phase gradient 6; word 6 + 2, carries 4
    assert qubits(LAPLACE) == 4 + 3 + 2 + 6 + 12
    # system 4, number 2, flags 2, phase gradient 6; word 4 + 1, carries 4
    assert qubits(TOEPLITZ.with_controls(1)) == 1 + 4 + 2 + 2 + 6 + (6 + 5)
    # system 2, row 3, flags 2, phase gradient 5; widest list: 12 entries of 5 bits, ladder 4
    assert qubits(GRAM) == 2 + 3 + 2 + 5 + 9


def test_a_brigade_by_hand(toffoli, qubits):
    # 11 cells: 5, 3, 1, 1 branchings less 1 a bit, 6 moves of the address; token 10, one free
    assert toffoli(BucketBrigade(11)) == 6 + 9
    assert toffoli(BucketBrigade(11, num_controls=1)) == 6 + 10
    assert toffoli(BucketBrigade(11).adjoint()) == 0
    assert qubits(BucketBrigade(11)) == 4 + 10 + 20
    assert toffoli(BucketBrigade(1)) == 0
    assert qubits(TableLookup(11, 3, Memory.BRIGADE)) == 4 + 30 + 3
    assert qubits(TableUncompute(11, 3, Memory.BRIGADE)) == 4 + 3 + 30 - 3
    look = TableLookup(11, 3, Memory.BRIGADE)
    assert look.adjoint() == TableUncompute(11, 3, Memory.BRIGADE)


def test_a_symbolic_brigade_becomes_the_number(toffoli):
    cells = sympy.Symbol("M", integer=True, positive=True)
    count = toffoli(TableLookup(cells, 3, Memory.BRIGADE))
    for number in (2, 3, 11, 64, 1000):
        found = sympy.sympify(count).xreplace({cells: sympy.Integer(number)})
        assert found == toffoli(TableLookup(number, 3, Memory.BRIGADE))


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: BandedEncoding(16, 4, 0, 0, 4, 1, 6, **ERRORS), "n_diagonals is 0"),
        (lambda: BandedEncoding(16, 4, 5, 3, 0, 1, 6, **ERRORS), "shift_bits is 0"),
        (lambda: GramEncoding(ROWS, ROWS, (0, 0), **ERRORS), "norm_tree has 6 rows"),
        (lambda: GramEncoding(ROWS, NORMS, (3, 0), **ERRORS), "log_block is 3 for 6 entries"),
        (lambda: BucketBrigade(0), "entries is 0"),
        (lambda: TableLookup(8, 3, "qram"), "log_block is 'qram'"),
    ],
)
def test_bad_arguments_name_their_value(build, words):
    with pytest.raises(InputError, match=words):
        build()
