"""The bound from determinant and norm: what is measured, the printed formula, and singular values.

The two storeys may not read each other, so the bound is written down twice: as one expression of the
determinant in `measurement`, through the volume in `algorithms`. Both must be one number.
"""

from __future__ import annotations

import numpy as np

import qres
from qres.measurement.newton.condition import bound_merikoski

N_MATRICES = 400


def sample(dims, seed):
    """Return norm, ln|det|, dimension and condition number of random matrices, half of them definite."""
    rng, rows = np.random.default_rng(seed), []
    for number in range(N_MATRICES):
        dim = dims[number % len(dims)]
        matrix = rng.standard_normal((dim, dim)) * 10.0 ** rng.uniform(-3, 3)
        if rng.uniform() < 0.5:
            square = matrix @ matrix.T
            matrix = square + rng.uniform(0.01, 1) * np.trace(square) * np.eye(dim)
        log_det = np.linalg.slogdet(matrix)[1]
        rows.append((np.linalg.norm(matrix), log_det, dim, np.linalg.cond(matrix)))
    return np.array(rows).T


def by_formulas(norm, log_det, dim):
    """Return the printed bound and its decimal logarithm."""
    volume = qres.formula("newton.merikoski.log_volume")
    found = volume(dim=dim, frobenius_norm=norm, log_det=log_det)
    kappa = qres.formula("newton.merikoski.kappa")(log_volume=found)
    return kappa, qres.formula("newton.merikoski.kappa_decades")(log_volume=found)


def measured(norm, log_det, dim):
    return [bound_merikoski(*row) for row in zip(log_det, norm, dim.astype(int), strict=True)]


def test_both_are_one_number_and_a_bound():
    norm, log_det, dim, exact = sample((2, 3, 5, 8, 20), seed=0)
    kappa, decades = by_formulas(norm, log_det, dim)
    np.testing.assert_allclose(measured(norm, log_det, dim), decades, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(10**decades, kappa, rtol=1e-11)
    assert (kappa >= exact * (1 - 1e-9)).all()
    assert (kappa > 1.01 * exact)[dim > 2].mean() > 0.9  # beyond two dimensions it is loose


def test_both_are_exact_in_two_dimensions():
    """Away from kappa = 1, where a square root of what is left of 1 - x loses half the digits."""
    norm, log_det, dim, exact = sample((2,), seed=1)
    sure = (exact > 1.05) & (exact < 1e4)
    assert sure.sum() > 300
    np.testing.assert_allclose(by_formulas(norm, log_det, dim)[0][sure], exact[sure], rtol=1e-8)
    found = 10 ** np.array(measured(norm, log_det, dim))
    np.testing.assert_allclose(found[sure], exact[sure], rtol=1e-8)
