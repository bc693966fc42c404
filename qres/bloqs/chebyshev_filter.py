r"""Phases of reflections that make a Chebyshev polynomial, in closed form.

A circuit $U$ with $\langle 0|U|0\rangle = \sigma$ is run forwards and backwards in turn, $L$ times in
all, $L$ odd, with reflections of phases $\phi_1, \dots, \phi_{L-1}$ about $|0\rangle$ between. The
amplitude that does *not* end in $|0\rangle$ is then, up to a phase,
$F(\sigma) = T_L(\beta\sqrt{1-\sigma^2})/T_L(\beta)$: 1 at $\sigma = 0$, and at most $1/T_L(\beta)$
wherever $\sigma^2 \ge 1 - \beta^{-2}$. Read from one end it is fixed-point amplification, read from the
other the Dolph-Chebyshev filter of a kernel.

References:
    [Fixed-point quantum search with an optimal number of
    queries](https://arxiv.org/abs/1409.3305). Yoder, Low, Chuang (2014). Eq. (11).
"""

from __future__ import annotations

import math

import numpy as np

from qres.errors import InputError


def chebyshev_phases(length: int, stretch: float) -> tuple[float, ...]:
    r"""Return the phases $\phi_k = \pm 2\,\mathrm{arccot}(\tan(\pi k/L)\sqrt{1 - \beta^{-2}})$.

    Args:
        length: uses of the circuit, $L$, odd.
        stretch: $\beta \ge 1$; at 1 the polynomial is $T_L$ itself.

    Raises:
        InputError: an even length, or a stretch below 1.
    """
    if length < 1 or length % 2 == 0 or not stretch >= 1:
        raise InputError(
            f"chebyshev_phases: expected an odd length and a stretch of 1 or more, found {length}"
            f" and {stretch}"
        )
    place = np.arange(1, length)
    root = math.sqrt((stretch - 1) * (stretch + 1)) / stretch
    angles = 2 * np.arctan2(1.0, np.tan(np.pi * place / length) * root)
    return tuple(float(angle) for angle in np.where(place % 2, angles, -angles))


def fixed_point_stretch(length: int, fail_prob: float) -> float:
    r"""Return the $\beta$ at which $T_L(\beta)^2 = 1/\delta$: what is left is at most $\delta$.

    Args:
        length: $L$.
        fail_prob: $\delta$, between 0 and 1.

    Raises:
        InputError: a probability that is not between them.
    """
    _require_between("fail_prob", fail_prob)
    return math.cosh(math.acosh(1 / math.sqrt(fail_prob)) / length)


def exact_stretch(length: int, success_prob: float) -> float:
    r"""Return the $\beta$ that puts the outermost zero at a known probability.

    $\beta\sqrt{1-P} = \cos\frac{\pi}{2L}$; $L \ge \pi/(2\arcsin\sqrt P)$ makes it at least 1.

    Args:
        length: $L$.
        success_prob: $P$, between 0 and 1.

    Raises:
        InputError: too few uses for this probability, or one that is not between 0 and 1.
    """
    _require_between("success_prob", success_prob)
    found = math.cos(math.pi / (2 * length)) / math.sqrt(1 - success_prob)
    if found < 1 - 1e-12:
        raise InputError(
            f"{length} uses of a circuit cannot bring probability {success_prob:g} to one; at least"
            f" {math.pi / (2 * math.asin(math.sqrt(success_prob))):g} are needed"
        )
    return max(found, 1.0)


def gap_stretch(gap: float) -> float:
    r"""Return the $\beta$ with which singular values from `gap` on are filtered, $(1-a^2)^{-1/2}$.

    Args:
        gap: $a$, between 0 and 1: $1/\kappa$ where $\kappa > 1$.

    Raises:
        InputError: a gap that is not between them.
    """
    _require_between("gap", gap)
    return 1 / math.sqrt((1 - gap) * (1 + gap))


def _require_between(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise InputError(f"{name} is {value}; it must be a number between 0 and 1")
