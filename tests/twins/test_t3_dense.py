"""Third and fourth derivatives against whole tensors found in another way."""

import itertools

import numpy as np
import pytest
import torch

from qres.config.record import Architecture
from qres.measurement import tensors
from qres.measurement.ascent import climb, find_peak, measure_slice, widen
from qres.measurement.curvature import Curvature
from qres.measurement.networks import build_network, find_loss
from qres.measurement.probes import draw_signs
from qres.measurement.tensors import Effort, build_fourth, build_third, measure_tensors


def _network(n_features=1, hidden=(2,), n_classes=3, seed=3):
    """A small MLP with its output biases frozen: by default 1-2-3 units, 10 active weights."""
    generator = torch.Generator().manual_seed(seed)
    architecture = Architecture(kind="mlp", hidden=hidden, activation="tanh")
    module = build_network(
        architecture, n_features=n_features, n_classes=n_classes, generator=generator
    )
    inputs = 2 * torch.randn(20, n_features, dtype=torch.float64, generator=generator)
    targets = torch.randint(0, n_classes, (20,), generator=generator)
    mask = {"output.bias": torch.zeros(n_classes, dtype=torch.bool)}
    batches = [(inputs[:12], targets[:12]), (inputs[12:], targets[12:])]
    return Curvature(module, loss=find_loss(n_classes), batches=batches, mask=mask)


def _effort(seed=0, n_probes=8, is_kinked=False):
    return Effort(n_probes=n_probes, is_kinked=is_kinked, rng=np.random.default_rng(seed))


def _slope(curvature, find, step=1e-4):
    """Return the derivative of a tensor-valued function of the weights, new index first.

    Richardson's rule, error of order step^4.
    """
    start, parts = curvature.start, []
    for unit in np.eye(curvature.n_active):
        near, far = (
            (find(curvature.at(start + h * unit)) - find(curvature.at(start - h * unit))) / (2 * h)
            for h in (step, 2 * step)
        )
        parts.append((4 * near - far) / 3)
    return np.array(parts)


@pytest.fixture(scope="module")
def small():
    curvature = _network()
    assert curvature.n_active == 10
    return curvature, _slope(curvature, Curvature.dense)


@pytest.fixture(scope="module")
def fourth_slope(small):
    """The slope of the third derivative: the fourth, found in another way."""
    return _slope(small[0], build_third)


def test_third_derivative_is_the_slope_of_the_hessian(small):
    curvature, slope = small
    tensor = build_third(curvature)
    assert np.max(np.abs(slope)) > 0.05
    np.testing.assert_allclose(tensor, slope, rtol=0, atol=1e-9)
    v, w = np.random.default_rng(0).standard_normal((2, 10))
    expected = np.einsum("ijk,i,j->k", slope, v, w)
    np.testing.assert_allclose(curvature.mix(v, w), expected, atol=1e-8)
    np.testing.assert_allclose(curvature.mix(w, v), expected, atol=1e-8)
    twice = np.einsum("ijk,i,j->k", slope, v, v)
    np.testing.assert_allclose(curvature.derive(v, 2)[1], twice, atol=1e-8)


def test_fourth_derivative_is_the_slope_of_the_third(small, fourth_slope):
    curvature, _ = small
    tensor = build_fourth(curvature)
    np.testing.assert_allclose(tensor, fourth_slope, rtol=0, atol=1e-8)
    v, w, x = np.random.default_rng(1).standard_normal((3, 10))
    expected = np.einsum("ijkl,i,j,k->l", tensor, v, w, x)
    np.testing.assert_allclose(curvature.mix(v, w, x), expected, atol=1e-12)
    cubed = np.einsum("ijkl,i,j,k->l", tensor, v, v, v)
    np.testing.assert_allclose(curvature.derive(v, 3)[2], cubed, atol=1e-12)


def _brute_injective(tensor):
    """Return the maximum over the sphere by a general optimiser from many starts."""
    from scipy.optimize import minimize

    def loss(v):
        """-f^2 and its gradient, f = T(v, .., v)/|v|^k: that of f is k (T(u, .., u, .) - f u)/|v|."""
        norm, image = np.linalg.norm(v), tensor
        unit = v / norm
        while image.ndim > 1:
            image = image @ unit
        value = float(image @ unit)
        slope = tensor.ndim * (image - value * unit) / norm
        return -(value**2), -2 * value * slope

    rng = np.random.default_rng(9)
    starts = rng.standard_normal((30, len(tensor)))
    found = (minimize(loss, start, jac=True, options={"gtol": 1e-9}).fun for start in starts)
    return max(np.sqrt(-least) for least in found)


def test_dense_norms(small, fourth_slope):
    (curvature, slope), fourth = small, fourth_slope
    found = measure_tensors(curvature, _effort())
    unfolding = np.linalg.svd(slope.reshape(10, 100), compute_uv=False)[0]
    assert float(found["t3_injective"]) == pytest.approx(_brute_injective(slope), rel=1e-6)
    assert float(found["t3_unfolding"]) == pytest.approx(unfolding, rel=1e-7)
    assert float(found["t3_frobenius"]) == pytest.approx(np.sqrt((slope**2).sum()), rel=1e-7)
    assert float(found["t3_max_entry"]) == pytest.approx(np.abs(slope).max(), rel=1e-7)
    assert float(found["t4_injective"]) == pytest.approx(_brute_injective(fourth), rel=1e-6)
    assert float(found["t4_frobenius"]) == pytest.approx(np.sqrt((fourth**2).sum()), rel=1e-6)
    assert found["t3_injective"].bound == found["t4_injective"].bound == "lower"
    assert found["t3_unfolding"].kind == found["t3_frobenius"].kind == "exact"
    assert found["t3_sparsity"].value == np.max((np.abs(slope) > 1e-8).sum(axis=(1, 2)))


def test_a_plane_is_searched_exactly():
    """Two coordinates: T(v, v, v) over 10^6 angles is the injective norm."""
    tensor = np.zeros((2, 2, 2))
    for triple, entry in {(0, 0, 0): 1.0, (0, 0, 1): -0.7, (0, 1, 1): 0.4, (1, 1, 1): -1.1}.items():
        for order in set(itertools.permutations(triple)):
            tensor[order] = entry
    angles = np.linspace(0, np.pi, 1_000_001)
    c, s = np.cos(angles), np.sin(angles)
    expected = np.abs(c**3 - 3 * 0.7 * c**2 * s + 3 * 0.4 * c * s**2 - 1.1 * s**3).max()
    starts = np.random.default_rng(0).standard_normal((6, 2))
    peak = find_peak(lambda v: tensor @ v @ v, starts, steps=50, polish=200)
    assert peak.value == pytest.approx(expected, rel=1e-9)
    assert np.linalg.norm(peak.vector) == pytest.approx(1, rel=1e-12)


def test_a_climb_never_falls():
    """Without a shift the iteration on this matrix-like tensor would cycle."""
    rng = np.random.default_rng(4)
    raw = rng.standard_normal((6, 6, 6, 6))
    tensor = sum(raw.transpose(order) for order in itertools.permutations(range(4))) / 24
    product = lambda v: tensor @ v @ v @ v  # noqa: E731
    for start in rng.standard_normal((10, 6)):
        values = [climb(product, start, steps=steps).value for steps in range(0, 60, 3)]
        assert all(after >= before for before, after in itertools.pairwise(values))
        vector = climb(product, start, steps=2000).vector
        value = float(product(vector) @ vector)
        # a maximum of |T(v, v, v, v)| on the sphere: its gradient there is radial
        assert np.linalg.norm(product(vector) - value * vector) < 1e-3 * abs(value)


@pytest.mark.slow
def test_sampled_norms_agree_with_the_dense_twin(monkeypatch):
    curvature = _network(n_features=3, hidden=(4,), n_classes=3)
    assert curvature.n_active == 28
    exact = measure_tensors(curvature, _effort())
    tensor = build_third(curvature)
    fourth = build_fourth(curvature)
    monkeypatch.setattr(tensors, "THIRD_DIM", 0)
    monkeypatch.setattr(tensors, "FOURTH_DIM", 0)
    covered = []
    for seed in range(4):
        found = measure_tensors(curvature, _effort(seed))
        values = {name: float(quantity) for name, quantity in found.items()}
        injective, unfolding = float(exact["t3_injective"]), float(exact["t3_unfolding"])
        assert 0.95 * injective <= values["t3_injective"] <= injective * (1 + 1e-9)
        assert 0.9 * unfolding <= values["t3_unfolding"] <= unfolding * 1.05
        assert found["t3_unfolding"].low <= unfolding
        assert found["t3_unfolding"].bound == "lower"
        for name, norm in (
            ("t3_frobenius", np.linalg.norm(tensor)),
            ("t4_frobenius", np.linalg.norm(fourth)),
        ):
            covered.append(found[name].low <= norm <= found[name].high)
            assert values[name] == pytest.approx(norm, rel=0.3)
        assert (
            values["t3_max_entry"]
            <= np.abs(tensor).max() * (1 + 1e-9)
            <= 1.5 * values["t3_max_entry"]
        )
        assert found["t3_max_entry"].high >= np.abs(tensor).max()
        assert found["t3_sparsity"].low <= 28**2 == found["t3_sparsity"].high
        assert values["t3_injective"] <= values["t3_unfolding"] <= values["t3_frobenius"]
        assert values["t4_injective"] <= values["t4_frobenius"]
    assert sum(covered) >= 6  # of 8 intervals at 95 %


def test_kinks_make_every_norm_an_assumption(small):
    curvature, _ = small
    assert {q.kind for q in measure_tensors(curvature, _effort(is_kinked=True)).values()} == {
        "assumed"
    }


def test_logistic_closed_form():
    """T3 = sum_b s'(1 - 2s) x x x / B and T4 = sum_b s'(1 - 6s + 6s^2) x x x x / B in numpy."""
    rng = np.random.default_rng(0)
    inputs, targets = rng.standard_normal((40, 3)), rng.integers(0, 2, 40)
    module = build_network(
        Architecture(kind="logistic"),
        n_features=3,
        n_classes=2,
        generator=torch.Generator().manual_seed(0),
    )
    batch = (torch.from_numpy(inputs), torch.from_numpy(targets))
    curvature = Curvature(module, loss=find_loss(2), batches=[batch], weight_decay=0.3)
    x = np.hstack([inputs, np.ones((40, 1))])
    s = 1 / (1 + np.exp(-x @ curvature.start))
    slope = s * (1 - s)
    third = np.einsum("b,bi,bj,bk->ijk", slope * (1 - 2 * s), x, x, x) / 40
    fourth = np.einsum("b,bi,bj,bk,bl->ijkl", slope * (1 - 6 * s + 6 * s**2), x, x, x, x) / 40
    np.testing.assert_allclose(build_third(curvature), third, rtol=0, atol=1e-15)
    np.testing.assert_allclose(build_fourth(curvature), fourth, rtol=0, atol=1e-14)
    found = measure_tensors(curvature, _effort())
    assert float(found["t3_frobenius"]) == pytest.approx(np.sqrt((third**2).sum()), rel=1e-12)
    assert float(found["t4_frobenius"]) == pytest.approx(np.sqrt((fourth**2).sum()), rel=1e-12)
    assert found["t3_sparsity"].value == 16


@pytest.fixture(scope="module")
def noisy():
    """A random symmetric tensor, r = 30, as the sheet's example of the bias."""
    raw = np.random.default_rng(1).standard_normal((30, 30, 30))
    tensor = sum(raw.transpose(order) for order in itertools.permutations(range(3))) / 6

    def slices(vector, others):
        return ((number, tensor @ other @ vector) for number, other in enumerate(others))

    return tensor, slices


def test_a_fixed_sample_is_biased_upward_and_fresh_signs_are_not(noisy):
    tensor, slices = noisy
    top = np.linalg.norm(tensor.reshape(30, 900), 2) ** 2
    for seed in range(5):
        rng = np.random.default_rng(seed)
        signs = [draw_signs(rng, 30) for _ in range(8)]
        sample = sum((tensor @ z) @ (tensor @ z) for z in signs) / 8
        values, vectors = np.linalg.eigh(sample)
        assert values[-1] > 1.1 * top
        vector = widen(slices, rng.standard_normal(30), signs, steps=200)
        assert abs(vector @ vectors[:, -1]) == pytest.approx(1, abs=1e-4)
        worth = np.linalg.norm(tensor @ vector) ** 2
        assert worth < top
        fresh = [
            measure_slice(slices, vector, n_probes=4, rng=np.random.default_rng([seed, draw]))
            for draw in range(300)
        ]
        means = np.array([mean for mean, _, _ in fresh])
        error = means.std(ddof=1) / np.sqrt(len(means))
        assert abs(means.mean() - worth) < 4 * error
        assert error < 0.02 * worth
        inside = [low <= worth <= high for _, low, high in fresh]
        assert np.mean(inside) >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / 300)


def test_unit_vectors_make_the_unfolding_exact(noisy):
    tensor, slices = noisy
    start = np.random.default_rng(2).standard_normal(30)
    vector = widen(slices, start, list(np.eye(30)), steps=4000)
    top = np.linalg.norm(tensor.reshape(30, 900), 2) ** 2
    assert np.linalg.norm(tensor @ vector) ** 2 == pytest.approx(top, rel=1e-6)
    exact = measure_slice(slices, vector, n_probes=30, rng=np.random.default_rng(0))
    assert exact == (pytest.approx(top, rel=1e-6),) * 3
