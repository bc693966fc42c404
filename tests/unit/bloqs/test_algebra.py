"""Sums, products, dilations, sparse states: ledger and gates by hand, and against Qualtran's."""

import math

import pytest
import sympy
from qualtran.bloqs.basic_gates import Hadamard, XGate
from qualtran.bloqs.block_encoding import LinearCombination, Product
from qualtran.bloqs.block_encoding import Unitary as Opaque

from qres.bloqs.algebra import EncodingProduct, EncodingTensor, HermitianDilation
from qres.bloqs.dense_block import DenseBlock
from qres.bloqs.encoding_sum import EncodingSum
from qres.bloqs.frobenius_encoding import FrobeniusEncoding
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.sparse_encoding import SparseEncoding
from qres.bloqs.sparse_state import SparseState
from qres.bloqs.steps import Bits
from qres.bloqs.unary_iteration import visit
from qres.errors import InputError

ROWS = LoadedRotationTree(4, 2, 5, (0, 1), (1, 1))
ROW = LoadedRotationTree(1, 2, 5, (0, 0), (0, 1))


def dense(alpha=1.0, epsilon=0.0):
    """28 Toffoli gates, 34 with a control: rows 2 + 0, 2 + 5 + 2, 8, controls 4; row 8, 1; swaps 2.

    Rows: 4 entries 4 - 2, by pairs 2 + 2 - 4; 8 entries by pairs 4 - 2 + 5, 4 + 2 - 4; two additions
    of 4. Row: 1 entry none, 2 entries none, two additions of 4; with a control 2 - 2 + 1 and
    1 + 2 - 4 + 1.
    """
    return FrobeniusEncoding(ROWS, ROW, alpha=alpha, epsilon=epsilon)


def sparse(alpha=1.0, epsilon=0.0):
    """4 rows of 2 slots: 8 entries; angles and moves 6 + 2 each by pairs, addition 4: 20; with c 24."""
    return SparseEncoding(4, 2, 1, 5, False, (0, 1), (0, 1), alpha=alpha, epsilon=epsilon)


PLAIN, CONTROLLED = 2 + 0 + 7 + 2 + 8 + 8, 2 + 0 + 7 + 2 + 8 + 4 + 8 + 1 + 2


def test_the_parts_by_hand(toffoli):
    assert toffoli(dense()) == PLAIN
    assert toffoli(dense().with_controls(1)) == CONTROLLED
    assert toffoli(sparse()) == 20
    assert toffoli(sparse().with_controls(1)) == 24


def test_the_error_of_a_product_is_that_of_the_definition():
    """(1, 0.1) times (100, 0): off by 0.1 times 100; Qualtran's class says 0.1."""
    parts = dense(1.0, 0.1), sparse(100.0, 0.0)
    for composed in (EncodingProduct(parts), EncodingTensor(parts), EncodingProduct(parts[::-1])):
        assert composed.alpha == 100
        assert composed.epsilon == pytest.approx(10)
    theirs = Product.of(*(Opaque(XGate(), alpha=a, epsilon=e) for a, e in ((1, 0.1), (100, 0))))
    assert theirs.epsilon == pytest.approx(0.1)
    # three factors: 0.1 * 3 * 5 + 0.2 * 2 * 5 + 0.3 * 2 * 3
    three = EncodingProduct((dense(2, 0.1), dense(3, 0.2), sparse(5, 0.3)))
    assert three.epsilon == pytest.approx(1.5 + 2 + 1.8)


def test_the_error_of_a_sum_is_that_of_the_definition():
    """3 A - 2 B with errors 0.1 each: 0.5; Qualtran's class says 0.1."""
    found = EncodingSum((dense(1.0, 0.1), sparse(1.0, 0.1)), (3.0, -2.0))
    assert (found.alpha, found.epsilon) == (5, pytest.approx(0.5))
    terms = [(3.0, Opaque(XGate(), epsilon=0.1)), (-2.0, Opaque(Hadamard(), epsilon=0.1))]
    assert LinearCombination.of_terms(*terms, lambd_bits=2).epsilon == pytest.approx(0.1)
    scaled = EncodingSum((dense(7.0, 0.1), sparse(0.5, 0.2)), (3.0, -2.0))
    assert (scaled.alpha, scaled.epsilon) == (22, pytest.approx(0.7))


def test_a_dilation_keeps_the_ledger():
    found = HermitianDilation(dense(3.0, 0.25))
    assert (found.alpha, found.epsilon, found.system_bitsize) == (3, 0.25, 3)
    assert found.ancilla_bitsize == 2 * 2


def test_gates_by_hand(count):
    assert count(HermitianDilation(dense())) == (2 * CONTROLLED, 0, 0)
    assert count(HermitianDilation(dense()).with_controls(1)) == (2 * CONTROLLED + 1, 0, 0)
    assert count(EncodingProduct((dense(), sparse()))) == (PLAIN + 20, 0, 0)
    assert count(EncodingProduct((dense(), sparse()), num_controls=1)) == (CONTROLLED + 24, 0, 0)
    assert count(EncodingTensor((dense(), sparse()))) == (PLAIN + 20, 0, 0)
    # three parts: 3 - 2 gates to choose, 4 - 1 rotations before and after
    parts = (dense(), sparse(), sparse())
    found = EncodingSum(parts, (1.0, -1.0, 0.5))
    assert count(found) == (CONTROLLED + 2 * 24 + 1, 0, 6)
    assert count(found.with_controls(1)) == (CONTROLLED + 2 * 24 + 2, 0, 6)


def test_symbolic_weights_are_counted():
    first, second = sympy.symbols("w_1 w_2", real=True)
    alpha, epsilon = sympy.symbols("alpha epsilon", positive=True)
    found = EncodingSum((dense(alpha, epsilon), sparse(2.0, 0.0)), (first, second))
    assert sympy.simplify(found.alpha - alpha * abs(first) - 2 * abs(second)) == 0
    assert sympy.simplify(found.epsilon - epsilon * abs(first)) == 0
    values = {first: -3, second: 0.5, alpha: 7, epsilon: 0.1}
    assert float(found.alpha.subs(values)) == pytest.approx(22)
    numbers = EncodingSum((dense(7.0, 0.1), sparse(2.0, 0.0)), (-3.0, 0.5))
    assert found.alpha.subs(values) == numbers.alpha


def test_symbolic_weights_count_as_numbers(count):
    weight = sympy.Symbol("w", real=True)
    symbolic = EncodingSum((dense(), sparse()), (weight, -weight))
    assert count(symbolic) == count(EncodingSum((dense(), sparse()), (1.0, -1.0)))


def test_only_bits_that_differ_are_tested():
    """Addresses 3, 9, 12 of 4 bits: bit 3 apart from 3, then bit 2: one gate more with a control."""
    address = Bits("x", 4)
    for control, gates in ((None, 1), (Bits("c", 1), 2)):
        steps = visit({3: 0, 9: 1, 12: 2}, address, control, lambda *_: ())
        ands = [step for step in steps if type(step.bloq).__name__ == "And"]
        assert len(ands) == 2 * gates  # each with its adjoint
        tested = {bit.low for step in ands for bit in step.wires["ctrl"] if bit.register == "x"}
        assert tested <= {3, 2}


def test_a_sparse_state_by_hand(toffoli, qubits):
    # tree: two additions of 4; look-up 3 - 2, iteration 3 - 2; with a control 1 each, the tree 1
    state = SparseState(ROW, 3, 6)
    assert toffoli(state) == 8 + 1 + 1
    assert toffoli(state.with_controls(1)) == 8 + 1 + 2 + 2
    # index 6, phase gradient 5, slot 2; an angle of 5 bits and the 4 carries of its addition, more than
    # a word of 6 bits with a ladder of 2
    assert qubits(state) == 6 + 5 + 2 + (5 + 4)
    assert toffoli(SparseState(LoadedRotationTree(1, 0, 5, (), ()), 1, 6)) == 0


NAN = math.nan


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: EncodingProduct((dense(),)), "parts: expected at least 2, found 1"),
        (lambda: EncodingProduct((dense(), dense().with_controls(1))), "parts.num_controls is 1"),
        (
            lambda: EncodingProduct((dense(), DenseBlock(((1.0,),), alpha=1.0, epsilon=0.0))),
            r"systems of one size, found \[2, 0\] qubits",
        ),
        (lambda: EncodingSum((dense(), sparse()), (1.0,)), "expected 2 finite real numbers"),
        (lambda: EncodingSum((dense(), sparse()), (1.0, NAN)), "expected 2 finite real numbers"),
        (lambda: EncodingSum((dense(), sparse()), (1.0, 1j)), "expected 2 finite real numbers"),
        (lambda: EncodingSum((dense(), sparse()), (0.0, 0.0)), "one that is not zero"),
        (lambda: HermitianDilation(dense().with_controls(1)), "part.num_controls is 1"),
        (lambda: SparseState(ROW, 5, 6), "slots is 5; its tree has 4"),
        (lambda: SparseState(ROWS, 3, 6), "has 4 rows"),
        (lambda: SparseState(ROW, 0, 6), "slots is 0"),
        (lambda: SparseState(ROW, 3, 4).with_entries([1, 1, 2], [1, 1, 1]), "3 different indices"),
        (lambda: SparseState(ROW, 3, 4).with_entries([1, 2, 16], [1, 1, 1]), "from 0 to 15"),
        (lambda: SparseState(ROW, 3, 4).with_entries([1, 2, 3], [1, NAN, 1]), "finite values"),
    ],
)
def test_bad_arguments_name_their_value(build, words):
    with pytest.raises(InputError, match=words):
        build()
