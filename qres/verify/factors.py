r"""Factors of a lift against their claims: the block of $F_k$, $r \times r^k$, and its gates.

As `qres.verify.proofs` for square matrices: normalisation, angle error, Toffoli gates and ancillas are
those that the pipeline charges, what is found comes from the circuit with a tensor in its tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import sympy

from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings import dense, frobenius, sparse
from qres.algorithms.encodings.factors import Factor
from qres.logical.circuit import count_bloq
from qres.notation.compiled import compile_exact
from qres.notation.named import UNLIMITED
from qres.notation.symbols import symbol
from qres.verify.count import TOFFOLI, decomposed_counts
from qres.verify.flatten import flatten
from qres.verify.gates import Program
from qres.verify.peak import counted_qubits
from qres.verify.proofs import FORMS, Proof
from qres.verify.simulate import State, run, start

FACTORS = {item.ENCODING.name: item.ENCODING.factor for item in (frobenius, sparse, dense)}

SIZES = {1: (2, 3, 5, 8, 13, 16), 2: (2, 3, 4), 3: (2,)}
"""Rows by order: one to four qubits of the column, padded and not."""

BITS = 12


def _sparse(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """One full row, one empty row, few other entries: rows and columns of other sparsity."""
    kept = rng.random(shape) < 0.25
    kept[0], kept[1] = True, False
    return np.where(kept, rng.normal(size=shape), 0)


def _rank_one(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.outer(rng.normal(size=shape[0]), rng.normal(size=shape[1]))


def _diagonal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    found = np.zeros(shape)
    step = (shape[1] - 1) // (shape[0] - 1)
    found[range(shape[0]), range(0, shape[1], step)] = rng.normal(size=shape[0])
    return found


TENSORS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "signed": lambda rng, shape: rng.normal(size=shape),
    "rank one": _rank_one,
    "constant": lambda rng, shape: np.full(shape, -rng.uniform(0.5, 2)),
    "diagonal": _diagonal,
    "uneven rows": _sparse,
}
"""Kind of tensor to (generator, shape) to an $r \\times r^k$ matrix."""


def tensor_values(matrix: np.ndarray, order: int, bits: int) -> dict[str, Any]:
    """Return what the pipeline knows of $F_k$ (its entries times $k!$ are the derivative's)."""
    factor = FACTORS["sparse"]
    assert factor is not None
    tensor, size = factor(order).tensor, len(matrix)
    kept = matrix != 0
    row, column = (int(kept.sum(axis=axis).max()) for axis in (1, 0))
    values = {"dim": size, "index_bits": (size - 1).bit_length(), "matrix_bits": bits}
    values |= {"block_limit": UNLIMITED, "sparsity": column, "eps_matrix": 1e-3}
    values |= {tensor.sparsity: max(row, column) if order == 1 else row}
    values |= {tensor.max_entry: float(np.abs(matrix).max()) * tensor.divisor}
    return values | {tensor.frobenius: float(np.linalg.norm(matrix)) * tensor.divisor}


def built_factor(
    name: str, order: int, matrix: np.ndarray, bits: int = BITS
) -> tuple[Any, Factor, dict[str, Any]]:
    r"""Return the circuit of $F_k$ with its data, what is charged for it, and the values put in.

    Args:
        name: of the encoding.
        order: $k$.
        matrix: $r \times r^k$.
        bits: of an angle.
    """
    make = FACTORS[name]
    assert make is not None
    factor, values = make(order), tensor_values(matrix, order, bits)
    for key, formula in factor.definitions("factor"):
        values[key] = formula(**{item: values[item] for item in formula.inputs})
    return factor.bloq(values, Blocks(values)).with_tensor(matrix), factor, values


def put_in(expression: Any, values: dict[str, Any]) -> Any:
    """Return the value of an expression of a formula."""
    expression = sympy.sympify(expression)
    names = sorted(str(item) for item in expression.free_symbols)
    return compile_exact(tuple(symbol(name) for name in names), expression)(
        *(values[name] for name in names)
    )


def prove_factor(name: str, order: int, matrix: np.ndarray, kind: str, form: str) -> Proof:
    r"""Build, simulate and count the circuit of one factor.

    Args:
        name: of the encoding.
        order: $k$.
        matrix: $F_k$, $r \times r^k$.
        kind: what to call it.
        form: `plain`, `adjoint` or `controlled`.
    """
    bloq, factor, values = built_factor(name, order, matrix)
    controls = int(form == "controlled")
    bloq = bloq.with_controls(controls)
    bloq = bloq.adjoint() if form == "adjoint" else bloq
    alpha = float(values[factor.tensor.alpha])
    epsilon = float(put_in(factor.angle_error, values)) * alpha * 2.0**-BITS
    program = flatten(bloq, gradient="resource")
    target, columns, rows = _claimed(matrix, order, values["index_bits"], is_back=form == "adjoint")
    found = amplitudes(program, {"system": columns, "ctrl": columns * 0 + controls})[rows]
    idle = 0.0
    if controls:
        rest = amplitudes(program, {"system": columns, "ctrl": columns * 0})
        rest[columns, range(len(columns))] -= 1
        idle = float(np.linalg.norm(rest, 2))
    assert put_in(factor.ancillas, values) == bloq.ancilla_bitsize
    return Proof(
        encoding=f"{name} F{order}",
        matrix=kind,
        rows=len(matrix),
        form=form,
        alpha=alpha,
        alpha_found=float(np.vdot(found, target).real / np.vdot(found, found).real),
        epsilon=epsilon,
        epsilon_found=float(np.linalg.norm(alpha * found - target, 2)) + alpha * idle,
        toffoli=int(put_in(factor.toffoli(controls), values)),
        toffoli_call_graph=count_bloq(bloq)[0],
        toffoli_circuit=decomposed_counts(bloq)[TOFFOLI],
        qubits=counted_qubits(bloq),
    )


def _claimed(
    matrix: np.ndarray, order: int, qubits: int, *, is_back: bool
) -> tuple[np.ndarray, np.ndarray, Any]:
    """Return the block on all rows, the columns that are put in, and the rows that are compared.

    Backwards the rows go in; what they become beyond the digits of a column is zero.
    """
    size, whole = len(matrix), 2 ** (order * qubits)
    digits = np.indices((size,) * order).reshape(order, -1)
    columns = (digits << qubits * np.arange(order)[::-1, None]).sum(axis=0)
    rows = np.arange(size) << (order - 1) * qubits
    target = np.zeros((whole, len(columns)))
    target[rows] = matrix
    if not is_back:
        return target, columns, slice(None)
    back = np.zeros((whole, size))
    back[columns] = matrix.T
    return back, rows, slice(None)


def amplitudes(program: Program, values: dict[str, np.ndarray]) -> np.ndarray:
    r"""Return $\langle s| U |s'\rangle$ on the register `system`, all other registers as put in.

    Ancillas are zero before and after; a control stays as it is.

    Args:
        program: what is simulated.
        values: registers to numbers, one for each column; those that it lacks are left out.
    """
    given = {name: column for name, column in values.items() if name in program.registers}
    count = max(len(column) for column in values.values())
    label = (program.width, max(1, (count - 1).bit_length()))
    registers = {"system": (0, 0), **program.registers, "": label}
    wide = Program(registers, sum(label), program.gates)
    state = run(start(wide, given | {"": np.arange(count)}), program.gates)
    column, row = (state.read((registers[name],)) for name in ("", "system"))
    expected = State(column << label[0], state.amplitude)
    for name, wanted in given.items():
        number = row if name == "system" else wanted[column]
        expected = State(expected.written((registers[name],), number), expected.amplitude)
    is_clean = state.index == expected.index
    found = np.zeros((2 ** registers["system"][1], count), dtype=complex)
    found[row[is_clean], column[is_clean]] = state.amplitude[is_clean]
    return found


def factor_cases() -> list[tuple[str, int, str, int]]:
    """Return encoding, order, kind of tensor and rows of every proof."""
    return [
        (name, order, kind, size)
        for name in FACTORS
        for order, sizes in SIZES.items()
        for kind in TENSORS
        for size in sizes
    ]


def prove_factors(
    *, seed: int = 0, progress: Callable[[str, int, int], None] | None = None
) -> Iterator[Proof]:
    """Prove every encoding of a factor on every kind and size of tensor, in every form.

    Args:
        seed: of the tensors.
        progress: called as progress(task, done, total).
    """
    cases, rng = factor_cases(), np.random.default_rng(seed)
    for done, (name, order, kind, size) in enumerate(cases):
        matrix = TENSORS[kind](rng, (size, size**order))
        for form in FORMS:
            yield prove_factor(name, order, matrix, kind, form)
        if progress:
            progress("simulating factors", done + 1, len(cases))
