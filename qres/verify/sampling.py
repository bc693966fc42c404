r"""Read-outs that end in classical work, on simulated probabilities: tomography, iterative estimates.

Draws are multinomial from exact probabilities with fixed seeds. How many of `trials` may miss their
promise, each with probability `fail_prob` at most, without the promise being in doubt: so many that
more of them would happen in one test of a thousand of a procedure that is just good enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

FALSE_ALARM = 1e-3
"""Chance at most that a procedure just as good as promised is said to break its promise."""


@dataclass(frozen=True)
class Interval:
    r"""What iterative estimation knows of the angle $\theta/2\pi$, and what it has cost.

    Args:
        low: at least 0.
        high: at most 1/4.
        drawn: Grover power and shots of each measurement, in the order of time.
    """

    low: float
    high: float
    drawn: tuple[tuple[int, int], ...]

    @property
    def estimate(self) -> float:
        """Middle of the probabilities, the squared sines of both ends."""
        ends = [math.sin(2 * math.pi * end) ** 2 for end in (self.low, self.high)]
        return sum(ends) / 2


def allowed_misses(trials: int, fail_prob: float) -> tuple[int, float]:
    """Return how many of these trials may miss, and the false-alarm rate of that test."""
    misses = int(binom.isf(FALSE_ALARM, trials, fail_prob))
    return misses, float(binom.sf(misses, trials, fail_prob))


def iterative_estimate(
    rng: np.random.Generator, chance: Callable[[int], float], epsilon: float, fail_prob: float
) -> Interval:
    r"""Estimate a probability to `epsilon` but for `fail_prob`, without a Fourier transform.

    Grover powers $k$ are measured while the angle is bracketed: `shots` at a time, those of the same
    power together, with Chernoff's interval at $\delta/T$ each, $T = \lceil\log_2(\pi/8\epsilon)\rceil$
    at least 1; as published, a second look after more shots of a power is not charged. The next
    power is the largest at which the bracket still lies in one half plane.

    Args:
        rng: of the measurements.
        chance: $k$ to the probability $\sin^2((2k + 1)\theta)$.
        epsilon: half the width of the answer, 0 to 1/2.
        fail_prob: $\delta$.

    Source: Grinko, Gacon, Zoufal and Woerner, arXiv:1912.05559v3, Algorithms 1 and 2.
    """
    levels = max(1, math.ceil(math.log2(math.pi / (8 * epsilon))))
    low, high, power, is_upper = 0.0, 0.25, 0, True
    shots, good, drawn = 100, 0, 0
    measured: list[tuple[int, int]] = []
    while high - low > epsilon / math.pi:
        following, is_upper = next_power(power, low, high, is_upper)
        if following != power:
            power, good, drawn = following, 0, 0
        good += rng.binomial(shots, chance(power))
        drawn += shots
        measured.append((power, shots))
        width = math.sqrt(math.log(2 * levels / fail_prob) / (2 * drawn))
        low, high = _bracketed(good / drawn, width, 4 * power + 2, (low, high), is_upper)
    return Interval(low, high, tuple(measured))


def next_power(power: int, low: float, high: float, is_upper: bool) -> tuple[int, bool]:
    r"""Return the next Grover power, and whether its angles lie in the upper half plane.

    The factor $4k + 2$ of the angle grows at least by 2, or stays.
    """
    now = 4 * power + 2
    largest = int(1 / (2 * (high - low)))
    factor = largest - (largest - 2) % 4
    while factor >= 2 * now:
        ends = (factor * low) % 1, (factor * high) % 1
        if factor * high - factor * low <= 0.5 and ends[0] <= ends[1]:
            if ends[1] <= 0.5:
                return (factor - 2) // 4, True
            if ends[0] >= 0.5:
                return (factor - 2) // 4, False
        factor -= 4
    return power, is_upper


def _bracketed(
    share: float, width: float, factor: int, bracket: tuple[float, float], is_upper: bool
) -> tuple[float, float]:
    """Return the bracket cut to what a share of good outcomes at this factor allows."""
    ends = [math.acos(1 - 2 * min(1.0, max(0.0, share + sign * width))) for sign in (-1, 1)]
    turns = [end / (2 * math.pi) for end in ends]
    if not is_upper:
        turns = [1 - turns[1], 1 - turns[0]]
    pairs = zip(bracket, turns, strict=True)
    low, high = ((math.floor(factor * end) + turn) / factor for end, turn in pairs)
    return max(low, bracket[0]), min(high, bracket[1])


def tomography(rng: np.random.Generator, vector: np.ndarray, copies: int) -> np.ndarray:
    r"""Return the estimate of a real vector of norm 1 from `copies` of each of two circuits.

    Plain states give the magnitudes $a$, roots of frequencies; the Hadamard test against $a$ as the
    reference has the outcomes $(x_i \pm a_i)^2/4$, of which the more frequent one gives the sign.
    """
    sizes = np.sqrt(rng.multinomial(copies, vector**2 / np.sum(vector**2)) / copies)
    both = np.concatenate([(vector + sizes) ** 2, (vector - sizes) ** 2]) / 4
    counts = rng.multinomial(copies, both / both.sum()).reshape(2, -1)
    return np.where(counts[0] >= counts[1], sizes, -sizes)
