"""Gram, computed and composed encodings, and states: their blocks, errors and gates; broken ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qres.bloqs.encoding_sum import EncodingSum
from qres.bloqs.gram_encoding import GramEncoding
from qres.errors import InputError
from qres.measurement.diagonals import Diagonals
from qres.verify import algebra, proofs, states
from qres.verify.instances import DIAGONALS, GRAMS, Gram, dense_diagonals

FORM = st.sampled_from(proofs.FORMS)
SEED = st.integers(0, 2**32 - 1)
ACCESS = st.sampled_from(["qroam", "qram"])


def is_proven(proof):
    assert proof.is_encoded, proof
    assert proof.toffoli == proof.toffoli_call_graph == proof.toffoli_circuit, proof


@settings(max_examples=15)
@given(
    kind=st.sampled_from(sorted(GRAMS)), size=st.integers(2, 9), form=FORM, seed=SEED, access=ACCESS
)
def test_a_gram_matrix(kind, size, form, seed, access):
    instance = GRAMS[kind](np.random.default_rng(seed), size)
    is_proven(proofs.prove("gram", instance, form=form, bits=9, access=access))


@settings(max_examples=25)
@given(kind=st.sampled_from(sorted(DIAGONALS)), size=st.integers(2, 16), form=FORM, seed=SEED)
def test_constant_diagonals(kind, size, form, seed):
    instance = DIAGONALS[kind](np.random.default_rng(seed), size)
    is_proven(proofs.prove("computed", instance, form=form, bits=9))


@settings(max_examples=20)
@given(title=st.sampled_from(sorted(algebra.COMPOSITIONS)), size=st.integers(2, 4), seed=SEED)
def test_compositions(title, size, seed):
    claim = algebra.COMPOSITIONS[title](np.random.default_rng(seed), size)
    for form in proofs.FORMS:
        is_proven(algebra.prove_composition(title, claim, form))


@settings(max_examples=15)
@given(
    title=st.sampled_from(sorted(states.STATES)), size=st.integers(2, 16), seed=SEED, access=ACCESS
)
def test_states(title, size, seed, access):
    state = states.STATES[title](np.random.default_rng(seed), size, access)
    for form in proofs.FORMS:
        is_proven(states.prove_state(title, state, form))


def test_a_gram_matrix_by_hand():
    """V = ((3, 4), (0, 0)), D = (-2, 1), one sample of two outputs: alpha 25 * 2, V^T D V dense."""
    instance = Gram(np.array([[3.0, 4.0], [0, 0]]), np.array([-2.0, 1.0]), 2)
    assert instance.matrix == pytest.approx(np.array([[-18.0, -24], [-24, -32]]))
    proof = proofs.prove("gram", instance, bits=12)
    assert proof.alpha == 50
    assert proof.alpha_found == pytest.approx(50, abs=proof.epsilon)
    # rows: 2 entries none, addition 11; norms the same; both twice; factors none, addition 11;
    # one column qubit: no projection gate, one under a control
    assert proof.toffoli == 2 * (11 + 11) + 11
    # under a control: a look-up of 2 entries 1; rows and factors; the norm has one entry
    controlled = proofs.prove("gram", instance, bits=12, form="controlled")
    assert controlled.toffoli == 55 + 2 * 1 + 1 + 1


def test_cut_diagonals_by_hand():
    """Offset 1 cut at 2: entries at (0, 1) and (2, 3), not at (1, 2)."""
    given_ = Diagonals(dim=4, offsets=(0, 1), values=(2.0, -3.0), cuts=(2, 1))
    matrix = dense_diagonals(given_)
    expected = np.diag([2.0] * 4) + np.diag([-3.0, 0, -3.0], k=1)
    assert np.array_equal(matrix, expected)
    proof = proofs.prove("computed", given_, bits=12)
    assert (proof.alpha, proof.is_encoded) == (5, True)
    # weights: 11 twice; offsets none; one addition of 2 bits
    assert proof.toffoli == 2 * 11 + 1


# ------------------------------------------------------------------ broken circuits


def test_a_gram_matrix_needs_its_projection(monkeypatch):
    """Without the second flag the product also runs through other columns."""
    instance = GRAMS["signed"](np.random.default_rng(0), 4)
    assert proofs.prove("gram", instance).is_encoded
    monkeypatch.setattr(GramEncoding, "_projected", lambda encoding: ())
    assert not proofs.prove("gram", instance).is_encoded


def test_a_sum_needs_its_signs_and_its_ancillas(monkeypatch):
    claim = algebra.COMPOSITIONS["sum of 5"](np.random.default_rng(0), 3)
    assert algebra.prove_composition("sum", claim, "adjoint").is_encoded
    with monkeypatch.context() as patch:
        patch.setattr(EncodingSum, "_term", _without_sign(EncodingSum._term))
        assert not algebra.prove_composition("sum", claim, "plain").is_encoded
    with monkeypatch.context() as patch:
        patch.setattr(EncodingSum, "places", _shared(EncodingSum.places))
        assert not algebra.prove_composition("sum", claim, "adjoint").is_encoded


def _without_sign(term):
    return lambda self, item, here: term(self, (abs(item[0]), *item[1:]), here)


def _shared(places):
    """Ancillas in common: what is switched off then lowers flags that another part raised."""
    return lambda self: [bits.__class__(bits.register, bits.width) for bits in places(self)]


# ------------------------------------------------------------------ bad input


NAN = float("nan")


@pytest.mark.parametrize(
    ("rows", "diagonal", "words"),
    [
        ([[1.0, NAN], [0, 1]], [1.0, 1], "expected finite entries"),
        ([[1.0, 2], [0, 1]], [1.0, NAN], "expected finite entries"),
        ([[1.0, 2]], [1.0], r"expected 2 rows and as many numbers, found \(1, 2\) and \(1,\)"),
        ([[0.0, 0], [0, 0]], [1.0, 1], "not all zero"),
    ],
)
def test_factors_that_have_no_encoding(rows, diagonal, words):
    bloq = proofs.encoded("gram", Gram(np.eye(2), np.ones(2)), bits=5).bloq
    with pytest.raises(InputError, match=words):
        bloq.with_factors(np.array(rows), np.array(diagonal), 1)


@pytest.mark.parametrize(
    ("offsets", "values", "cuts", "words"),
    [
        ((0, 1), (1.0, NAN), (2, 2), "finite values"),
        ((0, 1), (0.0, 0.0), (2, 2), "not all zero"),
        ((0, 4), (1.0, 1.0), (2, 2), "offsets below the lengths"),
        ((0, 1), (1.0, 1.0), (2, 1), r"expected \(2, 2, 1\) .* found \(2, 1, 1\)"),
        ((0,), (1.0,), (2,), r"found \(1, 0, 0\)"),
    ],
)
def test_diagonals_that_have_no_encoding(offsets, values, cuts, words):
    known = Diagonals(dim=4, offsets=(0, 1), values=(1.0, 1.0), cuts=(2, 2))
    bloq = proofs.encoded("computed", known, bits=5).bloq
    with pytest.raises(InputError, match=words):
        bloq.with_diagonals(offsets, values, cuts)


def test_bad_input_is_a_value_error():
    """What a caller of Python expects; each message names the argument and its range."""
    with pytest.raises(ValueError, match="bits: expected 2 or more, found 1"):
        proofs.prove("dense", np.eye(2), bits=1)
    with pytest.raises(ValueError, match="matrix: 65 rows cannot be simulated; at most 64 can"):
        proofs.prove("dense", np.eye(65))
