"""Numbers with a pedigree: what they refuse, that they survive JSON, that intervals only widen."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qres.algorithms.record import combined_bound
from qres.explore.intervals import intervals
from qres.measurement.record import Measurement, SparsityRow
from qres.notation.named import UNLIMITED
from qres.notation.quantity import KINDS, Quantity, weakest
from qres.physical.machines import load_machine, machine_names

NUMBERS = st.one_of(
    st.none(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(10**20, 10**400),
)
BOUNDS = ("two-sided", "upper", "lower")
TEXTS = st.text(max_size=20)


@st.composite
def quantities(draw: st.DrawFn) -> Quantity:
    """Return any quantity whose ends are in order."""
    ends = sorted(draw(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 3)))
    has_ends = draw(st.booleans())
    return Quantity(
        value=ends[1] if has_ends else draw(NUMBERS),
        low=ends[0] if has_ends else None,
        high=ends[2] if has_ends else None,
        unit=draw(TEXTS),
        kind=draw(st.sampled_from(KINDS)),
        bound=draw(st.sampled_from(BOUNDS)),
        source=draw(TEXTS),
        method=draw(TEXTS),
    )


@given(quantity=quantities())
def test_a_quantity_survives_json(quantity):
    found = Quantity.from_dict(json.loads(json.dumps(quantity.to_dict())))
    assert found == quantity
    assert isinstance(found.value, int) == isinstance(quantity.value, int)
    assert list(quantity.to_dict()) == [
        *("value", "low", "high", "unit", "kind", "bound", "source", "method")
    ]


@given(quantity=quantities(), sign=st.sampled_from([1, -1]))
def test_what_is_infinite_is_null_in_json_and_comes_back(quantity, sign):
    infinite = replace(quantity, value=sign * math.inf, low=None, high=None)
    data = infinite.to_dict()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["value"] is None
    assert data["method"].startswith("infinite")
    assert Quantity.from_dict(data) == infinite


def test_an_end_that_nothing_bounds_is_not_sharp_after_json():
    kappa = Quantity(value=5.0, low=2.0, high=math.inf, method="m")
    data = json.loads(json.dumps(kappa.to_dict(), allow_nan=False))
    assert (data["high"], data["method"]) == (None, "no upper end; m")
    assert Quantity.from_dict(data) == kappa
    for changes in (
        {"low": -math.inf},
        {"value": math.inf},
        {"value": math.inf, "low": math.inf},
        {"value": -math.inf, "low": -math.inf, "high": -math.inf},
    ):
        free = replace(kappa, **changes)
        assert Quantity.from_dict(json.loads(json.dumps(free.to_dict()))) == free


@pytest.mark.parametrize("place", ["value", "low", "high"])
def test_a_quantity_is_never_nan(place):
    parts = {"value": 1.0, "low": 0.5, "high": 2.0} | {place: math.nan}
    with pytest.raises(ValueError, match="cannot be NaN"):
        Quantity(**parts)


def test_an_unknown_number_is_not_zero():
    with pytest.raises(ValueError, match="not asked for"):
        float(Quantity(value=None, method="not asked for"))


@given(quantity=quantities(), value=NUMBERS)
def test_another_value_keeps_the_pedigree_and_drops_the_interval(quantity, value):
    found = quantity.with_value(value)
    assert (found.value, found.low, found.high) == (value, None, None)
    assert replace(quantity, value=value, low=None, high=None) == found


@given(kinds=st.lists(st.sampled_from(KINDS)))
def test_the_weakest_kind_is_kept(kinds):
    found = weakest(kinds)
    assert found in kinds or (found == "exact" and not kinds)
    assert all(KINDS.index(found) >= KINDS.index(kind) for kind in kinds)
    assert weakest([*kinds, "asymptotic"]) == "asymptotic"


@given(bounds=st.lists(st.sampled_from(BOUNDS)))
def test_one_lower_bound_decides(bounds):
    order = ("two-sided", "upper", "lower")
    assert combined_bound(bounds) == max(bounds, key=order.index, default="two-sided")


@st.composite
def measurements(draw: st.DrawFn) -> Measurement:
    """Return any measurement."""
    reals = st.floats(allow_nan=False, allow_infinity=False)
    row = st.builds(
        SparsityRow, threshold=reals, sparsity=st.integers(0), max_entry=reals, dropped_norm=reals
    )
    return Measurement(
        subject=draw(st.sampled_from(["network", "matrix", "given"])),
        values=draw(st.dictionaries(TEXTS, quantities(), max_size=3)),
        update_norms=tuple(draw(st.lists(reals, max_size=4))),
        eps_model_curves=draw(
            st.dictionaries(st.integers(1, 3), st.lists(reals, max_size=4).map(tuple), max_size=3)
        ),
        sparsity_rows=tuple(draw(st.lists(row, max_size=3))),
        warnings=tuple(draw(st.lists(st.tuples(TEXTS, TEXTS), max_size=3))),
        details=draw(st.dictionaries(TEXTS, reals, max_size=3)),
    )


@settings(max_examples=40)
@given(measurement=measurements())
def test_a_measurement_survives_json(measurement):
    assert Measurement.from_dict(json.loads(json.dumps(measurement.to_dict()))) == measurement


CONTINUOUS = (
    *("max_entry", "frobenius_norm", "grad_norm", "smallest_singular_value"),
    *("solution_overlap", "path_energy", "toffoli", "given_t"),
)
"""Inputs that may carry an interval in these tests; every member has some of them."""


def spread(job: Any, ends: dict[str, tuple[float, float]]) -> Any:
    """Return the job with intervals: factors below and above the value."""
    values = dict(job.values)
    for name, (below, above) in ends.items():
        value = values[name].value
        values[name] = replace(values[name], low=value * below, high=value * above)
    return replace(job, values=values)


def plain(job: Any, is_plain: bool) -> Any:
    """Return the job with plain QROM, or with the blocks of the cheapest look-up."""
    if "block_limit" not in job.values:
        return job
    limit = Quantity(value=0 if is_plain else UNLIMITED)
    return replace(job, values={**job.values, "block_limit": limit})


@pytest.mark.slow
@pytest.mark.parametrize("is_plain", [True, False])
@settings(max_examples=2)
@given(data=st.data())
def test_a_wider_input_never_narrows_a_total(member, is_plain, data):
    # the cheapest look-up may be the narrower one, so widths only follow for plain QROM; physical
    # qubits are not what the objective makes small, so they follow nothing
    job, machines = plain(member.job, is_plain), [load_machine(name) for name in machine_names()]
    names = [name for name in CONTINUOUS if name in job.values]
    near = data.draw(st.fixed_dictionaries(dict.fromkeys(names, FACTORS)))
    grown = {
        name: (below * data.draw(st.floats(0.5, 1)), above * data.draw(st.floats(1, 2)))
        for name, (below, above) in near.items()
    }
    narrow = intervals(spread(job, near), {}, machines, "runtime")
    wide = intervals(spread(job, grown), {}, machines, "runtime")
    assert wide
    totals = {total for total in wide if not total.endswith("physical_qubits")}
    for total in totals if is_plain else {"toffoli", "t", "rotations"}:
        low, high = narrow.get(total, wide[total])
        assert wide[total][0] <= low
        assert wide[total][1] >= high


FACTORS = st.tuples(st.floats(0.6, 1), st.floats(1, 1.6))


@settings(max_examples=3)
@given(data=st.data())
def test_the_point_lies_inside_its_interval(member, data):
    names = [name for name in CONTINUOUS if name in member.job.values]
    ends = data.draw(st.fixed_dictionaries(dict.fromkeys(names, FACTORS)))
    cost = member.cost({name: item.value for name, item in member.job.values.items()})
    found = intervals(spread(member.job, ends), {}, [], "runtime")
    for total, (low, high) in found.items():
        assert low <= float(getattr(cost, total)) * (1 + 1e-12)
        assert high >= float(getattr(cost, total)) * (1 - 1e-12)


def test_without_an_interval_there_is_none(member):
    assert intervals(member.job, {}, [load_machine(machine_names()[0])], "runtime") == {}
