r"""The linear solvers side by side, over condition numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qres.pricing.record import SolverCurve
from qres.report.figures.style import COLORS, PAGE, SURE, dash, in_style, new_figure
from qres.report.units import number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Crossover = tuple[float, str, str]
"""Condition number, cheapest solver below, cheapest above."""


@dataclass(frozen=True, kw_only=True)
class SolverComparison:
    r"""Expected uses of $U_A$ for one solution, restarts included, over condition numbers.

    Args:
        kappa_eff: condition numbers, rising.
        epsilon: error of the solution in state norm.
        xi: norm(A^-1) norm(b) / norm(x).
        curves: one a solver.
        crossovers: where the cheapest of the proven solvers changes.
    """

    kappa_eff: Sequence[float]
    epsilon: float
    xi: float
    curves: tuple[SolverCurve, ...]
    crossovers: tuple[Crossover, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return a data frame, one row a condition number, one column a solver.

        Empty (NaN) is where a theorem says nothing.
        """
        import pandas as pd

        columns = {curve.solver: curve.queries for curve in self.curves}
        return pd.DataFrame(columns, index=pd.Index(np.asarray(self.kappa_eff), name="kappa_eff"))

    @in_style
    def draw(self, *, width: float = PAGE) -> Figure:
        """Return the queries for each unit of the condition number, crossovers marked.

        Solid lines are proven, dashed ones fitted or asymptotic. As all solvers but those by a
        polynomial are nearly linear, the vertical axis is divided by the condition number.
        """
        figure, axes = new_figure(width=width, height=3.2)
        kappas = np.asarray(self.kappa_eff)
        for place, curve in enumerate(self.curves):
            axes.loglog(
                kappas,
                curve.queries / kappas,
                linestyle=dash(curve.kind),
                color=_color(place),
                label=f"{curve.solver} ({curve.kind})",
            )
        axes.set(
            xlim=(kappas[0], kappas[-1]),
            xlabel=r"condition number $\kappa_{\mathrm{eff}}$ (dimensionless)",
            ylabel=r"expected uses of $U_A$ / $\kappa_{\mathrm{eff}}$",
            title=rf"one solution, error $\epsilon$ = {self.epsilon:g}, $\xi$ = {self.xi:g}",
        )
        self._mark(axes)
        figure.legend(loc="outside right center")
        return figure

    def _mark(self, axes: Axes) -> None:
        """Mark where the cheapest proven solver changes, above all curves."""
        axes.set_ylim(top=10 * axes.get_ylim()[1])
        for kappa, _, winner in self.crossovers:
            axes.axvline(kappa, color="0.5", linestyle=":", linewidth=0.8)
            axes.annotate(
                f"{winner} from {number(kappa)}",
                (kappa, 0.985),
                xycoords=("data", "axes fraction"),
                xytext=(3, 0),
                textcoords="offset points",
                fontsize=6.5,
                color="0.3",
                va="top",
            )

    def _repr_html_(self) -> str:
        rows = np.unique(np.linspace(0, len(self.kappa_eff) - 1, 9).round().astype(int))
        return self.to_frame().iloc[rows].to_html(float_format="{:.3g}".format, na_rep="-")


def sure(curves: Sequence[SolverCurve]) -> list[SolverCurve]:
    """Return the curves that are proven."""
    return [curve for curve in curves if curve.kind in SURE]


def _color(place: int) -> str:
    """Return the colour of a curve; black and grey come after the others."""
    return (*COLORS, "black", "0.55")[place % (len(COLORS) + 2)]
