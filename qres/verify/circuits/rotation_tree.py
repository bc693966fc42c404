r"""The tree of loaded rotations with angles in its tables: load, add to the phase gradient, unload.

$e^{-i\varphi Y} = S H\, e^{-i\varphi Z} H S^\dagger$, and $e^{-i\varphi Z}$ is an addition into the
phase gradient that adds the angle where the qubit is 1 and subtracts it where it is 0. An angle is
$2\pi a/2^b$, rounded to the nearest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qres.verify.gates import Addition, Bits, Gate, Hadamard, Quarter, Table

if TYPE_CHECKING:
    from qres.bloqs.rotation_tree import LoadedRotationTree


def angle_words(vectors: np.ndarray, level: int, bits: int) -> tuple[int, ...]:
    r"""Return the angles of one level as $b$-bit words, by row and then by the qubits before.

    Args:
        vectors: rows of $2^n$ real amplitudes; of any norm, a row of zeros turns nothing.
        level: $l$ from 0; in the last one the angles carry the signs.
        bits: $b$.
    """
    halves = vectors.reshape(len(vectors) * 2**level, 2, -1)
    is_last = halves.shape[2] == 1
    sizes = halves[:, :, 0] if is_last else np.linalg.norm(halves, axis=2)
    turns = np.arctan2(sizes[:, 1], sizes[:, 0]) / (2 * np.pi)
    return tuple(int(word) for word in np.rint(turns * 2**bits).astype(np.int64) % 2**bits)


def tree_gates(
    tree: LoadedRotationTree, vectors: np.ndarray, *, selection: Bits, target: Bits, angle: Bits
) -> tuple[Gate, ...]:
    r"""Return the gates that map $|i\rangle|0\rangle$ to $|i\rangle$ and the $i$-th vector.

    Args:
        tree: sizes, block exponents, control and direction; its control is register `ctrl`.
        vectors: as for `angle_words`, one for each row of the tree.
        selection: the row; of width 0 if there is one row.
        target: qubits of the vector.
        angle: $b$ qubits for the angle, zero before and after; the gradient is register `gradient`.
    """
    gates: list[Gate] = []
    control = Bits("ctrl", 1) if tree.num_controls else None
    for level in range(tree.levels):
        low = target.low + target.width - level
        before, qubit = Bits(target.register, level, low), Bits(target.register, 1, low - 1)
        load = Table(
            address=tuple(part for part in (selection, before) if part.width),
            target=angle,
            data=angle_words(vectors, level, angle.width),
            log_blocks=(tree.lookup_blocks[level], tree.uncompute_blocks[level]),  # pyright: ignore
            control=control,
        )
        addition = Addition(source=angle, target=Bits("gradient", angle.width), sign=qubit)
        turn = (Quarter(qubit, is_adjoint=True), Hadamard(qubit), addition, Hadamard(qubit))
        gates += [load, *turn, Quarter(qubit), load.adjoint()]
    return tuple(gates)
