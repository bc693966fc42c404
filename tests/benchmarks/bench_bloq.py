"""Seconds that the root bloq of a job takes to count, beside its formulas and beside decomposing.

Not a test: nothing passes or fails. Run with `make bench`. A count by call graph starts with empty
caches; the imports are paid before. What is decomposed is a solver run, gate by gate, on a small
matrix: the root bloqs of the shipped models have tables of millions of entries.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from qualtran import Bloq
from timing import seconds

from qres import staircase
from qres.algorithms.base import algorithm
from qres.algorithms.record import Job
from qres.explore.choose import choose
from qres.logical.circuit import count_bloq
from qres.logical.formulas import count_stages
from qres.physical.machines import load_machine
from qres.verify import count
from qres.verify.solver_runs import built_run, random_system

MODELS = ("digits-mlp", "digits-mlp degree 2", "liu-2024-7m")
KAPPA = 20.0


def job_of(name: str) -> Job:
    """Return the job that `qres estimate` counts for a shipped model."""
    model, _, degree = name.partition(" degree ")
    overrides = [f"algorithm.degree={degree}"] if degree else []
    scenario = staircase.load(model, overrides=overrides)
    measurement = staircase.measure(scenario)
    machines = [load_machine(item) for item in scenario.hardware]
    module, parameters = algorithm(scenario.algorithm.name), scenario.algorithm
    error, objective = scenario.error, scenario.objective
    return choose(module, parameters, measurement, error, machines, objective).job


def print_count(name: str) -> None:
    """Print how long a shipped model's root bloq takes to build and count, and its formulas."""
    job = job_of(name)
    bloq = seconds(lambda: count_bloq(job.bloq()))
    formulas = seconds(lambda: count_stages(job, job.evaluate()))
    print(f"{name}, root bloq with numbers")
    print(f"  built and counted by call graph {bloq:9.4f} s")
    print(f"  formulas, compiled              {formulas:9.4f} s  ratio {bloq / formulas:,.1f}")


def print_decomposition() -> None:
    """Print the same for one solver run, small enough to be decomposed."""
    system = random_system(np.random.default_rng(0), 16, KAPPA)
    run: Any = built_run("shortcut", *system, KAPPA, 0.01)[0]

    def decomposed(bloq: Bloq) -> int:
        count._counts.cache_clear()
        return count.decomposed_counts(bloq)[count.TOFFOLI]

    assert decomposed(run) == count_bloq(run)[0]
    graph, whole = seconds(lambda: count_bloq(run)), seconds(lambda: decomposed(run))
    print(f"shortcut run, 16 rows, kappa {KAPPA:g}")
    print(f"  counted by call graph           {graph:9.4f} s")
    print(f"  decomposed and counted          {whole:9.4f} s  ratio {whole / graph:,.1f}")


def main() -> None:
    """Print the seconds and their ratios."""
    for name in MODELS:
        print_count(name)
    print_decomposition()


if __name__ == "__main__":
    main()
