"""The share of rotation synthesis: found for counts, untouched elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

import qres
from qres.algorithms.record import Job
from qres.algorithms.synthesis import MIXED_FALLBACK_T
from qres.errors import InputError
from qres.explore.budget import FOUND, found_splits
from qres.logical.record import LogicalCost
from qres.physical.machines import load_machine
from qres.physical.split import find_split, synthesis_failure

GIVEN = {"logical_qubits": 100, "toffoli": 10**7, "rotations": 10**6}


def ask(objective="volume", hardware=("superconducting-1e-3", "superconducting-1e-4"), **changes):
    return qres.estimate(
        {
            "model": {"given": {**GIVEN, **changes}},
            "algorithm": {"name": "counts"},
            "error": {"total": 0.1, "fail_prob": 0.01},
            "hardware": list(hardware),
            "objective": objective,
        }
    )


def test_counts_get_the_best_split():
    report = ask()
    fails = [report.job.values[name] for name in ("fail_synthesis", "fail_logical")]
    assert [item.method for item in fails] == [FOUND, FOUND]
    assert sum(item.value for item in fails) == pytest.approx(0.01, rel=1e-12)
    cost = LogicalCost(t=0, fail_prob=0.01, **GIVEN)
    split = find_split(cost, load_machine("superconducting-1e-4"), "volume")
    assert report.priced.numbers["synthesis_t"] == split.t_per_rotation
    assert report.priced.machines[1].physical_qubits == split.machine.physical_qubits
    # halves would leave 0.005: ceil(0.53 log2(1e6 / 0.005) + 5.3) = ceil(19.9) T gates a rotation
    assert split.t_per_rotation >= 20
    assert 0 < fails[0].value < 0.005


def test_where_nothing_fits_the_halves_stay():
    report = ask(toffoli=10**30)
    assert report.job.values["fail_synthesis"].value == 0.005
    assert report.job.values["fail_synthesis"].method != FOUND


def test_jobs_without_such_rotations_are_left_alone():
    job = Job(name="toy", stages=(), values={}, failures=("fail_tomography", "fail_logical"))
    assert found_splits(job, {}, (), "runtime") == ({}, None)


@pytest.mark.parametrize("objective", ["runtime", "qubits", "volume"])
def test_each_machine_has_its_own_split(objective):
    """As if it were alone: what is best for one may leave another without a fit."""
    names = ["superconducting-1e-3", "superconducting-1e-4", "ion-1e-4"]
    counts = {"rotations": 3 * 10**9, "toffoli": 10**3, "logical_qubits": 1000}
    together = ask(objective, hardware=names, **counts)
    for name, found in zip(names, together.priced.machines, strict=True):
        alone = ask(objective, hardware=[name], **counts).priced.machines[0]
        assert (found.is_feasible, found.physical_qubits, found.runtime_s) == (
            alone.is_feasible,
            alone.physical_qubits,
            alone.runtime_s,
        )
        split = find_split(
            LogicalCost(t=0, fail_prob=0.01, **counts), load_machine(name), objective
        )
        assert found.physical_qubits == split.machine.physical_qubits
    words = " ".join(together.table().split())
    assert words.count("of error.fail_prob for synthesis, found") == sum(
        together.priced.splits.is_found
    )


def test_a_machine_that_does_not_fit_has_the_even_split():
    report = ask("runtime", hardware=["superconducting-1e-3", "ion-1e-3"], toffoli=10**14)
    splits = report.priced.splits
    assert splits.is_found == (False, True)
    assert splits.own[0] == {"fail_synthesis": 0.005, "fail_logical": 0.005}
    assert splits.own[1]["fail_synthesis"] < 0.005
    assert [found.is_feasible for found in report.priced.machines] == [False, True]


def test_the_found_failure_buys_exactly_these_t_gates():
    """Breaking it means: rounding makes a report synthesise one T gate more than was priced."""
    rng = np.random.default_rng(0)
    for rotations in np.floor(10 ** rng.uniform(0, 30, 300)):
        for count in rng.integers(int(0.53 * np.log2(rotations)) + 8, 130, 3):
            epsilon = float(synthesis_failure(rotations, count) / rotations)
            assert MIXED_FALLBACK_T(epsilon=epsilon) == count
            assert MIXED_FALLBACK_T(epsilon=epsilon * (1 - 1e-8)) == count + 1


@pytest.mark.parametrize("bad", [-1, float("nan"), float("inf")])
def test_rotations_are_a_number(bad):
    cost = LogicalCost(toffoli=5, t=0, rotations=bad, logical_qubits=3, fail_prob=0.1)
    with pytest.raises(InputError, match="rotations: expected "):
        find_split(cost, load_machine("superconducting-1e-3"), "qubits")


def test_without_rotations_or_budget_there_is_nothing_to_split():
    machine = load_machine("superconducting-1e-3")
    cost = LogicalCost(toffoli=10**6, t=0, rotations=0, logical_qubits=3, fail_prob=0.1)
    none = find_split(cost, machine, "qubits")
    assert (none.t_per_rotation, none.fail_synthesis, none.fail_hardware) == (0, 0.0, 0.1)
    spent = LogicalCost(toffoli=5, t=0, rotations=7, logical_qubits=3, fail_prob=0.0)
    assert not find_split(spent, machine, "qubits").machine.is_feasible
