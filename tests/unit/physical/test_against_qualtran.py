"""15-to-1, distances and searches against Qualtran's; whole prices are in tests/papers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qualtran.resource_counting import GateCounts
from qualtran.surface_code import (
    FifteenToOne,
    LogicalErrorModel,
    QECScheme,
)
from qualtran.surface_code.gidney_fowler_model import (
    get_ccz2t_costs_from_grid_search,
    iter_ccz2t_factories,
)

from qres.logical.record import LogicalCost
from qres.physical.codes.rotated_surface import DISTANCE, LOGICAL_ERROR
from qres.physical.estimate import estimate_machine
from qres.physical.factories.fifteen_to_one import distil
from qres.physical.machines import load_machine
from qres.physical.registry import find_code


def bare(name: str, **changes):
    """Return a machine without a reaction limit, which Qualtran does not have."""
    return replace(load_machine(name), reaction_time_s=0.0, **changes)


SIZES = [(7, 3, 3), (9, 3, 3), (11, 5, 5), (17, 7, 7), (5, 3, 7)]


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("prefactor", [0.1, 0.03])
@pytest.mark.parametrize("p", [1e-3, 1e-4])
def test_fifteen_to_one_equals_qualtran(p, prefactor, sizes):
    machine = bare("superconducting-1e-4", physical_error=p, prefactor=prefactor)
    model = LogicalErrorModel(p, QECScheme(prefactor, machine.threshold))
    theirs = FifteenToOne(*sizes)
    axes = (np.array([float(size)]) for size in sizes)
    error, rejected = distil(machine, find_code(machine.code), *axes)
    # Qualtran takes a difference of numbers near 1: its rounding is 1e-15, not its model
    assert error[0] == pytest.approx(theirs.p_out(model), rel=1e-9, abs=3e-15)
    assert rejected[0] == pytest.approx(theirs.p_fail(model), rel=1e-9, abs=3e-14)


def test_distance_equals_qualtran():
    rng = np.random.default_rng(3)
    for _ in range(1000):
        p, budget = 10 ** rng.uniform(-5, -2.1), 10 ** rng.uniform(-60, -2)
        for prefactor in (0.1, 0.03):
            scheme = QECScheme(prefactor, 0.01)
            given = {"physical_error": p, "threshold": 0.01, "prefactor": prefactor}
            distance = DISTANCE(**given, budget=budget)
            assert distance == scheme.code_distance_from_budget(p, budget)
            assert LOGICAL_ERROR(**given, distance=distance) == pytest.approx(
                scheme.logical_error_rate(distance, p), rel=1e-9, abs=0
            )


COST_FUNCTIONS = {
    "volume": lambda cost: cost.qubit_hours,
    "runtime": lambda cost: cost.duration_hr,
    "qubits": lambda cost: cost.footprint,
}


@pytest.mark.parametrize("objective", COST_FUNCTIONS)
@pytest.mark.parametrize("n_factories", [1, 4])
@pytest.mark.parametrize(("toffoli", "t", "qubits"), [(10**8, 0, 100), (10**10, 10**9, 2000)])
def test_search_is_no_worse_than_qualtrans_grid(toffoli, t, qubits, n_factories, objective):
    machine = bare("superconducting-1e-3", max_factories=n_factories)
    theirs, _, _ = get_ccz2t_costs_from_grid_search(
        n_logical_gates=GateCounts(toffoli=toffoli, t=t),
        n_algo_qubits=qubits,
        factory_iter=[
            factory
            for count in range(1, n_factories + 1)
            for factory in iter_ccz2t_factories(n_factories=count)
        ],
        cost_function=COST_FUNCTIONS[objective],
    )
    cost = LogicalCost(toffoli=toffoli, t=t, rotations=0, logical_qubits=qubits, fail_prob=0.01)
    ours = estimate_machine(cost, machine, objective)
    value = {
        "volume": ours.physical_qubits * ours.runtime_s / 3600,
        "runtime": ours.runtime_s / 3600,
        "qubits": ours.physical_qubits,
    }[objective]
    assert value == pytest.approx(COST_FUNCTIONS[objective](theirs), rel=1e-9)
