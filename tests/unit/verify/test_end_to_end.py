"""A training of one weight as gates from end to end."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from qres.verify.end_to_end import EPSILON, RUNS, prove_run, whole_run
from qres.verify.lift_problems import descent, lifted_history, one_weight
from qres.verify.solved import solved


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_the_gates_solve_the_history_and_cost_what_is_charged(name):
    """Breaking it means: a run is not made of the encoding and the right-hand side as priced."""
    proof = prove_run(name)
    assert proof.is_equal
    assert proof.epsilon_found < EPSILON


@pytest.mark.slow
def test_the_state_holds_the_descent():
    """Block 1 of rows 1 and 2 is u_1 and u_2, up to one factor and the solver's error."""
    found = solved(whole_run("qsvt-minimax")[0]).reshape(4, 2)
    path = descent(one_weight()).ravel()
    assert path[1] == pytest.approx(-0.3 * 0.5)
    assert path[2] == pytest.approx(-0.15 + 0.3 * (-0.5 + 0.15 - 0.3 * 0.15**2))
    assert (found[1, 0] / found[0, 0]).real == pytest.approx(path[2] / path[1], rel=0.01)
    # the idle row repeats the last one; the row beyond holds nothing
    assert (found[2, 0] / found[1, 0]).real == pytest.approx(1, abs=0.01)
    assert np.abs(found[3]).max() < 0.01 * np.abs(found).max()


@pytest.mark.slow
def test_another_step_is_seen():
    """Breaking it means: the comparison does not see a wrong encoding."""
    gates, known, _ = whole_run("qsvt-minimax")
    matrix = attrs.evolve(gates.block_encoding, n_steps=1)
    wrong = solved(attrs.evolve(gates, block_encoding=matrix))
    assert np.linalg.norm(wrong - solved(known)) > 0.05
    assert lifted_history(one_weight()).shape == (8, 8)
