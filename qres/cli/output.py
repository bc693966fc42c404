"""What is written where: data to stdout, `-o` files by suffix, everything else to stderr."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qres.errors import InputError

MAX_WIDTH = 100
MIN_WIDTH = 80


def check_targets(targets: Sequence[Path], suffixes: Sequence[str]) -> None:
    """Refuse, before the long work, what could not be written after it.

    Raises:
        InputError: a suffix that this command does not write, or a place that cannot be written.
    """
    for target in targets:
        if target.suffix not in suffixes:
            raise InputError(f"-o {target}: the suffix must be {' or '.join(suffixes)}")
        folder = target.parent
        if not folder.is_dir():
            raise InputError(f"-o {target}: no such folder: {folder}")
        if target.is_dir():
            raise InputError(f"-o {target}: is a folder, not a file")
        if not os.access(folder, os.W_OK) or (target.exists() and not os.access(target, os.W_OK)):
            raise InputError(f"-o {target}: cannot be written (permission denied)")


def width() -> int:
    """Return the columns of the terminal, within what the tables are made for."""
    columns = shutil.get_terminal_size((MAX_WIDTH, 40)).columns
    return max(MIN_WIDTH, min(columns, MAX_WIDTH))


def is_follower() -> bool:
    """Say whether this is one of several processes, and not the one that speaks for all."""
    return os.environ.get("RANK", "0") != "0"


def write_text(text: str) -> None:
    """Write one block of data to stdout."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def write_json(data: Any) -> None:
    """Write JSON to stdout."""
    write_text(json_text(data))


def json_text(data: Any, *, indent: int | None = 2) -> str:
    """Return `data` as JSON, in one line without an indent; NaN and infinity have no place in it."""
    marks = (",", ":") if indent is None else None
    found = json.dumps(data, indent=indent, separators=marks, allow_nan=False, ensure_ascii=False)
    return found + "\n"


def note(text: str) -> None:
    """Write one line to stderr."""
    print(f"qres: {text}", file=sys.stderr)


def paragraphs(texts: Sequence[str]) -> str:
    """Return texts below what they belong to, each wrapped to the terminal; nothing for none."""
    wrapped = (textwrap.fill(text, width(), subsequent_indent="  ") for text in texts)
    return "".join(f"\n{text}" for text in wrapped) + ("\n" if texts else "")


def columns(rows: Sequence[tuple[str, str]], *, indent: str = "") -> str:
    """Return rows of name and text, the texts aligned."""
    space = max((len(name) for name, _ in rows), default=0)
    return "".join(f"{indent}{name:<{space}}  {text}".rstrip() + "\n" for name, text in rows)
