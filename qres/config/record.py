"""The `Scenario`: everything a `model.yaml` says, checked, frozen, and named by its content."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from qres.notation.card import html_table, spell
from qres.notation.quantity import Quantity

Objective = Literal["runtime", "qubits", "volume"]


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """How the network is built: `mlp`, `logistic`, or `python` (user code, needs trust)."""

    kind: Literal["mlp", "logistic", "python"]
    hidden: tuple[int, ...] = ()
    activation: str = "tanh"
    build: str = ""


@dataclass(frozen=True, kw_only=True)
class Training:
    """Seeded mini-batch training before the measurement."""

    epochs: int
    learning_rate: float
    batch_size: int
    weight_decay: float
    seed: int


@dataclass(frozen=True, kw_only=True)
class Pruning:
    """Global magnitude pruning; the mask is frozen and the rest retrained."""

    fraction: float
    retrain_epochs: int


@dataclass(frozen=True, kw_only=True)
class NetworkModel:
    """A network to train, prune and measure. `dataset` is `digits` or `breast-cancer`."""

    architecture: Architecture
    dataset: str
    train: Training
    prune: Pruning
    checkpoint: Path | None = None


@dataclass(frozen=True, kw_only=True)
class MatrixModel:
    """A matrix file (.mtx, .npz, .npy) and, if there is one, its right-hand side (.npy)."""

    file: Path
    rhs: Path | None = None


@dataclass(frozen=True, kw_only=True)
class GivenModel:
    """Typed numbers, by the names of the symbols; `update_norms` is a tuple of floats."""

    values: Mapping[str, Quantity]
    update_norms: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MeasurementModel:
    """A measurement stored by `qres measure -o FILE.json`, or handed over in Python (no file)."""

    file: Path | None


Model = NetworkModel | MatrixModel | GivenModel | MeasurementModel


@dataclass(frozen=True, kw_only=True)
class MeasureSettings:
    """How hard to measure: Lanczos steps, random probes, seed of both."""

    lanczos_steps: int
    probes: int
    seed: int


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


Algorithm = CarlemanGd | LinearSystem | Counts


@dataclass(frozen=True, kw_only=True)
class ErrorTarget:
    """Error of the result and the probability of missing it.

    Args:
        total: relative to the result; with target `loss` the absolute error of the loss.
        fail_prob: probability of missing it.
        target: what `total` is the error of.
    """

    total: float
    fail_prob: float
    target: Literal["weights", "loss"] = "weights"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Most physical qubits of a machine and longest time in seconds; infinite where none is set."""

    max_qubits: float = math.inf
    max_runtime_s: float = math.inf


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One question: a model, an algorithm, an error, machines to price it on.

    Args:
        name: of the model file.
        model: what is estimated.
        measure: how it is measured.
        algorithm: which algorithm, with its parameters.
        error: the error target.
        hardware: names of quantum machines, or paths of profiles.
        device: name of the classical device.
        objective: what the physical layer makes small.
        limits: what each machine must stay within.
        defaults: (YAML path, value) of each value that the file left to us.
        scenario_id: 16 hex digits, a hash of everything above but `name`.
        folder: where relative paths of the file start.
        raw: the checked content as plain data, with defaults filled in.
    """

    name: str
    model: Model
    measure: MeasureSettings
    algorithm: Algorithm
    error: ErrorTarget
    hardware: tuple[str, ...]
    device: str
    objective: Objective
    defaults: tuple[tuple[str, Any], ...]
    scenario_id: str
    folder: Path
    raw: Mapping[str, Any]
    limits: Limits = Limits()

    def _repr_html_(self) -> str:
        rows = [(path, spell(value)) for path, value in _leaves(self.raw)]
        return html_table(rows, caption=f"{self.name} ({self.scenario_id})", words=(0, 1))


def _leaves(data: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value of nested data with its dotted path."""
    for key, value in data.items():
        place = f"{path}.{key}" if path else str(key)
        if isinstance(value, Mapping):
            yield from _leaves(value, place)
        else:
            yield place, value
