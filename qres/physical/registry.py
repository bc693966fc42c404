"""Find the members: every module of a folder that has a `MEMBER`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from qres.errors import InputError, nearest
from qres.physical.base import Code, Factory, Layout


@cache
def members(family: str) -> dict[str, Any]:
    """Return the members of `codes`, `factories` or `layouts` by name."""
    package = importlib.import_module(f"qres.physical.{family}")
    modules = (
        importlib.import_module(f"{package.__name__}.{info.name}")
        for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name)
    )
    found = (module.MEMBER for module in modules if hasattr(module, "MEMBER"))
    return {member.name: member for member in found}


def _member(family: str, word: str, name: str) -> Any:
    known = members(family)
    if name not in known:
        raise InputError(f"unknown {word} '{name}'{nearest(name, known)}")
    return known[name]


def find_code(name: str) -> Code:
    """Return the code of that name; InputError with the nearest names otherwise."""
    return _member("codes", "code", name)


def find_factory(name: str) -> Factory:
    """Return the factory of that name; InputError with the nearest names otherwise."""
    return _member("factories", "factory", name)


def find_layout(name: str) -> Layout:
    """Return the layout of that name; InputError with the nearest names otherwise."""
    return _member("layouts", "layout", name)
