"""The physical search beside the QDK's classic estimator and Qualtran's grid search.

Run: python tests/benchmarks/bench_physical.py [scenarios, a million if left out]. All three price the
same logical counts, log-uniform from 1e4 to 1e13 gates, where the peers are right; the search is also
timed up to 1e40. CPU seconds of one process.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

import numpy as np

from qres.logical.record import LogicalCost
from qres.physical.estimate import OBJECTIVES, estimate_machine
from qres.physical.machines import load_machine, machine_names
from qres.physical.tables import machine_tables

PEER_JOBS = 100
SEARCHES = 5
DEEP_JOBS = 100_000


def seconds(run: Callable[[], object]) -> float:
    """Return the CPU time of a call."""
    start = time.process_time()
    run()
    return time.process_time() - start


def jobs(size: int, least: float, most: float) -> LogicalCost:
    """Return log-uniform jobs; the same seed for every tool."""
    rng = np.random.default_rng(0)
    return LogicalCost(
        toffoli=np.floor(10 ** rng.uniform(least, most, size)),
        t=np.floor(10 ** rng.uniform(least, most, size)),
        rotations=0,
        logical_qubits=np.floor(10 ** rng.uniform(1, 5, size)),
        fail_prob=10 ** rng.uniform(-3, -1, size),
    )


def qdk_loop(cost: LogicalCost, size: int) -> Callable[[], object]:
    """Return a loop over the QDK's estimator, telemetry off."""
    os.environ["QDK_PYTHON_TELEMETRY"] = "none"
    from qdk.estimator import LogicalCounts

    def run() -> None:
        for i in range(size):
            counts = {
                "numQubits": int(cost.logical_qubits[i]),
                "tCount": int(cost.t[i]),
                "cczCount": int(cost.toffoli[i]),
            }
            LogicalCounts(counts).estimate(
                {
                    "qubitParams": {"name": "qubit_gate_ns_e3"},
                    "errorBudget": float(cost.fail_prob[i]),
                }
            )

    return run


def qualtran_loop(cost: LogicalCost, size: int) -> Callable[[], object]:
    """Return a loop over Qualtran's grid search; a job without a factory costs its search too."""
    from qualtran.resource_counting import GateCounts
    from qualtran.surface_code.gidney_fowler_model import get_ccz2t_costs_from_grid_search

    def run() -> None:
        for i in range(size):
            gates = GateCounts(t=int(cost.t[i]), toffoli=int(cost.toffoli[i]))
            try:
                get_ccz2t_costs_from_grid_search(
                    n_logical_gates=gates,
                    n_algo_qubits=int(cost.logical_qubits[i]),
                    error_budget=float(cost.fail_prob[i]),
                )
            except ValueError:
                continue

    return run


def main() -> None:
    """Print rates and ratios."""
    size = int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000
    cost = jobs(size, 4, 13)
    warm_up = qdk_loop(cost, 2), qualtran_loop(cost, 1)
    for run in warm_up:
        run()
    qdk = seconds(qdk_loop(cost, PEER_JOBS)) / PEER_JOBS
    qualtran = seconds(qualtran_loop(cost, SEARCHES)) / SEARCHES
    print(f"qdk, classic estimator   {1e3 * qdk:10.3f} ms a scenario")
    print(f"qualtran, grid search    {1e3 * qualtran:10.3f} ms a scenario")
    one = LogicalCost(toffoli=10**10, t=10**9, rotations=0, logical_qubits=1000, fail_prob=0.01)
    for name in machine_names():
        machine = load_machine(name)
        cold = seconds(lambda m=machine: machine_tables(m))
        single = seconds(lambda m=machine: [estimate_machine(one, m, "volume") for _ in range(10)])
        print(f"{name}: tables {cold:.2f} s once, one scenario {100 * single:.2f} ms")
        for objective in OBJECTIVES:
            taken = seconds(lambda m=machine, o=objective: estimate_machine(cost, m, o))
            each = taken / size
            deep = seconds(
                lambda m=machine, o=objective: estimate_machine(jobs(DEEP_JOBS, 0, 40), m, o)
            )
            print(
                f"  {objective:8}{taken * 1e6 / size:8.2f} s a million"
                f"{qdk / each:10,.0f} x qdk{qualtran / each:12,.0f} x qualtran"
                f"   to 1e40: {deep * 1e6 / DEEP_JOBS:6.2f} s a million"
            )


if __name__ == "__main__":
    main()
