"""The base of every section of `model.yaml`."""

from __future__ import annotations

import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, model_validator


class Section(BaseModel):
    """A mapping of `model.yaml`: unknown keys are refused, an empty one means its defaults."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        populate_by_name=False,
        use_attribute_docstrings=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_is_default(cls, data: Any) -> Any:
        return {} if data is None else data


def keys_of(section: type[Section]) -> dict[str, str]:
    """Return the keys of a section as the file spells them, each with the name of its field."""
    return {field.alias or name: name for name, field in section.model_fields.items()}


def sections_in(annotation: Any) -> dict[str, type[Section]]:
    """Return the sections that a field may hold, by tag (`kind` or `name`); "" if it has none."""
    if get_origin(annotation) is Annotated:
        return sections_in(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        found: dict[str, type[Section]] = {}
        for option in get_args(annotation):
            found |= sections_in(option)
        return found
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return {tag_of(annotation): annotation}
    return {}


def tag_of(section: type[Section]) -> str:
    """Return the literal that tells this section from its siblings, "" if it has none."""
    for name in ("kind", "name"):
        field = section.model_fields.get(name)
        if field is not None and len(get_args(field.annotation)) == 1:
            return get_args(field.annotation)[0]
    return ""
