"""Budgets of which too much is spent beforehand, and the loss, whose budget has another unit."""

from __future__ import annotations

import pytest

import qres
from qres.errors import InputError

STEPS, RATE = 8, 0.1
GIVEN = {
    "n_params": 60,
    "n_active": 12,
    "max_entry": 0.5,
    "frobenius_norm": 1.5,
    "lambda_max": 1.0,
    "lambda_min": -0.2,
    "grad_norm": 0.4,
    "n_samples": 20,
    "eps_model": 0.01,
    "update_norms": [0.04 * t for t in range(STEPS + 1)],
}
GRAM = {
    "n_outputs": 3,
    "jacobian_frobenius": 6.0,
    "output_hessian_norm": 0.5,
    "gram_dropped_norm": 0.3,
}
TENSORS = {"t3_injective": 0.2, "t3_unfolding": 0.3, "t3_frobenius": 0.4, "t3_max_entry": 0.1}


def estimate(given=GIVEN, total=0.1, **keys):
    algorithm = {"name": "carleman-gd", "n_steps": STEPS, "learning_rate": RATE, **keys}
    question = {"model": {"given": given}, "algorithm": algorithm, "error": {"total": total}}
    return qres.estimate(question)


def shares(report):
    return {row["name"]: row for row in report.to_dict()["budget"]}


def codes(report):
    return {code for code, _ in report.warnings}


def test_a_gauss_newton_part_that_misses_too_much_is_said_so():
    """eta sum_t (g + eta E)^(T-1-t) E u_t / u_T with g = 1.02, E = .3: more than half of .1."""
    kick, factor, error = RATE * 0.3, 1.02 + RATE * 0.3, 0.0
    for t in range(STEPS):
        error = factor * error + kick * 0.04 * t
    error /= 0.04 * STEPS
    report = estimate(GIVEN | GRAM, encoding="gram")
    assert shares(report)["eps_threshold"]["share"] == pytest.approx(error)
    assert error > 0.05
    assert shares(report)["eps_threshold"]["kind"] == "assumed"
    assert "W-BUDGET" in codes(report)
    assert any("half of error.total" in text for text in report.to_dict()["assumptions"])
    # the solved system is not the one whose probability is known
    assert "fail_amplification" in report.budget
    assert "gram" not in {estimate(GIVEN | GRAM).to_dict()["choices"]["encoding"]}


@pytest.mark.parametrize("eps_model", [0.0, 0.01, 0.03, 0.049, 0.07, 0.2])
@pytest.mark.parametrize("of", ["linear", "quadratic"])
def test_a_sum_beyond_the_target_is_always_warned_about(eps_model, of):
    readout = {"kind": "observable", "of": of}
    readout |= {"weight_norm": 1.0} if of == "linear" else {}
    readout |= {"operator_alpha": 2.0, "operator_toffoli": 5} if of == "quadratic" else {}
    report = estimate(GIVEN | {"eps_model": eps_model}, readout=readout, degree=1)
    spent = sum(row["share"] for row in shares(report).values())
    assert spent <= 0.1 * (1 + 1e-9) or "W-BUDGET" in codes(report)
    is_over = shares(report)["eps_model"]["share"] > 0.05
    assert ("W-BUDGET" in codes(report)) == is_over


def test_the_loss_is_charged_in_units_of_the_loss():
    """d = eps_model u_T; the loss moves by at most g d + h d^2 / 2, g = .4 (typed at the start), h = 1."""
    readout = {"kind": "observable", "of": "loss"}
    report = estimate(GIVEN | TENSORS, total=0.02, readout=readout, degree=2)
    d = 0.01 * 0.04 * STEPS
    assert shares(report)["eps_model"]["share"] == pytest.approx(0.4 * d + d**2 / 2)
    assert report.to_dict()["choices"]["truncation_order"] >= 3
    # the curvature at the last weights is nobody's measurement
    assert {shares(report)[name]["kind"] for name in ("eps_model", "eps_truncation")} == {"assumed"}
    assert any("Hessian's norm near the last" in text for text in report.to_dict()["assumptions"])


def test_a_loss_that_the_first_weights_meet_leaves_nothing_to_do():
    """The whole change is .32: the loss moves by at most .4 .32 + .32^2 / 2 = .1792."""
    with pytest.raises(InputError, match=r"expected less than 0\.179"):
        estimate(GIVEN | TENSORS, total=0.18, readout={"kind": "observable", "of": "loss"})


def test_the_loss_has_no_row_of_the_fourth_derivative():
    report = estimate(
        GIVEN | TENSORS | {"t4_injective": 0.1, "t4_frobenius": 0.2},
        total=0.02,
        readout={"kind": "observable", "of": "loss"},
        degree=3,
    )
    assert report.failure is not None
    assert "no row of order 4" in report.failure[1]
