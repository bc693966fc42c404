"""What is true of every circuit: it walks down to gates, turns round, takes a control."""

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
from qualtran.bloqs.basic_gates import MeasureX
from qualtran.resource_counting import QubitCount, get_cost_value
from qualtran.testing import assert_valid_bloq_decomposition

import qres.bloqs
from qres.bloqs.algebra import EncodingProduct, EncodingTensor, HermitianDilation
from qres.bloqs.amplification import AmplifiedState, WantedReflection
from qres.bloqs.circuit import Circuit
from qres.bloqs.dense_block import DenseBlock
from qres.bloqs.dense_vector import DenseVector
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
from qres.errors import InputError
from qres.logical.circuit import count_bloq
from qres.verify.count import ROTATIONS, TOFFOLI, decomposed_counts
from qres.verify.descents import make_descent
from qres.verify.histories import HISTORIES, built
from qres.verify.instances import DIAGONALS, GRAMS, MATRICES
from qres.verify.lifts import CASES, built_lift
from qres.verify.peak import counted_qubits
from qres.verify.proofs import encoded
from qres.verify.solvers import built_run, provable_solvers, random_system

COUNTED = {SolverRun, GivenOperator, ReadoutJob}
"""Known by their counts alone: a solver without a circuit, what the user typed, a sum of jobs."""


KNOWN = {DenseBlock, DenseVector}
"""Known as a matrix or a vector, for simulations."""


def circuits() -> set[type]:
    """Every class of circuit that can be made."""
    for module in pkgutil.iter_modules(qres.bloqs.__path__):
        importlib.import_module(f"qres.bloqs.{module.name}")

    def below(parent: type) -> Iterator[type]:
        for child in parent.__subclasses__():
            yield child
            yield from below(child)

    mine = {item for item in below(Circuit) if item.__module__.startswith("qres.")}
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
    runs = [built_run(name, matrix, vector, 2.0, 0.1)[0] for name in provable_solvers()]
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


# ------------------------------------------------------------------ laws

EVERY = sorted((item.__name__ for item in circuits()), key=str)


@pytest.fixture(params=EVERY)
def circuit(request):
    """An instance of each class."""
    found = {kind.__name__: bloq for kind, bloq in instances().items()}
    assert request.param in found, "add it, or a circuit that uses it, to the roots above"
    return found[request.param]


def controlled_form(bloq):
    """With a control; None where the class refuses one and says so."""
    try:
        return bloq.with_controls(1)
    except InputError as error:
        assert "num_controls is 1" in str(error)  # noqa: PT017 - what is raised is the question
        return None


def forms(bloq):
    """Plain, backwards, and controlled in both directions if it takes a control."""
    controlled = controlled_form(bloq)
    more = [] if controlled is None else [controlled, controlled.adjoint()]
    return [bloq, bloq.adjoint(), *more]


def test_it_walks(circuit):
    """Down to gates, as many as its call graph says."""
    for form in forms(circuit):
        if type(circuit) in COUNTED:
            with pytest.raises(DecomposeTypeError):
                decomposed_counts(form)
            continue
        found, claimed = decomposed_counts(form), count_bloq(form)
        assert (found[TOFFOLI], found[ROTATIONS]) == (claimed[0], claimed[2])


def test_it_is_counted_without_looking_inside(circuit, monkeypatch):
    """Qualtran decomposes adjoints, and tables to count qubits: minutes (#1841, #1052)."""

    def refuse(*_, **__):
        raise AssertionError("decomposed")

    monkeypatch.setattr(Circuit, "build_composite_bloq", refuse)
    for form in forms(circuit):
        assert isinstance(form, Circuit)
        count_bloq(form)
        assert get_cost_value(form, QubitCount()) == form.logical_qubits


def test_its_qubits_are_enough(circuit):
    """Registers and ancillas alive at one step of the decomposition, against the claim."""
    for form in forms(circuit):
        if type(circuit) not in COUNTED:
            claimed, found = counted_qubits(form)
            assert found <= claimed


def test_it_is_a_valid_circuit(circuit):
    """By Qualtran's own check, but for what measures: that refuses classical bits."""
    for form in forms(circuit):
        if type(circuit) in COUNTED | KNOWN:
            continue
        if any(isinstance(step.bloq, MeasureX) for step in form.sequence()):
            continue
        if form.sequence():
            assert_valid_bloq_decomposition(form)


def test_backwards_twice_is_forwards(circuit):
    for form in forms(circuit):
        assert form.adjoint().adjoint() == form


def test_controls_and_directions_commute(circuit):
    """Qualtran's own failed here once (#936)."""
    controlled = controlled_form(circuit)
    if controlled is not None and controlled.num_controls:
        assert circuit.controlled() == controlled
        assert circuit.adjoint().controlled() == controlled.adjoint()
        assert circuit.controlled().adjoint() == controlled.adjoint()


def test_it_takes_a_control(circuit):
    """One register more, of one qubit; registers else as before."""
    plain = {register.name: register.bitsize for register in circuit.signature}
    controlled = controlled_form(circuit) or circuit
    found = {register.name: register.bitsize for register in controlled.signature}
    if controlled == circuit:
        assert found == plain
    elif "ctrl" in found and "ctrl" not in plain:
        assert found == plain | {"ctrl": 1}
