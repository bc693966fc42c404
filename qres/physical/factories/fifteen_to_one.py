r"""Litinski's 15-to-1 factory (arXiv:1905.06903), sizes $(d_X, d_Z, d_m)$.

Fifteen faulty $\pi/8$ rotations on five patches, four of which are checked at the end. Between the
rotations the patches wait and gather storage errors. Each rotation and each wait has the
probabilities of the paper's supplement (as in Qualtran's `FifteenToOne`), and the five qubits are
followed exactly as a density matrix (`physical.noise`). A Toffoli takes four T states. The probability
that a run is thrown away is that of the density matrix; the cycles are the expected ones, $6 d_m$ over its
complement, as in the published rows. Of all sizes those are listed in `data/hardware/factories.csv` that
no other matches in error, qubits and cycles at some reference (`physical.generation`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qres.notation.formula import Formula
from qres.notation.source import LITINSKI_2019, Source
from qres.notation.symbols import symbols
from qres.physical.base import Catalysis, Code, FactoryTable
from qres.physical.distillation import sites_to_qubits
from qres.physical.listed import listed
from qres.physical.noise import NoisyState
from qres.physical.record import Machine

T_PER_TOFFOLI = 4
ROUNDS = 6
"""Lattice-surgery rounds of $d_m$ cycles per attempt."""
SMALLEST, LARGEST = 3, 31
"""Range of the distances."""
CASES = 32
"""Density matrices that are followed together: they fit the cache."""

SCHEDULE = (
    ("IZIII", "IIZII", "IIIZI", "IZZZI"),
    ("ZZZII", "ZZIZI"),
    ("ZIZZI", "ZIIZZ", "IIIIZ"),
    ("ZZIIZ", "ZIZIZ"),
    ("ZZZZZ", "IIZZZ"),
    ("IZIZZ", "IZZIZ"),
)
"""Rotations between two waits, in the order of the circuit."""

LENGTHS = {
    "IZZZI": (0, 3),
    "ZZZII": (1, 2),
    "ZZIZI": (1, 3),
    "ZIZZI": (1, 3),
    "ZIIZZ": (1, 4),
    "ZZIIZ": (1, 4),
    "ZIZIZ": (1, 4),
    "ZZZZZ": (1, 4),
    "IIZZZ": (0, 3),
    "IZIZZ": (0, 4),
    "IZZIZ": (0, 4),
}
"""Length of the ancilla patch of a multi-patch measurement, in units of $(d_X, d_Z)$."""

BUS = ((0, 0), (2, 5), (2, 7), (2, 8), (1, 4), (0, 0))
"""Length along which the output patch is exposed in each wait, in units of $(d_X, d_Z)$."""


_X, _Z, _M = symbols("distance_x distance_z distance_m")

SITES = Formula(
    name="factory.fifteen-to-one.sites",
    meaning="data sites of one factory, each of two physical qubits in the rotated surface code",
    expression=(_X + 4 * _Z) * 3 * _X + 2 * _M,
    inputs=("distance_x", "distance_z", "distance_m"),
    source=Source("space cost of the 15-to-1 block", LITINSKI_2019, "recalled"),
    letter="A",
)
FORMULAS = (SITES,)


@dataclass(frozen=True)
class FifteenToOne:
    """The one-level factory; a size is `(distance_x, distance_z, distance_m)`."""

    name: str = "fifteen-to-one"
    unit: str = "T"
    rests_on: tuple[str, ...] = ("fifteen-to-one",)
    charges_discards: bool = True

    def states(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return T states: four per Toffoli."""
        return t + T_PER_TOFFOLI * toffoli

    def work(self, toffoli: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return T states; the cycles of a table are the expected ones per T state."""
        return self.states(toffoli, t)

    def grid(self, machine: Machine, code: Code) -> np.ndarray:
        """Return the listed sizes, the same for every machine."""
        return listed(self.name)

    def tabulate(self, machine: Machine, code: Code, sizes: np.ndarray) -> FactoryTable:
        """Follow the circuit at every size; sizes outside the noise model get error 1."""
        x, z, m = np.asarray(sizes, dtype=float).T
        error, rejected = _distilled(machine, code, np.stack([x, z, m]).tobytes())
        sites = SITES(distance_x=x, distance_z=z, distance_m=m)
        qubits = np.ceil(sites * sites_to_qubits(code, x))
        with np.errstate(divide="ignore", invalid="ignore"):
            cycles = np.where(rejected < 1.0, ROUNDS * m / (1.0 - rejected), np.inf)
        labels = tuple(f"{self.name} dX={a} dZ={b} dm={c}" for a, b, c in np.asarray(sizes))
        nothing = Catalysis.none(len(labels))
        return FactoryTable(labels, error, qubits, cycles, rejected, nothing)


def all_sizes() -> np.ndarray:
    r"""Return sizes with $d_Z \le d_X$, $d_m \le d_X$ and, as in the paper, $d_X \le 3 d_m$."""
    odd = np.arange(SMALLEST, LARGEST + 1, 2)
    x, z, m = (axis.ravel() for axis in np.meshgrid(odd, odd, odd, indexing="ij"))
    return np.stack([x, z, m], axis=1)[(z <= x) & (m <= x) & (x <= 3 * m)]


@lru_cache(maxsize=64)
def _distilled(machine: Machine, code: Code, axes: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Follow the circuit once for each table: generated factories stand on the same sizes."""
    sizes = np.frombuffer(axes).reshape(3, -1)
    starts = range(0, sizes.shape[1], CASES)
    parts = [distil(machine, code, *sizes[:, start : start + CASES]) for start in starts]
    error, rejected = (np.concatenate(part) for part in zip(*parts, strict=True))
    return error, rejected


def distil(
    machine: Machine, code: Code, x: np.ndarray, z: np.ndarray, m: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the error of an accepted T state and the probability of rejection, per size."""
    errors = tuple(code.logical_error(machine, distance) for distance in (x, z, m))
    state = NoisyState(n_qubits=5, n_cases=len(x))
    for index, rotations in enumerate(SCHEDULE):
        for pauli in rotations:
            state.rotate(pauli, *_rotation_noise(pauli, machine.injection_error, x, z, m, errors))
        _wait(state, index, x, z, m, errors)
    return state.distilled()


def _rotation_noise(
    pauli: str, p: float, x: np.ndarray, z: np.ndarray, m: np.ndarray, errors: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Return the probabilities of turning by $5\pi/8$, $-\pi/8$ and $3\pi/8$ instead."""
    _, error_z, error_m = errors
    third = np.full_like(x, p / 3.0)
    if pauli not in LENGTHS:
        return third + 0.5 * (m / z) * error_z * m, third + 0.5 * z * error_m, third
    along_x, along_z = LENGTHS[pauli]
    length = along_x * x + along_z * z
    flip = third + 0.5 * error_m * m
    return flip, flip + 0.5 * length * x / m * error_m, third


def _wait(
    state: NoisyState, index: int, x: np.ndarray, z: np.ndarray, m: np.ndarray, errors: tuple
) -> None:
    """Add the storage errors of one wait to the patches that are in use."""
    error_x, error_z, _ = errors
    along_x, along_z = BUS[index]
    state.storage("Z", 0, 0.5 * (along_x * x + along_z * z) / x * error_x * m)
    is_output_idle = 0 < index < len(SCHEDULE) - 1
    time = m + 2.0 * x if index == len(SCHEDULE) - 2 else m
    for pauli, stored in (
        ("X", 0.5 * (z / x) * error_x * m),
        ("Z", 0.5 * (x / z) * error_z * m),
    ):
        if is_output_idle:
            state.storage(pauli, 0, 0.5 * error_x * time)
        for qubit in range(1, 5 if index >= 2 else 4):
            state.storage(pauli, qubit, stored)


MEMBER = FifteenToOne()
