"""The `Scenario`: everything a `model.yaml` says, checked, frozen, and named by its content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

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
    n_batches: int = 1


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
