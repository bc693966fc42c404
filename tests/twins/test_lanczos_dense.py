"""The measured Hessian of a trained, pruned network against its dense twin, every fast path."""

import numpy as np
import pytest
import torch

from qres.config.record import Architecture, DataSource
from qres.measurement import hessian, thresholds
from qres.measurement.curvature import Curvature
from qres.measurement.data import load_dataset
from qres.measurement.lanczos import find_extremes
from qres.measurement.networks import build_network, find_loss
from qres.measurement.training import (
    prune_network,
    shuffle_samples,
    train_network,
)


def _network(epochs):
    data, generator = load_dataset(DataSource(kind="digits")), torch.Generator().manual_seed(0)
    module = build_network(
        Architecture(kind="mlp", hidden=(12,)), n_features=64, n_classes=10, generator=generator
    )
    mask = prune_network(module, 0.7)
    train_network(
        module,
        shuffle_samples(data.inputs, data.targets, 64),
        find_loss(10),
        epochs=epochs,
        learning_rate=0.1,
        weight_decay=0.0,
        generator=generator,
        mask=mask,
    )
    few = (data.inputs[:300], data.targets[:300])
    return Curvature(module, loss=find_loss(10), batches=[few], mask=mask)


@pytest.fixture(scope="module", params=[0, 6], ids=["fresh", "trained"])
def twin(request):
    curvature = _network(request.param)
    return curvature, curvature.dense()


def test_extremes_equal_the_dense_twin(twin):
    curvature, dense = twin
    eigenvalues = np.linalg.eigvalsh(dense)
    norm = np.max(np.abs(eigenvalues))
    for seed in range(3):
        rng = np.random.default_rng(seed)
        found = find_extremes(curvature.multiply, curvature.n_active, steps=64, rng=rng)
        assert abs(found.largest.value - eigenvalues[-1]) <= 1e-6 * norm
        assert abs(found.smallest.value - eigenvalues[0]) <= 1e-6 * norm
        assert found.largest.low <= eigenvalues[-1] + 1e-14 * norm
        assert found.largest.high >= eigenvalues[-1] - 1e-14 * norm
        assert found.smallest.low <= eigenvalues[0] + 1e-14 * norm
        assert found.smallest.high >= eigenvalues[0] - 1e-14 * norm


def test_norm_of_what_is_dropped(twin, monkeypatch):
    _, dense = twin
    exact = thresholds.scan_thresholds(dense, seed=0)
    for row in exact:
        kept = np.abs(dense) >= row.threshold
        kept &= dense != 0
        assert row.sparsity == kept.sum(axis=1).max()
        norm = np.linalg.norm(np.where(kept, 0, dense), 2)
        assert row.dropped_norm == pytest.approx(norm, rel=1e-9, abs=1e-15)
    monkeypatch.setattr(thresholds, "DENSE_DIM", 0)
    for row, bound in zip(exact, thresholds.scan_thresholds(dense, seed=0), strict=True):
        slack = 1e-12
        assert row.dropped_norm * (1 - slack) <= bound.dropped_norm
        assert bound.dropped_norm <= row.dropped_norm * 1.01 + 1e-15


def test_sampled_entries_against_all_of_them(twin, monkeypatch):
    curvature, dense = twin
    rng = np.random.default_rng(0)
    extremes = find_extremes(curvature.multiply, curvature.n_active, steps=64, rng=rng)
    monkeypatch.setattr(hessian, "EXACT_DIM", 0)
    found = hessian.measure_entries(curvature, extremes, n_probes=16, seed=1)
    frobenius = found.values["frobenius_norm"]
    assert float(frobenius) == pytest.approx(np.linalg.norm(dense), rel=0.3)
    assert frobenius.low <= float(frobenius) <= frobenius.high
    entry = found.values["max_entry"]
    assert entry.bound == "lower"
    assert float(entry) <= np.abs(dense).max() <= entry.high
    assert found.values["sparsity"].value == curvature.n_active
    assert found.warnings[0][0] == "W-LOWER"
    assert found.dense is None
