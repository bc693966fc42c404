"""Where each symbol of a job comes from: measured, given, chosen, budget, or derived."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from qres.config.record import GivenModel, MatrixModel, MeasurementModel, NetworkModel
from qres.notation.formula import Formula
from qres.notation.quantity import Quantity
from qres.report.record import Result

Group = Literal["measured", "given", "chosen", "budget", "derived"]

TITLES: dict[Group, str] = {
    "measured": "Measured on this model",
    "given": "Given",
    "chosen": "Chosen",
    "budget": "Error budget",
    "derived": "Derived",
}
"""Groups in the order of print."""

NAMED_OTHERWISE = {
    "given_t": "t",
    "given_rotations": "rotations",
    "map_order": "map",
}
"""Symbols whose key in the model file has another name."""

MADE_OF = {"update_norm": "update_norms", "path_energy": "update_norms"}
"""Symbols computed from a list, and its key in the model file."""


@dataclass(frozen=True)
class Origin:
    """Where a number comes from: a group, and one line within it."""

    group: Group
    text: str


def origin(report: Result, name: str) -> Origin:
    """Return the origin of a symbol of the job.

    Raises:
        KeyError: the job has no such symbol.
    """
    quantity = report.pedigrees()[name]
    formula = definition(report, name)
    if formula is not None:
        return Origin("derived", str(formula.source))
    if name in report.budget:
        return Origin("budget", quantity.method or quantity.source)
    if name in report.measurement.values or NAMED_OTHERWISE.get(name) in report.measurement.values:
        return _of_model(report, name, quantity)
    typed = _key_of(report, name)
    if typed is not None:
        return Origin("given", typed)
    if quantity.kind in ("measured", "assumed") or name in MADE_OF:
        return _of_model(report, name, quantity)
    return Origin("chosen", _words(quantity) or "follows from the algorithm")


def definition(report: Result, name: str) -> Formula | None:
    """Return the formula that computes a symbol, None for a value that was put in."""
    return dict(report.job.definitions).get(name) if report.job else None


def place(report: Result) -> str:
    """Return what was measured or read: network and data, or the file."""
    model = report.scenario.model
    if isinstance(model, MatrixModel):
        files = [model.file, *([model.rhs] if model.rhs else [])]
        return ", ".join(_relative(report, file) for file in files)
    if isinstance(model, NetworkModel):
        return _network(report, model)
    if isinstance(model, MeasurementModel):
        file = "a measurement handed over" if model.file is None else _relative(report, model.file)
        facts = _facts(report)
        return f"{file} ({facts})" if facts else file
    return f"model.given of {report.scenario.name}"


def _network(report: Result, model: NetworkModel) -> str:
    kind = str(model.architecture)
    weights = (
        f"trained with seed {model.train.seed}"
        if model.checkpoint is None
        else f"checkpoint {_relative(report, model.checkpoint)}"
    )
    pruned = f", {model.prune.fraction:.0%} pruned" if model.prune.fraction else ""
    return f"{kind} on {model.dataset.kind}, {weights}{pruned}"


def _facts(report: Result) -> str:
    """Return what a stored measurement says about its network."""
    details = report.measurement.details
    words = [str(details[key]) for key in ("architecture", "dataset", "file") if details.get(key)]
    return ", ".join(words)


def _relative(report: Result, file: Path) -> str:
    """Return a path as the model file writes it, so that no report holds a path of a machine."""
    folder = report.scenario.folder
    return str(file.relative_to(folder)) if file.is_relative_to(folder) else file.name


def _of_model(report: Result, name: str, quantity: Quantity) -> Origin:
    words = _words(quantity)
    if not isinstance(report.scenario.model, GivenModel):
        return Origin("measured", words or place(report))
    key = MADE_OF.get(name, NAMED_OTHERWISE.get(name, name))
    if report.scenario.raw["model"]["given"].get(key) is None:
        notes = (text for _, text in report.measurement.warnings if text.startswith(f"{key} "))
        return Origin("chosen", next(notes, words))
    return Origin("given", f"model.given.{key}: {words}" if words else f"model.given.{key}")


def _words(quantity: Quantity) -> str:
    """Return method and source, whichever there are."""
    source = "" if quantity.source == "this network" else quantity.source
    return ", ".join(filter(None, (quantity.method, source)))


def _key_of(report: Result, name: str) -> str | None:
    """Return the key of the file that says a value, None where it leaves the value to us."""
    algorithm: dict[str, Any] = dict(report.scenario.raw.get("algorithm", {}))
    nested = {
        f"algorithm.{outer}.{key}": value
        for outer, section in algorithm.items()
        if isinstance(section, dict)
        for key, value in section.items()
    }
    keys = {f"algorithm.{key}": value for key, value in algorithm.items()} | nested
    wanted = NAMED_OTHERWISE.get(name, name)
    for path, value in keys.items():
        if path.rsplit(".", 1)[-1] == wanted and value is not None and value != "auto":
            is_default = path in {known for known, _ in report.scenario.defaults}
            return f"{path}, a default" if is_default else path
    return None
