"""What layers draw while they train, as dropout does: from torch's own generators.

They are seeded with the training, and written down with its position, so that two trainings of one
seed are equal, and one that was interrupted equals one that was not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def list_generators(module: torch.nn.Module) -> list[torch.Generator]:
    """Return torch's generator of the CPU, then those of the GPUs that the module lies on."""
    devices = {item.device for item in module.parameters() if item.device.type == "cuda"}
    numbers = sorted(device.index for device in devices)
    return [torch.default_generator, *(torch.cuda.default_generators[i] for i in numbers)]


@contextmanager
def seeded_draws(module: torch.nn.Module, seed: int) -> Iterator[None]:
    """Seed what the layers of a module draw from; the generators come back as they were.

    The first number of a stream of this seed is their seed: first weights may be drawn from the stream
    itself, and are not to have to do with what is dropped.
    """
    own = torch.Generator().manual_seed(seed)
    start = int(torch.randint(2**62, (), generator=own))
    generators = list_generators(module)
    before = [generator.get_state() for generator in generators]
    try:
        for generator in generators:
            generator.manual_seed(start)
        yield
    finally:
        for generator, state in zip(generators, before, strict=True):
            generator.set_state(state)
