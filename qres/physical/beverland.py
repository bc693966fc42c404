r"""Time steps and T states of Beverland et al. (arXiv:2211.07629, equations D3 and D4).

Counts before synthesis go in: each of $M_R$ rotations takes
$\lceil 0.53\log_2(3 M_R/\epsilon) + 5.3\rceil$ T gates, a third of the error budget $\epsilon$
going to synthesis. For comparison with the paper and with Qualtran's `beverland_et_al_model`;
`estimate_machine` gets its T gates from the logical level.
"""

from __future__ import annotations

import math

SLOPE, INTERCEPT = 0.53, 5.3
"""T gates per bit of precision, and at precision 1 (mixed fallback; 4.86 in Azure's tool)."""
STEPS_PER_TOFFOLI = 3
T_PER_TOFFOLI = 4
SHARES = 3
"""The budget is split evenly between synthesis, logical errors and distillation."""


def t_per_rotation(rotations: float, epsilon: float) -> int:
    """Return the T gates of one of `rotations` rotations at a total error budget `epsilon`."""
    if rotations == 0:
        return 0
    return math.ceil(SLOPE * math.log2(SHARES * rotations / epsilon) + INTERCEPT)


def time_steps(
    *,
    measurements: float,
    rotations: float,
    t: float,
    toffoli: float,
    rotation_depth: float,
    epsilon: float,
) -> float:
    """Return the fewest logical time steps, equation D3."""
    synthesis = rotation_depth * t_per_rotation(rotations, epsilon)
    return measurements + rotations + t + STEPS_PER_TOFFOLI * toffoli + synthesis


def t_states(*, rotations: float, t: float, toffoli: float, epsilon: float) -> float:
    """Return the T states that are consumed, equation D4."""
    return t + T_PER_TOFFOLI * toffoli + rotations * t_per_rotation(rotations, epsilon)
