"""Long work that survives its end: what was computed is written down, and read back in order.

A program that is deterministic asks the same questions in the same order. With a journal it finds
the answers of its last run until it comes to the first question that has none, and goes on from
there: equal to the run that was never interrupted, to the last bit.

*Calls* are answered by arrays, a *loop* by its state after the last round. A *phase* is answered by plain
JSON, and once it is, the calls within it are dropped. Answers wait in memory for at most `FLUSH_S` seconds,
so short work never touches the disk, and a killed process loses no more than that. A torn or foreign tail
is cut off.

Each phase in progress has a file of its own: records of length, checksum and question, then the
answer. One process at a time uses a folder; another one works without a journal. In a team the first
process keeps the journal and tells the others what it has read; what each does by itself it keeps by
itself.
"""

from __future__ import annotations

import fcntl
import io
import json
import shutil
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from qres.files import write_atomic
from qres.notation.quantity import Quantity

FLUSH_S = 60.0
"""Answers are on the disk after this time."""

FLUSH_BYTES = 2**28
"""Or as soon as so many bytes wait."""

HEAD = struct.Struct("<QII")
"""Bytes of the answer, its checksum, checksum of the question."""

Arrays = list[NDArray[Any]]
Lead = Callable[[Any], Any]


class State(Protocol):
    """What the rounds of a loop change."""

    @property
    def is_whole(self) -> bool:
        """Whether no round is half done."""
        ...

    def pack(self, *, is_last: bool) -> Arrays:
        """Return the state, after the last round only what is wanted then."""
        ...

    def unpack(self, arrays: Arrays) -> None:
        """Put in place what `pack` returned."""
        ...


def _keep_own(item: Any) -> Any:
    return item


class Journal:
    """Answers in order; without a folder nothing is kept.

    Args:
        folder: of the files; made when the first answer is written.
        lead: of a team, returns what its first process has.
    """

    def __init__(self, folder: Path | None = None, lead: Lead = _keep_own) -> None:
        self.folder, self.lead = folder, lead
        self.found: dict[str, Quantity] = {}
        self._files = [] if folder is None else [_Log(folder / "0")]

    @property
    def is_open(self) -> bool:
        """Whether anything is kept."""
        return bool(self._files)

    def keep(self, name: str, asked: Sequence[NDArray[Any]], make: Callable[[], Arrays]) -> Arrays:
        """Return the answer to a call, read back or made.

        Args:
            name: of the question.
            asked: arrays that the answer depends on.
            make: computes it.
        """
        if not self._files:
            return make()
        question = _digest(name, asked)
        payload = self.lead(self._files[-1].read(question))
        if payload is not None:
            return list(_unpack(payload))
        answer = make()
        self._files[-1].write(question, _pack(answer))
        return answer

    def phase(
        self, name: str, make: Callable[[], Any], *, rng: np.random.Generator | None = None
    ) -> Any:
        """Return the JSON answer of a phase, read back or made from the calls within it.

        Args:
            name: of the phase.
            make: computes the answer.
            rng: that the phase draws from; comes back as if it had.
        """
        if not self._files:
            return make()
        if rng is None:
            return self._phase(name, make)
        answer, state = self._phase(name, lambda: (make(), rng.bit_generator.state))
        rng.bit_generator.state = state
        return answer

    def _phase(self, name: str, make: Callable[[], Any]) -> Any:
        log, question = self._files[-1], _digest(name, ())
        payload = self.lead(log.read(question))
        if payload is not None:
            return json.loads(payload)
        inner = _Log(log.path.with_name(f"{log.path.name}.{log.position}"))
        self._files.append(inner)
        answer = make()
        self._files.pop()
        log.write(question, json.dumps(answer).encode())
        if inner.path.exists():
            log.flush()
        inner.drop()
        return answer

    def loop(
        self,
        name: str,
        asked: Sequence[NDArray[Any]],
        count: int,
        advance: Callable[[int], None],
        state: State,
    ) -> None:
        """Advance a state through rounds 0, 1, ..., of which only the last one is written down.

        Nothing is kept of the calls within: a file holds the state after the last round that was
        written, the next one takes its place, and the log has the state after all.

        Args:
            name: of the question.
            asked: arrays that the answer depends on.
            count: rounds.
            advance: makes one round.
            state: what the rounds change.
        """
        if not self._files:
            for number in range(count):
                advance(number)
            return
        log, question = self._files[-1], _digest(name, asked)
        payload = self.lead(log.read(question))
        if payload is not None:
            state.unpack(list(_unpack(payload)))
            return
        place = log.path.with_name(f"{log.path.name}.{log.position}.state")
        done = _resume(self.lead(_read_state(place, question)), state)
        with self.paused():
            self._advance(range(done, count), advance, state, _State(place, question))
        log.write(question, _pack(state.pack(is_last=True)))
        place.unlink(missing_ok=True)

    @staticmethod
    def _advance(rounds: range, advance: Callable[[int], None], state: State, file: _State) -> None:
        """Make rounds, and write the state now and then, and where they end early between two."""
        done = rounds.start
        try:
            for number in rounds:
                advance(number)
                done = number + 1
                file.offer(done, state)
        except BaseException:
            if state.is_whole:
                file.write(done, state)
            raise

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep nothing for a while."""
        files, self._files = self._files, []
        try:
            yield
        finally:
            self._files = files

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Keep for a while what this process of a team does alone, and tell it to no other.

        The file has the place of the first process in its name: how far the others have read is no
        mark, because they go on by what they are told.
        """
        if not self._files:
            yield
            return
        files, lead = self._files, self.lead
        place = lead(f"{files[-1].path.name}.{files[-1].position}.own")
        self._files, self.lead = [_Log(files[-1].path.with_name(place))], _keep_own
        try:
            yield
        finally:
            for log in self._files:
                log.flush()
            self._files, self.lead = files, lead

    def note(self, values: Mapping[str, Quantity]) -> None:
        """Add to what is known so far, `found`: what is left if the work ends here."""
        self.found.update(values)

    def close(self) -> None:
        """Write what waits; leave no folder where there is nothing."""
        for log in self._files:
            log.flush()
        if self.folder is not None and not any(self.folder.glob("0*")):
            shutil.rmtree(self.folder, ignore_errors=True)

    def drop(self) -> None:
        """Remove all files: the work is done."""
        for log in self._files:
            log.drop()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


_OPEN: list[Journal] = []


def find_journal() -> Journal:
    """Return the journal of the measurement that is being made; one that keeps nothing without."""
    return _OPEN[-1] if _OPEN else Journal()


@contextmanager
def opened_journal(folder: Path, *, rank: int = 0, lead: Lead = _keep_own) -> Iterator[Journal]:
    """Give out the journal in a folder; it is removed where the work ends well, kept where not.

    Args:
        folder: of the files.
        rank: of this process in a team; those after the first have a folder of their own beside it,
            so that none removes what another one still writes.
        lead: of the team.
    """
    if rank:
        folder = folder.with_name(f"{folder.stem}.{rank}{folder.suffix}")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield Journal()
            return
        journal = Journal(folder, lead)
        _OPEN.append(journal)
        try:
            yield journal
        except BaseException:
            journal.close()
            raise
        finally:
            _OPEN.remove(journal)
        journal.drop()


class _State:
    """One file with the last state of a loop."""

    def __init__(self, path: Path, question: int) -> None:
        self.path, self.question = path, question
        self.since = time.monotonic()

    def offer(self, done: int, state: State) -> None:
        """Write the state, if that is due."""
        if time.monotonic() - self.since > FLUSH_S:
            self.write(done, state)

    def write(self, done: int, state: State) -> None:
        """Write the state after so many rounds, in place of the one before."""
        payload = _pack([np.array(done), *state.pack(is_last=False)])
        head = HEAD.pack(len(payload), zlib.crc32(payload), self.question)
        write_atomic(self.path, head + payload)
        self.since = time.monotonic()


def _read_state(path: Path, question: int) -> bytes | None:
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


def _resume(payload: bytes | None, state: State) -> int:
    """Put the state of the file in place, and return the rounds that are done."""
    if payload is None:
        return 0
    done, *arrays = _unpack(payload)
    state.unpack(arrays)
    return int(done)


class _Log:
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


def _digest(name: str, asked: Sequence[NDArray[Any]]) -> int:
    """Return a checksum of a question."""
    found = zlib.crc32(name.encode())
    for item in asked:
        found = zlib.crc32(np.ascontiguousarray(item).data.cast("B"), found)
    return found


def _pack(answer: Arrays) -> bytes:
    stream = io.BytesIO()
    for item in answer:
        np.save(stream, item, allow_pickle=False)
    return stream.getvalue()


def _unpack(payload: bytes) -> Iterator[NDArray[Any]]:
    stream = io.BytesIO(payload)
    while stream.tell() < len(payload):
        yield np.load(stream, allow_pickle=False)
