"""How members are found: a new formula, solver or machine part is one new file, nothing else."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from qres.errors import InputError, nearest
from qres.notation.formula import Formula


def collect(package: ModuleType) -> list[Formula]:
    """Return the formulas of a package and its sub-packages: each module's `FORMULAS`."""
    return [item for module in _modules(package) for item in getattr(module, "FORMULAS", ())]


def members(package: ModuleType, attribute: str) -> dict[str, Any]:
    """Return what the modules of a package offer under `attribute`, by its `name`."""
    found = [getattr(module, attribute, None) for module in _modules(package)]
    return {member.name: member for member in found if member is not None}


def pick(options: dict[str, Any], name: str, what: str) -> Any:
    """Return the member of that name.

    Raises:
        InputError: there is none; `what` opens the message, the nearest names end it.
    """
    if name not in options:
        raise InputError(f"{what} '{name}'{nearest(name, options)}")
    return options[name]


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(info.name)
