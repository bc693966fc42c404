"""`--set a.b=v`: single values of a `model.yaml` changed before it is checked."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NoReturn

from qres.errors import InputError
from qres.files import YamlPath, parse_yaml

Override = str | tuple[str, Any]
"""`"algorithm.n_steps=10"`, or the dotted path and the value."""


@dataclass(frozen=True)
class Setting:
    """One override, parsed.

    Args:
        path: keys and list positions.
        value: plain data.
        label: how an error message names it.
    """

    path: YamlPath
    value: Any
    label: str


def parse_overrides(overrides: Iterable[Override]) -> list[Setting]:
    """Return the settings in order.

    Raises:
        InputError: no `=`, an empty key, or a value that is not YAML.
    """
    return [_parse(override) for override in overrides]


def parse_setting(text: str) -> tuple[str, Any]:
    """Return the name and the value of `name=value`, the value read as YAML."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise InputError(f"--set {text}: expected name=value")
    return name.strip(), parse_yaml(value, name=f"--set {name.strip()}")[0]


def apply_settings(data: dict[str, Any], settings: Iterable[Setting]) -> dict[str, Any]:
    """Return a copy of `data` with each setting in its place; missing mappings are made.

    Raises:
        InputError: a path leads through a value that has no keys, or past the end of a list.
    """
    result = copy.deepcopy(data)
    for setting in settings:
        here: Any = result
        for part, following in pairwise(setting.path):
            here = _step(here, part, following, setting)
        _put(here, setting)
    return result


def _parse(override: Override) -> Setting:
    if isinstance(override, str):
        dotted, value = parse_setting(override)
        label = f"--set {override}"
    else:
        dotted, value = override
        label = f"override {dotted}"
    path = tuple(int(part) if part.isdecimal() else part for part in dotted.split("."))
    if "" in path:
        raise InputError(f"{label}: an empty key in '{dotted}'")
    return Setting(path, value, label)


def _step(here: Any, part: str | int, following: str | int, setting: Setting) -> Any:
    """Return what lies under `part`; a mapping is made where there is nothing."""
    if isinstance(here, dict):
        if here.get(str(part)) is None and isinstance(following, str):
            here[str(part)] = {}
        return here.get(str(part))
    if isinstance(here, list) and isinstance(part, int) and part < len(here):
        return here[part]
    return _no_place(setting)


def _put(here: Any, setting: Setting) -> None:
    part = setting.path[-1]
    if isinstance(here, dict):
        here[str(part)] = setting.value
    elif isinstance(here, list) and isinstance(part, int) and part < len(here):
        here[part] = setting.value
    else:
        _no_place(setting)


def _no_place(setting: Setting) -> NoReturn:
    raise InputError(f"{setting.label}: {dotted(setting.path)}: the model has no such place")


def dotted(path: YamlPath) -> str:
    """Return a path as it is written: `hardware.0`, `algorithm.n_steps`."""
    return ".".join(str(part) for part in path)
