r"""Elasticities as a table and as bars: by which power each symbol enters the cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from qres.errors import InputError, nearest
from qres.notation.symbols import describe
from qres.pricing.record import Elasticity
from qres.report.figures.style import COLORS, COLUMN, in_style, new_figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COSTS = {
    "magic_states": "magic states",
    "logical_qubits": "logical qubits",
    "runtime_s": "runtime",
}
"""What elasticities are of, in words."""

MATHTEXT = (
    *((rf"\{side}Vert", r"\Vert ") for side in "lr"),
    *((rf"\{side}vert", r"\vert ") for side in "lr"),
    (r"\text{", r"\mathrm{"),
)
"""What matplotlib writes otherwise."""

TOTAL = "error.total"

LEAST = 0.005
"""Bars below this are left out."""


@dataclass(frozen=True, kw_only=True)
class Elasticities:
    r"""By which power each symbol enters the cost of a report, $d\ln\text{cost}/d\ln x$.

    2 means: twice the symbol, four times the cost. All else stays, the choices included.

    Args:
        name: of the scenario.
        rows: one a symbol, the largest first.
    """

    name: str
    rows: tuple[Elasticity, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return a data frame, one row a symbol, with its value and its meaning."""
        import pandas as pd

        frame = pd.DataFrame([asdict(row) for row in self.rows]).set_index("symbol")
        return frame.assign(meaning=[_meaning(name) for name in frame.index])

    @in_style
    def draw(self, of: str = "magic_states", *, width: float = COLUMN) -> Figure:
        """Return a bar chart, the largest on top; symbols that hardly enter are left out.

        Args:
            of: `magic_states`, `logical_qubits` or `runtime_s`.
            width: in inches.

        Raises:
            InputError: another cost, or one that no symbol moves.
        """
        if of not in COSTS:
            raise InputError(f"elasticities: unknown cost '{of}'{nearest(of, COSTS)}")
        known = [(row.symbol, getattr(row, of)) for row in self.rows]
        known = [(name, value) for name, value in known if value is not None and abs(value) > LEAST]
        if not known:
            raise InputError(f"elasticities: no symbol moves {of}, or it is not finite")
        known.sort(key=lambda pair: abs(pair[1]))
        names, values = [_label(name) for name, _ in known], [value for _, value in known]
        figure, axes = new_figure(width=width, height=0.19 * len(names) + 0.85)
        bars = axes.barh(names, values, color=[COLORS[value < 0] for value in values])
        axes.bar_label(bars, labels=[f"{value:+.2f}" for value in values], padding=2, fontsize=6.5)
        low, high = min(0.0, *values), max(0.0, *values)
        room = 0.2 * (high - low)
        axes.set(
            xlim=(low - room * (low < 0), high + room * (high > 0)),
            xlabel=f"elasticity of the {COSTS[of]},\nd log cost / d log symbol (dimensionless)",
        )
        axes.axvline(0, color="0.3", linewidth=0.6)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        return figure

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(float_format="{:.3g}".format, na_rep="-")


def _meaning(name: str) -> str:
    return "relative error of the result" if name == TOTAL else describe(name).meaning


def _label(name: str) -> str:
    """Return the name with its letter, in what matplotlib knows of LaTeX."""
    if name == TOTAL:
        return name
    letter = describe(name).latex
    for long, short in MATHTEXT:
        letter = letter.replace(long, short)
    return f"{name}  ${letter}$"
