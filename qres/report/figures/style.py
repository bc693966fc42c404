"""One style for all figures: colours that the colour-blind tell apart, type of a journal's size.

Colours: Okabe and Ito, "Color Universal Design" (2008), black and yellow left to text and paper.
Widths are those of a two-column journal (3.4 and 7.0 inches). Vector files keep text as text.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Arguments = ParamSpec("Arguments")
Drawn = TypeVar("Drawn")

COLUMN = 3.4
"""Width of one column in inches."""

PAGE = 7.0
"""Width of both columns in inches."""

NESTED = (3.0, 2.2, 1.4, 0.8)
"""Widths of lines that may coincide, the first drawn first: one that is covered still shows."""

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Blue, vermilion, green, purple, sky, orange: in this order."""

SURE = ("exact", "proven")
"""Kinds that are drawn solid; every other one is dashed."""

STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.labelsize": 8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 8,
    "figure.constrained_layout.use": True,
    "figure.dpi": 144,
    "figure.figsize": (COLUMN, 2.5),
    "font.size": 8,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.5,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "lines.markersize": 4,
    "mathtext.fontset": "dejavusans",
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
    "svg.fonttype": "none",
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
}


def use_style() -> None:
    """Draw this session's matplotlib figures like those of qres: colours, sizes, text in vectors."""
    import matplotlib

    matplotlib.rcParams.update(_settings())


def in_style(draw: Callable[Arguments, Drawn]) -> Callable[Arguments, Drawn]:
    """Let a function draw in this style, and leave the session's own as it was."""

    @wraps(draw)
    def styled(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Drawn:
        import matplotlib

        with matplotlib.rc_context(_settings()):
            return draw(*args, **kwargs)

    return styled


def _settings() -> Any:
    from cycler import cycler

    return {**STYLE, "axes.prop_cycle": cycler(color=COLORS)}


def dash(kind: str) -> str:
    """Return the line style of a kind: solid where it is exact or proven, else dashed."""
    return "-" if kind in SURE else "--"


def lighten(color: str, amount: float) -> tuple[float, ...]:
    """Return a colour mixed with white: 0 leaves it, 1 is white."""
    from matplotlib.colors import to_rgb

    return tuple(part + (1 - part) * amount for part in to_rgb(color))


def new_figure(*, width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure with one pair of axes, in inches.

    It is no longer pyplot's, so a notebook shows it once, where a cell ends in it. Saved later, it
    is saved in this style too.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(width, height), FigureClass=_styled())
    plt.close(figure)
    return figure, axes


def new_panels(count: int, *, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """Return an empty figure with pairs of axes below each other, each of this height in inches."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        count, 1, figsize=(width, count * height), FigureClass=_styled(), squeeze=False
    )
    plt.close(figure)
    return figure, list(axes[:, 0])


def place(axes: Axes | None, *, width: float, height: float) -> tuple[Figure, Axes]:
    """Return these axes and their figure, or new ones."""
    if axes is None:
        return new_figure(width=width, height=height)
    figure: Any = axes.figure
    return figure, axes


def _styled() -> type[Figure]:
    """Return a figure that is saved in this style; matplotlib reads some of it only then."""
    from matplotlib.figure import Figure

    class StyledFigure(Figure):
        @in_style
        def savefig(self, *args: Any, **kwargs: Any) -> None:
            super().savefig(*args, **kwargs)

    return StyledFigure
