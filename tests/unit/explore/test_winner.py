"""The rule that names a winner, branch by branch."""

from __future__ import annotations

import math

import pytest

import qres
from qres.algorithms.record import Assumption
from qres.explore.verdict import name_winner


def helps(side, factor):
    return Assumption(text=f"{side} {factor}", factor=factor, favours=side)


@pytest.mark.parametrize(
    ("ratio", "assumed", "winner"),
    [
        (1e-3, (), "quantum"),
        (1e3, (), "classical"),
        (1.0, (), "undecided"),
        # factors on the leader's side multiply, and must stay below the lead
        (1e-3, (("quantum", 10.0), ("quantum", 99.0)), "quantum"),
        (1e-3, (("quantum", 10.0), ("quantum", 100.0)), "undecided"),
        (1e3, (("classical", 10.0), ("classical", 99.0)), "classical"),
        (1e3, (("classical", 10.0), ("classical", 101.0)), "undecided"),
        # those of the other side would lengthen the lead
        (1e-3, (("classical", 1e9),), "quantum"),
        (1e3, (("quantum", 1e9), ("neither", 1e9)), "classical"),
        # an unknown size on the leader's side is never ruled out, whoever leads
        (1e-3, (("quantum", None),), "undecided"),
        (1e30, (("classical", None),), "undecided"),
        (1e-3, (("classical", None),), "quantum"),
        (1e30, (("quantum", None), ("neither", None)), "classical"),
        # beyond any number
        (math.inf, (("classical", 1e9),), "classical"),
        (0.0, (("quantum", 1e9),), "quantum"),
        (math.nan, (), "undecided"),
        (math.inf, (("classical", math.inf),), "undecided"),
    ],
)
def test_the_rule(ratio, assumed, winner):
    found, reason = name_winner(ratio, [helps(side, factor) for side, factor in assumed])
    assert found == winner
    assert bool(reason) == (winner == "undecided")


def test_the_reason_says_what_undoes_the_lead():
    assert "classical None" in name_winner(1e30, [helps("classical", None)])[1]
    assert "factor 50" in name_winner(0.1, [helps("quantum", 5.0), helps("quantum", 10.0)])[1]
    assert "lead of 10" in name_winner(0.1, [helps("quantum", 50.0)])[1]


@pytest.mark.parametrize("n_machines", [1, 8])
def test_seconds_a_gate_are_those_of_one_machine(n_machines):
    """Shots are shared: an eighth of 7.09e16 gates, each waiting 10 us, on the busiest of eight."""
    report = qres.estimate(
        "poisson-2d",
        algorithm__readout={"kind": "tomography", "access": "sampling"},
        limits__machines=n_machines,
    )
    changes = {change["symbol"]: change for change in report.to_dict()["verdict"]["changes"]}
    assert changes["clock"]["now"] == pytest.approx(1e-5, rel=1e-3)
