"""One small circuit of each class, with data, to draw and to take apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np

from qres.bloqs.adiabatic_walk import AdiabaticRun
from qres.bloqs.algebra import EncodingProduct, EncodingTensor, HermitianDilation
from qres.bloqs.amplification import AmplifiedState, WantedReflection
from qres.bloqs.chebyshev_filter import chebyshev_phases
from qres.bloqs.circuit import Circuit
from qres.bloqs.dense_block import DenseBlock
from qres.bloqs.dense_vector import DenseVector
from qres.bloqs.encoding_sum import EncodingSum
from qres.bloqs.estimation import AmplitudeEstimation, GroverPower, OutcomeZero, WantedRows
from qres.bloqs.kernel_reflection import ShortcutRun
from qres.bloqs.observable import ExpectationTest, HadamardTest, ReferenceState
from qres.bloqs.qram import Memory
from qres.bloqs.qsvt import InversionRun
from qres.bloqs.reference_row import ReferencedMatrix, ReferencedVector
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.sparse_state import SparseState
from qres.bloqs.tables import TableLookup
from qres.verify.descents import make_descent
from qres.verify.histories import HISTORIES, built
from qres.verify.instances import DIAGONALS, GRAMS, MATRICES
from qres.verify.lifts import CASES, built_lift
from qres.verify.proofs import encoded

GROUPS = {
    "tables": ("tables", "qram", "phase_table"),
    "rotations": ("turn", "multiplexed_turn", "controlled_hadamard", "signed_addition"),
    "states": ("rotation_tree", "sparse_state", "right_hand_side"),
    "encodings": ("frobenius_encoding", "sparse_encoding", "gram_encoding", "banded_encoding"),
    "algebra": ("algebra", "encoding_sum"),
    "histories": (
        "history_matrix",
        "batched_encoding",
        "batched_step",
        "scheduled_history",
        "momentum_step",
        "damped_step",
    ),
    "lifts": (
        "factor_encoding",
        "factor_tables",
        "carleman_lift",
        "lifted_source",
        "batched_lift",
        "batched_source",
        "momentum_lift",
    ),
    "reflections": ("reflection",),
    "solvers": ("kernel_reflection", "adiabatic_walk", "qsvt", "amplification"),
    "read-out": ("observable", "estimation", "fourier", "reference_row"),
}
"""Name of a group to the modules of its circuits."""

BITS = 5
"""Bits of an angle."""

MATRIX_LEAVES = (DenseBlock, DenseVector)
"""Known as a matrix: they have no steps."""


def gallery() -> dict[str, dict[str, Any]]:
    """Return a circuit of each class that has steps: group to name of the class to the circuit."""
    place = {module: group for group, modules in GROUPS.items() for module in modules}
    groups: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    for kind, bloq in examples().items():
        if not isinstance(bloq, MATRIX_LEAVES):
            groups[place[kind.__module__.rsplit(".", 1)[-1]]][kind.__name__] = bloq
    return groups


def examples() -> dict[type, Any]:
    """Return a small circuit of each class: class to an instance, with data.

    They are what a walk down from some small jobs comes across first, forwards and without a control;
    classes that are known by their counts alone are not among them.
    """
    rng, found = np.random.default_rng(1), {}
    seen: set[Any] = set()
    for roots in (_encodings, _histories, _lifts, _runs, _others):
        for root in roots(rng):
            for bloq in _walked(root, seen):
                found.setdefault(type(bloq), attrs.evolve(bloq, num_controls=0, is_adjoint=False))
    return found


def _walked(bloq: Any, seen: set[Any]) -> Iterator[Any]:
    """A circuit and all in it, each once."""
    if not isinstance(bloq, Circuit) or bloq in seen:
        return
    seen.add(bloq)
    yield bloq
    for step in () if isinstance(bloq, MATRIX_LEAVES) else bloq.sequence():
        yield from _walked(step.bloq, seen)


def _encodings(rng: np.random.Generator) -> Iterator[Any]:
    makers = {"gram": GRAMS["signed"], "computed": DIAGONALS["grid"]}
    names = ("frobenius", "sparse", "dense", "gram", "computed")
    made = [
        encoded(name, makers.get(name, MATRICES["signed"])(rng, 3), bits=BITS).bloq
        for name in names
    ]
    yield from made
    yield HermitianDilation(made[0])
    yield EncodingProduct((made[0], made[1]))
    yield EncodingTensor((made[0], made[1]))
    yield EncodingSum((*made[:3],), (1.5, -0.5, 0.25))


def _histories(rng: np.random.Generator) -> Iterator[Any]:
    for title, history in HISTORIES.items():
        varies = title == "schedule"
        given = make_descent(rng, "signed", 3, (2, 1), history.batches, varies=varies)
        for name in history.encodings[:2]:
            for piece in (history.matrix, history.source):
                yield built(piece, given, name, "plain", has_momentum=history.width == 2)[0]


def _lifts(rng: np.random.Generator) -> Iterator[Any]:
    for case in {case.title: case for case in reversed(CASES)}.values():
        for name in case.encodings:
            yield from built_lift(case.title, name, case.problem(rng), bits=BITS)[:2]


def _runs(rng: np.random.Generator) -> Iterator[Any]:
    """The shortest run of each solver."""
    block = DenseBlock(rows=((0.6, 0.3), (-0.2, 0.7)), alpha=1.0, epsilon=0.0)
    system: dict[str, Any] = {"block_encoding": block, "index_bitsize": block.system_bitsize}
    system |= {"right_hand_side": DenseVector((0.6, 0.8))}
    phases = chebyshev_phases(3, 1.1)
    yield ShortcutRun(**system, length=1, guess_bitsize=1, norms=(1.0, 2.0), phases=())
    yield AdiabaticRun(**system, walk_steps=2, filter_length=1, angles=(0.8, 1.57), phases=())
    run = InversionRun(**system, degree=3, phases=(0.3, *phases))
    yield AmplifiedState(run, 1, row_bitsize=1, first_row=1, phases=phases)


def _others(rng: np.random.Generator) -> Iterator[Any]:
    row = LoadedRotationTree(1, 2, BITS, (0, 0), (0, 1))
    yield SparseState(row, 3, 4).with_entries([3, 9, 12], [0.5, -0.7, 0.1])
    yield row.with_vectors(rng.normal(size=(1, 4)))
    yield TableLookup(6, 2, Memory.BRIGADE, data=(0, 1, 2, 3, 0, 1))
    yield WantedReflection(2, 2, 1, 0.3)
    state = next(item for item in _runs(rng) if isinstance(item, AmplifiedState))
    run = state.run
    yield ReferencedMatrix(run.block_encoding, run.index_bitsize, angle=0.7)
    yield ReferencedVector(run.right_hand_side, run.index_bitsize, angle=0.4)
    operator = encoded("frobenius", MATRICES["signed"](rng, 2), bits=BITS).bloq
    test = ExpectationTest(state, operator)
    yield AmplitudeEstimation(test, OutcomeZero(), 2)
    yield GroverPower(test, OutcomeZero(), 1)
    yield WantedRows(2, 1, 2)
    yield HadamardTest(state, ReferenceState(LoadedRotationTree(1, 1, BITS, (0,), (0,)), 1, 0))
