r"""The price of one amplitude estimate, whatever it estimates.

$M$ iterations are $2M + 1$ tests. Iteration $k$ of $M$ runs where the phase register holds $k$ at
least: two reflections, each between a comparison of $\lceil\log_2(M+1)\rceil - 1$ gates and its end.
The register of $n = \lceil\log_2 M\rceil + 1$ qubits starts in $M + 1$ equal amplitudes and ends in
an inverse Fourier transform, a gate and a rotation for each pair of its qubits.
"""

from __future__ import annotations

from typing import Any

import sympy

from qres.algorithms.record import Assumption, Unit
from qres.notation.named import ceil_log2, uniform_toffoli

FOURIER = Assumption(
    text="the rotations of an estimate's own register are as fine as those of a run; its grid finds"
    " the estimate with 0.89 instead of the 0.81 that is charged, which is to pay for their errors",
    factor=1.0,
    favours="quantum",
)


def phase_bits(rounds: Any) -> Any:
    """Return the qubits of the phase register."""
    return ceil_log2(rounds) + 1


def estimate(test: Unit, rounds: Any, reflections: Any, reflected: Any) -> Unit:
    """Return the price of one estimate.

    Args:
        test: one preparation of what is estimated; on its qubits stands the phase register.
        rounds: iterations M.
        reflections: Toffoli gates of both reflections of an iteration, controlled.
        reflected: qubits of the test while the longer ladder of these stands.
    """
    bits = phase_bits(rounds)
    pairs = bits * (bits - 1) / 2
    spread = uniform_toffoli(rounds + 1)
    iteration = reflections + 2 * (ceil_log2(rounds + 1) - 1)
    return Unit(
        toffoli=(2 * rounds + 1) * test.toffoli + rounds * iteration + spread + pairs,
        rotations=(2 * rounds + 1) * test.rotations + 2 * sympy.Min(1, spread) + pairs,
        qubits=sympy.Max(test.qubits, reflected + ceil_log2(rounds + 1)) + bits,
        active=test.active + 1,
    )
