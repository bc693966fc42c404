"""Where the position of a training lies while it lasts: one file, of one process at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from qres.measurement.resume import joined

Trained = TypeVar("Trained")

_OPEN: list[Path | None] = []


def find_waypoint() -> Path | None:
    """Return the file of the training that is being made, None where nothing is kept."""
    return _OPEN[-1] if _OPEN else None


@contextmanager
def opened_waypoint(path: Path) -> Iterator[None]:
    """Give out a file for the position; it is removed where the training ends well, kept where not.

    Of a team only the first process has the file: the others are told what it reads.

    Args:
        path: its folder is made if need be; a process that finds it in use keeps nothing.
    """
    with joined(None) as (rank, _), _given_out(None) if rank else _locked(path):
        yield


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Give out the file where no other process has it, nothing where one does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    guard = path.with_name(f"{path.name}.lock")
    with guard.open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            with _given_out(None):
                yield
            return
        try:
            with _given_out(path):
                yield
            path.unlink(missing_ok=True)
        finally:
            guard.unlink(missing_ok=True)


@contextmanager
def _given_out(path: Path | None) -> Iterator[None]:
    """Let `find_waypoint` return this."""
    _OPEN.append(path)
    try:
        yield
    finally:
        _OPEN.pop()


def train_resumable(path: Path, make: Callable[[], Trained]) -> Trained:
    """Train, from the position that the last run has left as far as that goes.

    Args:
        path: of the position.
        make: trains, and asks `find_waypoint`.
    """
    with opened_waypoint(path):
        return make()
