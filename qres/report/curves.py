"""Each measured quantity as a curve over the training: one column for each snapshot."""

from __future__ import annotations

from qres.measurement.record import Measurement
from qres.report.units import number

NAME, CELL = 24, 13
"""Columns of text for the name of a quantity and for one number."""


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
    for name in names:
        lines.append(_line(name, [_cell(item, name) for _, item in columns]))
    return "".join(lines)


def _cell(measurement: Measurement, name: str) -> str:
    """Return a value as text, a dash where there is none."""
    found = measurement.values.get(name)
    return "-" if found is None or found.value is None else number(found.value)


def _line(name: str, cells: list[str]) -> str:
    return name.ljust(NAME) + "".join(cell.rjust(CELL) for cell in cells) + "\n"
