"""Numbers as people read them: seconds to ages of the universe, counts to powers of ten."""

from __future__ import annotations

import math

from qres.notation.spans import SECONDS

AGE_OF_UNIVERSE_YEARS = 1.38e10


def count(value: float | int | None) -> str:
    """Return a count: exact below a million, a power of ten above."""
    if value is None:
        return "unknown"
    if isinstance(value, float) and not math.isfinite(value):
        return "infinite"
    if abs(value) < 1e6:
        return f"{int(value):,}" if value == int(value) else _four_digits(float(value))
    return power(value)


def power(value: float | int) -> str:
    """Return `3.20e14`; integers of any size."""
    if isinstance(value, int) and abs(value) >= 10**300:
        digits = str(abs(value))
        sign = "-" if value < 0 else ""
        return f"{sign}{digits[0]}e{len(digits) - 1}"
    mantissa, tail = f"{float(value):.2e}".split("e")
    return f"{mantissa}e{int(tail)}"


def number(value: float | int | None) -> str:
    """Return a real number with four digits."""
    if value is None or isinstance(value, int) or not math.isfinite(value) or value == int(value):
        return count(value)
    return _four_digits(float(value))


def _four_digits(value: float) -> str:
    """Return four digits, the exponent without padding."""
    mantissa, mark, exponent = f"{value:.4g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if mark else mantissa


def percent(share: float) -> str:
    """Return a share of 1 in per cent: `86.9%`."""
    return f"{share:.1%}" if share >= 5e-4 else "< 0.1%"


def duration(seconds: float | None) -> str:
    """Return a time in the unit that a person would use."""
    if seconds is None:
        return "unknown"
    if not math.isfinite(seconds):
        return "never"
    years = seconds / SECONDS["years"]
    if years >= AGE_OF_UNIVERSE_YEARS:
        return f"{_short(years / AGE_OF_UNIVERSE_YEARS)} ages of the universe"
    for name, span in SECONDS.items():
        if seconds >= span:
            return f"{_short(seconds / span)} {name}"
    return f"{seconds:.3g} s"


def _short(value: float) -> str:
    """Return three digits, whole thousands, or a power of ten."""
    if value < 999.5:
        return f"{value:.3g}"
    return f"{value:,.0f}" if value < 1e4 else power(value)


def decades(ratio: float) -> str:
    """Return a ratio as decades: `19 decades`."""
    size = abs(math.log10(ratio))
    return f"{size:.0f} decades" if size >= 1.5 else f"a factor {max(ratio, 1 / ratio):.2g}"
