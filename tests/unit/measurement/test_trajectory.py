"""The polynomial models against closed forms, and against recurrences written out in numpy."""

import numpy as np
import pytest
import torch

from qres.errors import InputError
from qres.measurement.curvature import Curvature
from qres.measurement.journal import opened_journal
from qres.measurement.trajectory import find_end_slope, follow_descent


def _squares(weight_decay=0.0):
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(30, 4, dtype=torch.float64, generator=generator)
    targets = torch.randn(30, dtype=torch.float64, generator=generator)
    module = torch.nn.Linear(4, 1, dtype=torch.float64)
    return Curvature(
        module,
        loss=lambda output, target: 0.5 * ((output.squeeze(-1) - target) ** 2).mean(),
        batches=[(inputs, targets)],
        weight_decay=weight_decay,
    )


def _cubic():
    """A loss with a third derivative: sum of theta^2/2 + theta^3/6 on its own weights."""

    class Weights(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.theta = torch.nn.Parameter(torch.tensor([0.5, -0.3], dtype=torch.float64))

        def forward(self, _):
            return (self.theta**2 / 2 + self.theta**3 / 6).sum()

    batch = (torch.ones(1, 1), torch.ones(1))
    return Curvature(Weights(), loss=lambda output, _: output, batches=[batch])


@pytest.mark.parametrize("weight_decay", [0.0, 0.2])
def test_recurrence_equals_the_closed_form(weight_decay):
    """u_t = -(I - (I - eta H)^t) H^-1 g, through the eigenvectors of H."""
    curvature = _squares(weight_decay)
    eigenvalues, vectors = np.linalg.eigh(curvature.dense())
    forcing = vectors.T @ curvature.gradient(curvature.start)
    found = follow_descent(curvature, n_steps=12, learning_rate=0.3)
    for step, norm in enumerate(found.update_norms):
        closed = (1 - (1 - 0.3 * eigenvalues) ** step) / eigenvalues * forcing
        assert norm == pytest.approx(np.linalg.norm(closed), rel=1e-12)


def test_eps_model_is_zero_for_a_quadratic_loss():
    found = follow_descent(_squares(), n_steps=20, learning_rate=0.2)
    assert max(found.eps_model_curve) < 1e-14
    assert found.final_distance == pytest.approx(found.update_norms[-1], rel=1e-13)


def test_eps_model_of_a_cubic_by_hand():
    """Two scalar recurrences per weight, written out."""
    theta, model = np.array([0.5, -0.3]), np.zeros(2)
    start = theta.copy()
    gradient, hessian = start + start**2 / 2, 1 + start
    expected = []
    for _ in range(6):
        theta = theta - 0.1 * (theta + theta**2 / 2)
        model = model - 0.1 * (gradient + hessian * model)
        moved = theta - start
        expected.append(np.linalg.norm(moved - model) / np.linalg.norm(moved))
    found = follow_descent(_cubic(), n_steps=6, learning_rate=0.1)
    np.testing.assert_allclose(found.eps_model_curve, expected, atol=1e-14)
    assert expected[0] < 1e-15 < expected[1]


def test_lengths():
    found = follow_descent(_squares(), n_steps=7, learning_rate=0.1)
    assert (len(found.update_norms), len(found.eps_model_curve)) == (8, 7)
    assert found.update_norms[0] == 0


def _quartic(scale=1.0):
    """Four random terms (a . theta + b)^4 / 4 + (d . theta)^2 / 2 on three weights."""
    rng = np.random.default_rng(5)
    slopes, shifts = rng.standard_normal((4, 3)) * scale, rng.standard_normal(4)
    start = rng.standard_normal(3) * 0.3

    class Weights(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.theta = torch.nn.Parameter(torch.from_numpy(start))

        def forward(self, x):
            return x @ self.theta

    batch = (torch.from_numpy(slopes), torch.from_numpy(shifts))
    loss = lambda out, shift: ((out + shift) ** 4 / 4 + out**2 / 2).mean()  # noqa: E731
    return Curvature(Weights(), loss=loss, batches=[batch]), slopes, shifts, start


def test_recurrences_of_every_degree_in_numpy():
    """With s = a.c + b and p = a.u the gradient of (s + p)^4/4 is (s^3 + 3 s^2 p + 3 s p^2 + p^3) a.

    Cut after p^q it is the degree-q model; the quadratic term adds a (a.(c + u)).
    """
    curvature, slopes, shifts, start = _quartic()
    found = follow_descent(curvature, n_steps=9, learning_rate=0.02)
    inner, offset = slopes @ start, slopes @ start + shifts
    powers = [offset**3, 3 * offset**2, 3 * offset, np.ones(4)]
    runs = {degree: np.zeros(3) for degree in (1, 2, 3)}
    true = start.copy()
    for step in range(1, 10):
        out = slopes @ true
        true = true - 0.02 * ((out + shifts) ** 3 + out) @ slopes / 4
        for degree, update in runs.items():
            along = slopes @ update
            cubic = sum(powers[k] * along**k for k in range(degree + 1))
            runs[degree] = update - 0.02 * (cubic + inner + along) @ slopes / 4
            moved = true - start
            gap = np.linalg.norm(moved - runs[degree])
            assert found.path_norms[degree][step] == pytest.approx(
                np.linalg.norm(runs[degree]), rel=1e-12
            )
            assert found.gaps[degree][step - 1] == pytest.approx(gap, rel=1e-9, abs=1e-15)
            assert found.eps_model_curves[degree][step - 1] == pytest.approx(
                gap / np.linalg.norm(moved), rel=1e-9, abs=1e-14
            )
    last = [found.eps_model_curves[degree][-1] for degree in (1, 2, 3)]
    assert last[0] > 2 * last[1] > 1e-6
    assert last[2] < 1e-13  # the cubic gradient of a quartic loss is all of it
    np.testing.assert_allclose(found.end, true, atol=1e-14)


def test_graphs_that_are_not_kept_give_the_same(monkeypatch):
    kept = follow_descent(_quartic()[0], n_steps=4, learning_rate=0.02)
    monkeypatch.setattr("qres.measurement.objective.KEPT_SAMPLES", 0)
    rebuilt = follow_descent(_quartic()[0], n_steps=4, learning_rate=0.02)
    for degree in (1, 2, 3):
        np.testing.assert_allclose(
            rebuilt.path_norms[degree], kept.path_norms[degree], rtol=1e-13, atol=0
        )


def test_weight_decay_is_part_of_the_linear_term_only():
    """One weight, L = theta^4/4 with decay w: derivatives 3 c^2 + w, 6 c, 6."""

    class Weight(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.theta = torch.nn.Parameter(torch.tensor([0.7], dtype=torch.float64))

        def forward(self, _):
            return self.theta.sum()

    batch = (torch.ones(1, 1), torch.ones(1))
    curvature = Curvature(
        Weight(), loss=lambda out, _: out**4 / 4, batches=[batch], weight_decay=0.5
    )
    vector = np.array([2.0])
    products = curvature.derive(vector, 3)
    expected = [(3 * 0.49 + 0.5) * 2, 6 * 0.7 * 4, 6 * 8]
    np.testing.assert_allclose(np.concatenate(products), expected, rtol=1e-14)
    np.testing.assert_allclose(curvature.mix(vector, np.array([3.0])), [6 * 0.7 * 6], rtol=1e-14)


def _softplus():
    """L = 40 softplus(theta) at theta = 2: a bounded gradient, and a Hessian of 4.2."""

    class Weight(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.theta = torch.nn.Parameter(torch.tensor([2.0], dtype=torch.float64))

        def forward(self, _):
            return self.theta.sum()

    batch = (torch.ones(1, 1), torch.ones(1))
    loss = lambda out, _: torch.nn.functional.softplus(out) * 40  # noqa: E731
    return Curvature(Weight(), loss=loss, batches=[batch])


def test_a_linear_model_that_diverges_is_refused_unless_it_may():
    """1 - eta H = -3.2: squares of u leave float64 after ln(1e154)/ln(3.2) = 305 steps, less a few."""
    with pytest.raises(InputError, match=r"diverges at step 30\d"):
        follow_descent(_softplus(), n_steps=700, learning_rate=1.0, degrees=(1,))
    found = follow_descent(
        _softplus(), n_steps=700, learning_rate=1.0, degrees=(1,), may_diverge=True
    )
    assert found.path_norms[1][-1] == found.gaps[1][-1] == np.inf
    assert np.isfinite(found.distances).all()


def test_a_model_that_diverges_is_infinite_and_descent_goes_on():
    """Descent is tame, and so is the linear model at this learning rate; the others are not."""
    found = follow_descent(_softplus(), n_steps=12, learning_rate=0.25)
    assert np.isfinite(found.distances).all()
    assert np.isfinite(found.path_norms[1]).all()
    for degree in (2, 3):
        norms, gaps = found.path_norms[degree], found.eps_model_curves[degree]
        assert len(norms) == 13
        assert norms[-1] == gaps[-1] == np.inf
        first = norms.index(np.inf)
        assert first > 1
        assert set(norms[first:]) == set(gaps[first - 1 :]) == {np.inf}
        assert np.isfinite(gaps[: first - 1]).all()


def test_diverging_descent_is_refused():
    with pytest.raises(InputError, match="diverges at step"):
        follow_descent(_cubic(), n_steps=2000, learning_rate=50.0)


def test_descent_whose_last_gradient_is_no_number_is_refused():
    """theta + theta^2/2 at .5 is .625: a step of 1e150 ends at -6e149, the gradient there is 2e299."""
    run = follow_descent(_cubic(), n_steps=1, learning_rate=1e150, degrees=())
    assert run.final_distance == pytest.approx(np.hypot(0.625e150, 0.255e150), rel=1e-12)
    with pytest.raises(InputError, match=r"gradient descent diverges at step 1 with 1e\+150"):
        find_end_slope(_cubic(), run, 1e150)


@pytest.mark.parametrize("stop", range(1, 9))
def test_an_interrupt_between_two_steps_repeats_none(tmp_path, stop):
    """Progress is told after the step: who raises there finds the step done."""

    def tell(_, done, total):
        if done == stop:
            raise KeyboardInterrupt

    def run(**settings):
        with opened_journal(tmp_path / "journal"):
            return follow_descent(_cubic(), n_steps=8, learning_rate=0.3, **settings)

    with pytest.raises(KeyboardInterrupt):
        run(progress=tell)
    found = run()
    expected = follow_descent(_cubic(), n_steps=8, learning_rate=0.3)
    assert found.distances == expected.distances
    assert found.gaps == expected.gaps
