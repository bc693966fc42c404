r"""Time steps and T states of Beverland et al. (arXiv:2211.07629, equations D3 and D4).

Counts before synthesis go in: each of $M_R$ rotations takes
$\lceil 0.53\log_2(3 M_R/\epsilon) + 5.3\rceil$ T gates, a third of the error budget $\epsilon$
going to synthesis. The QDK's estimator writes 4.86 for 5.3 and splits the budget only among what
there is. For comparison with the paper, with Qualtran's `beverland_et_al_model` and with the QDK;
`estimate_machine` gets its T gates from the logical level.
"""

from __future__ import annotations

import math

SLOPE, INTERCEPT = 0.53, 5.3
"""T gates per bit of precision, and at precision 1 (mixed fallback)."""
QDK_INTERCEPT = 4.86
"""The same in the QDK's estimator."""
STEPS_PER_TOFFOLI = 3
T_PER_TOFFOLI = 4
SHARES = 3
"""The budget is split evenly between synthesis, logical errors and distillation."""


def logical_share(*, rotations: float, t: float, toffoli: float, epsilon: float) -> float:
    """Return the QDK's share of the budget for logical errors.

    A third where there are rotations, half where there are T or Toffoli gates only, else all of it.
    """
    if rotations:
        return epsilon / SHARES
    return epsilon / 2 if t or toffoli else epsilon


def t_per_rotation(rotations: float, epsilon: float, intercept: float = INTERCEPT) -> int:
    """Return the T gates of one of `rotations` rotations at a total error budget `epsilon`."""
    if rotations == 0:
        return 0
    return math.ceil(SLOPE * math.log2(SHARES * rotations / epsilon) + intercept)


def time_steps(
    *,
    measurements: float,
    rotations: float,
    t: float,
    toffoli: float,
    rotation_depth: float,
    epsilon: float,
    intercept: float = INTERCEPT,
) -> float:
    """Return the fewest logical time steps, equation D3."""
    synthesis = rotation_depth * t_per_rotation(rotations, epsilon, intercept)
    return measurements + rotations + t + STEPS_PER_TOFFOLI * toffoli + synthesis


def t_states(
    *,
    rotations: float,
    t: float,
    toffoli: float,
    epsilon: float,
    intercept: float = INTERCEPT,
) -> float:
    """Return the T states that are consumed, equation D4."""
    synthesis = rotations * t_per_rotation(rotations, epsilon, intercept)
    return t + T_PER_TOFFOLI * toffoli + synthesis
