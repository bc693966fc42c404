"""The physical search beside the QDK's classic estimator and Qualtran's grid search.

Run: python tests/benchmarks/bench_physical.py [scenarios, a million if left out]. All three price the
same logical counts, log-uniform from 1e4 to 1e13 gates, where the peers are right; the search is also
timed up to 1e40, and with rotations whose share of the failure budget is found. CPU seconds of one
process. Asked: a scenario under 20 ms, a million under 10 s, 100 times the QDK and 1,000 times Qualtran;
`MISSED` marks what is not, and nothing is: with found shares 2.7 to 8.8 s a million, most for `qubits`
of ions, beside five other processes on two cores.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from qres.logical.record import LogicalCost
from qres.physical.estimate import OBJECTIVES, estimate_machine
from qres.physical.machines import load_machine, machine_names
from qres.physical.record import Machine
from qres.physical.split import find_split
from qres.physical.tables import machine_tables

ONE_S, MILLION_S = 0.02, 10.0
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


def rotated(size: int) -> LogicalCost:
    """Return jobs of 1e4 to 1e13 gates and as many rotations, not yet synthesised."""
    rotations = np.floor(10 ** np.random.default_rng(1).uniform(4, 13, size))
    return replace(jobs(size, 4, 13), rotations=rotations)


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


def mark(is_met: bool) -> str:
    """Return what follows a figure that misses what is asked."""
    return "" if is_met else " MISSED"


def report_one(machine: Machine) -> None:
    """Print the time of the tables, and of one scenario with and without found shares."""
    one = LogicalCost(toffoli=10**10, t=10**9, rotations=0, logical_qubits=1000, fail_prob=0.01)
    turned = replace(one, rotations=10**8)
    cold = seconds(lambda: machine_tables(machine))
    plain = seconds(lambda: [estimate_machine(one, machine, "volume") for _ in range(10)]) / 10
    split = seconds(lambda: [find_split(turned, machine, "volume") for _ in range(10)]) / 10
    print(
        f"{machine.name}: tables {cold:.2f} s once, one scenario {1e3 * plain:.2f} ms,"
        f" {1e3 * split:.2f} ms with found shares{mark(split < ONE_S)}"
    )


def report_many(machine: Machine, cost: LogicalCost, qdk: float, qualtran: float) -> None:
    """Print seconds a million, by objective, and the ratios to the peers."""
    size = np.size(cost.toffoli)
    deep, turned = jobs(DEEP_JOBS, 0, 40), rotated(DEEP_JOBS)
    for objective in OBJECTIVES:
        each = seconds(lambda o=objective: estimate_machine(cost, machine, o)) / size
        far = seconds(lambda o=objective: estimate_machine(deep, machine, o)) / DEEP_JOBS
        split = seconds(lambda o=objective: find_split(turned, machine, o)) / DEEP_JOBS
        print(
            f"  {objective:8}{1e6 * each:6.2f} s a million{mark(1e6 * each < MILLION_S)}"
            f"{qdk / each:8,.0f} x qdk{mark(qdk / each >= 100)}"
            f"{qualtran / each:10,.0f} x qualtran{mark(qualtran / each >= 1000)}"
            f"   to 1e40: {1e6 * far:6.2f} s{mark(1e6 * far < MILLION_S)}"
            f"   with found shares: {1e6 * split:6.2f} s{mark(1e6 * split < MILLION_S)}"
            f"{qdk / split:8,.0f} x qdk{mark(qdk / split >= 100)}"
            f"{qualtran / split:10,.0f} x qualtran{mark(qualtran / split >= 1000)}"
        )


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
    for name in machine_names():
        report_one(load_machine(name))
        report_many(load_machine(name), cost, qdk, qualtran)


if __name__ == "__main__":
    main()
