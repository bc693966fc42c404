"""How members are found: a new formula, solver or machine part is one new file, nothing else."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from qres.errors import InputError, nearest
from qres.notation.formula import Formula


def collect(package: ModuleType) -> list[Formula]:
    """Return the formulas of a package and its sub-packages: each module's `FORMULAS`."""
    return [item for module in _modules(package) for item in getattr(module, "FORMULAS", ())]


def find_nearby(package: ModuleType, name: str) -> Formula | None:
    """Return the formula of that name from a module that looks like its home, None if none does.

    First those whose file holds the name, then those called like its member or its family. So one
    formula is found without importing all.
    """
    folder = Path(next(iter(package.__path__)))
    family, *rest = name.split(".")
    stems = {part.replace("-", "_") for part in (family, *rest[:-1])}
    files = sorted(folder.rglob("*.py"))
    holding = [file for file in files if f'"{name}"' in file.read_text(encoding="utf-8")]
    called = [file for file in files if file.stem in stems]
    for file in dict.fromkeys((*holding, *called)):
        path = ".".join(file.relative_to(folder).with_suffix("").parts)
        module = importlib.import_module(f"{package.__name__}.{path}")
        for item in getattr(module, "FORMULAS", ()):
            if item.name == name:
                return item
    return None


def members(package: ModuleType, attribute: str) -> dict[str, Any]:
    """Return what the modules of a package offer under `attribute`, by its `name`."""
    return {member.name: member for member in each(package, attribute)}


def each(package: ModuleType, attribute: str, likely: str = "") -> Iterator[Any]:
    """Yield what the modules of a package offer under `attribute`; a module is imported in its turn.

    Args:
        package: with the modules.
        attribute: of a module; those without it are passed over.
        likely: modules whose names begin with this come first.
    """
    for module in _modules(package, likely):
        member = getattr(module, attribute, None)
        if member is not None:
            yield member


def one(package: ModuleType, attribute: str, name: str, what: str) -> Any:
    """Return the member of that name; from the module that is called like it, without the others.

    Raises:
        InputError: there is none; `what` opens the message, the nearest names end it.
    """
    stem = name.replace("-", "_")
    if stem in (info.name for info in pkgutil.iter_modules(package.__path__)):
        module = importlib.import_module(f"{package.__name__}.{stem}")
        member = getattr(module, attribute, None)
        if member is not None and member.name == name:
            return member
    return pick(members(package, attribute), name, what)


def pick(options: dict[str, Any], name: str, what: str) -> Any:
    """Return the member of that name.

    Raises:
        InputError: there is none; `what` opens the message, the nearest names end it.
    """
    if name not in options:
        raise InputError(f"{what} '{name}'{nearest(name, options)}")
    return options[name]


def _modules(package: ModuleType, likely: str = "") -> Iterator[ModuleType]:
    opening = f"{package.__name__}."
    infos = pkgutil.walk_packages(package.__path__, opening)
    for info in sorted(infos, key=lambda info: not info.name.startswith(opening + likely)):
        yield importlib.import_module(info.name)
