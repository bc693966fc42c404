r"""In which numbers, where, and how many samples at a time products are computed.

| precision | network and products | vectors, recurrences |
|---|---|---|
| `float64` | float64 | float64 |
| `float32` | float32 | float32 |
| `bfloat16` | bfloat16, the loss from float32 outputs | float32 |

The graph of the gradient is what costs memory. Auto micro-batches are as large as `GRAPH_BYTES` has room
for, on a small machine a part of its memory (both are constant, so that sums do not depend on what else
the machine does); the graphs are kept between products where all of them fit into as much.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from qres.errors import InputError

PRECISIONS = {"float64": torch.float64, "float32": torch.float32, "bfloat16": torch.bfloat16}

GRAPH_BYTES = 4 * 2**30
"""Room for one graph of the gradient, and for all that are kept together, on a machine that has it."""

MACHINE_PARTS = 3
"""Of so many parts of the memory one is for graphs; as much again is for what is computed from them."""

CGROUP = Path("/sys/fs/cgroup")

SMALL = 2**20
"""Data and networks of fewer numbers than this are not cut, unless samples times weights are many."""

SMALL_WORK = 2**24
"""Samples times weights: a graph holds about so many numbers, more where weights are shared."""

Batch = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Arithmetic:
    """The settings.

    Args:
        precision: `float64`, `float32` or `bfloat16`.
        device: of torch, such as `cpu` or `cuda`; None is where the network is.
        micro_batch: samples at a time; None chooses them.
        basis: where Lanczos vectors stay: `memory`, `bfloat16` (half of it), `disk`.
        threads: of torch on the CPU; part of the result to the last bit.

    Raises:
        InputError: an unknown precision, or a device that is not there.
    """

    precision: str = "float64"
    device: str | None = None
    micro_batch: int | None = None
    basis: str = "memory"
    threads: int = 1

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise InputError(f"precision: {self.precision}; there are {', '.join(PRECISIONS)}")
        if self.device is not None:
            self._check_device(self.device)

    @property
    def dtype(self) -> torch.dtype:
        """Of network and products."""
        return PRECISIONS[self.precision]

    @property
    def vector_dtype(self) -> torch.dtype:
        """Of vectors and recurrences."""
        return torch.float64 if self.precision == "float64" else torch.float32

    @property
    def changes(self) -> dict[str, str | int]:
        """Settings that are not at their default, as plain JSON."""
        start = Arithmetic()
        return {key: value for key, value in vars(self).items() if value != getattr(start, key)}

    def finer(self) -> Arithmetic:
        """Return the next precision up, in which rounding is measured."""
        up = "float32" if self.precision == "bfloat16" else "float64"
        return replace(self, precision=up)

    @staticmethod
    def _check_device(name: str) -> None:
        try:
            torch.empty(1, device=name)
        except (RuntimeError, AssertionError) as error:
            first = (str(error).splitlines() or ["?"])[0]
            raise InputError(f"measure.device: {name} cannot be used ({first})") from None


@dataclass(frozen=True)
class Plan:
    """How products go through the data.

    Args:
        batches: differentiated one after another.
        is_kept: whether their graphs stay in memory.
    """

    batches: list[Batch]
    is_kept: bool


def make_plan(
    batches: list[Batch],
    *,
    micro_batch: int | None,
    keeps: bool,
    n_params: int,
    is_coupled: bool,
    count: Callable[[Batch], int],
) -> Plan:
    """Cut the data so that one graph fits.

    Args:
        batches: as they were given.
        micro_batch: samples at a time, None for as many as fit.
        keeps: whether graphs may stay in memory at all.
        n_params: of the network.
        is_coupled: whether samples of one batch influence one another, so that it cannot be cut.
        count: bytes of the graph of a batch.

    Raises:
        InputError: batches that cannot be cut are asked to be, or `micro_batch`, or a single sample,
            does not fit.
    """
    n_samples = sum(len(inputs) for inputs, _ in batches)
    if micro_batch is not None:
        if is_coupled and any(len(inputs) > micro_batch for inputs, _ in batches):
            raise InputError(
                "measure.micro_batch: batch statistics couple the samples of a batch, it cannot "
                "be cut; put the network in eval mode or leave micro_batch out"
            )
        if not is_coupled:
            _check_room(batches[0], micro_batch, count, n_params)
        parts = cut_batches(batches, micro_batch)
        return Plan(parts, keeps and (is_coupled or _fits(parts, n_params, count)))
    if is_coupled or is_small(n_params, batches):
        return Plan(batches, keeps)
    try:
        fixed, each = _measure_graph(batches[0], count)
    except (RuntimeError, ValueError):  # code of the user's that takes whole batches only
        return Plan(batches, keeps)
    device = batches[0][0].device
    room = _find_graph_room(device)
    if fixed + each * n_samples <= room:
        return Plan(batches, keeps)
    _refuse_larger(fixed, each, 1, find_memory(device))
    most = max(1, int((room - fixed) // max(each, 1)))
    return Plan(cut_batches(batches, most), is_kept=False)


def _check_room(
    batch: Batch, micro_batch: int, count: Callable[[Batch], int], n_params: int
) -> None:
    """Refuse micro-batches whose graph is larger than the memory of the machine."""
    size = min(micro_batch, len(batch[0]))
    if is_small(n_params, [batch], size):
        return
    _refuse_larger(*_measure_graph(batch, count), size, find_memory(batch[0].device))


def _refuse_larger(fixed: int, each: int, size: int, room: int) -> None:
    """Refuse samples whose graph does not fit."""
    if fixed + each * size > room:
        most = int((room - fixed) // each) if each else 0
        samples = "one sample" if size == 1 else f"{size} samples"
        raise InputError(
            f"measure.micro_batch: the graph of {samples} needs"
            f" {(fixed + each * size) / 2**30:.1f} GiB of {room / 2**30:.1f}; {_say_most(most)}"
        )


def _say_most(most: int) -> str:
    """Say what fits."""
    return f"{most} fit" if most > 0 else "not even one fits"


def find_memory(device: torch.device | str) -> int:
    """Return the bytes that the machine has, not those that are free: results must not depend on that."""
    kind = torch.device(device)
    if kind.type == "cuda":
        return int(torch.cuda.get_device_properties(kind).total_memory)
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(whole, read_group("max") or whole)


def read_group(name: str) -> int | None:
    """Return bytes of the container, `max` or `current`; None where none are told."""
    try:
        return int((CGROUP / f"memory.{name}").read_text())
    except (OSError, ValueError):
        return None


def _find_graph_room(device: torch.device) -> int:
    """Return the bytes that graphs may take."""
    return min(GRAPH_BYTES, find_memory(device) // MACHINE_PARTS)


def _fits(parts: list[Batch], n_params: int, count: Callable[[Batch], int]) -> bool:
    """Say whether the graphs of all parts fit side by side; each holds the weights once more."""
    n_samples = sum(len(inputs) for inputs, _ in parts)
    if is_small(n_params, parts):
        return True
    fixed, each = _measure_graph(parts[0], count)
    return fixed * len(parts) + each * n_samples <= _find_graph_room(parts[0][0].device)


def is_small(n_params: int, batches: list[Batch], n_samples: int | None = None) -> bool:
    """Say whether a graph fits anywhere: few weights, few numbers, few samples for so many weights.

    Args:
        n_params: of the network.
        batches: samples.
        n_samples: how many of their kind go through together; None is all of them.
    """
    given = sum(len(inputs) for inputs, _ in batches)
    count = given if n_samples is None else n_samples
    numbers = sum(inputs.numel() for inputs, _ in batches) * count // max(given, 1)
    return max(n_params, numbers) < SMALL and n_params * count < SMALL_WORK


def _measure_graph(batch: Batch, count: Callable[[Batch], int]) -> tuple[int, int]:
    """Return the bytes of a graph that do not grow with the samples, and those of each sample."""
    inputs, targets = batch
    if len(inputs) < 2:
        return count(batch), 0
    one, two = (count((inputs[:size], targets[:size])) for size in (1, 2))
    each = max(two - one, 0)
    return max(one - each, 0), each


def cut_batches(batches: list[Batch], size: int) -> list[Batch]:
    """Return batches of at most `size` samples, in the same order."""
    return [
        (inputs[start : start + size], targets[start : start + size])
        for inputs, targets in batches
        for start in range(0, len(inputs), size)
    ]


def count_graph(build: Callable[[], object]) -> int:
    """Return the bytes of the different tensors that autograd saves while `build` runs."""
    seen: dict[int, int] = {}
    saved: list[torch.Tensor] = []  # a graph that holds its own outputs is never freed

    def pack(tensor: torch.Tensor) -> int:
        storage = tensor.untyped_storage()
        seen[storage.data_ptr()] = storage.nbytes()
        saved.append(tensor)
        return len(saved) - 1

    hooks = torch.autograd.graph.saved_tensors_hooks(pack, saved.__getitem__)
    try:
        with torch.enable_grad(), hooks:
            kept = build()
        del kept
    finally:
        saved.clear()
    return sum(seen.values())


def is_coupled(module: torch.nn.Module) -> bool:
    """Say whether the samples of a batch influence one another: batch statistics."""
    norms = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.BatchNorm3d)
    found = (item for item in module.modules() if isinstance(item, norms))
    return any(item.training or item.running_mean is None for item in found)
