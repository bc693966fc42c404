r"""The row-state encoding with the angles of a matrix: its block is $A/\lVert A\rVert_F$.

Row norms are loaded beside the column, the row of that norm is unloaded from the column register,
and the two registers exchange names. Where a control is switched off all angles are zero, but an
exchange of names would stay: switched, it is $n$ controlled swaps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qres.errors import InputError
from qres.verify.circuits.rotation_tree import tree_gates
from qres.verify.gates import Bits, Exchange, GateList

if TYPE_CHECKING:
    from qres.bloqs.frobenius_encoding import FrobeniusEncoding


def frobenius_circuit(bloq: FrobeniusEncoding, matrix: np.ndarray) -> GateList:
    r"""Return the gates of an encoding with this matrix in its tables.

    Registers: `system` and `ancilla` of $n$ qubits, `gradient` and `angle` of $b$, and `ctrl`.

    Args:
        bloq: sizes, bits, block exponents, control and direction; all numbers.
        matrix: real, square, as many rows as the bloq has, at least 2; padded with zeros to $2^n$.

    Raises:
        InputError: a matrix that does not fit the bloq, is zero, or has entries that are no numbers.
    """
    tree, levels, bits = bloq.row_tree, bloq.row_tree.levels, bloq.resource_bitsize
    rows = len(matrix)
    if matrix.shape != (tree.rows, tree.rows) or rows < 2:
        raise InputError(f"matrix: expected {tree.rows} x {tree.rows}, at least 2 x 2")
    if not np.all(np.isfinite(matrix)) or not np.any(matrix):
        raise InputError("matrix: expected finite entries, not all zero")
    if bloq.norm_tree.bits != tree.bits:
        raise InputError("matrix: both trees of the encoding must have the same bits")
    padded = np.zeros((rows, 2**levels))
    padded[:, :rows] = matrix
    norms = np.zeros((1, 2**levels))
    norms[0, :rows] = np.linalg.norm(matrix, axis=1)
    system, ancilla = Bits("system", levels), Bits("ancilla", levels)
    angle, controls = Bits("angle", int(bits)), int(bloq.num_controls)
    row_tree, norm_tree = (part.with_controls(controls) for part in (tree, bloq.norm_tree))
    none = Bits("system", 0)
    load = tree_gates(norm_tree, norms, selection=none, target=ancilla, angle=angle)
    unload = tree_gates(row_tree, padded, selection=ancilla, target=system, angle=angle)
    widths = {"system": levels, "ctrl": controls, "ancilla": levels, "angle": int(bits)}
    exchange = Exchange(system, ancilla, Bits("ctrl", 1) if controls else None)
    backwards = GateList({}, unload).adjoint().gates
    registers = {name: width for name, width in widths.items() if width} | {"gradient": int(bits)}
    circuit = GateList(registers, (*load, *backwards, exchange))
    return circuit.adjoint() if bloq.is_adjoint else circuit
