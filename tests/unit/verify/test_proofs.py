"""Circuits with data encode their matrix and cost what is charged; broken ones are caught."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qres.bloqs import rotation_tree, sparse_encoding
from qres.bloqs.frobenius_encoding import FrobeniusEncoding
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.signed_addition import SignedAddition
from qres.bloqs.tables import TableUncompute
from qres.cli.door import run
from qres.errors import InputError
from qres.verify import algebra, count, histories, proofs, registry, simulate, states
from qres.verify.flatten import flatten
from qres.verify.instances import MATRICES

CASES = {
    "encoding": st.sampled_from(["frobenius", "sparse", "dense"]),
    "kind": st.sampled_from(sorted(MATRICES)),
    "access": st.sampled_from(["qroam", "qram"]),
    "size": st.integers(2, 16),
    "seed": st.integers(0, 2**32 - 1),
    "bits": st.integers(3, 20),
}


@settings(max_examples=20, deadline=None, derandomize=True)
@given(form=st.sampled_from(proofs.FORMS), **CASES)
def test_block_and_counts_are_as_claimed(form, encoding, kind, size, seed, bits, access):
    matrix = MATRICES[kind](np.random.default_rng(seed), size)
    if not matrix.any():  # an empty matrix has no encoding
        matrix[0, 0] = 1
    proof = proofs.prove(encoding, matrix, form=form, bits=bits, access=access)
    assert proof.is_encoded
    assert proof.toffoli == proof.toffoli_call_graph == proof.toffoli_circuit


def test_counts_by_hand():
    """Three rows, b = 8. Row tree: M = 3: look 3 - 2 = 1, unlook 0; M = 6: look 4, unlook at
    K = 2: 3 + 2 - 4 = 1; two additions of 7: 20. Norm tree: M = 1: none; M = 2: 0; 14. Sum 34.

    Sparse, one entry a row: angles look 1, addition 7; moves look 1; unlooks 0. Sum 9.
    Dense, M = 12: look 10 (K = 2: 4 + 8), unlook at K = 4: 3 + 4 - 4 = 3 (K = 2: 4), addition 7, and
    the comparison of two qubits with 3: 22.

    With a control: row tree 4 more (both tables of both levels), norm tree 1 more (its second
    look-up; the unlook is max(0, 2 + 1 - 4 + 1) = 0), two swaps: 41. Sparse: look 2, 7, look 2,
    unlooks at K = 1 are 3 - 3 + 1 = 1 each: 13. Dense: 11 + 4 + 7 + 2 and two swaps: 26.
    """
    full = np.random.default_rng(3).normal(size=(3, 3))
    swap = np.array([[0, 2.0, 0], [-1, 0, 0], [0, 0, 3]])
    for encoding, matrix, *gates in (
        ("frobenius", full, 34, 41),
        ("sparse", swap, 9, 13),
        ("dense", full, 22, 26),
    ):
        for form, toffoli in zip(("plain", "controlled"), gates, strict=True):
            proof = proofs.prove(encoding, matrix, form=form, bits=8)
            assert proof.is_equal
            assert proof.toffoli == toffoli


def test_claims_by_hand():
    """diag(3, 4): alpha 5 by norm, 4 by slots of one, 8 dense; errors 4 pi n, 2 pi times 2^-b."""
    matrix = np.diag([3.0, 4.0])
    for encoding, alpha, turns in (("frobenius", 5, 2), ("sparse", 4, 1), ("dense", 8, 1)):
        proof = proofs.prove(encoding, matrix, bits=10)
        assert proof.alpha == pytest.approx(alpha, rel=1e-14)
        assert proof.alpha_found == pytest.approx(alpha, abs=2 * proof.epsilon)
        assert proof.epsilon == pytest.approx(turns * 2 * np.pi * alpha / 1024, rel=1e-14)


def test_a_pattern_that_is_not_symmetric():
    """With the transposed entries row 1 has columns 0, 1, 3: sparsity 3, 4 slots, alpha 4 * 2."""
    matrix = np.array([[1.0, -2, 0, 0], [0, 1, 0, 0], [0, 0, 1.5, 0], [0, 0.5, 0, 0.5]])
    proof = proofs.prove("sparse", matrix)
    assert proof.is_equal
    assert proof.alpha == 4 * 2
    few = proofs.encoded("sparse", np.eye(4) + np.eye(4)[[1, 0, 3, 2]]).bloq
    with pytest.raises(InputError, match="at most 2 entries in a row of its pattern and the trans"):
        few.with_matrix(matrix)


def rounded(vector, bits):
    """Amplitudes of a tree of angles rounded to b bits, level by level, without a circuit."""
    if len(vector) == 1:
        return np.ones(1)
    half = len(vector) // 2
    left, right = vector[:half], vector[half:]
    sizes = (left[0], right[0]) if half == 1 else (np.linalg.norm(left), np.linalg.norm(right))
    step = 2 * np.pi / 2**bits
    angle = step * np.round(np.arctan2(sizes[1], sizes[0]) / step)
    return np.append(np.cos(angle) * rounded(left, bits), np.sin(angle) * rounded(right, bits))


def tree(rows, levels, bits):
    """A tree without blocks."""
    return LoadedRotationTree(rows, levels, bits, (0,) * levels, (0,) * levels)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_with_the_gradient_held(size):
    """Every b-bit angle exactly as it is rounded; the gradient comes back in every branch."""
    bits, levels = 5, (size - 1).bit_length()
    matrix = np.random.default_rng(size).normal(size=(size, size))
    bloq = FrobeniusEncoding(
        tree(size, levels, bits),
        tree(1, levels, bits),
        alpha=float(np.linalg.norm(matrix)),
        epsilon=0.0,
    ).with_matrix(matrix)
    whole = simulate.block(flatten(bloq), ["resource", "system"], columns=size * 2**bits)
    wave = simulate.phase_gradient(bits)
    block = np.kron(np.eye(2**levels), wave.conj()) @ whole @ np.kron(np.eye(size), wave[:, None])
    left = whole @ np.kron(np.eye(size), wave[:, None]) - np.kron(block, wave[:, None])
    assert left == pytest.approx(np.zeros(left.shape), abs=1e-12)
    padded = np.pad(matrix, (0, 2**levels - size))
    norms = rounded(np.linalg.norm(padded, axis=1), bits)
    expected = np.array([w * rounded(row, bits) for w, row in zip(norms, padded, strict=True)])
    assert block == pytest.approx(expected[:, :size], abs=1e-12)


# ------------------------------------------------------------------ broken circuits

MATRIX = np.random.default_rng(7).normal(size=(4, 4))


def agrees(encoding):
    return proofs.prove(encoding, MATRIX).is_equal


@pytest.mark.parametrize("encoding", ["frobenius", "sparse", "dense"])
def test_a_wrong_angle_is_caught(encoding, monkeypatch):
    """A lost sign, and angles of one bit less than their registers."""
    assert agrees(encoding)
    module = rotation_tree if encoding == "frobenius" else sparse_encoding
    words = module.angle_words
    with monkeypatch.context() as patch:
        patch.setattr(module, "angle_words", lambda data, *rest: words(np.abs(data), *rest))
        assert not agrees(encoding)
    with monkeypatch.context() as patch:
        patch.setattr(module, "angle_words", lambda *given: tuple(w // 2 for w in words(*given)))
        assert not agrees(encoding)


def test_exchanged_factors_are_caught(monkeypatch):
    """Norms of the columns in place of those of the rows."""
    monkeypatch.setattr(np.linalg, "norm", transposed(np.linalg.norm))
    assert not agrees("frobenius")


def transposed(norm):
    def wrong(data, *rest, **options):
        return norm(data, *rest, **(options | {"axis": 0} if options == {"axis": 1} else options))

    return wrong


def test_a_cheaper_leaf_is_caught(monkeypatch):
    """An addition for free; tables without their uncomputation; a formula of another encoding."""
    for broken in (SignedAddition, TableUncompute):
        count._counts.cache_clear()
        with monkeypatch.context() as patch:
            patch.setattr(broken, "steps", lambda bloq: ())
            patch.setattr(broken, "sequence", lambda bloq: ())
            assert not agrees("frobenius")
    count._counts.cache_clear()
    other = proofs.PROVABLE["dense"].toffoli
    monkeypatch.setitem(
        proofs.PROVABLE, "frobenius", replace(proofs.PROVABLE["frobenius"], toffoli=other)
    )
    assert not agrees("frobenius")


# ------------------------------------------------------------------ input and command


@pytest.mark.parametrize(
    ("encoding", "matrix", "message"),
    [
        ("dens", np.eye(2), "no circuit to simulate for 'dens'; did you mean 'dense'"),
        ("dense", np.ones((65, 65)), "65 rows cannot be simulated; at most 64 can"),
        ("frobenius", np.ones((2, 3)), "expected 2 x 2"),
        ("dense", np.zeros((2, 2)), "alpha is 0.0; it must be a finite number above 0"),
        ("frobenius", np.array([[1, np.nan], [0, 1]]), "finite"),
    ],
)
def test_what_has_no_circuit_is_refused(encoding, matrix, message):
    with pytest.raises(InputError, match=message):
        proofs.prove(encoding, matrix)


@pytest.fixture
def few(monkeypatch):
    for module in (proofs, algebra, states):
        monkeypatch.setattr(module, "SIZES", (3,))
    kept = ("frobenius", "gram", "computed", "algebra", "states", "histories")
    families = {name: family for name, family in registry.FAMILIES.items() if name in kept}
    monkeypatch.setattr(registry, "FAMILIES", families)
    compositions = {name: algebra.COMPOSITIONS[name] for name in ("sum of 3", "dilation dense")}
    monkeypatch.setattr(algebra, "COMPOSITIONS", compositions)
    case = ("history", "sparse", (2, 1), 2, "signed")
    monkeypatch.setattr(histories, "history_cases", lambda: [case])


def test_the_command(few, capsys):
    assert run(["verify"]) == 0
    out, err = capsys.readouterr()
    assert "DIFFERS" not in out
    lines = out.splitlines()
    forms = [["plain"], ["adjoint"], ["controlled"]]
    for name in (
        "frobenius",
        "frobenius qram",
        "gram",
        "computed qrom",
        "sum of 3",
        "state sparse",
    ):
        place = lines.index(name)
        assert [line.split()[:1] for line in lines[place + 1 : place + 4]] == forms
    assert max(map(len, lines)) <= 80
    assert "history sparse" in out
    assert err.splitlines()[0] == "qres: simulating circuits ..."
    assert run(["verify", "frobenius", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 3 * (len(MATRICES) + 2)
    assert {row["encoding"].split()[0] for row in rows} == {"frobenius"}
    assert all(row["is_equal"] for row in rows)


def test_a_difference_fails_the_command(few, capsys, monkeypatch):
    words = rotation_tree.angle_words
    monkeypatch.setattr(
        rotation_tree, "angle_words", lambda data, *rest: words(np.abs(data), *rest)
    )
    assert run(["verify", "frobenius"]) == 1
    out, err = capsys.readouterr()
    assert "\n    DIFFERS\n" in out
    assert max(map(len, out.splitlines())) <= 80
    assert "claimed and found differ in frobenius" in err


def test_too_few_bits_are_refused():
    with pytest.raises(InputError, match="bits: expected 2 or more, found 1"):
        proofs.prove("dense", MATRIX, bits=1)


def test_two_questions_at_once_are_refused(capsys):
    assert run(["verify", "frobenius", "--against", "qdk"]) == 2
    assert "exclude each other" in capsys.readouterr().err
