"""One Newton step of about 2,000 parameters: everything that is recorded, beside its Hessian alone.

Run: python tests/benchmarks/bench_newton.py [--repeats N] [--samples N ...]
Measured is the processor time of this process on one thread, Hessian and whole step in turn, the
median of their ratios: what damping, Lanczos, the solve and the bounds add to forming. What they add
does not depend on the samples, and forming does, so the fewest samples are the hardest: 1,438 are all
of the data set, 512 the batch of the model `newton-digits`. Below them the target is missed sooner or
later, with half of the entries pruned at about 450. Pruning adds its selection, Lanczos on what went,
and a few steps that undo it for the sake of the record. The decision itself is a millisecond a system:
`bench_schedule.py`.
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
from qres.measurement.newton.examine import examine_block
from qres.measurement.newton.setup import Setup, Trainee
from qres.measurement.newton.singular import Effort
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


class Bench:
    """A network with so many samples, and the two tasks that are compared."""

    def __init__(self, samples: int) -> None:
        scenario = qres.load(CONTENT)
        assert isinstance(scenario.model, NetworkModel)
        assert isinstance(scenario.algorithm, Newton)
        self.algorithm = scenario.algorithm
        start = torch.Generator().manual_seed(0)
        task = prepare_task(scenario.model, start, folder=Path(), trust=False)
        batches = [(x[:samples], y[:samples]) for x, y in task.batches]
        trainee = Trainee(task.module, task.loss, batches)
        (block,) = list_blocks(trainee.module, None, "full")
        batch = trainee.draw(0, Setup(algorithm=self.algorithm, delta=0.1))
        self.curvature = trainee.curvature(batch, block.mask)

    def form(self) -> object:
        """Form the Hessian alone."""
        return form_hessian(self.curvature)

    def step(self, prune: float) -> object:
        """Form, damp, prune, solve and measure."""
        matrix = form_matrix(self.curvature, "hessian")
        return examine_block(
            matrix,
            find_damping(self.algorithm.damping, 0, matrix.largest_entry, block="all"),
            self.curvature.gradient(self.curvature.start),
            prune=prune,
            n_samples=self.curvature.n_samples,
            effort=Effort(lanczos_steps=32, n_probes=8, seed=(0,)),
            place="bench",
        )


def row(bench: Bench, prune: float, repeats: int) -> str:
    """Return one row of the table."""
    alone, whole = [], []
    for _ in range(repeats):
        alone.append(clock(bench.form))
        whole.append(clock(lambda: bench.step(prune)))
    ratios = sorted(long / short for long, short in zip(whole, alone, strict=True))
    middle = statistics.median(ratios)
    target = f"{TARGET} {'met' if middle <= TARGET else 'MISSED'}"
    return (
        f"| {bench.curvature.n_active:,} | {bench.curvature.n_samples:,} | {prune:g}"
        f" | {statistics.median(alone):.2f} s | {statistics.median(whole):.2f} s"
        f" | {middle:.3f}, {repeats} | {ratios[0]:.3f} to {ratios[-1]:.3f} | {target} |"
    )


def main() -> None:
    """Print two rows for each number of samples, without pruning and with half of the entries gone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--samples", type=int, nargs="+", default=[1438, 512])
    options = parser.parse_args()
    print(
        "| parameters | samples | pruned | Hessian alone | whole step | ratio, median of | its range"
        " | target |"
    )
    print("|---|---|---|---|---|---|---|---|")
    with on_threads():
        for samples in options.samples:
            bench = Bench(samples)
            bench.form()  # imports and caches of torch
            print(row(bench, 0.0, options.repeats))
            print(row(bench, 0.5, options.repeats))


if __name__ == "__main__":
    main()
