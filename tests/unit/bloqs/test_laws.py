"""What is true of every circuit: it walks down to gates, turns round, takes a control."""

from __future__ import annotations

import pytest
from qualtran import DecomposeTypeError
from qualtran.bloqs.basic_gates import MeasureX
from qualtran.resource_counting import QubitCount, get_cost_value
from qualtran.testing import assert_valid_bloq_decomposition

from qres.bloqs.circuit import Circuit
from qres.bloqs.dense_block import DenseBlock
from qres.bloqs.dense_vector import DenseVector
from qres.bloqs.linear_solver import SolverRun
from qres.bloqs.observable import GivenOperator
from qres.bloqs.readout import ReadoutJob
from qres.errors import InputError
from qres.logical.circuit import count_bloq
from qres.verify.count import ROTATIONS, TOFFOLI, decomposed_counts
from qres.verify.peak import counted_qubits

COUNTED = {SolverRun, GivenOperator, ReadoutJob}
"""Known by their counts alone: a solver without a circuit, what the user typed, a sum of jobs."""


KNOWN = {DenseBlock, DenseVector}
"""Known as a matrix or a vector, for simulations."""


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
