"""Shipped profiles load, and each wrong profile gets one line."""

from __future__ import annotations

import pytest

from qres.errors import InputError
from qres.files import data_path
from qres.physical.machines import load_machine, machine_names, parse_machine
from qres.physical.registry import members


def test_shipped_machines():
    assert {"superconducting-1e-3", "superconducting-1e-4"} < set(machine_names())
    first, second = (load_machine(f"superconducting-1e-{n}") for n in (3, 4))
    assert (first.physical_error, first.cycle_time_s, first.reaction_time_s) == (1e-3, 1e-6, 1e-5)
    assert (first.threshold, first.prefactor, first.factories) == (0.01, 0.1, ("ccz2t",))
    assert second.cycle_time_s == pytest.approx(400e-9, rel=1e-12, abs=0)
    assert (second.prefactor, second.layouts) == (0.03, ("fast",))
    assert second.factories == ("fifteen-to-one", "ccz2t")


def test_optional_fields_are_read():
    text = SHIPPED.replace("value: simple", "value: [compact, fast]")
    text += "t_error: {value: 0.02, unit: '1', source: mine}\n"
    text += "correlated_event_rate: {value: 0.5, unit: 1/s, source: mine, kind: assumed}\n"
    machine = parse_machine(text, "here.yaml")
    assert machine.layouts == ("compact", "fast")
    assert (machine.injection_error, machine.correlated_event_rate_per_s) == (0.02, 0.5)
    assert "correlated_event_rate_per_s = 0.5: mine" in machine.assumptions
    assert parse_machine(SHIPPED, "here.yaml").injection_error == 1e-3


@pytest.mark.parametrize("name", machine_names())
def test_every_field_has_a_source_and_assumptions_are_named(name):
    machine = load_machine(name)
    assert {"physical_error", "cycle_time_s", "reaction_time_s", "layouts"} <= set(machine.sources)
    assert all(source.text for source in machine.sources.values())
    assert any("reaction_time_s" in line for line in machine.assumptions)


def test_a_profile_by_path(tmp_path):
    text = (data_path("hardware") / "superconducting-1e-3.yaml").read_text()
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace("name: superconducting-1e-3", "name: mine"))
    assert load_machine(path).name == "mine"


SHIPPED = (data_path("hardware") / "superconducting-1e-3.yaml").read_text()

BAD = [
    ("physical_error: {value: 1e-3", "physical_error: {value: 0.02", "below the threshold 0.01"),
    ("physical_error: {value: 1e-3", "physical_error: {value: .nan", "number above 0, found nan"),
    ("physical_error: {value: 1e-3", "physical_error: {value: -1", "number above 0, found -1"),
    ("physical_error: {value: 1e-3", "physical_error: {value: true", "number above 0, found True"),
    ("physical_error:", "physical_eror:", "did you mean 'physical_error'"),
    ("unit: us", "unit: parsec", "cycle_time.unit: expected one of s, ms, us, ns"),
    ("value: simple", "value: [fast, fast]", "layout.value: expected a list of different names"),
    (
        "layout:",
        't_error: {value: 2, unit: "1", source: x}\nlayout:',
        "t_error.value: expected below",
    ),
    ("layout:", "t_error: {value: 0.1, unit: '1'}\nlayout:", "t_error: missing source"),
    ("layout:", "t_error: {value: 0.1, unit: '1', source: ' '}\nlayout:", "source: expected words"),
    (
        "layout:",
        't_error: {value: 1, unit: "%", source: x}\nlayout:',
        "t_error.unit: expected '1' (a plain number), found '%'",
    ),
    (
        "layout:",
        "correlated_event_rate: {value: -1, unit: 1/s, source: x}\nlayout:",
        "correlated_event_rate.value: expected a number from 0 on, found -1",
    ),
    (
        "layout:",
        "correlated_event_rate: {value: 1, unit: 1/h, source: x}\nlayout:",
        "correlated_event_rate.unit: expected 1/s, found '1/h'",
    ),
    ("value: simple", "value: simpel", "unknown layout 'simpel'; did you mean 'simple'?"),
    ("value: [ccz2t]", "value: [ccz3t]", "unknown factory 'ccz3t'"),
    ("value: [ccz2t]", "value: []", "factories.value: expected a list"),
    ("value: rotated-surface", "value: surface", "unknown code 'surface'"),
    ("schema: qres-hardware/1", "schema: qres-hardware/9", "schema: expected qres-hardware/1"),
    ('source: "Gidney and Fowler, arXiv:1812.01238"', 'source: ""', "missing source"),
    ("kind: assumed", "kind: guessed", "reaction_time.kind: unknown kind 'guessed'"),
    ("layout: {", "layout: !!python/object/apply:os.system {", "line"),
    ("layout: {", "layout: [", "line"),
    ("name: superconducting-1e-3", "name: [1]", "name: expected a word"),
    ("layout:", "extra: 1\nlayout:", "unknown key 'extra'"),
    ("layout:", "name: again\nlayout:", 'line 11: found duplicate key "name"'),
    ("{value: 1e-3,", "{value: 0.01,", "expected below the threshold 0.01, found 0.01"),
    ("value: 1, unit: us", "value: .inf, unit: us", "cycle_time.value: expected a number above 0"),
    ("value: 1, unit: us", "value: 0, unit: us", "cycle_time.value: expected a number above 0"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD)
def test_wrong_profiles_get_one_line(old, new, message):
    assert old in SHIPPED
    with pytest.raises(InputError) as caught:
        parse_machine(SHIPPED.replace(old, new), "here.yaml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("here.yaml")
    assert "\n" not in str(caught.value)


def test_missing_fields_are_named():
    with pytest.raises(InputError, match=r"here\.yaml: missing .*layout"):
        parse_machine("schema: qres-hardware/1\nname: x\n", "here.yaml")
    with pytest.raises(InputError, match="expected keys with values"):
        parse_machine("", "here.yaml")


def test_unknown_machines_get_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'superconducting-1e-"):
        load_machine("superconducting-1e3")
    with pytest.raises(InputError, match="no such file"):
        load_machine("nowhere/profile.yaml")


@pytest.mark.parametrize("family", ["codes", "factories", "layouts"])
def test_members_are_found_by_scanning(family):
    found = members(family)
    assert found
    assert all(member.name == name for name, member in found.items())
