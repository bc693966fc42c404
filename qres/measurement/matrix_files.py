"""Matrices and right-hand sides from files, checked before anything is computed with them.

Matrix Market (`.mtx`), scipy's sparse archive (`.npz`) and numpy arrays (`.npy`); nothing in a file
is executed, and sizes are read from the header before memory is spent on the entries.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
import scipy.sparse
from numpy.typing import NDArray

from qres.errors import InputError

MAX_BYTES = 1 * 2**30
"""Matrix files that hold more than this, unpacked, are refused."""

MAX_DIM = 200_000
MAX_ENTRIES = 20_000_000

Matrix = Any
"""A `scipy.sparse.csr_array`; scipy ships no types."""


def read_matrix(path: Path) -> Matrix:
    """Return a real, finite, square, non-zero matrix.

    Raises:
        InputError: missing, malformed, too large, or not such a matrix.
    """
    _check_file(path)
    readers = {".mtx": _read_market, ".npz": _read_archive, ".npy": _read_array}
    if path.suffix not in readers:
        raise InputError(f"{path}: a matrix file must end in .mtx, .npz or .npy")
    matrix = readers[path.suffix](path)
    _check_entries(matrix.data, path)
    matrix = matrix.astype(np.float64)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    _check_entries(matrix.data, path)
    if matrix.nnz == 0:
        raise InputError(f"{path}: every entry is zero; give a matrix with at least one")
    return matrix


def read_rhs(path: Path, dim: int) -> NDArray[np.float64]:
    """Return a real, finite, non-zero right-hand side of length `dim` from a `.npy` file."""
    _check_file(path)
    if path.suffix != ".npy":
        raise InputError(f"{path}: a right-hand side must end in .npy")
    rhs = _load_npy(path)
    if rhs.shape not in ((dim,), (dim, 1), (1, dim)):
        raise InputError(f"{path}: has shape {rhs.shape}, the matrix needs ({dim},)")
    _check_entries(rhs, path)
    if not np.any(rhs):
        raise InputError(f"{path}: every entry is zero; the solution would be zero")
    return rhs.astype(np.float64).ravel()


def _check_file(path: Path) -> None:
    """Refuse what is no file, empty, or too large."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if path.is_dir():
        raise InputError(f"{path}: is a folder, not a file")
    if size == 0:
        raise InputError(f"{path}: the file is empty")
    if size > MAX_BYTES:
        raise InputError(f"{path}: {size:,} bytes, at most {MAX_BYTES:,} are read")


def _read_market(path: Path) -> Matrix:
    """Read a Matrix Market file; the reader's message names the line."""
    try:
        rows, columns, entries, *_ = scipy.io.mminfo(path)
        _check_shape((int(rows), int(columns)), int(entries), path)
        return scipy.sparse.csr_array(scipy.io.mmread(path))
    except InputError:
        raise
    except (ValueError, OverflowError, TypeError, OSError) as error:
        raise InputError(f"{path}: not a Matrix Market file: {_line(error)}") from None


def _read_archive(path: Path) -> Matrix:
    """Read what `scipy.sparse.save_npz` wrote."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(item.file_size for item in archive.infolist())
        if size > MAX_BYTES:
            raise InputError(f"{path}: {size:,} bytes unpacked, at most {MAX_BYTES:,} are read")
        loaded = scipy.sparse.load_npz(path)
        _check_shape(loaded.shape, loaded.nnz, path)
        return scipy.sparse.csr_array(loaded)
    except InputError:
        raise
    except (ValueError, KeyError, OSError, zipfile.BadZipFile, NotImplementedError) as error:
        reason = f"not written by scipy.sparse.save_npz ({_line(error)})"
        raise InputError(f"{path}: {reason}") from None


def _read_array(path: Path) -> Matrix:
    """Read a dense matrix."""
    array = _load_npy(path)
    _check_shape(array.shape, array.size, path)
    _check_entries(array, path)
    return scipy.sparse.csr_array(array)


def _load_npy(path: Path) -> NDArray[np.generic]:
    """Read a numpy array without unpickling anything."""
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path}: not a numpy array of numbers ({_line(error)})") from None


def _check_shape(shape: tuple[int, ...], entries: int, path: Path) -> None:
    """Refuse a shape that is not square, empty, or beyond the limits."""
    if len(shape) != 2 or shape[0] != shape[1]:
        found = " x ".join(map(str, shape)) or "a single number"
        raise InputError(f"{path}: {found}; the matrix must be square")
    if shape[0] == 0:
        raise InputError(f"{path}: the matrix is empty (0 x 0)")
    if shape[0] > MAX_DIM or entries > MAX_ENTRIES:
        raise InputError(
            f"{path}: {shape[0]:,} rows and {entries:,} entries; at most {MAX_DIM:,} rows and "
            f"{MAX_ENTRIES:,} entries are measured (give the numbers as 'given' instead)"
        )


def _check_entries(entries: NDArray[np.generic], path: Path) -> None:
    """Refuse entries that are not real, finite numbers."""
    if entries.dtype.kind == "c":
        raise InputError(f"{path}: the entries are complex; give a real matrix")
    if entries.dtype.kind not in "fiub":
        raise InputError(f"{path}: the entries are of type {entries.dtype}, not numbers")
    if entries.dtype.kind == "f" and not np.all(np.isfinite(entries)):
        raise InputError(f"{path}: an entry is NaN or infinite; all must be finite")


def _line(error: Exception) -> str:
    """Return the message of an exception in one line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
