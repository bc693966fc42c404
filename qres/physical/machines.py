"""Read machine profiles: `data/hardware/*.yaml`, or a path of the user's own.

Each field of a profile is `{value, unit, source}`, with `kind: assumed` or `fitted` where that is
what it is. A profile that lacks a field or a source is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from qres.config.record import Limits
from qres.errors import InputError, nearest
from qres.files import data_path, read_text
from qres.notation.quantity import Kind
from qres.physical.record import MAX_FACTORIES, FieldSource, Machine
from qres.physical.registry import find_code, find_factory, find_layout
from qres.physical.storage import STORAGES

SCHEMA = "qres-hardware/1"
UNLIMITED = Limits()
PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
NUMBERS = ("physical_error", "threshold", "prefactor")
TIMES = ("cycle_time", "reaction_time")
REQUIRED = (*NUMBERS, *TIMES, "code", "layout", "factories")
OPTIONAL = ("max_factories", "t_error", "correlated_event_rate", "storage")
RECORDED = {
    "cycle_time": "cycle_time_s",
    "reaction_time": "reaction_time_s",
    "layout": "layouts",
    "correlated_event_rate": "correlated_event_rate_per_s",
}
"""Fields that carry their unit, or are several, under their name in `Machine`."""
FIELD_KEYS = ("value", "unit", "source", "kind")


def machine_names() -> tuple[str, ...]:
    """Return the names of the machines that ship with qres."""
    return tuple(sorted(path.stem for path in data_path("hardware").glob("*.yaml")))


def load_machine(name_or_path: str | Path, limits: Limits = UNLIMITED) -> Machine:
    """Read a shipped machine by name, or a profile by path (with a `/` or a YAML suffix).

    Args:
        name_or_path: which.
        limits: most qubits and longest time on it, and how many of it there are.

    Raises:
        InputError: no such machine (with the nearest names), or a profile that is not right: the
            message is one line with file, field, and what was expected.
    """
    text = str(name_or_path)
    if "/" in text or text.endswith((".yaml", ".yml")):
        return replace(parse_machine(read_text(Path(text)), text), **asdict(limits))
    if text not in machine_names():
        raise InputError(f"unknown machine '{text}'{nearest(text, machine_names())}")
    path = data_path("hardware") / f"{text}.yaml"
    return replace(parse_machine(read_text(path), str(path)), **asdict(limits))


def parse_machine(text: str, place: str) -> Machine:
    """Read a profile from its text; `place` opens each error message."""
    profile = _mapping(_yaml(text, place), place)
    known = ("schema", "name", "description", *REQUIRED, *OPTIONAL)
    _refuse_unknown(profile, known, place)
    missing = [key for key in ("schema", "name", *REQUIRED) if key not in profile]
    if missing:
        raise InputError(f"{place}: missing {', '.join(missing)}")
    if profile["schema"] != SCHEMA:
        raise InputError(f"{place}: schema: expected {SCHEMA}, found {profile['schema']!r}")
    if not isinstance(profile["name"], str) or not profile["name"]:
        raise InputError(f"{place}: name: expected a word, found {profile['name']!r}")
    fields = {
        key: _field(profile[key], f"{place}: {key}")
        for key in (*REQUIRED, *OPTIONAL)
        if key in profile
    }
    return _machine(profile["name"], fields, place)


def _machine(name: str, fields: Mapping[str, Mapping[str, Any]], place: str) -> Machine:
    """Check ranges and names, and build the record."""
    numbers = {key: _ratio(fields[key], f"{place}: {key}") for key in NUMBERS}
    if numbers["threshold"] >= 1.0:
        raise InputError(
            f"{place}: threshold.value: expected below 1, found {numbers['threshold']}"
        )
    if numbers["physical_error"] >= numbers["threshold"]:
        raise InputError(
            f"{place}: physical_error.value: expected below the threshold "
            f"{numbers['threshold']:g}, found {numbers['physical_error']:g}"
        )
    times = {f"{key}_s": _seconds(fields[key], f"{place}: {key}") for key in TIMES}
    limit = fields.get("max_factories", {"value": MAX_FACTORIES})["value"]
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_FACTORIES:
        raise InputError(
            f"{place}: max_factories.value: expected 1 to {MAX_FACTORIES}, found {limit!r}"
        )
    rate = fields.get("correlated_event_rate")
    return Machine(
        name=name,
        t_error=_injection(fields, place),
        correlated_event_rate_per_s=(
            0.0 if rate is None else _rate(rate, f"{place}: correlated_event_rate")
        ),
        **numbers,
        **times,
        **_members(fields, place),
        max_factories=limit,
        storage=_storage(fields, place),
        sources={
            RECORDED.get(key, key): FieldSource(item["source"], item.get("kind", "given"))
            for key, item in fields.items()
        },
    )


def _members(fields: Mapping[str, Mapping[str, Any]], place: str) -> dict[str, Any]:
    """Return code, layout and factories, each a known name."""
    layout = fields["layout"]["value"]
    layouts = layout if isinstance(layout, list) else [layout]
    factories = fields["factories"]["value"]
    for key, names in (("layout", layouts), ("factories", factories)):
        if not isinstance(names, list) or not names or len(set(map(str, names))) < len(names):
            raise InputError(
                f"{place}: {key}.value: expected a list of different names, found {names!r}"
            )
    try:
        return {
            "code": find_code(str(fields["code"]["value"])).name,
            "layouts": tuple(find_layout(str(name)).name for name in layouts),
            "factories": tuple(find_factory(str(name)).name for name in factories),
        }
    except InputError as error:
        raise InputError(f"{place}: {error}") from None


def _injection(fields: Mapping[str, Mapping[str, Any]], place: str) -> float | None:
    """Return the error of injected T states, None where the profile has no such field."""
    if "t_error" not in fields:
        return None
    value = _ratio(fields["t_error"], f"{place}: t_error")
    if value >= 1.0:
        raise InputError(f"{place}: t_error.value: expected below 1, found {value:g}")
    return value


def _storage(fields: Mapping[str, Mapping[str, Any]], place: str) -> str:
    """Return the kind of cold storage, empty where the profile has none."""
    if "storage" not in fields:
        return ""
    value = str(fields["storage"]["value"])
    if value not in STORAGES:
        raise InputError(
            f"{place}: storage.value: unknown storage '{value}'{nearest(value, STORAGES)}"
        )
    return value


def _rate(item: Mapping[str, Any], place: str) -> float:
    """Return a rate per second, 0 included."""
    if item["unit"] != "1/s":
        raise InputError(f"{place}.unit: expected 1/s, found '{item['unit']}'")
    value = item["value"]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value < 0:
        raise InputError(f"{place}.value: expected a number from 0 on, found {value!r}")
    return float(value)


def _yaml(text: str, place: str) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        problem = " ".join(str(getattr(error, "problem", None) or "not YAML").split())
        raise InputError(f"{place}{line}: {problem.split(' with value ')[0]}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: not YAML that can be read ({error})") from None


def _mapping(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{place}: expected keys with values, found {value!r:.60}")
    return value


def _refuse_unknown(mapping: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    for key in mapping:
        if key not in known:
            raise InputError(f"{place}: unknown key '{key}'{nearest(str(key), known)}")


def _field(value: Any, place: str) -> Mapping[str, Any]:
    """Check that a field is `{value, unit, source}` with words in the right places."""
    item = _mapping(value, place)
    _refuse_unknown(item, FIELD_KEYS, place)
    missing = [key for key in FIELD_KEYS[:3] if item.get(key) in (None, "")]
    if missing:
        raise InputError(f"{place}: missing {', '.join(missing)}")
    for key in ("unit", "source"):
        if not isinstance(item[key], str) or not item[key].strip():
            raise InputError(f"{place}.{key}: expected words, found {item[key]!r}")
    kind = item.get("kind", "given")
    if kind not in get_args(Kind):
        raise InputError(f"{place}.kind: unknown kind '{kind}'{nearest(str(kind), get_args(Kind))}")
    return item


def _positive(item: Mapping[str, Any], place: str) -> float:
    value = item["value"]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value <= 0:
        raise InputError(f"{place}.value: expected a number above 0, found {value!r}")
    return float(value)


def _ratio(item: Mapping[str, Any], place: str) -> float:
    if item["unit"] != "1":
        raise InputError(f"{place}.unit: expected '1' (a plain number), found '{item['unit']}'")
    return _positive(item, place)


def _seconds(item: Mapping[str, Any], place: str) -> float:
    if item["unit"] not in PER_SECOND:
        raise InputError(
            f"{place}.unit: expected one of {', '.join(PER_SECOND)}, found '{item['unit']}'"
        )
    return _positive(item, place) / PER_SECOND[item["unit"]]
