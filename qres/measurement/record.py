"""What a measurement hands upstairs: named quantities, curves, and how they were obtained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from qres.notation.quantity import Quantity

Subject = Literal["network", "matrix", "given"]


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
class Measurement:
    """Everything the upper storeys may know about a model.

    Args:
        subject: what was measured.
        values: quantities by the names of the symbols (`n_active`, `lambda_max`, `kappa`, ...).
        update_norms: norm of $u_t$ of the degree-1 model, t = 0..n_steps; empty for a matrix.
        eps_model_curve: `eps_model` after t = 1..n_steps steps; empty if not measured.
        sparsity_rows: the threshold scan, threshold 0 first; empty if only given.
        warnings: (code, message) pairs raised while measuring.
        details: plain facts worth keeping: seeds, accuracy, loss, sizes, versions.
    """

    subject: Subject
    values: Mapping[str, Quantity]
    update_norms: tuple[float, ...] = ()
    eps_model_curve: tuple[float, ...] = ()
    sparsity_rows: tuple[SparsityRow, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this measurement."""
        return {
            "subject": self.subject,
            "values": {name: quantity.to_dict() for name, quantity in self.values.items()},
            "update_norms": list(self.update_norms),
            "eps_model_curve": list(self.eps_model_curve),
            "sparsity_rows": [vars(row) for row in self.sparsity_rows],
            "warnings": [list(pair) for pair in self.warnings],
            "details": dict(self.details),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Measurement:
        """Read back what `to_dict` wrote; KeyError or TypeError where the shape is another."""
        return cls(
            subject=data["subject"],
            values={name: Quantity.from_dict(item) for name, item in data["values"].items()},
            update_norms=tuple(data["update_norms"]),
            eps_model_curve=tuple(data["eps_model_curve"]),
            sparsity_rows=tuple(SparsityRow(**row) for row in data["sparsity_rows"]),
            warnings=tuple((code, message) for code, message in data["warnings"]),
            details=data["details"],
        )
