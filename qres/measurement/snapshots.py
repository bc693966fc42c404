"""Weights on the way: trained once for all steps that are asked for, then found in the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from qres.measurement.record import Measurement

Make = Callable[[], bytes]


class Keep(Protocol):
    """Given how to make the weights after so many updates, returns them, stored or made."""

    def __call__(self, make: Make, *, step: int) -> bytes:
        """Return packed weights."""
        ...


class Snapshots:
    """Packed weights after chosen numbers of updates.

    Args:
        fit: trains once, and returns the weights after all of these numbers.
        keep: the store of weights.
    """

    def __init__(self, fit: Callable[[], Mapping[int, bytes]], keep: Keep) -> None:
        self._fit, self._keep = fit, keep
        self._found: Mapping[int, bytes] = {}

    def at(self, step: int) -> Callable[[Make], bytes]:
        """Return what gives the weights after `step` updates, whatever it is offered."""
        return lambda _: self._keep(lambda: self._train(step), step=step)

    def _train(self, step: int) -> bytes:
        """Train for all steps together, unless that was done, and keep the others too."""
        if not self._found:
            self._found = self._fit()
            for other, packed in self._found.items():
                self._keep(lambda packed=packed: packed, step=other)
        return self._found[step]


def add_readout(measurement: Measurement, readout: Measurement) -> Measurement:
    """Return a measurement with what was measured of its read-out alone."""
    return replace(
        measurement,
        values={**measurement.values, **readout.values},
        details={**measurement.details, **readout.details},
        warnings=measurement.warnings + readout.warnings,
    )
