"""How long work says where it stands: one callable, `progress(task, done, total)`."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called often, with the name of the task, the steps done, and how many there are."""


def keep_silent(task: str, done: int, total: int) -> None:
    """Tell nobody: the progress of a caller that asked for none."""
