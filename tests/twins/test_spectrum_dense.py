"""Spectra of networks by runs on tensors, against all eigenvalues of the dense Hessian."""

import numpy as np
import pytest
import torch
from scipy.stats import binom, wasserstein_distance

from qres.config.record import Architecture, DataSource
from qres.errors import InputError
from qres.measurement import hessian, point
from qres.measurement.arithmetic import Arithmetic, _measure_graph, count_graph
from qres.measurement.curvature import Curvature
from qres.measurement.data import load_dataset
from qres.measurement.networks import build_network, find_loss
from qres.measurement.spectrum import Explorer, measure_error
from qres.measurement.trace import estimate_trace
from qres.measurement.training import shuffle_samples, train_network


def _make(hidden, epochs=0, n_samples=200):
    """Return what a curvature of this network is made from."""
    data, generator = load_dataset(DataSource(kind="digits")), torch.Generator().manual_seed(0)
    module = build_network(
        Architecture(kind="mlp", hidden=hidden), n_features=64, n_classes=10, generator=generator
    )
    train_network(
        module,
        shuffle_samples(data.inputs, data.targets, 64),
        find_loss(10),
        epochs=epochs,
        learning_rate=0.1,
        weight_decay=0.0,
        generator=generator,
    )
    batch = (data.inputs[:n_samples], data.targets[:n_samples])
    return {"module": module, "loss": find_loss(10), "batches": [batch]}


def _explore(curvature, steps=50, seed=0, **changes):
    explorer = Explorer(
        multiply=curvature.apply_block,
        dim=curvature.n_active,
        steps=steps,
        n_probes=8,
        seed=seed,
        arithmetic=curvature.arithmetic,
        error=measure_error(curvature, seed=seed),
        **changes,
    )
    return explorer.explore()


def _check_against(curvature, eigenvalues, exact):
    """Check ends and density of one precision."""
    norm = np.max(np.abs(eigenvalues))
    found = _explore(curvature)
    for end, true in (
        (found.extremes.largest, eigenvalues[-1]),
        (found.extremes.smallest, eigenvalues[0]),
    ):
        assert abs(end.value - true) <= exact * norm
        assert end.low - 1e-13 * norm <= true <= end.high + 1e-13 * norm
    nodes, weights = _explore(curvature, max_steps=50).density.merge()
    apart = wasserstein_distance(nodes, eigenvalues, weights)
    assert apart <= 0.01 * np.ptp(eigenvalues)
    return found


def test_a_small_network_in_every_precision():
    made = _make((4,), epochs=1)
    dense = Curvature(**made).dense()
    eigenvalues = np.linalg.eigvalsh(dense)
    assert len(eigenvalues) == 310
    for precision, exact in (("float64", 1e-9), ("float32", 1e-6), ("bfloat16", 0.02)):
        arithmetic = Arithmetic(precision=precision)
        found = _check_against(Curvature(**made, arithmetic=arithmetic), eigenvalues, exact)
        if precision == "bfloat16":
            assert found.drift > 1e-4 * abs(eigenvalues[-1])  # rounding is stated, not hidden


@pytest.mark.slow
@pytest.mark.parametrize(("hidden", "epochs", "size"), [((13,), 6, 985), ((38,), 4, 2860)])
def test_larger_networks(hidden, epochs, size):
    made = _make(hidden, epochs)
    eigenvalues = np.linalg.eigvalsh(Curvature(**made).dense())
    assert len(eigenvalues) == size
    for precision, exact in (("float64", 1e-9), ("float32", 1e-6)):
        for basis in ("memory", "disk"):
            arithmetic = Arithmetic(precision=precision, basis=basis)
            _check_against(Curvature(**made, arithmetic=arithmetic), eigenvalues, exact)
    for precision in ("float32", "bfloat16"):  # interval and density, half the memory
        arithmetic = Arithmetic(precision=precision, basis="bfloat16")
        _check_against(Curvature(**made, arithmetic=arithmetic), eigenvalues, 0.03)


@pytest.mark.slow
def test_trace_intervals_of_a_network_cover():
    """99 % intervals, 200 seeds; 192 or more but for a chance of 2.1e-4 if they are right."""
    assert binom.cdf(191, 200, 0.99) < 2.2e-4
    dense = torch.from_numpy(Curvature(**_make((13,), 3)).dense())
    trace, covered = float(dense.trace()), 0
    for seed in range(200):
        found, _ = estimate_trace(
            lambda vectors: vectors @ dense,
            len(dense),
            n_probes=8,
            rng=np.random.default_rng(seed),
            confidence=0.99,
        )
        covered += found.low <= trace <= found.high
    assert covered >= 192


def test_the_products_are_those_of_the_dense_hessian(monkeypatch):
    made = _make((4,), n_samples=60)
    whole = Curvature(**made, weight_decay=0.2)
    dense, vectors = whole.dense(), np.random.default_rng(0).standard_normal((3, whole.n_active))
    for settings in ({}, {"micro_batch": 7}):
        for kept in (4096, 0):
            monkeypatch.setattr("qres.measurement.objective.KEPT_SAMPLES", kept)
            found = Curvature(**made, weight_decay=0.2, arithmetic=Arithmetic(**settings))
            block = found.apply_block(torch.from_numpy(vectors)).numpy()
            np.testing.assert_allclose(block, vectors @ dense, atol=1e-12)
            one = found.apply(torch.from_numpy(vectors[1])).numpy()
            np.testing.assert_allclose(one, vectors[1] @ dense, atol=1e-12)
            np.testing.assert_allclose(found.multiply(vectors[2]), dense @ vectors[2], atol=1e-12)
            assert found.loss(found.start) == pytest.approx(whole.loss(whole.start), rel=1e-13)
            slope = found.gradient(found.start)
            np.testing.assert_allclose(slope, whole.gradient(whole.start), atol=1e-14)
    norm = np.linalg.norm(dense, 2)
    for precision, rounding in (("float32", 1e-6), ("bfloat16", 0.05)):
        found = Curvature(**made, weight_decay=0.2, arithmetic=Arithmetic(precision=precision))
        product = found.multiply(vectors[0])
        apart = np.linalg.norm(product - dense @ vectors[0]) / np.linalg.norm(vectors[0])
        assert apart <= rounding * norm
        assert apart > 0
        assert product.dtype == np.float64


def test_large_graphs_are_cut_and_rebuilt(monkeypatch):
    made = _make((4,), n_samples=60)
    whole = Curvature(**made)
    expected = whole.multiply(np.ones(whole.n_active))
    assert whole._plan.is_kept
    monkeypatch.setattr("qres.measurement.arithmetic.SMALL", 0)
    ((batch,),) = [made["batches"]]
    fixed, each = _measure_graph(batch, lambda part: count_graph(lambda: whole._graph([part])))
    assert each >= 8 * (4 + 10)  # at least both layers of a sample
    monkeypatch.setattr("qres.measurement.arithmetic.GRAPH_BYTES", fixed + 10 * each)
    cut = Curvature(**made)
    np.testing.assert_allclose(cut.multiply(np.ones(cut.n_active)), expected, atol=1e-13)
    assert not cut._plan.is_kept
    sizes = [len(inputs) for inputs, _ in cut._plan.batches]
    assert sizes == [10] * 6


def test_a_network_of_more_than_fits_is_sampled(monkeypatch):
    """The quantities of the sampled way hold the exact ones of the dense way."""
    monkeypatch.setattr(hessian, "EXACT_DIM", 0)
    monkeypatch.setattr(point, "EXACT_DIM", 0)
    made = _make((4,), epochs=1, n_samples=100)
    curvature = Curvature(**made, arithmetic=Arithmetic(precision="float32"))
    probe = point.Probe(
        n_steps=4,
        learning_rate=0.1,
        weight_decay=0.0,
        lanczos_steps=30,
        n_probes=8,
        seed=0,
        arithmetic=curvature.arithmetic,
    )
    effort = point.Effort(n_probes=8, is_kinked=False, rng=np.random.default_rng(0))
    found = point.measure_point(curvature, probe, effort=effort, degrees=(1,))
    dense = Curvature(**made).dense()
    eigenvalues = np.linalg.eigvalsh(dense)
    exact = {
        "lambda_max": eigenvalues[-1],
        "lambda_min": eigenvalues[0],
        "trace": np.trace(dense),
        "frobenius_norm": np.linalg.norm(dense),
        "max_entry": np.abs(dense).max(),
    }
    for name, value in exact.items():
        assert found.values[name].low <= value <= found.values[name].high, name
    assert found.entries.dense is None
    assert len(found.spectrum.density.nodes) == 8


def test_a_micro_batch_that_does_not_fit_is_refused(monkeypatch):
    made = _make((4,), n_samples=60)
    whole = Curvature(**made)
    ((batch,),) = [made["batches"]]
    fixed, each = _measure_graph(batch, lambda part: count_graph(lambda: whole._graph([part])))
    monkeypatch.setattr("qres.measurement.arithmetic.SMALL", 0)
    monkeypatch.setattr("qres.measurement.arithmetic.find_memory", lambda device: fixed + 7 * each)
    with pytest.raises(InputError, match=r"graph of 20 samples.*; 7 fit"):
        Curvature(**made, arithmetic=Arithmetic(micro_batch=20))
    Curvature(**made, arithmetic=Arithmetic(micro_batch=7))
    monkeypatch.undo()
    norm = torch.nn.BatchNorm1d(64, dtype=torch.float64)
    module = torch.nn.Sequential(norm, *made["module"])
    with pytest.raises(InputError, match="batch statistics couple"):
        Curvature(module, loss=made["loss"], batches=[batch], arithmetic=Arithmetic(micro_batch=7))
    Curvature(
        module.eval(), loss=made["loss"], batches=[batch], arithmetic=Arithmetic(micro_batch=7)
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"precision": "float16"}, "there are float64"), ({"device": "abacus"}, "cannot be used")],
)
def test_bad_settings_are_one_line(settings, message):
    with pytest.raises(InputError, match=message) as caught:
        Arithmetic(**settings)
    assert "\n" not in str(caught.value)
