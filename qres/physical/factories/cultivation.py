r"""Magic-state cultivation, the published simulations (Gidney, Shutty and Jones, arXiv:2409.17595).

A T state grows in a colour code of distance 3 or 5 and escapes into a surface-code patch of distance
15; most attempts are thrown away. Each row of `data/hardware/cultivation.csv` is one setting of how
much is thrown away: error, physical qubits, expected qubit-rounds (discarded attempts included). A
machine has the rows of every simulated physical error that is not below its own, so a better machine
is not credited; above 2e-3 there is none. The simulations are of circuits with uniform noise
in the rotated surface code: other codes have no rows. The rounds hold the discarded attempts; how many
they are the selection does not say, so the probability to fail is not known by row.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cache

import numpy as np

from qres.files import data_path, read_text
from qres.notation.formula import Condition, Formula
from qres.notation.source import CULTIVATION_2024, Source
from qres.notation.symbols import symbol
from qres.physical.base import Catalysis, Code, FactoryTable
from qres.physical.factories.fifteen_to_one import T_PER_TOFFOLI
from qres.physical.record import Machine

CODE = "rotated-surface"

CYCLES = Formula(
    name="factory.cultivation.cycles",
    meaning="expected rounds of one cultivated T state, discarded attempts included",
    expression=symbol("qubit_rounds") / symbol("cultivation_qubits"),
    inputs=("qubit_rounds", "cultivation_qubits"),
    source=Source("simulated qubit-rounds per kept state", CULTIVATION_2024),
    kind="fitted",
    letter=r"n_{\mathrm{cyc}}",
    unit="cycles",
    conditions=(Condition(symbol("cultivation_qubits") >= 1, "at least one qubit"),),
)

FORMULAS = (CYCLES,)


@dataclass(frozen=True)
class Cultivation:
    """The simulated settings; a size is `(colour distance, row of the table)`."""

    name: str = "cultivation"
    unit: str = "T"
    rests_on: tuple[str, ...] = ("cultivation",)
    charges_discards: bool = True

    def states(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return T states: four per Toffoli."""
        return t + T_PER_TOFFOLI * toffoli

    def work(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return T states; the cycles of a table are the expected ones per T state."""
        return self.states(toffoli, t)

    def grid(self, machine: Machine, code: Code) -> np.ndarray:
        """Return every row: those simulated at no less than the machine's error are its own."""
        table = simulations()
        return np.stack([table[:, 1].astype(int), np.arange(len(table))], axis=1)

    def tabulate(self, machine: Machine, code: Code, sizes: np.ndarray) -> FactoryTable:
        """Return the rows; error 1 for a machine or a code that was not simulated."""
        chosen = simulations()[np.asarray(sizes)[:, 1]]
        physical, colour, _, error, qubits, volume = chosen.T
        worst = max(machine.physical_error, machine.injection_error)
        is_known = (physical >= worst * (1 - 1e-12)) & (code.name == CODE)
        labels = tuple(
            f"{self.name} d1={int(d)} error={e:.1e}" for d, e in zip(colour, error, strict=True)
        )
        cycles = CYCLES(qubit_rounds=volume, cultivation_qubits=qubits)
        return FactoryTable(
            labels,
            np.where(is_known, error, 1.0),
            qubits,
            cycles,
            np.full(len(labels), np.nan),
            Catalysis.none(len(labels)),
        )


@cache
def simulations() -> np.ndarray:
    """Return the table: physical error, colour and surface distance, error, qubits, volume."""
    text = read_text(data_path("hardware") / "cultivation.csv")
    return np.array(
        [[float(cell) for cell in row] for row in list(csv.reader(io.StringIO(text)))[1:]]
    )


MEMBER = Cultivation()
