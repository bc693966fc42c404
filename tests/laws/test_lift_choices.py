"""The bounds at hand, and the longest segment that they allow."""

from __future__ import annotations

import numpy as np
import pytest

from qres.algorithms.carleman.certificate import LinearPart
from qres.algorithms.carleman.choose import (
    Dynamics,
    error_curves,
    longest_segment,
)
from qres.errors import HypothesisError, InputError


def dynamics_of(n_steps=20, norms=(0.3, 0.0, 0.4), **linear):
    """The printed one-parameter system."""
    u, path = 0.0, [0.0]
    for _ in range(n_steps):
        u += 0.1 * (-norms[0] - u - (norms[2] if len(norms) > 2 else 0) * u * u)
        path.append(abs(u))
    part = LinearPart(learning_rate=0.1, lambda_min=1.0, lambda_max=1.0, **linear)
    return Dynamics(part, norms, norms, tuple(path))


def test_the_smaller_of_two_bounds_is_that_of_the_printed_system():
    """Section 17: N = 3, m = 1, 2: certificate 4.7253400e-3, 9.1045756e-5; m = N: the error itself."""
    rows = {(2, 2): 9.6931283e-4, (3, 1): 4.7253400e-3, (3, 2): 9.1045756e-5, (3, 3): 4.9196846e-5}
    for (order, kept), expected in rows.items():
        curves = error_curves(dynamics_of(), order, kept)
        assert min(curve[-1] for curve in curves) == pytest.approx(expected, rel=1e-7)


def test_momentum_is_only_offered_the_exact_map():
    found = longest_segment(dynamics_of(block_norm=1.0, step_scale=0.1), np.full(21, 1e-2))
    assert found.map_order == found.truncation_order
    with pytest.raises(HypothesisError, match="not symmetric"):
        error_curves(dynamics_of(block_norm=1.0), 2, 1)


def test_the_longest_segment_meets_its_tolerance_and_no_longer_one_does():
    system, tolerance = dynamics_of(), np.full(21, 1e-9)
    found = longest_segment(system, tolerance)
    assert 1 < found.n_steps < 20
    assert found.bound <= 1e-9
    for order in range(1, 7):
        for m in range(1, order + 1):
            smaller = np.minimum(*error_curves(system, order, m))
            assert (smaller[found.n_steps + 1 :] > 1e-9).all()
    assert longest_segment(system, np.full(21, -1.0)) is None
    with pytest.raises(InputError, match="needs 21 tolerances"):
        longest_segment(system, [1.0])
