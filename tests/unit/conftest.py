"""A Newton run written by hand: small systems, described as a dense computation describes them."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from qres.config.record import Damping, Newton, Readout
from qres.measurement.newton.record import NewtonBlock, NewtonRun, NewtonStep, RivalRun
from qres.notation.quantity import Quantity

ASKED = Newton(
    name="newton",
    n_steps=1,
    learning_rate=1.0,
    batch_size=None,
    curvature="gauss-newton",
    blocks="layer",
    damping=Damping(kind="absolute", value=0.3, decay=1.0),
    prune=0.0,
    noise_seeds=0,
    policy="honest",
    gate_time_s=1e-5,
    encoding="auto",
    data_access="qroam",
    solver="shortcut",
    readout=Readout(kind="tomography"),
)
"""The settings of these runs."""


def block(name, matrix, gradient, *, factor_rows=0, form=1e6):
    """Return a block as a dense computation describes it."""
    values, step = np.linalg.eigvalsh(matrix), np.linalg.solve(matrix, gradient)
    dim, low = len(matrix), float(values[0])
    overlap = np.linalg.norm(step) / np.linalg.norm(gradient) * low
    cosine = step @ gradient / np.linalg.norm(step) / np.linalg.norm(gradient)
    numbers = {
        "dim": dim,
        "sparsity": int(np.max(np.count_nonzero(matrix, axis=1))),
        "max_entry": np.max(np.abs(matrix)),
        "frobenius_norm": np.linalg.norm(matrix),
        "norm": values[-1],
        "smallest_singular_value": low,
        "solution_overlap": overlap,
        "kappa": values[-1] / low,
        "newton_fidelity": cosine,
    }
    return NewtonBlock(
        name=name,
        dim=dim,
        factor_rows=factor_rows,
        is_dense=True,
        has_rows=False,
        is_definite=low > 0,
        values={
            key: Quantity(value=value if isinstance(value, int) else float(value), kind="measured")
            for key, value in numbers.items()
        },
        work={
            **{"form": form, "damp": float(dim), "prune": 0.0},
            **{"lanczos": 1e4, "product": 1e5, "scale": 0.0},
        },
        lanczos_steps=4,
        inverse_steps=0 if factor_rows else 3,
    )


def random_block(name, dim, seed, damping=0.3):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(dim, dim)) / math.sqrt(dim)
    return block(name, root @ root.T + damping * np.eye(dim), rng.normal(size=dim))


def run_of(*blocks, n_steps=1):
    steps = tuple(
        NewtonStep(
            index=index,
            loss=1.0 / (index + 1),
            held_out_accuracy=None,
            grad_norm=1.0,
            step_norm=1.0,
            injected_error=0.1,
            gradient_flops=1e9,
            blocks=blocks,
        )
        for index in range(n_steps)
    )
    rival = RivalRun(
        name="sgd",
        learning_rate=0.1,
        losses=(0.9, 0.6, 0.4, 0.2),
        flops_per_iteration=1e9,
        launches_per_iteration=10,
        tried={0.1: 0.2},
    )
    return NewtonRun(
        steps=steps,
        final_loss=0.5,
        final_accuracy=None,
        exact_losses=(1.0,),
        delta=0.1,
        seed=0,
        curvature="gauss-newton",
        blocks="layer",
        learning_rate=1.0,
        batch_samples=100,
        n_params=30,
        damping={"kind": "absolute", "value": 0.3, "decay": 1.0},
        prune=0.0,
        rivals=(rival,),
    )


@pytest.fixture(scope="session")
def hand_made():
    """Builders of blocks and runs, `block`, `random_block`, `run_of`, and the settings `asked`."""
    return SimpleNamespace(block=block, random_block=random_block, run_of=run_of, asked=ASKED)
