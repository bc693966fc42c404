r"""Odd polynomials that approximate $1/x$ on $[a, 1]$, $a = 1/\kappa$: how many terms, how large.

**Minimax.** With $y = (2x^2 - 1 - a^2)/(1 - a^2)$, $\rho = (1+a)/(1-a)$ and
$Q_n \propto T_n(y) + T_{n-1}(y)/\rho$, $Q_n(x = 0) = 1$, the polynomial $P = (1 - Q_n)/x$ of degree
$2n - 1$ is the best one: $\lvert T_n + T_{n-1}/\rho\rvert = \frac{2x}{1+a}\lvert\cos\cdot\rvert$ on
the interval, so $Q_n/x$ swings between equal extremes of $(1-a)^n/(a(1+a)^{n-1})$.

Between 0 and $a$ nothing bounds it by $\kappa$. There, with $u = \ln\rho$ and $x = 0$ at $w = 0$,
$x = a$ at $w = u$, it is
$x^2 = \sinh(u - w/2)\sinh(w/2)/\cosh^2(u/2)$ and
$Q_n = [(1 - e^{w-2u})e^{-nw} + (1 - e^{-w})e^{-n(2u-w)}]/(1 - e^{-2u})$: nothing overflows or
cancels at any $\kappa$ or $n$, and $n$ need not be whole. $Q_n$ falls with $n$, so the peak grows.
On $[a, 1]$ the polynomial stays below $\kappa$ (seen on a grid of $n$ and $\kappa$, reached at $n = 1$).

**Childs, Kothari and Somma.** $g = (1 - (1 - x^2)^b)/x$, and of its Chebyshev series the part
up to degree $2D + 1$. What is left out weighs at most
$4\sum_{j>D}\Pr[\mathrm{Bin}(2b, 1/2) > b + j] \le 4\int_{D+1}^\infty e^{-t^2/b}\,dt
\le \frac{2b}{D+1}e^{-D^2/b} \le \frac{\epsilon}{2(D+1)}$ (Hoeffding), so the polynomial exceeds the
peak of $g$ by no more than $\epsilon/4$.

**Scale.** A circuit may apply the polynomial divided by anything that is at least its maximum. The
scales here are the peaks at the number of terms before rounding up, plus one: at least the
maximum, above it by less than one term's worth, and without the steps of the rounding, by
which a harder system would now and then be cheaper. They do not fall with $\kappa$ (minimax: for
$\epsilon \le 1/20$) nor rise with $\epsilon$.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qres.notation.named import NamedFunction
from qres.notation.searches import smallest

NEAREST = 1e-3
"""Where the search for the peak begins, as a part of u: the peak is at 1.26/(n u), n u < 1000."""


def _rate(kappa: Any) -> np.ndarray:
    r"""Return $u = 2\,\mathrm{artanh}(1/\kappa)$, infinite at 1 (and below, where rounding led)."""
    with np.errstate(divide="ignore"):
        return 2 * np.arctanh(1 / np.maximum(np.asarray(kappa, float), 1.0))


def _real_terms(kappa: Any, epsilon: Any) -> np.ndarray:
    """Return the number of terms at which the minimax error is epsilon, before rounding up."""
    return np.log((np.maximum(kappa, 1.0) + 1) / epsilon) / _rate(kappa)


def minimax_peak(kappa: Any, terms: Any) -> np.ndarray:
    r"""Return $\max_{0 \le x \le a} P(x)/\kappa$ of the minimax polynomial of degree $2n - 1$.

    Args:
        kappa: above 1, scalar or array.
        terms: $n \ge 1$, need not be whole.
    """
    u, n = np.broadcast_arrays(_rate(kappa), np.asarray(terms, float))
    height = -np.expm1(-2 * u) * kappa / np.cosh(u / 2)

    def negative(part: Any) -> np.ndarray:
        w = part * u
        gap = 2 * u - w
        # 1 - Q_n times 1 - exp(-2u), as a sum of positive terms
        rest = np.expm1(-w) * np.exp(-gap) * np.expm1((1 - n) * gap)
        above = np.expm1(-gap) * np.expm1(-n * w) + rest
        return -above / (height * np.sqrt(np.sinh(gap / 2) * np.sinh(w / 2)))

    return -smallest(negative, NEAREST, 1.0)


def cks_peak(exponent: Any) -> np.ndarray:
    r"""Return $\max_{0 \le x \le 1} (1 - (1 - x^2)^b)/x$.

    Args:
        exponent: $b \ge 1$, need not be whole, scalar or array.
    """
    b = np.asarray(exponent, float)
    # 1 - x^2 = exp(-t/b); the peak moves from t = 1.26 at large b to x = 1 at b = 1
    return -smallest(lambda t: np.expm1(-t) / np.sqrt(-np.expm1(-t / b)), 1.0, 700.0)


class minimax_terms(NamedFunction):
    """Fewest terms of an odd polynomial within epsilon of 1/x: `minimax_terms(kappa, epsilon)`."""

    letter = r"n"
    definition = (
        r"n(\kappa, \epsilon) = \min\Bigl\{n \ge 1: \frac{(1-a)^n}{a(1+a)^{n-1}} \le \epsilon\Bigr\},"
        r" \quad a = \frac{1}{\kappa}"
    )

    @staticmethod
    def scalar(kappa: Any, epsilon: Any) -> int:
        """Solve for n and round up."""
        return int(minimax_terms.array(np.float64(kappa), np.float64(epsilon)))

    @staticmethod
    def array(kappa: Any, epsilon: Any) -> np.ndarray:
        """Solve for n and round up."""
        return np.maximum(1.0, np.ceil(_real_terms(kappa, epsilon)))


class minimax_scale(NamedFunction):
    r"""What divides the minimax polynomial, over $\kappa$: `minimax_scale(kappa, epsilon)`."""

    letter = r"C"
    definition = (
        r"C(\kappa, \epsilon) = \max\bigl(1, \max_{\lvert x\rvert \le 1/\kappa}"
        r" \lvert P_{2\bar n - 1}(x)\rvert/\kappa\bigr), \\ &\quad"
        r" \bar n = 1 + \ln\frac{\kappa + 1}{\epsilon} \big/ \ln\frac{\kappa + 1}{\kappa - 1}"
    )

    @staticmethod
    def scalar(kappa: Any, epsilon: Any) -> float:
        """Search as for arrays."""
        return float(minimax_scale.array(np.float64(kappa), np.float64(epsilon)))

    @staticmethod
    def array(kappa: Any, epsilon: Any) -> np.ndarray:
        """Search for the peak; at kappa = 1 the polynomial is x."""
        kappa, epsilon = np.broadcast_arrays(np.asarray(kappa, float), np.asarray(epsilon, float))
        is_trivial = kappa <= 1
        above = np.where(is_trivial, 2.0, kappa)
        peak = minimax_peak(above, 1 + _real_terms(above, epsilon))
        return np.where(is_trivial, 1.0, np.maximum(1.0, peak))


def _cks_bound(kappa: Any, epsilon: Any) -> np.ndarray:
    """Return a bound on the polynomial over kappa, before the steps of the rounding."""
    return (cks_peak(1 + kappa**2 * np.log(kappa / epsilon)) + epsilon / 4) / kappa


class cks_scale(NamedFunction):
    r"""What divides the polynomial of Childs et al., over $\kappa$: `cks_scale(kappa, epsilon)`."""

    letter = r"C"
    definition = (
        r"C(\kappa, \epsilon) = \max(c(\kappa), c(1)),"
        r" \quad \bar b = 1 + \kappa^2\ln\frac{\kappa}{\epsilon}, \\ &\quad"
        r" c(\kappa) = \frac{1}{\kappa}\Bigl(\frac{\epsilon}{4} +"
        r" \max_{0 \le x \le 1} \frac{1 - (1 - x^2)^{\bar b}}{x}\Bigr)"
    )

    @staticmethod
    def scalar(kappa: Any, epsilon: Any) -> float:
        """Search as for arrays."""
        return float(cks_scale.array(np.float64(kappa), np.float64(epsilon)))

    @staticmethod
    def array(kappa: Any, epsilon: Any) -> np.ndarray:
        """Search for the peak and add what the truncation may add."""
        kappa, epsilon = np.broadcast_arrays(np.asarray(kappa, float), np.asarray(epsilon, float))
        # the bound dips between kappa = 1 and 1.5, where b is small and its rounding large
        floor = _cks_bound(np.ones_like(kappa), epsilon)
        return np.maximum(floor, _cks_bound(np.maximum(kappa, 1.0), epsilon))
