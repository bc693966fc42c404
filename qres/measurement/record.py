"""What a measurement hands upstairs: named quantities, curves, and how they were obtained."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from qres.measurement.newton.record import NewtonRun
from qres.notation.card import html_table
from qres.notation.quantity import COLUMNS, Quantity

Subject = Literal["network", "matrix", "given"]

Norms = tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class SparsityRow:
    """One threshold of the largest-entry scan of a matrix.

    Entries with absolute value below `threshold` are dropped.

    Args:
        threshold: in units of the matrix; 0 drops nothing.
        sparsity: largest number of entries kept in a row of the symmetrised pattern.
        max_entry: largest absolute value that is kept.
        dropped_norm: spectral norm of what is dropped, an upper bound where `Measurement` says so.
    """

    threshold: float
    sparsity: int
    max_entry: float
    dropped_norm: float


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch of training that the model follows from the true weights at its start.

    Args:
        start_step: step of true gradient descent at which it begins.
        n_steps: its length.
        values: quantities at its start (`grad_norm`, `lambda_max`, `growth`, `t3_injective`, ...).
        path_norms: degree to the norm of $u_t$ of that model, t = 0..n_steps; infinite from where
            the model diverges.
        model_distances: degree to the distance of model and true weights at its end, in units of
            the weights; infinite where the model diverges.
        velocity_norms: with momentum, degree to the norm of $v_t$ of that model; empty without.
    """

    start_step: int
    n_steps: int
    values: Mapping[str, Quantity]
    path_norms: Mapping[int, Norms]
    model_distances: Mapping[int, float]
    velocity_norms: Mapping[int, Norms] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this segment."""
        return {
            "start_step": self.start_step,
            "n_steps": self.n_steps,
            "values": _write_values(self.values),
            "path_norms": _write_curves(self.path_norms),
            "model_distances": {
                str(degree): _write(number) for degree, number in self.model_distances.items()
            },
            **_write_speeds(self.velocity_norms),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Segment:
        """Read back what `to_dict` wrote."""
        distances = data["model_distances"].items()
        return cls(
            start_step=data["start_step"],
            n_steps=data["n_steps"],
            values=_read_values(data["values"]),
            path_norms=_read_curves(data["path_norms"]),
            model_distances={int(degree): _read(number) for degree, number in distances},
            velocity_norms=_read_curves(data.get("velocity_norms", {})),
        )


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Everything the upper storeys may know about a model.

    Args:
        subject: what was measured.
        values: quantities by the names of the symbols (`n_active`, `lambda_max`, `kappa`, ...).
        update_norms: norm of $u_t$ of the degree-1 model, t = 0..n_steps; empty for a matrix. The
            same as `path_norms[1]`: either may be passed.
        path_norms: degree to the norm of $u_t$ of that model, t = 0..n_steps; infinite from where
            the model diverges.
        velocity_norms: with momentum, degree to the norm of $v_t$ of that model, t = 0..n_steps;
            empty without, or if not known.
        eps_model_curves: degree to `eps_model` after t = 1..n_steps steps; empty if not measured.
        segmentations: ways to cut the steps into segments, the whole run first.
        sparsity_rows: the threshold scan, threshold 0 first; empty if only given.
        warnings: (code, message) pairs raised while measuring.
        details: plain facts worth keeping: seeds, accuracy, loss, sizes, versions.
        snapshots: number of updates of the training to what was measured after them.
        newton: the run, where the algorithm is `newton`.

    Raises:
        ValueError: the two ways to say the norms of degree 1 differ.
    """

    subject: Subject
    values: Mapping[str, Quantity]
    update_norms: Norms = ()
    path_norms: Mapping[int, Norms] = field(default_factory=dict)
    velocity_norms: Mapping[int, Norms] = field(default_factory=dict)
    eps_model_curves: Mapping[int, Norms] = field(default_factory=dict)
    segmentations: tuple[tuple[Segment, ...], ...] = ()
    sparsity_rows: tuple[SparsityRow, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    snapshots: Mapping[int, Measurement] = field(default_factory=dict)
    newton: NewtonRun | None = None

    def __post_init__(self) -> None:
        first = self.path_norms.get(1, ())
        if self.update_norms and first and self.update_norms != first:
            raise ValueError("update_norms and path_norms[1] differ")
        norms = self.update_norms or first
        object.__setattr__(self, "update_norms", norms)
        if norms:
            object.__setattr__(self, "path_norms", {1: norms, **self.path_norms})

    @property
    def eps_model_curve(self) -> Norms:
        """`eps_model` of the degree-1 model after t = 1..n_steps; empty if not measured."""
        return self.eps_model_curves.get(1, ())

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this measurement; null in a curve is infinite."""
        higher = {degree: norms for degree, norms in self.path_norms.items() if degree > 1}
        return {
            "subject": self.subject,
            "values": _write_values(self.values),
            "update_norms": list(self.update_norms),
            "path_norms": _write_curves(higher),
            **_write_speeds(self.velocity_norms),
            "eps_model_curves": _write_curves(self.eps_model_curves),
            "segmentations": [
                [segment.to_dict() for segment in segments] for segments in self.segmentations
            ],
            "sparsity_rows": [vars(row) for row in self.sparsity_rows],
            "warnings": [list(pair) for pair in self.warnings],
            "details": dict(self.details),
            **_write_snapshots(self.snapshots),
            **({} if self.newton is None else {"newton": self.newton.to_dict()}),
        }

    def _repr_html_(self) -> str:
        rows = [(name, *quantity.cells()) for name, quantity in self.values.items()]
        words = (0, 3, 4, 5, 6)
        caption = f"Measurement ({self.subject})"
        found = html_table(rows, head=("quantity", *COLUMNS), caption=caption, words=words)
        warnings = html_table(self.warnings, caption="Warnings", words=(0, 1))
        return found + (warnings if self.warnings else "")

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Measurement:
        """Read back what `to_dict` wrote; KeyError or TypeError where the shape is another."""
        return cls(
            subject=data["subject"],
            values=_read_values(data["values"]),
            update_norms=tuple(data["update_norms"]),
            path_norms=_read_curves(data["path_norms"]),
            velocity_norms=_read_curves(data.get("velocity_norms", {})),
            eps_model_curves=_read_curves(data["eps_model_curves"]),
            segmentations=tuple(
                tuple(Segment.from_dict(segment) for segment in segments)
                for segments in data["segmentations"]
            ),
            sparsity_rows=tuple(SparsityRow(**row) for row in data["sparsity_rows"]),
            warnings=tuple((code, message) for code, message in data["warnings"]),
            details=data["details"],
            snapshots={
                int(step): cls.from_dict(item) for step, item in data.get("snapshots", {}).items()
            },
            newton=NewtonRun.from_dict(data["newton"]) if "newton" in data else None,
        )


def _write_values(values: Mapping[str, Quantity]) -> dict[str, Any]:
    return {name: quantity.to_dict() for name, quantity in values.items()}


def _read_values(data: dict[str, Any]) -> dict[str, Quantity]:
    return {name: Quantity.from_dict(item) for name, item in data.items()}


def _write_curves(curves: Mapping[int, Norms]) -> dict[str, list[float | None]]:
    return {str(degree): [_write(number) for number in curve] for degree, curve in curves.items()}


def _write_speeds(curves: Mapping[int, Norms]) -> dict[str, Any]:
    """Return the entry of the velocity, absent where there is none."""
    return {"velocity_norms": _write_curves(curves)} if curves else {}


def _write_snapshots(snapshots: Mapping[int, Measurement]) -> dict[str, Any]:
    """Return the entry of the snapshots, absent where there is none."""
    found = {str(step): item.to_dict() for step, item in snapshots.items()}
    return {"snapshots": found} if found else {}


def _read_curves(data: dict[str, Sequence[float | None]]) -> dict[int, Norms]:
    return {int(degree): tuple(map(_read, curve)) for degree, curve in data.items()}


def _write(number: float) -> float | None:
    """JSON has no infinity."""
    return None if math.isinf(number) else number


def _read(number: float | None) -> float:
    return math.inf if number is None else number
