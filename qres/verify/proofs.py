r"""Circuits against their claims: the block they encode, and their gates counted three ways.

A claim is what the pipeline charges: normalisation and Toffoli gates by formula, and the error that
$b$ bits of an angle promise, $f \alpha 2^{-b}$ with the factor $f$ of the encoding. What is found
comes from the circuit with a matrix in its tables: its simulated block, and the gates of its
decomposition. The third count is the call graph of the bloq.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from qres.algorithms.access.qrom import BLOCK_LIMITS
from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings import computed, dense, frobenius, gram, sparse, sparse_rectangular
from qres.algorithms.encodings.base import Encoding
from qres.errors import InputError, nearest
from qres.logical.circuit import count_bloq
from qres.measurement.diagonals import Diagonals
from qres.notation.formula import Formula
from qres.verify.count import TOFFOLI, decomposed_counts
from qres.verify.flatten import flatten
from qres.verify.gates import Program
from qres.verify.instances import (
    DIAGONALS,
    GRAMS,
    MATRICES,
    SIZES,
    UNEVEN,
    Gram,
    Maker,
    dense_diagonals,
)
from qres.verify.peak import counted_qubits
from qres.verify.simulate import block


@dataclass(frozen=True)
class Provable:
    """An encoding whose circuit can be built with data.

    Args:
        encoding: what the pipeline uses.
        alpha: its normalisation as a formula.
        toffoli: its Toffoli gates as a formula.
        instances: kind to (generator, rows) to an instance.
        dense: instance to its matrix.
        values: instance to what the pipeline knows of it, besides rows, bits and look-ups.
        with_data: circuit and instance to the circuit with its data.
    """

    encoding: Encoding
    alpha: Formula
    toffoli: Formula
    instances: Mapping[str, Maker]
    dense: Callable[[Any], np.ndarray]
    values: Callable[[Any], dict[str, Any]]
    with_data: Callable[[Any, Any], Any]


def _matrix_values(matrix: np.ndarray) -> dict[str, Any]:
    kept = matrix != 0
    sparsity, row, column = (
        max(1, int(np.count_nonzero(pattern, axis=1).max()))
        for pattern in (kept | kept.T, kept, kept.T)
    )
    slot_bits = (sparsity - 1).bit_length()
    return {
        "frobenius_norm": float(np.linalg.norm(matrix)),
        "max_entry": float(np.abs(matrix).max()),
        "sparsity": sparsity,
        "slot_bits": slot_bits,
        "slots": 2**slot_bits,
        "is_full": sparsity == len(matrix),
        "row_sparsity": row,
        "row_slot_bits": (row - 1).bit_length(),
        "column_sparsity": column,
        "column_slot_bits": (column - 1).bit_length(),
    }


def _gram_values(given: Gram) -> dict[str, Any]:
    return {
        "n_samples": given.n_samples,
        "n_outputs": given.n_outputs,
        "jacobian_frobenius": float(np.linalg.norm(given.rows)),
        "output_hessian_norm": float(np.abs(given.diagonal).max()),
        "gram_rows": len(given.rows),
        "sample_bits": (len(given.rows) - 1).bit_length(),
    }


def _diagonal_values(given: Diagonals) -> dict[str, Any]:
    known = {name: quantity.value for name, quantity in given.describe().items()}
    return known | {"slot_bits": (len(given.offsets) - 1).bit_length()}


_MATRIX = (MATRICES, lambda matrix: matrix, _matrix_values, lambda b, m: b.with_matrix(m))
_UNEVEN = (UNEVEN, lambda matrix: matrix, _matrix_values, lambda b, m: b.with_tensor(m))
_GRAM = (
    GRAMS,
    lambda given: given.matrix,
    _gram_values,
    lambda bloq, given: bloq.with_factors(given.rows, given.diagonal, given.n_samples),
)
_COMPUTED = (
    DIAGONALS,
    dense_diagonals,
    _diagonal_values,
    lambda bloq, given: bloq.with_diagonals(given.offsets, given.values, given.cuts),
)

PROVABLE = {
    member.ENCODING.name: Provable(member.ENCODING, member.ALPHA, member.TOFFOLI, *how)
    for member, how in (
        (frobenius, _MATRIX),
        (sparse, _MATRIX),
        (sparse_rectangular, _UNEVEN),
        (dense, _MATRIX),
        (gram, _GRAM),
        (computed, _COMPUTED),
    )
}

ACCESSES = ("qrom", "qram")
"""Data accesses beside `qroam`, each proven on one kind of matrix."""

MOST_SHOWN = 5
"""Rows of their largest matrix: plain look-ups decompose slowly."""

BITS = 16
"""Bits of an angle in the proofs."""

MAX_ROWS = 64
"""Rows of the largest matrix that every encoding can be simulated with."""

FORMS = ("plain", "adjoint", "controlled")


@dataclass(frozen=True, kw_only=True)
class Proof:
    r"""One circuit on one matrix, claimed and found.

    Args:
        encoding: its name.
        matrix: kind of matrix.
        rows: of the matrix.
        form: `plain`, `adjoint` or `controlled`.
        alpha: claimed normalisation.
        alpha_found: the factor that brings the simulated block nearest to the matrix.
        epsilon: claimed error, absolute, in the spectral norm.
        epsilon_found: $\lVert A - \alpha \cdot \text{block} \rVert$; of a controlled circuit with
            the distance from the identity where the control is off.
        toffoli: by formula.
        toffoli_call_graph: by the call graph of the bloq.
        toffoli_circuit: by the decomposition of the circuit with its data.
        qubits: claimed by the bloq, what the formulas charge, and found, the most alive at a step.
    """

    encoding: str
    matrix: str
    rows: int
    form: str
    alpha: float
    alpha_found: float
    epsilon: float
    epsilon_found: float
    toffoli: int
    toffoli_call_graph: int
    toffoli_circuit: int
    qubits: tuple[int, int]

    @property
    def is_encoded(self) -> bool:
        """Whether the block is the matrix within the claimed error."""
        return self.epsilon_found <= self.epsilon

    @property
    def is_equal(self) -> bool:
        """Whether the block and all three counts are as claimed, and the qubits are enough."""
        counts = {self.toffoli, self.toffoli_call_graph, self.toffoli_circuit}
        claimed, found = self.qubits
        return self.is_encoded and len(counts) == 1 and found <= claimed


def prove(
    name: str,
    instance: Any,
    *,
    kind: str = "given",
    form: str = "plain",
    bits: int = BITS,
    access: str = "qroam",
) -> Proof:
    """Build, simulate and count the circuit of one encoding for one matrix.

    Args:
        name: of the encoding.
        instance: a matrix, real and square, at least 2 x 2; a `Gram` for `gram`, `Diagonals` for
            `computed`.
        kind: what to call the matrix.
        form: `plain`, `adjoint` or `controlled`.
        bits: of an angle, at least 2, so that a quarter turn is exact.
        access: how the tables are read.

    Raises:
        InputError: unknown encoding, too few bits, or a matrix that it cannot take.
    """
    made, controls = encoded(name, instance, bits=bits, access=access), int(form == "controlled")
    matrix, bloq = made.matrix, made.bloq.with_controls(controls)
    alpha, epsilon = bloq.alpha, bloq.epsilon
    bloq = bloq.adjoint() if form == "adjoint" else bloq
    program = flatten(bloq, gradient="resource")
    found, idle = _blocks(program, len(matrix), bloq.system_bitsize, controls)
    target = np.zeros(found.shape)
    target[: len(matrix)] = matrix.T if form == "adjoint" else matrix
    return Proof(
        encoding=name if access == "qroam" else f"{name} {access}",
        matrix=kind,
        rows=len(matrix),
        form=form,
        alpha=alpha,
        alpha_found=float(np.vdot(found, target).real / np.vdot(found, found).real),
        epsilon=epsilon,
        epsilon_found=float(np.linalg.norm(alpha * found - target, 2)) + alpha * idle,
        toffoli=made.toffoli(controls),
        toffoli_call_graph=count_bloq(bloq)[0],
        toffoli_circuit=decomposed_counts(bloq)[TOFFOLI],
        qubits=counted_qubits(bloq),
    )


@dataclass(frozen=True)
class Encoded:
    """A circuit with data, and what is claimed of it.

    Args:
        bloq: without a control; it has the claimed normalisation and error.
        matrix: what it encodes.
        toffoli: number of controls to Toffoli gates, by formula.
    """

    bloq: Any
    matrix: np.ndarray
    toffoli: Callable[[int], int]


def encoded(name: str, instance: Any, *, bits: int = BITS, access: str = "qroam") -> Encoded:
    """Build the circuit of an encoding with its data; the arguments are those of `prove`.

    Raises:
        InputError: unknown encoding, too few bits, or a matrix that it cannot take.
    """
    if bits < 2:
        raise InputError(f"bits: expected 2 or more, found {bits}")
    member = PROVABLE[chosen(name)[0]]
    matrix = member.dense(instance)
    if matrix.shape != (len(matrix), len(matrix)):
        raise InputError(f"matrix: expected {len(matrix)} x {len(matrix)}, found {matrix.shape}")
    if len(matrix) > MAX_ROWS:
        raise InputError(f"matrix: {len(matrix)} rows cannot be simulated; at most {MAX_ROWS} can")
    values = _common(matrix, bits, access) | member.values(instance)
    values["alpha_matrix"] = alpha = float(_evaluated(member.alpha, values))
    factor = sympy.sympify(member.encoding.angle_error)
    factor = factor.subs({item: values[str(item)] for item in factor.free_symbols})
    values["eps_matrix"] = float(factor) * alpha * 2.0**-bits
    bloq = member.with_data(member.encoding.bloq(values, Blocks(values)), instance)
    return Encoded(
        bloq,
        matrix,
        lambda controls: int(_evaluated(member.toffoli, values | {"controls": controls})),
    )


def chosen(name: str | None) -> tuple[str, ...]:
    """Return that encoding, or all that can be simulated.

    Raises:
        InputError: no circuit to simulate for that name.
    """
    if name is not None and name not in PROVABLE:
        raise InputError(f"verify: no circuit to simulate for '{name}'{nearest(name, PROVABLE)}")
    return tuple(PROVABLE) if name is None else (name,)


def prove_all(
    names: Sequence[str], *, seed: int = 0, progress: Callable[[str, int, int], None] | None = None
) -> Iterator[Proof]:
    """Prove these encodings on every kind and size of matrix, in every form that is priced.

    Args:
        names: of encodings.
        seed: of the matrices.
        progress: called as progress(task, done, total).
    """
    cases = [case for name in names for case in encoding_cases(name)]
    rng = np.random.default_rng(seed)
    for done, (name, kind, size, access) in enumerate(cases):
        instance = PROVABLE[name].instances[kind](rng, size)
        for form in FORMS:
            yield prove(name, instance, kind=kind, form=form, access=access)
        if progress:
            progress("simulating circuits", done + 1, len(cases))


def encoding_cases(name: str) -> list[tuple[str, str, int, str]]:
    """Return name, kind, rows and data access of every proof of an encoding."""
    kinds = list(PROVABLE[name].instances)
    found = [(name, kind, size, "qroam") for kind in kinds for size in SIZES]
    few = [size for size in SIZES if size <= MOST_SHOWN]
    return found + [(name, kinds[0], size, access) for access in ACCESSES for size in few]


def _common(matrix: np.ndarray, bits: int, access: str) -> dict[str, Any]:
    return {
        "dim": len(matrix),
        "index_bits": (len(matrix) - 1).bit_length(),
        "matrix_bits": bits,
        "block_limit": BLOCK_LIMITS[access],
    }


def _evaluated(formula: Formula, values: dict[str, Any]) -> Any:
    return formula(**{name: values[name] for name in formula.inputs})


def _blocks(
    circuit: Program, columns: int, index_bits: int, controls: int
) -> tuple[np.ndarray, float]:
    """Return the block with the control on, and how far it is from the identity with it off."""
    rows = 2**index_bits
    if not controls:
        return block(circuit, ["system"], columns=columns), 0.0
    whole = block(circuit, ["system", "ctrl"], columns=rows + columns)
    off = np.linalg.norm(whole[:, :columns] - np.eye(2 * rows, columns), 2)
    on = whole[rows:, rows:]
    return on, float(off + np.linalg.norm(whole[:rows, rows:], 2))
