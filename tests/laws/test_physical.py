"""What is true of every machine: monotone, within budget, finite up to 1e40, honest where it fails."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qres.errors import InputError
from qres.logical.record import LogicalCost
from qres.physical.estimate import OBJECTIVES, estimate_machine
from qres.physical.frontier import find_frontier
from qres.physical.machines import load_machine, machine_names
from qres.physical.split import find_split
from qres.physical.tables import machine_tables

MACHINES = {name: load_machine(name) for name in machine_names()}
DEEP = sorted(name for name in MACHINES if "concatenated" in MACHINES[name].factories)
KEY = {
    "runtime": lambda cost: cost.runtime_s,
    "qubits": lambda cost: cost.physical_qubits,
    "volume": lambda cost: cost.physical_qubits * cost.n_cycles,
}


def job(toffoli, t=0.0, logical_qubits=100.0, fail_prob=0.01):
    return LogicalCost(
        toffoli=toffoli, t=t, rotations=0, logical_qubits=logical_qubits, fail_prob=fail_prob
    )


counts = st.floats(0, 38).map(lambda x: float(np.floor(10**x)))


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(MACHINES)),
    st.sampled_from(OBJECTIVES),
    counts,
    counts,
    st.floats(0, 12).map(lambda x: float(np.floor(10**x))),
    st.floats(1e-9, 0.5),
    st.sampled_from(["toffoli", "t", "logical_qubits", "fail_prob"]),
    st.floats(1, 1e3),
)
def test_more_work_or_less_failure_never_costs_less(
    name, objective, toffoli, t, qubits, fail_prob, field, factor
):
    cost = job(*(np.full(2, value) for value in (toffoli, t, qubits, fail_prob)))
    harder = getattr(cost, field).copy()
    harder[1] = harder[1] / factor if field == "fail_prob" else np.ceil(harder[1] * factor)
    cost = replace(cost, **{field: harder})
    result = estimate_machine(cost, MACHINES[name], objective)
    easy, hard = KEY[objective](result)
    assert hard >= easy * (1 - 1e-12)
    # of the parts: the sum that is reported is cut at the budget, for rounding
    parts = result.fail_prob_data + result.fail_prob_magic + result.fail_prob_events
    fits = result.is_feasible
    assert result.fail_prob[fits] == pytest.approx(parts[fits], rel=1e-12, abs=0)
    assert (result.fail_prob <= cost.fail_prob * (1 + 1e-12))[fits].all()


@pytest.mark.parametrize("name", sorted(MACHINES))
def test_the_cost_climbs_along_every_count(name):
    """One count runs over forty decades, the others stay small: nothing hides its steps."""
    small = {"toffoli": 3.0, "t": 5.0, "logical_qubits": 20.0, "fail_prob": 0.01}
    climb = np.floor(10.0 ** np.arange(0, 40, 0.5))
    for field in small:
        values = 0.5 / climb if field == "fail_prob" else climb
        cost = job(**{**{key: np.full(80, value) for key, value in small.items()}, field: values})
        for objective, key in KEY.items():
            found = key(estimate_machine(cost, MACHINES[name], objective))
            assert (found[1:] >= found[:-1] * (1 - 1e-12)).all(), (field, objective)
            # a machine that waits for reactions takes as long for any width and any budget
            is_flat = objective == "runtime" and field in ("logical_qubits", "fail_prob")
            assert found[-1] > found[0] or is_flat, (field, objective)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", ["superconducting-1e-3", "superconducting-1e-4"])
def test_a_worse_machine_never_costs_less(name, objective):
    toffoli = 10.0 ** np.arange(0, 12, 2)
    machine = MACHINES[name]
    worse = (
        replace(machine, physical_error=machine.physical_error * 1.5),
        replace(machine, prefactor=machine.prefactor * 2),
        replace(machine, cycle_time_s=machine.cycle_time_s * 1.5, reaction_time_s=1.5e-5),
        replace(machine, correlated_event_rate_per_s=1e-6),
        replace(machine, max_factories=2),
    )
    before = KEY[objective](estimate_machine(job(toffoli), machine, objective))
    for other in worse:
        after = KEY[objective](estimate_machine(job(toffoli), other, objective))
        assert (after >= before * (1 - 1e-12)).all(), other


WORSE = {
    "physical error": lambda m, f: replace(m, physical_error=m.physical_error * f),
    "T error": lambda m, f: replace(m, t_error=m.injection_error * f),
    "prefactor": lambda m, f: replace(m, prefactor=m.prefactor * f),
    "threshold": lambda m, f: replace(m, threshold=m.threshold / f),
}


@pytest.mark.parametrize("change", WORSE)
@pytest.mark.parametrize(
    "name",
    [
        "majorana-1e-4",
        *(pytest.param(name, marks=pytest.mark.slow) for name in DEEP if name != "majorana-1e-4"),
    ],
)
def test_a_larger_error_never_costs_less_whatever_the_factories(name, change):
    """With the generated factories too: what a worse machine builds, a better one can."""
    cost, machine = job(np.floor(10.0 ** np.arange(0, 31, 0.5))), MACHINES[name]
    for factor in (1.03, 1.3):
        worse = WORSE[change](machine, factor)
        for objective, key in KEY.items():
            before = key(estimate_machine(cost, machine, objective))
            after = key(estimate_machine(cost, worse, objective))
            assert (after >= before * (1 - 1e-12)).all(), (factor, objective)
    assert np.isfinite(before).all()
    assert (after > before).any() or change == "T error"


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_tighter_cap_never_helps_and_holds(objective):
    machine, cost = MACHINES["superconducting-1e-4"], job(np.full(30, 1e7))
    caps = np.geomspace(1e5, 1e7, 30)
    found = estimate_machine(cost, machine, objective, max_qubits=caps)
    assert (found.physical_qubits[found.is_feasible] <= caps[found.is_feasible]).all()
    assert (np.diff(KEY[objective](found)[found.is_feasible]) <= 0).all()
    seconds = np.geomspace(10, 1e4, 30)
    found = estimate_machine(cost, machine, objective, max_runtime_s=seconds)
    assert (found.runtime_s <= seconds * (1 + 1e-11))[found.is_feasible].all()
    assert found.is_feasible.any()
    assert not found.is_feasible.all()
    assert (np.diff(KEY[objective](found)[found.is_feasible]) <= 0).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", DEEP)
def test_1_to_1e40_operations_on_1_to_1e12_qubits(name):
    operations = 10.0 ** np.arange(0, 41)
    toffoli, qubits = np.meshgrid(operations, 10.0 ** np.arange(0, 13, 4))
    found = estimate_machine(job(toffoli, toffoli, qubits), MACHINES[name], "volume")
    assert found.is_feasible.all()
    for field in ("physical_qubits", "runtime_s", "n_cycles", "fail_prob", "runtime_floor_s"):
        value = getattr(found, field)
        assert np.isfinite(value).all()
        assert (value > 0).all()
    assert (found.n_cycles >= toffoli).all()
    assert (found.physical_qubits >= qubits).all()


@settings(max_examples=12)
@given(
    st.sampled_from(sorted(MACHINES)),
    st.floats(2, 14).map(lambda x: float(np.floor(10**x))),
    st.floats(0, 5).map(lambda x: float(np.floor(10**x))),
)
def test_the_frontier_falls_and_holds_every_optimum(name, toffoli, qubits):
    cost, machine = job(toffoli, float(toffoli // 3), qubits), MACHINES[name]
    points = find_frontier(cost, machine)
    best = {objective: estimate_machine(cost, machine, objective) for objective in OBJECTIVES}
    assert bool(points) == best["runtime"].is_feasible
    times = [point.runtime_s for point in points]
    sizes = [point.physical_qubits for point in points]
    assert times == sorted(set(times))
    assert sizes == sorted(set(sizes), reverse=True)
    if points:
        assert {item for point in points for item in point.best_for} == set(OBJECTIVES)
        assert (times[0], sizes[-1]) == (best["runtime"].runtime_s, best["qubits"].physical_qubits)


def rotated(rng, size, most):
    """Return random counts with rotations that are not synthesised yet."""
    draws = np.floor(10 ** rng.uniform(0, most, (3, size)))
    return LogicalCost(
        toffoli=np.where(rng.random(size) < 0.3, 0.0, draws[0]),
        t=np.where(rng.random(size) < 0.3, 0.0, draws[1]),
        rotations=draws[2],
        logical_qubits=np.floor(10 ** rng.uniform(0, 6, size)),
        fail_prob=10 ** rng.uniform(-6, -0.3, size),
    )


@pytest.mark.parametrize("n_machines", [1, 7])
@pytest.mark.parametrize("name", ["superconducting-1e-4", "superconducting-1e-3-yoked"])
def test_the_frontier_of_counts_holds_every_optimum_over_all_splits(name, n_machines):
    """Drawn at the split of one objective it would miss the others."""
    machine = replace(MACHINES[name], n_machines=n_machines)
    cost = replace(
        job(1e5, 0.0, 500.0),
        rotations=562_341.0,
        idle_qubits=300.0,
        shots=100.0 if n_machines > 1 else 1,
    )
    points = find_frontier(cost, machine, is_split=True)
    sizes = [(point.runtime_s, point.physical_qubits) for point in points]
    assert all(b[0] > a[0] and b[1] < a[1] for a, b in pairwise(sizes))
    for objective in OBJECTIVES:
        best = find_split(cost, machine, objective)
        at = sizes.index((best.machine.runtime_s, best.machine.physical_qubits))
        assert objective in points[at].best_for
        assert points[at].t_per_rotation > 0
    assert len({point.t_per_rotation for point in points}) > 1 or name != "superconducting-1e-4"


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(("name", "most"), [("superconducting-1e-4", 11), ("ion-1e-3", 20)])
def test_the_found_split_is_never_worse_than_thirds(name, most, objective):
    """500 jobs; a third for synthesis, and of the other two thirds whatever is best."""
    cost, machine = rotated(np.random.default_rng(most), 500, most), MACHINES[name]
    third = np.ceil(0.53 * np.log2(3 * cost.rotations / cost.fail_prob) + 5.3)
    fixed = replace(cost, t=cost.t + third * cost.rotations, fail_prob=2 / 3 * cost.fail_prob)
    thirds = KEY[objective](estimate_machine(fixed, machine, objective))
    split = find_split(cost, machine, objective)
    found = KEY[objective](split.machine)
    assert (found <= thirds).all()
    assert (found < thirds).mean() > 0.2
    fits = split.machine.is_feasible
    spent = split.fail_synthesis + split.machine.fail_prob
    assert (spent <= cost.fail_prob * (1 + 1e-15))[fits].all()
    assert fits.mean() > 0.7


@pytest.mark.filterwarnings("error")
def test_the_split_of_1_to_1e40_rotations():
    rotations, qubits = np.meshgrid(10.0 ** np.arange(0, 41), 10.0 ** np.arange(0, 13, 4))
    cost = replace(job(0.0, 0.0, qubits), rotations=rotations)
    split = find_split(cost, MACHINES["majorana-1e-6"], "volume")
    assert split.machine.is_feasible.all()
    assert (np.diff(split.t_per_rotation, axis=1) >= 0).all()
    assert ((split.fail_synthesis > 0) & (split.fail_hardware > 0)).all()
    assert np.isfinite(split.machine.runtime_s).all()


def test_infeasible_names_what_binds_and_the_nearest_that_fits():
    machine = MACHINES["superconducting-1e-3"]
    cost = job(10**8, logical_qubits=1000)
    magic = estimate_machine(replace(cost, toffoli=10**15), machine, "runtime").reason
    assert "needs magic states of error 1.0e-17" in magic
    states = float(magic.split("up to ")[1].split()[0])
    near = estimate_machine(replace(cost, toffoli=int(states * 0.9)), machine, "qubits")
    assert near.is_feasible
    capped = estimate_machine(cost, machine, "runtime", max_qubits=1e6).reason
    least = float(capped.split("at least ")[1].split()[0])
    assert capped.startswith("does not fit within max_qubits 1e+06: needs a max_qubits")
    assert estimate_machine(cost, machine, "runtime", max_qubits=least).is_feasible
    assert not estimate_machine(cost, machine, "runtime", max_qubits=least * 0.99).is_feasible
    late = estimate_machine(cost, machine, "qubits", max_runtime_s=10).reason
    seconds = float(late.split("at least ")[1].split()[0])
    assert late.startswith("does not fit within max_runtime 10 s: needs a max_runtime")
    assert estimate_machine(cost, machine, "qubits", max_runtime_s=seconds).is_feasible
    both = estimate_machine(cost, machine, "qubits", max_runtime_s=10, max_qubits=10)
    assert "needs more of both" in both.reason
    mixed = estimate_machine(cost, machine, "qubits", max_runtime_s=1100, max_qubits=3e6).reason
    assert re.search(r"needs a max_qubits .* or a max_runtime .*, the other limit kept$", mixed)


def test_correlated_events_bind_and_are_charged():
    machine = replace(MACHINES["superconducting-1e-3"], correlated_event_rate_per_s=1e-3)
    bound = estimate_machine(job(10**8), machine, "runtime")
    assert bound.status == "infeasible"
    assert (
        "correlated events at 0.001 per second times the shortest runtime 1e+03 s" in bound.reason
    )
    # 1e8 layers of 10 us at 1e-5 per second are all of 0.01
    nearest = float(bound.reason.split("a rate of at most ")[1].split()[0])
    assert 0.9e-5 < nearest < 1e-5
    found = estimate_machine(job(10**5), machine, "qubits")
    assert found.fail_prob_events == pytest.approx(1e-3 * found.runtime_s)
    parts = found.fail_prob_data + found.fail_prob_magic + found.fail_prob_events
    assert found.fail_prob == pytest.approx(parts)
    assert found.fail_prob <= 0.01


def test_where_nothing_helps_the_needed_failure_is_named():
    machine = replace(MACHINES["superconducting-1e-3"], physical_error=9.9e-3, prefactor=1e-6)
    machine = replace(machine, factories=("ccz2t",))
    reason = estimate_machine(job(10**3, fail_prob=1e-3), machine, "qubits").reason
    assert "fail with" in reason or "needs magic states" in reason
    stuck = replace(MACHINES["superconducting-1e-3"], physical_error=9.5e-3, t_error=1e-9)
    stuck = replace(stuck, factories=("fifteen-to-one",), threshold=0.0096)
    reason = estimate_machine(job(10**4, fail_prob=1e-9), stuck, "qubits").reason
    assert "would fit" in reason


@pytest.mark.parametrize("bad", [0, -1, float("nan")])
def test_caps_are_numbers_above_zero(bad):
    with pytest.raises(InputError, match="max_qubits: expected a number above 0"):
        estimate_machine(job(10), MACHINES["superconducting-1e-3"], "runtime", max_qubits=bad)


def test_every_layout_is_searched_and_named():
    machine = MACHINES["superconducting-1e-3-open"]
    names = {
        estimate_machine(job(1e8), machine, objective, max_runtime_s=cap).layout
        for objective in ("runtime", "qubits")
        for cap in (np.inf, 1.5e4)
    }
    assert {"fast", "compact"} <= names
    one = replace(machine, layouts=("compact",))
    assert estimate_machine(job(1e8), one, "runtime").layout == "compact"
    assert machine_tables(one).table.labels == machine_tables(machine).table.labels
