r"""One reflection about the kernel that holds the solution: what both shortcut solvers share.

Claim: with $\eta$ the height of a Chebyshev filter off the kernel, a reflection of
$2L \ge \kappa\ln(2 + 2/\eta)$ uses of U_A, $L$ odd, and two uses of U_b each turns a guess $t$ of
$\lVert x\rVert$ into $\frac{2\rho}{(1+\rho^2)(1+\eta)}\,|x\rangle + w$ where a flag is up,
$\rho = t/\lVert x\rVert$, $\lVert w\rVert \le \frac{2\eta}{1+\eta}(1+\rho^2)^{-1/2}$.

Guesses are made in superposition: $J = 2^g$ of them, $t_j = \kappa^{(j+1/2)/J}$, since
$1 \le \lVert x\rVert \le \kappa$ for $\lVert b\rVert = 1$. Each leaves the same $|x\rangle$; brought
back to the uniform superposition they flag it with the mean amplitude, at least
$S = \frac1J\sum_j \mathrm{sech}\bigl((j + \tfrac12)\tfrac{\ln\kappa}{J}\bigr)$, its value at
$\lVert x\rVert = 1$ and $\kappa$. With $\eta = \epsilon S/2$ the state is off by $\arcsin\epsilon$ at
most and flagged with probability at least $S^2(1-\epsilon)^2/(1 + \epsilon S/2)^2$ (derived).

Source: Dalzell, arXiv:2406.12086v2, for the kernel and its reflection; the superposition of guesses
in place of measured ones is derived here and proven by simulation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy

from qres.algorithms.solvers.base import RunGates
from qres.algorithms.solvers.frame import KAPPA, odd_above
from qres.notation.named import NamedFunction
from qres.notation.symbols import symbol

COARSEST = sympy.Rational(1, 100)
"""Precision of a run of which less was asked; its chance holds for every finer one."""
WIDEST = 2.0
"""Largest distance of neighbouring guesses, in units of $\\ln t$."""
SLACK = 1e-12
"""What rounding may add to a logarithm that is whole."""
FARTHEST = 700.0
"""Where cosh is still a float."""


def _guesses(kappa: Any) -> np.ndarray:
    """Return the number of guesses at each point, a power of two."""
    logarithm = np.log(np.maximum(np.asarray(kappa, float), 1.0))
    return 2.0 ** np.ceil(np.log2(np.maximum(logarithm / WIDEST, 1.0)) - SLACK)


def _mean(logarithm: Any, count: Any) -> np.ndarray:
    """Return the mean of sech over the guesses at each point, the norm at the end of its range."""
    found = np.zeros(np.broadcast(logarithm, count).shape)
    for place in range(int(np.max(count))):
        part = 1 / np.cosh(np.minimum((place + 0.5) * logarithm / count, FARTHEST))
        found = found + np.where(place < count, part, 0.0)
    return found / count


def sech_mean(logarithm: float, count: int) -> float:
    """Return the mean of sech over the guesses, the norm at the end of its range."""
    places = [(place + 0.5) * logarithm / count for place in range(count)]
    return math.fsum(1 / math.cosh(min(place, FARTHEST)) for place in places) / count


class guess_qubits(NamedFunction):
    """Qubits of the guesses of the norm: `guess_qubits(kappa)`."""

    letter = r"n_{\mathrm{g}}"
    definition = r"n_{\mathrm{g}}(\kappa) = \lceil\log_2\max(1, \tfrac12\ln\kappa)\rceil"

    @staticmethod
    def scalar(kappa: Any) -> int:
        """Compute it."""
        distances = math.log(max(kappa, 1)) / WIDEST
        return math.ceil(math.log2(max(distances, 1)) - SLACK)

    @staticmethod
    def array(kappa: Any) -> np.ndarray:
        """Compute it at each point."""
        return np.log2(_guesses(kappa))


class guess_overlap(NamedFunction):
    r"""Least mean amplitude of the guesses: `guess_overlap(kappa)`.

    It rises by up to 3 % where the number of guesses doubles; the value before stays the bound until
    it is reached again, so that a harder system is not the cheaper one.
    """

    letter = r"S"
    definition = (
        r"S(\kappa) = \frac1J \sum_{j<J} \mathrm{sech}\Bigl(\frac{(j + 1/2)\ln\kappa}{J}\Bigr),"
        r" \quad J = 2^{n_{\mathrm{g}}(\kappa)}, \\ &\quad \text{and no more than where } J \text{ was half}"
    )

    @staticmethod
    def scalar(kappa: Any) -> float:
        """Compute it."""
        count = 2 ** guess_qubits.scalar(kappa)
        found = sech_mean(math.log(max(kappa, 1)), count)
        return found if count == 1 else min(found, sech_mean(WIDEST * count / 2, count // 2))

    @staticmethod
    def array(kappa: Any) -> np.ndarray:
        """Compute it at each point."""
        logarithm = np.log(np.maximum(np.asarray(kappa, float), 1.0))
        count = _guesses(kappa)
        before = np.where(count > 1, _mean(WIDEST * count / 2, np.maximum(count / 2, 1.0)), 1.0)
        return np.minimum(_mean(logarithm, count), before)


def kernel_gates(height: Any, guesses: Any) -> RunGates:
    r"""Return what a run asks beside its uses of U_A and U_b.

    Each use of U_A has a reflection about $b'$ with two rotations for each guess; between them stand
    phases about the zeros of the encoding's ancillas.

    Args:
        height: $\eta$, expression.
        guesses: $g$, expression.
    """
    length, bits, uses = symbol("filter_length"), symbol("guess_bits"), symbol("matrix_queries")

    def bloq(matrix: Any, source: Any, width: Any, values: Mapping[str, Any]) -> Any:
        from qres.bloqs.kernel_reflection import ShortcutRun

        return ShortcutRun(
            block_encoding=matrix,
            right_hand_side=source,
            index_bitsize=width,
            length=values["filter_length"],
            guess_bitsize=values["guess_bits"],
        )

    return RunGates(
        toffoli=lambda width, ancillas, controls: (
            uses * width + (2 * length - 1) * (ancillas + controls)
        ),
        rotations=lambda controls: 2 * uses * 2**bits + 2 * length - 1,
        arguments=(
            (
                "filter_length",
                "length of the filter, odd",
                odd_above(KAPPA * sympy.log(2 + 2 / height) / 2),
            ),
            ("guess_bits", "qubits that hold guesses of the norm", guesses),
        ),
        matrix_controls=1,
        bloq=bloq,
    )
