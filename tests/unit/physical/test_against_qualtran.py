"""At a fixed choice the model is Qualtran's, to 1e-9."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qualtran.resource_counting import GateCounts
from qualtran.surface_code import (
    AlgorithmSummary,
    CCZ2TFactory,
    FastDataBlock,
    FifteenToOne,
    LogicalErrorModel,
    MultiFactory,
    PhysicalCostModel,
    PhysicalParameters,
    QECScheme,
    SimpleDataBlock,
)
from qualtran.surface_code.gidney_fowler_model import (
    get_ccz2t_costs_from_grid_search,
    iter_ccz2t_factories,
)

from qres.logical.record import LogicalCost
from qres.physical.codes.rotated_surface import DISTANCE, LOGICAL_ERROR
from qres.physical.estimate import estimate_machine, physical_at
from qres.physical.factories.fifteen_to_one import distil
from qres.physical.machines import load_machine
from qres.physical.registry import find_code

BLOCKS = {"simple": SimpleDataBlock, "fast": FastDataBlock}
FACTORIES = {"ccz2t": CCZ2TFactory, "fifteen-to-one": FifteenToOne}


def bare(name: str, **changes):
    """Return a machine without a reaction limit, which Qualtran does not have."""
    return replace(load_machine(name), reaction_time_s=0.0, **changes)


def qualtran_model(machine, distance, factory, sizes, n_factories):
    base = FACTORIES[factory](*sizes)
    return PhysicalCostModel(
        physical_params=PhysicalParameters(machine.physical_error, machine.cycle_time_s * 1e6),
        data_block=BLOCKS[machine.layout](distance),
        factory=base if n_factories == 1 else MultiFactory(base, n_factories),
        qec_scheme=QECScheme(machine.prefactor, machine.threshold),
    )


def assert_equal(machine, distance, factory, sizes, n_factories, toffoli, t, qubits):
    model = qualtran_model(machine, distance, factory, sizes, n_factories)
    job = AlgorithmSummary(n_algo_qubits=qubits, n_logical_gates=GateCounts(t=t, toffoli=toffoli))
    cost = LogicalCost(toffoli=toffoli, t=t, rotations=0, logical_qubits=qubits, fail_prob=0.1)
    ours = physical_at(
        cost, machine, distance=distance, factory=factory, sizes=sizes, n_factories=n_factories
    )
    assert ours.n_cycles == pytest.approx(model.n_cycles(job), rel=1e-12)
    assert ours.runtime_s / 3600 == pytest.approx(model.duration_hr(job), rel=1e-9)
    assert ours.physical_qubits == model.n_phys_qubits(job)
    # Qualtran's 15-to-1 error is a difference of numbers near 1, good to 3e-15 per state
    noise = 3e-15 * (t + 4 * toffoli) if factory == "fifteen-to-one" else 0.0
    assert ours.fail_prob == pytest.approx(model.error(job), rel=1e-9, abs=noise)


@pytest.mark.parametrize("layout", BLOCKS)
@pytest.mark.parametrize("name", ["superconducting-1e-3", "superconducting-1e-4"])
def test_ccz2t_equals_qualtran(name, layout):
    rng = np.random.default_rng(7)
    for _ in range(500):
        machine = bare(
            name, layout=layout, physical_error=float(10 ** rng.uniform(-5, np.log10(5e-3)))
        )
        first = int(rng.integers(2, 20)) * 2 + 1
        assert_equal(
            machine,
            distance=int(rng.integers(1, 25)) * 2 + 1,
            factory="ccz2t",
            sizes=(first, first + 2 * int(rng.integers(1, 10))),
            n_factories=int(rng.choice([1, 1, 2, 5, 17])),
            toffoli=int(10 ** rng.uniform(0, 15)),
            t=int(10 ** rng.uniform(0, 15)),
            qubits=int(10 ** rng.uniform(0, 8)),
        )


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
    if p == 1e-3:
        rng = np.random.default_rng(sizes[0])
        for _ in range(20):
            toffoli, t = (int(x) for x in 10 ** rng.uniform(0, 12, 2))
            assert_equal(machine, 21, "fifteen-to-one", sizes, int(rng.integers(1, 9)),
                         toffoli, t, int(10 ** rng.uniform(0, 6)))  # fmt: skip


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
                scheme.logical_error_rate(distance, p), rel=1e-9
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
