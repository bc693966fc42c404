"""Every number of every report says where it comes from, and every table of sources fits."""

from __future__ import annotations

import re

import pytest

from qres.config.record import GivenModel
from qres.report.explain_machines import answers
from qres.report.origins import TITLES, definition, origin
from qres.report.platforms import totals

MOST = 80
LONGEST = 100


def test_no_symbol_is_without_an_origin(report):
    is_typed = isinstance(report.scenario.model, GivenModel)
    for name in report.pedigrees():
        found = origin(report, name)
        assert found.group in TITLES
        assert len(found.text) > 3, name
        assert "this network" not in found.text
        assert (found.group == "derived") == (definition(report, name) is not None)
        assert (found.group == "budget") == (name in report.budget)
        assert not (is_typed and found.group == "measured"), name


def test_what_was_measured_is_not_called_chosen(report):
    typed = report.scenario.raw["model"].get("given")
    for name in report.measurement.values:
        if name in report.pedigrees() and definition(report, name) is None:
            known = ("measured", "given") if typed is None or typed.get(name) else ("chosen",)
            assert origin(report, name).group in known, name


def test_a_key_that_is_named_as_typed_was_typed(report):
    raw = report.scenario.raw
    for name in report.pedigrees():
        for key in re.findall(r"model\.given\.(\w+)", origin(report, name).text):
            assert raw["model"]["given"].get(key) is not None, name


def wide(text: str, width: int) -> list[str]:
    """The lines that are wider than they must be; one long word stays whole."""
    return [line for line in text.splitlines() if len(line) > width and len(line.split()) > 1]


def test_sources_fit_eighty_columns(report):
    text = report.sources_text()
    assert wide(text, MOST) == []
    for name in report.pedigrees():
        block = re.split(rf"^  {re.escape(name)} = ", text, flags=re.MULTILINE)[1]
        rest = block.split("\n")
        # the value, then at least one line that is further in
        assert any(line.startswith("      ") for line in rest[1:3]), name


@pytest.mark.slow
def test_every_total_is_explained(report):
    names = {name for name, _ in totals(report)} | answers(report).keys()
    for name in names:
        text = report.explain(name)
        key = name.removeprefix("physical.")
        assert key in text.splitlines()[0]
        assert len(text.splitlines()) > 1, name
        assert wide(text, LONGEST) == []
        assert wide(report.explain(name, 80), 80) == []


@pytest.mark.parametrize("name", ["poisson-2d", "descent"])
def test_each_input_of_a_formula_stands_in_its_tree(name, of):
    report = of(name)
    for symbol in report.pedigrees():
        formula = definition(report, symbol)
        if formula is not None:
            words = set(re.findall(r"^ *(\w+)(?: =|:)", report.explain(symbol), re.MULTILINE))
            assert {*formula.inputs} <= words, symbol
