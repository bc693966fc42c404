"""Degree, segments, orders: the printed one-parameter system, and choices worked out by hand.

u+ = u + 0.1 (-0.3 - u - 0.4 u^2), u_0 = 0, 20 steps: u_20 = -0.2815316143524. Errors of the exact map
at N = 2, 3, 4 are 9.6931283e-4, 4.9196846e-5, 2.3836618e-6 (all signs agree, so that majorant,
certificate and error are one number); the certificates at N = 3 are 4.7253400e-3 for m = 1 and
9.1045756e-5 for m = 2.
"""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from qres.algorithms.descent.plan import find_plan, is_majorant_infinite, plans, tensor_norms
from qres.algorithms.descent.segmentation import segmentations
from qres.config.record import ErrorTarget
from qres.errors import InfeasibleError, InputError
from qres.measurement.record import Measurement, Segment
from qres.notation.quantity import Quantity
from qres.staircase import load

END = 0.2815316143524


def printed_path(n_steps=20):
    u, path = 0.0, [0.0]
    for _ in range(n_steps):
        u += 0.1 * (-0.3 - u - 0.4 * u * u)
        path.append(abs(u))
    return tuple(path)


def values_of(**changes):
    numbers = {"n_active": 1, "lambda_min": 1.0, "lambda_max": 1.0, "grad_norm": 0.3}
    numbers |= {"t3_frobenius": 0.8, "final_distance": END, "eps_model": 0.5} | changes
    return {k: Quantity(value=v) for k, v in numbers.items() if v is not None}


def measured(curves=None, path=None, segmentations=(), **changes):
    """The printed system as a network whose degree-1 model is off by a half."""
    path = printed_path() if path is None else path
    steps = len(path) - 1
    ends = {1: 0.5, 2: 0.0} if curves is None else curves
    return Measurement(
        subject="network",
        values=values_of(**changes),
        path_norms={1: path, 2: path, 3: path},
        eps_model_curves={q: (end,) * steps for q, end in ends.items()},
        segmentations=segmentations,
    )


def asked(n_steps=20, **changes):
    keys = {"name": "carleman-gd", "n_steps": n_steps, "learning_rate": 0.1, **changes}
    return load({"model": {"measurement": "live"}, "algorithm": keys}).algorithm


def error_of(part):
    """A budget of which one part in seven is `part`."""
    return ErrorTarget(total=7 * part, fail_prob=0.05, target="weights")


def plan_of(part, measurement=None, **changes):
    (found,) = plans(asked(**changes), measurement or measured(), error_of(part))
    return found


def test_the_path_is_the_printed_one():
    assert printed_path()[-1] == pytest.approx(END, rel=1e-12)


@pytest.mark.parametrize(
    ("part", "order", "error"),
    [(1e-2, 2, 9.6931283e-4), (1e-3, 3, 4.9196846e-5), (1e-4, 4, 2.3836618e-6)],
)
def test_the_smallest_order_whose_certificate_fits(part, order, error):
    found = plan_of(part)
    assert (found.degree, found.truncation_order) == (2, order)
    assert found.eps_truncation == pytest.approx(error / END, rel=1e-7)
    assert found.keeps
    assert found.is_certified


def test_every_map_is_open_whose_additional_error_fits():
    """At N = 3: m = 1 adds 1.66e-2 of the change, m = 2 adds 1.49e-4, m = 3 nothing."""
    added = {m: (e - 4.9196846e-5) / END for m, e in ((1, 4.7253400e-3), (2, 9.1045756e-5))}
    found = plan_of(1e-3).eps_map
    assert found == pytest.approx({2: added[2], 3: 0.0}, rel=1e-6)
    assert plan_of(1e-3, map="first-order").eps_map == pytest.approx({1: added[1]}, rel=1e-6)
    assert plan_of(1e-3, map=2).eps_map == pytest.approx({2: added[2]}, rel=1e-6)
    assert plan_of(1e-3, map="exact").eps_map == {3: 0.0}


def test_a_typed_order_that_misses_is_kept_but_not_certified():
    found = plan_of(1e-3, truncation_order=2)
    assert (found.truncation_order, found.keeps, found.is_certified) == (2, True, False)
    assert found.eps_truncation == pytest.approx(9.6931283e-4 / END, rel=1e-7)
    assert plan_of(1e-2, truncation_order=2).is_certified
    assert plan_of(1e-2, truncation_order=4).truncation_order == 4  # more than it takes


@pytest.mark.parametrize(
    ("curves", "degree"),
    [({1: 0.01, 2: 0.0}, 1), ({1: 0.011, 2: 0.01}, 2), ({1: 0.5, 2: 0.011, 3: 0.0}, 3)],
)
def test_the_smallest_degree_whose_model_fits(curves, degree):
    known = measured(curves, t4_frobenius=0.6)
    assert plan_of(1e-2, known).degree == degree
    assert plan_of(1e-2, known, degree=1).degree == 1  # typed, kept promise or not


def halves(model_1, model_2, n_steps=10):
    """Two segments of ten steps of the printed system; g = 0.9, so Lambda = 0.9^10 and 1."""
    path = printed_path(n_steps)
    return tuple(
        Segment(
            start_step=start,
            n_steps=n_steps,
            values=values_of(final_distance=None),
            path_norms={1: path, 2: path},
            model_distances={1: model_1, 2: model_2},
        )
        for start in (0, n_steps)
    )


def test_where_no_model_reaches_the_fewest_segments_do():
    distance = 0.01 * END / (0.9**10 + 1)  # just fits both halves together
    cut = (halves(distance * 0.999, math.inf),)
    found = plan_of(1e-2, measured({1: 0.5, 2: 0.5}, segmentations=cut))
    assert (found.degree, len(found.cut.segments)) == (1, 2)
    assert found.eps_model == pytest.approx(0.01 * 0.999)
    cut = (halves(distance * 1.001, math.inf),)
    missed = plan_of(1e-2, measured({1: 0.5, 2: 0.5}, segmentations=cut))
    assert (missed.degree, missed.keeps) == (1, False)


def test_every_degree_that_fits_is_offered_in_segments():
    cut = (halves(1e-4, 1e-5),)
    known = measured({1: 0.5, 2: 0.5}, segmentations=cut)
    found = plans(asked(), known, error_of(1e-2))
    assert [(plan.degree, len(plan.cut.segments)) for plan in found] == [(1, 2), (2, 2)]


def test_where_the_certificate_ends_shorter_segments_begin():
    """eta F_2 = 1: the majorant of 20 steps is far above, that of a few is not; no cut is measured."""
    steep = measured({1: 0.5, 2: 0.0}, t3_frobenius=20.0)
    found = plan_of(1e-2, steep, degree=2)
    assert found.cut.is_repeated
    assert found.keeps and found.is_certified  # noqa: PT018
    assert found.cut.steps < 20
    whole = find_plan(asked(degree=2), plans(asked(), measured(), error_of(1))[0].cut, 2, 1e-2)
    assert whole.cut.steps == 20
    once = plan_of(1e-2, steep, degree=2, segment_steps=20)
    assert not once.is_certified


def test_a_series_that_converges_in_no_segment_is_infeasible():
    beyond = measured({1: 0.5, 2: 0.0}, t3_frobenius=1e30)
    with pytest.raises(InfeasibleError, match=r"^truncation: .*within segments of 10 steps$"):
        plans(asked(degree=2, segment_steps=10), beyond, error_of(1e-2))
    # u_1, u_2, u_3 are polynomials of degree 1, 2, 4 in F_0, u_4 one of degree 8: beyond order 6
    found = plan_of(1e-2, beyond, degree=2)
    assert (found.cut.steps, found.truncation_order, found.eps_truncation) == (3, 4, 0.0)


def test_an_infinite_certificate_opens_no_cheaper_map():
    """Infinity less infinity is no error of 0."""
    beyond = measured({1: 0.5, 2: 0.0}, t3_frobenius=1e30)
    for kept, maps in (("auto", {3: 0.0}), (1, {1: math.inf})):
        parameters = asked(degree=2, truncation_order=3, segment_steps=20, map=kept)
        (cut,) = segmentations(parameters, beyond)
        found = find_plan(parameters, cut, 2, 1e-2 / 7)
        assert (found.eps_truncation, found.eps_map, found.keeps) == (math.inf, maps, False)


@pytest.mark.parametrize("keys", [{}, {"truncation_order": 3}, {"truncation_order": 3, "map": 1}])
def test_a_segment_without_any_certificate_is_infeasible(keys):
    """A typed order that misses its part is priced; one of which nothing is known cannot be."""
    beyond = measured({1: 0.5, 2: 0.0}, t3_frobenius=1e30)
    with pytest.raises(InfeasibleError, match=r"truncation: .* within segments of 20 steps"):
        plans(asked(degree=2, segment_steps=20, **keys), beyond, error_of(1e-2))


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"degree": 2}, r"algorithm\.degree: 2 needs t3_frobenius"),
        ({"degree": 3}, r"algorithm\.degree: 3 needs t3_frobenius, t4_frobenius"),
        ({"truncation_order": 3}, r"algorithm\.truncation_order: 3 needs t3_frobenius"),
        ({"degree": 2, "truncation_order": 1}, r"at degree 2 needs 2 or more"),
    ],
)
def test_norms_that_are_not_known_are_named_in_one_line(keys, text):
    with pytest.raises(InputError, match=text) as refused:
        plans(asked(**keys), measured(t3_frobenius=None), error_of(1e-2))
    assert "\n" not in str(refused.value)


def test_order_one_is_degree_one():
    known = measured({1: 0.5, 2: 0.0})
    assert plan_of(1e-2, known, truncation_order=1).degree == 1


def test_a_model_that_diverges_is_infeasible_only_where_no_cut_helps():
    path = printed_path()
    cut = (halves(1e-4, 1e-5),)
    known = replace(measured({1: 0.5}), path_norms={1: path, 2: (*path[:-1], math.inf)})
    with pytest.raises(InfeasibleError, match=r"model: the degree-2 model diverges"):
        plans(asked(degree=2), known, error_of(1e-2))
    found = plan_of(1e-2, replace(known, segmentations=cut), degree=2)
    assert (found.degree, len(found.cut.segments)) == (2, 2)


def test_the_norms_are_those_of_the_taylor_coefficients():
    values = values_of(t4_frobenius=1.2) | {"t3_frobenius": Quantity(value=0.8, low=0.7, high=1.0)}
    assert tensor_norms(values, 3) == (0.3, 0.0, 0.5, pytest.approx(0.2))
    assert tensor_norms(values, 1) == (0.3, 0.0)


def test_the_majorant_may_be_infinite_where_the_path_is_tame():
    """phi(x) = 0.03 + 1.5 x + x^2 has no fixed point, and 30 iterations of it overflow."""
    steep = measured({2: 0.0}, lambda_min=-5.0, lambda_max=1.0, t3_frobenius=20.0)
    assert is_majorant_infinite(plan_of(1e9, steep, degree=2, truncation_order=2))
    assert not is_majorant_infinite(plan_of(1e-2))
