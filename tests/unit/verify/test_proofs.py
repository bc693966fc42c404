"""Circuits with data encode their matrix and cost what is charged; broken ones are caught."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qres.verify.circuits.frobenius as frobenius
import qres.verify.circuits.rotation_tree as rotation_tree
import qres.verify.circuits.sparse as sparse
from qres.cli.door import run
from qres.errors import InputError
from qres.verify import proofs
from qres.verify.gates import Addition, Bits, Table
from qres.verify.instances import MATRICES
from qres.verify.simulate import run as simulated
from qres.verify.simulate import start, with_gradient, without_gradient

CASES = {
    "encoding": st.sampled_from(sorted(proofs.PROVABLE)),
    "kind": st.sampled_from(sorted(MATRICES)),
    "size": st.integers(2, 16),
    "seed": st.integers(0, 2**32 - 1),
    "bits": st.integers(3, 20),
}


@settings(max_examples=30, deadline=None, derandomize=True)
@given(form=st.sampled_from(proofs.FORMS), **CASES)
def test_block_and_counts_are_as_claimed(form, encoding, kind, size, seed, bits):
    matrix = MATRICES[kind](np.random.default_rng(seed), size)
    if not matrix.any():  # an empty matrix has no encoding
        matrix[0, 0] = 1
    if not proofs.shortfall(encoding, matrix, form):
        proof = proofs.prove(encoding, matrix, form=form, bits=bits)
        assert proof.is_encoded
        assert proof.has_same_leaves
        assert proof.toffoli == proof.toffoli_call_graph == proof.toffoli_circuit


@settings(max_examples=15, deadline=None, derandomize=True)
@given(**CASES)
def test_a_controlled_exchange_is_what_is_missing(encoding, kind, size, seed, bits):
    """The circuit is right, on and off; it has one swap a qubit more than is charged."""
    matrix = MATRICES[kind](np.random.default_rng(seed), size)
    if matrix.any() and proofs.shortfall(encoding, matrix, "controlled"):
        proof = proofs.prove(encoding, matrix, form="controlled", bits=bits)
        assert proof.is_encoded
        assert not proof.is_equal
        assert proof.toffoli == proof.toffoli_call_graph
        assert proof.toffoli_circuit - proof.toffoli == (size - 1).bit_length()


@pytest.mark.parametrize("encoding", ["sparse", "dense"])
def test_the_full_table_is_short_of_rows_backwards(encoding):
    matrix = np.random.default_rng(0).normal(size=(5, 5))
    proof = proofs.prove(encoding, matrix, form="adjoint")
    assert proofs.shortfall(encoding, matrix, "adjoint")
    assert not proof.is_encoded
    wide = np.random.default_rng(0).normal(size=(8, 8))
    assert not proofs.shortfall(encoding, wide, "adjoint")
    assert proofs.prove(encoding, wide, form="adjoint").is_equal


def test_counts_by_hand():
    """Three rows, b = 8. Row tree: M = 3: look 3 - 2 = 1, unlook 0; M = 6: look 4, unlook at
    K = 2: 3 + 2 - 4 = 1; two additions of 7: 20. Norm tree: M = 1: none; M = 2: 0; 14. Sum 34.

    Sparse, one entry a row: angles look 1, addition 7; moves look 1; unlooks 0. Sum 9.
    Dense, M = 12: look 10 (K = 2: 4 + 8), unlook at K = 4: 3 + 4 - 4 = 3 (K = 2: 4), addition 7: 20.
    """
    full = np.random.default_rng(3).normal(size=(3, 3))
    swap = np.array([[0, 2.0, 0], [-1, 0, 0], [0, 0, 3]])
    for encoding, matrix, toffoli in (
        ("frobenius", full, 34),
        ("sparse", swap, 9),
        ("dense", full, 20),
    ):
        proof = proofs.prove(encoding, matrix, bits=8)
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


def built(matrix, bits, form="plain"):
    """The circuit of the frobenius encoding."""
    found = {}
    member = proofs.PROVABLE["frobenius"]

    def keep(bloq, data):
        found["circuit"] = member.circuit(bloq, data)
        return found["circuit"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(proofs.PROVABLE, "frobenius", replace(member, circuit=keep))
        proofs.prove("frobenius", matrix, form=form, bits=bits)
    return found["circuit"]


@pytest.mark.parametrize("size", [2, 3, 4])
def test_with_the_gradient_held(size):
    """Every b-bit angle exactly as it is rounded; the gradient comes back in every branch."""
    bits = 5
    matrix = np.random.default_rng(size).normal(size=(size, size))
    circuit, levels = built(matrix, bits), (size - 1).bit_length()
    registers = dict(circuit.registers) | {"column": levels}
    columns = np.arange(size)
    state = start(registers, {"system": columns, "column": columns})
    state = with_gradient(state, "gradient")
    state = without_gradient(simulated(state, circuit.gates), "gradient")
    assert np.sum(np.abs(state.amplitude) ** 2) == pytest.approx(size, abs=1e-12)
    block = np.zeros((2**levels, size), dtype=complex)
    is_clean = state.read(Bits("ancilla", levels)) == 0
    place = (state.read(Bits("system", levels)), state.read(Bits("column", levels)))
    block[place[0][is_clean], place[1][is_clean]] = state.amplitude[is_clean]
    padded = np.pad(matrix, (0, 2**levels - size))
    norms = rounded(np.linalg.norm(padded, axis=1), bits)
    expected = np.array([w * rounded(row, bits) for w, row in zip(norms, padded, strict=True)])
    assert block == pytest.approx(expected[:, :size], abs=1e-12)


# ------------------------------------------------------------------ broken circuits

MATRIX = np.random.default_rng(7).normal(size=(4, 4))


def agrees(encoding):
    return proofs.prove(encoding, MATRIX).is_equal


@pytest.mark.parametrize("encoding", sorted(proofs.PROVABLE))
def test_a_wrong_angle_is_caught(encoding, monkeypatch):
    """A lost sign, and angles of one bit less than their registers."""
    assert agrees(encoding)
    module = rotation_tree if encoding == "frobenius" else sparse
    words = module.angle_words
    with monkeypatch.context() as patch:
        patch.setattr(module, "angle_words", lambda data, *rest: words(np.abs(data), *rest))
        assert not agrees(encoding)
    with monkeypatch.context() as patch:
        patch.setattr(module, "angle_words", lambda *given: [w // 2 for w in words(*given)])
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
    """One carry less; a table with another block; a formula that lost a tree."""
    with monkeypatch.context() as patch:
        patch.setattr(Addition, "toffoli", property(lambda gate: gate.target.width - 2))
        assert not agrees("frobenius")
    with monkeypatch.context() as patch:
        patch.setattr(Table, "log_block", property(lambda gate: 1))
        assert not agrees("frobenius")
    other = proofs.PROVABLE["dense"].toffoli
    monkeypatch.setitem(
        proofs.PROVABLE, "frobenius", replace(proofs.PROVABLE["frobenius"], toffoli=other)
    )
    assert not agrees("frobenius")


# ------------------------------------------------------------------ input and command


@pytest.mark.parametrize(
    ("encoding", "matrix", "message"),
    [
        ("gram", np.eye(2), "no circuit to simulate for 'gram'"),
        ("frobenius", np.ones((1, 1)), "at least 2 x 2"),
        ("frobenius", np.ones((2, 3)), "expected 2 x 2"),
        ("dense", np.zeros((2, 2)), "not all zero"),
        ("frobenius", np.array([[1, np.nan], [0, 1]]), "finite"),
        ("sparse", np.array([[1.0, 1, 0], [0, 1, 0], [0, 0, 1]]), "symmetric pattern"),
    ],
)
def test_what_has_no_circuit_is_refused(encoding, matrix, message):
    with pytest.raises(InputError, match=message):
        proofs.prove(encoding, matrix)


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(proofs, "SIZES", (3,))


def test_the_command(few, capsys):
    assert run(["verify"]) == 0
    out, err = capsys.readouterr()
    assert "DIFFERS" not in out
    assert [line.split()[0] for line in out.splitlines()[3:6]] == ["frobenius"] * 2 + ["sparse"]
    assert max(map(len, out.splitlines())) <= 100
    assert err == "qres: simulating circuits ...\n"
    assert run(["verify", "frobenius", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 2 * len(MATRICES)
    assert {row["encoding"] for row in rows} == {"frobenius"}
    assert all(row["is_equal"] for row in rows)


def test_a_difference_fails_the_command(few, capsys, monkeypatch):
    swapped = frobenius.tree_gates
    monkeypatch.setattr(
        frobenius, "tree_gates", lambda tree, data, **rest: swapped(tree, np.abs(data), **rest)
    )
    assert run(["verify", "frobenius"]) == 1
    out, err = capsys.readouterr()
    assert "DIFFERS" in out
    assert "claimed and found differ in frobenius" in err


def test_too_few_bits_are_refused():
    with pytest.raises(InputError, match="bits: expected 2 or more, found 1"):
        proofs.prove("dense", MATRIX, bits=1)


def test_two_questions_at_once_are_refused(capsys):
    assert run(["verify", "frobenius", "--against", "qdk"]) == 2
    assert "exclude each other" in capsys.readouterr().err
