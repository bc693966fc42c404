r"""The history matrix of degree 1 and its right-hand side, as parts of a linear system.

$T$ steps and $p$ idle rows on $\tau = \lceil\log_2(T+p+1)\rceil$ time qubits. $U_A$ is a linear
combination of three unitaries, the identity, the shift in time, and the shift with $F_1$. With $c$
outer controls, from the circuit of `qres.bloqs.history_matrix`:

| part | Toffoli | rotations |
|---|---|---|
| $F_1$, always under one control | $C(F_1; 1)$ | |
| who acts: $F_1$, and under an outer control the shift, twice | $1 + 2c$ | |
| last row and idle rows, flagged by the carries of one addition | $\tau$ | |
| shift | $\tau - 1$ | |
| weights, prepared and unprepared | | 4 |

2 qubits hold the weights and 1 is the flag; the control of $F_1$ is held while it looks up. $U_b$ is the
vector $F_0$ beside a uniform superposition of $T$ times.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings.base import Encoding
from qres.algorithms.system import Part, prepared_vector
from qres.notation.named import uniform_toffoli
from qres.notation.symbols import symbol

LCU_ROTATIONS = 4
LCU_ANCILLAS = 3
STEP_CONTROL = 1
"""Qubits held while the step looks up: its control."""


def beside_step(controls: Any) -> Any:
    """Return the Toffoli gates of one use of the history beside those of the controlled step."""
    return 2 * (symbol("time_bits") + controls)


def beside_limit(width: Any, controls: Any) -> Any:
    r"""Return the qubits of the widest moment: a step of `width`, or a limit of the time, $2\tau$."""
    return sympy.Max(width, 2 * symbol("time_bits") + controls)


def history_matrix(encoding: Encoding) -> Part:
    """Return U_A of the history of truncation order 1."""

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.history_matrix import HistoryMatrix

        return HistoryMatrix(
            step_encoding=encoding.bloq(values, blocks),
            time_bitsize=values["time_bits"],
            n_steps=values["segment_steps"],
            padding=values["padding"],
            alpha=values["alpha"],
            epsilon=values["eps_matrix"],
        )

    return Part(
        toffoli=lambda controls: encoding.toffoli(1) + beside_step(controls),
        rotations=lambda controls: LCU_ROTATIONS,
        width=lambda controls: beside_limit(encoding.width(1), controls) + STEP_CONTROL,
        bloq=bloq,
        ancillas=LCU_ANCILLAS + encoding.ancillas,
        angle_weight=encoding.angle_error * symbol("learning_rate") * symbol("alpha_matrix"),
    )


def repeated_vector() -> Part:
    """Return U_b: the same vector at each of T steps."""
    steps, vector = symbol("segment_steps"), prepared_vector()

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.right_hand_side import RepeatedVector

        return RepeatedVector(vector.bloq(values, blocks), values["segment_steps"])

    # two rotations where the superposition is no power of two
    return Part(
        toffoli=lambda controls: vector.toffoli(controls) + uniform_toffoli(steps),
        rotations=lambda controls: 2 * (1 + controls) * sympy.Min(1, uniform_toffoli(steps)),
        width=vector.width,
        bloq=bloq,
        angle_weight=vector.angle_weight,
    )
