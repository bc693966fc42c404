"""Sums, verdict and warnings of schedules that are written down, not priced; expected values by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest

from qres.explore.schedule_cautions import find_schedule_cautions
from qres.explore.schedule_verdict import judge_schedule
from qres.notation.quantity import Quantity
from qres.pricing.schedule import Decision, QuantumSolve, RivalTime, Route, Schedule, StageShare
from qres.pricing.schedule_sums import sum_machines, sum_stages

MACHINES = ("fast", "small")


def stage(name, toffoli):
    return StageShare(
        name=name,
        calls=10.0,
        toffoli=toffoli,
        t=0.0,
        rotations=0.0,
        logical_qubits=30.0,
        kind="proven",
    )


SOLVE = QuantumSolve(
    encoding="frobenius",
    solver="shortcut",
    mode="coherent",
    toffoli=1e9,
    t=0.0,
    rotations=0.0,
    logical_qubits=30.0,
    kappa_eff=100.0,
    matrix_queries=50.0,
    query_gates=1e4,
    stages=(stage("matrix queries", 7e8), stage("rhs queries", 2e8), stage("norm", 1e8)),
    side_s=0.5,
    runtime_s={"fast": 1e4, "small": math.inf},
    runtime_floor_s={"fast": 1e4, "small": 2e4},
    physical_qubits={"fast": 5e5, "small": math.inf},
    distances={"fast": 15.0, "small": 0.0},
    reasons={"fast": "", "small": "too few qubits"},
    kind="proven",
    is_norm_access=True,
    sources=(),
    assumptions=(),
)


def decision(step=0, solve=SOLVE, classical_s=2.0, quantum_s=1e4, **changes):
    routes = (
        Route(name="quantum", place="fast", prepare_s=0.25, solve_s=quantum_s + 0.5),
        Route(name="Cholesky", place="h200", prepare_s=0.25, solve_s=classical_s, factor=4.0),
    )
    found = Decision(
        step=step,
        block="w",
        dim=20,
        sparsity=20.0,
        kappa=10.0,
        newton_fidelity=0.8,
        routes=routes,
        alone=routes[1:],
        chosen=min(range(2), key=lambda index: routes[index].total_s),
        reason="",
        quantum=solve,
        published_s=1.0,
        break_even_s=1.5e-9,
    )
    return replace(found, **changes)


def schedule(*decisions, **changes):
    found = Schedule(
        policy="honest",
        device="h200",
        decisions=decisions,
        gradient_s=(1.0,),
        target_loss=0.1,
        rivals=(),
    )
    return replace(found, **changes)


def machines(n_machines=1):
    """Return what a warning reads of a machine."""
    return [SimpleNamespace(name=name, n_machines=n_machines) for name in MACHINES]


def warnings_of(found, run, n_machines=1):
    return dict(find_schedule_cautions(found, run, machines(n_machines)))


@pytest.fixture
def run(hand_made):
    """Two steps with the same block of stable rank (4/2)^2 = 4 in dimension 20."""
    block = hand_made.random_block("w", 20, seed=1)
    known = {"frobenius_norm": 4.0, "norm": 2.0}
    values = {name: Quantity(value=value, kind="exact") for name, value in known.items()}
    return hand_made.run_of(replace(block, values={**block.values, **values}), n_steps=2)


def test_sums_by_hand():
    """Two solves of 7e8 and 1.4e9 for the matrix: 2.1e9; qubits are the larger, not the sum."""
    larger = replace(
        SOLVE, stages=(stage("matrix queries", 1.4e9),), distances={"fast": 17.0, "small": 0.0}
    )
    found = schedule(decision(), decision(step=1, solve=larger))
    stages = {item.name: item for item in sum_stages(found)}
    assert stages["matrix queries"].toffoli == 2.1e9
    assert (stages["matrix queries"].calls, stages["norm"].calls) == (20.0, 10.0)
    assert stages["matrix queries"].logical_qubits == 30.0
    fast, small = sum_machines(found, MACHINES)
    assert (fast.runtime_s, fast.physical_qubits, fast.distance, fast.n_refused) == (
        2e4,
        5e5,
        17.0,
        0,
    )
    assert (small.runtime_s, small.runtime_floor_s, small.n_refused) == (math.inf, 4e4, 2)
    assert small.reason == "too few qubits"


def test_the_device_wins():
    """Quantum 1 + 2 * (1e4 + .75) = 20002.5, device 1 + 2 * 2.25 = 5.5 seconds: 3636.8 times."""
    found = judge_schedule(schedule(decision(), decision(step=1)), MACHINES)
    assert found.winner == "classical"
    assert float(found.ratio) == pytest.approx(20002.5 / 5.5, rel=1e-12)
    assert found.dominated_by == ("matrix queries", pytest.approx(0.7))
    # 1e-5 s a gate now; left for gates 5.5 - 1 - 2 * (.25 + .5) = 3 s, over 2e9 gates 1.5 ns
    assert found.change.needed is None
    assert found.change.knob.now == pytest.approx(1e-5, rel=1e-9)
    assert found.change.ratio_left == pytest.approx((2.5 + 2e9 * 1e-7) / 5.5, rel=1e-12)


def test_newton_without_a_scheduler_does_not_pay_for_choosing():
    """Both routes prepare .25 s, the device alone .05: 1 + 2.25 scheduled, 1 + 2.05 alone.

    The ratio is of 1 + .25 + .5 + 1e4 to the latter; a factor of 9 in its pace is the alone route's.
    """
    found = decision()
    own = replace(found.routes[1], prepare_s=0.05, factor=9.0)
    slow = replace(own, name="LU", solve_s=3.0)
    found = schedule(replace(found, alone=(slow, own)))
    assert found.choosing_s == 0.25
    assert found.scheduled_s == 3.25
    assert found.single_route_s("Cholesky") == 3.25
    assert found.classical_s == found.alone_route_s("Cholesky") == pytest.approx(3.05, rel=1e-12)
    assert found.alone_route_s("LU") == pytest.approx(4.05, rel=1e-12)
    assert found.single_route_s("LU") == math.inf
    assert (found.route_names, found.alone_names) == (("quantum", "Cholesky"), ("LU", "Cholesky"))
    verdict = judge_schedule(found, MACHINES)
    assert float(verdict.ratio) == pytest.approx(10001.75 / 3.05, rel=1e-12)
    near = replace(found.decisions[0], alone=(replace(own, solve_s=1100.0),))
    assert "factor 90" in judge_schedule(schedule(near), MACHINES).reason  # 9, and 10 of the clock


def test_a_gate_that_a_decoder_follows_ties():
    """Device 1 + 1000.25, so 1e9 gates may take 1000.25 - .75 seconds: 999.5 ns each."""
    found = judge_schedule(schedule(decision(classical_s=1000.0)), MACHINES)
    assert found.change.needed == pytest.approx(999.5e-9, rel=1e-12)


def test_a_small_lead_is_undone_by_the_clock():
    """A lead of 1e4 / 1100 = 9 against 4 for the device and 30 / 3 = 10 gates at once."""
    found = judge_schedule(schedule(decision(classical_s=1100.0)), MACHINES)
    assert found.winner == "undecided"
    assert "factor 40" in found.reason


def test_the_constant_of_the_paper_wins_nothing():
    """Ahead only by a constant set to 1: undecided; behind all the same: the device wins."""
    ahead = schedule(decision(quantum_s=1e-6, classical_s=1e6), policy="paper")
    assert judge_schedule(ahead, MACHINES).winner == "undecided"
    behind = judge_schedule(schedule(decision(), policy="paper"), MACHINES)
    assert (behind.winner, behind.ratio.kind, behind.change) == ("classical", "asymptotic", None)


def test_no_machine_leaves_the_floor():
    """1 + .25 + .5 + 1e4 seconds at one reaction time a gate, the faster of both machines."""
    refused = replace(SOLVE, runtime_s=dict.fromkeys(MACHINES, math.inf))
    found = judge_schedule(schedule(decision(solve=refused, quantum_s=math.inf)), MACHINES)
    assert found.is_floor
    assert found.ratio.bound == "lower"
    assert float(found.ratio) == pytest.approx(10001.75 / 3.25, rel=1e-12)


def uncertain(step=0, low=1e4, high=1e4, **changes):
    """Return a decision whose quantum solve takes from low to high, the classical device half a second
    beside it."""
    found = decision(step, **changes)
    first = replace(found.routes[0], solve_ends_s=(low + 0.5, high + 0.5))
    return replace(found, routes=(first, *found.routes[1:]))


def test_the_interval_of_the_ratio():
    """Steps at 9e3 to 1.2e4 and sharp 1e4: (1 + .75 + 9e3 + 1e4 + .75)/5.5 to (... 1.2e4 ...)/5.5."""
    found = judge_schedule(schedule(uncertain(low=9e3, high=1.2e4), decision(step=1)), MACHINES)
    assert found.ratio.low == pytest.approx(19002.5 / 5.5, rel=1e-12)
    assert found.ratio.high == pytest.approx(22002.5 / 5.5, rel=1e-12)
    assert found.winner == "classical"
    sharp = judge_schedule(schedule(decision(), decision(step=1)), MACHINES)
    assert (sharp.ratio.low, sharp.ratio.high) == (None, None)


def test_an_interval_that_straddles_names_no_winner():
    """Device 1 + 50.25 s; quantum 1 + .75 and 40 to 5e6 s: behind at the point, ahead at one end."""
    wide = uncertain(classical_s=50.0, quantum_s=4e6, low=40.0, high=5e6)
    assert not wide.is_sure
    found = judge_schedule(schedule(wide), MACHINES)
    assert found.winner == "undecided"
    assert found.reason == "the interval of the ratio reaches 0.815"  # 41.75 / 51.25
    narrow = uncertain(classical_s=50.0, quantum_s=4e6, low=3e6, high=5e6)
    assert narrow.is_sure
    assert judge_schedule(schedule(narrow), MACHINES).winner == "classical"


def test_machines_that_share_shots_lengthen_the_gate_that_ties(run):
    """A quarter of 1e9 gates in 1e4 s: 40 us a gate now, not 10; ties at (1000.25 - .75)/2.5e8."""
    shared = replace(SOLVE, busiest_part=0.25)
    found = judge_schedule(schedule(decision(solve=shared, classical_s=1000.0)), MACHINES)
    assert found.change.knob.now == pytest.approx(4e-5, rel=1e-9)
    assert found.change.needed == pytest.approx(999.5 / 2.5e8, rel=1e-12)
    both = schedule(decision(solve=shared), decision(step=1, solve=shared))
    assert "W-MACHINES" not in warnings_of(both, run, n_machines=4)


def test_machines_without_shots_are_said(run):
    idle = schedule(decision(), decision(step=1))
    found = warnings_of(idle, run, n_machines=4)["W-MACHINES"]
    assert found.startswith("limits.machines 4: each solve is one coherent run")
    assert "W-MACHINES" not in warnings_of(idle, run)


def test_a_system_without_a_quantum_job_is_named():
    never = decision(solve=None, quantum_s=math.inf, refused="singular")
    found = judge_schedule(schedule(never), MACHINES)
    assert (found.winner, found.ratio, found.reason) == ("classical", None, "w of step 0: singular")


def test_warnings(run):
    found = warnings_of(schedule(decision(), decision(step=1, break_even_s=None)), run)
    assert "1.5e-09 s" in found["W-CLOCK"]
    assert "1 of 2 lose by the classical stages of the quantum route" in found["W-CLOCK"]
    assert found["W-IO-LOAD"].startswith("90%")  # (7e8 + 2e8) / 1e9
    assert found["W-IO-READ"].endswith("1e+05")  # 1e9 gates over 1e4 of one run
    assert "at most 100 for 10 (w, step 0)" in found["W-KAPPA"]
    assert "stable rank at most 4:" in found["W-DEQ"]
    assert found["W-INFEASIBLE"] == "small: 2 of 2 solves: too few qubits"
    assert "W-ASYMP" not in found


def test_warnings_that_do_not_apply(run):
    """kappa_eff within 3 kappa, an encoding that samples no rows, a tie above 100 ns."""
    plain = replace(
        SOLVE, kappa_eff=29.0, is_norm_access=False, reasons=dict.fromkeys(MACHINES, "")
    )
    rows = (decision(step, solve=plain, break_even_s=2e-7) for step in (0, 1))
    assert set(warnings_of(schedule(*rows), run)) == {"W-IO-LOAD", "W-IO-READ"}


def test_a_best_rate_at_the_end_of_the_grid_is_said(run):
    """Adam was tuned inside the grid, the other two at its ends."""
    one = RivalTime(
        name="sgd",
        learning_rate=100.0,
        iterations=3,
        seconds=1.0,
        eager_s=2.0,
        final_loss=0.1,
        is_at_end=True,
    )
    inside = replace(one, name="adam", is_at_end=False)
    ends = (one, inside, replace(one, name="k-fac", learning_rate=1e-4))
    both = (decision(), decision(step=1))
    found = warnings_of(schedule(*both, rivals=ends), run)["W-GRID"]
    assert found.startswith("sgd 100, k-fac 0.0001: the best learning rate is an end of the grid")
    assert "W-GRID" not in warnings_of(schedule(*both, rivals=(inside,)), run)


def test_a_gate_time_below_physical_limits_is_said(run):
    """An attosecond is computed with and warned of; so is the constant."""
    found = schedule(decision(), decision(step=1), policy="paper", gate_time_s=1e-18)
    codes = [code for code, _ in find_schedule_cautions(found, run, machines())]
    assert codes.count("W-CLOCK") == 2
    assert "W-ASYMP" in codes
