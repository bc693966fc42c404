"""Texts and tables of the user's as numbers; what is in another format gets one line."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qres.errors import InputError, nearest
from qres.files import read_text, shorten

MAX_BYTES = 256 * 2**20
"""Texts and tables larger than this are refused."""

FEWEST_CLASSES = 2
"""Fewest different classes of anything that can be learnt."""


def read_characters(path: Path) -> tuple[NDArray[np.int64], int]:
    """Return the number of each character of a text, counted in the order of the code points.

    Returns:
        The numbers, shape (n,), and how many different characters there are.

    Raises:
        InputError: not UTF-8, or the same character throughout.
    """
    text = read_text(path, limit=MAX_BYTES)
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    different, numbers = np.unique(points, return_inverse=True)
    if len(different) < FEWEST_CLASSES:
        raise InputError(f"{path}: expected a text of at least two different characters")
    return numbers.astype(np.int64), len(different)


def read_table(path: Path, target: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the numbers of a table and the classes of its target column.

    Args:
        path: of comma-separated values; the first row names the columns.
        target: the column of the classes: its different texts, sorted, are 0, 1, ...

    Raises:
        InputError: no such column, a row of another length, a cell that is no finite number, one
            class only, or fewer than two rows; the line says where.
    """
    reader = csv.reader(io.StringIO(read_text(path, limit=MAX_BYTES)), strict=True)
    try:
        head = [name.strip() for name in next(reader, [])]
        rows = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: not a table ({error})") from None
    _check_head(path, head, target)
    at = head.index(target)
    samples = np.empty((len(rows), len(head) - 1))
    for number, (line, row) in enumerate(rows):
        if len(row) != len(head):
            raise InputError(f"{path}:{line}: expected {len(head)} cells, found {len(row)}")
        cells = [(name, cell) for name, cell in zip(head, row, strict=True)]
        del cells[at]
        samples[number] = [_read_cell(path, line, name, cell) for name, cell in cells]
    different, classes = np.unique([row[at].strip() for _, row in rows], return_inverse=True)
    if len(different) < FEWEST_CLASSES:
        raise InputError(f"{path}: column {target} must hold at least two classes")
    return samples, classes.astype(np.int64)


def _check_head(path: Path, head: list[str], target: str) -> None:
    """Refuse a first row that does not name the columns."""
    if target not in head:
        known = nearest(target, head) if head else "; the file is empty"
        raise InputError(f"dataset.target: {path} has no column '{shorten(target)}'{known}")
    if len(set(head)) < len(head) or len(head) == 1:
        raise InputError(f"{path}:1: expected a different name for each of at least two columns")


def _read_cell(path: Path, line: int, name: str, cell: str) -> float:
    """Return the finite number of a cell."""
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(
            f"{path}:{line}: column {name}: expected a number, found {shorten(cell)!r}"
        )
    return number
