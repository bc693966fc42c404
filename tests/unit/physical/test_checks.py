"""Counts and choices that cannot be get one clear line from every public function of the storey."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qres.errors import InputError
from qres.logical.record import LogicalCost
from qres.physical.estimate import estimate_machine, physical_at
from qres.physical.frontier import find_frontier
from qres.physical.machines import load_machine
from qres.physical.split import find_split

MACHINE = load_machine("superconducting-1e-3")
JOB = LogicalCost(
    toffoli=10**6, t=10, rotations=5, logical_qubits=100, fail_prob=0.01, depth=10**5, idle_qubits=7
)
CHOICE = {"distance": 25, "factory": "ccz2t", "sizes": (15, 31), "n_factories": 2}
NAN = float("nan")


def at(cost, machine, **changes):
    return physical_at(cost, machine, **{**CHOICE, **changes})


DOORS = {
    "estimate_machine": lambda cost: estimate_machine(cost, MACHINE, "runtime"),
    "physical_at": lambda cost: at(cost, MACHINE),
    "find_frontier": lambda cost: find_frontier(cost, MACHINE),
    "find_split": lambda cost: find_split(cost, MACHINE, "runtime"),
}
COUNTS = [
    ("toffoli", NAN, "toffoli: expected a whole number >= 0, found nan"),
    ("toffoli", -1, "toffoli: expected a whole number >= 0, found -1"),
    ("toffoli", 1.5, "toffoli: expected a whole number >= 0, found 1.5"),
    ("toffoli", "many", "toffoli: expected a number, found 'many'"),
    ("toffoli", True, "toffoli: expected a number, found True"),
    ("toffoli", -(10**400), "toffoli: expected a whole number >= 0, found -inf"),
    ("t", NAN, "t: expected a whole number >= 0, found nan"),
    ("t", 0.25, "t: expected a whole number >= 0, found 0.25"),
    ("logical_qubits", 0, "logical_qubits: expected a whole number >= 1, found 0"),
    ("logical_qubits", 2.5, "logical_qubits: expected a whole number >= 1, found 2.5"),
    ("logical_qubits", NAN, "logical_qubits: expected a whole number >= 1, found nan"),
    ("fail_prob", NAN, "fail_prob: expected a number >= 0, found nan"),
    ("fail_prob", -0.1, "fail_prob: expected a number >= 0, found -0.1"),
    ("depth", NAN, "depth: expected a whole number >= 0, found nan"),
    ("depth", -3, "depth: expected a whole number >= 0, found -3"),
    ("idle_qubits", 0.5, "idle_qubits: expected a whole number >= 0, found 0.5"),
    ("idle_qubits", 101, "idle_qubits: 101 are more than all 100 logical qubits"),
]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("field", "value", "message"), COUNTS)
def test_counts_that_cannot_be(door, field, value, message):
    with pytest.raises(InputError) as caught:
        DOORS[door](replace(JOB, **{field: value}))
    if not (door == "find_split" and field in ("t", "depth")):
        assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("value", [NAN, -1, 2.5])
def test_rotations_that_cannot_be(value):
    message = f"rotations: expected a whole number >= 0, found {value:g}"
    with pytest.raises(InputError, match=message):
        find_split(replace(JOB, rotations=value), MACHINE, "runtime")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distance": 8}, "distance: expected an odd whole number from 3 to 999, found 8"),
        ({"distance": 25.0}, "expected an odd whole number from 3 to 999, found 25.0"),
        ({"distance": NAN}, "expected an odd whole number from 3 to 999, found nan"),
        ({"distance": -3}, "expected an odd whole number from 3 to 999, found -3"),
        ({"distance": 1001}, "expected an odd whole number from 3 to 999, found 1001"),
        ({"n_factories": 0}, "n_factories: expected a whole number from 1 to 1,000,000, found 0"),
        ({"n_factories": 1.5}, "expected a whole number from 1 to 1,000,000, found 1.5"),
        ({"n_factories": NAN}, "expected a whole number from 1 to 1,000,000, found nan"),
        ({"n_factories": True}, "expected a whole number from 1 to 1,000,000, found True"),
        ({"sizes": (15,)}, "sizes of ccz2t: expected 2, found 1 numbers"),
        ({"sizes": (15.5, 31)}, "sizes: expected whole numbers >= 0, found 15.5"),
        ({"sizes": (-15, 31)}, "sizes: expected whole numbers >= 0, found -15"),
        (
            {"factory": "concatenated", "sizes": (7, 3, 3, 4, 15)},
            "sizes of concatenated: expected 3 of level 1, then 4 a level, found 5 numbers",
        ),
        (
            {"factory": "cultivation", "sizes": (5, 10**6)},
            "no simulation of cultivation is (5, 100",
        ),
        ({"factory": "ccz3t"}, "unknown factory 'ccz3t'; did you mean 'ccz2t'"),
    ],
)
def test_choices_that_cannot_be(change, message):
    with pytest.raises(InputError) as caught:
        at(JOB, MACHINE, **change)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("value", [np.inf, 10**400, np.array([1.0, np.inf]), np.array([NAN])])
def test_what_is_not_judged_must_be_finite(value):
    """`physical_at` has no infeasible result in which an endless count could end."""
    with pytest.raises(InputError, match="toffoli: expected finite numbers, found one that is not"):
        at(replace(JOB, toffoli=value), MACHINE)


@pytest.mark.parametrize("value", [0, -1, NAN])
@pytest.mark.parametrize("cap", ["max_qubits", "max_runtime_s"])
def test_limits_that_cannot_be(cap, value):
    with pytest.raises(InputError, match=f"{cap}: expected a number above 0, found"):
        estimate_machine(JOB, MACHINE, "runtime", **{cap: value})


def test_arrays_that_do_not_fit_together():
    cost = replace(JOB, toffoli=np.ones(3), t=np.ones(2), depth=None)
    with pytest.raises(InputError, match=r"expected one shape, found toffoli \(3,\), t \(2,\)"):
        estimate_machine(cost, MACHINE, "runtime")


def test_a_frontier_is_of_one_job():
    with pytest.raises(InputError, match="frontier: expected counts of a single job, found arrays"):
        find_frontier(replace(JOB, toffoli=np.array([1e6, 1e7])), MACHINE)


def test_arrays_may_hold_expected_counts():
    cost = replace(JOB, toffoli=np.array([1.5, 1e6]), depth=None)
    assert estimate_machine(cost, MACHINE, "runtime").is_feasible.all()
