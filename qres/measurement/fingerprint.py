"""What a user's code is, as one number: so that changed code never goes on with another's work.

Code of the user's may change unseen: in a module that it imports, in a file that it reads. What it
*does* is taken instead, with the text of what lies beside the `model.yaml`: the first weights, all
samples, the loss of each batch to the last bit, and one gradient. What has another fingerprint is
another network.
"""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import torch

from qres.config.record import NetworkModel
from qres.errors import InputError
from qres.measurement.networks import explain, keep_modes
from qres.measurement.tasks import Task, prepare_task
from qres.measurement.team import find_team
from qres.measurement.training import Batch

AT_ONCE = 2048
"""Samples that go through the network together."""

FEW = 8
"""Samples whose gradient is taken: its graph fits where one sample fits."""


def identify_code(model: NetworkModel, *, folder: Path, trust: bool) -> str:
    """Return a sha256 in hexadecimal of what the user's code builds, does and says.

    In a team it is that of the first process.

    Args:
        model: with network or data from the user's code, which is run.
        folder: where relative paths start.
        trust: whether code of the user's may be imported.

    Raises:
        InputError: the code is not trusted, fails, or returns something else.
    """
    generator = torch.Generator().manual_seed(model.train.seed)
    task = prepare_task(model, generator, folder=folder, trust=trust)
    found = hashlib.sha256()
    for text in _read_sources(folder):
        found.update(hashlib.sha256(text).digest())
    for tensor in (*_list_tensors(task), *_run(model, task)):
        found.update(f"{tensor.dtype} {tuple(tensor.shape)} {tensor.requires_grad}".encode())
        whole = tensor.detach().cpu().contiguous().flatten()
        found.update(whole.view(torch.uint8).numpy().data)
    return str(find_team().lead(found.hexdigest()))


def _read_sources(folder: Path) -> Iterator[bytes]:
    """Yield the text of all imported modules below the folder but those that are installed."""
    below = tuple({f"{os.path.abspath(folder)}{os.sep}", f"{os.path.realpath(folder)}{os.sep}"})
    installed = tuple(f"{sysconfig.get_path(name)}{os.sep}" for name in ("stdlib", "purelib"))
    named = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    files = {file for name, file in named.items() if file and not name.startswith("qres.")}
    for file in sorted(files):
        if file.startswith(below) and not file.startswith(installed):
            yield Path(file).read_bytes()


def _list_tensors(task: Task) -> Iterator[torch.Tensor]:
    """Yield weights, buffers and all data."""
    yield from task.module.parameters()
    yield from task.module.buffers()
    for batch in task.batches:
        yield from batch
    if task.dataset is not None:
        yield task.dataset.held_out_inputs
        yield task.dataset.held_out_targets


def _run(model: NetworkModel, task: Task) -> Iterator[torch.Tensor]:
    """Yield the loss of each part of the data, and the gradient of a few samples."""
    build = getattr(model.architecture, "build", "")
    weights = [item for item in task.module.parameters() if item.requires_grad]
    with keep_modes(task.module), torch.random.fork_rng(devices=[]):
        torch.manual_seed(model.train.seed)
        task.module.eval()
        try:
            with torch.no_grad():
                losses = [task.loss(task.module(x), y) for x, y in _cut(task, AT_ONCE)]
            inputs, targets = _cut(task, FEW)[0]
            slopes = torch.autograd.grad(
                task.loss(task.module(inputs), targets), weights, allow_unused=True
            )
        except Exception as error:  # whatever the user's code raises
            if not build:
                raise
            text = f"architecture.build: {build} fails on its data: {explain(error)}"
            raise InputError(text) from error
    yield from losses
    yield from (slope for slope in slopes if slope is not None)


def _cut(task: Task, size: int) -> list[Batch]:
    """Return parts of so many samples of a data set; the user's own batches as they are."""
    if task.dataset is None:
        return task.batches
    return [
        pair
        for inputs, targets in task.batches
        for pair in zip(inputs.split(size), targets.split(size), strict=True)
    ]
