r"""Circuits against their claims: the block they encode, and their gates counted three ways.

A claim is what the pipeline charges: normalisation and Toffoli gates by formula, and the error that
$b$ bits of an angle promise, $f \alpha 2^{-b}$ with the factor $f$ of the encoding. What is found
comes from the circuit with a matrix in its tables: its simulated block, and the gates of its
decomposition. The third count is the call graph of the bloq.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings import dense, frobenius, sparse
from qres.algorithms.encodings.base import Encoding
from qres.errors import InputError, nearest
from qres.logical.circuit import count_bloq
from qres.notation.formula import Formula
from qres.notation.named import UNLIMITED
from qres.notation.symbols import symbol
from qres.verify.count import TOFFOLI, decomposed_counts
from qres.verify.flatten import flatten
from qres.verify.gates import Program
from qres.verify.instances import MATRICES, SIZES
from qres.verify.simulate import block


@dataclass(frozen=True)
class Provable:
    """An encoding whose circuit can be built with data.

    Args:
        encoding: what the pipeline uses.
        alpha: its normalisation as a formula.
        toffoli: its Toffoli gates as a formula.
    """

    encoding: Encoding
    alpha: Formula
    toffoli: Formula


PROVABLE = {
    member.ENCODING.name: Provable(member.ENCODING, member.ALPHA, member.TOFFOLI)
    for member in (frobenius, sparse, dense)
}

BITS = 16
"""Bits of an angle in the proofs."""

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

    @property
    def is_encoded(self) -> bool:
        """Whether the block is the matrix within the claimed error."""
        return self.epsilon_found <= self.epsilon

    @property
    def is_equal(self) -> bool:
        """Whether the block and all three counts are as claimed."""
        counts = {self.toffoli, self.toffoli_call_graph, self.toffoli_circuit}
        return self.is_encoded and len(counts) == 1


def prove(
    name: str, matrix: np.ndarray, *, kind: str = "given", form: str = "plain", bits: int = BITS
) -> Proof:
    """Build, simulate and count the circuit of one encoding for one matrix.

    Args:
        name: of the encoding.
        matrix: real and square, at least 2 x 2.
        kind: what to call the matrix.
        form: `plain`, `adjoint` or `controlled`.
        bits: of an angle, at least 2, so that a quarter turn is exact.

    Raises:
        InputError: unknown encoding, too few bits, or a matrix that it cannot take.
    """
    if bits < 2:
        raise InputError(f"bits: expected 2 or more, found {bits}")
    member, controls = PROVABLE[chosen(name)[0]], int(form == "controlled")
    values = _values(matrix, bits) | {"controls": controls}
    values["alpha_matrix"] = alpha = float(_evaluated(member.alpha, values))
    factor = member.encoding.angle_error.subs(symbol("index_bits"), values["index_bits"])
    values["eps_matrix"] = epsilon = float(factor) * alpha * 2.0**-bits
    bloq = member.encoding.bloq(values, Blocks(values)).with_matrix(matrix).with_controls(controls)
    bloq = bloq.adjoint() if form == "adjoint" else bloq
    program = flatten(bloq, gradient="resource")
    found, idle = _blocks(program, len(matrix), values["index_bits"], controls)
    target = np.zeros(found.shape)
    target[: len(matrix)] = matrix.T if form == "adjoint" else matrix
    return Proof(
        encoding=name,
        matrix=kind,
        rows=len(matrix),
        form=form,
        alpha=alpha,
        alpha_found=float(np.vdot(found, target).real / np.vdot(found, found).real),
        epsilon=epsilon,
        epsilon_found=float(np.linalg.norm(alpha * found - target, 2)) + alpha * idle,
        toffoli=int(_evaluated(member.toffoli, values)),
        toffoli_call_graph=count_bloq(bloq)[0],
        toffoli_circuit=decomposed_counts(bloq)[TOFFOLI],
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
    cases = [(name, kind, size) for name in names for kind in MATRICES for size in SIZES]
    rng = np.random.default_rng(seed)
    for done, (name, kind, size) in enumerate(cases):
        matrix = MATRICES[kind](rng, size)
        for form in FORMS:
            yield prove(name, matrix, kind=kind, form=form)
        if progress:
            progress("simulating circuits", done + 1, len(cases))


def _values(matrix: np.ndarray, bits: int) -> dict[str, Any]:
    """Return what the pipeline knows of a matrix."""
    size = len(matrix)
    sparsity = max(1, int(np.count_nonzero(matrix, axis=1).max()))
    slot_bits = (sparsity - 1).bit_length()
    return {
        "dim": size,
        "index_bits": (size - 1).bit_length(),
        "matrix_bits": bits,
        "block_limit": UNLIMITED,
        "frobenius_norm": float(np.linalg.norm(matrix)),
        "max_entry": float(np.abs(matrix).max()),
        "sparsity": sparsity,
        "slot_bits": slot_bits,
        "slots": 2**slot_bits,
        "is_full": sparsity == size,
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
