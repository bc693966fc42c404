"""What trained weights depend on, as plain JSON: the names of entries in the result store.

What is left at its default is left out where the setting came later than the first entries, so that
these are still found.
"""

from __future__ import annotations

from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any

from qres.config.record import DataSource, NetworkModel
from qres.measurement.store import hash_file


def describe_dependencies(model: NetworkModel) -> dict[str, Any]:
    """Return what the trained weights depend on, besides versions.

    Raises:
        InputError: a file cannot be read.
    """
    return {
        "architecture": asdict(model.architecture),
        "dataset": _describe_data(model.dataset),
        "train": _changed(model.train),
        "prune": _changed(model.prune),
        "checkpoint": hash_file(model.checkpoint),
        "checkpoint_name": model.checkpoint and model.checkpoint.name,
    }


def is_users_code(model: NetworkModel) -> bool:
    """Say whether network or data come from code of the user's, which may change unseen."""
    return "python" in (model.architecture.kind, model.dataset.kind)


def _describe_data(source: DataSource) -> str | dict[str, Any]:
    """Return the kind alone where nothing else counts; files by their content."""
    found = _changed(source)
    if source.path is not None:
        found["path"] = _hash(source.path)
    return source.kind if len(found) == 1 else found


def _hash(path: Path) -> Any:
    """Return the hash of a file, or of each file of a folder by its name."""
    if path.is_dir():
        return {file.name: hash_file(file) for file in path.iterdir() if file.is_file()}
    return hash_file(path)


def _changed(record: Any) -> dict[str, Any]:
    """Return the fields that have no default, or another value than that."""
    return {
        field.name: getattr(record, field.name)
        for field in fields(record)
        if field.default is MISSING or getattr(record, field.name) != field.default
    }
