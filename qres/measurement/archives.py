r"""CIFAR-10 and CIFAR-100 from their standard archives, python or binary, packed or unpacked.

The binary files are rows of 8-bit numbers: one label (CIFAR-100: the coarse, then the fine one) and
3072 pixels, the red, green and blue plane of 32 x 32 each. The python files are pickles of a
dictionary with `data`, an array of such rows, and `labels` or `fine_labels`. A pickle can run any
program, so these are read by an unpickler that knows two things only: how numpy wrote an array and
how it wrote the type of 8-bit numbers. Both are rebuilt here, and no function of another module is
called. Nothing is unpacked to the disk.

Source: Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009), and the format
that https://www.cs.toronto.edu/~kriz/cifar.html describes.
"""

from __future__ import annotations

import io
import lzma
import math
import pickle
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qres.errors import InputError
from qres.files import read_bytes

PIXELS = 3 * 32 * 32

MAX_BYTES = 256 * 2**20
"""Archives and parts larger than this are refused; the largest standard one has 187 MB."""

Bytes = NDArray[np.uint8]
Images = tuple[Bytes, Bytes, Bytes, Bytes]


DAMAGE = (tarfile.TarError, EOFError, OSError, ValueError, zlib.error, lzma.LZMAError)
"""What reading an archive may raise."""


@dataclass(frozen=True)
class _Format:
    """Names of the parts, and how many labels stand before the pixels (the last counts)."""

    train: tuple[str, ...]
    test: str
    label: bytes = b""
    n_labels: int = 0

    @property
    def parts(self) -> tuple[str, ...]:
        return (*self.train, self.test)


_FIVE = range(1, 6)
FORMATS = {
    "cifar10": (
        _Format(tuple(f"data_batch_{n}" for n in _FIVE), "test_batch", label=b"labels"),
        _Format(tuple(f"data_batch_{n}.bin" for n in _FIVE), "test_batch.bin", n_labels=1),
    ),
    "cifar100": (
        _Format(("train",), "test", label=b"fine_labels"),
        _Format(("train.bin",), "test.bin", n_labels=2),
    ),
}
"""Python and binary format of each data set."""

N_CLASSES = {"cifar10": 10, "cifar100": 100}


def read_cifar(path: Path, name: str) -> Images:
    """Return training images and classes, test images and classes.

    Args:
        path: the archive (`.tar.gz`, `.tar`), or the folder with its parts.
        name: `cifar10` or `cifar100`.

    Returns:
        Images of shape (n, 3, 32, 32), classes of shape (n,), 8-bit numbers.

    Raises:
        InputError: a part is missing or in another format.
    """
    expected = f"expected the parts of {name} ({_name_parts(name)})"
    found = _list_folder(path) if path.is_dir() else _list_archive(path, expected)
    for layout in FORMATS[name]:
        if all(part in found for part in layout.parts):
            pairs = [
                _read_part(found[part](), f"{path}: {part}", layout, N_CLASSES[name])
                for part in layout.parts
            ]
            train = [np.concatenate(side) for side in zip(*pairs[:-1], strict=True)]
            return train[0], train[1], *pairs[-1]
    parts = ", ".join(sorted(found)[:6]) or "no file"
    raise InputError(f"{path}: {expected}, found {parts}")


def _name_parts(name: str) -> str:
    """Return the first and the last part of each format."""
    return " or ".join(", ".join((layout.train[0], layout.test)) for layout in FORMATS[name])


Parts = Mapping[str, Callable[[], bytes]]


def _list_folder(path: Path) -> Parts:
    """Return how to read each file of a folder, by name."""
    return {
        file.name: lambda file=file: read_bytes(file, limit=MAX_BYTES)
        for file in path.iterdir()
        if file.is_file()
    }


def _list_archive(path: Path, expected: str) -> Parts:
    """Return how to read each file of an archive, by the last part of its name."""
    packed = io.BytesIO(read_bytes(path, limit=MAX_BYTES))
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=packed, mode="r:*") as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if not member.isfile() or not any(name in f.parts for f in _all_formats()):
                    continue
                if member.size > MAX_BYTES:
                    raise InputError(f"{path}: {name}: at most {MAX_BYTES:,} bytes are read")
                stream = archive.extractfile(member)
                assert stream is not None
                found[name] = stream.read()
    except InputError:
        raise
    except DAMAGE as error:
        reason = str(error).partition("\n")[0].rstrip(":")  # the rest lists what it might be
        raise InputError(
            f"{path}: {expected} in a folder or a tar archive (.tar.gz); this is none, or damaged"
            f" ({reason})"
        ) from None
    return {name: lambda content=content: content for name, content in found.items()}


def _all_formats() -> list[_Format]:
    return [layout for layouts in FORMATS.values() for layout in layouts]


def _read_part(content: bytes, place: str, layout: _Format, n_classes: int) -> tuple[Bytes, Bytes]:
    """Return images and classes of one part."""
    pixels, classes = (
        _read_rows(content, place, layout.n_labels)
        if layout.n_labels
        else _read_pickle(content, place, layout.label)
    )
    if len(classes) == 0:
        raise InputError(f"{place}: holds no image")
    if int(classes.max()) >= n_classes:
        raise InputError(f"{place}: label {classes.max()}, expected less than {n_classes}")
    return pixels.reshape(-1, 3, 32, 32), classes


def _read_rows(content: bytes, place: str, n_labels: int) -> tuple[Bytes, Bytes]:
    """Return pixels and the last label of each row."""
    length = n_labels + PIXELS
    if len(content) % length:
        raise InputError(f"{place}: {len(content)} bytes, expected a multiple of {length}")
    rows = np.frombuffer(content, dtype=np.uint8).reshape(-1, length)
    return rows[:, n_labels:], rows[:, n_labels - 1]


def _read_pickle(content: bytes, place: str, label: bytes) -> tuple[Bytes, Bytes]:
    """Return pixels and labels of a pickled dictionary."""
    try:
        found = _Reader(io.BytesIO(content), encoding="bytes").load()
    except Exception as error:  # a damaged pickle may raise anything
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{place}: not a pickle of CIFAR images ({reason})") from None
    content_of = found if isinstance(found, dict) else {}
    data = content_of.get(b"data", content_of.get("data"))
    if not isinstance(data, _Array) or data.content is None:
        raise InputError(f"{place}: expected a dictionary with the array 'data'")
    pixels, name = data.content, label.decode()
    labels = content_of.get(label, content_of.get(name))
    if not isinstance(labels, list) or not all(
        type(item) is int and 0 <= item < 256 for item in labels
    ):
        raise InputError(f"{place}: expected a list of class numbers '{name}'")
    if pixels.shape != (len(labels), PIXELS):
        shape = (len(labels), PIXELS)
        raise InputError(f"{place}: 'data' has shape {pixels.shape}, expected {shape}")
    return pixels, np.array(labels, dtype=np.uint8)


class _Array:
    """Stands in for numpy's array: takes the state that numpy wrote and rebuilds it."""

    def __init__(self, *_: Any) -> None:
        self.content: Bytes | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, is_fortran, content = state
        if not isinstance(kind, _Kind) or kind.code not in (b"u1", "u1"):
            raise pickle.UnpicklingError("an array of other than 8-bit numbers")
        if not isinstance(content, bytes) or len(content) != math.prod(shape):
            raise pickle.UnpicklingError("an array of another length than its shape says")
        numbers = np.frombuffer(content, dtype=np.uint8)
        self.content = numbers.reshape(shape, order="F" if is_fortran else "C")


class _Kind:
    """Stands in for numpy's type of numbers: keeps its code."""

    def __init__(self, code: Any = None, *_: Any) -> None:
        self.code = code

    def __setstate__(self, state: Any) -> None:
        """Byte order and the like, of which 8-bit numbers have none."""


def _encode(text: str, coding: str) -> bytes:
    """Stands in for `_codecs.encode`, by which Python 3 writes bytes in old pickles."""
    if coding not in ("latin1", b"latin1"):
        raise pickle.UnpicklingError("bytes in another coding than latin1")
    return text.encode("latin1") if isinstance(text, str) else text


_KNOWN: dict[tuple[str, str], Any] = {("_codecs", "encode"): _encode}
for _core in ("numpy.core.multiarray", "numpy._core.multiarray"):
    _KNOWN[_core, "_reconstruct"] = _Array
_KNOWN |= {("numpy", "ndarray"): _Array, ("numpy", "dtype"): _Kind}


class _Reader(pickle.Unpickler):
    """Reads what the CIFAR archives hold, and refuses every other name."""

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in of a name."""
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}") from None
