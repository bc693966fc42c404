"""What the logical level hands to machines: how many gates and qubits of which kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from qres.notation.quantity import Kind

Count = int | float | np.ndarray


@dataclass(frozen=True, kw_only=True)
class LogicalCost:
    """Logical counts, each a scalar or an array (all of one shape).

    Args:
        toffoli: Toffoli gates, CCZ states consumed.
        t: T gates, those of synthesised rotations included.
        rotations: rotations that were synthesised; shown, not added again.
        logical_qubits: peak width.
        fail_prob: share of the failure probability that the hardware may use.
        rotation_depth: layers of rotations, None if unknown (then every rotation is its own).
        measurements: logical measurements, where they are known.
        depth: layers of Toffoli and T gates one after the other; None where they form one line.
        idle_qubits: those of the peak that no work ever touches together with the rest: what is
            left of it by the most that are at work at any moment.
        shots: independent shots, one after the other on a single machine; 1 for one coherent run.
        serial_part: part of the gates that belongs to no shot, the larger of Toffoli gates,
            rotations and layers.
    """

    toffoli: Count
    t: Count
    rotations: Count
    logical_qubits: Count
    fail_prob: Any
    rotation_depth: Count | None = None
    measurements: Count = 0
    depth: Count | None = None
    idle_qubits: Count = 0
    shots: Count = 1
    serial_part: Any = 1.0

    def busiest_part(self, n_machines: int) -> Any:
        r"""Return the part of the job that the busiest of several machines does.

        $\sigma + (1 - \sigma)\lceil c/n\rceil/c$ for $c$ shots on $n$ machines and a serial part
        $\sigma$, which one of them does beside its shots; 1 where nothing is independent.
        """
        shots = np.maximum(np.asarray(self.shots, dtype=float), 1.0)
        shared = np.ceil(shots / n_machines) / shots
        return self.serial_part + (1.0 - self.serial_part) * shared

    @property
    def layers(self) -> Any:
        """Layers of gates one after the other: every gate is its own where nothing is known."""
        return self.toffoli + self.t if self.depth is None else self.depth

    @property
    def magic_states(self) -> Any:
        """Toffoli + T/2: the CCZ states that a catalysed factory makes for this cost."""
        return self.toffoli + self.t / 2


@dataclass(frozen=True, kw_only=True)
class StageCost:
    """What one stage costs in all its calls; classical stages have gradients and flops only.

    `active_qubits` are those of `logical_qubits` at work at its busiest moment; `shots` how many
    independent shots its calls make, None where they belong to one run.
    """

    name: str
    calls: Any
    toffoli: Any = 0
    t: Any = 0
    rotations: Any = 0
    logical_qubits: Any = 0
    gradients: Any = 0
    flops: Any = 0
    kind: Kind = "exact"
    is_classical: bool = False
    depth: Any = None
    active_qubits: Any = 0
    shots: Any = None

    @property
    def layers(self) -> Any:
        """Layers of gates one after the other, see `LogicalCost`."""
        return self.toffoli + self.t if self.depth is None else self.depth

    @property
    def magic_states(self) -> Any:
        """Toffoli + T/2 of the stage."""
        return self.toffoli + self.t / 2


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How the count from the circuit and the formula compare.

    Args:
        status: `exact`, `bound` (the formula is above, within `factor`), or `formula-only`.
        factor: formula over circuit, 1 where exact, None without a circuit.
        toffoli_counted: from the circuit.
        t_counted: from the circuit, synthesis included.
        rotations_counted: from the circuit.
        qubits_counted: from the circuit.
    """

    status: Literal["exact", "bound", "formula-only"]
    factor: float | None = None
    toffoli_counted: int | None = None
    t_counted: int | None = None
    rotations_counted: int | None = None
    qubits_counted: int | None = None
