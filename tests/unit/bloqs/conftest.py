"""One way to count in these tests, and an instance of every circuit that there is."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import Any

import attrs
import numpy as np
import pytest
from qualtran import DecomposeTypeError
from qualtran.resource_counting import QECGatesCost, QubitCount, get_cost_value

import qres.bloqs
from qres.bloqs.algebra import EncodingProduct, EncodingTensor, HermitianDilation
from qres.bloqs.amplification import AmplifiedState, WantedReflection
from qres.bloqs.circuit import Circuit
from qres.bloqs.encoding_sum import EncodingSum
from qres.bloqs.estimation import AmplitudeEstimation, GroverPower, OutcomeZero, WantedRows
from qres.bloqs.linear_solver import SolverRun
from qres.bloqs.observable import ExpectationTest, GivenOperator, HadamardTest, ReferenceState
from qres.bloqs.qram import Memory
from qres.bloqs.readout import ReadoutJob
from qres.bloqs.reference_row import ReferencedMatrix, ReferencedVector
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.sparse_state import SparseState
from qres.bloqs.tables import TableLookup
from qres.verify.descents import make_descent
from qres.verify.histories import HISTORIES, built
from qres.verify.instances import DIAGONALS, GRAMS, MATRICES
from qres.verify.lifts import CASES, built_lift
from qres.verify.proofs import encoded
from qres.verify.solver_runs import built_run, provable_solvers, random_system
from qres.verify.solvers import FEW


def count_bloq(bloq):
    gates = get_cost_value(bloq, QECGatesCost(), costs_cache={})
    toffoli = gates.toffoli + gates.and_bloq + gates.cswap
    return toffoli, gates.t, gates.rotation


@pytest.fixture
def count():
    """Return (Toffoli-like, T, rotations) of a bloq."""
    return count_bloq


@pytest.fixture
def toffoli():
    """Return the Toffoli-like gates of a bloq that must have no other."""

    def only_toffoli(bloq):
        found, t, rotations = count_bloq(bloq)
        assert (t, rotations) == (0, 0)
        return found

    return only_toffoli


@pytest.fixture
def qubits():
    """Return the qubits of a bloq, by Qualtran's own query."""
    return lambda bloq: get_cost_value(bloq, QubitCount(), costs_cache={})


def circuits() -> set[type]:
    """Every class of circuit that can be made."""
    for module in pkgutil.iter_modules(qres.bloqs.__path__):
        importlib.import_module(f"qres.bloqs.{module.name}")

    def below(parent: type) -> Iterator[type]:
        for child in parent.__subclasses__():
            yield child
            yield from below(child)

    mine = {item for item in below(Circuit) if item.__module__.startswith("qres.bloqs.")}
    # attrs makes each class twice; the module has the one that counts
    kept = {getattr(importlib.import_module(item.__module__), item.__name__) for item in mine}
    return {item for item in kept if not inspect.isabstract(item)}


def _encodings(rng: np.random.Generator) -> Iterator[Any]:
    makers = {"gram": GRAMS["signed"], "computed": DIAGONALS["grid"]}
    names = ("frobenius", "sparse", "dense", "gram", "computed")
    made = [
        encoded(name, makers.get(name, MATRICES["signed"])(rng, 3), bits=5).bloq for name in names
    ]
    yield from made
    first, second, *_ = made
    yield HermitianDilation(first)
    yield EncodingProduct((first, second))
    yield EncodingTensor((first, second))
    yield EncodingSum((*made[:3],), (1.5, -0.5, 0.25))
    memory = encoded("frobenius", MATRICES["signed"](rng, 3), bits=5, access="qram").bloq
    yield memory


def _histories(rng: np.random.Generator) -> Iterator[Any]:
    for title, history in HISTORIES.items():
        varies = title == "schedule"
        given = make_descent(rng, "signed", 3, (2, 1), history.batches, varies=varies)
        for name in history.encodings[:2]:
            for piece in (history.matrix, history.source):
                yield built(piece, given, name, "plain", has_momentum=history.width == 2)[0]


def _lifts(rng: np.random.Generator) -> Iterator[Any]:
    first = {case.title: case for case in reversed(CASES)}
    for title, case in first.items():
        for name in case.encodings:
            yield from built_lift(title, name, case.problem(rng), bits=5)[:2]


def _solvers(rng: np.random.Generator) -> Iterator[Any]:
    matrix, vector = random_system(rng, 2, 2.0)
    short = [name for name in provable_solvers() if name not in FEW]
    runs = [built_run(name, matrix, vector, 2.0, 0.1)[0] for name in short]
    yield from runs
    yield AmplifiedState(runs[0], 1, phases=(3.0, 2.0))


def _others(rng: np.random.Generator) -> Iterator[Any]:
    row = LoadedRotationTree(1, 2, 5, (0, 0), (0, 1))
    values, entries = rng.normal(size=3).tolist(), rng.normal(size=(1, 4))
    yield SparseState(row, 3, 4).with_entries([3, 9, 12], values)
    yield row.with_vectors(entries)
    yield TableLookup(6, 2, Memory.BRIGADE, data=(0, 1, 2, 3, 0, 1))
    yield ReferenceState(row, 3, 2)
    wanted = WantedRows(2, 1, 2)
    yield wanted
    state = next(item for item in _solvers(rng) if isinstance(item, AmplifiedState))
    operator = encoded("frobenius", MATRICES["signed"](rng, 2), bits=5).bloq
    test = ExpectationTest(state, operator)
    yield AmplitudeEstimation(test, OutcomeZero(), 3)
    yield GroverPower(test, OutcomeZero(), 1)
    yield HadamardTest(state, ReferenceState(LoadedRotationTree(1, 1, 5, (0,), (0,)), 1, 0))
    yield GivenOperator(7)
    yield WantedReflection(2, 2, 1, 0.3)
    yield ReadoutJob(((state, 2),))
    run = state.run
    yield ReferencedMatrix(run.block_encoding, run.index_bitsize, angle=0.7)
    yield ReferencedVector(run.right_hand_side, run.index_bitsize, angle=0.4)
    yield SolverRun(run.block_encoding, run.right_hand_side, 4, 8, run.index_bitsize, 3)


def _walked(bloq: Any, seen: set[Any]) -> Iterator[Any]:
    if not isinstance(bloq, Circuit) or bloq in seen:
        return
    seen.add(bloq)
    yield bloq
    try:
        steps = bloq.sequence()
    except DecomposeTypeError:
        return
    for step in steps:
        yield from _walked(step.bloq, seen)


@cache
def instances() -> dict[type, Any]:
    """Class to an instance: forwards and without a control."""
    rng, seen = np.random.default_rng(1), set()
    found: dict[type, Any] = {}
    for roots in (_encodings, _histories, _lifts, _solvers, _others):
        for root in roots(rng):
            for bloq in _walked(root, seen):
                plain = attrs.evolve(bloq, num_controls=0, is_adjoint=False)
                found.setdefault(type(bloq), plain)
    return found


EVERY = sorted((item.__name__ for item in circuits()), key=str)


@pytest.fixture(params=EVERY)
def circuit(request):
    """An instance of each class of circuit, one after the other."""
    found = {kind.__name__: bloq for kind, bloq in instances().items()}
    assert request.param in found, "add it, or a circuit that uses it, to the roots above"
    return found[request.param]


@pytest.fixture(scope="session")
def every_instance():
    """Class to an instance: forwards and without a control."""
    return instances()
