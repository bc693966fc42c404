"""The vectorised search against loops over everything, in plain Python."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from qres.logical.record import LogicalCost
from qres.physical.estimate import OBJECTIVES, estimate_machine, physical_at
from qres.physical.frontier import find_frontier
from qres.physical.machines import load_machine, machine_names
from qres.physical.record import Machine
from qres.physical.registry import find_code, find_factory, find_layout
from qres.physical.split import find_split
from qres.physical.tables import full_table

LARGEST_DISTANCE = 121
SHIPPED = ("superconducting-1e-3", "superconducting-1e-4")
SEARCHED = ("superconducting-1e-3-open", "majorana-1e-6")


class Exhaustive:
    """All layouts, sizes and numbers of factories, and distances, for one machine."""

    def __init__(self, machine: Machine) -> None:
        code = find_code(machine.code)
        self.machine = machine
        self.layouts = [find_layout(name) for name in machine.layouts]
        self.event_risk = machine.correlated_event_rate_per_s * machine.cycle_time_s
        odd = np.arange(3, LARGEST_DISTANCE + 1, 2)
        tiles = 2.0 * odd**2 if machine.code == "rotated-surface" else 4.0 * odd**2 + 8 * (odd - 1)
        self.distances = list(
            zip(
                odd.tolist(), code.logical_error(machine, odd).tolist(), tiles.tolist(), strict=True
            )
        )
        self.factories = []
        for name in machine.factories:
            factory = find_factory(name)
            table = full_table(machine, code, factory)
            added = table.catalysis
            sizes = (table.error, table.qubits, table.cycles)
            rows = zip(*sizes, added.error, added.qubits, added.cycles, strict=True)
            self.factories.append((factory, unmatched([tuple(map(float, row)) for row in rows])))

    def choices(self, toffoli: float, t: float, qubits: float, fail_prob: float):
        """Yield (cycles, qubits) of everything that fits."""
        magic = toffoli + t
        ratio = self.machine.reaction_time_s / self.machine.cycle_time_s
        reaction = math.ceil(magic * float(f"{ratio:.12g}"))
        one = (np.array(toffoli), np.array(t))
        for layout in self.layouts:
            tiles = float(layout.tiles(np.array([qubits]))[0])
            steps = layout.steps_per_magic_state * magic if magic else 1.0
            for factory, rows in self.factories:
                states, work = float(factory.states(*one)), float(factory.work(*one))
                pairs = math.ceil(t / 2)
                for error, own, per_unit, pair_error, pair_qubits, pair_cycles in rows:
                    left = fail_prob - (error * states + pair_error * pairs)
                    if left <= 0:
                        continue
                    alone = math.ceil(work * per_unit + pair_cycles * pairs)
                    factory_qubits = own + pair_qubits * (pairs > 0)
                    for d, logical_error, tile_qubits in self.distances:
                        fastest = max(reaction, d * steps)
                        data, risk = tiles * tile_qubits, tiles * logical_error + self.event_risk
                        if risk * fastest > left:
                            continue
                        for m in range(1, self.machine.max_factories + 1):
                            cycles = max(math.ceil(alone / m), fastest)
                            if risk * cycles <= left:
                                yield cycles, m * factory_qubits * bool(magic) + data
                            if cycles == fastest:
                                break

    def best(self, point, max_qubits: float = math.inf, max_cycles: float = math.inf) -> dict:
        """Return the smallest (cycles, qubits), (qubits, cycles) and (volume, cycles)."""
        best = dict.fromkeys(OBJECTIVES, (math.inf, math.inf))
        for cycles, total in self.choices(*point):
            if cycles <= max_cycles and total <= max_qubits:
                best["runtime"] = min(best["runtime"], (cycles, total))
                best["qubits"] = min(best["qubits"], (total, cycles))
                best["volume"] = min(best["volume"], (total * cycles, cycles))
        return best


def unmatched(rows: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Return the sizes that no other of the factory matches in all numbers at once."""
    kept = np.empty((0, len(rows[0])))
    for row in sorted(set(rows)):
        if not (kept <= row).all(axis=1).any():
            kept = np.vstack([kept, row])
    return [tuple(row) for row in kept.tolist()]


def random_points(rng: np.random.Generator, size: int, most: float) -> np.ndarray:
    toffoli = np.floor(10 ** rng.uniform(0, most, size))
    t = np.where(rng.random(size) < 0.3, 0, np.floor(10 ** rng.uniform(0, most, size)))
    qubits = np.floor(10 ** rng.uniform(0, 7, size))
    fail_prob = 10 ** rng.uniform(-5, -0.5, size)
    return np.stack([toffoli, t, qubits, fail_prob])


def as_cost(points: np.ndarray) -> LogicalCost:
    toffoli, t, qubits, fail_prob = points
    return LogicalCost(
        toffoli=toffoli, t=t, rotations=0, logical_qubits=qubits, fail_prob=fail_prob
    )


def keys(result, i: int) -> dict:
    cycles, total = result.n_cycles[i], result.physical_qubits[i]
    return {
        "runtime": (cycles, total),
        "qubits": (total, cycles),
        "volume": (total * cycles, cycles),
    }


def assert_same(machine: Machine, points: np.ndarray, caps: np.ndarray | None = None) -> int:
    """Compare; `caps` holds (qubits, cycles) of each point. Return how many fit."""
    if caps is None:
        caps = np.full((2, points.shape[1]), np.inf)
    limits = {"max_qubits": caps[0], "max_runtime_s": caps[1] * machine.cycle_time_s}
    found = {
        name: estimate_machine(as_cost(points), machine, name, **limits) for name in OBJECTIVES
    }
    twin = Exhaustive(machine)
    n_feasible = 0
    for i, point in enumerate(points.T):
        best = twin.best(tuple(map(float, point)), *map(float, caps[:, i]))
        for objective, result in found.items():
            got = keys(result, i)[objective]
            assert got == pytest.approx(best[objective], rel=1e-12), (objective, point, caps[:, i])
            assert result.fail_prob[i] <= point[3] or not result.is_feasible[i]
        n_feasible += bool(found["runtime"].is_feasible[i])
    return n_feasible


def with_caps(machine: Machine, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return caps around what the points take without them."""
    cost = as_cost(points)
    fast, small = (estimate_machine(cost, machine, name) for name in ("runtime", "qubits"))
    between = rng.uniform(-0.1, 1.1, (2, points.shape[1]))
    ends = ((small.physical_qubits, fast.physical_qubits), (fast.n_cycles, small.n_cycles))
    with np.errstate(invalid="ignore"):
        caps = [
            np.floor(low * (high / low) ** part)
            for (low, high), part in zip(ends, between, strict=True)
        ]
    return np.where(np.isfinite(caps) & (rng.random((2, points.shape[1])) < 0.7), caps, np.inf)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("most", [3, 13])
def test_search_equals_the_loops(name, most):
    points = random_points(np.random.default_rng(most), 8, most)
    assert assert_same(load_machine(name), points) >= 4


@pytest.mark.parametrize("name", SHIPPED)
def test_search_equals_the_loops_for_a_handful_of_gates(name):
    rng = np.random.default_rng(11)
    toffoli, t = rng.integers(0, 12, (2, 6)).astype(float)
    points = np.stack([toffoli, t, rng.integers(1, 4, 6), 10 ** rng.uniform(-6, -1, 6)])
    assert assert_same(load_machine(name), points) >= 4


def test_search_equals_the_loops_where_factories_are_few_and_the_layout_limits():
    machine = load_machine("superconducting-1e-3")
    few = replace(machine, max_factories=3, layouts=("fast",))
    assert assert_same(few, random_points(np.random.default_rng(5), 10, 10)) >= 4


def test_search_equals_the_loops_where_hardly_anything_limits_the_number_of_factories():
    """Of few gates and without reaction time, almost any number of factories may be best."""
    machine = replace(load_machine("superconducting-1e-4"), reaction_time_s=0.0, max_factories=100)
    machine = replace(machine, layouts=("simple",))
    points = np.array([(55.0, 0.0, 53.0, 3e-3), (27.0, 0.0, 4.0, 0.02)]).T
    assert assert_same(machine, points) == 2


def test_a_job_without_gates_fits_wherever_its_data_do():
    machine = load_machine("superconducting-1e-4")
    points = np.array([(0.0, 0.0, 15.0, 1e-6), (0.0, 0.0, 15.0, 1e-6), (0.0, 0.0, 1.0, 0.1)]).T
    least = estimate_machine(as_cost(points), machine, "qubits").physical_qubits
    caps = np.array([least - [0.0, 1.0, 0.0], np.full(3, np.inf)])
    assert assert_same(machine, points, caps) == 2


@pytest.mark.parametrize("name", SEARCHED)
def test_search_equals_the_loops_over_layouts_and_levels(name):
    rng = np.random.default_rng(8)
    machine = load_machine(name)
    points = random_points(rng, 4, 20)
    assert assert_same(machine, points) == 4


def test_a_distance_of_hardly_any_error_still_needs_a_factory():
    """At the largest distance one qubit lasts more cycles than floating point holds.

    The work of a factory divided by them is 0, and the data alone, with 0 factories, are smaller.
    """
    hard = (5.202788581484686e23, 9.947972767400348e17, 1.0, 4.390689095180341e-4)
    points = np.array([hard, (1.0, 0.0, 1.0, 0.1)]).T
    machine = load_machine("majorana-1e-4")
    assert assert_same(machine, points) == 2
    least = estimate_machine(as_cost(points), machine, "qubits").physical_qubits[0]
    for objective in OBJECTIVES:
        capped = estimate_machine(as_cost(points), machine, objective, max_qubits=least - 1.0)
        assert capped.is_feasible.tolist() == [False, True]


@pytest.mark.parametrize("name", SHIPPED)
def test_search_equals_the_loops_under_caps(name):
    rng = np.random.default_rng(21)
    machine = replace(load_machine(name), layouts=("fast", "compact"))
    points = random_points(rng, 15, 9)
    assert 4 <= assert_same(machine, points, with_caps(machine, points, rng)) < 15


def all_integers(cost: LogicalCost, i: int):
    """Yield (T gates of a rotation, counts with them) that leave any budget, in plain numbers."""
    rotations, fail_prob = float(cost.rotations[i]), float(cost.fail_prob[i])
    for count in range(1, 200):
        left = fail_prob - rotations * 2 ** ((5.3 - count) / 0.53)
        if left > 0:
            magic = float(cost.t[i]) + rotations * count
            yield count, (float(cost.toffoli[i]), magic, float(cost.logical_qubits[i]), left)
        if left == fail_prob:
            return


def with_rotations(rng: np.random.Generator, size: int, most: float) -> LogicalCost:
    cost = as_cost(random_points(rng, size, most))
    return replace(cost, rotations=np.floor(10 ** rng.uniform(0, most, size)))


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", ["superconducting-1e-4", "superconducting-1e-3-open"])
def test_the_split_equals_every_integer_of_t_per_rotation(name, objective):
    cost, machine = with_rotations(np.random.default_rng(3), 40, 10), load_machine(name)
    split = find_split(cost, machine, objective)
    n_inner = 0
    for i in range(40):
        counts, points = zip(*all_integers(cost, i), strict=True)
        every = estimate_machine(as_cost(np.array(points).T), machine, objective)
        best = min(keys(every, row)[objective] for row in range(len(counts)))
        assert keys(split.machine, i)[objective] == pytest.approx(best, rel=1e-12)
        n_inner += best < keys(every, 0)[objective]
    # the time counts T gates one by one: there the fewest are almost always best
    assert n_inner > 5 or objective == "runtime"


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_split_equals_every_integer_where_factories_are_few(objective):
    cost = with_rotations(np.random.default_rng(9), 15, 8)
    machine = replace(load_machine("superconducting-1e-3"), max_factories=3)
    split = find_split(cost, machine, objective)
    for i in range(15):
        _, points = zip(*all_integers(cost, i), strict=True)
        every = estimate_machine(as_cost(np.array(points).T), machine, objective)
        best = min(keys(every, row)[objective] for row in range(len(points)))
        assert keys(split.machine, i)[objective] == pytest.approx(best, rel=1e-12)


@pytest.mark.slow
def test_the_split_equals_the_loops_over_everything():
    cost, machine = with_rotations(np.random.default_rng(6), 6, 6), load_machine(SHIPPED[0])
    twin = Exhaustive(machine)
    found = {name: find_split(cost, machine, name).machine for name in OBJECTIVES}
    for i in range(6):
        every = [twin.best(point) for _, point in all_integers(cost, i)]
        for objective in OBJECTIVES:
            best = min(item[objective] for item in every)
            assert keys(found[objective], i)[objective] == pytest.approx(best, rel=1e-12)


def test_a_cap_buys_no_factory_that_saves_no_time():
    """Without reaction limit and with few gates many numbers of factories take equally long."""
    machine = replace(load_machine("superconducting-1e-3"), reaction_time_s=0.0)
    job = LogicalCost(toffoli=7, t=0, rotations=0, logical_qubits=3, fail_prob=0.01)
    found = estimate_machine(job, machine, "runtime", max_qubits=np.geomspace(3e5, 3e7, 100))
    assert len(set(found.n_factories)) > 10
    for i, label in enumerate(found.factory):
        choice = {"distance": int(found.distance[i]), "factory": "ccz2t"}
        sizes = [int(part.split("=")[1]) for part in label.split()[1:]]
        fewer = int(found.n_factories[i]) - 1
        less = (
            physical_at(job, machine, sizes=sizes, n_factories=fewer, **choice) if fewer else None
        )
        assert less is None or less.n_cycles > found.n_cycles[i]


@pytest.mark.slow
def test_search_equals_the_loops_with_correlated_events():
    machine = replace(load_machine("superconducting-1e-3"), correlated_event_rate_per_s=1e-4)
    points = random_points(np.random.default_rng(4), 15, 7)
    assert 4 <= assert_same(machine, points) < 15


@pytest.mark.parametrize("layouts", [("simple",), ("compact", "intermediate", "fast")])
def test_no_choice_dominates_a_point_of_the_frontier(layouts):
    machine = replace(load_machine("superconducting-1e-4"), layouts=layouts)
    point = (3e6, 1e5, 50.0, 1e-2)
    cost = LogicalCost(
        toffoli=point[0], t=point[1], rotations=0, logical_qubits=point[2], fail_prob=point[3]
    )
    frontier = find_frontier(cost, machine)
    every = np.array(list(Exhaustive(machine).choices(*point)))
    for found in frontier:
        cycles = found.runtime_s / machine.cycle_time_s * (1 - 1e-9)
        total = found.physical_qubits
        is_beaten = (every[:, 0] < cycles) & (every[:, 1] <= total)
        is_beaten |= (every[:, 0] <= cycles * (1 + 1e-8)) & (every[:, 1] < total)
        assert not is_beaten.any()
    assert {name for found in frontier for name in found.best_for} == set(OBJECTIVES)
    assert len(frontier) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("most", [2, 5, 9, 16])
def test_search_equals_the_loops_over_many(name, most):
    assert assert_same(load_machine(name), random_points(np.random.default_rng(most), 200, most))


@pytest.mark.slow
@pytest.mark.parametrize("name", machine_names())
def test_search_equals_the_loops_on_every_machine(name):
    rng = np.random.default_rng(1)
    machine, points = load_machine(name), random_points(rng, 30, 25)
    assert assert_same(machine, points)
    assert assert_same(machine, points, with_caps(machine, points, rng))


@pytest.mark.slow
def test_search_equals_the_loops_near_threshold():
    machine = replace(load_machine("superconducting-1e-3"), physical_error=4e-3, layouts=("fast",))
    assert assert_same(machine, random_points(np.random.default_rng(1), 20, 6))
