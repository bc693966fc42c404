"""Exceptions of qres: what happened, where, and what would be right.

`InputError` is the user's to mend (exit code 2), `InfeasibleError` and `HypothesisError` are
results with a reason, every other `QresError` is a bug of ours (exit code 1).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class QresError(Exception):
    """Base of every exception that qres raises on purpose."""


class InputError(QresError, ValueError):
    """The input is wrong; the message is one line: where, what, and what would be right."""


class RangeError(InputError):
    """A formula leaves the range of numbers at these values."""


class OutsideError(InputError):
    """A formula is asked about values outside the range where it holds."""


class InfeasibleError(QresError):
    """No machine or member can do this; a result with its reason, never a crash.

    Args:
        stage: the stage that fails.
        reason: why, in one line.
    """

    def __init__(self, stage: str, reason: str) -> None:
        super().__init__(f"{stage}: {reason}")
        self.stage = stage
        self.reason = reason


class HypothesisError(QresError):
    """A theorem was asked about something its hypotheses exclude.

    Args:
        hypothesis: the condition, in words or symbols.
        value: what was found.
        bound: what the theorem needs.
        advice: what would satisfy it.
    """

    def __init__(self, hypothesis: str, value: object, bound: object, advice: str) -> None:
        super().__init__(f"{hypothesis}: found {value}, needs {bound}; {advice}")
        self.hypothesis = hypothesis
        self.value = value
        self.bound = bound
        self.advice = advice


class AgreementError(QresError):
    """The count from the circuit and the formula differ: a bug, so no number is printed."""


class ToolError(QresError):
    """A program that qres calls failed; the message is one line (exit code 1)."""


def nearest(word: str, options: Iterable[str], *, limit: int = 3) -> str:
    """Say which valid spellings are nearest to `word`, as the tail of an error message.

    Returns `"; did you mean 'a' or 'b'?"`, or the list of options where none is near.
    """
    names = sorted(options)
    close = difflib.get_close_matches(word, names, n=limit, cutoff=0.5)
    if close:
        return "; did you mean " + " or ".join(f"'{name}'" for name in close) + "?"
    return "; choose from " + ", ".join(names)


UNBOUNDED_KAPPA = "nothing bounds kappa: the smallest singular value may be zero"
"""Why a system has no price whose condition number has no upper end."""
