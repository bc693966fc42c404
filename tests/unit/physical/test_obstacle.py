"""Each way not to fit is named, and the value that is named fits while a little less does not."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from qres.errors import InputError
from qres.logical.record import LogicalCost
from qres.physical.estimate import estimate_machine
from qres.physical.machines import load_machine, parse_machine
from qres.physical.record import Machine

MACHINES = {
    name: load_machine(name)
    for name in ("superconducting-1e-3", "superconducting-1e-4", "majorana-1e-6")
}
NUMBER = r"([0-9.e+-]*[0-9])"

machines = st.sampled_from(sorted(MACHINES)).map(MACHINES.__getitem__)
jobs = st.builds(
    lambda toffoli, t, qubits, fail_prob: LogicalCost(
        toffoli=int(10**toffoli),
        t=int(10**t),
        rotations=0,
        logical_qubits=int(10**qubits),
        fail_prob=fail_prob,
    ),
    st.floats(3, 11),
    st.floats(0, 11),
    st.floats(0, 4),
    st.floats(1e-4, 0.3),
)


def price(cost: LogicalCost, machine: Machine, **caps: float):
    return estimate_machine(cost, machine, "runtime", **caps)


def found(pattern: str, reason: str) -> float:
    match = re.search(pattern, reason)
    assert match, reason
    return float(match[1])


@settings(max_examples=10)
@given(machines, jobs, st.sampled_from(["max_qubits", "max_runtime_s"]), st.floats(1.001, 1e3))
def test_the_cap_that_is_named_fits(machine, cost, key, factor):
    best = estimate_machine(cost, machine, "qubits" if key == "max_qubits" else "runtime")
    assume(best.is_feasible)
    least = best.physical_qubits if key == "max_qubits" else best.runtime_s
    reason = price(cost, machine, **{key: least / factor}).reason
    value = found(rf"needs a {key.removesuffix('_s')} of at least {NUMBER}", reason)
    assert price(cost, machine, **{key: value}).is_feasible
    assert not price(cost, machine, **{key: value * (1 - 2e-5)}).is_feasible


@pytest.mark.slow
@settings(max_examples=15)
@given(machines, jobs, st.floats(1.01, 1e6))
def test_the_rate_of_events_that_is_named_fits(machine, cost, factor):
    best = price(cost, machine)
    assume(best.is_feasible)
    too_much = cost.fail_prob / best.runtime_s * factor
    hit = replace(machine, correlated_event_rate_per_s=too_much)
    reason = price(cost, hit).reason
    assert reason.startswith("correlated events")
    value = found(rf"a rate of at most {NUMBER} per second would fit", reason)
    assert price(cost, replace(machine, correlated_event_rate_per_s=value)).is_feasible
    more = replace(machine, correlated_event_rate_per_s=value * 1.02)
    assert not price(cost, more).is_feasible


@settings(max_examples=15)
@given(jobs, st.floats(15, 40))
def test_the_number_of_states_that_is_named_fits(cost, more):
    """The best catalysed factory makes states of 3.7e-14, so 1e15 of them are too many."""
    machine = MACHINES["superconducting-1e-3"]
    cost = replace(cost, toffoli=int(10**more), t=0)
    reason = price(cost, machine).reason
    assert reason.startswith("needs magic states of error")
    most = found(rf"up to {NUMBER} of its", reason)
    states = found(rf"of its {NUMBER} states", reason)
    fewer = replace(cost, toffoli=int(cost.toffoli * most / states * (1 - 1e-2)))
    assert price(fewer, machine).is_feasible
    rather_more = replace(cost, toffoli=int(cost.toffoli * most / states * 1.03))
    assert not price(rather_more, machine).is_feasible


@settings(max_examples=6)
@given(st.integers(1, 10**6), st.sampled_from([9.5e-3, 9.6e-3]), st.floats(11, 300))
def test_the_failure_probability_that_is_named_fits(qubits, physical_error, decades):
    """Close to the threshold no distance suffices."""
    machine = replace(MACHINES["superconducting-1e-3"], physical_error=physical_error)
    cost = LogicalCost(toffoli=0, t=0, rotations=0, logical_qubits=qubits, fail_prob=10**-decades)
    value = found(rf"a failure probability of {NUMBER} would fit", price(cost, machine).reason)
    assert price(replace(cost, fail_prob=value), machine).is_feasible
    assert not price(replace(cost, fail_prob=value * 0.98), machine).is_feasible


def test_data_alone_can_bind():
    machine = replace(MACHINES["superconducting-1e-3"], physical_error=9.5e-3)
    cost = LogicalCost(toffoli=0, t=0, rotations=0, logical_qubits=1000, fail_prob=1e-9)
    value = found(rf"a failure probability of {NUMBER} would fit", price(cost, machine).reason)
    # one step of 999 cycles on 1,500 tiles, each 0.1 * 0.95^500 a cycle
    assert value == pytest.approx(1500 * 999 * 0.1 * 0.95**500, rel=1e-2)
    assert price(replace(cost, fail_prob=value), machine).is_feasible
    worse = replace(machine, physical_error=9.97e-3)
    assert "none below 1 would fit" in price(cost, worse).reason


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("toffoli", 1e101, "not finite (above 1e+100"),
        ("fail_prob", 0.0, "no failure probability is left to the machine; expected above 0"),
    ],
)
def test_what_cannot_be_priced_says_what_can(field, value, words):
    cost = LogicalCost(toffoli=1e6, t=0, rotations=0, logical_qubits=10, fail_prob=0.01)
    assert words in price(replace(cost, **{field: value}), MACHINES["superconducting-1e-3"]).reason


POINTS = [
    # what binds, the machine, counts and caps of the point, words, the change that fits
    ("max_qubits", {}, {}, {"max_qubits": 1e5}, "needs a max_qubits of at least"),
    ("max_runtime_s", {}, {}, {"max_runtime_s": 1.0}, "needs a max_runtime of at least"),
    ("both", {}, {}, {"max_qubits": 1e5, "max_runtime_s": 1.0}, "more of both"),
    ("factory", {}, {"toffoli": 10**15}, {}, "the best factory here reaches"),
    ("events", {"correlated_event_rate_per_s": 1.0}, {}, {}, "a rate of at most"),
    ("data", {"physical_error": 9.6e-3}, {"toffoli": 0, "fail_prob": 1e-9}, {}, "would fit"),
    ("counts", {}, {"toffoli": 10**101}, {}, "not finite (above 1e+100"),
    ("budget", {}, {"fail_prob": 0.0}, {}, "no failure probability is left"),
]


@pytest.mark.parametrize(("_", "profile", "counts", "caps", "words"), POINTS)
def test_points_of_an_array_say_what_single_jobs_say(_, profile, counts, caps, words):
    machine = replace(MACHINES["superconducting-1e-3"], **profile)
    easy = LogicalCost(toffoli=10**6, t=0, rotations=0, logical_qubits=100, fail_prob=0.01)
    hard = replace(easy, **counts)
    alone = price(hard, machine, **caps).reason
    assert words in alone
    pair = LogicalCost(
        rotations=0,
        **{
            name: np.array([float(getattr(easy, name)), float(getattr(hard, name))])
            for name in ("toffoli", "t", "logical_qubits", "fail_prob")
        },
    )
    limits = {name: np.array([np.inf, value]) for name, value in caps.items()}
    found = price(pair, machine, **limits)
    assert found.reason[1] == alone
    if found.is_feasible[0]:
        assert found.reason[0] == ""


def test_shapes_are_kept_and_only_what_does_not_fit_is_asked_about():
    cost = LogicalCost(
        toffoli=np.array([[1e6], [1e15]]),
        t=0,
        rotations=0,
        logical_qubits=100,
        fail_prob=np.array([0.001, 0.01, 0.1]),
    )
    reasons = price(cost, MACHINES["superconducting-1e-3"]).reason
    assert reasons.shape == (2, 3)
    assert (reasons[0] == "").all()
    assert all("of its 1e+15 states would fit" in text for text in reasons[1])
    assert len({*reasons[1]}) == 3


def test_an_error_above_the_threshold_is_refused_with_the_threshold():
    from qres.files import data_path

    text = (data_path("hardware") / "superconducting-1e-3.yaml").read_text()
    with pytest.raises(InputError, match=r"expected below the threshold 0\.01, found 0\.02"):
        parse_machine(text.replace("{value: 1e-3,", "{value: 0.02,"), "mine")
    near = parse_machine(text.replace("{value: 1e-3,", "{value: 0.0099,"), "mine")
    assert near.physical_error == 0.0099
