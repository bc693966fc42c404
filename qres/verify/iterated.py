r"""Iterative amplitude estimation on circuits: simulated Grover powers, drawn outcomes, counted tests.

Each iteration is simulated gate by gate from the state before it, as far as a power is asked for, and
outcomes are drawn from the probabilities found. What is estimated is known from the amplitudes of the
test alone. A power is charged as often as its circuit, decomposed, uses the test.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from qres.bloqs.estimation import GroverPower
from qres.verify.count import VECTORS, decomposed_counts
from qres.verify.flatten import flatten
from qres.verify.known_runs import marked_share, signed, spread_test
from qres.verify.peak import counted_qubits
from qres.verify.readouts import ReadoutProof, counted
from qres.verify.sampling import allowed_misses, iterative_estimate
from qres.verify.simulate import run, start

FAIL_PROB = 0.1

CASES = ((0.05, 20, 10), (0.01, 20, 10), (0.001, 5, 40))
"""Promised error, how many tests, and how many estimates of each."""


@dataclass(frozen=True)
class Estimate:
    """One estimate of a known probability.

    Args:
        error: its distance from the truth.
        uses: of the test and its inverse, in all shots.
        power: largest Grover power measured.
    """

    error: float
    uses: int
    power: int


def most_uses(epsilon: float, fail_prob: float) -> float:
    r"""Return the published bound, $\frac{50}{\epsilon}\ln(\frac2\delta\log_2\frac{\pi}{4\epsilon})$.

    Published for applications of the Grover operator, each of which uses the test twice; here all uses
    of the test have to stay below it, also those at power 0.

    Args:
        epsilon: error of the estimate.
        fail_prob: $\delta$.

    Source: Grinko, Gacon, Zoufal and Woerner, arXiv:1912.05559v3, Theorem 1 (recalled).
    """
    return 50 / epsilon * math.log(2 / fail_prob * math.log2(math.pi / (4 * epsilon)))


def grover_chances(test: Any, good: Any) -> Iterator[float]:
    """Yield the probability of the good outcomes after 0, 1, 2, ... Grover iterations.

    Args:
        test: what is estimated, without a control.
        good: sign of the good outcomes.
    """
    gradient = "phase_gradient"
    bare = flatten(GroverPower(test, good, 0), gradient=gradient)
    once = flatten(GroverPower(test, good, 1), gradient=gradient)
    sign = flatten(signed(test, good), gradient=gradient)
    done = len(bare.gates)
    state = run(start(once, {next(iter(once.registers)): np.array([0])}), bare.gates)
    while True:
        yield marked_share(state, run(state, sign.gates[done:]))
        state = run(state, once.gates[done:])


def estimates(rng: np.random.Generator, epsilon: float, draws: int) -> Iterator[Estimate]:
    """Estimate a probability of one test many times.

    Args:
        rng: of the test and of all measurements.
        epsilon: promised error.
        draws: how many estimates.
    """
    test, good, truth = spread_test(rng)
    chance, uses = _remembered(grover_chances(test, good)), _counted_uses(test, good)
    for _ in range(draws):
        found = iterative_estimate(rng, chance, epsilon, FAIL_PROB)
        yield Estimate(
            error=abs(found.estimate - truth),
            uses=sum(shots * uses(power) for power, shots in found.drawn),
            power=max(power for power, _ in found.drawn),
        )


def _remembered(chances: Iterator[float]) -> Callable[[int], float]:
    known: list[float] = []

    def chance(power: int) -> float:
        while len(known) <= power:
            known.append(next(chances))
        return known[power]

    return chance


def _counted_uses(test: Any, good: Any) -> Callable[[int], int]:
    """Uses of the test in the circuit of a power: each prepares its right-hand side once."""
    return cache(lambda power: decomposed_counts(GroverPower(test, good, power))[VECTORS])


def prove_iterative(
    *, seed: int = 0, progress: Callable[[str, int, int], None] | None = None
) -> Iterator[ReadoutProof]:
    """Prove estimates of many probabilities: how many miss, and how often the test is used at most.

    Args:
        seed: of the tests and the measurements.
        progress: called as progress(task, done, total).
    """
    for done, (epsilon, tests, draws) in enumerate(CASES):
        rng = np.random.default_rng([seed, done])
        found = [item for _ in range(tests) for item in estimates(rng, epsilon, draws)]
        yield _misses(found, epsilon)
        yield _uses(found, epsilon)
        if progress:
            progress("simulating iterative estimates", done + 1, len(CASES))


def _misses(found: list[Estimate], epsilon: float) -> ReadoutProof:
    power = max(item.power for item in found)
    test, good, _ = spread_test(np.random.default_rng(0))
    bloq = GroverPower(test, good, power)
    allowed, alarm = allowed_misses(len(found), FAIL_PROB)
    return ReadoutProof(
        quantity=f"iterative estimate to {epsilon:g}, misses",
        rows=2,
        iterations=power,
        least=0,
        most=allowed,
        found=sum(item.error > epsilon for item in found),
        counts=counted(bloq),
        qubits=counted_qubits(bloq),
        false_alarm=alarm,
    )


def _uses(found: list[Estimate], epsilon: float) -> ReadoutProof:
    return ReadoutProof(
        quantity=f"iterative estimate to {epsilon:g}, uses of the test",
        rows=2,
        iterations=max(item.power for item in found),
        least=1,
        most=most_uses(epsilon, FAIL_PROB),
        found=max(item.uses for item in found),
    )
