"""Runs of factories that are thrown away: charged in time, or told where they are not."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

import qres
from qres.logical.record import LogicalCost
from qres.physical.discards import are_discards_charged, discard_assumptions
from qres.physical.estimate import estimate_machine
from qres.physical.machines import load_machine
from qres.physical.registry import find_code, find_factory, members

OPEN = load_machine("superconducting-1e-3-open")
GF = load_machine("superconducting-1e-3")
JOB = LogicalCost(toffoli=10**8, t=10**6, rotations=0, logical_qubits=100, fail_prob=0.01)
COUNTS = {
    "schema": "qres-model/1",
    "name": "counts",
    "model": {"given": {"logical_qubits": 10, "t": 1e4}},
    "algorithm": {"name": "counts"},
    "error": {"total": 0.1, "fail_prob": 0.01},
    "objective": "qubits",
    "hardware": ["superconducting-1e-3-open", "superconducting-1e-3"],
}


def tables_at_two_prefactors(name):
    """The same sizes with more logical errors, which make more runs fail, all else equal."""
    factory, code = find_factory(name), find_code(OPEN.code)
    sizes = factory.grid(OPEN, code)[::5]
    return [factory.tabulate(replace(OPEN, prefactor=a), code, sizes) for a in (0.1, 0.2)]


@pytest.mark.parametrize("name", sorted(members("factories")))
def test_the_time_follows_what_is_thrown_away_where_a_factory_says_so(name):
    few, many = tables_at_two_prefactors(name)
    if name == "cultivation":
        # simulated rounds hold the discarded attempts; their number stands in no source
        assert np.isnan([few.failure, many.failure]).all()
        return
    does = (many.failure > few.failure) & (many.failure < 1) & np.isfinite(many.cycles)
    assert does.any()
    longer = many.cycles[does] / few.cycles[does]
    kept = (1 - few.failure[does]) / (1 - many.failure[does])
    if not find_factory(name).charges_discards:
        assert (longer == 1).all()
    elif name == "fifteen-to-one":
        assert longer == pytest.approx(kept, rel=1e-12)
    else:
        # the levels below may make it longer still
        assert (longer >= kept * (1 - 1e-12)).all()
        assert (kept > 1 + 1e-9).any()


def test_only_one_factory_leaves_them_out():
    found = {name for name, item in members("factories").items() if not item.charges_discards}
    assert found == {"ccz2t"}


def test_a_time_that_leaves_them_out_says_so():
    """8 p_1 at d1 = 15: 8 (1100e-9 + 35 (1e-3 + 100e-5)^3) = 1.104e-5."""
    slow = estimate_machine(JOB, GF, "qubits")
    assert (slow.limited_by, slow.factory) == ("factory", "ccz2t d1=15 d2=25")
    (line,) = discard_assumptions(slow)
    assert line.startswith(
        "ccz2t d1=15 d2=25 sets the time at its published pace, which leaves out"
    )
    assert "(1.1e-05 of those of its last level)" in line
    waits = estimate_machine(JOB, GF, "runtime")
    assert waits.limited_by == "reaction"
    assert discard_assumptions(waits) == ()
    none = estimate_machine(JOB, GF, "qubits", max_qubits=10)
    assert discard_assumptions(none) == ()
    paid = estimate_machine(JOB, replace(GF, factories=("concatenated",)), "qubits")
    assert (paid.limited_by, are_discards_charged(paid)) == ("factory", True)
    assert discard_assumptions(paid) == ()


def test_the_report_says_which_is_which():
    report = qres.estimate(COUNTS)
    assert report.priced is not None
    grown, made = report.priced.machines
    assert (grown.factory.split()[0], made.factory.split()[0]) == ("cultivation", "ccz2t")
    assert made.limited_by == "factory"
    words = " ".join(report.table().split())
    assert words.count("at its published pace, which leaves out runs that are thrown away") == 1
    assert "superconducting-1e-3: ccz2t" in words
    first, second = (report.explain(f"{name}.runtime_s") for name in COUNTS["hardware"])
    assert "runs that are thrown away are in its cycles" in " ".join(first.split())
    assert "its published cycles do not" in " ".join(second.split())
    # a failure that no source states is no number anywhere in the data of a report
    assert math.isnan(grown.factory_failure)
    json.dumps(report.to_dict(), allow_nan=False)
