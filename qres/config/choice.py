"""What a single value of `model.yaml` may be: choices, texts, file names, lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic_core import PydanticCustomError

from qres.config.check import Check, as_number, as_whole, refuse
from qres.errors import nearest


@dataclass(frozen=True)
class Choice(Check):
    """One of `now`; a value of `later` is documented but not available yet.

    Args:
        now: what may be chosen.
        later: what the design has and this version lacks.
        whole: a whole number from this on is accepted as well.
        later_numbers: any number that is not accepted is for later.
    """

    now: tuple[str | int, ...]
    later: tuple[str | int, ...] = ()
    whole: int | None = None
    later_numbers: bool = False

    @property
    def expected(self) -> str:
        """What is right, in words."""
        words = [str(option) for option in self.now]
        if self.whole is not None:
            words.append(f"a whole number >= {self.whole}")
        return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))

    def check(self, value: Any) -> str | int:
        """Return the chosen option."""
        number = as_number(value)
        whole = as_whole(value)
        option = value if whole is None else whole
        is_word = isinstance(option, str | int) and not isinstance(option, bool)
        if is_word and (option in self.now or self._is_open(whole)):
            return option
        if option in self.later or (self.later_numbers and number is not None):
            refuse(f"{option} is not available yet; use {self.expected}")
        return self.reject(value, self._hint(value))

    def _is_open(self, number: int | None) -> bool:
        return self.whole is not None and number is not None and number >= self.whole

    def _hint(self, value: Any) -> str:
        if not isinstance(value, str):
            return ""
        hint = nearest(value, [str(option) for option in self.now])
        return hint if "did you mean" in hint else ""

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value."""
        schema: dict[str, Any] = {"enum": list(self.now)}
        if self.whole is None:
            return schema
        return {"anyOf": [schema, {"type": "integer", "minimum": self.whole}]}


@dataclass(frozen=True)
class AutoOr(Check):
    """The word `auto`, or a value that passes `number`."""

    number: Check

    @property
    def expected(self) -> str:
        """What is right, in words."""
        return f"auto or {self.number.expected}"

    def check(self, value: Any) -> Any:
        """Return the word or the number."""
        if value == "auto":
            return value
        if as_number(value) is None:
            self.reject(value)
        return self.number.check(value)

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value."""
        return {"anyOf": [{"enum": ["auto"]}, self.number.json_schema()]}


@dataclass(frozen=True)
class Text(Check):
    """Printable text of one line; `None` passes where it is `optional`."""

    what: str = "text"
    max_length: int = 400
    optional: bool = False

    @property
    def expected(self) -> str:
        """What is right, in words."""
        return self.what

    def check(self, value: Any) -> str | None:
        """Return the text."""
        if value is None and self.optional:
            return None
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            self.reject(value)
        if len(value) > self.max_length:
            refuse(f"expected {self.what} of at most {self.max_length} characters")
        return value

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value."""
        kind = ["string", "null"] if self.optional else "string"
        return {"type": kind, "minLength": 1, "maxLength": self.max_length}


Member = Annotated[str, Text(what="the name of a member")]
"""A name that the storey of the algorithms knows; `load_scenario` is told which there are."""


@dataclass(frozen=True)
class FileName(Text):
    """The name of a file, by its suffix; whether it is there is asked by `config.load`."""

    suffixes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """What is right, in words."""
        return " or ".join([f"a file name ending in {' or '.join(self.suffixes)}", *self.words])

    def check(self, value: Any) -> str | None:
        """Return the name."""
        name = super().check(value)
        if name is None or name in self.words:
            return name
        if not name.lower().endswith(self.suffixes):
            self.reject(value)
        return name


@dataclass(frozen=True)
class Listing(Check):
    """A list of values that each pass `item`; a single value stands for a list of one."""

    item: Check
    at_least: int = 1
    at_most: int = 1000
    single: bool = False

    @property
    def expected(self) -> str:
        """What is right, in words."""
        return f"a list of {self.at_least} to {self.at_most} items, each {self.item.expected}"

    def check(self, value: Any) -> tuple[Any, ...]:
        """Return the items as a tuple."""
        if self.single and not isinstance(value, list | tuple):
            value = [value]
        if not isinstance(value, list | tuple):
            self.reject(value)
        if not self.at_least <= len(value) <= self.at_most:
            refuse(f"expected {self.expected}, found {len(value)}")
        return tuple(self._item(position, item) for position, item in enumerate(value))

    def _item(self, position: int, item: Any) -> Any:
        try:
            return self.item.check(item)
        except PydanticCustomError as error:
            refuse(error.message(), at=(position,))

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value."""
        listing: dict[str, Any] = {
            "type": "array",
            "items": self.item.json_schema(),
            "minItems": self.at_least,
            "maxItems": self.at_most,
        }
        return {"anyOf": [listing, self.item.json_schema()]} if self.single else listing
