"""Every class of circuit is drawn, and simulated by a proof."""

from __future__ import annotations

import itertools

import pytest

import qres
from qres.verify import histories, lifts, registry
from qres.verify.flatten import Writer
from qres.verify.gallery import GROUPS
from qres.verify.solver_runs import provable_solvers

COUNTED_ALONE = {"SolverRun", "GivenOperator", "ReadoutJob"}
"""A run without steps, what the user typed, a sum of jobs: there is nothing to simulate."""

WITHOUT_STEPS = COUNTED_ALONE | {"DenseBlock", "DenseVector"}
"""Those, and what is known as a matrix."""


@pytest.mark.slow
def test_every_class_with_steps_is_shown_once(classes):
    gallery = qres.circuits()
    names = [name for group in gallery.values() for name in group]
    assert set(names) == classes - WITHOUT_STEPS
    assert len(names) == len(set(names))
    assert list(gallery) == list(GROUPS)
    assert all(gallery.values())


@pytest.mark.slow
def test_every_class_is_simulated_by_a_proof(classes, monkeypatch):
    """Each takes part in what `qres verify` simulates, and in what agrees; also what is a leaf elsewhere.

    Of histories and lifts the first of each title and encoding, of solvers the first matrix; left out
    is what is long and made of the same circuits.
    """
    seen: set[str] = set()
    write = Writer.write

    def noted(self, bloq, slots, free):
        seen.add(type(bloq).__name__)
        write(self, bloq, slots, free)

    monkeypatch.setattr(Writer, "write", noted)
    few = {case[:2]: case for case in reversed(histories.history_cases())}
    monkeypatch.setattr(histories, "history_cases", lambda: list(few.values()))
    monkeypatch.setattr(lifts, "CASES", tuple({c.title: c for c in reversed(lifts.CASES)}.values()))
    long = {
        "adiabatic-proven",
        "adiabatic-constant",
        "descents",
        "end-to-end",
        "factors",
        "iterative",
    }
    for name in registry.FAMILIES.keys() - long:
        proofs = registry.prove([name])
        if name in provable_solvers():
            proofs = itertools.islice(proofs, 1)
        assert all(proof.is_equal for proof in proofs), name
    assert seen & classes == classes - COUNTED_ALONE
