"""Polynomials for 1/x: closed forms against linear programming, binomial sums and many digits."""

from __future__ import annotations

import math
from functools import cache, partial

import mpmath
import numpy as np
import pytest
from numpy.polynomial import chebyshev
from scipy.optimize import linprog
from scipy.stats import binom

from qres.algorithms.solvers.base import solver
from qres.notation.compiled import compile_exact
from qres.notation.inversion import (
    cks_peak,
    cks_scale,
    minimax_peak,
    minimax_scale,
    minimax_terms,
)
from qres.notation.symbols import symbol

INPUTS = tuple(symbol(name) for name in ("kappa_eff", "epsilon", "xi"))


# ------------------------------------------------------------------ the minimax polynomial


def minimax_error(kappa, terms):
    """The printed bound (1-a)^n/(a (1+a)^(n-1)), a = 1/kappa."""
    a = 1 / kappa
    return (1 - a) ** terms / (a * (1 + a) ** (terms - 1))


@cache
def best_polynomial(kappa, terms):
    """Return (error, Chebyshev coefficients) of the best odd polynomial, by linear programming.

    Nothing but the definition: the least e with |P(x) - 1/x| <= e on a grid of [1/kappa, 1].
    """
    nodes = np.cos(np.linspace(0, np.pi, 4000))
    x = ((1 + 1 / kappa) + (1 - 1 / kappa) * nodes) / 2
    odd = chebyshev.chebvander(x, 2 * terms - 1)[:, 1::2]
    ones = np.ones((len(x), 1))
    above = np.block([[odd, -ones], [-odd, -ones]])
    limits = np.concatenate([1 / x, -1 / x])
    cost = np.r_[np.zeros(terms), 1.0]
    found = linprog(cost, A_ub=above, b_ub=limits, bounds=[(None, None)] * (terms + 1))
    assert found.status == 0
    coefficients = np.zeros(2 * terms)
    coefficients[1::2] = found.x[:-1]
    return found.x[-1], coefficients


DENSE = [(2, 2), (3, 4), (5, 6), (10, 12), (10, 20), (20, 25)]


@pytest.mark.parametrize(("kappa", "terms"), DENSE)
def test_no_odd_polynomial_is_nearer_than_the_minimax_error(kappa, terms):
    """Breaking it means: the degree of qsvt-minimax is not that of the best polynomial."""
    assert best_polynomial(kappa, terms)[0] == pytest.approx(minimax_error(kappa, terms), rel=2e-5)


@pytest.mark.parametrize(("kappa", "terms"), DENSE)
def test_the_peak_is_that_of_the_best_polynomial(kappa, terms):
    """Breaking it means: C is not the maximum of the polynomial that is used."""
    found = chebyshev.chebval(np.linspace(0, 1 / kappa, 20001), best_polynomial(kappa, terms)[1])
    assert float(minimax_peak(kappa, terms)) == pytest.approx(found.max() / kappa, rel=1e-4)


@pytest.mark.parametrize(
    ("kappa", "eps"), [(1.05, 0.3), (2, 0.1), (7, 0.3), (10, 1e-4), (1e6, 1e-9)]
)
def test_the_terms_are_the_fewest(kappa, eps):
    terms = minimax_terms.scalar(kappa, eps)
    log_error = [
        n * math.log1p(-1 / kappa) - (n - 1) * math.log1p(1 / kappa) + math.log(kappa)
        for n in (terms, terms - 1)
    ]
    assert log_error[0] <= math.log(eps)
    assert log_error[1] > math.log(eps)


def minimax(kappa, terms, x):
    """The closed form by cosines, for |x| >= 1/kappa, apart from the one in use."""
    a = 1 / kappa
    y = np.clip((2 * x * x - 1 - a * a) / (1 - a * a), -1, 1)
    angle, ratio = np.arccos(y), (1 - a) / (1 + a)
    at_zero = (-1) ** terms * 2 * a / (ratio**terms * (1 + a) ** 2)
    return (1 - (np.cos(terms * angle) + ratio * np.cos((terms - 1) * angle)) / at_zero) / x


@pytest.mark.parametrize("kappa", [1.001, 1.1, 1.5, 2, 3, 10, 100, 1000])
def test_outside_the_gap_the_polynomial_stays_below_kappa(kappa):
    """Breaking it means: the scale of the minimax polynomial misses a maximum on [a, 1]."""
    for terms in (1, 2, 3, 5, 8, 13, 40, 200):
        if minimax_error(kappa, terms) > 1e-12:
            x = 1 / kappa + (1 - 1 / kappa) * np.linspace(0, 1, 20001) ** 2
            assert minimax(kappa, terms, x).max() <= kappa * (1 + 1e-12)


@pytest.mark.parametrize("kappa", [1.001, 1.1, 1.5, 2, 3, 10, 100])
@pytest.mark.parametrize("eps", [0.9, 0.3, 0.05, 1e-3, 1e-6])
def test_the_scale_covers_the_polynomial(kappa, eps):
    terms = minimax_terms.scalar(kappa, eps)
    scale = minimax_scale.scalar(kappa, eps)
    assert scale >= max(1.0, float(minimax_peak(kappa, terms)) * (1 - 1e-12))
    assert scale <= max(1.0, float(minimax_peak(kappa, terms + 1)) * (1 + 1e-12))


def peak_by_many_digits(kappa, terms):
    """Maximum of the closed form near its peak, by hyperbolic cosines of 60 digits."""
    with mpmath.workdps(60):
        a = 1 / mpmath.mpf(kappa)
        ratio = (1 - a) / (1 + a)

        def rest(x):
            angle = mpmath.acosh((1 + a * a - 2 * x * x) / (1 - a * a))
            return mpmath.cosh(terms * angle) - ratio * mpmath.cosh((terms - 1) * angle)

        at_zero = rest(mpmath.mpf(0))

        def value(part):
            return (1 - rest(a * part) / at_zero) / part

        guess = mpmath.sqrt(1.26 / (a * terms))
        ends = (guess / 2, min(2 * guess, mpmath.mpf("0.99")))
        peak = mpmath.findroot(partial(mpmath.diff, value), ends, solver="illinois", tol=1e-30)
        return float(value(peak))


@pytest.mark.parametrize(
    ("kappa", "terms"), [(1e3, 10_000), (1e8, 500_000_000), (1e8, 10**10), (1e10, 10**12)]
)
def test_the_peak_of_huge_polynomials(kappa, terms):
    """Breaking it means: C overflows or loses digits where nothing can be summed up."""
    assert float(minimax_peak(kappa, terms)) == pytest.approx(
        peak_by_many_digits(kappa, terms), rel=1e-10
    )


def test_the_trivial_system_needs_one_term():
    """At kappa = 1 the polynomial is x, also where rounding led just below."""
    for kappa in (1, 1.0, 1 - 1e-9):
        assert minimax_terms.scalar(kappa, 1e-6) == 1
        assert minimax_scale.scalar(kappa, 1e-6) == 1
        assert cks_scale.scalar(kappa, 1e-6) == cks_scale.scalar(1.0, 1e-6) > 1


# ------------------------------------------------------------------ the polynomial of Childs et al.


def cks(kappa, eps):
    """Return (D, Chebyshev coefficients) from the paper's sum of binomial tails."""
    b = math.ceil(kappa**2 * math.log(kappa / eps))
    cut = math.ceil(math.sqrt(b * math.log(4 * b / eps)))
    tails = binom.sf(b + np.arange(b + 1), 2 * b, 0.5)
    coefficients = np.zeros(2 * cut + 2)
    kept = min(cut, b)
    signs = (-1.0) ** np.arange(kept + 1)
    coefficients[1 : 2 * kept + 2 : 2] = 4 * signs * tails[: kept + 1]
    return cut, coefficients


CKS = [(2, 0.1), (3, 0.3), (5, 0.01), (8, 0.1), (10, 0.05)]


@pytest.mark.parametrize(("kappa", "eps"), CKS)
def test_the_error_of_the_cks_polynomial(kappa, eps):
    """eps (1 + 1/(2D + 2)). Breaking it means: eps has to be halved, as the paper's bound asks."""
    cut, coefficients = cks(kappa, eps)
    x = 1 / kappa + (1 - 1 / kappa) * np.linspace(0, 1, 20001) ** 2
    error = np.abs(chebyshev.chebval(x, coefficients) - 1 / x).max()
    assert 0.3 * eps < error <= eps * (1 + 1 / (2 * cut + 2))


@pytest.mark.parametrize(("kappa", "eps"), CKS)
def test_the_scale_of_the_cks_polynomial(kappa, eps):
    """At least the dense maximum, above it by one unit of b (1 % to 15 %) and eps/4."""
    _, coefficients = cks(kappa, eps)
    peak = np.abs(chebyshev.chebval(np.linspace(0, 1, 40001), coefficients)).max() / kappa
    b = math.ceil(kappa**2 * math.log(kappa / eps))
    above = float(cks_peak(b + 1)) / kappa + eps / (4 * kappa)
    assert peak <= cks_scale.scalar(kappa, eps) <= max(above, cks_scale.scalar(1, eps))
    # the peak for whole b alone, without room for the rounding: equal but for what is cut off
    assert float(cks_peak(b)) / kappa == pytest.approx(peak, abs=eps / (4 * kappa))


def test_the_peak_of_a_huge_cks_polynomial():
    """max (1 - exp(-t))/sqrt(t) = 0.6381726863 at exp(t) = 1 + 2t, times sqrt(b)."""
    t = mpmath.findroot(lambda t: mpmath.exp(t) - 1 - 2 * t, 1.26)
    limit = float((1 - mpmath.exp(-t)) / mpmath.sqrt(t))
    assert limit == pytest.approx(0.6381726863, rel=1e-9)
    assert float(cks_peak(1e28)) == pytest.approx(limit * 1e14, rel=1e-12)
    assert float(cks_peak(1)) == 1


# ------------------------------------------------------------------ a matrix, inverted


@pytest.mark.parametrize(("kappa", "eps", "seed"), [(5, 0.05, 1), (5, 0.3, 2), (20, 0.01, 3)])
def test_the_transformation_solves_a_system(kappa, eps, seed):
    """State error and flag of a random matrix. Breaking it means: epsilon or 1/(C xi)^2 is wrong."""
    generator = np.random.default_rng(seed)
    size = 8
    left, right = (np.linalg.qr(generator.normal(size=(size, size)))[0] for _ in range(2))
    singular = np.r_[1 / kappa, generator.uniform(1 / kappa, 1, size - 2), 1.0]
    rhs = left.T @ generator.normal(size=size)
    rhs /= np.linalg.norm(rhs)
    exact, found = (
        right @ (rhs / singular),
        right @ (minimax(kappa, minimax_terms.scalar(kappa, eps), singular) * rhs),
    )
    directions = [v / np.linalg.norm(v) for v in (exact, found)]
    assert np.linalg.norm(directions[0] - directions[1]) <= 2 * math.sin(math.asin(eps) / 2)
    xi = kappa / np.linalg.norm(exact)
    scale = minimax_scale.scalar(kappa, eps)
    flag = np.linalg.norm(found / (scale * kappa)) ** 2
    predicted = compile_exact(INPUTS, solver("qsvt-minimax").flag_prob)(kappa, eps, xi)
    assert (1 - eps) ** 2 <= flag / predicted <= (1 + eps) ** 2
