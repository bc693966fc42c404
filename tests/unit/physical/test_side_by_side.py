"""Several machines share independent shots, and nothing else."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qres
from qres.logical.formulas import count_stages
from qres.logical.record import LogicalCost
from qres.physical.estimate import estimate_machine
from qres.physical.machines import load_machine
from qres.physical.record import MachineCost

MACHINE = load_machine("superconducting-1e-3")
MATRIX = {
    "schema": "qres-model/1",
    "name": "shots",
    "model": {"given": {"dim": 64, "sparsity": 5, "max_entry": 4, "smallest_singular_value": 0.1}},
    "algorithm": {
        "name": "linear-system",
        "encoding": "sparse",
        "readout": {"kind": "tomography", "norm": "l2", "access": "sampling"},
    },
    "hardware": ["superconducting-1e-4"],
}

costs = st.builds(
    lambda toffoli, shots, serial, qubits: LogicalCost(
        toffoli=int(10**toffoli),
        t=0,
        rotations=0,
        logical_qubits=int(10**qubits),
        fail_prob=0.05,
        shots=int(10**shots),
        serial_part=serial,
    ),
    st.floats(0, 10),
    st.floats(0, 6),
    st.floats(0, 1),
    st.floats(0, 4),
)


def on(n_machines: int, cost: LogicalCost, objective="runtime", **caps) -> MachineCost:
    return estimate_machine(cost, replace(MACHINE, n_machines=n_machines), objective, **caps)


def test_a_hand_calculation():
    """10 shots of 100 gates each on 4 machines: the busiest makes 3 of them, and 50 gates beside."""
    cost = LogicalCost(
        toffoli=1050,
        t=0,
        rotations=0,
        logical_qubits=100,
        fail_prob=0.1,
        shots=10,
        serial_part=50 / 1050,
    )
    assert cost.busiest_part(4) == pytest.approx(350 / 1050)
    one, four = on(1, cost), on(4, cost)
    # reaction-limited: 10 cycles of 1 us a gate
    assert (one.n_cycles, four.n_cycles) == (10_500, 3_500)
    assert four.runtime_s == pytest.approx(3.5e-3)
    assert four.runtime_floor_s == pytest.approx(3.5e-3)
    assert four.physical_qubits == 4 * one.physical_qubits
    assert (four.data_qubits, four.factory) == (one.data_qubits, one.factory)
    # the same shots at the same distance fail as often, wherever they are made
    assert four.fail_prob == one.fail_prob
    # no more machines than shots
    assert on(1000, cost).n_machines == 10


@settings(max_examples=15)
@given(costs, st.integers(1, 10**4))
def test_the_laws(cost, n):
    one, some, twice = on(1, cost), on(n, cost), on(2 * n, cost)
    if not one.is_feasible:
        assert not some.is_feasible
        return
    assert twice.n_cycles <= some.n_cycles <= one.n_cycles
    # never faster than n times, and the sum of all machines is no less than the whole job
    assert some.n_cycles * n >= one.n_cycles * (1 - 1e-9)
    assert some.physical_qubits == one.physical_qubits * min(n, cost.shots)
    assert some.fail_prob == one.fail_prob <= cost.fail_prob


def test_one_machine_is_what_it_was_bit_for_bit():
    cost = LogicalCost(
        toffoli=np.array([1e3, 1e8]),
        t=np.array([7.0, 0.0]),
        rotations=0,
        logical_qubits=50,
        fail_prob=0.1,
    )
    plain = estimate_machine(cost, MACHINE, "volume")
    shared = replace(cost, shots=np.array([100, 7]), serial_part=np.array([0.5, 0.1]))
    found = on(1, shared, "volume")
    for item in fields(MachineCost):
        assert np.array_equal(getattr(found, item.name), getattr(plain, item.name)), item.name


def test_the_cap_on_time_is_that_of_all_machines():
    cost = LogicalCost(
        toffoli=10**8,
        t=0,
        rotations=0,
        logical_qubits=100,
        fail_prob=0.1,
        shots=10**4,
        serial_part=0.0,
    )
    assert not on(1, cost, max_runtime_s=100).is_feasible
    found = on(16, cost, "qubits", max_runtime_s=100)
    assert found.runtime_s <= 100
    slow = on(16, cost, max_runtime_s=1)
    least = float(slow.reason.split("max_runtime of at least ")[1].split()[0])
    # 1e8 layers of 10 us, shared by 16
    assert least == pytest.approx(1000 / 16)
    assert on(16, cost, max_runtime_s=least).is_feasible
    assert not on(16, cost, max_runtime_s=least * 0.9999).is_feasible


@pytest.mark.slow
def test_sampling_is_shared_and_the_norm_is_not():
    report = qres.estimate(MATRIX, limits={"machines": 1000})
    priced, copies = report.priced, report.priced.numbers["copies"]
    assert priced.logical.shots == copies
    # another way: the whole job with no more copies than the busiest machine makes
    share = math.ceil(copies / 1000)
    numbers = dict(priced.numbers)
    for name in ("copies", "total_runs", "total_matrix_queries", "total_state_queries"):
        if name in numbers:
            numbers[name] = math.ceil(numbers[name] * share / copies)
    fewer = count_stages(report.job, numbers)
    names = [stage.name for stage in fewer if not stage.is_classical]
    assert "sign circuits" in names
    assert "norm" in names
    parts = []
    for kind in ("toffoli", "rotations", "layers"):
        mine, whole = (
            sum(getattr(stage, kind) for stage in stages if not stage.is_classical)
            for stages in (fewer, priced.stages)
        )
        parts.append(mine / whole)
    # the largest of the three: a norm has more rotations than a shot, for its Toffoli gates; the runs
    # above are rounded up
    assert priced.logical.busiest_part(1000) >= max(parts) * (1 - 1e-6)
    assert priced.logical.busiest_part(1000) == pytest.approx(max(parts), rel=1e-3)
    (machine,), (found,) = report.machines, priced.machines
    alone = estimate_machine(priced.logical, replace(machine, n_machines=1), "runtime")
    assert found.n_machines == 1000
    assert found.runtime_s == pytest.approx(alone.runtime_s * max(parts), rel=0.02)


def test_one_run_gains_nothing():
    cost = LogicalCost(toffoli=10**6, t=0, rotations=0, logical_qubits=9, fail_prob=0.1)
    assert on(50, cost) == on(1, cost)


@pytest.mark.slow
def test_a_coherent_job_gains_nothing_and_says_so():
    coherent = {**MATRIX["algorithm"], "readout": {"kind": "tomography", "access": "coherent"}}
    asked = {**MATRIX, "algorithm": coherent}
    alone, found = qres.estimate(asked), qres.estimate(asked, limits={"machines": 50})
    one, many = alone.to_dict()["physical"][0], found.to_dict()["physical"][0]
    assert many.pop("n_machines") == 1
    assert many == one
    (line,) = [message for code, message in found.warnings if code == "W-MACHINES"]
    assert line.startswith("limits.machines 50: the job is one coherent run")
    assert "limits.machines" not in str(alone.warnings)


@pytest.mark.slow
def test_the_report_says_how_many_machines():
    report = qres.estimate(MATRIX, limits={"machines": 8})
    words = " ".join(report.table().split())
    assert "8 machines of" in words
    assert "up to 8 of each" in words
    data = report.to_dict()
    assert data["limits"]["n_machines"] == 8
    row = data["physical"][0]
    cost = report.priced.machines[0]
    assert row["n_machines"] == 8
    assert row["physical_qubits"]["value"] == 8 * (cost.data_qubits + cost.factory_qubits)
    assert "n_machines = 8" in report.explain("superconducting-1e-4.physical_qubits")
    assert "shots shared" in report.explain("superconducting-1e-4.runtime_s")
