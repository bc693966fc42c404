"""Progress on stderr: a bar with the time left on a terminal, else one line per task."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from qres.cli.output import is_follower

EVERY_S = 30.0
"""Without a terminal a long task says how far it is after so many seconds."""

Report = Callable[[str, int, int], None]


@contextmanager
def shown_progress() -> Iterator[Report]:
    """Give out `progress(task, done, total)`, and clear its traces at the end."""
    if is_follower():
        yield lambda task, done, total: None
        return
    if not sys.stderr.isatty():
        yield _Lines()
        return
    bars = _Bars()
    try:
        yield bars
    finally:
        bars.close()


class _Lines:
    """One plain line when a task begins, and now and then one with the time left."""

    def __init__(self) -> None:
        self.begun: dict[str, tuple[float, int]] = {}
        self.told = time.monotonic()

    def __call__(self, task: str, done: int, total: int) -> None:
        now = time.monotonic()
        if task not in self.begun:
            self.begun[task] = now, done
            self.say(f"{task} ...")
        elif now - self.told > EVERY_S:
            start, first = self.begun[task]
            left = (now - start) / max(done - first, 1) * max(total - done, 0)
            self.say(f"{task} {done}/{total}, about {left:.0f} s left")

    def say(self, text: str) -> None:
        self.told = time.monotonic()
        print(f"qres: {text}", file=sys.stderr, flush=True)


class _Bars:
    """One bar per task; rich is loaded with the first."""

    def __init__(self) -> None:
        self.display: Any = None
        self.tasks: dict[str, Any] = {}

    def __call__(self, task: str, done: int, total: int) -> None:
        if self.display is None:
            self.display = _start_display()
        if task not in self.tasks:
            self.tasks[task] = self.display.add_task(task, total=max(total, 1))
        self.display.update(self.tasks[task], completed=done, total=max(total, 1))

    def close(self) -> None:
        if self.display is not None:
            self.display.stop()


def _start_display() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    display = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    display.start()
    return display
