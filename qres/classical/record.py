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
        latency_s: of one kernel launch that must wait for the one before, seconds (assumed).
        sources: by field.
    """

    name: str
    bf16_flops: float
    fp64_flops: float
    bandwidth: float
    memory: float
    power: float
    sustained_fraction: float
    latency_s: float
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
        runtime_s: launches that wait for each other, and the longer of arithmetic and traffic;
            seconds.
        energy_j: power times runtime, joules.
        assumptions: what the numbers take for granted.
        factor: how many times longer the device could take if the assumed numbers are kind to it:
            the product, over the listed assumptions that have a size (sustained fraction and
            launch latency), of the runtime with the worse number over the runtime; at least 1, at
            most 16. Errors the other way, in favour of the device, are not in it.
    """

    device: str
    method: Any
    flops: Any
    bytes: Any
    runtime_s: Any
    energy_j: Any
    assumptions: tuple[str, ...] = ()
    factor: Any = 1.0
