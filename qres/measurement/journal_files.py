"""The files of a journal: records that are appended, and the last state of a loop."""

from __future__ import annotations

import io
import struct
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from qres.files import write_atomic

FLUSH_S = 60.0
"""Answers are on the disk after this time."""

FLUSH_BYTES = 2**28
"""Or as soon as so many bytes wait."""

HEAD = struct.Struct("<QII")
"""Bytes of the answer, its checksum, checksum of the question."""

Arrays = list[NDArray[Any]]


class State(Protocol):
    """What the rounds of a loop change."""

    @property
    def done(self) -> int | None:
        """Rounds that are in it; None while one is half done.

        It changes in one assignment with what it counts, so that an interrupt finds no other number.
        """
        ...

    @done.setter
    def done(self, count: int | None) -> None: ...

    def pack(self, *, is_last: bool) -> Arrays:
        """Return the state, after the last round only what is wanted then."""
        ...

    def unpack(self, arrays: Arrays) -> None:
        """Put in place what `pack` returned."""
        ...


class StateFile:
    """One file with the last state of a loop."""

    def __init__(self, path: Path, question: int) -> None:
        self.path, self.question = path, question
        self.since = time.monotonic()

    def offer(self, state: State) -> None:
        """Write the state, if that is due."""
        if time.monotonic() - self.since > FLUSH_S:
            self.write(state)

    def write(self, state: State) -> None:
        """Write the state in place of the one before."""
        payload = pack_arrays([np.array(state.done), *state.pack(is_last=False)])
        head = HEAD.pack(len(payload), zlib.crc32(payload), self.question)
        write_atomic(self.path, head + payload)
        self.since = time.monotonic()


def read_state(path: Path, question: int) -> bytes | None:
    """Return the content of the file if it is whole and answers this question."""
    if not path.exists():
        return None
    content = path.read_bytes()
    if len(content) < HEAD.size:
        return None
    size, checksum, asked = HEAD.unpack(content[: HEAD.size])
    payload = content[HEAD.size :]
    is_whole = len(payload) == size and zlib.crc32(payload) == checksum
    return payload if is_whole and asked == question else None


def resume(payload: bytes | None, state: State) -> int:
    """Put the state of the file in place, and return the rounds that are done."""
    state.done = 0
    if payload is not None:
        done, *arrays = unpack_arrays(payload)
        state.unpack(arrays)
        state.done = int(done)
    return state.done


class Log:
    """One file: records that are read back first, then new ones."""

    def __init__(self, path: Path) -> None:
        self.path, self.position, self.end = path, 0, 0
        self.waiting: list[bytes] = []
        self.since = time.monotonic()
        self.stream: BinaryIO | None = path.open("rb") if path.exists() else None

    def read(self, question: int) -> bytes | None:
        """Return the next answer if it is to this question, None from the end on."""
        if self.stream is None:
            return None
        head = self.stream.read(HEAD.size)
        if len(head) == HEAD.size:
            size, checksum, asked = HEAD.unpack(head)
            payload = self.stream.read(size)
            if asked == question and len(payload) == size and zlib.crc32(payload) == checksum:
                self.position += 1
                self.end = self.stream.tell()
                return payload
        self.stream.close()
        self.stream = None
        with self.path.open("r+b") as stream:
            stream.truncate(self.end)
        return None

    def write(self, question: int, payload: bytes) -> None:
        """Add a record, soon on the disk."""
        self.waiting += [HEAD.pack(len(payload), zlib.crc32(payload), question), payload]
        self.position += 1
        is_old = time.monotonic() - self.since > FLUSH_S
        if is_old or sum(map(len, self.waiting)) > FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self.waiting:
            with self.path.open("ab") as stream:
                stream.write(b"".join(self.waiting))
        self.waiting, self.since = [], time.monotonic()

    def drop(self) -> None:
        """Remove the file."""
        if self.stream is not None:
            self.stream.close()
            self.stream = None
        self.waiting = []
        self.path.unlink(missing_ok=True)


def digest(name: str, asked: Sequence[NDArray[Any]]) -> int:
    """Return a checksum of a question."""
    found = zlib.crc32(name.encode())
    for item in asked:
        found = zlib.crc32(np.ascontiguousarray(item).data.cast("B"), found)
    return found


def pack_arrays(answer: Arrays) -> bytes:
    """Return arrays as bytes."""
    stream = io.BytesIO()
    for item in answer:
        np.save(stream, item, allow_pickle=False)
    return stream.getvalue()


def unpack_arrays(payload: bytes) -> Iterator[NDArray[Any]]:
    """Yield the arrays again."""
    stream = io.BytesIO(payload)
    while stream.tell() < len(payload):
        yield np.load(stream, allow_pickle=False)
