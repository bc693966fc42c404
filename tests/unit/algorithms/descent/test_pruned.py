"""Entries left out: the bound against two dense descents, and what may be left out at all."""

from __future__ import annotations

import numpy as np
import pytest

from qres.algorithms.base import Choice
from qres.algorithms.descent.plan import Plan
from qres.algorithms.descent.pruned import (
    affords,
    dropped_error,
    gram_row,
    kept_row,
    kept_values,
    open_rows,
)
from qres.algorithms.descent.segmentation import Segmentation
from qres.measurement.record import Measurement, Segment, SparsityRow
from qres.notation.quantity import Quantity

RATE, STEPS = 0.1, 12


def descend(hessian, gradient, n_steps=STEPS):
    path = [np.zeros(len(gradient))]
    for _ in range(n_steps):
        path.append(path[-1] - RATE * (hessian @ path[-1] + gradient))
    return path


def problem(seed, size=6):
    """A random symmetric Hessian of norm about 3, and its small entries."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(size, size))
    hessian = (a + a.T) / 2
    return hessian, rng.normal(size=size), np.where(np.abs(hessian) < 0.4, hessian, 0.0)


def row_of(dropped, sparsity=3, threshold=0.4):
    norm = np.linalg.norm(dropped, 2) if np.ndim(dropped) else dropped
    return SparsityRow(
        threshold=threshold, sparsity=sparsity, max_entry=2.0, dropped_norm=float(norm)
    )


def plan_of(hessian, gradient, degree=1, segments=1, **values):
    path = tuple(float(np.linalg.norm(u)) for u in descend(hessian, gradient))
    ends = np.linalg.eigvalsh(hessian)
    numbers = {"lambda_min": ends[0], "lambda_max": ends[-1], **values}
    one = Segment(
        start_step=0,
        n_steps=STEPS,
        values={name: Quantity(value=float(value)) for name, value in numbers.items()},
        path_norms={1: path, 2: path},
        model_distances={},
    )
    cut = Segmentation(segments=(one,) * segments, learning_rate=RATE, distance=path[-1])
    return Plan(
        degree=degree,
        cut=cut,
        truncation_order=1,
        eps_model=0.0,
        eps_truncation=0.0,
        eps_map={1: 0.0},
        keeps=True,
    )


@pytest.mark.parametrize("seed", range(8))
def test_the_bound_holds_for_the_dense_descent(seed):
    hessian, gradient, dropped = problem(seed)
    true, pruned = descend(hessian, gradient)[-1], descend(hessian - dropped, gradient)[-1]
    change = np.linalg.norm(pruned - true) / np.linalg.norm(true)
    bound = dropped_error(row_of(dropped), plan_of(hessian, gradient))
    assert 0 < change <= bound
    assert bound <= 60 * change  # it says something


def test_the_bound_is_met_by_one_weight():
    """One weight: H = -2 and dropped 1, so the pruned H is -3 and g~ = 1.2 + 0.1 is its own factor."""
    hessian, gradient = np.array([[-2.0]]), np.array([1.0])
    true = descend(hessian, gradient)[-1]
    pruned = descend(np.array([[-3.0]]), gradient)[-1]
    bound = dropped_error(row_of(1.0), plan_of(hessian, gradient))
    assert bound == pytest.approx(abs(pruned - true)[0] / abs(true)[0], rel=1e-12)


def test_the_last_of_the_thresholds_that_fit_and_leave_a_shorter_row_is_open():
    hessian, gradient, _ = problem(1)
    plan = plan_of(hessian, gradient)
    norms = (0.0, 0.001, 0.002, 0.003, 0.004)
    rows = tuple(row_of(norm, s) for norm, s in zip(norms, (6, 5, 4, 3, 2), strict=True))
    known = Measurement(subject="network", values={}, sparsity_rows=rows)
    errors = [dropped_error(row, plan) for row in rows]
    assert errors == sorted(errors)
    # padded rows hold 8, 8, 4, 4, 2 slots: of equals the first, which drops less
    assert open_rows(plan, known, "sparse", 1.0) == [0, 2, 4]
    assert open_rows(plan, known, "sparse", errors[3]) == [0, 2]
    assert open_rows(plan, known, "sparse", errors[1] * 0.999) == [0]
    assert open_rows(plan, known, "frobenius", 1.0) == [0]
    assert open_rows(plan_of(hessian, gradient, degree=2), known, "sparse", 1.0) == [0]
    assert open_rows(plan_of(hessian, gradient, segments=2), known, "sparse", 1.0) == [0]


def test_the_gauss_newton_part_is_charged_for_what_it_leaves_out():
    hessian, gradient, dropped = problem(2)
    norm = float(np.linalg.norm(dropped, 2))
    plan = plan_of(hessian, gradient, gram_dropped_norm=norm)
    row = gram_row(plan)
    assert row.dropped_norm == norm
    error = dropped_error(row, plan)
    assert error == dropped_error(row_of(dropped), plan) > 0
    assert affords(plan, "gram", error)
    assert not affords(plan, "gram", error * 0.999)
    assert affords(plan, "sparse", 0.0)
    assert not affords(plan_of(hessian, gradient, degree=2), "gram", 1.0)
    assert not affords(plan_of(hessian, gradient, segments=2), "gram", 1.0)
    assert gram_row(plan_of(hessian, gradient)) is None


def test_a_choice_names_what_is_kept():
    hessian, gradient, dropped = problem(3)
    plan = plan_of(hessian, gradient, gram_dropped_norm=0.5)
    rows = (row_of(0.0), row_of(dropped))
    known = Measurement(subject="network", values={}, sparsity_rows=rows)
    assert kept_row(known, plan, Choice(encoding="sparse", kept_row=0)) is None
    assert kept_row(known, plan, Choice(encoding="sparse", kept_row=1)) == rows[1]
    assert kept_row(known, plan, Choice(encoding="gram")).dropped_norm == 0.5


def test_the_spectrum_of_what_is_kept_lies_within_its_bounds():
    hessian, _, dropped = problem(4)
    ends = np.linalg.eigvalsh(hessian)
    values = {"lambda_min": Quantity(value=ends[0]), "lambda_max": Quantity(value=ends[-1])}
    values["update_norm"] = Quantity(value=5.0)
    found = kept_values(row_of(dropped, sparsity=3), values, 0.25)
    # the norms change by at most a quarter of the last one: the ratio by 3/4 over 5/4
    assert found["update_norm"].value == pytest.approx(3.0)
    kept = np.linalg.eigvalsh(hessian - dropped)
    assert found["lambda_min"].value <= kept[0]
    assert kept[-1] <= found["lambda_max"].value
    assert found["lambda_max"].value == pytest.approx(ends[-1] + np.linalg.norm(dropped, 2))
    assert (found["sparsity"].value, found["max_entry"].value) == (3, 2.0)
    assert "sparsity" not in kept_values(row_of(dropped, sparsity=0), values, 0.0)
