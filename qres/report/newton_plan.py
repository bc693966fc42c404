"""What the quantum solves of a Newton run are made of: one line a part, as of any other job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from qres.measurement.newton.record import NewtonBlock, NewtonRun
from qres.pricing.schedule import QuantumSolve
from qres.pricing.schedule_sums import solves_of
from qres.report.grid import Sheet, grid
from qres.report.newton import run_of, schedule_of
from qres.report.plan import MODES, padded_sizes
from qres.report.record import Result
from qres.report.units import number


def newton_plan(report: Result) -> list[Sheet]:
    """Return encoding, solver, sizes that are padded, and what pruning did; nothing without a solve."""
    solves = [solve for solve in solves_of(schedule_of(report)) if solve.job is not None]
    if not solves:
        return []
    sheet = grid("Plan of the quantum solves", "", "", wide=1, keep=True)
    if schedule_of(report).policy == "paper":
        sheet.notes = [
            "of the honest price; the charge of the paper, which decides, has no such plan"
        ]
    sheet.add_row("matrix", _tally([f"encoding {solve.encoding}" for solve in solves]))
    states = [f"{solve.solver}, its state {MODES[solve.mode]}" for solve in solves]
    sheet.add_row("solver", _tally(states))
    sizes = list(dict.fromkeys(size for solve in _distinct(solves) for size in _padded(solve)))
    if sizes:
        sheet.add_row("padded", f"to powers of two: {', '.join(sizes)}")
    pruned = _pruned(run_of(report))
    if pruned:
        sheet.add_row("pruned", pruned)
    return [sheet]


def _tally(names: Sequence[str]) -> str:
    """Return each name, with how often where there are several."""
    found = Counter(names).most_common()
    return found[0][0] if len(found) == 1 else ", ".join(f"{name} {times}" for name, times in found)


def _distinct(solves: Sequence[QuantumSolve]) -> list[QuantumSolve]:
    """Return one solve for each dimension, fullest row and encoding, the smallest first."""
    found = {_shape(solve): solve for solve in solves}
    return [found[shape] for shape in sorted(found)]


def _shape(solve: QuantumSolve) -> tuple[float, float, str]:
    known = solve.job.values if solve.job else {}
    sizes = [float(known[name]) if name in known else 0.0 for name in ("dim", "sparsity")]
    return sizes[0], sizes[1], solve.encoding


def _padded(solve: QuantumSolve) -> list[str]:
    return [] if solve.job is None else padded_sizes(solve.job.evaluate())


def _pruned(run: NewtonRun) -> str:
    """Return how much of the matrices went and what that did to matrix and step, at the worst."""
    blocks = [block for step in run.steps for block in step.blocks]
    if not any("prune_error" in block.values for block in blocks):
        return ""
    share, step = (
        max(float(block.values[name]) for block in blocks)
        for name in ("pruned_share", "prune_step_error")
    )
    part = max(map(_lost, blocks))
    return (
        f"up to {share:.0%} of the entries beside the diagonal, {number(part)} of the matrix in"
        f" spectral norm; a step moves by up to {number(step)} of its norm"
    )


def _lost(block: NewtonBlock) -> float:
    """Return the spectral norm of what was dropped, in that of what stayed."""
    return float(block.values["prune_error"]) / float(block.values["norm"])
