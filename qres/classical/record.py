"""A classical device, and what a job costs on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from qres.notation.quantity import Kind

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
            the product, over the listed assumptions that have a size, of the runtime with the worse
            number over the runtime. Sustained fraction and launch latency make at least 1 and at
            most 16; a method whose count rests on an assumption adds the time of the method that
            does without. Errors the other way, in favour of the device, are not in it.
        kind: `asymptotic` where a hidden constant was set to 1.
        is_compared: whether it reaches the same target; a row that does not is shown, never chosen.
        note: what else a reader must know about the method, one line.
        alternatives: every method that was priced, the chosen one included and the plain one first
            (full batch, direct solve); empty in such a row itself.
        left_out: (method, reason) of what cannot be priced, or reaches something else.
    """

    device: str
    method: Any
    flops: Any
    bytes: Any
    runtime_s: Any
    energy_j: Any
    assumptions: tuple[str, ...] = ()
    factor: Any = 1.0
    kind: Kind = "assumed"
    is_compared: bool = True
    note: str = ""
    alternatives: tuple[ClassicalCost, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Descent:
    """The training that both sides are asked for: the weights after given steps of descent.

    Args:
        n_steps: how many, a scalar or an array.
        epsilon: error of the weights, relative to how far they move; a scalar or an array.
        fail_prob: probability with which a method that samples may miss it.
        learning_rate: of the steps; None leaves only the full batch to compare.
        degree: of the polynomial gradient that the quantum side uses.
        segments: times that the quantum side expands anew.
        target: what `epsilon` bounds.
        product_gradients: gradients that one Hessian-vector product costs, as in the tables.
        momentum: of the steps that are asked for; 0 is plain descent.
        n_batches: batches in fixed order that the steps cycle through; 1 is the full batch.
        rates: of all steps, where they differ; `learning_rate` is the first, `n_steps` a scalar.
    """

    n_steps: Any
    epsilon: Any
    fail_prob: float
    learning_rate: Any = None
    degree: int = 1
    segments: int = 1
    target: Literal["weights", "loss"] = "weights"
    product_gradients: float = 3.0
    momentum: float = 0.0
    n_batches: int = 1
    rates: tuple[float, ...] = ()
