"""Published exponents beside those of the estimate."""

from __future__ import annotations

from qres.pricing.record import Claim
from qres.report.grid import Sheet, grid
from qres.report.record import Result

LEAST_SLOPE = 0.005
"""Exponents below are not printed."""

CLAIMED = (
    "claims: Liu et al., arXiv:2303.03428, O(T polylog) or O(T^2 polylog); a co-author's text"
    " s^3 T^2/eps^2. Here: slopes of the magic states between half and twice the value."
)


def exponents(report: Result) -> list[Sheet]:
    """Return the table of the exponents; nothing where none was claimed."""
    if not report.claims:
        return []
    table = grid("Published exponents", "cost against", "claimed", "here", "made of", wide=3)
    for row in report.claims:
        here = "-" if row.exponent is None else f"{row.exponent:.2f}"
        table.add_row(
            f"{row.letter} ({row.symbol})", row.claimed, here, row.reason or _made_of(row)
        )
    table.notes = [CLAIMED]
    return [table]


def _made_of(row: Claim) -> str:
    """Return the factors that make the exponent, those that count."""
    parts = [f"{name} {slope:.2f}" for name, slope in row.factors if abs(slope) >= LEAST_SLOPE]
    made = ", ".join(parts) or "nothing"
    return f"{made}; most of it in {row.stage}" if parts else made
