"""Scalars, arrays, jobs that do not fit, jobs without magic states, and what grows with what."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qres.errors import InputError
from qres.logical.record import LogicalCost
from qres.physical.estimate import OBJECTIVES, estimate_machine, physical_at
from qres.physical.machines import load_machine, machine_names
from qres.physical.split import find_split

MACHINES = {name: load_machine(name) for name in machine_names()}
GF = MACHINES["superconducting-1e-3"]


def job(toffoli, t=0, logical_qubits=100, fail_prob=0.01):
    return LogicalCost(
        toffoli=toffoli, t=t, rotations=0, logical_qubits=logical_qubits, fail_prob=fail_prob
    )


ROW = (
    "distance",
    "n_factories",
    "physical_qubits",
    "n_cycles",
    "runtime_s",
    "fail_prob",
    "logical_error_per_cycle",
    "factory",
    "limited_by",
    "layout",
    "status",
)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", MACHINES)
def test_arrays_equal_scalars_and_keep_their_shape(name, objective):
    rng = np.random.default_rng(2)
    toffoli, t = np.floor(10 ** rng.uniform(0, 18, (2, 5, 4)))
    toffoli[0, 0] = t[0, 0] = 0
    many = estimate_machine(job(toffoli, t, 1234), MACHINES[name], objective)
    assert many.runtime_s.shape == (5, 4)
    for i in np.ndindex(toffoli.shape):
        one = estimate_machine(job(int(toffoli[i]), int(t[i]), 1234), MACHINES[name], objective)
        for field in ROW:
            value = getattr(one, field)
            if value is not None:
                assert getattr(many, field)[i] == value, field
            else:
                assert not many.is_feasible[i]


def test_many_blocks_equal_one_by_one():
    toffoli = np.logspace(0, 14, 3000).round()
    together = estimate_machine(job(toffoli), GF, "volume")
    pick = slice(None, None, 271)
    apart = estimate_machine(job(toffoli[pick]), GF, "volume")
    assert np.array_equal(together.physical_qubits[pick], apart.physical_qubits)


def test_scalars_are_python_numbers():
    cost = estimate_machine(job(10**8), GF, "runtime")
    for field in ("distance", "n_factories", "physical_qubits", "n_cycles"):
        assert type(getattr(cost, field)) is int
    assert type(cost.runtime_s) is float
    assert cost.is_feasible is True
    assert cost.status == "ok"
    assert cost.reason == ""


def test_runtime_objective_reaches_the_reaction_limit():
    cost = estimate_machine(job(10**8), GF, "runtime")
    assert cost.limited_by == "reaction"
    assert cost.runtime_s == pytest.approx(1e8 * 10e-6)
    assert cost.runtime_floor_s == pytest.approx(cost.runtime_s)
    assert cost.data_qubits + cost.factory_qubits == cost.physical_qubits
    assert cost.fail_prob_data + cost.fail_prob_magic == pytest.approx(cost.fail_prob)


def test_too_many_magic_states_is_a_result_with_its_reason():
    cost = estimate_machine(job(10**25, fail_prob=0.01), GF, "runtime")
    assert cost.status == "infeasible"
    assert "needs magic states of error 1.0e-27" in cost.reason
    assert "ccz2t d1=" in cost.reason
    assert cost.runtime_s is None
    assert cost.physical_qubits is None
    assert cost.factory == "none"
    assert cost.runtime_floor_s == pytest.approx(1e20)


@pytest.mark.parametrize("bad", [np.inf, 10**400])
def test_counts_that_are_not_finite_are_infeasible(bad):
    cost = estimate_machine(job(bad), GF, "runtime")
    assert cost.status == "infeasible"
    assert "not finite" in cost.reason


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_points_of_an_array_that_are_not_finite_are_infeasible(bad):
    many = estimate_machine(job(np.array([1e6, bad])), GF, "qubits")
    assert many.is_feasible.tolist() == [True, False]
    assert "not finite" in many.reason[1]
    assert np.isinf(many.runtime_s[1])
    assert not np.isnan(many.runtime_floor_s).any()


COUNTED = {
    "toffoli": 1e6,
    "t": 10.0,
    "logical_qubits": 100.0,
    "fail_prob": 0.01,
    "depth": 1e5,
    "idle_qubits": 50.0,
}
UNKNOWN = [(field, bad) for field in COUNTED for bad in (np.nan, np.inf)]
UNKNOWN.remove(("idle_qubits", np.inf))  # more than all qubits, which is refused


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("field", "bad"), UNKNOWN)
@pytest.mark.parametrize("name", ["superconducting-1e-3", "superconducting-1e-3-yoked"])
def test_a_count_without_a_value_is_infeasible_whichever_it_is(name, field, bad):
    """No count that a formula has no value for is read as another number; its neighbour stays."""
    pair = {key: np.full(2, value) for key, value in COUNTED.items()}
    pair[field][1] = bad
    many = estimate_machine(LogicalCost(rotations=0, **pair), MACHINES[name], "qubits")
    alone = estimate_machine(LogicalCost(rotations=0, **COUNTED), MACHINES[name], "qubits")
    assert many.is_feasible.tolist() == [True, False]
    assert "not finite" in many.reason[1]
    for key in (*ROW, "runtime_floor_s"):
        value = getattr(many, key)
        assert value[0] == getattr(alone, key)
        assert value.dtype == object or not np.isnan(value).any()
    assert np.isinf([many.runtime_s[1], many.physical_qubits[1]]).all()
    # 1e5 layers of 10 us; of layers without a value there is no floor
    assert many.runtime_floor_s[1] == (np.inf if field == "depth" else 1.0)
    split = find_split(LogicalCost(**{**pair, "rotations": 7.0}), MACHINES[name], "qubits")
    assert split.machine.is_feasible.tolist() == [True, False]


def test_endless_layers_that_react_in_no_time_have_no_floor():
    machine = replace(GF, reaction_time_s=0.0)
    for depth in (np.inf, np.nan):
        cost = estimate_machine(replace(job(10), depth=np.array([depth])), machine, "runtime")
        assert cost.runtime_floor_s.tolist() == [np.inf]


def test_a_depth_that_is_not_given_is_one_gate_a_layer():
    counts, every = np.array([1e3, 1e6]), []
    for depth in (None, counts + 5):
        cost = estimate_machine(replace(job(counts, 5.0), depth=depth), GF, "runtime")
        every.append((cost.n_cycles.tolist(), cost.physical_qubits.tolist()))
    assert every[0] == every[1]
    # ten cycles of 1 us for each of 1,005 and 1,000,005 gates
    assert every[0][0] == [10_050, 10_000_050]


def test_nothing_left_to_fail_is_infeasible():
    assert estimate_machine(job(10, fail_prob=0.0), GF, "runtime").status == "infeasible"


def test_a_job_without_magic_states_needs_no_factory():
    cost = estimate_machine(job(0, 0, 100), GF, "qubits")
    assert cost.factory == "none"
    assert cost.n_factories == 0
    assert cost.factory_qubits == 0
    assert cost.n_cycles == cost.distance
    assert cost.fail_prob == pytest.approx(
        150 * cost.distance * 0.1 * 0.1 ** ((cost.distance + 1) / 2)
    )


def test_huge_counts_do_not_wrap():
    machine = replace(GF, physical_error=1e-12)
    cost = estimate_machine(job(1e40, 1e40, 1e12), machine, "volume")
    assert cost.status == "ok"
    assert cost.n_cycles >= 2e41
    assert np.isfinite(cost.runtime_s)


def test_a_machine_just_below_threshold_is_infeasible_and_says_why():
    for machine in MACHINES.values():
        worst = replace(machine, physical_error=9.9e-3, factories=("ccz2t",))
        cost = estimate_machine(job(10), worst, "qubits")
        assert "needs magic states of error 1.0e-03" in cost.reason


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("p", [1e-30, 1e-4])
def test_nothing_overflows_or_turns_nan(p, objective):
    values = np.array([0, 0.3, 1, 1e40, 1e99, 1e154, 1e308, np.inf, np.nan])
    toffoli, t, qubits = np.meshgrid(values, values, [1, 1e12, 1e99, 1e308, np.inf])
    machine = replace(GF, physical_error=p)
    cost = estimate_machine(job(toffoli, t, qubits, np.array([0.5])), machine, objective)
    assert cost.is_feasible.any()
    for field in ("physical_qubits", "runtime_s", "runtime_floor_s", "fail_prob", "distance"):
        value = getattr(cost, field)
        assert not np.isnan(value).any()
        assert np.isfinite(value[cost.is_feasible]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"toffoli": -1}, "toffoli: expected a whole number >= 0, found -1"),
        ({"logical_qubits": 0}, "logical_qubits: expected a whole number >= 1, found 0"),
    ],
)
def test_bad_counts_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        estimate_machine(replace(job(10), **change), GF, "runtime")


def test_bad_choices_are_refused():
    with pytest.raises(InputError, match="expected one of runtime, qubits, volume"):
        estimate_machine(job(10), GF, "speed")
    with pytest.raises(InputError, match="odd whole number from 3 to 999, found 8"):
        physical_at(job(10), GF, distance=8, factory="ccz2t", sizes=(15, 31))
    with pytest.raises(InputError, match="did you mean 'ccz2t'"):
        physical_at(job(10), GF, distance=9, factory="ccz2", sizes=(15, 31))
