"""Runs of a factory that are thrown away, and whether the time of a job holds them.

The cycles of most factories are those expected until a run is kept. Those of `ccz2t` are kept as
published, without any such run. Where a factory of that kind sets the time, the time is low by this
part: an assumption that is told. Elsewhere the factories wait for the rest of the machine, and what is
thrown away first uses up their slack.
"""

from __future__ import annotations

from qres.physical.record import MachineCost
from qres.physical.registry import find_factory


def are_discards_charged(cost: MachineCost) -> bool:
    """Return whether the cycles hold the runs that are thrown away.

    Args:
        cost: a single job that fits, with a factory.
    """
    return find_factory(cost.factory.split()[0]).charges_discards


def discard_assumptions(cost: MachineCost) -> tuple[str, ...]:
    """Return in a line what a time leaves out, where a factory sets it; empty where nothing is left out.

    Args:
        cost: a single job, feasible or not.
    """
    if not cost.is_feasible or cost.limited_by != "factory" or are_discards_charged(cost):
        return ()
    return (
        f"{cost.factory} sets the time at its published pace, which leaves out runs that are thrown"
        f" away ({cost.factory_failure:.1e} of those of its last level)",
    )
