r"""Search many jobs: twice at most, block by block, view by view.

Most sizes of a factory differ in nothing but an error that hardly uses any of the budget. So every job
is searched first as if magic states of less than `COARSE` of its budget had no error at all: fewer sizes
can be best then, and nothing that fits is missed or made to look worse. What is found so and fits also
with the errors as they are is the best there is; the few jobs of which it does not are searched again
with all sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qres.config.record import Objective
from qres.physical.choice import Choice
from qres.physical.jobs import Jobs
from qres.physical.obstacle import View
from qres.physical.search import Search, least_key
from qres.physical.tables import flawless_below, rows_above

COARSE = 0.1
"""Part of the budget that the first search leaves out of account."""

NEGLIGIBLE = 1e-13
"""Part of the budget that counts as rounding: factories that use less are equally accurate."""

OWN = ("tiles", "steps", "cold")
"""What views of the same jobs differ in."""

BLOCK_ELEMENTS = 131_072
"""Elements of the (sizes x jobs) arrays of one block: a few of them fit the cache."""


def search_all(
    views: Sequence[View], objective: Objective, has_counts: np.ndarray, ceiling: Choice
) -> Choice:
    """Return the best choice of each job, of all views of it, that beats one that is known.

    Nothing (row -1) where no choice does, or counts are missing.
    """
    jobs = views[0].jobs
    # jobs of like demand share the sizes that may be best for them
    demand = np.where(has_counts, jobs.magic / jobs.fail_prob, np.inf)
    order = np.argsort(demand, kind="stable")[: int(has_counts.sum())]
    result = Choice.empty(len(has_counts))
    views, ceiling = taken(views, order), ceiling.beyond(order)
    found = _swept(views, objective, ceiling, is_coarse=True)
    again = np.flatnonzero(~is_kept(views, found))
    if len(again):
        rest, left = taken(views, again), ceiling.beyond(again)
        found.put(again, _swept(rest, objective, left, is_coarse=False))
    result.put(order, found)
    return result


def taken(views: Sequence[View], index: np.ndarray) -> list[View]:
    """Return some of the jobs; copies once what the views have in common."""
    first = views[0].jobs.take(index)
    return [
        View(view.tables, replace(first, **{name: getattr(view.jobs, name)[index] for name in OWN}))
        for view in views
    ]


def chosen_jobs(views: Sequence[View], choice: Choice) -> Jobs:
    """Return the jobs with tiles, steps and storage of the view that was chosen for each."""
    if len(views) == 1:
        return views[0].jobs
    columns = np.arange(len(choice.layout))
    parts = {
        name: np.stack([getattr(view.jobs, name) for view in views])[choice.layout, columns]
        for name in OWN
    }
    return replace(views[0].jobs, **parts)


def is_kept(views: Sequence[View], choice: Choice) -> np.ndarray:
    """Return whether a choice fits these jobs, or nothing was chosen.

    Where it was best among more than what fits, it is then the best of what does.
    """
    tables, jobs, row = views[0].tables, chosen_jobs(views, choice), choice.row
    made = jobs.at(tables.kind[row], tables.table, row)
    left = jobs.fail_prob - made.fails
    risk = jobs.risk(tables.logical_error[choice.level]) + tables.event_risk
    longest = np.minimum(np.floor(left / risk), jobs.max_cycles)
    reacted = np.ceil(jobs.layers * tables.ticks_per_reaction)
    fewest = np.ceil(made.cycles / tables.machine.max_factories)
    consumed = tables.distances[choice.level] * jobs.steps
    fastest = np.maximum(np.maximum(reacted, fewest), consumed)
    fits = (fastest <= longest) & (np.ceil(made.cycles / longest) <= choice.n_factories)
    return (row < 0) | (fits & (left > 0.0))


def _swept(
    views: Sequence[View], objective: Objective, ceiling: Choice, *, is_coarse: bool
) -> Choice:
    """Search sorted jobs block by block."""
    machine, size = views[0].tables.machine, len(views[0].jobs.magic)
    result, n_rows, start = Choice.empty(size), len(views[0].tables.kind), 0
    while start < size:
        block = np.arange(start, min(size, start + max(1, BLOCK_ELEMENTS // n_rows)))
        start += len(block)
        part = [view.take(slice(block[0], start)) for view in views]
        decade = _decade(part[0].jobs, COARSE if is_coarse else NEGLIGIBLE)
        if is_coarse:
            part = [replace(view, tables=flawless_below(machine, decade)) for view in part]
        rows = _accurate(part[0], rows_above(machine, decade))
        n_rows = max(len(rows), 1)
        found = ceiling.beyond(block)
        if len(rows):
            _search_views(part, objective, rows, found)
        result.put(block, found)
    return result


def _decade(jobs: Jobs, part: float) -> int:
    """Return the decade of error that takes less than a part of any job's budget."""
    error = part * (jobs.fail_prob / np.maximum(jobs.states, 1.0)).min()
    return int(np.floor(np.log10(max(error, 1e-300))))


def _accurate(view: View, rows: np.ndarray) -> np.ndarray:
    """Return the rows of which one state at least is within the budget of some job."""
    most = (view.jobs.fail_prob / view.jobs.states).max(axis=1, initial=0.0)
    return rows[view.tables.table.error[rows] < most[view.tables.kind[rows]]]


def _search_views(
    views: Sequence[View], objective: Objective, rows: np.ndarray, found: Choice
) -> None:
    """Search the views, the most promising first, each for the jobs that it may improve."""
    bounds = [least_key(view.tables, view.jobs, objective, rows) for view in views]
    for index in np.argsort([np.median(bound) for bound in bounds], kind="stable"):
        hopeful = np.flatnonzero(~(bounds[index] > found.key))
        if not len(hopeful):
            continue
        view = views[index] if len(hopeful) == len(found.key) else views[index].take(hopeful)
        part = found.beyond(hopeful)
        Search(view.tables, view.jobs, objective, rows).run(part)
        part.layout[:] = index
        found.merge(part, hopeful)
