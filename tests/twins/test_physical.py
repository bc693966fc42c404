"""The vectorised search against loops over everything, in plain Python."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from qres.logical.record import LogicalCost
from qres.physical.estimate import OBJECTIVES, estimate_machine
from qres.physical.machines import load_machine, machine_names
from qres.physical.record import Machine
from qres.physical.registry import find_code, find_factory, find_layout
from qres.physical.tables import full_table

LARGEST_DISTANCE = 121


class Exhaustive:
    """All sizes of all factories, all numbers of them, all distances, for one machine."""

    def __init__(self, machine: Machine) -> None:
        code = find_code(machine.code)
        self.machine, self.layout = machine, find_layout(machine.layout)
        self.distances = [
            (d, float(code.logical_error(machine, np.array([d]))[0]), 2.0 * d * d)
            for d in range(3, LARGEST_DISTANCE + 1, 2)
        ]
        self.factories = []
        for name in machine.factories:
            factory = find_factory(name)
            table = full_table(machine, code, factory)
            rows = zip(table.error, table.qubits, table.cycles, strict=True)
            self.factories.append((factory, [tuple(map(float, row)) for row in rows]))

    def best(self, toffoli: float, t: float, qubits: float, fail_prob: float) -> dict:
        """Return the smallest (cycles, qubits), (qubits, cycles) and (volume, cycles)."""
        tiles = float(self.layout.tiles(np.array([qubits]))[0])
        magic = toffoli + t
        ratio = self.machine.reaction_time_s / self.machine.cycle_time_s
        reaction = math.ceil(magic * round(ratio, 9))
        best = dict.fromkeys(OBJECTIVES, (math.inf, math.inf))
        for factory, rows in self.factories:
            one = (np.array(toffoli), np.array(t))
            states, work = float(factory.states(*one)), float(factory.work(*one))
            for error, factory_qubits, per_unit in rows:
                alone = math.ceil(work * per_unit)
                if error * states >= fail_prob:
                    continue
                for d, logical_error, tile_qubits in self.distances:
                    consumed = d * self.layout.steps_per_magic_state * magic
                    fastest = max(reaction, consumed)
                    data, risk = tiles * tile_qubits, tiles * logical_error
                    if error * states + risk * fastest > fail_prob:
                        continue
                    for m in range(1, self.machine.max_factories + 1):
                        cycles = max(math.ceil(alone / m), fastest)
                        if error * states + risk * cycles <= fail_prob:
                            total = m * factory_qubits + data
                            best["runtime"] = min(best["runtime"], (cycles, total))
                            best["qubits"] = min(best["qubits"], (total, cycles))
                            best["volume"] = min(best["volume"], (total * cycles, cycles))
                        if cycles == fastest:
                            break
        return best


def random_points(rng: np.random.Generator, size: int, most: float) -> np.ndarray:
    toffoli = np.floor(10 ** rng.uniform(0, most, size))
    t = np.where(rng.random(size) < 0.3, 0, np.floor(10 ** rng.uniform(0, most, size)))
    qubits = np.floor(10 ** rng.uniform(0, 7, size))
    fail_prob = 10 ** rng.uniform(-5, -0.5, size)
    return np.stack([toffoli, t, qubits, fail_prob])


def assert_same(machine: Machine, points: np.ndarray) -> int:
    toffoli, t, qubits, fail_prob = points
    cost = LogicalCost(
        toffoli=toffoli, t=t, rotations=0, logical_qubits=qubits, fail_prob=fail_prob
    )
    found = {objective: estimate_machine(cost, machine, objective) for objective in OBJECTIVES}
    twin = Exhaustive(machine)
    n_feasible = 0
    for i, point in enumerate(points.T):
        best = twin.best(*map(float, point))
        for objective, result in found.items():
            cycles, total = result.n_cycles[i], result.physical_qubits[i]
            got = {
                "runtime": (cycles, total),
                "qubits": (total, cycles),
                "volume": (total * cycles, cycles),
            }[objective]
            assert got == pytest.approx(best[objective], rel=1e-12), (objective, point)
            assert result.fail_prob[i] <= fail_prob[i] or not result.is_feasible[i]
        n_feasible += bool(found["runtime"].is_feasible[i])
    return n_feasible


@pytest.mark.parametrize("name", machine_names())
@pytest.mark.parametrize("most", [3, 13])
def test_search_equals_the_loops(name, most):
    points = random_points(np.random.default_rng(most), 15, most)
    assert assert_same(load_machine(name), points) >= 8


@pytest.mark.parametrize("name", machine_names())
def test_search_equals_the_loops_for_a_handful_of_gates(name):
    rng = np.random.default_rng(11)
    toffoli, t = rng.integers(0, 12, (2, 30)).astype(float)
    points = np.stack([toffoli, t, rng.integers(1, 4, 30), 10 ** rng.uniform(-6, -1, 30)])
    assert assert_same(load_machine(name), points) >= 20


def test_search_equals_the_loops_where_factories_are_few_and_the_layout_limits():
    machine = load_machine("superconducting-1e-3")
    few = replace(machine, max_factories=3, layout="fast")
    assert assert_same(few, random_points(np.random.default_rng(5), 10, 10)) >= 4


@pytest.mark.slow
@pytest.mark.parametrize("name", machine_names())
@pytest.mark.parametrize("most", [2, 5, 9, 16])
def test_search_equals_the_loops_over_many(name, most):
    assert assert_same(load_machine(name), random_points(np.random.default_rng(most), 100, most))


@pytest.mark.slow
def test_search_equals_the_loops_near_threshold():
    machine = replace(load_machine("superconducting-1e-3"), physical_error=4e-3, layout="fast")
    assert assert_same(machine, random_points(np.random.default_rng(1), 20, 6))
