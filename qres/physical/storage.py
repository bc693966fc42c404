r"""Cold storage: idle logical qubits in a yoked surface code, the others on tiles of their own.

Gidney's machine for RSA-2048 (arXiv:2505.15917) keeps $n$ idle qubits at 430 physical qubits each, in a
two-dimensional yoked surface code, and gives every other patch $2(d+1)^2$ with $d = 25$. The 430 hold
for a physical error of 1e-3 and a run of half a day: they are a published figure, not a model in the
distance. A rule for other runs needs the error of a yoked block per check, which the sources at hand
state in units that contradict each other, so no machine is laid out with it.
"""

from __future__ import annotations

from qres.notation.formula import Condition, Formula
from qres.notation.source import GIDNEY_2025, Source
from qres.notation.symbols import symbols

COLD_QUBITS = 430
"""Physical qubits of one idle logical qubit."""

_IDLE, _ACTIVE, _DISTANCE = symbols("idle_qubits active_tiles distance")

QUBITS = Formula(
    name="storage.yoked.qubits",
    meaning="physical qubits with idle ones in yoked cold storage, at 1e-3 for half a day",
    expression=COLD_QUBITS * _IDLE + 2 * (_DISTANCE + 1) ** 2 * _ACTIVE,
    inputs=("idle_qubits", "active_tiles", "distance"),
    source=Source("footprint of the machine for RSA-2048", GIDNEY_2025),
    kind="fitted",
    letter=r"n_{\mathrm{phys}}",
    conditions=(Condition(_DISTANCE >= 1, "distance >= 1"),),
)
FORMULAS = (QUBITS,)
