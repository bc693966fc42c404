"""Matrices: known values, both ways of computing them, and one line for every bad file."""

import math

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp

from qres.config.record import MatrixModel
from qres.errors import InputError
from qres.measurement import matrices
from qres.measurement.matrices import measure_matrix
from qres.measurement.matrix_files import read_matrix, read_rhs

HEAD = "%%MatrixMarket matrix coordinate real general\n"


def _value(measurement, name):
    return measurement.values[name].value


def _save(folder, matrix, rhs=None):
    np.save(folder / "a.npy", np.asarray(matrix, dtype=float))
    if rhs is not None:
        np.save(folder / "b.npy", np.asarray(rhs, dtype=float))
    return MatrixModel(file=folder / "a.npy", rhs=None if rhs is None else folder / "b.npy")


def _laplacian(n):
    line = sp.diags([-1.0, 2.0, -1.0], [-1, 0, 1], shape=(n, n))
    return sp.csr_array(sp.kron(line, sp.eye(n)) + sp.kron(sp.eye(n), line))


def test_hand_matrix(tmp_path, make):
    """[[3, 4], [0, 0.5]]: pattern full in row 1; singular values from trace and determinant."""
    found = measure_matrix(_save(tmp_path, [[3, 4], [0, 0.5]]), make.settings)
    half, det = (9 + 16 + 0.25) / 2, 1.5
    root = math.sqrt(half**2 - det**2)
    assert _value(found, "norm") == pytest.approx(math.sqrt(half + root))
    assert _value(found, "smallest_singular_value") == pytest.approx(math.sqrt(half - root))
    assert _value(found, "kappa") == pytest.approx((half + root) / det)
    assert _value(found, "frobenius_norm") == pytest.approx(math.sqrt(25.25))
    assert [_value(found, name) for name in ("dim", "sparsity", "nnz", "max_entry")] == [2, 2, 3, 4]
    assert found.details["symmetric"] is False
    assert found.sparsity_rows[0].sparsity == 2


def test_column_with_many_entries_counts_as_a_row(tmp_path, make):
    matrix = np.eye(5)
    matrix[:, 2] = 1
    found = measure_matrix(_save(tmp_path, matrix), make.settings)
    names = ("sparsity", "row_sparsity", "column_sparsity")
    assert [_value(found, name) for name in names] == [5, 2, 5]
    found = measure_matrix(_save(tmp_path, matrix.T), make.settings)
    assert [_value(found, name) for name in names] == [5, 5, 2]


def test_a_symmetric_pattern_has_one_sparsity(tmp_path, make):
    """Whatever its values; one more entry without its transposed one makes three numbers."""
    matrix = np.diag([1.0, 2, 3]) + np.diag([4.0, 0], k=1) + np.diag([-5.0, 0], k=-1)
    found = measure_matrix(_save(tmp_path, matrix), make.settings).values
    assert {name for name in found if "sparsity" in name} == {"sparsity"}
    matrix[0, 2] = 1
    found = measure_matrix(_save(tmp_path, matrix), make.settings).values
    counts = {name: item.value for name, item in found.items() if "sparsity" in name}
    assert counts == {"sparsity": 3, "row_sparsity": 3, "column_sparsity": 2}


def test_overlap_of_the_right_hand_side(tmp_path, make):
    model = _save(tmp_path, np.diag([1.0, 10.0]), [1.0, 1.0])
    found = _value(measure_matrix(model, make.settings), "solution_overlap")
    assert found == pytest.approx(math.sqrt(1.01) / math.sqrt(2))
    best = _save(tmp_path, np.diag([1.0, 10.0]), [5.0, 0.0])
    assert _value(measure_matrix(best, make.settings), "solution_overlap") == pytest.approx(1)


def test_laplacian_by_both_ways(tmp_path, make, monkeypatch):
    sp.save_npz(tmp_path / "a.npz", _laplacian(12))
    np.save(tmp_path / "b.npy", np.arange(1.0, 145.0))
    model = MatrixModel(file=tmp_path / "a.npz", rhs=tmp_path / "b.npy")
    dense = measure_matrix(model, make.settings)
    monkeypatch.setattr(matrices, "DENSE_DIM", 10)
    sparse = measure_matrix(model, make.settings)
    exact = 1 / math.tan(math.pi / 26) ** 2
    for found in (dense, sparse):
        kappa = found.values["kappa"]
        assert kappa.value == pytest.approx(exact, rel=1e-9)
        assert kappa.low <= exact <= kappa.high
        assert _value(found, "sparsity") == 5
        assert found.details["symmetric"] is True
    assert dense.details["positive_definite"] is True
    overlaps = [_value(found, "solution_overlap") for found in (dense, sparse)]
    assert overlaps[0] == pytest.approx(overlaps[1], rel=1e-7)


def test_unsymmetric_sparse_way_against_dense(tmp_path, make, monkeypatch):
    rng = np.random.default_rng(0)
    matrix = sp.csr_array(sp.random(80, 80, density=0.03, random_state=rng) + 2 * sp.eye(80))
    sp.save_npz(tmp_path / "a.npz", matrix)
    model = MatrixModel(file=tmp_path / "a.npz")
    dense = measure_matrix(model, make.settings)
    monkeypatch.setattr(matrices, "DENSE_DIM", 10)
    sparse = measure_matrix(model, make.settings)
    for name in ("norm", "smallest_singular_value", "kappa"):
        assert _value(sparse, name) == pytest.approx(_value(dense, name), rel=1e-7)


@pytest.mark.parametrize("dense_dim", [2000, 1])
def test_singular_matrix_is_measured_as_such(tmp_path, make, monkeypatch, dense_dim):
    monkeypatch.setattr(matrices, "DENSE_DIM", dense_dim)
    monkeypatch.setattr(matrices, "DENSE_FILL", 2.0)
    found = measure_matrix(_save(tmp_path, [[1, 2], [2, 4]], [1, 1]), make.settings)
    assert _value(found, "smallest_singular_value") == 0
    assert _value(found, "kappa") == math.inf
    assert "solution_overlap" not in found.values


def test_shipped_poisson_matrix(make):
    from qres.files import data_path

    folder = data_path("models")
    model = MatrixModel(file=folder / "poisson-2d.mtx", rhs=folder / "poisson-2d-rhs.npy")
    found = measure_matrix(model, make.settings)
    assert _value(found, "kappa") == pytest.approx(1 / math.tan(math.pi / 34) ** 2, rel=1e-12)
    assert [_value(found, name) for name in ("dim", "sparsity", "max_entry")] == [256, 5, 4]
    assert 0.5 < _value(found, "solution_overlap") <= 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("hello\n", "Line 1"),
        (HEAD + "3 3 2\n1 1 2.0\n2 x 3\n", "Line 4"),
        (HEAD + "3 3 3\n1 1 2.0\n", "Truncated"),
        (HEAD + "3 3 1\n5 1 2.0\n", "Line 3"),
        (HEAD + "2 3 1\n1 1 2.0\n", "2 x 3; the matrix must be square"),
        (HEAD + "0 0 0\n", "empty"),
        (HEAD + "2 2 0\n", "zero"),
        (HEAD + "2 2 1\n1 1 0\n", "zero"),
        (HEAD + "2 2 2\n1 1 1\n1 1 -1\n", "zero"),
        (HEAD + "2 2 1\n1 1 nan\n", "NaN or infinite"),
        (HEAD + "2 2 1\n1 1 1e999\n", "infinite|Line 3"),
        (HEAD + "99999999999 99999999999 1\n1 1 1\n", "at most 200,000 rows"),
        (HEAD.replace("real", "complex") + "1 1 1\n1 1 2.0 1\n", "complex"),
    ],
)
def test_bad_matrix_market(tmp_path, text, message):
    path = tmp_path / "a.mtx"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_matrix(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 3)), "square"),
        (np.ones(4), "square"),
        (np.array(1.0), "single number"),
        (np.zeros((0, 0)), "empty"),
        (np.zeros((2, 2)), "zero"),
        (np.array([[np.inf, 1], [1, 1]]), "infinite"),
        (np.array([[1j, 1], [1, 1]]), "complex"),
        (np.array([["a", "b"], ["c", "d"]]), "not numbers"),
        (np.array([[None, 1], [1, 1]]), "numpy array of numbers"),
    ],
)
def test_bad_numpy_array(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InputError, match=message):
        read_matrix(tmp_path / "a.npy")


@pytest.mark.parametrize("name", ["gone.mtx", "a.txt", "folder.mtx", "junk.npz", "junk.npy"])
def test_bad_file(tmp_path, name):
    (tmp_path / "folder.mtx").mkdir()
    for file in ("a.txt", "junk.npz", "junk.npy"):
        (tmp_path / file).write_text("junk")
    with pytest.raises(InputError) as caught:
        read_matrix(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("rhs", "message"),
    [
        (np.ones(3), r"\(3,\), the matrix needs \(2,\)"),
        (np.zeros(2), "zero"),
        (np.array([1.0, np.nan]), "NaN"),
        (np.array([1j, 1]), "complex"),
    ],
)
def test_bad_right_hand_side(tmp_path, rhs, message):
    np.save(tmp_path / "b.npy", rhs)
    with pytest.raises(InputError, match=message):
        read_rhs(tmp_path / "b.npy", 2)


def test_formats_agree(tmp_path):
    matrix = _laplacian(4)
    scipy.io.mmwrite(tmp_path / "a.mtx", matrix)
    sp.save_npz(tmp_path / "a.npz", matrix)
    np.save(tmp_path / "a.npy", matrix.toarray())
    first, *others = (read_matrix(tmp_path / f"a.{suffix}") for suffix in ("mtx", "npz", "npy"))
    for other in others:
        assert (first != other).nnz == 0
