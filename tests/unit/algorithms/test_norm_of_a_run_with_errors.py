"""The norm is estimated for the probability of a run without errors: with them it is another one."""

from __future__ import annotations

import numpy as np
import pytest

SHARES = np.geomspace(1e-4, 1, 31)
CIRCLE = np.linspace(0, 2 * np.pi, 241)


def estimated_error(prob, rounds):
    """Relative error of an estimate, Brassard et al., Theorem 12 with k = 1."""
    spread = np.sqrt(np.maximum(0, prob * (1 - prob)))
    return (2 * np.pi * spread / rounds + (np.pi / rounds) ** 2) / prob


@pytest.mark.parametrize("prob", [1e-6, 0.01, 0.3, 1.0])
@pytest.mark.parametrize("flag", [1e-6, 0.1, 0.5, 1.0])
def test_the_shares_hold_estimates_of_amplitudes_that_are_off(prob, flag):
    """Errors of amplitudes 1 + u and 1 + v on a circle of radius y, estimates off to either side.

    Read is N (d + e) in place of 1: norm N, direction d turned by arcsin x, read to e. The rounds are
    those for `norm_prob`, whole. Breaking it means: the rounds need the lower end of the probability.
    """
    state, read, place = np.meshgrid(SHARES, SHARES, CIRCLE, indexing="ij", sparse=True)
    total = state + read
    sine = state / (np.sqrt(3 + 2 * prob) * (1 + total))
    radius = sine * np.sqrt(1 + prob)
    split, each = np.sqrt(1 + read) - 1, read / (2 + read)
    known = flag * prob / (1 + prob)
    spread = np.sqrt(known * (1 - known))
    rounds = np.ceil(np.pi * (np.sqrt(each * known + spread**2) + spread) / (each * known))
    assert (estimated_error(known, rounds) <= each * (1 + 1e-12)).all()
    block, reference = 1 + radius * np.cos(place), 1 + radius * np.sin(place)
    probs = known * block**2, known * reference**2
    first, second = (estimated_error(np.minimum(item, 1), rounds) for item in probs)
    for sign in (1, -1):
        norm = np.sqrt((1 + sign * first) / (1 - sign * second)) * block / reference
        turned = np.sqrt((norm - 1) ** 2 + 2 * norm * (1 - np.sqrt(1 - sine**2)))
        is_asked = (total <= 1) & (np.maximum(*probs) <= 1)
        off = turned + norm * split
        assert (off <= total)[is_asked].all()
        # not far below: the shares are what is needed
        assert (off > 0.98 * total)[is_asked].any()
