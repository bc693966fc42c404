"""An error of the loss as an error of the weights: a hand row, dense losses, and the whole stair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import qres
from qres.algorithms.descent.target import WEIGHTS_ERROR, convert_target
from qres.errors import InputError
from qres.measurement.given import take_given

QUESTION = {
    "schema": "qres-model/1",
    "name": "loss",
    "model": {
        "given": {
            "n_params": 100,
            "n_active": 8,
            "n_samples": 10,
            "sparsity": 3,
            "max_entry": 1,
            "lambda_max": 2,
            "lambda_min": -0.1,
            "grad_norm": 4,
            "final_grad_norm": 0.3,
            "eps_model": 0.01,
            "update_norms": [0, 0.35, 0.65, 0.85, 1],
        }
    },
    "algorithm": {"name": "carleman-gd", "n_steps": 4, "learning_rate": 0.1},
    "error": {"total": 0.1, "target": "loss"},
    "hardware": ["superconducting-1e-4"],
}
"""By hand: .3 d + (2/2) d^2 = .1 at d = .2 (.06 + .04), and the weights move by 1."""


def ask(**changes):
    """The question with dotted changes."""
    return qres.load(
        QUESTION, overrides=[(key.replace("__", "."), v) for key, v in changes.items()]
    )


def convert(**changes):
    scenario = ask(**changes)
    return convert_target(scenario, take_given(scenario.model, scenario.algorithm))


def test_hand_row():
    # sqrt(3^2 + 2 * 2 * 1.75) = sqrt(16) = 4, d = 2 * 1.75 / (3 + 4) = .5, over a distance of 2
    found = WEIGHTS_ERROR(loss_error=1.75, final_grad_norm=3, hessian_norm=2, final_distance=2)
    assert found == pytest.approx(0.25, rel=1e-15)
    # a flat gradient: (h/2) d^2 = E;  no curvature: g d = E
    flat = WEIGHTS_ERROR(loss_error=8, final_grad_norm=0, hessian_norm=4, final_distance=1)
    assert flat == pytest.approx(2, rel=1e-15)
    line = WEIGHTS_ERROR(loss_error=6, final_grad_norm=3, hessian_norm=0, final_distance=1)
    assert line == pytest.approx(2, rel=1e-15)


def test_small_errors_do_not_cancel():
    # d = E/g (1 - h E/(2 g^2) + ...): E = 1e-18 is lost in the textbook form of the root
    found = WEIGHTS_ERROR(loss_error=1e-18, final_grad_norm=1, hessian_norm=2, final_distance=1)
    assert found == pytest.approx(1e-18, rel=1e-12, abs=0)


@pytest.mark.parametrize("seed", range(40))
def test_weights_within_it_keep_the_loss(seed):
    """Quadratic losses in 6 dimensions, in the worst direction and in random ones."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    spectrum = rng.uniform(-1, 3, 6)
    hessian = basis @ np.diag(spectrum) @ basis.T
    gradient, bend = rng.standard_normal(6), float(np.max(np.abs(spectrum)))
    length, error = rng.uniform(0.5, 5), 10 ** rng.uniform(-4, 0)
    slope = float(np.linalg.norm(gradient))
    radius = length * WEIGHTS_ERROR(
        loss_error=error, final_grad_norm=slope, hessian_norm=bend, final_distance=length
    )
    steps = [gradient, -gradient, *basis.T, *rng.standard_normal((20, 6))]
    steps = [step * radius / np.linalg.norm(step) for step in steps]
    changes = [abs(gradient @ step + step @ hessian @ step / 2) for step in steps]
    assert max(changes) <= error * (1 + 1e-12)


def test_worst_case_is_reached():
    """Gradient along the steepest eigenvector: the bound is the change itself."""
    radius = 2 * WEIGHTS_ERROR(
        loss_error=0.7, final_grad_norm=1.5, hessian_norm=3, final_distance=2
    )
    assert 1.5 * radius + 3 / 2 * radius**2 == pytest.approx(0.7, rel=1e-14)


def test_given_numbers_by_hand():
    found = convert()
    assert found.error.total == pytest.approx(0.2, rel=1e-15)
    assert found.error.target == "weights"
    assert found.weights_error is not None
    assert found.weights_error.kind == "assumed"
    assert len(found.assumptions) == 1


def test_outer_ends_decide():
    # h = 2.5: .3 d + 1.25 d^2 = .1 at d = (-.3 + sqrt(.09 + .5))/2.5
    found = convert(model__given__lambda_max={"value": 2, "low": 1, "high": 2.5})
    assert found.error.total == pytest.approx((-0.3 + 0.59**0.5) / 2.5, rel=1e-12)
    # lambda_min = -6 bends more than lambda_max = 2: .3 d + 3 d^2 = .1
    found = convert(model__given__lambda_min={"value": -3, "low": -6, "high": -1})
    assert found.error.total == pytest.approx((-0.3 + 1.29**0.5) / 6, rel=1e-12)
    slope = {"value": 0.2, "low": 0.1, "high": 0.3}
    found = convert(model__given__final_grad_norm=slope)
    assert found.error.total == pytest.approx(0.2, rel=1e-12)


def test_unknown_last_gradient_is_that_of_the_start_and_says_so():
    # grad_norm = 4: 4 d + d^2 = .1 at d = -2 + sqrt(4.1)
    scenario = ask()
    measurement = take_given(scenario.model, scenario.algorithm)
    values = {name: item for name, item in measurement.values.items() if name != "final_grad_norm"}
    found = convert_target(scenario, replace(measurement, values=values))
    assert found.error.total == pytest.approx(4.1**0.5 - 2, rel=1e-12)
    assert any("final_grad_norm is not known" in text for text in found.assumptions)


def test_a_loss_that_the_first_weights_have_is_refused():
    # the whole way d = .2 changes the loss by at most .06 + .04 = .1
    with pytest.raises(InputError, match=r"less than 0\.1$"):
        convert(model__given__update_norms=[0, 0.1, 0.2, 0.25, 0.2], error__total=0.11)
    assert (
        convert(model__given__update_norms=[0, 0.1, 0.2, 0.25, 0.2], error__total=0.09).error.total
        < 1
    )


def test_nothing_is_converted_for_weights_or_an_observable_loss():
    assert convert(error__target="weights").weights_error is None
    observable = convert(algorithm__readout={"kind": "observable", "of": "loss"})
    assert (observable.error.total, observable.weights_error) == (0.1, None)


def test_the_whole_stair_works_with_the_converted_error():
    """The job of .1 of the loss is the job of .2 of the weights, gate by gate, and says both."""
    by_loss = qres.estimate(ask())
    by_weights = qres.estimate(ask(error__target="weights", error__total=0.2))
    loose = qres.estimate(ask(error__target="weights"))
    counts = [report.to_dict()["logical"]["toffoli"]["value"] for report in (by_loss, by_weights)]
    assert counts[0] == counts[1] != loose.to_dict()["logical"]["toffoli"]["value"]
    found = by_loss.to_dict()["target"]
    assert (found["total"], found["of"]) == (0.1, "loss")
    assert found["weights_error"]["value"] == pytest.approx(0.2)
    assert "0.1 of the loss" in by_loss.table(80)
    assert "0.2 of the norm" in " ".join(by_loss.table(80).split())
    assert any("norm near the last weights" in text for text in by_loss.to_dict()["assumptions"])
