"""One call for both sides: the same target for the device, its own work for the quantum side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qres.algorithms.record import ClassicalWork, Job, Stage, Unit
from qres.classical.devices import load_device
from qres.classical.estimate import estimate_flops, estimate_gradients
from qres.classical.record import Descent
from qres.measurement.record import Measurement
from qres.notation.quantity import Quantity
from qres.notation.source import derived
from qres.notation.symbols import symbol
from qres.pricing.price import price
from qres.pricing.record import ClassicalTask

H200 = load_device("h200")
SIZES = {"n_params": 1000, "n_samples": 50, "lambda_min": 0.0, "lambda_max": 2.0}
MEASURED = Measurement(
    subject="given", values={name: Quantity(value=value) for name, value in SIZES.items()}
)
TRAINING = Descent(n_steps=60, epsilon=0.1, fail_prob=0.05, learning_rate=0.1)


def stage(name, calls, unit):
    source = derived("test")
    return Stage(name=name, calls=calls, unit=unit, kind="exact", source=source, meaning=name)


def job(segments=1):
    """Return a job with a table of 1000 gradients a segment and one quantum stage."""
    stages = (
        stage("tabulate", segments, ClassicalWork(gradients=1000)),
        stage("solve", symbol("n_active"), Unit(toffoli=100, qubits=10)),
        stage("reconstruct", 1, ClassicalWork(flops=10**9)),
    )
    return Job(name="test", stages=stages, values={"n_active": Quantity(value=5)})


def task(**changes):
    descent = changes.pop("descent", TRAINING)
    found = ClassicalTask(measurement=MEASURED, epsilon=0.1, fail_prob=0.05, descent=descent)
    return replace(found, **changes)


BUDGET = {"fail_logical": 0.01}


def test_tables_are_charged_to_the_quantum_side_on_the_same_device():
    priced = price(job(), BUDGET, [], H200, task=task())
    work = 1000 * 6 * 1000 * 50 / (0.4 * 989e12)  # 0.758 us in bf16, as the training steps
    traffic = 1000 * 2 * 2 * 1000 / 4.8e12  # 0.833 us
    table = 5e-6 + max(work, traffic)
    arithmetic = 5e-6 + 1e9 / (0.4 * 67e12)
    assert priced.side_s == pytest.approx(table + arithmetic)
    assert priced.classical.method in ("full batch", "Chebyshev, degree-1 model")
    assert all(row.device == "h200" for row in priced.classical.alternatives)


def test_every_segment_writes_its_tables_after_the_one_before():
    one, many = (price(job(n), BUDGET, [], H200, task=task()).side_s for n in (1, 7))
    tables = one - estimate_flops(10**9, H200).runtime_s
    assert many - one == pytest.approx(6 * tables)
    sizes = estimate_gradients(7000, MEASURED, H200, n_dependent=7).runtime_s
    assert many == pytest.approx(sizes + estimate_flops(10**9, H200).runtime_s)


def test_a_task_to_another_error_moves_both_copies_of_it():
    moved = task().at(1e-3)
    assert (moved.epsilon, moved.descent.epsilon) == (1e-3, 1e-3)
    assert replace(moved.descent, epsilon=0.1) == TRAINING
    assert task(descent=None).at(0.2).descent is None


def test_the_error_moves_the_classical_time_along():
    errors = np.array([0.3, 1e-2, 1e-4])
    found = price(job(), BUDGET, [], H200, task=task().at(errors)).classical
    each = [price(job(), BUDGET, [], H200, task=task().at(e)).classical for e in errors]
    assert found.runtime_s.tolist() == [one.runtime_s for one in each]
    assert found.method.tolist() == [one.method for one in each]
    assert found.runtime_s[0] < found.runtime_s[-1]


def test_a_solve_is_asked_with_the_same_error_and_failure():
    values = {"dim": 10, "kappa": 3.0}
    matrix = Measurement(
        subject="matrix", values={name: Quantity(value=value) for name, value in values.items()}
    )
    found = price(
        job(), BUDGET, [], H200, task=task(descent=None, measurement=matrix, fail_prob=0.25)
    )
    row = next(row for row in found.classical.alternatives if row.method == "Kaczmarz")
    steps = np.ceil(10 * 9 * np.log(1 / (0.1**2 * 0.25)))  # 90 ln 400 = 539.2
    assert row.flops == steps * 4 * 10 == 540 * 40


def test_without_a_task_nothing_is_compared():
    priced = price(job(), BUDGET, [], H200)
    assert (priced.classical, priced.side_s) == (None, 0.0)
