"""Gates and qubits of one use of the lifted matrix beside those of its factors, see `lifted`."""

from __future__ import annotations

from qres.algorithms.lifted import routing_ancillas, routing_rotations, routing_toffoli
from qres.notation.formula import Formula, at_least_one
from qres.notation.source import derived

NAMES = {
    2: ("lift.degree-2.toffoli", "lift.degree-2.rotations", "lift.degree-2.ancillas"),
    3: ("lift.degree-3.toffoli", "lift.degree-3.rotations", "lift.degree-3.ancillas"),
}
"""Of the formulas by degree; written out, so that a name leads here."""

_CARD = derived("gates and registers of the circuits in qres.bloqs")


def _formulas(degree: int) -> tuple[Formula, ...]:
    (toffoli, rotations, ancillas), orders = NAMES[degree], ("truncation_order", "map_order")
    valid = at_least_one(*orders)
    return (
        Formula(
            name=toffoli,
            meaning="Toffoli gates of one use of the lifted matrix beside those of its factors",
            expression=routing_toffoli(degree),
            inputs=(*orders, "index_bits", "time_bits"),
            source=_CARD,
            unit="Toffoli",
            conditions=valid,
        ),
        Formula(
            name=rotations,
            meaning="rotations of one use of the lifted matrix",
            expression=routing_rotations(degree),
            inputs=orders,
            source=_CARD,
            unit="rotations",
            conditions=valid,
        ),
        Formula(
            name=ancillas,
            meaning="ancillas of the lifted matrix beside those of its factors",
            expression=routing_ancillas(degree),
            inputs=(*orders, "index_bits"),
            source=_CARD,
            unit="qubits",
            conditions=valid,
        ),
    )


FORMULAS = (*_formulas(2), *_formulas(3))
