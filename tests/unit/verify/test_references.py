"""References beside a system: what is read against them, and circuits that read something else."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest

from qres.verify.known_runs import chance_of, outcomes
from qres.verify.lift_problems import one_weight
from qres.verify.references import (
    loss_problem,
    loss_test,
    prove_references,
    referenced_lift,
    sign_of,
)


@pytest.mark.slow
def test_every_reference_is_as_claimed():
    """Breaking it means: a norm, a wanted row or the row of a loss is not what is priced."""
    proofs = list(prove_references(seed=3))
    assert [proof.is_equal for proof in proofs] == [True] * 10
    assert {proof.quantity for proof in proofs} >= {"norm in a lift", "loss in a lift"}


def test_the_block_index_tells_the_wanted_rows():
    """Without it the second power of the weight is read as well, u/gamma and (u/gamma)^2."""
    found = referenced_lift(one_weight(), terms=20)
    mark = chance_of(found.run, sign_of(found, is_reference=True))
    block = chance_of(found.run, sign_of(found, is_reference=False))
    rows = found.problem.padding + 1
    norm = found.marked * math.sqrt(block / (rows * mark))
    assert norm == pytest.approx(float(np.linalg.norm(found.read)), rel=0.02)
    blind = chance_of(found.run, sign_of(found, is_reference=False, part_bitsize=0))
    last = found.rows[found.problem.steps - 1]
    both = float(np.linalg.norm(last)) / float(np.linalg.norm(found.read))
    assert both > 1.05
    assert math.sqrt(blind / block) == pytest.approx(both, rel=0.05)


@pytest.mark.slow
def test_the_row_of_a_loss_stands_in_its_places():
    """With the places in another order the overlap is another."""
    found = referenced_lift(loss_problem(np.random.default_rng([0, 8])), terms=2)
    test = loss_test(found)
    right = float(outcomes(test, "test")[0])
    entries = test.reference.vector.support
    turned = attrs.evolve(test.reference.vector, support=entries[::-1])
    wrong = attrs.evolve(test, reference=attrs.evolve(test.reference, vector=turned))
    assert abs(float(outcomes(wrong, "test")[0]) - right) > 0.002
