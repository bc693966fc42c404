"""Batch norms with fixed statistics, so that the loss is a mean over samples.

While it trains a batch norm takes mean and variance of the batch at hand, which couples its samples:
another cut of the data into batches is another loss. Before anything is measured the statistics are
taken once more at the trained, pruned weights, as means over the batches of the training data in
their order, and fixed there. What is modelled afterwards is training with these statistics held.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch


def has_batch_norms(module: torch.nn.Module) -> bool:
    """Say whether a layer takes statistics of its batch."""
    return any(_norms(module))


def fix_statistics(module: torch.nn.Module, inputs: Iterable[torch.Tensor]) -> None:
    """Take the statistics of all batch norms over these batches, and fix them.

    Only the batch norms train: dropout is off, as it is where the network is measured.

    Args:
        module: comes back in eval mode, with new statistics in its buffers.
        inputs: batches of at least two samples.
    """
    norms = _norms(module)
    module.eval()
    if norms:
        for norm in norms:
            norm.train()
            norm.reset_running_stats()
            norm.momentum = None  # plain means over the batches
        with torch.no_grad():
            for batch in inputs:
                module(batch)
    module.eval()


def _norms(module: torch.nn.Module) -> list[torch.nn.modules.batchnorm._BatchNorm]:
    return [
        layer
        for layer in module.modules()
        if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm)
    ]
