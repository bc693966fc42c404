"""The keys of `algorithm`, one frozen record for each algorithm."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Readout:
    """What leaves the quantum computer; `norm` and `access` of tomography, the rest of observables."""

    kind: Literal["state", "tomography", "observable"]
    norm: str = "l2"
    access: Literal["coherent", "sampling"] = "coherent"
    of: str = ""
    weight_norm: float | None = None
    operator_alpha: float | None = None
    operator_toffoli: int | None = None


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How the learning rate changes: `step` by a factor after given steps, `cosine` along half a wave.

    Args:
        kind: which of the two.
        n_steps: steps that it covers.
        at: of `step`, the numbers of steps after which the rate is multiplied.
        factor: of `step`, by which.
        final: of `cosine`, where the wave ends one step after the last, as a part of the first rate.
    """

    kind: Literal["step", "cosine"]
    n_steps: int
    at: tuple[int, ...] = ()
    factor: float = 1.0
    final: float = 0.0

    def __str__(self) -> str:
        if self.kind == "cosine":
            return f"rate along a cosine to {_digits(self.final)} of the first"
        word = "step" if len(self.at) == 1 else "steps"
        return f"rate times {_digits(self.factor)} after {word} {', '.join(map(str, self.at))}"

    def rates(self, learning_rate: float) -> tuple[float, ...]:
        """Return the rate of every step, the first being `learning_rate`."""
        return _rates(self, learning_rate)


def _digits(number: float) -> str:
    """Return all digits: measurements are told apart by them."""
    return repr(number).removesuffix(".0")


@lru_cache(maxsize=64)
def _rates(schedule: Schedule, learning_rate: float) -> tuple[float, ...]:
    steps = range(schedule.n_steps)
    if schedule.kind == "cosine":
        waves = ((1 + math.cos(math.pi * step / schedule.n_steps)) / 2 for step in steps)
        return tuple(learning_rate * (wave + schedule.final * (1 - wave)) for wave in waves)
    turns = (bisect_right(schedule.at, step) for step in steps)
    return tuple(learning_rate * schedule.factor**turn for turn in turns)


@dataclass(frozen=True, kw_only=True)
class CarlemanGd:
    """Keys of `algorithm: {name: carleman-gd}`; `map_order` is the key `map` as a number."""

    name: Literal["carleman-gd"]
    n_steps: int
    learning_rate: float
    weight_decay: float
    degree: Literal["auto"] | int = "auto"
    truncation_order: Literal["auto"] | int = "auto"
    map_order: Literal["auto", "exact"] | int = "auto"
    segment_steps: Literal["auto"] | int = "auto"
    rescaling: Literal["auto"] | float = "auto"
    padding: Literal["auto", "none", "sqrt", "full"] | int
    encoding: str
    data_access: str
    solver: str
    readout: Readout
    momentum: float = 0.0
    momentum_restart: bool = False
    n_batches: int = 1
    schedule: Schedule | None = None

    @property
    def rates(self) -> tuple[float, ...]:
        """Rate of every step; empty where all are `learning_rate`."""
        return (
            () if self.schedule is None else self.schedule.rates(self.learning_rate)[: self.n_steps]
        )


@dataclass(frozen=True, kw_only=True)
class LinearSystem:
    """Keys of `algorithm: {name: linear-system}`."""

    name: Literal["linear-system"]
    encoding: str
    data_access: str
    solver: str
    readout: Readout


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Key of `algorithm: {name: counts}`: there is nothing to choose."""

    name: Literal["counts"]


@dataclass(frozen=True, kw_only=True)
class Damping:
    """What is added to the diagonal: `value` (times the largest entry where `relative`), decaying."""

    kind: Literal["relative", "absolute"]
    value: float
    decay: float


@dataclass(frozen=True, kw_only=True)
class Newton:
    """Keys of `algorithm: {name: newton}`; `batch_size` None is the whole data set."""

    name: Literal["newton"]
    n_steps: int
    learning_rate: float
    batch_size: int | None
    curvature: Literal["hessian", "gauss-newton", "fisher"]
    blocks: Literal["full", "layer"]
    damping: Damping
    prune: float
    noise_seeds: int
    policy: Literal["honest", "paper"]
    gate_time_s: float
    encoding: str
    data_access: str
    solver: str
    readout: Readout


Algorithm = CarlemanGd | LinearSystem | Newton | Counts
