"""Points per second of `price` over arrays, and against a loop of the exact scalar evaluation.

Not a test: nothing passes or fails. Run with `make bench`.
"""

import numpy as np
from timing import seconds

from qres import staircase
from qres.algorithms.base import algorithm
from qres.classical.devices import load_device
from qres.explore.choose import choose
from qres.explore.verdict import classical_task
from qres.physical.machines import load_machine
from qres.pricing.price import price

POINTS, LOOP = 50_000, 20


def rates(model: str, *overrides: str) -> None:
    """Print the rates of arrays and of a loop over scalars for one job."""
    scenario = staircase.load(model, overrides=overrides)
    measurement, device = staircase.measure(scenario), load_device(scenario.device)
    machines = [load_machine(name) for name in scenario.hardware]
    chosen = choose(
        algorithm(scenario.algorithm.name),
        scenario.algorithm,
        measurement,
        scenario.error,
        machines,
        scenario.objective,
    )
    task = classical_task(scenario, measurement, chosen.job)
    rng = np.random.default_rng(0)
    weights = np.ceil(10 ** rng.uniform(1, 6, POINTS))
    kappa = 10 ** rng.uniform(1, 5, POINTS)

    def run(n_active: object, kappa_eff: object) -> None:
        moved = {"n_active": n_active, "kappa_eff": kappa_eff}
        price(chosen.job, chosen.budget, machines, device, task=task, overrides=moved)

    arrays = POINTS / seconds(lambda: run(weights, kappa), 3)
    pairs = list(zip(weights[:LOOP], kappa[:LOOP], strict=True))
    loop = LOOP / seconds(lambda: [run(int(n), float(k)) for n, k in pairs], 3)
    picked = ", ".join(f"{key} {chosen.job.choices[key]}" for key in ("degree", "truncation_order"))
    print(f"{model}, {picked}, {len(machines)} machines searched")
    print(f"  price, arrays                {arrays:12,.0f} points/s")
    print(f"  price, loop of exact scalars {loop:12,.0f} points/s  ratio {arrays / loop:,.0f}")


def main() -> None:
    """Print the rates without and with a lift."""
    rates("liu-2024-7m")
    rates("digits-mlp", "algorithm.degree=2")


if __name__ == "__main__":
    main()
