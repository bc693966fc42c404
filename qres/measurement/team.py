r"""Several processes that measure one network together.

All run the same program. Each goes through its share of the micro-batches, sums are exchanged after
each product, and everything else is computed alike by all. Where there are fewer micro-batches than
processes every process has all the data, and the random probes are shared out instead.

Processes are started by `torchrun`, which names them in the environment; they talk through gloo on
CPUs and nccl on GPUs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as distributed

Item = TypeVar("Item")


@dataclass(frozen=True)
class Team:
    """The processes, and which of them this is; alone by default.

    Args:
        rank: of this process, from 0.
        size: number of processes.
    """

    rank: int = 0
    size: int = 1

    def share(self, items: Sequence[Item]) -> list[Item]:
        """Return what of `items` this process does; all of them where there is less than one each."""
        if len(items) < self.size:
            return list(items)
        return list(items[self.rank :: self.size])

    def splits(self, items: Sequence[Any]) -> bool:
        """Say whether `share` gives every process a part of its own."""
        return 1 < self.size <= len(items)

    def sum(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return the sum over all processes, the same to the last bit in each."""
        total = tensor.clone()
        distributed.all_reduce(total)
        return total

    def lead(self, item: Any) -> Any:
        """Return what the first process has."""
        if self.size == 1:
            return item
        told = [item]
        distributed.broadcast_object_list(told, src=0)
        return told[0]

    def gather(self, item: Any) -> list[Any]:
        """Return what every process has, in their order."""
        found: list[Any] = [None] * self.size
        distributed.all_gather_object(found, item)
        return found


def find_team() -> Team:
    """Return the processes that have joined."""
    if distributed.is_available() and distributed.is_initialized():
        return Team(distributed.get_rank(), distributed.get_world_size())
    return Team()


@contextmanager
def joined_team(device: str | None) -> Iterator[Team]:
    """Join the processes that `torchrun` started, and leave them at the end; alone without it.

    Args:
        device: that products are computed on; each process takes the GPU of its local rank.
    """
    alone = int(os.environ.get("WORLD_SIZE", "1")) == 1
    if alone or distributed.is_initialized():
        yield find_team()
        return
    is_gpu = device is not None and device.startswith("cuda")
    if is_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    distributed.init_process_group("nccl" if is_gpu else "gloo")
    try:
        yield find_team()
    finally:
        distributed.destroy_process_group()
