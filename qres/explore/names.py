"""What ships with qres, by name: models, measurements, machines, devices, solvers."""

from __future__ import annotations

from pathlib import Path

from qres.errors import InputError

Rows = list[tuple[str, str]]
"""Names, each with one line of text."""


def names_of(what: str) -> Rows:
    """Return the names of one kind, each with one line.

    Args:
        what: `models`, `measurements`, `hardware`, `devices` or `solvers`.

    Raises:
        InputError: another word.
    """
    found = {
        "models": _models,
        "measurements": _measurements,
        "hardware": _machines,
        "devices": _devices,
        "solvers": _solvers,
    }.get(what)
    if found is None:
        wanted = "models, measurements, hardware, devices, solvers or formulas"
        raise InputError(f"list: expected {wanted}, found {what}")
    return found()


def _models() -> Rows:
    from qres.config.load import model_names, model_path

    return [(name, _first_comment(model_path(name))) for name in model_names()]


def _measurements() -> Rows:
    """Return the title of the model that was measured, or what the file says of itself."""
    from qres.config.measured import measurement_names, measurement_path, read_details

    rows = []
    for name in measurement_names():
        path = measurement_path(name)
        recipe = path.with_suffix(".yaml")
        title = _first_comment(recipe) if recipe.is_file() else read_details(path).get("title", "")
        rows.append((name, str(title)))
    return rows


def _machines() -> Rows:
    from qres.physical.machines import load_machine, machine_names

    return [(item.name, item.summary) for item in map(load_machine, machine_names())]


def _devices() -> Rows:
    from qres.classical.devices import device_names, load_device

    devices = map(load_device, device_names())
    return [(item.name, f"bf16 {item.bf16_flops / 1e12:.0f} TFLOP/s") for item in devices]


def _solvers() -> Rows:
    from qres.algorithms.solvers.base import solvers

    return [
        (item.name, f"{item.kind}; {item.matrix_queries.source}") for item in solvers().values()
    ]


def _first_comment(path: Path) -> str:
    first = path.read_text(encoding="utf-8").split("\n", 1)[0]
    return first.lstrip("# ").strip() if first.startswith("#") else ""
