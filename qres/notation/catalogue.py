"""How formulas are found: every module of a package that has `FORMULAS` offers them."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from qres.notation.formula import Formula


def collect(package: ModuleType) -> list[Formula]:
    """Return the formulas of a package and its sub-packages, in alphabetical order of module."""
    found: list[Formula] = []
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(info.name)
        found.extend(getattr(module, "FORMULAS", ()))
    return found
