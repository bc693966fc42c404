r"""The linear system of plain gradient descent at degree 1, as formulas.

What an update rule prices, apart from lifts and from how its descent is planned and measured: that is
`rules.base`.
"""

from __future__ import annotations

from dataclasses import dataclass

from qres.algorithms.encodings.base import encoding
from qres.algorithms.history import history_matrix, repeated_vector
from qres.algorithms.lift import history_definitions
from qres.algorithms.system import Definitions, Part
from qres.errors import QresError
from qres.notation.formula import Formula, define
from qres.notation.source import derived
from qres.notation.symbols import symbol


@dataclass(frozen=True)
class Equations:
    """The history of order 1; frozen, because a job's formulas are remembered by it."""

    @property
    def branch_bits(self) -> int:
        """Qubits that tell the weights from what else is in a cell."""
        return 0

    def has_exact_prob(self, degree: int) -> bool:
        """Say whether the success probability is known, not only bounded from below."""
        return degree == 1

    def parts(self, name: str, degree: int) -> tuple[Part, Part]:
        """Return the encoded matrix and the prepared right-hand side.

        Raises:
            QresError: the degree needs a lift.
        """
        if degree != 1:
            raise QresError(f"degree {degree} needs a lift, this is the history of order 1")
        return history_matrix(encoding(name)), repeated_vector()

    def definitions(self, algorithm: str, name: str, degree: int, *, is_plain: bool) -> Definitions:
        """Return the symbols of the history matrix, up to the condition number or xi.

        Args:
            algorithm: opens the names of the formulas.
            name: of the encoding.
            degree: of the polynomial gradient.
            is_plain: whether closed forms of the spectrum hold.
        """
        return (
            index_width(algorithm),
            *encoding(name).definitions(algorithm),
            *history_definitions(algorithm, is_closed=is_plain),
        )


def index_width(algorithm: str) -> tuple[str, Formula]:
    """Return the definition of the qubits of weight index and time."""
    return define(
        f"{algorithm}.index_width",
        "qubits of all index registers",
        symbol("index_bits") + symbol("time_bits"),
        derived("gates and registers of the circuits in qres.bloqs"),
    )
