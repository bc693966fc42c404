"""One Newton step of about 2,000 parameters: everything that is recorded, beside its Hessian alone.

Run: python tests/benchmarks/bench_newton.py [--repeats N] [--samples N]
Measured is the processor time of this process on one thread, Hessian and whole step in turn, the
median of their ratios: what damping, Lanczos, the solve and the bounds add to forming. The target is
in the last column. The decision itself is a millisecond a system: `bench_schedule.py`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

import qres
from qres.config.record import NetworkModel, Newton
from qres.measurement.newton.blocks import list_blocks
from qres.measurement.newton.curvature import form_hessian, form_matrix
from qres.measurement.newton.damping import find_damping
from qres.measurement.newton.examine import Effort, examine_block
from qres.measurement.newton.setup import Setup, Trainee
from qres.measurement.pipeline import on_threads, prepare_task

TARGET = 1.3

CONTENT = {
    "model": {
        "network": {
            "architecture": {"kind": "mlp", "hidden": [27], "activation": "tanh"},
            "dataset": {"kind": "digits"},
            "train": {"epochs": 0},
        }
    },
    "measure": {"lanczos_steps": 32},
    "algorithm": {
        "name": "newton",
        "curvature": "hessian",
        "blocks": "full",
        "damping": {"kind": "relative", "value": 1.0},
    },
}
"""64-27-10: 2,035 parameters."""


def clock(task: Callable[[], object]) -> float:
    """Return the processor seconds of one call."""
    before = time.process_time()
    task()
    return time.process_time() - before


def main() -> None:
    """Print one row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--samples", type=int, default=1438)
    options = parser.parse_args()
    scenario = qres.load(CONTENT)
    assert isinstance(scenario.model, NetworkModel)
    assert isinstance(scenario.algorithm, Newton)
    algorithm = scenario.algorithm
    with on_threads():
        task = prepare_task(
            scenario.model, torch.Generator().manual_seed(0), folder=Path(), trust=False
        )
        batches = [(x[: options.samples], y[: options.samples]) for x, y in task.batches]
        trainee = Trainee(task.module, task.loss, batches)
        setup = Setup(algorithm=algorithm, delta=0.1, lanczos_steps=32)
        (block,) = list_blocks(trainee.module, None, "full")
        curvature = trainee.curvature(trainee.draw(0, setup), block.mask)

        def step() -> object:
            matrix = form_matrix(curvature, "hessian")
            return examine_block(
                matrix,
                find_damping(algorithm.damping, 0, matrix.largest_entry, block=block.name),
                curvature.gradient(curvature.start),
                prune=0.0,
                n_samples=curvature.n_samples,
                effort=Effort(lanczos_steps=32, n_probes=8, seed=(0,)),
                place="bench",
            )

        form_hessian(curvature)  # imports and caches of torch
        alone, whole = [], []
        for _ in range(options.repeats):
            alone.append(clock(lambda: form_hessian(curvature)))
            whole.append(clock(step))
    one, other = statistics.median(alone), statistics.median(whole)
    ratios = sorted(long / short for long, short in zip(whole, alone, strict=True))
    print(
        "| parameters | samples | Hessian alone | whole step | ratio, median of | its range | target |"
    )
    print("|---|---|---|---|---|---|---|")
    print(
        f"| {block.dim:,} | {options.samples:,} | {one:.2f} s | {other:.2f} s"
        f" | {statistics.median(ratios):.3f}, {len(ratios)} | {ratios[0]:.3f} to {ratios[-1]:.3f}"
        f" | {TARGET} |"
    )


if __name__ == "__main__":
    main()
