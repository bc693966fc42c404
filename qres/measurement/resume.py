"""Measurements that go on where they were stopped, and what is left of those that end early.

While a network is measured a journal lies beside its entry in the store; the same command finds it
again, after Ctrl-C or a killed process alike. Where the work ends early in a way that can be told,
what was measured until then is kept too, marked partial: it can be read, not estimated with.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from qres.errors import InputError
from qres.files import write_atomic
from qres.measurement.journal import Journal, opened_journal
from qres.measurement.record import Measurement
from qres.measurement.store import DamagedEntryError, Store


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with what is left in words."""


def measure_resumable(
    folder: Path, key: str, make: Callable[[], Measurement], *, device: str | None
) -> Measurement:
    """Make a measurement, from the journal of its last run as far as that goes.

    Args:
        folder: of the store.
        key: of the entry that is made.
        make: measures, asking the current journal.
        device: that products are computed on.

    Raises:
        InputError: as `make` does; the message says where the partial measurement is.
        Interrupted: on Ctrl-C, the same.
    """
    partial = folder / f"{key}.partial.json"
    with (
        joined(device) as (rank, lead),
        opened_journal(folder / f"{key}.journal", rank=rank, lead=lead) as journal,
    ):
        try:
            found = make()
        except KeyboardInterrupt as error:
            kept = _keep_partial(partial, journal, "it was interrupted")
            raise Interrupted(f"interrupted; the same command goes on from here{kept}") from error
        except InputError as error:
            kept = _keep_partial(partial, journal, str(error))
            raise InputError(f"{error}{kept}") from error
    partial.unlink(missing_ok=True)
    return found


def keep_measurement(store: Store, key: str, make: Callable[[], Measurement]) -> Measurement:
    """Return a measurement from the store, or make and keep it."""

    def read(payload: bytes) -> Measurement:
        return Measurement.from_dict(json.loads(payload))

    payload, is_damaged = keep_entry(
        store, key, lambda: json.dumps(make().to_dict()).encode(), check=read
    )
    measurement = read(payload)
    if is_damaged:
        text = f"a damaged entry of the result store was measured again ({store.folder / key})"
        return replace(measurement, warnings=(*measurement.warnings, ("W-CACHE", text)))
    return measurement


def keep_entry(
    store: Store,
    key: str,
    make: Callable[[], bytes],
    check: Callable[[bytes], object] = bytes,
) -> tuple[bytes, bool]:
    """Return an entry of the store, made if need be, and whether it had been damaged.

    A team goes by the store of its first process, whatever the others have in theirs: its entry is
    told to all, and where it has none all make it, and take what the first has made.

    Args:
        store: of this process.
        key: of the entry.
        make: makes it.
        check: raises where it cannot read the entry, which is damaged then, as it is where its checksum
            says so.
    """
    lead = _find_lead()
    payload, is_damaged = lead(_look_up(store, key, check))
    if payload is not None:
        return payload, False
    if store.is_stored_only:
        raise InputError(
            "--no-measure: this model was not measured before; run 'qres measure' first"
        )
    store.check_writable()
    payload = lead(make())
    store.put(key, payload)
    return payload, is_damaged


def _look_up(store: Store, key: str, check: Callable[[bytes], object]) -> tuple[bytes | None, bool]:
    """Return an entry of the store, None if there is none, and whether it is damaged."""
    try:
        payload = store.get(key)
        if payload is not None:
            check(payload)
    except InputError:
        raise
    except (DamagedEntryError, KeyError, TypeError, ValueError, AttributeError):
        return None, True
    return payload, False


def _find_lead() -> Callable[[Any], Any]:
    """Return what tells all processes that have joined what the first one has."""
    if _is_alone():
        return lambda item: item
    from qres.measurement.team import find_team

    return find_team().lead


@contextmanager
def joined(device: str | None) -> Iterator[tuple[int, Callable[[object], object]]]:
    """Join the other processes, where there are any: torch is loaded only then.

    Inside another it joins nothing anew: a second meeting at the same address may fail.
    """
    if _is_alone():
        yield 0, lambda item: item
        return
    from qres.measurement.team import joined_team

    with joined_team(device) as team:
        yield team.rank, team.lead


def _is_alone() -> bool:
    """Say whether no other process was started beside this one."""
    return int(os.environ.get("WORLD_SIZE", "1")) == 1


def _keep_partial(path: Path, journal: Journal, reason: str) -> str:
    """Write what is known so far, and say where; nothing where nothing is known."""
    if not journal.found:
        return ""
    text = f"this measurement is not complete: {reason}"
    partial = Measurement(
        subject="network",
        values=journal.found,
        warnings=(("W-PARTIAL", text),),
        details={"partial": True},
    )
    write_atomic(path, json.dumps(partial.to_dict(), indent=2) + "\n")
    return f"; what was measured until then: {path}"
