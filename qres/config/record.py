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

    def __str__(self) -> str:
        return f"{self.kind} [{', '.join(map(str, self.hidden))}]" if self.hidden else self.kind


@dataclass(frozen=True, kw_only=True)
class ResNet:
    """A residual network of the CIFAR type, 6n + 2 layers deep, its channels `width` times 16."""

    kind: Literal["resnet"] = "resnet"
    depth: int
    width: int
    block: Literal["basic", "bottleneck"]
    activation: str

    def __str__(self) -> str:
        return f"resnet-{self.depth}-{self.width}"


@dataclass(frozen=True, kw_only=True)
class Gpt:
    """A transformer that predicts the next of `context` characters."""

    kind: Literal["gpt"] = "gpt"
    layers: int
    heads: int
    width: int
    context: int
    activation: str
    tied: bool

    def __str__(self) -> str:
        return f"gpt of {self.layers} layers x {self.width}"


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """Where the samples come from; `kind` decides which of the other fields count.

    Args:
        kind: as in `model.yaml`.
        resize: of digits: pixels a side; 0 leaves plain features.
        path: of archives, texts and tables.
        n_samples: how many training samples at most; 0 is all.
        target: of a table: the column of the classes.
        shape: of one random sample.
        n_classes: of random samples.
        seed: of random samples.
        build: the user's function.
    """

    kind: str
    resize: int = 0
    path: Path | None = None
    n_samples: int = 0
    target: str = ""
    shape: tuple[int, ...] = ()
    n_classes: int = 0
    seed: int = 0
    build: str = ""


@dataclass(frozen=True, kw_only=True)
class Training:
    """Seeded mini-batch training before the measurement."""

    epochs: int
    learning_rate: float
    batch_size: int
    weight_decay: float
    seed: int
    precision: Literal["float64", "float32"] = "float64"


@dataclass(frozen=True, kw_only=True)
class Pruning:
    """Global magnitude pruning; the mask is frozen and the rest retrained, after every round."""

    fraction: float
    retrain_epochs: int
    rounds: int = 1
    retrain_learning_rate: float | None = None


@dataclass(frozen=True, kw_only=True)
class NetworkModel:
    """A network to train, prune and measure."""

    architecture: Architecture | ResNet | Gpt
    dataset: DataSource
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
    """How hard to measure: Lanczos steps, random probes, seed of both, and when in the training."""

    lanczos_steps: int
    probes: int
    seed: int
    at_steps: tuple[int, ...] | None = None
    precision: str | None = None
    device: str | None = None
    threads: int | None = None
    micro_batch: int | None = None
    basis: str | None = None

    @property
    def arithmetic(self) -> dict[str, str | int]:
        """Settings of the arithmetic that are not left at their default."""
        names = ("precision", "device", "threads", "micro_batch", "basis")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


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
    """What there is and what is of use: qubits of a machine, seconds, machines side by side.

    Args:
        max_qubits: most physical qubits of one machine, infinite where none is set.
        max_runtime_s: longest time of the whole job in seconds, likewise.
        n_machines: machines that share the independent shots of a job.
    """

    max_qubits: float = math.inf
    max_runtime_s: float = math.inf
    n_machines: int = 1


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

    @property
    def is_error_open(self) -> bool:
        """Whether `error.total` was left to us, where it is that of weights that are read out."""
        readout = self.algorithm.readout if isinstance(self.algorithm, CarlemanGd) else None
        return (
            readout is not None
            and readout.kind == "tomography"
            and self.error.target == "weights"
            and any(path == "error.total" for path, _ in self.defaults)
        )

    @property
    def source(self) -> dict[str, Any]:
        """The content as a dict to load again: `error.total` stays ours if it was left to us."""
        if not self.is_error_open:
            return dict(self.raw)
        error = {key: value for key, value in self.raw["error"].items() if key != "total"}
        return {**self.raw, "error": error}

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
