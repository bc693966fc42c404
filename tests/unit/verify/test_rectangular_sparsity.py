"""The sparse encoding by rows and columns apart: its block, what is beyond it, broken circuits."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from qualtran.resource_counting import QECGatesCost, get_cost_value

from qres.bloqs import factor_tables
from qres.bloqs.factor_tables import FactorSlots
from qres.errors import InputError
from qres.verify import algebra, proofs
from qres.verify.factors import amplitudes
from qres.verify.flatten import flatten
from qres.verify.instances import UNEVEN

NAME = "sparse-rectangular"
SYMBOLIC = ("row_slot_bitsize", "column_slot_bitsize", "bits")


@st.composite
def uneven(draw, most):
    """A matrix with at most so many entries in a row and so many in a column, and these numbers."""
    size = draw(st.integers(2, most))
    row, column = draw(st.integers(1, size)), draw(st.integers(1, size))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    matrix = np.zeros((size, size))
    for i, j in rng.permutation(np.argwhere(np.ones((size, size)))):
        kept = matrix != 0
        if kept[i].sum() < row and kept[:, j].sum() < column and rng.random() < 0.9:
            matrix[i, j] = rng.normal()
    matrix[0, 0] = matrix[0, 0] or (0 if matrix.any() else 1.0)
    return matrix


CASES = {"form": st.sampled_from(proofs.FORMS), "bits": st.integers(3, 20)}


@settings(max_examples=8, deadline=None, derandomize=True)
@given(matrix=uneven(5), **CASES)
def test_the_block_of_a_small_matrix(matrix, form, bits):
    is_proven(matrix, form, bits, "qroam")


@pytest.mark.slow
@settings(max_examples=50, deadline=None, derandomize=True)
@given(matrix=uneven(16), access=st.sampled_from(["qroam", "qram"]), **CASES)
def test_the_block_up_to_four_qubits(matrix, form, bits, access):
    is_proven(matrix, form, bits, access)


def is_proven(matrix, form, bits, access):
    """Within the error of angles of b bits, 2 pi alpha 2^-b; alpha by counting, not by the formula."""
    proof = proofs.prove(NAME, matrix, form=form, bits=bits, access=access)
    slots = [2 ** (int((matrix != 0).sum(axis=axis).max()) - 1).bit_length() for axis in (0, 1)]
    assert proof.alpha == pytest.approx((slots[0] * slots[1]) ** 0.5 * np.abs(matrix).max())
    assert proof.epsilon == pytest.approx(2 * np.pi * proof.alpha / 2**bits)
    assert proof.is_equal


@pytest.mark.slow
def test_every_kind_of_matrix_is_proven():
    found = list(proofs.prove_all((NAME,)))
    kinds, sizes = len(UNEVEN), len(proofs.SIZES)
    few = sum(size <= proofs.MOST_SHOWN for size in proofs.SIZES)
    assert len(found) == len(proofs.FORMS) * (kinds * sizes + len(proofs.ACCESSES) * few)
    assert [proof for proof in found if not proof.is_equal] == []


@pytest.mark.parametrize("controls", [0, 1])
@pytest.mark.parametrize("kind", ["arrow", "one-sided", "rectangular"])
def test_it_is_unitary_beyond_the_matrix_too(kind, controls):
    """Rows that the matrix does not have go in as well.

    Breaking it means: a table is erased by another word than was loaded, where rows are padding.
    """
    matrix = UNEVEN[kind](np.random.default_rng(3), 5)
    bloq = proofs.encoded(NAME, matrix, bits=6).bloq.with_controls(controls)
    put = {"system": np.arange(8), "ctrl": np.full(8, controls)}
    there, back = (
        amplitudes(flatten(way, gradient="resource"), put) for way in (bloq, bloq.adjoint())
    )
    assert there == pytest.approx(back.conj().T, abs=1e-12)


@pytest.mark.parametrize("form", proofs.FORMS)
def test_the_dilation_has_its_normalisation(form):
    """diag and a full column: the dilation of 2 r rows is encoded with sqrt(2 r), not r."""
    claim = algebra.COMPOSITIONS["dilation sparse-rectangular"](np.random.default_rng(0), 4)
    proof = algebra.prove_composition("dilation", claim, form)
    assert proof.is_equal
    assert proof.alpha == pytest.approx(8**0.5 * np.abs(claim.matrix).max())


RNG = np.random.default_rng(11)
MATRICES = [UNEVEN[kind](RNG, 4) for kind in ("arrow", "one-sided")]


@pytest.mark.parametrize("matrix", MATRICES, ids=["by row", "by column"])
def test_wrong_tables_are_caught(matrix, monkeypatch):
    """A lost sign, angles of the other side, moves that go to the next place."""
    assert proofs.prove(NAME, matrix).is_equal
    words, slots = factor_tables.cosine_words, FactorSlots.slot_words
    with monkeypatch.context() as patch:
        patch.setattr(factor_tables, "cosine_words", lambda e, *rest: words(np.abs(e), *rest))
        assert not proofs.prove(NAME, matrix).is_encoded
    with monkeypatch.context() as patch:
        patch.setattr(factor_tables, "cosine_words", lambda e, *rest: words(e[::-1], *rest))
        assert not proofs.prove(NAME, matrix).is_encoded

    def shifted(self, padded):
        entries, there, _ = slots(self, padded)
        places = [(code ^ word) + 1 for code, word in enumerate(there)]
        places = [place % len(there) for place in places]
        back = [0] * len(there)
        for code, place in enumerate(places):
            back[place] = code ^ place
        return entries, tuple(code ^ place for code, place in enumerate(places)), tuple(back)

    with monkeypatch.context() as patch:
        patch.setattr(FactorSlots, "slot_words", shifted)
        assert not proofs.prove(NAME, matrix).is_encoded


def gates(bloq):
    found = get_cost_value(bloq, QECGatesCost(), costs_cache={})
    return sympy.sympify(found.toffoli + found.and_bloq + found.cswap)


def test_symbols_count_what_numbers_count():
    """One code path: numbers put into the symbolic count are the count of the numbers."""
    names = {field: sympy.Symbol(field, integer=True, positive=True) for field in SYMBOLIC}
    for row, column in ((1, 3), (3, 1), (2, 2)):
        sizes = {"row_slot_bitsize": row, "column_slot_bitsize": column, "bits": 9}
        for controls in (0, 1):
            made = {"order": 1, "rows": 5, "index_bitsize": 3, "alpha": 1.0, "epsilon": 0.0}
            made |= {"angle_blocks": (0, 1), "move_blocks": (1, 2), "num_controls": controls}
            symbolic, whole = FactorSlots(**made, **names), FactorSlots(**made, **sizes)
            put = {names[field]: value for field, value in sizes.items()}
            assert gates(symbolic).subs(put) == gates(whole)
            assert symbolic.logical_qubits.subs(put) == whole.logical_qubits


def test_what_does_not_fit_is_refused():
    bloq = proofs.encoded(NAME, UNEVEN["arrow"](RNG, 4), bits=6).bloq
    with pytest.raises(InputError, match="at most 2 entries in a row, 4 in a column"):
        bloq.with_tensor(UNEVEN["one-sided"](RNG, 4))
    with pytest.raises(InputError, match="finite entries, not all zero"):
        bloq.with_tensor(np.full((4, 4), np.nan))
