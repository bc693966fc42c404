"""The result store: what was measured once is found again by what it depended on.

An entry is a file named by the sha256 of the canonical JSON of its dependencies (model, settings,
hashes of files, versions). Its first line carries a checksum of the rest, so damage is seen; writes
are atomic and entries never change, so any number of runs may share a store.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from qres._version import __version__
from qres.errors import InputError
from qres.files import write_atomic

FORMAT = "qres-measurement/8"
"""Changes whenever the same inputs would be measured to something else."""

ADVICE = "set QRES_CACHE to a writable folder"


class DamagedEntryError(Exception):
    """An entry of the store does not match its checksum."""


@dataclass(frozen=True)
class Store:
    """A folder of entries.

    Args:
        folder: need not exist yet.
        is_stored_only: whether what is not in the store may not be made.
    """

    folder: Path
    is_stored_only: bool = False

    @classmethod
    def open(cls, *, is_stored_only: bool = False) -> Store:
        """Return the store of this user: `$QRES_CACHE`, or `~/.cache/qres`."""
        named = os.environ.get("QRES_CACHE")
        folder = Path(named).expanduser() if named else Path.home() / ".cache" / "qres"
        return cls(folder, is_stored_only)

    def check_writable(self) -> None:
        """Refuse a store that cannot be written, before long work starts.

        Raises:
            InputError: one line that names the folder.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputError(
                f"{self.folder}: the result store cannot be written ({reason}); {ADVICE}"
            ) from None

    def get(self, key: str) -> bytes | None:
        """Return the content of an entry, None if there is none.

        Raises:
            DamagedEntryError: there is one, but not as it was written.
        """
        try:
            content = (self.folder / key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DamagedEntryError(f"{key}: {error.strerror}") from None
        checksum, _, payload = content.partition(b"\n")
        if checksum.decode("ascii", "replace") != _digest(payload):
            raise DamagedEntryError(key)
        return payload

    def put(self, key: str, payload: bytes) -> None:
        """Write an entry, whole or not at all."""
        self.check_writable()
        write_atomic(self.folder / key, _digest(payload).encode() + b"\n" + payload)

    def drop(self, key: str) -> None:
        """Remove an entry, if there is one."""
        (self.folder / key).unlink(missing_ok=True)


def make_key(**dependencies: Any) -> str:
    """Return the name of the entry that depends on this plain JSON, and on our own version."""
    named = {"format": FORMAT, "qres": __version__, **dependencies}
    return _digest(json.dumps(named, sort_keys=True, separators=(",", ":")).encode())


def hash_file(path: Path | None) -> str | None:
    """Return the sha256 of a file's content, None for no file.

    Raises:
        InputError: it cannot be read.
    """
    if path is None:
        return None
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is not a regular file")
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def find_versions(*distributions: str) -> dict[str, str]:
    """Return the installed version of each distribution, without importing it.

    Raises:
        InputError: one is not installed.
    """
    found = {}
    for name in distributions:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            raise explain_missing(name) from None
    return found


def explain_missing(name: str) -> InputError:
    """Return the error that says how to install what measuring a network needs."""
    return InputError(
        f"measuring a network needs {name}, which is not installed: "
        "pip install 'qres-estimator[measure]'"
    )


def _digest(payload: bytes) -> str:
    """Return a sha256 in hexadecimal."""
    return hashlib.sha256(payload).hexdigest()
