"""Records as HTML: text is escaped, numbers are printed as one writes them."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

import qres
from qres.measurement.record import Measurement
from qres.notation.card import html_table, html_text, spell
from qres.notation.quantity import Quantity

VOID = {"meta", "br"}


class Reader(HTMLParser):
    """Checks that every tag is closed and collects the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def text_of(found: str) -> str:
    """The text of well-formed HTML."""
    reader = Reader()
    reader.feed(found)
    reader.close()
    assert reader.open == []
    return "".join(reader.words)


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("2.48e15", "2.48&nbsp;&times;&nbsp;10<sup>15</sup>"),
        ("-1e-9", "&minus;1&nbsp;&times;&nbsp;10<sup>&minus;9</sup>"),
        ("20.3 us", "20.3&nbsp;&micro;s"),
        ("1.704..1.741", "[1.704, 1.741]"),
        ("superconducting-1e-4", "superconducting-1e-4"),
        ("<b> & 'x'", "&lt;b&gt; &amp; &#x27;x&#x27;"),
        ("864556e8dce", "864556e8dce"),
    ],
)
def test_text(plain, shown):
    assert html_text(plain) == shown


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "unknown"), (1234567, "1,234,567"), (0.1234567, "0.123457"), (True, "True")],
)
def test_values(value, text):
    assert spell(value) == text


def test_a_table_escapes_every_cell():
    found = html_table([["<script>", "1e3"]], head=["<a>", ""], caption="x & y")
    assert "<script>" not in found
    assert "".join(text_of(found).split()) == "x&y<a><script>1×103"


def test_records_show_their_numbers():
    quantity = Quantity(value=3.5, low=3.0, high=4.0, unit="s", kind="measured", method="a < b")
    assert "[3, 4]" in text_of(quantity._repr_html_())
    assert "a < b" in text_of(quantity._repr_html_())
    measurement = Measurement(
        subject="given", values={"kappa": quantity}, warnings=(("W-X", "<careful>"),)
    )
    shown = text_of(measurement._repr_html_())
    assert "kappa" in shown
    assert "<careful>" in shown


def test_scenario_job_and_stage_show_what_they_are():
    scenario = replace(qres.load("poisson-2d"), name="<poisson>")
    shown = text_of(scenario._repr_html_())
    assert f"<poisson> ({scenario.scenario_id})" in shown
    assert "error.total" in shown
    job = qres.estimate("poisson-2d").job
    whole = text_of(job._repr_html_())
    for stage in job.stages:
        assert str(stage.calls) in whole
        assert stage.meaning in text_of(stage._repr_html_())
