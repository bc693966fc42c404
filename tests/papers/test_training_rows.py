"""Printed rows of momentum, segments, dissipation and tabulation.

Section numbers: the derivation of the training pipeline.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import qres
from qres.algorithms.carleman.momentum import is_stable
from qres.algorithms.carleman.segments import carry_factors, split_readout
from qres.measurement.functionals import (
    contributions,
    crossing_time,
    proxy,
    spectral_shares,
)

# ------------------------------------------------------------------ momentum, 12


@pytest.mark.parametrize(
    ("eigenvalue", "rows"),
    [
        (-0.1, ("66.111005", "66.426160", "116.783036", "86.706421", "1489.968918", "362.561585")),
        (0.0, ("51.000000", "51.000000", "71.116139", "51.241759", "375.137382", "64.106246")),
        (1.0, ("10.008716", "14.384287", "7.719520", "12.030943", "39.170453", "42.673129")),
        (10.0, ("2.000000", "11.000000", "4.538406", "27.552643", "25.429667", "136.932979")),
    ],
)
def test_momentum_growth_sums(eigenvalue, rows):
    """17, S_T at T = 50, eta = .1: beta = 0, .5, .9, each with sigma = .1 and 1."""
    cells = [(beta, sigma) for beta in (0.0, 0.5, 0.9) for sigma in (0.1, 1.0)]
    for (beta, sigma), printed in zip(cells, rows, strict=True):
        assert f"{growth_sum(eigenvalue, beta, sigma):.6f}" == printed


def growth_sum(eigenvalue, momentum, velocity_scale):
    return qres.formula("momentum.growth_sum")(
        eigenvalues=[eigenvalue],
        learning_rate=0.1,
        n_steps=50,
        momentum=momentum,
        velocity_scale=velocity_scale,
    )


def test_momentum_at_a_large_scale_and_plain_descent():
    found = [growth_sum(value, 0.9, 3.0) for value in (-0.1, 0.0, 1.0)]
    # the first is the sum of singular values of 2 x 2 powers at 30 digits, rounded
    assert found == pytest.approx((569.452472, 52.651473, 114.699632), rel=1e-8)
    plain = [growth_sum(value, 0.0, 0.0) for value in (-0.1, 0.0, 1.0)]
    assert plain == pytest.approx((66.107814, 51, 9.953616), rel=1e-7)
    # 1 - eta l = -2, so S_50 = 2^51 - 1
    assert growth_sum(30.0, 0.0, 0.0) == 2.0**51 - 1
    assert growth_sum(30.0, 0.9, 1.0) == pytest.approx(437.445396, rel=1e-8)
    assert growth_sum(1.0, 0.0, 1e-9) == pytest.approx(plain[2], rel=1e-12)


@pytest.mark.parametrize(
    ("eigenvalue", "stable"), [(30, True), (37.9, True), (38.1, False), (0, False)]
)
def test_momentum_is_stable_where_the_eigenvalues_of_its_block_are_inside_the_disc(
    eigenvalue, stable
):
    """12: eta l < 2 (1 + beta) = 3.8 at eta = .1, beta = .9."""
    roots = np.roots([1, -(1 + 0.9 - 0.1 * eigenvalue), 0.9])
    assert is_stable(eigenvalue, 0.1, 0.9) == stable == bool((np.abs(roots) < 1 - 1e-9).all())


# ------------------------------------------------------------------ segments, 10; dissipation, 13


def test_split_of_a_readout_error():
    """17, allocate: w = (1, 2, 4), E = .1."""
    weights = np.array([1.0, 2.0, 4.0])
    sampling, coherent = (split_readout(weights, 0.1, way) for way in ("sampling", "coherent"))
    assert sampling == pytest.approx((0.01958004, 0.01554068, 0.01233465), abs=5e-9)
    assert coherent == pytest.approx((0.02265409, 0.01601886, 0.01132705), abs=5e-9)
    for found in (sampling, coherent):
        assert weights @ found == pytest.approx(0.1, rel=1e-14)
    factor = qres.formula("readout.segments.sampling_factor")(segment_weights=weights, epsilon=0.1)
    assert factor == pytest.approx(13321.6986, rel=1e-8)
    assert factor == pytest.approx((sampling**-2).sum(), rel=1e-12)
    factor = qres.formula("readout.segments.coherent_factor")(segment_weights=weights, epsilon=0.1)
    assert factor == pytest.approx(194.852814, rel=1e-8)
    assert factor == pytest.approx((1 / coherent).sum(), rel=1e-12)


@pytest.mark.parametrize("power", [1, 2])
def test_no_other_split_is_cheaper(power):
    """Moving error from one segment to another at a fixed weighted sum never pays."""
    weights = np.array([1.0, 2.0, 4.0])
    best = split_readout(weights, 0.1, "coherent" if power == 1 else "sampling")
    for i in range(3):
        for j in range(3):
            for moved in (1e-3, -1e-3):
                other = best.copy()
                other[i] += moved / weights[i]
                other[j] -= moved / weights[j]
                assert (other**-power).sum() >= (best**-power).sum() * (1 - 1e-12)


def test_errors_are_carried_by_the_later_segments():
    """g = (2, 3, 1/2), T = (4, 2, 3): Lambda = (3^2 / 2^3, 1/8, 1)."""
    assert carry_factors((2, 3, 0.5), (4, 2, 3)).tolist() == [9 / 8, 1 / 8, 1]
    assert carry_factors((2,), (5,)).tolist() == [1]


SPECTRUM = (-0.2, 0.0, 0.5, 1.0, 15.0)


def test_dissipation_proxy():
    """17, proxy: factors 1.02, 1, .95, .9, .5 at eta = .1."""
    found = [proxy(SPECTRUM, None, 0.1, t) for t in (0, 1, 5, 50)]
    assert found == pytest.approx((1, 0.874, 0.69992035, 0.75473736), rel=1e-8)
    assert found[0] == 1


def test_dissipative_and_divergent_contributions():
    """By hand at t = 1: (.95 + .9 + .5)/5 and 1.02/5; the mode at 0 is in neither."""
    assert contributions(SPECTRUM, None, 0.1, 1) == pytest.approx((2.35 / 5, 1.02 / 5), rel=1e-14)
    crossing = crossing_time(SPECTRUM, None, 0.1)
    assert 0.95**crossing + 0.9**crossing + 0.5**crossing == pytest.approx(
        1.02**crossing, rel=1e-10
    )
    assert crossing_time((1.0, 2.0), None, 0.1) == math.inf
    assert crossing_time((-1.0, 2.0), (2, 1), 0.1) == 0
    # T = 10: below .9 only .5, above 1.1 nothing; .9 and .95 are within 1/T of 1
    shares = spectral_shares(SPECTRUM, (1, 1, 1, 1, 4), 0.1, 10)
    assert shares == pytest.approx((0.5, 0.5, 0), rel=1e-14)


@pytest.mark.parametrize("n_active", [2, 4, 6, 8, 10, 12])
def test_pairs_that_write_down_all_third_derivatives(n_active):
    """17, law 9: pairs inside the halves and (i, i) hit every triple, in r (r + 2)/4 products."""
    half = n_active // 2
    pairs = {
        (i, j) for part in (range(half), range(half, n_active)) for i in part for j in part if i < j
    } | {(i, i) for i in range(n_active)}
    reached = {tuple(sorted((*pair, k))) for pair in pairs for k in range(n_active)}
    assert len(reached) == math.comb(n_active + 2, 3)
    cost = qres.formula("tabulate.dense.gradients")
    point = {"n_active": n_active, "hvp_gradients": 0}
    products = cost(**point, tvp_gradients=1, degree=2) - cost(**point, tvp_gradients=1, degree=1)
    assert products == len(pairs)
