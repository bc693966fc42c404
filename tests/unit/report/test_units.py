"""Numbers as people read them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from qres.report.units import count, decades, duration, number, power


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999_999, "999,999"),
        (1_000_000, "1.00e6"),
        (12.5, "12.5"),
        (745_104.0, "745,104"),
        pytest.param(10**400, "1e400", id="huge"),
        (float("inf"), "infinite"),
        (None, "unknown"),
    ],
)
def test_counts(value, text):
    assert count(value) == text


@pytest.mark.parametrize(("value", "text"), [(3.2e14, "3.20e14"), (10**40, "1.00e40")])
def test_powers(value, text):
    assert power(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123456, "0.1235"),
        (5.0, "5"),
        (None, "unknown"),
        (1e-12, "1e-12"),
        (Fraction(1, 4), "0.25"),
        (Fraction(8, 2), "4"),
        pytest.param(10**400, "1e400", id="huge"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.5e-7, "150 ns"),
        (0.283, "283 ms"),
        (60.0, "1 min"),
        (7200.0, "2 h"),
        (86400.0 * 3, "3 days"),
        (365.25 * 86400 * 19.3, "19.3 years"),
        (365.25 * 86400 * 1.38e10, "1 ages of the universe"),
        (365.25 * 86400 * 1.38e20, "1.00e10 ages of the universe"),
        (float("inf"), "never"),
        (None, "unknown"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(1e19, "19 decades"), (1e-19, "19 decades"), (4.0, "a factor 4"), (0.25, "a factor 4")],
)
def test_decades(ratio, text):
    assert decades(ratio) == text
