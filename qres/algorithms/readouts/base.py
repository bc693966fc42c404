r"""What every read-out offers, and how a member is found by its settings.

A read-out says what leaves the quantum computer and what the relative error `error.total` is
relative to: the norm of the vector for a state and for tomography, $\lVert w\rVert\lVert u\rVert$
for a linear observable, $\alpha_O\lVert u\rVert^2$ for a quadratic one, nothing (absolute) for the
loss. A new member is one new file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import sympy

import qres.algorithms.readouts as folder
from qres.algorithms.record import Assumption, Share, Stage
from qres.algorithms.system import Definitions, System
from qres.config.record import Readout as Settings
from qres.errors import InfeasibleError, InputError
from qres.notation.catalogue import each, members
from qres.notation.quantity import Quantity
from qres.notation.symbols import symbol

Mode = Literal["coherent", "repeat", "direct"]
"""Runs amplified, runs repeated until they succeed, or neither: an estimate of single runs."""

Rule = Literal["whole run", "per shot"]
"""Whether no logical fault may happen at all, or each shot may suffer one with small probability."""

Values = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a read-out builds its circuits from.

    Args:
        values: numbers or symbols of the job.
        run: one solver run of the system with a reference beside it.
        state: a run of the system alone, amplified, None where nothing is.
        reference: (levels, entries) to a circuit of the known state that an observable is read
            against, and the lowest qubit of the index that it is in.
        wanted: sizes of what tells the rows that are read, see `qres.bloqs.estimation.WantedRows`.
    """

    values: Values
    run: Any
    state: Any
    reference: Callable[..., tuple[Any, Any]]
    wanted: Mapping[str, Any]


def _root(system: System) -> Any:
    return sympy.sqrt(symbol("success_prob"))


def _same(error: float) -> float:
    return error


@dataclass(frozen=True, kw_only=True)
class Readout:
    r"""A read-out as the pipeline sees it.

    Args:
        name: of the member, as in the result.
        keys: settings that ask for it.
        modes: how its states may be made.
        definitions: (system, mode) to its own derived symbols.
        stages: (system, mode) to its quantum stages beyond the plain states.
        parts: (parts, mode) to pairs of a circuit and how often it is called, likewise.
        amplified: (mode) to the number of amplified states, 0 for none.
        has_plain: whether plain states are measured, made in either way.
        is_coherent: whether amplified states are used inside one larger circuit, where the
            amplitudes of their failures add up and not only the probabilities.
        controls: controls of its longest run.
        is_referenced: whether that run has a reference beside the system.
        rotations: (system) to the rotations beside that run, in the circuits it stands in.
        reconstruction: its classical stages.
        shares: its terms of the error budget.
        failures: its failure probabilities.
        assumptions: what it rests on.
        settings: numbers among the settings that become values.
        needs: measured values that it reads.
        root: (system) to what stands for $\sqrt P$ in the bound $2\epsilon/\sqrt P$ of the error
            that a state error $\epsilon$ makes.
        spread: relative error of the vector to that of the result.
        least_order: (degree) to the truncation order that the lift must have.
        most_degree: largest degree of the gradient that it has a functional for.
        systems: algorithms that have it, empty for all.
        rule: how logical faults count.
        variants: the same read-out under other rules.
        logical: (system, mode) to the definition of `fail_logical` where the rule has one.
        relative_to: what `error.total` is relative to.
        has_task: whether a classical computer has the same task.
    """

    name: str
    keys: Mapping[str, str]
    modes: tuple[Mode, ...]
    definitions: Callable[[System, Mode], Definitions]
    stages: Callable[[System, Mode], tuple[Stage, ...]]
    parts: Callable[[Parts, Mode], list[tuple[Any, Any]]]
    amplified: Callable[[Mode], Any]
    has_plain: bool
    is_coherent: bool
    controls: int = 0
    is_referenced: bool = False
    rotations: Callable[[System], Any] = lambda system: 0
    reconstruction: tuple[Stage, ...] = ()
    shares: tuple[Share, ...] = ()
    failures: tuple[str, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    settings: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    root: Callable[[System], Any] = _root
    spread: Callable[[float], float] = _same
    least_order: Callable[[int], int] = lambda degree: 1
    most_degree: int = 3
    systems: tuple[str, ...] = ()
    rule: Rule = "whole run"
    variants: tuple[Readout, ...] = ()
    logical: Callable[[System, Mode], Definitions] | None = None
    relative_to: str = "the norm of the vector"
    has_task: bool = True

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The failure rules to compare."""
        return (self.rule, *(item.rule for item in self.variants))

    @property
    def rule_text(self) -> str:
        """The rule in words."""
        return RULES[self.rule]


RULES: Mapping[Rule, str] = {
    "whole run": "logical failures counted over the whole run",
    "per shot": "logical failures counted per shot, those of the norm over all its runs",
}


@cache
def readouts() -> dict[str, Readout]:
    """Return every read-out by name: each module of this folder that has a `READOUT`."""
    return members(folder, "READOUT")


def find_readout(settings: Settings, rule: Rule = "whole run") -> Readout:
    """Return the read-out that the settings ask for, under a rule that it has.

    Raises:
        InputError: no member has these settings.
    """
    for member in each(folder, "READOUT", settings.kind):
        if all(getattr(settings, key) == value for key, value in member.keys.items()):
            return next(item for item in (member, *member.variants) if item.rule == rule)
    asked = ", ".join(filter(None, (settings.kind, settings.norm, settings.access, settings.of)))
    raise InputError(f"algorithm.readout: no read-out is {asked}")


def check_readout(member: Readout, name: str, *, degree: int = 1, order: int = 1) -> None:
    """Refuse a read-out that the algorithm, or its lift, does not have.

    Args:
        member: the read-out.
        name: of the algorithm.
        degree: of the polynomial gradient.
        order: truncation order of the lift.

    Raises:
        InputError: the algorithm has no such result.
        InfeasibleError: the lift is too short.
    """
    if member.systems and name not in member.systems:
        raise InputError(f"algorithm.readout: {name} has no {member.name}")
    least = member.least_order(degree)
    if degree > member.most_degree:
        raise InfeasibleError(
            "readout",
            f"{member.name} has no row of order {degree + 1}; use degree {member.most_degree}",
        )
    if order < least:
        raise InfeasibleError(
            "readout",
            f"{member.name} is a functional of the lifted vector up to order degree + 1 ="
            f" {least}; at degree {degree} the lift has truncation order {order}",
        )


def readout_values(member: Readout, settings: Settings, measured: Mapping[str, Quantity]) -> Values:
    """Return the values that the read-out adds to a job.

    Raises:
        InputError: a measured value is missing.
    """
    missing = [name for name in member.needs if name not in measured]
    if missing:
        raise InputError(f"algorithm.readout: {member.name} needs {', '.join(missing)}")
    typed = {
        name: Quantity(value=getattr(settings, name), kind="given") for name in member.settings
    }
    return {name: measured[name] for name in member.needs} | typed
