"""One job read in several ways: scalars and arrays, stages and totals, budget and shares."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qres.explore.budget import even_split
from qres.logical.formulas import count_stages, total

COUNTS = ("toffoli", "t", "rotations", "logical_qubits")


@pytest.mark.slow
@settings(max_examples=3)
@given(data=st.data())
def test_scalars_and_arrays_count_alike(member, data):
    points = data.draw(st.lists(member.values(), min_size=4, max_size=4))
    rows = {name: np.array([point[name] for point in points], dtype=float) for name in points[0]}
    together = member.cost(rows)
    for position, point in enumerate(points):
        alone = member.cost(point)
        for name in (*COUNTS, "magic_states", "fail_prob"):
            found = np.broadcast_to(getattr(together, name), 4)[position]
            assert math.isclose(getattr(alone, name), found, rel_tol=1e-9), name


@settings(max_examples=3)
@given(data=st.data())
def test_scalar_counts_are_whole(member, data):
    values = data.draw(member.values())
    cost = member.cost(values)
    assert all(isinstance(getattr(cost, name), int) for name in COUNTS)
    assert cost.magic_states == cost.toffoli + cost.t / 2


@settings(max_examples=3)
@given(data=st.data())
def test_the_total_is_the_sum_of_its_stages(member, data):
    numbers = member.numbers(data.draw(member.values()))
    stages = [stage for stage in count_stages(member.job, numbers) if not stage.is_classical]
    cost = total(count_stages(member.job, numbers), numbers)
    for name in ("toffoli", "t", "rotations"):
        assert getattr(cost, name) == sum(getattr(stage, name) for stage in stages)
    assert cost.logical_qubits == max(stage.logical_qubits for stage in stages)
    synthesis = [stage for stage in stages if stage.name == "rotation synthesis"]
    assert sum(stage.calls for stage in synthesis) == cost.rotations
    assert [stage.name for stage in stages] == list(dict.fromkeys(stage.name for stage in stages))


@settings(max_examples=3)
@given(data=st.data())
def test_classical_stages_have_no_quantum_price(member, data):
    numbers = member.numbers(data.draw(member.values()))
    for stage in count_stages(member.job, numbers):
        work = stage.gradients + stage.flops
        if stage.is_classical:
            assert work > 0
            assert (stage.toffoli, stage.t, stage.rotations, stage.logical_qubits) == (0, 0, 0, 0)
        else:
            assert work == 0


@given(data=st.data())
@settings(max_examples=10)
def test_the_split_spends_the_budget(member, data):
    error = data.draw(st.floats(1e-9, 0.99))
    fail = data.draw(st.floats(1e-12, 0.5))
    decided = data.draw(st.floats(0, 1.5)) * error
    shares = tuple(
        replace(share, decided=decided) if share.name == "eps_model" else share
        for share in member.job.shares
    )
    job = replace(member.job, shares=shares)
    spent = sum(share.decided for share in shares)
    split = even_split(job, total=error, fail_prob=fail)
    left = error - spent if spent <= error / 2 else error / 2
    filled = [split[share.symbol] for share in shares if share.symbol is not None]
    assert len(set(filled)) <= 1
    if filled:
        assert math.isclose(sum(filled), left, rel_tol=1e-12)
        assert min(filled) > 0
    assert math.isclose(sum(split[name] for name in job.failures), fail, rel_tol=1e-12)
    assert split.keys() == {*job.failures, *(s.symbol for s in shares if s.symbol is not None)}


@given(data=st.data())
@settings(max_examples=4)
def test_the_hardware_gets_its_part_of_the_failure(member, data):
    values = data.draw(member.values())
    split = even_split(member.job, total=0.1, fail_prob=data.draw(st.floats(1e-12, 0.5)))
    cost = member.cost({**values, **split})
    if "fail_logical" in member.job.failures:
        assert cost.fail_prob == split["fail_logical"]
        return
    numbers = member.numbers({**values, **split})
    parts = {name: numbers[f"{name}_magic"] for name in ("plain", "sign", "norm")}
    faults = {name: cost.fail_prob * gates / sum(parts.values()) for name, gates in parts.items()}
    # every segment is read out from as many shots
    shots = numbers["copies"] * numbers["fail_shot"] * numbers.get("segments", 1)
    assert max(faults["plain"], faults["sign"]) <= shots * (1 + 1e-9)
    assert faults["norm"] <= split["fail_run"] * (1 + 1e-9)
