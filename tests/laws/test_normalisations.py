"""The normalisation that an encoding claims is that of its block, or the claim is refused.

Every circuit that takes data is made here with a claim of its own, by its definition, without the
pipeline; its block is simulated and multiplied by the claim.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import example, given, settings
from hypothesis import strategies as st

import qres.bloqs
from qres.bloqs.algebra import HermitianDilation
from qres.bloqs.banded_encoding import BandedEncoding
from qres.bloqs.batched_encoding import BatchedSlots, BatchedTrees
from qres.bloqs.batched_lift import BatchedFactorSlots, BatchedFactorTrees
from qres.bloqs.circuit import EncodingCircuit
from qres.bloqs.dense_block import DenseBlock
from qres.bloqs.encoding_sum import EncodingSum
from qres.bloqs.factor_encoding import FactorTrees
from qres.bloqs.factor_tables import FactorSlots, FactorTable
from qres.bloqs.frobenius_encoding import FrobeniusEncoding
from qres.bloqs.gram_encoding import GramEncoding
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.signed_addition import LoadedRotation
from qres.bloqs.sparse_encoding import SparseEncoding
from qres.errors import InputError
from qres.verify.factors import amplitudes
from qres.verify.flatten import flatten

BITS = 20
"""Bits of an angle: each rotation is off by 2 pi 2^-20 at most."""


def qubits(entries: int) -> int:
    return (entries - 1).bit_length()


def tree(rows: int, levels: int) -> LoadedRotationTree:
    return LoadedRotationTree(rows, levels, BITS, (0,) * levels, (0,) * levels)


@dataclass(frozen=True)
class Claim:
    """A circuit to be made with a claim, and what it is to hold.

    Args:
        least: the normalisation that the data need.
        made: normalisation to the circuit with its data.
        blocks: for each batch the matrix, padded, in the columns.
        columns: of the system that are put in.
    """

    least: float
    made: Callable[[Any], Any]
    blocks: Sequence[np.ndarray]
    columns: np.ndarray


def random_matrix(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Signed entries, of which some are zero, in units of any size."""
    found = np.where(rng.random(shape) < 0.6, rng.normal(size=shape), 0)
    found[0, 0] = found[0, 0] or 1.0
    return found * 10.0 ** rng.integers(-3, 4)


def most_in_rows(kept: np.ndarray) -> int:
    return int(kept.sum(axis=-1).max())


def square(matrices: Sequence[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    """The matrices on the padded index, and its columns in use."""
    size = len(matrices[0])
    beyond = 2 ** qubits(size) - size
    return [np.pad(matrix, ((0, beyond), (0, 0))) for matrix in matrices], np.arange(size)


def tensors(matrices: Sequence[np.ndarray], order: int) -> tuple[list[np.ndarray], np.ndarray]:
    """F (x) |0..0> on k registers, and the columns whose digits are all in use."""
    size, n = len(matrices[0]), qubits(len(matrices[0]))
    digits = np.indices((size,) * order).reshape(order, -1)
    columns = sum(digit << n * (order - 1 - place) for place, digit in enumerate(digits))
    found = [np.zeros((2 ** (order * n), size**order)) for _ in matrices]
    for whole, matrix in zip(found, matrices, strict=True):
        whole[np.arange(size) << (order - 1) * n] = matrix
    return found, np.asarray(columns)


# ------------------------------------------------------------------ every encoding that takes data


def frobenius(rng: np.random.Generator, size: int) -> Claim:
    matrix, n = random_matrix(rng, (size, size)), qubits(size)
    trees = tree(size, n), tree(1, n)
    return Claim(
        float(np.sqrt((matrix**2).sum())),
        lambda a: FrobeniusEncoding(*trees, alpha=a, epsilon=0.0).with_matrix(matrix),
        *square([matrix]),
    )


def slots_of(size: int, slots: int, *, is_full: bool) -> dict[str, Any]:
    sizes = {"rows": size, "system_bitsize": qubits(size), "slot_bitsize": qubits(slots)}
    return {**sizes, "bits": BITS, "is_full": is_full, "angle_blocks": (0, 0), "epsilon": 0.0}


def sparse(rng: np.random.Generator, size: int, *, is_full: bool = False) -> Claim:
    matrix = random_matrix(rng, (size, size))
    slots = size if is_full else most_in_rows((matrix != 0) | (matrix.T != 0))
    fields = slots_of(size, slots, is_full=is_full)
    least = 2 ** qubits(slots) * float(np.abs(matrix).max())
    return Claim(
        least, lambda a: SparseEncoding(**fields, alpha=a).with_matrix(matrix), *square([matrix])
    )


def gram(rng: np.random.Generator, size: int) -> Claim:
    rows, count = random_matrix(rng, (size + 1, size)), size + 1
    diagonal, divisor = rng.normal(size=count), int(rng.integers(1, 9))
    trees = tree(count, qubits(size)), tree(1, qubits(count))

    def made(alpha: float) -> Any:
        bloq = GramEncoding(*trees, (0, 0), alpha=alpha, epsilon=0.0)
        return bloq.with_factors(rows, diagonal, divisor)

    least = float((rows**2).sum() * np.abs(diagonal).max()) / divisor
    return Claim(least, made, *square([rows.T @ np.diag(diagonal) @ rows / divisor]))


def banded(rng: np.random.Generator, size: int) -> Claim:
    n, count = qubits(size), int(rng.integers(1, size + 1))
    offsets = [1, *(int(o) for o in rng.permutation(range(1 - size, 1))[: count - 1])]
    values = rng.normal(size=count)
    matrix = sum(v * np.eye(size, k=o) for v, o in zip(values, offsets, strict=True))

    def made(alpha: float) -> Any:
        bloq = BandedEncoding(size, n, count, qubits(count), n, 1, BITS, alpha=alpha, epsilon=0.0)
        return bloq.with_diagonals(offsets, [float(v) for v in values], [n] * count)

    return Claim(float(np.abs(values).sum()), made, *square([np.asarray(matrix)]))


def factor_trees(rng: np.random.Generator, size: int, order: int) -> Claim:
    matrix, n = random_matrix(rng, (size, size**order)), qubits(size)
    fields: dict[str, Any] = {"order": order, "epsilon": 0.0}
    trees = tree(size, order * n), tree(1, n)
    return Claim(
        float(np.sqrt((matrix**2).sum())),
        lambda alpha: FactorTrees(*trees, **fields, alpha=alpha).with_tensor(matrix),
        *tensors([matrix], order),
    )


def factor_table(rng: np.random.Generator, size: int, order: int) -> Claim:
    matrix, n = random_matrix(rng, (size, size**order)), qubits(size)
    fields: dict[str, Any] = {"order": order, "epsilon": 0.0}
    return Claim(
        2 ** ((order + 1) * n / 2) * float(np.abs(matrix).max()),
        lambda a: FactorTable(size, n, BITS, (0, 0), **fields, alpha=a).with_tensor(matrix),
        *tensors([matrix], order),
    )


def rectangle_of(size: int, order: int, row: int, column: int) -> dict[str, Any]:
    found = {"order": order, "rows": size, "index_bitsize": qubits(size), "bits": BITS}
    found |= {"row_slot_bitsize": row, "column_slot_bitsize": column}
    return {**found, "angle_blocks": (0, 0), "move_blocks": (0, 0), "epsilon": 0.0}


def factor_slots(rng: np.random.Generator, size: int, order: int) -> Claim:
    matrix = random_matrix(rng, (size, size**order))
    row, column = (qubits(most_in_rows(kept)) for kept in (matrix != 0, matrix.T != 0))
    fields = rectangle_of(size, order, row, column)
    return Claim(
        2 ** ((row + column) / 2) * float(np.abs(matrix).max()),
        lambda alpha: FactorSlots(**fields, alpha=alpha).with_tensor(matrix),
        *tensors([matrix], order),
    )


BATCHES = 2


def batched_trees(rng: np.random.Generator, size: int) -> Claim:
    stack, n = [random_matrix(rng, (size, size)) for _ in range(BATCHES)], qubits(size)
    trees = tree((BATCHES - 1) * 2**n + size, n), tree(BATCHES, n)

    def made(alpha: float) -> Any:
        return BatchedTrees(*trees, (0, 0), alpha=alpha, epsilon=0.0).with_matrices(stack)

    return Claim(max(float(np.sqrt((a**2).sum())) for a in stack), made, *square(stack))


def batched_slots(rng: np.random.Generator, size: int) -> Claim:
    stack = [random_matrix(rng, (size, size)) for _ in range(BATCHES)]
    slots = max(most_in_rows((a != 0) | (a.T != 0)) for a in stack)
    fields = {**slots_of(size, slots, is_full=False), "n_batches": BATCHES}
    least = 2 ** qubits(slots) * max(float(np.abs(a).max()) for a in stack)
    return Claim(
        least, lambda a: BatchedSlots(**fields, alpha=a).with_matrices(stack), *square(stack)
    )


def batched_factor_trees(rng: np.random.Generator, size: int, order: int) -> Claim:
    stack = [random_matrix(rng, (size, size**order)) for _ in range(BATCHES)]
    n = qubits(size)
    trees = tree((BATCHES - 1) * 2**n + size, order * n), tree(BATCHES, n)
    fields: dict[str, Any] = {"scale_blocks": (0, 0), "order": order, "epsilon": 0.0}
    return Claim(
        max(float(np.sqrt((a**2).sum())) for a in stack),
        lambda alpha: BatchedFactorTrees(*trees, **fields, alpha=alpha).with_tensors(stack),
        *tensors(stack, order),
    )


def batched_factor_slots(rng: np.random.Generator, size: int, order: int) -> Claim:
    stack = [random_matrix(rng, (size, size**order)) for _ in range(BATCHES)]
    row, column = (
        qubits(max(most_in_rows(kept) for kept in kinds))
        for kinds in ([a != 0 for a in stack], [a.T != 0 for a in stack])
    )
    column = max(row, column)
    row = column if order == 1 else row
    fields = {**rectangle_of(size, order, row, column), "n_batches": BATCHES}
    return Claim(
        2 ** ((row + column) / 2) * max(float(np.abs(a).max()) for a in stack),
        lambda alpha: BatchedFactorSlots(**fields, alpha=alpha).with_tensors(stack),
        *tensors(stack, order),
    )


def dense_block(rng: np.random.Generator, size: int) -> Claim:
    whole = 2 ** qubits(size)
    matrix = random_matrix(rng, (whole, whole))
    rows = tuple(tuple(float(entry) for entry in row) for row in matrix)
    least = float(np.sqrt(np.linalg.eigvalsh(matrix.T @ matrix)[-1]))
    return Claim(least, lambda a: DenseBlock(rows, alpha=a, epsilon=0.0), *square([matrix]))


def of_order(make: Callable[..., Claim], order: int) -> Callable[..., Claim]:
    return lambda rng, size: make(rng, size if order == 1 else min(size, 3), order)


SCALED = {
    "sparse": sparse,
    "dense": partial(sparse, is_full=True),
    "gram": gram,
    "F1 by table": of_order(factor_table, 1),
    "F2 by table": of_order(factor_table, 2),
    "F1 by slots": of_order(factor_slots, 1),
    "F2 by slots": of_order(factor_slots, 2),
    "trees of batches": batched_trees,
    "slots of batches": batched_slots,
    "F2 of batches by trees": of_order(batched_factor_trees, 2),
    "F1 of batches by slots": of_order(batched_factor_slots, 1),
    "F2 of batches by slots": of_order(batched_factor_slots, 2),
    "known matrix": dense_block,
}
"""Encodings that hold their data over any normalisation that is large enough."""

EXACT = {
    "frobenius": frobenius,
    "computed": banded,
    "F1 by trees": of_order(factor_trees, 1),
    "F2 by trees": of_order(factor_trees, 2),
}
"""Encodings whose block is a fixed multiple of the data: one normalisation is right."""

EVERY = SCALED | EXACT


# ------------------------------------------------------------------ the law


def found_in(bloq: Any, columns: np.ndarray, batch: int) -> np.ndarray:
    """The block, ancillas zero before and after, for one batch."""
    program = flatten(bloq, gradient="resource")
    return amplitudes(program, {"system": columns, "batch": columns * 0 + batch})


def rounding(bloq: Any) -> float:
    """The largest error of the block: that of every rotation by a loaded angle, added up."""
    calls = bloq.call_graph(keep=lambda part: isinstance(part, LoadedRotation))[1]
    turns = sum(count for part, count in calls.items() if isinstance(part, LoadedRotation))
    return 2 * np.pi * 2.0**-BITS * turns + 1e-9


def holds(claim: Claim, alpha: float) -> None:
    """The block times the claimed normalisation is the matrix within the error of its angles."""
    bloq = claim.made(alpha)
    assert float(bloq.alpha) == alpha
    error = alpha * rounding(bloq)
    for batch, matrix in enumerate(claim.blocks):
        found = found_in(bloq, claim.columns, batch)
        assert np.linalg.norm(alpha * found - matrix, 2) <= error


FACTORS = st.one_of(st.just(1.0), st.floats(0.05, 20))
CASES = {"seed": st.integers(0, 2**32 - 1), "size": st.integers(2, 5), "factor": FACTORS}


def check(name: str, seed: int, size: int, factor: float) -> None:
    claim = EVERY[name](np.random.default_rng(seed), size)
    is_right = abs(factor - 1) < 5e-10 or (factor > 1 and name in SCALED)
    if is_right:
        holds(claim, factor * claim.least)
    elif abs(factor - 1) > 2e-9:
        with pytest.raises(InputError) as caught:
            claim.made(factor * claim.least)
        told = str(caught.value)
        assert ".alpha is " in told
        right = float(told.partition("must be ")[2].split(",")[0].split()[-1])
        assert right == pytest.approx(claim.least, rel=1e-9)
        assert ("at least" in told) == (name in SCALED)


@pytest.mark.parametrize("name", EVERY)
@settings(max_examples=6, deadline=None, derandomize=True)
@example(seed=0, size=3, factor=4.0)
@example(seed=1, size=3, factor=1.0)
@example(seed=2, size=3, factor=0.99)
@given(**CASES)
def test_a_claim_is_true_or_refused(name, seed, size, factor):
    check(name, seed, size, factor)


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
@settings(max_examples=100, deadline=None, derandomize=True)
@given(**CASES)
def test_more_claims_are_true_or_refused(name, seed, size, factor):
    check(name, seed, size, factor)


def test_four_times_the_normalisation_of_two_entries():
    """diag(1, 2) needs 2: over 8 its flag keeps 1/8 and 2/8, over 2 it keeps 1/2 and 1."""
    fields = slots_of(2, 1, is_full=False)
    for alpha, kept in ((8, (1 / 8, 1 / 4)), (2, (1 / 2, 1))):
        bloq = SparseEncoding(**fields, alpha=alpha).with_matrix(np.diag([1.0, 2.0]))
        found = found_in(bloq, np.arange(2), 0)
        assert found == pytest.approx(np.diag(kept), abs=rounding(bloq))


@pytest.mark.parametrize("name", [name for name in EVERY if name != "known matrix"])
def test_data_need_a_number(name):
    claim = EVERY[name](np.random.default_rng(0), 2)
    with pytest.raises(InputError, match=r"\.alpha is alpha; it must be a number where there are"):
        claim.made(sympy.Symbol("alpha", positive=True))
    bloq = claim.made(sympy.Float(claim.least))
    assert float(bloq.alpha) == claim.least


def test_claims_of_compositions_are_those_of_their_parts():
    """1.5 A - 0.5 B and the dilation of A, both parts of three times the normalisation they need."""
    rng = np.random.default_rng(5)
    first, second = sparse(rng, 4), factor_slots(rng, 4, 1)
    parts = [claim.made(3 * claim.least) for claim in (first, second)]
    matrices = [claim.blocks[0] for claim in (first, second)]
    whole = EncodingSum(tuple(parts), (1.5, -0.5))
    alpha = 3 * (1.5 * first.least + 0.5 * second.least)
    assert float(whole.alpha) == pytest.approx(alpha)
    target = 1.5 * matrices[0] - 0.5 * matrices[1]
    found = found_in(whole, np.arange(4), 0)
    assert np.linalg.norm(alpha * found - target, 2) <= alpha * rounding(whole)
    dilation, zero = HermitianDilation(parts[0]), np.zeros((4, 4))
    target = np.block([[zero, matrices[0]], [matrices[0].T, zero]])
    found = 3 * first.least * found_in(dilation, np.arange(8), 0)
    assert np.linalg.norm(found - target, 2) <= 3 * first.least * rounding(dilation)


def takes_data() -> Iterator[type]:
    """Every encoding that takes a matrix or its factors; a lift adds up weights."""
    for module in pkgutil.iter_modules(qres.bloqs.__path__):
        importlib.import_module(f"qres.bloqs.{module.name}")
    data = ("matrix", "matrices", "tensor", "tensors", "factors", "diagonals")
    open_kinds = [EncodingCircuit]
    while open_kinds:
        kind = open_kinds.pop()
        open_kinds += kind.__subclasses__()
        has_data = any(f"with_{name}" in vars(kind) for name in data)
        if kind.__module__.startswith("qres.") and has_data and "with_data" not in vars(kind):
            yield kind


def test_no_encoding_is_left_out():
    claims = [make(np.random.default_rng(0), 2) for make in EVERY.values()]
    kinds = {type(claim.made(claim.least)) for claim in claims}
    wanted = {kind for kind in takes_data() if not getattr(kind, "__abstractmethods__", None)}
    assert len(wanted) == 11
    assert wanted <= kinds
