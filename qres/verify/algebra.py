r"""Sums, products, tensor products and dilations of encodings against their claims.

Normalisation and error follow from those of the parts by the rules of block encodings, Toffoli gates
from the formulas of the parts: what is claimed is computed here, apart from the circuits' own ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np

from qres.bloqs.algebra import EncodingProduct, EncodingTensor, HermitianDilation
from qres.bloqs.circuit import BlockCircuit
from qres.bloqs.encoding_sum import EncodingSum
from qres.logical.circuit import count_bloq
from qres.verify.count import TOFFOLI, decomposed_counts
from qres.verify.factors import amplitudes
from qres.verify.flatten import flatten
from qres.verify.instances import DIAGONALS, GRAMS, MATRICES, UNEVEN
from qres.verify.peak import counted_qubits
from qres.verify.proofs import FORMS, Proof, encoded

BITS = 10
"""Bits of an angle."""

SIZES = (2, 3, 4)
"""Rows of a part."""


@dataclass(frozen=True)
class Claim:
    r"""An encoding with what is claimed of it.

    Args:
        bloq: the circuit, without a control.
        matrix: what it encodes, on the columns in use.
        columns: indices in use; the others pad the matrix.
        alpha: claimed normalisation.
        epsilon: claimed error.
        toffoli: number of controls to claimed Toffoli gates.
    """

    bloq: BlockCircuit
    matrix: np.ndarray
    columns: np.ndarray
    alpha: float
    epsilon: float
    toffoli: Callable[[int], int]


def part(name: str, rng: np.random.Generator, size: int) -> Claim:
    """One random encoding."""
    makers = {"gram": GRAMS, "computed": DIAGONALS, "sparse-rectangular": UNEVEN}.get(
        name, MATRICES
    )
    kind = {"computed": "banded", "sparse-rectangular": "arrow"}.get(name, "signed")
    made = encoded(name, makers[kind](rng, size), bits=BITS)
    alpha, epsilon = float(made.bloq.alpha), float(made.bloq.epsilon)
    return Claim(made.bloq, made.matrix, np.arange(size), alpha, epsilon, made.toffoli)


def added(parts: list[Claim], weights: list[float]) -> Claim:
    r"""$\sum_i w_i A_i$: every part once under a control, $m - 2 + c$ gates to choose it."""
    bloqs = tuple(item.bloq for item in parts)
    pairs = list(zip(weights, parts, strict=True))
    return Claim(
        EncodingSum(bloqs, tuple(weights)),
        sum((weight * item.matrix for weight, item in pairs), np.zeros_like(parts[0].matrix)),
        parts[0].columns,
        sum(abs(weight) * item.alpha for weight, item in pairs),
        sum(abs(weight) * item.epsilon for weight, item in pairs),
        lambda c: sum(item.toffoli(1) for item in parts) + len(parts) - 2 + c,
    )


def _multiplied(parts: list[Claim]) -> tuple[float, float, Callable[[int], int]]:
    alphas, errors = ([getattr(item, name) for item in parts] for name in ("alpha", "epsilon"))
    alpha = float(np.prod(alphas))
    relative = sum(error / one for error, one in zip(errors, alphas, strict=True))
    return alpha, alpha * relative, lambda c: sum(item.toffoli(c) for item in parts)


def multiplied(parts: list[Claim]) -> Claim:
    r"""$A_1 A_2 \cdots$."""
    bloq = EncodingProduct(tuple(item.bloq for item in parts))
    matrix = reduce(np.matmul, [item.matrix for item in parts])
    return Claim(bloq, matrix, parts[0].columns, *_multiplied(parts))


def tensored(parts: list[Claim]) -> Claim:
    r"""$A_1 \otimes A_2 \otimes \cdots$; an index is in use where it is in every factor."""
    bloq = EncodingTensor(tuple(item.bloq for item in parts))
    columns = np.zeros(1, dtype=int)
    for item in parts:
        shift = 2**item.bloq.system_bitsize
        columns = (columns[:, None] * shift + item.columns).ravel()
    matrix = reduce(np.kron, [item.matrix for item in parts])
    return Claim(bloq, matrix, columns, *_multiplied(parts))


def dilated(item: Claim) -> Claim:
    r"""$A$ above the diagonal and $A^T$ below: both under a control, one gate for an outer one."""
    size, zero = 2 ** int(item.bloq.system_bitsize), np.zeros_like(item.matrix)
    matrix = np.block([[zero, item.matrix], [item.matrix.T, zero]])
    columns = np.concatenate([item.columns, size + item.columns])
    bloq = HermitianDilation(item.bloq)
    return Claim(bloq, matrix, columns, item.alpha, item.epsilon, lambda c: 2 * item.toffoli(1) + c)


Composition = Callable[[np.random.Generator, int], Claim]


def _parts(*names: str) -> Callable[[np.random.Generator, int], list[Claim]]:
    return lambda rng, size: [part(name, rng, size) for name in names]


def _sum_of(*names: str) -> Composition:
    return lambda rng, size: added(_parts(*names)(rng, size), list(rng.normal(size=len(names))))


def _nested(rng: np.random.Generator, size: int) -> Claim:
    """2 A B - C."""
    first, second, third = _parts("sparse", "dense", "computed")(rng, size)
    return added([multiplied([first, second]), third], [2.0, -1.0])


COMPOSITIONS: dict[str, Composition] = {
    **{
        f"dilation {name}": lambda rng, size, name=name: dilated(part(name, rng, size))
        for name in ("frobenius", "sparse", "sparse-rectangular", "dense", "gram", "computed")
    },
    "dilation of a sum": lambda rng, size: dilated(_sum_of("frobenius", "sparse")(rng, size)),
    "sum of 2": _sum_of("frobenius", "sparse"),
    "sum of 3": _sum_of("dense", "frobenius", "computed"),
    "sum of 5": _sum_of("sparse", "gram", "frobenius", "dense", "sparse"),
    "product of 2": lambda rng, size: multiplied(_parts("frobenius", "sparse")(rng, size)),
    "product of 3": lambda rng, size: multiplied(_parts("dense", "computed", "sparse")(rng, size)),
    "tensor of 2": lambda rng, size: tensored(
        [part("sparse", rng, size), part("frobenius", rng, 2)]
    ),
    "sum with product": _nested,
}
"""Name to (generator, rows) to a composition."""


def prove_composition(title: str, claim: Claim, form: str) -> Proof:
    """Build, simulate and count one composition.

    Args:
        title: its name.
        claim: the circuit and what is claimed.
        form: `plain`, `adjoint` or `controlled`.
    """
    controls, columns = int(form == "controlled"), claim.columns
    bloq = claim.bloq.with_controls(controls)
    bloq = bloq.adjoint() if form == "adjoint" else bloq
    program = flatten(bloq, gradient="resource")
    found = amplitudes(program, {"system": columns, "ctrl": columns * 0 + controls})
    target = np.zeros(found.shape)
    target[columns] = claim.matrix.T if form == "adjoint" else claim.matrix
    idle = 0.0
    if controls:
        rest = amplitudes(program, {"system": columns, "ctrl": columns * 0})
        idle = float(np.linalg.norm(rest - np.eye(len(rest))[:, columns], 2))
    return Proof(
        encoding=title,
        matrix="signed",
        rows=len(columns),
        form=form,
        alpha=claim.alpha,
        alpha_found=float(np.vdot(found, target).real / np.vdot(found, found).real),
        epsilon=claim.epsilon,
        epsilon_found=float(np.linalg.norm(claim.alpha * found - target, 2)) + claim.alpha * idle,
        toffoli=claim.toffoli(controls),
        toffoli_call_graph=count_bloq(bloq)[0],
        toffoli_circuit=decomposed_counts(bloq)[TOFFOLI],
        qubits=counted_qubits(bloq),
    )


def prove_algebra(
    *, seed: int = 0, progress: Callable[[str, int, int], None] | None = None
) -> Iterator[Proof]:
    """Prove every composition in every size and form.

    Args:
        seed: of the matrices.
        progress: called as progress(task, done, total).
    """
    cases = [(title, size) for title in COMPOSITIONS for size in SIZES]
    rng = np.random.default_rng(seed)
    for done, (title, size) in enumerate(cases):
        claim = COMPOSITIONS[title](rng, size)
        for form in FORMS:
            yield prove_composition(title, claim, form)
        if progress:
            progress("simulating sums and products", done + 1, len(cases))
