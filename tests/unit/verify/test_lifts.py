"""Lifts as circuits with data: exact where angles are, right within the claim elsewhere."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from qualtran.testing import assert_valid_bloq_decomposition

from qres.errors import InputError
from qres.logical.circuit import count_bloq
from qres.verify.count import decomposed_counts
from qres.verify.factors import put_in
from qres.verify.flatten import flatten
from qres.verify.lift_problems import (
    RATE,
    RESCALING,
    Problem,
    descent,
    filled_states,
    lifted_history,
    lifted_source,
    make_problem,
    one_weight,
)
from qres.verify.lifts import (
    CASES,
    LIFTS,
    built_lift,
    prove_lift,
    prove_lift_source,
    prove_lifts,
    simulated,
)
from qres.verify.proofs import FORMS


def two_weights(order, most, title="lift"):
    """Coefficients whose trees have only angles that are multiples of an eighth of a turn."""
    tensors = (np.array([0.5, -0.5]), np.diag([-1.0, 1.0]), np.zeros((2, 4)))
    tensors[2][0, 3], tensors[2][1, 1] = 0.5, -0.5
    return Problem((tensors,), order, most, 1, 0, has_momentum=title == "moment lift")


def error_of(title, name, problem, form="plain", bits=4):
    """Largest difference of alpha times the block from the history, on filled cells."""
    bloq, _, values = built_lift(title, name, problem, bits)
    controls = int(form == "controlled")
    bloq = bloq.with_controls(controls)
    states = filled_states(problem)
    exact = lifted_history(problem)[:, states]
    found = simulated(flatten(bloq, gradient="resource"), states, controls)
    return float(np.abs(values["alpha"] * found - exact).max())


@pytest.mark.parametrize(
    ("title", "order", "most"), [("lift", 2, 1), ("lift", 2, 2), ("lift", 3, 1)]
)
def test_exact_angles_make_an_exact_history(title, order, most):
    """Breaking it means: a move, a flag or a weight of the lift is wrong, however little."""
    problem = two_weights(order, most, title)
    assert error_of(title, "frobenius", problem) < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize(("title", "order", "most"), [("lift", 3, 2), ("moment lift", 2, 2)])
def test_exact_angles_make_an_exact_history_of_more(title, order, most):
    assert error_of(title, "frobenius", two_weights(order, most, title)) < 1e-12


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("title", ["lift", "moment lift"])
def test_one_weight_has_no_angles_and_is_exact(title, form):
    """The gates end to end of the smallest lift; signs and all three kinds of factor are there."""
    problem = Problem(one_weight().tensors, 2, 2, 2, 1, has_momentum=title == "moment lift")
    proof = prove_lift(title, "frobenius", problem, "one weight", form)
    assert proof.is_equal
    assert proof.epsilon_found < 1e-12
    source = prove_lift_source(title, problem, "one weight", form)
    assert source.is_equal
    assert source.epsilon_found < 1e-12


@pytest.mark.slow
def test_every_lift_is_proven():
    found = list(prove_lifts())
    assert len(found) == sum(3 * (len(case.encodings) + 1) for case in CASES)
    assert [proof for proof in found if not proof.is_equal] == []


def test_another_weight_or_row_is_seen():
    """Breaking it means: the comparison above would not see a wrong circuit."""
    problem = one_weight()
    bloq, _, values = built_lift("lift", "frobenius", problem)
    states, exact = filled_states(problem), lifted_history(problem)
    broken = [
        attrs.evolve(bloq, weights=bloq.weights[::-1]),
        attrs.evolve(bloq, n_steps=1),
        attrs.evolve(bloq, padding=0),
    ]
    for wrong in broken:
        found = simulated(flatten(wrong, gradient="resource"), states, 0)
        assert np.abs(values["alpha"] * found - exact[:, states]).max() > 0.1


def test_the_history_holds_the_descent_in_block_1():
    problem = one_weight()
    solution = np.linalg.solve(lifted_history(problem), lifted_source(problem)).reshape(4, 2)
    path = descent(problem).ravel()
    # u_1 exactly; u_2 as well, since a square is within N = 2
    assert RESCALING * solution[:2, 0] == pytest.approx(path[1:], abs=1e-12)
    assert RESCALING * solution[2, 0] == pytest.approx(path[2], abs=1e-12)


def test_weights_that_do_not_add_to_alpha_are_refused():
    problem = one_weight()
    bloq, _, _ = built_lift("lift", "frobenius", problem)
    words = r"LiftedMatrix\.alpha is .*; it must be .*, what its weights add to"
    with pytest.raises(InputError, match=words):
        bloq.with_data(problem.tensors[0], 2 * RATE, RESCALING)


SHAPES = [
    (size, order, most, degree)
    for size in (1, 2, 3)
    for order in range(2, 7)
    for most in range(1, order + 1)
    for degree in (2, 3)
    if size < 3 or (degree == 2 and order < 5)
]


@pytest.mark.slow
@pytest.mark.parametrize("title", ["lift", "batch lift", "moment lift"])
@pytest.mark.parametrize("controls", [0, 1])
def test_formula_call_graph_and_decomposition_agree_up_to_order_six(title, controls):
    """Also where the lift is too large to simulate. Breaking it means: a gate is not charged."""
    rng = np.random.default_rng(controls)
    for size, order, most, degree in SHAPES:
        is_batched = title == "batch lift"
        if (is_batched and size == 1) or (title == "moment lift" and most < order):
            continue
        problem = make_problem(
            rng,
            (size, order, most, degree, *rng.integers(1, 9, 2).tolist()),
            batches=int(rng.integers(2, 5)) if is_batched else 1,
            has_momentum=title == "moment lift",
        )
        names = ("frobenius", "sparse") if is_batched else ("frobenius", "sparse", "dense")
        name = names[int(rng.integers(len(names)))]
        matrix, source, values = built_lift(title, name, problem, 6)
        parts = LIFTS[title].matrix(name, degree), LIFTS[title].source()
        for bloq, part in zip((matrix, source), parts, strict=True):
            switched = bloq.with_controls(controls)
            counts = decomposed_counts(switched)
            toffoli, turns = (item(controls) for item in (part.toffoli, part.rotations))
            assert counts["toffoli"] == count_bloq(switched)[0] == put_in(toffoli, values)
            assert counts["rotations"] == put_in(turns, values)


def test_qualtran_takes_the_circuits_apart():
    """Breaking it means: `decompose_bloq` and the simulator do not read the same steps."""
    for title in ("lift", "moment lift"):
        problem = Problem(one_weight().tensors, 2, 2, 2, 1, has_momentum=title == "moment lift")
        for bloq in built_lift(title, "frobenius", problem)[:2]:
            for circuit in (bloq, bloq.with_controls(1), bloq.adjoint()):
                assert_valid_bloq_decomposition(circuit)
    tabled = built_lift("lift", "sparse", two_weights(2, 2))[0]
    assert len(tabled.decompose_bloq().bloq_instances) > len(tabled.steps()) / 2


def test_rotations_and_ancillas_are_those_charged():
    """h, 3 places and 2 bits for each of 2 kinds, twice; an outer control turns none of them."""
    bloq, _, values = built_lift("lift", "frobenius", one_weight())
    part = LIFTS["lift"].matrix("frobenius", 2)
    for controls in (0, 1):
        assert put_in(part.rotations(controls), values) == 2 * (1 + 3 + 2 * 2)
    # h, mask 2, places 3, running 2, kinds 4 and 2, high bits 2, flags 2, no cells, 2 of emptiness
    assert bloq.ancilla_bitsize == 1 + 2 + 3 + 2 + 4 + 2 + 2 + 2 + 0 + 2
