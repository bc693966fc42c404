r"""Odd polynomials for $1/x$ as Chebyshev coefficients, and the phases that make a circuit of them.

The phases are those of a symmetric sequence $e^{i\phi_0 Z} W e^{i\phi_1 Z} W \cdots e^{i\phi_d Z}$,
$W = e^{i\arccos(x) X}$, whose upper left entry has the polynomial as its imaginary part. They solve
one equation for each pair of phases, by Newton's method from half the coefficients; up to a degree of
1,200 that takes seconds and about ten steps, as long as the polynomial stays below 1.

References:
    [Robust iterative method for symmetric quantum signal processing in all parameter
    regimes](https://arxiv.org/abs/2307.12468). Dong, Lin, Ni, Wang (2023).
"""

from __future__ import annotations

import numpy as np

from qres.errors import InputError

MAX_DEGREE = 1500
"""Largest degree whose phases are searched: a dense system of half as many equations."""

_MAX_STEPS = 40
_EXACT = 1e-12


def minimax_polynomial(kappa: float, terms: int) -> np.ndarray:
    r"""Return the coefficients of $T_1, T_3, \dots, T_{2n-1}$ of the best polynomial for $1/x$.

    Args:
        kappa: above 1; the interval is $[1/\kappa, 1]$.
        terms: $n$.
    """
    a = 1 / kappa
    ratio = (1 + a) / (1 - a)
    nodes = (np.arange(4 * terms) + 0.5) * np.pi / (4 * terms)
    x = np.cos(nodes)
    rest = _rest((2 * x**2 - 1 - a * a) / (1 - a * a), terms, ratio)
    values = (1 - rest / _rest(np.array([(-1 - a * a) / (1 - a * a)]), terms, ratio)) / x
    degrees = np.arange(1, 2 * terms, 2)
    return np.cos(np.outer(degrees, nodes)) @ values / (2 * terms)


def _rest(y: np.ndarray, terms: int, ratio: float) -> np.ndarray:
    return _chebyshev(terms, y) + _chebyshev(terms - 1, y) / ratio


def _chebyshev(degree: int, y: np.ndarray) -> np.ndarray:
    """$T_n$, also outside of $[-1, 1]$."""
    inside = np.cos(degree * np.arccos(np.clip(y, -1, 1)))
    outside = np.cosh(degree * np.arccosh(np.maximum(np.abs(y), 1)))
    return np.where(np.abs(y) <= 1, inside, np.where(y < 0, (-1.0) ** degree, 1) * outside)


def cks_polynomial(exponent: int, terms: int) -> np.ndarray:
    r"""Return the coefficients of $T_1, T_3, \dots$ of $(1 - (1 - x^2)^b)/x$, the first ones.

    Args:
        exponent: $b$.
        terms: how many.
    """
    from scipy.stats import binom

    place = np.arange(terms)
    return 4 * (-1.0) ** place * binom.sf(exponent + place, 2 * exponent, 0.5)


def inversion_phases(coefficients: np.ndarray) -> tuple[float, ...]:
    r"""Return the phases of `qres.bloqs.qsvt.InversionRun` for an odd polynomial.

    Args:
        coefficients: of $T_1, T_3, \dots, T_d$; the polynomial is below 1 on $[-1, 1]$.

    Returns:
        $d$ phases: the outermost two added up, then those between.

    Raises:
        InputError: the degree is too large, or no phases were found.
    """
    terms = len(coefficients)
    if 2 * terms - 1 > MAX_DEGREE:
        raise InputError(f"phases of degree {2 * terms - 1}: at most {MAX_DEGREE} can be found")
    nodes = (2 * np.arange(terms) + 1) * np.pi / (4 * terms)
    wanted = np.cos(np.outer(nodes, np.arange(1, 2 * terms, 2))) @ coefficients
    half = coefficients / 2
    for _ in range(_MAX_STEPS):
        found, slopes = _response(half, np.cos(nodes))
        if np.abs(found - wanted).max() < _EXACT:
            phases = np.concatenate([half[::-1], half]) - np.pi / 2
            outer = phases[0] + phases[-1] + np.pi / 2
            return (float(outer), *(float(phase) for phase in phases[1:-1]))
        half = half - np.linalg.solve(slopes, found - wanted)
    raise InputError(
        f"no phases for this polynomial of degree {2 * terms - 1}: its maximum must be below 1"
    )


def _response(half: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the polynomial of symmetric phases at the nodes, and its slopes in the phases."""
    full = np.concatenate([half[::-1], half])
    turns = np.exp(1j * np.outer(full, [1, -1]))[:, :, None]
    sine = 1j * np.sqrt(1 - x**2)
    rights = np.empty((len(full), 2, len(x)), dtype=complex)
    state = np.array([np.ones_like(x), np.zeros_like(x)], dtype=complex)
    for place in reversed(range(len(full))):
        state = rights[place] = state * turns[place]
        state = x * state + sine * state[::-1]
    lefts = rights[::-1] / turns[::-1]
    slopes = np.imag(1j * (lefts[:, 0] * rights[:, 0] - lefts[:, 1] * rights[:, 1]))
    count = len(half)
    return np.imag(rights[0][0]), (slopes[count:] + slopes[count - 1 :: -1]).T
