"""What `qres measure -o FILE` writes: the record, or a figure by the suffix."""

from __future__ import annotations

import io
from pathlib import Path

from qres.cli.output import json_text
from qres.files import write_atomic
from qres.measurement.record import Measurement


def write_measurement(target: Path, measurement: Measurement) -> None:
    """Write a measurement as JSON, or what it shows as a figure.

    Raises:
        InputError: there is nothing to draw, or the file cannot be written.
    """
    if target.suffix == ".json":
        return write_atomic(target, json_text(measurement.to_dict(), indent=None))
    from qres.report.figures.measurement import draw_measurement

    stream = io.BytesIO()
    draw_measurement(measurement).savefig(stream, format=target.suffix[1:])
    return write_atomic(target, stream.getvalue())
