"""The one reader, the one writer, and the one path to the data that ships with qres.

YAML is read from the parser's events and never by constructing objects: what reaches the caller is
plain (dict, list, str, int, float, bool, None), every value knows its line, and tags, anchors,
aliases, merge keys and repeated keys are refused.
"""

from __future__ import annotations

import math
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from qres.errors import InputError

MAX_TEXT_BYTES = 16 * 2**20
"""Text files (YAML, JSON) larger than this are refused."""

MAX_YAML_BYTES = 2**20
"""YAML larger than this is refused: its parser is slow."""

MAX_DEPTH = 24
"""YAML nested deeper than this is refused."""

YamlPath = tuple[str | int, ...]
"""Keys and list positions that lead to a value."""


def data_path(name: str) -> Path:
    """Return the path of a file or folder of shipped data, such as `models/digits-mlp.yaml`.

    In an installed wheel the data lies inside the package; in a checkout or an editable install it
    lies beside it.
    """
    package = Path(__file__).resolve().parent
    inside = package / "data"
    return (inside if inside.is_dir() else package.parent / "data") / name


def read_bytes(path: Path, *, limit: int = MAX_TEXT_BYTES) -> bytes:
    """Return the content of `path`.

    Raises:
        InputError: no such file, not a file, not readable, or larger than `limit` bytes.
    """
    try:
        if path.is_dir():
            raise InputError(f"{path}: is a folder, not a file")
        size = path.stat().st_size
        if size > limit:
            raise InputError(f"{path}: {size:,} bytes, at most {limit:,} are read")
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def read_text(path: Path, *, limit: int = MAX_TEXT_BYTES) -> str:
    """Return the content of a UTF-8 file; errors as `read_bytes`."""
    try:
        return read_bytes(path, limit=limit).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start})") from None


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write `content` to `path`, whole or not at all.

    The content goes to a temporary file in the same folder first and replaces `path` in one step,
    so neither Ctrl-C nor a full disk leaves half a file.

    Raises:
        InputError: the folder does not exist or cannot be written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InputError(f"{path}: cannot be written ({error.strerror})") from None
        raise


@dataclass(frozen=True)
class Document:
    """A YAML file as plain data that remembers its lines.

    Args:
        path: the file.
        data: its content.
        lines: line (from 1) of each key and list item.
    """

    path: Path
    data: dict[str, Any]
    lines: Mapping[YamlPath, int]

    def line(self, path: YamlPath) -> int:
        """Return the line of `path`, or of the nearest key above it that the file has."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_yaml(path: Path) -> Document:
    """Read a YAML file whose top level is a mapping.

    Raises:
        InputError: not readable, not YAML, or more than plain data; the line says where.
    """
    text = read_text(path, limit=MAX_YAML_BYTES)
    data, lines = parse_yaml(text, name=str(path))
    if not isinstance(data, dict):
        raise InputError(f"{path}:1: expected a mapping of keys to values")
    return Document(path, data, lines)


def parse_yaml(text: str, *, name: str) -> tuple[Any, dict[YamlPath, int]]:
    """Return the plain value of one YAML document and the line of each path; None if empty.

    Args:
        text: the YAML.
        name: of the file, for error messages.
    """
    reader = _YamlReader(name, YAML(typ="safe", pure=True).parse(text))
    try:
        return reader.document(), reader.lines
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reader.refuse(mark.line if mark else 0, f"not valid YAML ({error.problem})")
    except InputError:
        raise
    except (YAMLError, ValueError, OverflowError, IndexError, AssertionError) as error:
        first_line = (str(error).splitlines() or ["?"])[0]
        raise InputError(f"{name}: not valid YAML ({first_line})") from None


class _YamlReader:
    """Walks the events of one document and builds plain values."""

    def __init__(self, name: str, events: Iterator[Event]) -> None:
        self.name = name
        self.events = events
        self.lines: dict[YamlPath, int] = {}

    def refuse(self, line: int, problem: str) -> NoReturn:
        raise InputError(f"{self.name}:{line + 1}: {problem}") from None

    def document(self) -> Any:
        value = None
        for number, event in enumerate(self.events):
            if isinstance(event, DocumentStartEvent):
                if number > 1:
                    self.refuse(event.start_mark.line, "a second document begins; one is read")
                value = self.node(next(self.events), ())
        return value

    def node(self, event: Event, path: YamlPath) -> Any:
        line = event.start_mark.line
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            self.refuse(line, "anchors and aliases (&, *) are not read; write the value out")
        if tag := getattr(event, "tag", None):
            self.refuse(line, f"tags such as {tag!r} are not read")
        if len(path) > MAX_DEPTH:
            self.refuse(line, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, MappingStartEvent):
            return self.mapping(path)
        if isinstance(event, SequenceStartEvent):
            return self.sequence(path)
        if isinstance(event, ScalarEvent):
            return self.scalar(event)
        return self.refuse(line, "not valid YAML")

    def mapping(self, path: YamlPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            line = event.start_mark.line
            if not isinstance(event, ScalarEvent):
                self.refuse(line, "a key must be plain text")
            self.node(event, path)
            key = event.value
            if key == "<<" and event.style is None:
                self.refuse(line, "merge keys (<<) are not read; write the keys out")
            if key in result:
                self.refuse(line, f"key {key!r} appears twice")
            self.lines[(*path, key)] = line + 1
            result[key] = self.node(next(self.events), (*path, key))
        return result

    def sequence(self, path: YamlPath) -> list[Any]:
        result: list[Any] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            here = (*path, len(result))
            self.lines[here] = event.start_mark.line + 1
            result.append(self.node(event, here))
        return result

    def scalar(self, event: ScalarEvent) -> Any:
        if event.style is not None and event.style != "":
            return event.value
        try:
            return plain_scalar(event.value)
        except ValueError as error:
            self.refuse(event.start_mark.line, str(error))


_WORDS: dict[str, Any] = {"": None, "~": None}
_WORDS |= dict.fromkeys(("null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True)
_WORDS |= dict.fromkeys(("false", "False", "FALSE"), False)
_INTEGER = re.compile(r"[-+]?[0-9]+(_[0-9]+)*")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(_[0-9]+)*(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.?(inf|infinity)|[-+]?\.?nan", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?")


def plain_scalar(text: str) -> str | int | float | bool | None:
    """Return what unquoted YAML text means: YAML 1.2, so `no` is a word and `1e8` a number.

    Raises:
        ValueError: a date, or a number that is not finite.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _FLOAT.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise ValueError(f"{shorten(text)} is larger than any number that is read (1.8e308)")
        return int(text) if _INTEGER.fullmatch(text) else value
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text}: a number must be finite")
    if _DATE.fullmatch(text):
        raise ValueError(f"{shorten(text)} is read as a date; put it in quotes if it is text")
    return text


def shorten(text: str, *, limit: int = 40) -> str:
    """Return `text` cut to `limit` characters, the cut marked."""
    return text if len(text) <= limit else text[: limit - 3] + "..."
