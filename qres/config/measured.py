"""A measurement on disk as a question of its own: price the training steps that it holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qres.errors import InputError, nearest
from qres.files import data_path, read_text

MAX_BYTES = 256 * 2**20
"""Files of measurements that are larger are refused."""


def measurement_names() -> list[str]:
    """Return the names of the measurements that ship with qres, as files."""
    return sorted(path.name for path in data_path("measurements").glob("*.json"))


def measurement_path(name: str | Path) -> Path:
    """Return the path of a measurement from its path or from the name of a shipped one.

    Raises:
        InputError: neither; the message has the nearest names.
    """
    for path in (Path(name), data_path("measurements") / name):
        if path.is_file():
            return path
    near = nearest(str(name), measurement_names())
    raise InputError(f"{name}: no such file, and no shipped measurement{near}")


def describe_question(name: str | Path) -> dict[str, Any]:
    """Return the content of the `model.yaml` that asks for the steps which were measured.

    Args:
        name: path of what `qres measure -o FILE.json` wrote, or the name of one that ships.

    Raises:
        InputError: it does not say the steps, or they follow a schedule, which the file only names.
    """
    path = measurement_path(name)
    details = read_details(path)
    if "n_steps" not in details or "learning_rate" not in details:
        raise InputError(
            f"{path}: no training steps were measured; name it in a model.yaml, "
            "model: {measurement: FILE.json}"
        )
    if "schedule" in details:
        raise InputError(f"{path}: was measured with a schedule; name it in a model.yaml")
    keys = ("weight_decay", "momentum", "n_batches")
    optimizer = {key: details[key] for key in keys if details.get(key)}
    if details.get("momentum_restart"):
        optimizer["momentum_restart"] = True
    kind = {"kind": "sgd" if "n_batches" in optimizer else "gd"}
    steps = {key: details[key] for key in ("n_steps", "learning_rate")}
    return {
        "name": path.stem,
        "model": {"measurement": str(name)},
        "algorithm": {"name": "carleman-gd", **steps, "optimizer": kind | optimizer},
    }


def read_details(path: Path) -> dict[str, Any]:
    """Return the plain facts of a measurement.

    Raises:
        InputError: not JSON, or not a measurement.
    """
    try:
        data = json.loads(read_text(path, limit=MAX_BYTES))
        details = data.get("measurement", data)["details"]
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}: not JSON ({error.msg})") from None
    except (KeyError, TypeError, AttributeError):
        raise InputError(f"{path}: not a measurement written by 'qres measure'") from None
    if not isinstance(details, dict):
        raise InputError(f"{path}: not a measurement written by 'qres measure'")
    return details
