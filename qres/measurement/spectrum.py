r"""The spectrum of a matrix that is known only by its products: ends, density, trace, Frobenius norm.

Every random start gives both ends with intervals (`lanczos.bracket`) and one sample of the density.
The ends of all starts are combined: each interval misses its end with probability `fail_prob` over
the number of starts, so all of them hold with `fail_prob`, and so does their intersection. The first
start goes on until its interval is narrow or there is no room. The local density at the gradient is
one more run, from there.

As many starts as memory has room for go in step, so that a graph that is rebuilt is rebuilt once for
all of them. Processes that do not share the data share the starts.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from qres.errors import InputError
from qres.measurement.arithmetic import Arithmetic, find_memory
from qres.measurement.basis import Basis
from qres.measurement.curvature import Curvature, Vector
from qres.measurement.density import Density
from qres.measurement.journal import Journal
from qres.measurement.lanczos import (
    CHECK_EVERY,
    FAIL_PROB,
    TOLERANCE,
    Extremes,
    bracket,
    find_limit,
)
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.recurrence import Multiply, Run, Tridiagonal, take_step
from qres.measurement.team import Team

Check = Callable[[Sequence[torch.Tensor]], list[float]]
"""By how much the products with some vectors, scaled to unit length, are off."""

ROOM = 0.4
"""Part of the memory of the machine that the vectors of all runs in step may take."""

DISK_BYTES = 64 * 2**30
"""The same for vectors on disk."""


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """What the runs say.

    Args:
        extremes: both ends.
        density: of all random starts.
        local: density at the vector that was asked about; None if none was.
        drift: how far eigenvalues may be off by rounding, in all intervals of `extremes`.
        error: norm by which a product with a random unit vector may be off, root of the mean square.
    """

    extremes: Extremes
    density: Density
    local: Density | None
    drift: float
    error: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Explorer:
    """How to run.

    Args:
        multiply: products with the rows of a tensor, shape (k, r) to (k, r).
        dim: dimension r.
        steps: of every start.
        n_probes: random starts.
        seed: of the starts.
        arithmetic: of the vectors, and where they stay.
        device: of the vectors.
        error: norm by which a product with a unit vector may be off.
        check: measures that norm for each of some vectors; None where there is nothing to measure.
        fail_prob: for each end, the chance that its interval misses it.
        tolerance: the first start goes on until its interval is narrower than this times the norm.
        max_steps: of the first start; None is what `lanczos` takes.
        team: processes that share the starts; alone where they share the data.
        journal: keeps the runs.
        progress: told after each step.
    """

    multiply: Multiply
    dim: int
    steps: int
    n_probes: int
    seed: int
    arithmetic: Arithmetic
    device: torch.device | str = "cpu"
    error: float = 0.0
    check: Check | None = None
    fail_prob: float = FAIL_PROB
    tolerance: float = TOLERANCE
    max_steps: int | None = None
    team: Team = field(default_factory=Team)
    journal: Journal | None = None
    progress: Progress = keep_silent

    def explore(self, local: Vector | None = None) -> Spectrum:
        """Return the spectrum, and its local density at a vector.

        Raises:
            InputError: there is no room for the vectors of a single run.
        """
        runs = self._run_all()
        seen = [error for run in runs for error in run.errors]
        # of the Frobenius norm of the error, what these vectors see of it is no part of the rest
        mean = math.sqrt(self.error**2 + math.fsum(error**2 for error in seen) / self.dim)
        return replace(self, error=max([self.error, *seen]))._describe(runs, local, mean)

    def _describe(self, runs: list[Tridiagonal], local: Vector | None, error: float) -> Spectrum:
        """Return what runs say, all of their errors known."""
        extremes = combine([self._bracket(run) for run in runs], self.fail_prob)
        ends = (extremes.smallest.low, extremes.largest.high)
        near = None
        if local is not None:
            vector = torch.from_numpy(local).to(self.device, self.arithmetic.vector_dtype)
            found = self._keep("local", lambda: self._go([vector]))
            near = Density.collect(found, ends=ends, drift=self._find_drift(found))
        drift = self._find_drift(runs)
        density = Density.collect(runs, dim=self.dim, ends=ends, drift=drift)
        return Spectrum(extremes=extremes, density=density, local=near, drift=drift, error=error)

    def _find_drift(self, runs: Sequence[Tridiagonal]) -> float:
        """Return how far the nodes of any of these runs may be off."""
        return max(run.drift(self.error) for run in runs)

    def _run_all(self) -> list[Tridiagonal]:
        """Return the runs of all starts, those of other processes too."""
        numbers = list(range(self.n_probes))
        if self.team.size == 1:
            return self._run(numbers)
        mine = self.team.share(numbers) if self.team.splits(numbers) else numbers
        journal = self.journal or Journal()

        def go() -> list[Tridiagonal]:
            with journal.apart(f"{self.team.rank}-of-{self.team.size}"):
                found = dict(zip(mine, self._run(mine), strict=True))
            everyone = self.team.gather(found)
            merged = {number: run for part in everyone for number, run in part.items()}
            return [merged[number] for number in numbers]

        return self._keep("starts of all", go)

    def _run(self, numbers: Sequence[int]) -> list[Tridiagonal]:
        """Return the runs of some starts, as many in step as there is room for."""
        size, found = self._block(), list[Tridiagonal]()
        for first in range(0, len(numbers), size):
            block = numbers[first : first + size]

            def go(block: Sequence[int] = block) -> list[Tridiagonal]:
                starts = [self._start(number) for number in block]
                return self._go(starts, goes_on=block[0] == 0)

            found += self._keep(f"starts {list(block)}", go)
        return found

    def _keep(self, name: str, make: Callable[[], list[Tridiagonal]]) -> list[Tridiagonal]:
        """Return runs from the journal, or make them."""
        journal = self.journal or Journal()
        told = journal.phase(name, lambda: [run.to_dict() for run in make()])
        return [Tridiagonal(**run) for run in told]

    def _start(self, number: int) -> torch.Tensor:
        """Return a random direction, whatever the device."""
        rng = np.random.default_rng([self.seed, number])
        is_double = self.arithmetic.vector_dtype is torch.float64
        drawn = rng.standard_normal(self.dim, dtype=np.float64 if is_double else np.float32)
        return torch.from_numpy(drawn).to(self.device)

    def _go(self, starts: Sequence[torch.Tensor], *, goes_on: bool = False) -> list[Tridiagonal]:
        """Run from some starts in step; the first may go on until its interval is narrow."""
        steps = min(self.steps, self.dim)
        limits = [self._most() if goes_on else steps] + [steps] * (len(starts) - 1)
        runs = [Run(self._basis(limit), start) for start, limit in zip(starts, limits, strict=True)]
        for done in itertools.count(1):
            take_step(runs if done <= steps else runs[:1], self.multiply)
            self.progress("Lanczos", done, max(steps, done))
            is_checked = done >= steps and (done - steps) % CHECK_EVERY == 0
            if all(run.is_over for run in runs) or (is_checked and self._is_narrow(runs[0])):
                break
        found = [run.result() for run in runs]
        if goes_on and self.check is not None:
            found[0].errors.extend(self.check(runs[0].find_ends()))
        return found

    def _is_narrow(self, run: Run) -> bool:
        """Say whether the interval of a run is as narrow as is wanted, or as rounding lets it be."""
        found = run.result()
        extremes = bracket(
            found.alphas, found.betas, dim=self.dim, fail_prob=self.fail_prob / self.n_probes
        )
        rounding = found.drift(self.error)
        return extremes.width <= max(self.tolerance * extremes.norm, rounding)

    def _bracket(self, run: Tridiagonal) -> Extremes:
        return bracket(
            run.alphas,
            run.betas,
            dim=self.dim,
            fail_prob=self.fail_prob / self.n_probes,
            drift=run.drift(self.error),
        )

    def _most(self) -> int:
        """Return the largest number of steps of the first start."""
        return min(self.dim, self.max_steps or find_limit(self.dim, self.steps))

    def _basis(self, limit: int) -> Basis:
        return Basis(
            self.dim,
            limit,
            policy=self.arithmetic.basis,
            dtype=self.arithmetic.vector_dtype,
            device=self.device,
        )

    def _block(self) -> int:
        """Return how many runs go in step."""
        size = 2 if self.arithmetic.basis == "bfloat16" else self.arithmetic.vector_dtype.itemsize
        one = size * self.dim * min(self.steps, self.dim)
        room = DISK_BYTES if self.arithmetic.basis == "disk" else _find_room(self.device)
        if one > room:
            raise InputError(
                f"measure.lanczos_steps: {self.steps} vectors of {self.dim:,} numbers need "
                f"{one / 2**30:.1f} GiB, there is room for {room / 2**30:.1f}; take fewer, or "
                "measure.basis bfloat16 or disk"
            )
        return max(1, min(self.n_probes, int(room // one)))


def combine(found: Sequence[Extremes], fail_prob: float) -> Extremes:
    """Return the best of several intervals for each end, which hold together with `fail_prob`."""
    top = max((one.largest for one in found), key=lambda end: end.value)
    bottom = min((one.smallest for one in found), key=lambda end: end.value)
    above = min(one.largest.high for one in found)
    below = max(one.smallest.low for one in found)
    return Extremes(
        largest=replace(top, low=max(one.largest.low for one in found), high=max(above, top.value)),
        smallest=replace(
            bottom, low=min(below, bottom.value), high=min(one.smallest.high for one in found)
        ),
        steps=max(one.steps for one in found),
        fail_prob=fail_prob,
    )


def measure_error(curvature: Curvature, *, seed: int) -> float:
    """Return the largest error of a product with a unit vector: a random one, and the gradient.

    Measured against the next precision up; 0 in double precision, whose rounding the intervals
    contain anyway.
    """
    if curvature.arithmetic.precision == "float64":
        return 0.0

    def measure() -> float:
        drawn = np.random.default_rng([seed, 2**31]).standard_normal(curvature.n_active)
        return max(find_errors(curvature, [drawn, curvature.gradient(curvature.start)]))

    return curvature.journal.phase("product error", measure)


def find_errors(curvature: Curvature, vectors: Sequence[Vector | torch.Tensor]) -> list[float]:
    """Return by how much the next precision up changes products with the directions of vectors.

    Without other processes, which may not come here.
    """
    few, found = curvature.sampled().alone(), []
    finer = few.refined()
    for vector in vectors:
        given = np.asarray(torch.as_tensor(vector).cpu(), dtype=np.float64)
        length = float(np.linalg.norm(given))
        unit = given / (length or 1.0)
        found.append(float(np.linalg.norm(few.multiply(unit) - finer.multiply(unit))))
    return found


def _find_room(device: torch.device | str) -> int:
    """Return the bytes that vectors may take."""
    return int(ROOM * find_memory(device))
