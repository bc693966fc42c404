"""Long work that survives its end: what was computed is written down, and read back in order.

A program that is deterministic asks the same questions in the same order. With a journal it finds
the answers of its last run until it comes to the first question that has none, and goes on from
there: equal to the run that was never interrupted, to the last bit.

*Calls* are answered by arrays, a *loop* by its state after the last round, a *sum* by what its parts add
up to. A *phase* is answered by plain JSON. Once a phase or a round is done, the calls within it are
dropped. Answers wait in memory for at most `FLUSH_S` seconds, so short work never touches the disk, and a
killed process loses no more than that and the call, or the part of a sum, that it was in. A torn or
foreign tail is cut off.

Each phase in progress has a file of its own: records of length, checksum and question, then the
answer. One process at a time uses a folder; another one works without a journal. In a team the first
process keeps the journal and tells the others what it has read; what each does by itself it keeps by
itself.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qres.measurement.journal_files import (
    Arrays,
    Log,
    State,
    StateFile,
    digest,
    pack_arrays,
    read_state,
    resume,
    unpack_arrays,
)
from qres.notation.quantity import Quantity

Lead = Callable[[Any], Any]


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
        self._files = [] if folder is None else [Log(folder / "0")]

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
        question = digest(name, asked)
        payload = self.lead(self._files[-1].read(question))
        if payload is not None:
            return list(unpack_arrays(payload))
        answer = make()
        self._files[-1].write(question, pack_arrays(answer))
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
        log, question = self._files[-1], digest(name, ())
        payload = self.lead(log.read(question))
        if payload is not None:
            return json.loads(payload)
        inner = Log(log.path.with_name(f"{log.path.name}.{log.position}-{question:08x}"))
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

        A file holds the state after the last round that was written, another one the calls of the
        round that is being made; the next ones take their place, and the log has the state after all.

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
        log, question = self._files[-1], digest(name, asked)
        payload = self.lead(log.read(question))
        if payload is not None:
            state.unpack(list(unpack_arrays(payload)))
            return
        place = log.path.with_name(f"{log.path.name}.{log.position}.state")
        done = resume(self.lead(read_state(place, question)), state)
        file = StateFile(place, question)

        def make_round(number: int) -> None:
            inner = Log(place.with_name(f"{place.name}.{number}-{question:08x}"))
            depth = len(self._files)
            self._files.append(inner)
            try:
                advance(number)
            except BaseException:
                for item in self._files[depth:]:
                    item.flush()
                raise
            finally:
                del self._files[depth:]
            inner.drop()

        _go(range(done, count), make_round, state, file)
        log.write(question, pack_arrays(state.pack(is_last=True)))
        place.unlink(missing_ok=True)

    def add_up(
        self,
        name: str,
        asked: Sequence[NDArray[Any]],
        count: int,
        add: Callable[[int], None],
        state: State,
        finish: Callable[[], Arrays],
    ) -> Arrays:
        """Return the answer to a call that is a sum; where that takes long, a file has the sum so far.

        Of a team each process has parts of its own, and a file.

        Args:
            name: of the question.
            asked: arrays that the answer depends on.
            count: parts of this process.
            add: adds one of them.
            state: the sum so far.
            finish: makes the answer of the sum, with the other processes.
        """
        log, question = self._files[-1], digest(name, asked)
        payload = self.lead(log.read(question))
        if payload is not None:
            return list(unpack_arrays(payload))
        place = log.path.with_name(self.lead(f"{log.path.name}.{log.position}.sum"))
        done = resume(read_state(place, question), state)
        _go(range(done, count), add, state, StateFile(place, question))
        answer = finish()
        log.write(question, pack_arrays(answer))
        place.unlink(missing_ok=True)
        return answer

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep nothing for a while."""
        files, self._files = self._files, []
        try:
            yield
        finally:
            self._files = files

    @contextmanager
    def apart(self, who: str) -> Iterator[None]:
        """Keep for a while what this process of a team does alone, and tell it to no other.

        The file has the place of the first process in its name: how far the others have read is no
        mark, because they go on by what they are told.

        Args:
            who: of how many this process is which; another team shares the work otherwise.
        """
        if not self._files:
            yield
            return
        files, lead = self._files, self.lead
        place = lead(f"{files[-1].path.name}.{files[-1].position}")
        self._files = [Log(files[-1].path.with_name(f"{place}.own-{who}"))]
        self.lead = _keep_own
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


def _go(rounds: range, advance: Callable[[int], None], state: State, file: StateFile) -> None:
    """Make rounds, and write the state now and then, and where they end early between two."""
    try:
        for number in rounds:
            advance(number)
            file.offer(state)
    except BaseException:
        if state.done is not None:
            file.write(state)
        raise


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
