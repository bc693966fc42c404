"""Find the members: every module of a folder that has a `MEMBER`."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from qres.notation import catalogue
from qres.physical.base import Code, Factory, Layout


@cache
def members(family: str) -> dict[str, Any]:
    """Return the members of `codes`, `factories` or `layouts` by name."""
    return catalogue.members(importlib.import_module(f"qres.physical.{family}"), "MEMBER")


def find_code(name: str | Code) -> Code:
    """Return the code of that name, or itself; InputError with the nearest names otherwise."""
    if not isinstance(name, str):
        return name
    return catalogue.pick(members("codes"), name, "unknown code")


def find_factory(name: str | Factory) -> Factory:
    """Return the factory of that name, or itself; InputError with the nearest names otherwise."""
    if not isinstance(name, str):
        return name
    return catalogue.pick(members("factories"), name, "unknown factory")


def find_layout(name: str) -> Layout:
    """Return the layout of that name; InputError with the nearest names otherwise."""
    return catalogue.pick(members("layouts"), name, "unknown layout")
