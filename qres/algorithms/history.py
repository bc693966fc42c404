r"""The history matrix of degree 1 and its right-hand side, as parts of a linear system.

$T$ steps and $p$ idle rows on $\tau = \lceil\log_2(T+p+1)\rceil$ time qubits. $U_A$ is a linear
combination of three unitaries, the identity, the shift in time, and the shift with $F_1$: one
encoding of $F_1$, $\tau - 1$ Toffoli for the shift, and the three weights prepared and unprepared by
6 rotations; 2 qubits hold the weights, 1 flags the idle rows. $U_b$ is the vector $F_0$ beside a
uniform superposition of $T$ times.
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

LCU_ROTATIONS = 6
LCU_ANCILLAS = 3


def history_matrix(encoding: Encoding) -> Part:
    """Return U_A of the history of truncation order 1."""

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.history_matrix import HistoryMatrix

        return HistoryMatrix(
            step_encoding=encoding.bloq(values, blocks),
            time_bitsize=values["time_bits"],
            alpha=values["alpha"],
            epsilon=values["eps_matrix"],
        )

    return Part(
        toffoli=lambda controls: encoding.toffoli(controls) + symbol("time_bits") - 1,
        rotations=lambda controls: LCU_ROTATIONS * (1 + controls),
        width=encoding.width,
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
