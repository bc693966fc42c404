"""A small network with three classes, and setups, all made by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from qres.config.record import Damping
from qres.measurement.newton.setup import Setup, Trainee


def make_trainee(*, n_samples=24, seed=0):
    """4 features, 3 hidden, 3 classes: 15 + 12 = 27 parameters."""
    torch.manual_seed(seed)
    module = torch.nn.Sequential(
        torch.nn.Linear(4, 3), torch.nn.Tanh(), torch.nn.Linear(3, 3)
    ).double()
    rng = np.random.default_rng(seed)
    inputs = torch.from_numpy(rng.standard_normal((n_samples, 4)))
    targets = torch.from_numpy(rng.integers(0, 3, n_samples))
    return Trainee(module, torch.nn.functional.cross_entropy, [(inputs, targets)])


@pytest.fixture
def trainee():
    with torch.random.fork_rng(devices=[]):
        return make_trainee()


@pytest.fixture(scope="session")
def make_setup(hand_made):
    """Return a setup of three steps with relative damping; keywords change it."""
    chosen = replace(
        hand_made.asked, n_steps=3, damping=Damping(kind="relative", value=0.1, decay=1.0)
    )

    def make(*, delta=0.1, seed=0, n_probes=8, lanczos_steps=16, **changes):
        return Setup(
            algorithm=replace(chosen, **changes),
            delta=delta,
            seed=seed,
            n_probes=n_probes,
            lanczos_steps=lanczos_steps,
        )

    return make
