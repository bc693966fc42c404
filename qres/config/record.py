"""The `Scenario`: everything a `model.yaml` says, checked, frozen, and named by its content."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from qres.config.chosen import Algorithm as Algorithm
from qres.config.chosen import CarlemanGd as CarlemanGd
from qres.config.chosen import Counts as Counts
from qres.config.chosen import Damping as Damping
from qres.config.chosen import LinearSystem as LinearSystem
from qres.config.chosen import Newton as Newton
from qres.config.chosen import Readout as Readout
from qres.config.chosen import Schedule as Schedule
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
    """Global magnitude pruning; the mask is frozen and the rest retrained, after every round.

    Parameters whose names begin with one of `spare` are left whole.
    """

    fraction: float
    retrain_epochs: int
    rounds: int = 1
    retrain_learning_rate: float | None = None
    spare: tuple[str, ...] = ()


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
    n_samples: int | None = None
    basis: str | None = None
    degree: int | None = None
    quick: bool | None = None
    parts: tuple[str, ...] | None = None
    project: int | None = None

    @property
    def arithmetic(self) -> dict[str, str | int]:
        """Settings of the arithmetic that are not left at their default."""
        names = ("precision", "device", "threads", "micro_batch", "basis")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


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
