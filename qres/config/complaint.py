"""From what pydantic finds wrong to one line that a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from qres.config.algorithm import LATER_KEYS, LATER_TAGS
from qres.config.check import Check, show
from qres.config.choice import Choice
from qres.config.section import Section, keys_of, sections_in
from qres.errors import nearest
from qres.files import YamlPath, shorten

MAPPING_ERRORS = ("model_type", "model_attributes_type", "dict_type")


@dataclass(frozen=True)
class Complaint:
    """What is wrong, and the path of the value that is."""

    path: YamlPath
    problem: str
    is_missing: bool = False


@dataclass(frozen=True)
class _Place:
    """Where an error sits: its path without tags, the section around it, and its siblings."""

    path: YamlPath
    section: type[Section] | None
    tag: str = ""
    siblings: tuple[tuple[str, type[Section]], ...] = ()


def complaints(error: ValidationError, root: type[Section]) -> list[Complaint]:
    """Return everything that is wrong, in pydantic's order."""
    return [_complaint(dict(item), root) for item in error.errors(include_url=False)]


def _complaint(item: dict[str, Any], root: type[Section]) -> Complaint:
    place = _locate(item["loc"], root)
    found = item["input"]
    match item["type"]:
        case "qres":
            return Complaint((*place.path, *item["ctx"]["at"]), item["msg"])
        case "extra_forbidden":
            return Complaint(place.path, _unknown_key(place))
        case "missing":
            return Complaint(place.path, f"missing; expected {_expected(place)}", True)
        case "union_tag_invalid":
            return _wrong_tag(place.path, item["ctx"])
        case "union_tag_not_found" if isinstance(found, dict):
            name = _tag_key(item["ctx"])
            tags = Choice(tuple(_options(place.section, place.path[-1])))
            return Complaint((*place.path, name), f"missing; expected {tags.expected}", True)
        case kind if kind in MAPPING_ERRORS or kind == "union_tag_not_found":
            return Complaint(place.path, f"expected a mapping, found {show(found)}")
    return Complaint(place.path, f"{item['msg']}, found {show(found)}")


def _locate(loc: tuple[str | int, ...], root: type[Section]) -> _Place:
    """Walk `loc` down the sections, dropping the tags that discriminated unions put in it."""
    place, rest = _Place((), root), list(loc)
    while rest:
        part = rest.pop(0)
        path = (*place.path, part)
        options = _options(place.section, part) if rest else {}
        if len(options) > 1 or any(options):
            tag = str(rest.pop(0))
            place = _Place(path, options.get(tag), tag, tuple(options.items()))
        elif options:
            place = _Place(path, options[""])
        elif rest:
            place = _Place(path, None)
        else:
            place = _Place(path, place.section, place.tag, place.siblings)
    return place


def _options(section: type[Section] | None, key: str | int) -> dict[str, type[Section]]:
    if section is None:
        return {}
    field = section.model_fields.get(keys_of(section).get(str(key), ""))
    return {} if field is None else sections_in(field.annotation)


def _unknown_key(place: _Place) -> str:
    """Say whose key it is, or which key is near."""
    key = str(place.path[-1])
    owners = [tag for tag, sibling in place.siblings if key in keys_of(sibling)]
    if owners:
        names = " and ".join(filter(None, [", ".join(owners[:-1]), owners[-1]]))
        return f"belongs to {names}, not {place.tag}"
    if place.path[:-1] == ("algorithm",):
        for algorithm, keys in LATER_KEYS.items():
            if key in keys:
                return f"belongs to {algorithm}, which is not available yet, not {place.tag}"
    return f"unknown key{nearest(key, keys_of(place.section))}" if place.section else "unknown key"


def _expected(place: _Place) -> str:
    """Say what a missing key should hold."""
    section = place.section
    if section is None:
        return "a value"
    field = section.model_fields[keys_of(section)[str(place.path[-1])]]
    for check in field.metadata:
        if isinstance(check, Check):
            return check.expected
    return "a mapping"


def _wrong_tag(path: YamlPath, context: dict[str, Any]) -> Complaint:
    name = _tag_key(context)
    now = tuple(tag.strip(" '") for tag in context["expected_tags"].split(","))
    try:
        Choice(now, later=LATER_TAGS.get(_words(path), ())).check(context["tag"])
    except PydanticCustomError as error:
        return Complaint((*path, name), error.message())
    return Complaint((*path, name), f"{shorten(context['tag'])} is not known")


def _tag_key(context: dict[str, Any]) -> str:
    """Return the key that tells sections apart; the one function that does it reads `kind`."""
    name = context["discriminator"]
    return "kind" if name.endswith("()") else name.strip("'")


def _words(path: YamlPath) -> tuple[str, ...]:
    return tuple(str(part) for part in path)
