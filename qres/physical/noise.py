r"""Exact density matrices of a distillation circuit, split into the ideal state and the rest.

The circuit holds rotations $e^{i\theta P}$ by $\pi/8$ about products of Z, which in error turn by
$5\pi/8$, $-\pi/8$ or $3\pi/8$, and stored qubits that flip by X or Z. The state is kept as
$\rho = \rho_{\mathrm{ideal}} + \delta$ with $\delta$ propagated on its own: an output error of
1e-11 is then read off $\delta$, whose entries are of the order of the physical error, and not as
the difference of numbers near 1. Many cases (sizes of a factory) go through together.
"""

from __future__ import annotations

import numpy as np

ANGLES = np.pi / 8 * np.array([5.0, -1.0, 3.0])
"""Angles of the three faulty rotations."""


class NoisyState:
    r"""A state of `n_qubits` from $|+\rangle$ on, `n_cases` at once; mutated by each operation.

    Args:
        n_qubits: width; the first qubit is the output.
        n_cases: how many noise settings are followed.
    """

    def __init__(self, n_qubits: int, n_cases: int) -> None:
        size = 1 << n_qubits
        self.n_qubits = n_qubits
        self.ideal = np.full((size, size), 1.0 / size, dtype=complex)
        self.delta = np.zeros((n_cases, size, size), dtype=complex)
        self.is_valid = np.ones(n_cases, dtype=bool)

    def _signs(self, pauli: str) -> np.ndarray:
        """Return the diagonal of a product of Z (the first letter is the first qubit)."""
        mask = int("".join("1" if letter == "Z" else "0" for letter in pauli), 2)
        return np.array([1 - 2 * ((row & mask).bit_count() % 2) for row in range(len(self.ideal))])

    def rotate(self, pauli: str, *probabilities: np.ndarray) -> None:
        r"""Turn by $\pi/8$, with the given probabilities by one of `ANGLES` instead."""
        self._check(np.sum(probabilities, axis=0))
        signs = self._signs(pauli)
        lag = (signs[:, None] - signs[None, :]) // 2
        right = np.exp(0.25j * np.pi)
        noise = sum(
            p * (np.exp(2j * angle) - right) for p, angle in zip(probabilities, ANGLES, strict=True)
        )
        noise = np.asarray(noise)[:, None, None]
        extra = np.where(lag == 0, 0.0, np.where(lag > 0, noise, noise.conj()))
        turn = np.where(lag == 0, 1.0, np.where(lag > 0, right, right.conj()))
        self.delta = (turn + extra) * self.delta + extra * self.ideal
        self.ideal = turn * self.ideal

    def storage(self, pauli: str, qubit: int, probability: np.ndarray) -> None:
        """Flip a stored qubit by X or by Z with the given probability."""
        self._check(probability)
        bit = 1 << (self.n_qubits - 1 - qubit)
        rows = np.arange(len(self.ideal))
        p = probability[:, None, None]
        if pauli == "X":
            flip = np.ix_(rows ^ bit, rows ^ bit)
            moved = self.delta[:, flip[0], flip[1]]
            self.delta = self.delta + p * (moved - self.delta + self.ideal[flip] - self.ideal)
            return
        differs = ((rows[:, None] ^ rows[None, :]) & bit) != 0
        self.delta = self.delta - 2.0 * p * differs * (self.delta + self.ideal)

    def distilled(self) -> tuple[np.ndarray, np.ndarray]:
        r"""Check all qubits but the first in $|+\rangle$; return output error and rejection.

        Cases whose probabilities left the range of the model get error 1 and are all rejected.
        """
        rest = len(self.ideal) // 2
        plus = np.full(rest, rest**-0.5)
        wrong = np.kron(np.array([1.0, -np.exp(0.25j * np.pi)]) / np.sqrt(2.0), plus)
        right = np.kron(np.array([1.0, np.exp(0.25j * np.pi)]) / np.sqrt(2.0), plus)
        bad, lost = (
            np.einsum("i,nij,j->n", ket.conj(), self.delta, ket, optimize=True).real
            for ket in (wrong, right)
        )
        rejected = np.where(self.is_valid, -bad - lost, 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.where(self.is_valid & (rejected < 1.0), bad / (1.0 - rejected), 1.0)
        return error, rejected

    def _check(self, probability: np.ndarray) -> None:
        self.is_valid &= probability <= 1.0
