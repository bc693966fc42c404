"""A machine, and what a job costs on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from qres.notation.quantity import Kind

Status = Literal["ok", "infeasible"]
Limit = Literal["reaction", "layout", "factory"]
LIMITS: tuple[Limit, ...] = ("reaction", "layout", "factory")

MAX_FACTORIES = 1_000_000
"""Factories that one machine may hold; the reaction time binds long before."""

MAX_DISTANCE = 999
"""Largest code distance that the search considers."""


@dataclass(frozen=True)
class FieldSource:
    """Where one field of a machine comes from, and how far it can be trusted."""

    text: str
    kind: Kind = "given"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A quantum computer as the physical layer sees it.

    Args:
        name: as in `data/hardware/`, or the stem of a user's profile.
        physical_error: error rate of a physical operation.
        cycle_time_s: time of one round of syndrome extraction.
        reaction_time_s: time from a measurement to the operation that depends on it.
        code: name of the error-correcting code, or a code itself (hashable).
        threshold: error-correction threshold of that code.
        prefactor: prefactor of its logical error rate.
        factories: names of the magic-state factories that may be built, or factories themselves.
        layouts: names of the layouts that the data block may have.
        max_factories: most factories of one machine.
        t_error: error rate of an injected T state; None where it is `physical_error`.
        correlated_event_rate_per_s: events per second that no code corrects (bursts); 0 leaves
            them out.
        storage: `yoked` where idle qubits may lie in cold storage, empty where all are patches.
        max_qubits: most physical qubits, infinite where no limit is set.
        max_runtime_s: longest time of a job in seconds, likewise.
        n_machines: how many of it share the independent shots of a job.
        sources: by field; not part of the identity of a machine.
    """

    name: str
    physical_error: float
    cycle_time_s: float
    reaction_time_s: float
    code: Any
    threshold: float
    prefactor: float
    factories: tuple[Any, ...]
    layouts: tuple[str, ...]
    max_factories: int = MAX_FACTORIES
    t_error: float | None = None
    correlated_event_rate_per_s: float = 0.0
    storage: str = ""
    max_qubits: float = math.inf
    max_runtime_s: float = math.inf
    n_machines: int = 1
    sources: Mapping[str, FieldSource] = field(default_factory=dict, compare=False, repr=False)

    @property
    def injection_error(self) -> float:
        """Error rate of the T states that go into distillation."""
        return self.physical_error if self.t_error is None else self.t_error

    @property
    def summary(self) -> str:
        """Physical error, code cycle, code with its storage, kinds of factory; below 52 columns."""
        n_factories = len(self.factories)
        code = f"{self.code} {self.storage}".strip()
        return (
            f"error {self.physical_error:g}, {self.cycle_time_s * 1e6:g} us, {code},"
            f" {n_factories} {'factory' if n_factories == 1 else 'factories'}"
        )

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What nobody has shown about this machine, one line each."""
        serial = ("magic states are consumed one after the other, one per reaction time",)
        if self.storage:
            serial += ("idle qubits move to and from cold storage in no time",)
        named = (
            f"{name} = {_spoken(getattr(self, name))}: {source.text}"
            for name, source in self.sources.items()
            if source.kind == "assumed"
        )
        return (*serial, *named)


def _spoken(value: Any) -> str:
    """Return a value as a sentence has it: names with commas between them."""
    return ", ".join(value) if isinstance(value, tuple) else str(value)


@dataclass(frozen=True, kw_only=True)
class MachineCost:
    """What a job takes on one machine; scalars, or arrays of one shape.

    Scalars: counts are integers, and everything that an infeasible job does not have is None.
    Arrays: float64; an infeasible point has infinite qubits, cycles and runtime, distance and
    factories 0, so that minima and comparisons stay right.

    Args:
        hardware: name of the machine.
        is_feasible: whether the job fits; the mask of the arrays.
        distance: code distance of the data block.
        n_factories: magic-state factories that work side by side.
        physical_qubits: all of them, of all machines side by side.
        data_qubits: those of one machine's data block, routing included.
        factory_qubits: those of one machine's factories.
        n_cycles: rounds of error correction on the machine that is busiest.
        runtime_s: wall-clock time in seconds.
        runtime_floor_s: time if magic states were free, one consumed per reaction time (assumed).
        fail_prob: failure probability that is reached, data and distillation together.
        fail_prob_data: the part of the data block.
        fail_prob_magic: the part of the magic states.
        fail_prob_events: the part of correlated events, their rate times the runtime.
        cold_qubits: logical qubits of the data block that lie in cold storage.
        n_machines: machines side by side, each with a part of the independent shots.
        logical_error_per_cycle: error per tile and cycle that the job needs; compare with
            experiments.
        limit_index: what sets the time, an index into `LIMITS`.
        ticks_per_reaction: code cycles in one reaction time of the machine.
        factory_index: which factory, an index into `factory_labels`; -1 for none.
        factory_labels: names with distances of all factories of this machine.
        factory_failure: probability that a run of the factory's last level is thrown away; NaN where
            its source states only the expected cycles.
        layout_index: which layout, an index into `layout_labels`; -1 where infeasible.
        layout_labels: names of the layouts of this machine.
        obstacle: where a job does not fit: answers `at(index)` with what binds and the nearest that
            fits, by flat index.
        has_counts: whether the counts were finite (below 1e100) and the failure budget positive.
    """

    hardware: str
    is_feasible: Any
    distance: Any
    n_factories: Any
    physical_qubits: Any
    data_qubits: Any
    factory_qubits: Any
    n_cycles: Any
    runtime_s: Any
    runtime_floor_s: Any
    fail_prob: Any
    fail_prob_data: Any
    fail_prob_magic: Any
    fail_prob_events: Any
    logical_error_per_cycle: Any
    limit_index: Any
    ticks_per_reaction: float
    factory_index: Any
    layout_index: Any
    factory_labels: tuple[str, ...] = field(repr=False)
    layout_labels: tuple[str, ...] = ()
    obstacle: Any = field(default=None, compare=False, repr=False)
    has_counts: Any = True
    factory_failure: Any = 0.0
    cold_qubits: Any = 0
    n_machines: Any = 1

    @property
    def status(self) -> Any:
        """`ok` or `infeasible`."""
        return self._spell(lambda point: "ok" if point("is_feasible") else "infeasible")

    @property
    def factory(self) -> Any:
        """Name and distances of the factory; `none` without magic states or where infeasible."""
        return self._spell(self._factory)

    @property
    def layout(self) -> Any:
        """Name of the layout of the data block; `none` where infeasible."""
        return self._spell(
            lambda point: (
                self.layout_labels[point("layout_index")] if point("is_feasible") else "none"
            )
        )

    @property
    def limited_by(self) -> Any:
        """What sets the time: `reaction`, `layout` (consumption) or `factory` (production)."""
        return self._spell(
            lambda point: LIMITS[point("limit_index")] if point("is_feasible") else "none"
        )

    @property
    def reason(self) -> Any:
        """Why a job does not fit: what binds, and the nearest value that fits; empty where it does.

        Looked for when it is read: of arrays 1 to 100 ms for each point that does not fit.
        """
        fits = np.asarray(self.is_feasible)
        words = np.full(fits.shape, "", dtype=object)
        for index in np.flatnonzero(~fits):
            words.flat[index] = self.obstacle.at(int(index))
        return words if fits.shape else words.item()

    def _factory(self, point: Callable[[str], Any]) -> str:
        index = point("factory_index")
        return self.factory_labels[index] if point("is_feasible") and index >= 0 else "none"

    def _spell(self, word: Callable[[Callable[[str], Any]], str]) -> Any:
        """Apply `word` at each point: a string for scalars, an object array for arrays."""
        shape = np.shape(self.is_feasible)
        words = np.empty(shape, dtype=object)
        for index in np.ndindex(shape):
            words[index] = word(lambda name, i=index: np.asarray(getattr(self, name))[i])
        return words if shape else words.item()
