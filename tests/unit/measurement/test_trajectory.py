"""The degree-1 model against its closed form, and against descent on a quadratic loss."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from qres.errors import InputError  # noqa: E402
from qres.measurement.curvature import Curvature  # noqa: E402
from qres.measurement.trajectory import follow_descent  # noqa: E402


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


def test_diverging_descent_is_refused():
    with pytest.raises(InputError, match="diverges at step"):
        follow_descent(_cubic(), n_steps=2000, learning_rate=50.0)
