"""What a plan spends, rests on, and warns about."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from qres.algorithms.descent.plan import Plan
from qres.algorithms.descent.segmentation import Segmentation
from qres.algorithms.descent.terms import decided_shares, plan_assumptions, plan_warnings
from qres.config.record import ErrorTarget
from qres.measurement.record import Measurement, Segment
from qres.notation.quantity import Quantity

ERROR = ErrorTarget(total=0.07, fail_prob=0.05, target="weights")
"""A seventh is 0.01, a half 0.035."""

DOUBLED = SimpleNamespace(spread=lambda error: 2 * error)
"""A read-out whose own error is twice that of the vector."""


def cut_of(is_repeated=False, **changes):
    numbers = {"lambda_min": 0.0, "lambda_max": 10.0, "grad_norm": 0.3, "t3_frobenius": 0.1}
    segment = Segment(
        start_step=0,
        n_steps=3,
        values={k: Quantity(value=v) for k, v in (numbers | changes).items()},
        path_norms={1: (0.0, 0.1, 0.2, 0.3), 2: (0.0, 0.1, 0.2, 0.3)},
        model_distances={},
    )
    return Segmentation(
        segments=(segment, segment) if is_repeated else (segment,),
        learning_rate=0.1,
        distance=0.3,
        is_repeated=is_repeated,
    )


def plan_of(cut=None, degree=2, order=3, **changes):
    known = {"eps_model": 0.004, "eps_truncation": 0.002, "eps_map": {2: 0.001, 3: 0.0}}
    known |= {"keeps": True, "is_certified": True} | changes
    return Plan(degree=degree, cut=cut or cut_of(), truncation_order=order, **known)


def known(kind="measured", curves=(1, 2)):
    value = Quantity(value=0.004, kind=kind)
    errors = dict.fromkeys(curves, (0.004,))
    return Measurement(subject="network", values={"eps_model": value}, eps_model_curves=errors)


def shares_of(plan, map_order=2, measurement=None, dropped=0.0):
    found = decided_shares(plan, map_order, measurement or known(), ERROR, DOUBLED.spread, dropped)
    return {share.name: (share.decided, share.kind) for share in found}


def test_what_is_spent_is_that_of_the_read_out():
    assert shares_of(plan_of(), dropped=0.003) == {
        "eps_model": (0.008, "measured"),
        "eps_map": (0.002, "measured"),
        "eps_truncation": (0.004, "measured"),
        "eps_threshold": (0.006, "measured"),
    }
    assert "eps_threshold" not in shares_of(plan_of())


def test_what_does_not_exist_is_exactly_nothing():
    assert shares_of(plan_of(), map_order=3)["eps_map"] == (0.0, "exact")
    flat = shares_of(plan_of(degree=1, order=1, eps_truncation=0.0, eps_map={1: 0.0}), 1)
    assert flat["eps_map"] == flat["eps_truncation"] == (0.0, "exact")


@pytest.mark.parametrize(
    ("changes", "name", "kind"),
    [
        ({"is_certified": False, "eps_truncation": 0.02}, "eps_truncation", "assumed"),
        ({"eps_map": {2: 0.011, 3: 0.0}}, "eps_map", "assumed"),
        ({"eps_map": {2: 0.0099, 3: 0.0}}, "eps_map", "measured"),
        ({"eps_model": 0.036}, "eps_model", "assumed"),
        ({"eps_model": 0.034}, "eps_model", "measured"),
        ({"cut": cut_of(is_repeated=True)}, "eps_model", "assumed"),
        ({"cut": cut_of(is_repeated=True)}, "eps_truncation", "assumed"),
    ],
)
def test_what_nobody_has_shown_is_assumed(changes, name, kind):
    assert shares_of(plan_of(**changes))[name][1] == kind


def test_the_error_of_a_model_is_as_sure_as_its_number():
    assert shares_of(plan_of(), measurement=known("given", ()))["eps_model"][1] == "given"
    nothing = Measurement(subject="network", values={})
    assert shares_of(plan_of(eps_model=0.0), measurement=nothing)["eps_model"] == (0.0, "assumed")


def texts_of(plan, measurement=None):
    found = plan_assumptions(plan, measurement or known(), ERROR)
    assert all(item.favours == "quantum" and item.factor is None for item in found)
    return " | ".join(item.text for item in found)


def test_assumptions_say_what_the_result_rests_on():
    assert texts_of(plan_of()) == ""
    assert "not for those of training: they differ by 0.5" in texts_of(plan_of(eps_model=0.5))
    nothing = Measurement(subject="network", values={})
    assert "eps_model taken as 0" in texts_of(plan_of(eps_model=0.0), nothing)
    assert "2 segments, each taken like the first" in texts_of(plan_of(cut_of(is_repeated=True)))
    missed = texts_of(plan_of(is_certified=False, eps_truncation=0.02))
    assert "truncation order 3" in missed
    assert "0.02 is more than a seventh" in missed


def codes(plan, map_order=3):
    return [code for code, _ in plan_warnings(plan, (map_order, 0.3, 0), ERROR)]


def test_a_model_beyond_half_of_the_error_is_warned_about():
    assert codes(plan_of(eps_model=0.0349)) == []
    assert codes(plan_of(eps_model=0.0351)) == ["W-MODEL"]
    assert codes(plan_of(degree=1, order=1, eps_model=math.inf)) == ["W-MODEL"]


def test_a_map_that_grows_where_training_does_not_is_warned_about():
    """eta lambda_max = 1: three lifts grow, |1 - 3| = 2, unless all factors are kept."""
    assert codes(plan_of(), map_order=2) == ["W-STIFF"]
    assert codes(plan_of(), map_order=3) == []
    assert codes(plan_of(cut_of(lambda_max=6.6)), map_order=2) == []  # 0.1 * 3 * 6.6 < 2
    assert codes(plan_of(cut_of(lambda_max=6.7)), map_order=2) == ["W-STIFF"]
    assert codes(plan_of(degree=1, order=1), map_order=1) == []


def test_an_infinite_majorant_is_warned_about():
    """phi(x) = 0.03 + x + 1e200 x^2 overflows at once; phi with 0.005 x^2 stays below 1 for 3 steps."""
    assert codes(plan_of(cut_of(t3_frobenius=2e201))) == ["W-BLOWUP"]
    assert codes(plan_of()) == []


def test_an_order_that_misses_is_warned_about():
    missed = plan_of(is_certified=False, eps_truncation=0.02)
    assert codes(missed) == ["W-ORDER"]
    message = dict(plan_warnings(missed, (3, 0.3, 0), ERROR))["W-ORDER"]
    assert "order 3" in message and "0.02" in message  # noqa: PT018
