"""Whether a batch fits in memory, asked before it is tried: a full machine kills without a word.

What autograd saves for one pass is counted at two and at four samples and continued as a straight
line; as much again is left to what is computed from it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import torch

from qres.errors import InputError
from qres.measurement.arithmetic import (
    GRAPH_BYTES,
    Batch,
    count_graph,
    is_coupled,
    is_small,
    read_group,
)
from qres.measurement.curvature import Curvature

HEADROOM = 2.0
"""Memory that is asked for, over what is saved."""

MEMINFO = Path("/proc/meminfo")


def check_training(
    module: torch.nn.Module,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    batch: Batch,
    size: int,
) -> None:
    """Refuse a batch of the training that does not fit.

    Args:
        module: to be trained, in its precision.
        loss: of (output, target).
        batch: at least four samples.
        size: samples that go through the network together.

    Raises:
        InputError: names the largest that fits.
    """
    if is_small(sum(item.numel() for item in module.parameters()), [batch], size):
        return
    with torch.random.fork_rng(devices=[]):
        check_size(
            lambda part: count_graph(lambda: loss(module(part[0]), part[1])),
            batch,
            size,
            key="train.batch_size",
        )


def check_product(curvature: Curvature) -> None:
    """Refuse batches of products that do not fit, asked for or not.

    Batches that were cut by themselves fit into the memory of the machine, and are asked about where
    less of it is free. Of those of a single sample nothing can be taken.

    Raises:
        InputError: names the largest that fits.
    """
    asked, batch = curvature.arithmetic.micro_batch, curvature.batches[0]
    size = max(len(inputs) for inputs, _ in curvature.parts)
    is_cut = not is_coupled(curvature.module)
    if asked is None and is_cut and (size == 1 or _is_ample(batch[0].device)):
        return
    if not is_small(curvature.n_params, [batch], size):
        key = "measure.micro_batch" if is_cut else "batches"
        try:
            check_size(lambda part: _count_gradient(curvature, part), batch, size, key=key)
        except InputError:
            raise
        except (RuntimeError, ValueError):  # code of the user's that takes whole batches only
            return


def _is_ample(device: torch.device) -> bool:
    """Say whether the largest graph that is planned fits, without counting one."""
    room = find_room(device)
    return room is None or room >= HEADROOM * GRAPH_BYTES


def check_size(
    count: Callable[[Batch], int], batch: Batch, size: int, *, key: str, room: int | None = None
) -> None:
    """Refuse a size whose graph does not fit.

    Args:
        count: bytes that are saved for a batch.
        batch: at least four samples.
        size: samples at a time.
        key: of the setting, opens the error message.
        room: bytes that are free; None asks the machine, and checks nothing where it does not say.

    Raises:
        InputError: names the largest that fits.
    """
    room = find_room(batch[0].device) if room is None else room
    if room is None or len(batch[0]) < 4:
        return
    # copies: a slice shares the memory of all samples
    two, four = (count((batch[0][:n].clone(), batch[1][:n].clone())) for n in (2, 4))
    each = max((four - two) / 2, 0.0)
    fixed = max(two - 2 * each, 0.0)
    needed = HEADROOM * (fixed + each * size)
    if needed <= room:
        return
    most = int((room / HEADROOM - fixed) // each) if each > 0 else 0
    advice = f"the largest that fits is {most}" if most > 0 else "not even one sample fits"
    raise InputError(
        f"{key}: {size} samples need about {_spell(needed)}, {_spell(room)} are free; {advice}"
    )


def find_room(device: torch.device) -> int | None:
    """Return the bytes that are free on a device, None where that is not known."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    found = [room for room in (_find_free(), _find_allowed()) if room is not None]
    return min(found, default=None)


def _find_free() -> int | None:
    """Return the free memory of the machine."""
    try:
        lines = MEMINFO.read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvail"))
    except (OSError, StopIteration, ValueError, IndexError):
        pass
    names = os.sysconf_names if hasattr(os, "sysconf_names") else {}
    if "SC_AVPHYS_PAGES" not in names:
        return None
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _find_allowed() -> int | None:
    """Return what the container leaves of its limit, None where there is none."""
    most, used = read_group("max"), read_group("current")
    return None if most is None or used is None else max(most - used, 0)


def _count_gradient(curvature: Curvature, batch: Batch) -> int:
    """Return the bytes that a gradient saves which can be differentiated."""

    def build() -> object:
        point = curvature.start_tensor.clone().requires_grad_()
        value = curvature.compare(curvature.output(point, batch), batch[1])
        return torch.autograd.grad(value, point, create_graph=True, materialize_grads=True)

    return count_graph(build)


def _spell(size: float) -> str:
    """Return bytes in GiB, MiB below one."""
    return f"{size / 2**30:.3g} GiB" if size >= 2**30 else f"{size / 2**20:.3g} MiB"
