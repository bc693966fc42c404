"""Each measured quantity as a curve over the training: one column for each snapshot."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qres.measurement.record import Measurement
from qres.report.units import number

NAME, CELL = 24, 13
"""Columns of text for the name of a quantity and for one number."""

ENOUGH = 0.05
"""Of how far training has moved: an error of the model up to here leaves half of an error of 0.1."""


def model_error(measurement: Measurement, degree: int) -> float | None:
    """Return `eps_model` of a degree after all steps, None where that was not followed."""
    curve = measurement.eps_model_curves.get(degree)
    return curve[-1] if curve else None


def model_reach(measurement: Measurement, degree: int) -> int | None:
    """Return the longest segment from the start in which the model of a degree strays little."""
    curve = measurement.eps_model_curves.get(degree)
    if not curve:
        return None
    return next((step for step, error in enumerate(curve) if error > ENOUGH), len(curve))


def carleman_order(measurement: Measurement) -> int | None:
    """Return the smallest truncation order that follows descent on the leading subspace as well."""
    errors = {
        int(name.removeprefix("projected_error_")): quantity.value
        for name, quantity in measurement.values.items()
        if name.startswith("projected_error_")
    }
    fit = [order for order, error in errors.items() if error is not None and error <= ENOUGH]
    return min(fit, default=None)


def find_crossing_time(measurement: Measurement) -> float | None:
    """Return where growth overtakes decay; None where it never does, or may from the very start.

    A sampled density whose nodes near zero stand for mass on both sides has an interval from 0 on.
    """
    facts = measurement.details
    time = facts.get("crossing_time")
    is_open = facts.get("crossing_low", time) == 0 and facts.get("crossing_high", time) != 0
    return None if is_open else time


FOUND: dict[str, Callable[[Measurement], float | None]] = {
    "crossing_time": find_crossing_time,
    **{f"eps_model, degree {q}": partial(model_error, degree=q) for q in (2, 3)},
    **{f"steps within 5 %, deg. {q}": partial(model_reach, degree=q) for q in (1, 2, 3)},
    "order within 5 %": carleman_order,
}
"""Rows that are no quantity of the measurement."""


def curve_text(measurement: Measurement, *, width: int = 100) -> str:
    """Return a table of all quantities at all snapshots and at the end; empty without snapshots.

    Args:
        measurement: of a network, with snapshots.
        width: columns of text; more snapshots than fit continue below.
    """
    steps = sorted(measurement.snapshots)
    if not steps:
        return ""
    columns = [(str(step), measurement.snapshots[step]) for step in steps]
    columns.append(("end", measurement))
    size = max(1, (width - NAME) // CELL)
    blocks = [columns[start : start + size] for start in range(0, len(columns), size)]
    return "\n".join(_block(block) for block in blocks)


def curve_of(measurement: Measurement, name: str) -> list[tuple[int, float]]:
    """Return (updates, value) of a quantity at the snapshots where it is known."""
    values = ((step, item.values.get(name)) for step, item in sorted(measurement.snapshots.items()))
    return [(step, float(q)) for step, q in values if q is not None and q.value is not None]


def _block(columns: list[tuple[str, Measurement]]) -> str:
    """Return the table of some snapshots."""
    names = dict.fromkeys(name for _, item in columns for name in item.values)
    lines = [_line("after updates", [label for label, _ in columns])]
    accuracies = [item.details.get("held_out_accuracy") for _, item in columns]
    lines += [_line("loss", [number(item.details.get("loss")) for _, item in columns])]
    if any(accuracy is not None for accuracy in accuracies):
        lines.append(_line("held_out_accuracy", [number(found) for found in accuracies]))
    for name, find in FOUND.items():
        found = [find(item) for _, item in columns]
        if any(value is not None for value in found):
            lines.append(_line(name, ["-" if value is None else number(value) for value in found]))
    for name in names:
        lines.append(_line(name, [_cell(item, name) for _, item in columns]))
    return "".join(lines)


def _cell(measurement: Measurement, name: str) -> str:
    """Return a value as text, a dash where there is none."""
    found = measurement.values.get(name)
    return "-" if found is None or found.value is None else number(found.value)


def _line(name: str, cells: list[str]) -> str:
    return name.ljust(NAME) + "".join(cell.rjust(CELL) for cell in cells) + "\n"
