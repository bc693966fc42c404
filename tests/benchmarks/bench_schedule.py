"""What the scheduler of Newton steps costs: once a run, and for each further linear system.

Run: python tests/benchmarks/bench_schedule.py [--repeats N]
Once a run the formulas of a job are written down and compiled; after that every system is one more
entry of an array and one comparison of routes. Measured is the processor time of this process on one
thread, the median of the repeats; a system costs the difference of two runs over that of their systems,
its intervals at both ends of the spectrum included.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

import qres
from qres.classical.devices import load_device
from qres.config.record import Newton
from qres.explore.schedule import schedule
from qres.measurement.newton.record import NewtonBlock, NewtonRun, NewtonStep
from qres.notation.quantity import Quantity
from qres.physical.machines import load_machine

TARGET_MS = 2.0

FEW, MANY = 8, 520

CONTENT = {
    "model": {"measurement": "live"},
    "algorithm": {"name": "newton"},
    "error": {"total": 0.1, "fail_prob": 0.05},
}

WORK = {"form": 1e9, "damp": 1e6, "prune": 0.0, "lanczos": 1e7, "product": 1e6, "scale": 0.0}


def ends(name: str, value: float) -> dict[str, float]:
    """Return the interval of what Lanczos measures."""
    known = name in ("norm", "smallest_singular_value", "solution_overlap")
    return {"low": 0.99 * value, "high": 1.01 * value} if known else {}


def random_block(rng: np.random.Generator) -> NewtonBlock:
    """Return a block of a random size and condition number."""
    dim, kappa = int(rng.integers(10, 5000)), float(10 ** rng.uniform(0.5, 4))
    numbers = {
        "dim": dim,
        "sparsity": dim,
        "max_entry": 0.5,
        "frobenius_norm": 3.0,
        "norm": 1.0,
        "smallest_singular_value": 1 / kappa,
        "solution_overlap": 0.3,
        "kappa": kappa,
        "newton_fidelity": 0.5,
    }
    return NewtonBlock(
        name="block",
        dim=dim,
        factor_rows=100,
        is_dense=True,
        has_rows=False,
        is_definite=True,
        values={
            name: Quantity(value=value, kind="measured", **ends(name, value))
            for name, value in numbers.items()
        },
        work=WORK,
        lanczos_steps=32,
        inverse_steps=0,
    )


def run_of(count: int) -> NewtonRun:
    """Return a run of one step with that many blocks."""
    rng = np.random.default_rng(0)
    step = NewtonStep(
        index=0,
        loss=1.0,
        held_out_accuracy=None,
        grad_norm=1.0,
        step_norm=1.0,
        injected_error=0.1,
        gradient_flops=1e9,
        blocks=tuple(random_block(rng) for _ in range(count)),
    )
    return NewtonRun(
        steps=(step,),
        final_loss=0.5,
        final_accuracy=None,
        exact_losses=(1.0, 0.5),
        delta=0.1,
        seed=0,
        curvature="gauss-newton",
        blocks="layer",
        learning_rate=1.0,
        batch_samples=100,
        n_params=1000,
        damping={"kind": "absolute", "value": 0.1, "decay": 1.0},
        prune=0.0,
    )


def seconds(count: int, repeats: int) -> float:
    """Return the processor seconds of one schedule."""
    scenario = qres.load(CONTENT)
    assert isinstance(scenario.algorithm, Newton)
    machines = [load_machine(name) for name in scenario.hardware]
    device, run, found = load_device(scenario.device), run_of(count), []
    for _ in range(repeats + 1):  # the first one loads and compiles
        before = time.process_time()
        schedule(run, scenario.algorithm, scenario.error, machines, device, scenario.objective)
        found.append(time.process_time() - before)
    return statistics.median(found[1:])


def main() -> None:
    """Print one row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    few, many = (seconds(count, options.repeats) for count in (FEW, MANY))
    each = 1e3 * (many - few) / (MANY - FEW)
    print("| systems | once a run | each further system | target |")
    print("|---|---|---|---|")
    found = "met" if each <= TARGET_MS else "MISSED"
    once = few - each * FEW / 1e3
    print(f"| {MANY} | {once:.2f} s | {each:.2f} ms | {TARGET_MS:g} ms {found} |")


if __name__ == "__main__":
    main()
