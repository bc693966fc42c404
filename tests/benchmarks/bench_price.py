"""Points per second of `estimate_machine`, and how it compares with a loop over Qualtran.

Run: python tests/benchmarks/bench_price.py. Qualtran's model prices one fixed choice per
evaluation, without a search; its grid search is the like-for-like comparison.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from qualtran.resource_counting import GateCounts
from qualtran.surface_code import AlgorithmSummary, PhysicalCostModel
from qualtran.surface_code.gidney_fowler_model import get_ccz2t_costs_from_grid_search
from timing import seconds

from qres.logical.record import LogicalCost
from qres.physical.estimate import OBJECTIVES, estimate_machine
from qres.physical.machines import load_machine, machine_names

POINTS = 100_000
LOOP = 2_000
SEARCHES = 5


def jobs(most: float, size: int = POINTS) -> LogicalCost:
    """Return log-uniform jobs of 1 to 10^most Toffoli and T gates."""
    rng = np.random.default_rng(0)
    toffoli, t = np.floor(10 ** rng.uniform(0, most, (2, size)))
    return LogicalCost(
        toffoli=toffoli,
        t=t,
        rotations=0,
        logical_qubits=np.floor(10 ** rng.uniform(0, 8, size)),
        fail_prob=10 ** rng.uniform(-4, -1, size),
    )


def qualtran_loop(points: int) -> Callable[[], object]:
    """Return a loop over Qualtran's model at a fixed choice."""
    cost = jobs(12, points)
    model = PhysicalCostModel.make_gidney_fowler(data_d=29)

    def run() -> None:
        for toffoli, t, qubits in zip(cost.toffoli, cost.t, cost.logical_qubits, strict=True):
            gates = GateCounts(t=int(t), toffoli=int(toffoli))
            job = AlgorithmSummary(n_algo_qubits=int(qubits), n_logical_gates=gates)
            model.n_phys_qubits(job), model.duration_hr(job), model.error(job)

    return run


def qualtran_search() -> None:
    """Run Qualtran's grid search a few times."""
    for power in range(SEARCHES):
        gates = GateCounts(toffoli=10 ** (5 + power))
        get_ccz2t_costs_from_grid_search(n_logical_gates=gates, n_algo_qubits=100)


def main() -> None:
    """Print the rates."""
    loop = LOOP / seconds(lambda: qualtran_loop(LOOP)(), 3)
    search = SEARCHES / seconds(qualtran_search, 1)
    print(f"qualtran, fixed choice, loop       {loop:12,.0f} points/s")
    print(f"qualtran, grid search, one factory {search:12,.1f} points/s")
    for most in (12, 40):
        cost = jobs(most)
        for name in machine_names():
            machine = load_machine(name)
            for objective in OBJECTIVES:
                taken = seconds(lambda m=machine, o=objective, c=cost: estimate_machine(c, m, o))
                rate = POINTS / taken
                print(
                    f"1..1e{most:<3}{name:22}{objective:8}{rate:12,.0f} points/s"
                    f"  {rate / loop:8.1f} x loop {rate / search:12,.0f} x search"
                )
    single = LogicalCost(toffoli=10**10, t=10**9, rotations=0, logical_qubits=1000, fail_prob=0.01)
    machine = load_machine("superconducting-1e-3")
    print(
        f"one scalar job: {1e3 * seconds(lambda: estimate_machine(single, machine, 'volume')):.2f} ms"
    )


if __name__ == "__main__":
    main()
