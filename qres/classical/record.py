"""A classical device, and what a job costs on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Precision = Literal["bf16", "fp64"]


@dataclass(frozen=True, kw_only=True)
class Device:
    """One GPU.

    Args:
        name: as in `data/hardware/classical/`.
        bf16_flops: peak rate of dense bf16 products, FLOP/s.
        fp64_flops: peak rate of dense fp64 products, FLOP/s.
        bandwidth: of the memory, bytes/s.
        memory: bytes.
        power: watts, of the chip alone.
        sustained_fraction: of the peak rate that real work reaches (assumed).
        sources: by field.
    """

    name: str
    bf16_flops: float
    fp64_flops: float
    bandwidth: float
    memory: float
    power: float
    sustained_fraction: float
    sources: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def rate(self, precision: Precision) -> float:
        """Return the sustained rate in FLOP/s."""
        peak = self.bf16_flops if precision == "bf16" else self.fp64_flops
        return self.sustained_fraction * peak


@dataclass(frozen=True, kw_only=True)
class ClassicalCost:
    """What a job takes on one device; each number a scalar or an array.

    Args:
        device: name of the device.
        method: what it does; an array of words where the best method differs by point.
        flops: floating-point operations.
        bytes: moved to and from memory.
        runtime_s: the longer of arithmetic and traffic, seconds.
        energy_j: power times runtime, joules.
        assumptions: what the numbers take for granted.
    """

    device: str
    method: Any
    flops: Any
    bytes: Any
    runtime_s: Any
    energy_j: Any
    assumptions: tuple[str, ...] = ()
