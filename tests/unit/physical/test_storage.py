"""Idle qubits in cold storage: where the published figure holds, what it saves, what is said else."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import qres
from qres.errors import InputError
from qres.files import data_path
from qres.logical.record import LogicalCost
from qres.physical.estimate import OBJECTIVES, estimate_machine
from qres.physical.machines import load_machine, parse_machine
from qres.physical.storage import COLD, COLD_ERROR

YOKED = load_machine("superconducting-1e-3-yoked")
PLAIN = replace(YOKED, storage="")


def job(toffoli, qubits, idle, fail_prob=0.1):
    return LogicalCost(
        toffoli=toffoli,
        t=0,
        rotations=0,
        logical_qubits=qubits,
        fail_prob=fail_prob,
        idle_qubits=idle,
    )


LONG = job(4_345_200_000, 1409, 1280, fail_prob=0.2)


def test_a_hand_calculation():
    """1,000 qubits, 900 idle: 430 each, and 150 tiles of 2 d^2 for the hundred at work."""
    found = estimate_machine(job(10**8, 1000, 900), YOKED, "runtime")
    assert found.cold_qubits == 900
    assert found.data_qubits == 900 * 430 + 150 * 2 * found.distance**2
    assert found.runtime_s == pytest.approx(1e8 * 10e-6)
    # 900 stored qubits fail like tiles: 1,050 of them for 1e9 cycles
    error = 0.1 * 0.1 ** ((found.distance + 1) / 2)
    assert found.fail_prob_data == pytest.approx(1050 * 1e9 * error)
    plain = estimate_machine(job(10**8, 1000, 900), PLAIN, "runtime")
    assert plain.cold_qubits == 0
    assert plain.data_qubits == 1500 * 2 * plain.distance**2
    assert found.physical_qubits < plain.physical_qubits


def test_the_range_of_the_figure():
    """1e-15 for 1,409 qubits of 12.07 hours is 6 %."""
    failure = 1409 * 12.07 * 3600e6 * COLD_ERROR
    assert failure == pytest.approx(0.0612, abs=1e-4)
    assert estimate_machine(LONG, YOKED, "runtime").cold_qubits == 1280


@pytest.mark.slow
def test_beyond_the_range_all_are_patches():
    strict = replace(LONG, fail_prob=2e-4)
    machine = replace(YOKED, factories=("eight-to-ccz",))
    found = estimate_machine(strict, machine, "runtime")
    assert found.cold_qubits == 0
    assert found.logical_error_per_cycle < COLD_ERROR
    same = estimate_machine(strict, replace(machine, storage=""), "runtime")
    assert found.physical_qubits == same.physical_qubits


def test_the_figure_bounds_better_machines_and_is_refused_above():
    worse = replace(YOKED, physical_error=1.1e-3)
    found = estimate_machine(job(10**8, 1000, 900), worse, "runtime")
    same = estimate_machine(job(10**8, 1000, 900), replace(worse, storage=""), "runtime")
    assert (found.cold_qubits, found.physical_qubits) == (0, same.physical_qubits)
    better = replace(YOKED, physical_error=5e-4)
    found = estimate_machine(job(10**8, 1000, 900), better, "runtime")
    assert found.data_qubits == 900 * 430 + 150 * 2 * found.distance**2
    # 150 tiles of 0.1 * 0.05^((d + 1) / 2), below 1e-15 from d = 21 on; 900 idle ones at 1e-15 at least
    error = 0.1 * 0.05 ** ((found.distance + 1) / 2)
    charged = 150 * error + 900 * max(error, COLD_ERROR)
    assert found.fail_prob_data == pytest.approx(charged * found.n_cycles, rel=1e-12)
    assert (COLD.bound, COLD(idle_qubits=900)) == ("upper", 387_000)


def test_an_idle_qubit_is_never_charged_less_than_the_figure():
    """A budget that only 1e-16 a cycle would meet: tiles could, stored qubits may not."""
    cost = job(10**8, 1000, 900, fail_prob=1.2e-3)
    found = estimate_machine(cost, YOKED, "runtime")
    assert found.cold_qubits == 900
    error = 0.1 * 0.1 ** ((found.distance + 1) / 2)
    assert error < COLD_ERROR
    assert found.fail_prob_data == pytest.approx((150 * error + 900e-15) * 1e9, rel=1e-9)
    less = estimate_machine(replace(cost, fail_prob=0.9e-3), YOKED, "runtime")
    assert less.cold_qubits == 0


def test_small_patches_are_cheaper_than_storage():
    """Below distance 15, 2 d^2 is less than 430."""
    found = estimate_machine(job(100, 10, 5, fail_prob=0.3), YOKED, "qubits")
    assert found.distance < 15
    assert found.cold_qubits == 0


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_storage_never_costs_more_and_arrays_equal_scalars(objective):
    rng = np.random.default_rng(5)
    toffoli = np.floor(10 ** rng.uniform(2, 10, 40))
    qubits = np.floor(10 ** rng.uniform(1, 5, 40))
    cost = job(toffoli, qubits, np.floor(qubits * rng.uniform(0, 1, 40)))
    stored = estimate_machine(cost, YOKED, objective)
    plain = estimate_machine(cost, PLAIN, objective)
    key = {
        "runtime": lambda item: item.runtime_s,
        "qubits": lambda item: item.physical_qubits,
        "volume": lambda item: item.physical_qubits * item.n_cycles,
    }[objective]
    assert (key(stored) <= key(plain) * (1 + 1e-12)).all()
    assert (stored.cold_qubits > 0).any()
    assert (stored.fail_prob <= 0.1)[stored.is_feasible].all()
    for i in range(0, 40, 8):
        one = job(float(toffoli[i]), float(qubits[i]), float(cost.idle_qubits[i]))
        scalar = estimate_machine(one, YOKED, objective)
        assert scalar.is_feasible == stored.is_feasible[i]
        if scalar.is_feasible:
            assert scalar.physical_qubits == stored.physical_qubits[i]
            assert scalar.cold_qubits == stored.cold_qubits[i]


def exhaustive(cost: LogicalCost, sizes: list[tuple[int, int]]) -> dict[str, tuple]:
    """All distances, numbers of factories and both ways to hold idle qubits, in plain loops."""
    best = dict.fromkeys(OBJECTIVES, (math.inf, math.inf))
    idle = min(cost.idle_qubits, cost.logical_qubits - 1)
    ways = [(math.ceil(1.5 * cost.logical_qubits), 0)]
    ways.append((math.ceil(1.5 * (cost.logical_qubits - idle)) + idle, idle))
    reaction = math.ceil(cost.toffoli * 10)
    for d1, d2 in sizes:
        level_0 = 1e-3 + 100 * 0.1 * 0.1 ** ((d1 // 2 + 1) / 2)
        level_1 = 1100 * 0.1 * 0.1 ** ((d1 + 1) / 2) + 35 * level_0**3
        error = 1000 * 0.1 * 0.1 ** ((d2 + 1) / 2) + 28 * level_1**2
        factory = 6 * 64 * d1**2 + 64 * d2**2
        alone = math.ceil(cost.toffoli * 5.5 * max(2 * d1 + 1, d2))
        for distance in range(3, 61, 2):
            rate = 0.1 * 0.1 ** ((distance + 1) / 2)
            for tiles, cold in ways:
                data = (tiles - cold) * 2 * distance**2 + 430 * cold
                for count in range(1, 60):
                    cycles = max(math.ceil(alone / count), reaction)
                    risk = (tiles - cold) * rate + cold * max(rate, 1e-15)
                    if error * cost.toffoli + risk * cycles > cost.fail_prob:
                        continue
                    total = data + count * factory
                    found = {
                        "runtime": (cycles, total),
                        "qubits": (total, cycles),
                        "volume": (total * cycles, cycles),
                    }
                    best = {name: min(best[name], pair) for name, pair in found.items()}
    return best


@pytest.mark.slow
def test_the_search_equals_loops_over_everything():
    from qres.physical.registry import find_code, find_factory

    rng, n_stored = np.random.default_rng(7), 0
    sizes = find_factory("ccz2t").grid(YOKED, find_code(YOKED.code))
    sizes = [(int(a), int(b)) for a, b in sizes if a <= 25 and b <= 41]
    for _ in range(25):
        qubits = int(10 ** rng.uniform(1, 5))
        cost = job(int(10 ** rng.uniform(3, 9)), qubits, int(qubits * rng.uniform(0, 1)))
        best = exhaustive(cost, sizes)
        for objective in OBJECTIVES:
            found = estimate_machine(cost, YOKED, objective)
            total = found.physical_qubits
            pair = {
                "runtime": (found.n_cycles, total),
                "qubits": (total, found.n_cycles),
                "volume": (total * found.n_cycles, found.n_cycles),
            }[objective]
            assert pair == best[objective], (cost, objective)
            n_stored += found.cold_qubits > 0
    assert n_stored > 25


def test_a_profile_names_its_storage():
    text = (data_path("hardware") / "superconducting-1e-3-yoked.yaml").read_text()
    with pytest.raises(InputError, match=r"unknown storage 'joked'; did you mean 'yoked'"):
        parse_machine(text.replace("{value: yoked", "{value: joked"), "mine")
    assert YOKED.sources["storage"].kind == "fitted"


def test_more_idle_qubits_than_qubits_are_refused():
    with pytest.raises(InputError, match="idle_qubits: 11 are more than all 10 logical qubits"):
        estimate_machine(job(10, 10, 11), YOKED, "qubits")
    with pytest.raises(InputError, match=r"idle_qubits: expected at most logical_qubits \(10\)"):
        qres.load(COUNTS | {"model": {"given": {**GIVEN, "logical_qubits": 10}}})


GIVEN = {"logical_qubits": 1000, "toffoli": 1e8, "idle_qubits": 900}
COUNTS = {
    "schema": "qres-model/1",
    "name": "stored",
    "model": {"given": GIVEN},
    "algorithm": {"name": "counts"},
    "error": {"total": 0.1, "fail_prob": 0.1},
    "hardware": ["superconducting-1e-3-yoked"],
}


def test_the_report_shows_what_is_stored():
    report = qres.estimate(COUNTS)
    words = " ".join(report.table().split())
    assert "900 idle qubits in cold storage" in words
    assert "W-STORAGE" not in words
    data = report.to_dict()
    assert data["logical"]["idle_qubits"] == 900
    assert data["physical"][0]["cold_qubits"] == 900
    assert "430 physical qubits of an idle logical one" in report.sources_text()
    assert "storage.yoked.cold_qubits" in report.sources_text()
    tree = report.explain("superconducting-1e-3-yoked.physical_qubits")
    assert "cold_qubits = 900" in tree
    assert "[fitted]" in tree
    assert "given counts: 100" in report.explain("logical.idle_qubits")


def test_what_is_not_stored_is_said_in_one_line(tmp_path):
    text = (data_path("hardware") / "superconducting-1e-3-yoked.yaml").read_text()
    text = text.replace("physical_error: {value: 1e-3", "physical_error: {value: 2e-3")
    (tmp_path / "mine.yaml").write_text(text)
    report = qres.estimate({**COUNTS, "hardware": [f"{tmp_path}/mine.yaml"]})
    (line,) = [message for code, message in report.warnings if code == "W-STORAGE"]
    assert "900 idle qubits are priced as plain patches" in line
    assert "at a physical error of 0.001; they hold up to there only" in line
    strict = qres.estimate(COUNTS, error__fail_prob=1e-5, model__given__toffoli=1e6)
    codes = [code for code, _ in strict.warnings]
    assert ("W-STORAGE" in codes) == (strict.to_dict()["physical"][0]["cold_qubits"] == 0)


def test_the_memory_of_the_qdk_is_idle(tmp_path):
    path = tmp_path / "counts.json"
    path.write_text('{"numQubits": 1000, "cczCount": 100000000, "numComputeQubits": 100}')
    report = qres.estimate({**COUNTS, "model": {"given": str(path)}})
    assert report.priced.logical.idle_qubits == 900
