r"""Search many jobs: twice at most, block by block.

Most sizes of a factory differ in nothing but an error that hardly uses any of the budget, or that is
hardly another. So every job is searched first as if magic states of less than `COARSE` of its budget had
no error at all, and those of nearly the same error the least of them: fewer sizes can be best then, and
nothing that fits is missed or made to look worse. What is found so and fits also with the errors as they
are is the best there is; the few jobs of which it does not are searched again with all sizes. Which of
several sizes is named that take equally many qubits and cycles may depend on the jobs beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qres.config.record import Objective
from qres.physical.choice import Choice
from qres.physical.columns import OWN, View
from qres.physical.jobs import Jobs
from qres.physical.search import Search
from qres.physical.tables import coarse_above, rows_above

COARSE = 0.1
"""Part of the budget that the first search leaves out of account."""

NEGLIGIBLE = 1e-13
"""Part of the budget that counts as rounding: factories that use less are equally accurate."""

BLOCK_ELEMENTS = 131_072
"""Elements of the (jobs x sizes) arrays of one block: a few of them fit the cache."""


def search_all(
    views: Sequence[View], objective: Objective, has_counts: np.ndarray, n_counts: int
) -> Choice:
    """Return the best choice of each job, of all views and counts of it.

    Args:
        views: the jobs on each layout, equally many counts of each job in a row, from the fewest on.
        objective: what is made small.
        has_counts: which counts can be priced; nothing is chosen (row -1) for a job without any.
        n_counts: how many counts of each job.
    """
    jobs, n_jobs = views[0].jobs, len(has_counts) // n_counts
    # jobs of like demand share the sizes that may be best for them
    demand = np.where(has_counts, jobs.magic / jobs.fail_prob, np.inf)
    demand = demand.reshape(n_jobs, n_counts).min(axis=1)
    order = np.argsort(demand, kind="stable")[: int((demand < np.inf).sum())]
    result = Choice.empty(n_jobs)
    if not has_counts.all():
        budget = np.where(has_counts, jobs.fail_prob, 0.0)
        views = [replace(view, jobs=replace(view.jobs, fail_prob=budget)) for view in views]
    views = taken(views, order, n_counts)
    found = _swept(views, objective, n_counts, is_coarse=True)
    again = np.flatnonzero(~is_kept(views, found))
    if len(again):
        rest = taken(views, again, n_counts)
        found.put(again, _swept(rest, objective, n_counts, is_coarse=False))
    result.put(order, found)
    return result


def taken(views: Sequence[View], index: np.ndarray, n_counts: int) -> list[View]:
    """Return some of the jobs with all of their counts; copies once what the views have in common."""
    columns = (index[:, None] * n_counts + np.arange(n_counts)).ravel()
    first = views[0].jobs.take(columns)
    own = [{name: getattr(view.jobs, name).take(columns) for name in OWN} for view in views]
    return [
        View(view.tables, replace(first, **part)) for view, part in zip(views, own, strict=True)
    ]


def chosen_jobs(views: Sequence[View], choice: Choice) -> Jobs:
    """Return the jobs with the counts, tiles, steps and storage that were chosen for each."""
    jobs, n_jobs = views[0].jobs, len(choice.row)
    if len(views) == 1 and len(jobs.magic) == n_jobs:
        return jobs
    count, view = np.divmod(choice.layout, len(views))
    columns = np.arange(n_jobs) * (len(jobs.magic) // max(n_jobs, 1)) + count
    parts = {
        name: np.stack([getattr(view.jobs, name) for view in views])[view, columns] for name in OWN
    }
    return replace(jobs.take(columns), **parts)


def is_kept(views: Sequence[View], choice: Choice) -> np.ndarray:
    """Return whether a choice fits these jobs, or nothing was chosen.

    Where it was best among more than what fits, it is then the best of what does.
    """
    tables, jobs, row = views[0].tables, chosen_jobs(views, choice), choice.row
    made = jobs.at(tables.kind[row], tables.table, row, np.arange(len(row)))
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
    views: Sequence[View], objective: Objective, n_counts: int, *, is_coarse: bool
) -> Choice:
    """Search sorted jobs block by block."""
    machine, size = views[0].tables.machine, len(views[0].jobs.magic) // n_counts
    result, n_rows, start = Choice.empty(size), len(views[0].tables.kind), 0
    while start < size:
        stop = min(size, start + max(1, BLOCK_ELEMENTS // n_rows))
        part = [view.take(slice(start * n_counts, stop * n_counts)) for view in views]
        decade = _decade(part[0].jobs, COARSE if is_coarse else NEGLIGIBLE)
        if is_coarse:
            tables, rows = coarse_above(machine, decade)
            part = [replace(view, tables=tables) for view in part]
        else:
            rows = rows_above(machine, decade)
        rows = _accurate(part[0], rows)
        found = Choice.empty(stop - start)
        if len(rows):
            Search(part, objective, rows, n_counts).run(found)
        result.put(np.arange(start, stop), found)
        n_rows, start = max(len(rows), 1), stop
    return result


def _decade(jobs: Jobs, part: float) -> int:
    """Return the decade of error that takes less than a part of any job's budget."""
    error = part * (jobs.fail_prob / np.maximum(jobs.states, 1.0)).min()
    return int(np.floor(np.log10(max(error, 1e-300))))


def _accurate(view: View, rows: np.ndarray) -> np.ndarray:
    """Return the rows of which one state at least is within the budget of some job."""
    most = (view.jobs.fail_prob / view.jobs.states).max(axis=1, initial=0.0)
    return rows[view.tables.table.error[rows] < most[view.tables.kind[rows]]]
