"""A small network with three classes, and setups, all made by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from qres.config.record import Damping, Newton, Readout
from qres.measurement.newton.setup import Setup, Trainee

CHOSEN = Newton(
    name="newton",
    n_steps=3,
    learning_rate=1.0,
    batch_size=None,
    curvature="gauss-newton",
    blocks="layer",
    damping=Damping(kind="relative", value=0.1, decay=1.0),
    prune=0.0,
    policy="honest",
    gate_time_s=1e-5,
    encoding="auto",
    data_access="qroam",
    solver="shortcut",
    readout=Readout(kind="tomography"),
)


def make_setup(*, delta=0.1, seed=0, n_probes=8, lanczos_steps=16, **changes):
    return Setup(
        algorithm=replace(CHOSEN, **changes),
        delta=delta,
        seed=seed,
        n_probes=n_probes,
        lanczos_steps=lanczos_steps,
    )


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
