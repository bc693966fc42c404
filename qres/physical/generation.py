r"""Sizes of the listed factories: what `data/hardware/factories.csv` holds, and how it came about.

At a few reference machines sizes are generated level by level: of all that a level can make, one per
decade of error goes on, that of the smallest qubits x cycles. Of one level alone all go on that no other
matches in error, qubits and cycles. The list of a factory is the union over the references.
`qres` reads the list only; `table_text` writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from qres.physical.base import Code
from qres.physical.distillation import (
    EIGHT_TO_CCZ,
    FIFTEEN_TO_ONE,
    Feed,
    Protocol,
    distil_level,
    fitting_feeders,
)
from qres.physical.factories.concatenated import MEMBER as CONCATENATED
from qres.physical.factories.concatenated import Bottom, Concatenated, lowest_level
from qres.physical.factories.cultivated_eight_to_ccz import MEMBER as CULTIVATED_EIGHT
from qres.physical.factories.cultivated_fifteen_to_one import MEMBER as CULTIVATED_FIFTEEN
from qres.physical.factories.cultivation import simulations
from qres.physical.factories.eight_to_ccz import MEMBER as EIGHT
from qres.physical.factories.eight_to_ccz import EightToCcz
from qres.physical.factories.fifteen_to_one import MEMBER as ONE_LEVEL
from qres.physical.factories.fifteen_to_one import all_sizes
from qres.physical.machines import load_machine
from qres.physical.record import Machine
from qres.physical.registry import find_code
from qres.physical.tables import unmatched

BASE = "superconducting-1e-3"
"""Machine whose code and constants the references share; they differ in their physical error."""
RATIOS_TO_THRESHOLD = (1e-3, 1e-2, 0.1, 0.3)
"""Physical errors of the references, over the threshold."""
NOISY_T = (1e-2, 0.05)
"""One reference more: its ratio, and the error of its T states, as of Majorana qubits."""
ONE_LEVEL_RATIOS = (1e-3, 1e-2, 0.05, 0.1, 0.2, 0.4)
"""The same for one level alone, which is searched finely."""
CLEAN_T = (0.1, 1e-6)
"""One reference more for one level alone: T states better than the other operations."""
GENERATED = (CONCATENATED, EIGHT, CULTIVATED_FIFTEEN, CULTIVATED_EIGHT)
LEVELS = 5
"""Most levels that are generated; four reach 1e-60 at a physical error of 1e-3."""
ENOUGH = 1e-52
"""Output error beyond which no further level is generated: 1e40 states within 1e-12."""
LARGEST = 151
"""Largest distance $d_X$ of a level."""
RATIOS = (0.34, 0.52)
r"""Range of $d_Z / d_X$, with $d_m = d_Z$; the published two-level rows have 0.36 to 0.45."""
USEFUL_ERROR = 0.05
"""A level whose output is worse does not feed another."""


def table_text() -> str:
    """Return the content of `factories.csv`: name of the factory, then the numbers of a size."""
    head = "factory,level_1,,,feeders,distance_x,distance_z,distance_m"
    rows = [
        ",".join([factory.name, *(str(number) for number in np.trim_zeros(size, "b"))])
        for factory in GENERATED
        for size in generated_sizes(factory)
    ]
    one_level = [f"{ONE_LEVEL.name},{x},{z},{m}" for x, z, m in one_level_sizes()]
    rows = [*one_level, *rows]
    return "\n".join([head, *rows]) + "\n"


def one_level_sizes() -> np.ndarray:
    """Return the sizes of 15-to-1 alone that no other matches at some reference."""
    base, sizes = load_machine(BASE), all_sizes()
    machines = [replace(base, physical_error=r * base.threshold) for r in ONE_LEVEL_RATIOS]
    machines += [
        replace(base, physical_error=ratio * base.threshold, t_error=t_error)
        for ratio, t_error in (NOISY_T, CLEAN_T)
    ]
    is_kept = np.zeros(len(sizes), dtype=bool)
    for machine in machines:
        table = ONE_LEVEL.tabulate(machine, find_code(machine.code), sizes)
        order = np.lexsort((table.cycles, table.qubits, table.error))
        ranks = np.stack([table.qubits, table.cycles])
        is_kept[unmatched(order[table.error[order] < 1.0], ranks)] = True
    return sizes[is_kept]


def generated_sizes(factory: Concatenated | EightToCcz) -> np.ndarray:
    """Return the sizes of a factory that are worth a search at some reference."""
    code = find_code(load_machine(BASE).code)
    parts = []
    for machine in references(factory.bottom):
        levels = generate(machine, code, factory.bottom)
        if isinstance(factory, Concatenated):
            parts += [sizes for sizes, _ in levels[1:]]
            continue
        for below, feed in levels:
            sizes, made = grown(machine, code, EIGHT_TO_CCZ, below, feed)
            parts += [sizes[thinned(made)]] if len(sizes) else []
    return np.unique(padded(parts), axis=0)


def references(bottom: Bottom) -> list[Machine]:
    """Return the machines to generate at; for cultivation those that were simulated."""
    base = load_machine(BASE)
    errors = [ratio * base.threshold for ratio in RATIOS_TO_THRESHOLD]
    if bottom.name == "cultivation":
        errors = np.unique(simulations()[:, 0]).tolist()
        return [replace(base, physical_error=error) for error in errors]
    noisy = replace(base, physical_error=NOISY_T[0] * base.threshold, t_error=NOISY_T[1])
    return [*(replace(base, physical_error=error) for error in errors), noisy]


def generate(machine: Machine, code: Code, bottom: Bottom) -> tuple[tuple[np.ndarray, Feed], ...]:
    """Return (sizes, feed) of each depth from 1 on, thinned to one size per decade of error."""
    sizes = bottom.grid(machine, code)
    feed = lowest_level(machine, code, sizes, bottom)
    thin = thinned(feed)
    found = [(sizes[thin], feed.take(thin))]
    while len(found) < LEVELS and found[-1][1].error.min() > ENOUGH:
        sizes, feed = grown(machine, code, FIFTEEN_TO_ONE, *found[-1])
        if not len(sizes):
            break
        thin = thinned(feed)
        if feed.error[thin].min() >= found[-1][1].error.min():
            break
        found.append((sizes[thin], feed.take(thin)))
    return tuple(found)


def grown(
    machine: Machine, code: Code, protocol: Protocol, sizes: np.ndarray, feed: Feed
) -> tuple[np.ndarray, Feed]:
    """Return all sizes with one level more on top of the given ones, and what they make."""
    useful = np.flatnonzero(feed.error < USEFUL_ERROR)
    pairs = np.array(list(_distances()))
    rows, pick = (
        axis.ravel() for axis in np.meshgrid(useful, np.arange(len(pairs)), indexing="ij")
    )
    x, z = pairs[pick].T
    below = feed.take(rows)
    feeders = fitting_feeders(protocol, below, z)
    kept = np.isfinite(feeders)
    rows, x, z, feeders = rows[kept], x[kept], z[kept], feeders[kept]
    made = distil_level(protocol, machine, code, feed.take(rows), feeders, (x, z, z))
    larger = np.concatenate([sizes[rows], np.stack([feeders.astype(int), x, z, z], axis=1)], axis=1)
    return larger, made


def thinned(feed: Feed) -> np.ndarray:
    """Return the row of the smallest qubits x cycles in each decade of error below 1."""
    usable = np.flatnonzero((feed.error < 1.0) & np.isfinite(feed.cycles) & (feed.error > 0.0))
    if not len(usable):
        return np.array([int(np.argmin(feed.error))])
    volume = feed.qubits[usable] * feed.cycles[usable]
    decade = np.floor(-np.log10(feed.error[usable]))
    order = np.lexsort((volume, decade))
    first = np.r_[True, np.diff(decade[order]) != 0]
    return usable[order[first]]


def padded(parts: list[np.ndarray]) -> np.ndarray:
    """Return sizes of different depths in one array, short ones filled up with zeros."""
    width = max(part.shape[1] for part in parts)
    filled = [np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in parts]
    return np.concatenate(filled)


def _distances() -> Iterator[tuple[int, int]]:
    """Yield odd $(d_X, d_Z)$ in the range of ratios."""
    for x in range(5, LARGEST + 1, 2):
        for z in range(3, x, 2):
            if RATIOS[0] <= z / x <= RATIOS[1]:
                yield x, z
