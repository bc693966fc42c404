"""Only what is asked for is measured, and what rests on the rest says so."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from qres.config.load import load_scenario
from qres.errors import InputError
from qres.measurement.arithmetic import Arithmetic
from qres.measurement.basis import Basis
from qres.measurement.contributions import (
    describe_contributions,
    find_certain,
    find_crossing,
    split_proxy,
)
from qres.measurement.curvature import Curvature
from qres.measurement.density import Density
from qres.measurement.dissipation import describe_shares
from qres.measurement.hessian import measure_entries
from qres.measurement.lanczos import Extreme, Extremes
from qres.measurement.measure import measure_scenario
from qres.measurement.moments import bound_entries, find_moments
from qres.measurement.recurrence import Run, take_step
from qres.measurement.shares import describe_density, find_shares
from qres.measurement.spectrum import Explorer, Spectrum
from qres.measurement.training import prune_network


def _measure(make, store, algorithm=None, **settings):
    scenario = make.scenario(make.network(), algorithm)
    changed = replace(scenario, measure=replace(scenario.measure, **settings))
    return measure_scenario(changed, store=store)


def test_spectrum_alone(make, store):
    found = _measure(make, store, parts=("spectrum",))
    whole = _measure(make, store)
    for end in ("lambda_max", "lambda_min", "grad_norm"):
        assert float(found.values[end]) == pytest.approx(float(whole.values[end]), rel=1e-8)
    assert float(found.values["max_entry"]) >= float(whole.values["max_entry"])
    assert found.values["max_entry"].bound == found.values["sparsity"].bound == "upper"
    frobenius, exact = found.values["frobenius_norm"], float(whole.values["frobenius_norm"])
    assert frobenius.low <= exact <= frobenius.high
    assert {"W-MODEL", "W-LOWER"} <= {code for code, _ in found.warnings}
    assert found.values["eps_model"].kind == "assumed"
    # a straight line, capped at what the spectrum allows: at most t eta |g|
    slope = 0.1 * float(found.values["grad_norm"])
    assert found.update_norms[1] == pytest.approx(slope)
    assert len(found.update_norms) == 11
    missing = ("t3_injective", "trajectory_decay", "final_distance")
    assert not set(missing) & set(found.values)
    assert found.segmentations == ()


@pytest.mark.slow
def test_each_part_brings_its_own(make, store):
    found = _measure(make, store, parts=("local", "tensors"))
    assert {"trajectory_decay", "t3_injective"} <= set(found.values)
    assert "final_distance" not in found.values
    followed = _measure(make, store, parts=("descent",))
    assert "t3_injective" not in followed.values
    assert followed.eps_model_curves == _measure(make, store).eps_model_curves


def test_mini_batches_and_momentum_need_the_descent(make, store):
    for changes in ({"momentum": 0.5}, {"n_batches": 2}):
        with pytest.raises(InputError, match=r"measure\.parts: .* cannot go without descent"):
            _measure(make, store, make.algorithm(**changes), parts=("spectrum",))
    with pytest.raises(InputError, match=r"measure\.parts"):
        load_scenario("digits-mlp", overrides=[("measure.parts", ["spectra"])])


def _extremes(low, high):
    top = Extreme(value=high, low=high, high=high, residual=0.0)
    bottom = Extreme(value=low, low=low, high=low, residual=0.0)
    return Extremes(largest=top, smallest=bottom, steps=2, fail_prob=1e-6)


def test_moments_by_hand():
    """Starts with mass 3/4 at 1 and 1/4 at 3, and all at 1, of 8 eigenvalues: traces 12 and 8,
    squares 8 (3/4 + 9/4) = 24 and 8."""
    density = Density(
        nodes=(np.array([1.0, 3.0]), np.array([1.0])),
        weights=(np.array([0.75, 0.25]), np.array([1.0])),
    )
    assert find_moments(density, 8) == ([12.0, 8.0], [24.0, 8.0])
    spectrum = Spectrum(extremes=_extremes(1.0, 3.0), density=density, local=None, drift=0.0)
    values = bound_entries(spectrum, 8).values
    assert float(values["trace"]) == 10
    assert float(values["frobenius_norm"]) == 4
    assert values["frobenius_norm"].high == pytest.approx(np.sqrt(8) * 3)  # what the ends allow
    assert values["frobenius_norm"].low == 3


def test_moments_of_starts_are_unbiased():
    """Diagonal 1..40: trace 820, squares 22140; 400 starts, within five standard errors."""
    diagonal = torch.arange(1.0, 41.0, dtype=torch.float64)
    explorer = Explorer(
        multiply=lambda rows: rows * diagonal,
        dim=40,
        steps=3,
        n_probes=400,
        seed=0,
        arithmetic=Arithmetic(),
        max_steps=3,
    )
    for samples, exact in zip(
        find_moments(explorer.explore().density, 40), (820, 22140), strict=True
    ):
        error = np.std(samples) / np.sqrt(len(samples))
        assert abs(np.mean(samples) - exact) < 5 * error
        assert 0.001 < error / exact < 0.03


def test_contributions_by_hand():
    """0.75 at 1 and 0.25 at -1, rate 0.1: 0.75 0.9^t and 0.25 1.1^t, which cross at
    ln 3 / ln(1.1 / 0.9) = 1.0986123 / 0.2006707 = 5.474703."""
    nodes, weights = np.array([-1.0, 1.0]), np.array([0.25, 0.75])
    shrinking, growing = split_proxy(nodes, [0.1] * 4) @ weights
    assert shrinking == pytest.approx([0.75, 0.675, 0.6075, 0.54675, 0.492075])
    assert growing == pytest.approx([0.25, 0.275, 0.3025, 0.33275, 0.366025])
    density = Density(nodes=(nodes,), weights=(weights,))
    found = find_crossing(density, [0.1] * 4)
    assert list(found.values()) == pytest.approx([5.474703] * 3)
    curves = describe_contributions(density, [0.1] * 4)
    assert curves["undecided"] == curves["within_noise"] == 0
    for end in ("", "_low", "_high"):
        assert curves[f"divergent{end}"] == pytest.approx(growing.tolist())


def test_what_rounding_leaves_open_is_on_both_sides():
    """0.6 at 0.01, 0.3 at 1, 0.1 at -1, rate 0.1, all off by 0.02: the mass of 0.6 shrinks like
    (1 - 0.1 x 0.03)^t or slower, 1 at most, or grows like 1.001^t at most. At t = 1 what is sure
    shrinks to 0.3 (0.9 -+ 0.002) and grows to 0.1 (1.1 -+ 0.002)."""
    density = Density(
        nodes=(np.array([-1.0, 0.01, 1.0]),), weights=(np.array([0.1, 0.6, 0.3]),), drift=0.02
    )
    found = describe_contributions(density, [0.1])
    assert found["undecided"] == found["within_noise"] == pytest.approx(0.6)
    assert found["noise"] == 0.02
    assert found["dissipative_low"] == pytest.approx([0.3, 0.3 * 0.898])
    assert found["dissipative_high"] == pytest.approx([0.9, 0.6 + 0.3 * 0.902])
    assert found["divergent_low"] == pytest.approx([0.1, 0.1 * 1.098])
    assert found["divergent_high"] == pytest.approx([0.7, 0.6 * 1.001 + 0.1 * 1.102])
    crossing = find_crossing(density, [0.1])
    assert crossing["crossing_low"] == 0  # 0.7 to 0.3 if the middle grows
    # if it does not shrink at all: 0.1 1.098^t = 0.6 + 0.3 0.902^t
    late = crossing["crossing_high"]
    assert 0.1 * 1.098**late == pytest.approx(0.6 + 0.3 * 0.902**late)


def test_certain_and_undecided_add_up_to_the_proxy():
    """The same three nodes: what is undecided shrinks to 0.6 x 0.999, at least to 0.6 x 0.997 (0.03)
    and grows at most to 0.6 x 1.001 (-0.01)."""
    nodes, weights = np.array([-1.0, 0.01, 1.0]), np.array([0.1, 0.6, 0.3])
    band = find_certain(Density((nodes,), (weights,), drift=0.02), [0.1])
    assert band.value[:, 0] == pytest.approx([0.3, 0.1, 0.6])
    assert band.value[:, 1] == pytest.approx([0.3 * 0.9, 0.1 * 1.1, 0.6 * 0.999])
    assert band.low[:, 1] == pytest.approx([0.3 * 0.898, 0.1 * 1.098, 0.6 * 0.997])
    assert band.high[:, 1] == pytest.approx([0.3 * 0.902, 0.1 * 1.102, 0.6 * 1.001])
    assert band.value[:, 1].sum() == pytest.approx(weights @ np.abs(1 - 0.1 * nodes))


def test_the_undecided_may_lie_wherever_it_reaches():
    """In [-1.5, 1.5] only the node at 1 is on one side, from 0.01 up; that at -1 reaches to 0.01, the
    middle one over -1 to 1: at least 0.1 x 0.999 + 0.6 x 0.9, at most 0.1 x 1.15 + 0.6 x 1.1."""
    nodes, weights = np.array([-1.0, 0.01, 1.0]), np.array([0.1, 0.6, 0.3])
    band = find_certain(Density((nodes,), (weights,), ends=(-1.5, 1.5)), [0.1])
    assert band.value[:, 1] == pytest.approx([0.3 * 0.9, 0, 0.1 * 1.1 + 0.6 * 0.999])
    assert band.low[2, 1] == pytest.approx(0.0999 + 0.54)
    assert band.high[2, 1] == pytest.approx(0.115 + 0.66)


def test_rounding_of_the_weights_is_in_the_interval():
    """All mass idles; weights that add up to a little less or more than one do not say otherwise."""
    for total in (1 - 4.4e-16, 1 + 4.4e-16):
        density = Density((np.array([0.0, 1e-9]),), (np.array([0.5, 0.5]) * total,), dim=1000)
        band = find_shares(density, [0.1] * 20)
        assert band.low[1] <= 1 <= band.high[1]
        assert band.high[1] - band.low[1] < 1e-13
        assert band.high[0] == band.high[2] == 0


def test_the_whole_hessian_has_a_trace():
    """Mean of (w x + b - y)^2: the Hessian is the mean of 2 (x, 1)(x, 1)^T, its trace that of
    2 (|x|^2 + 1)."""
    torch.manual_seed(0)
    inputs, targets = torch.randn(9, 3).double(), torch.randn(9, 1).double()
    trace = 2 * (float((inputs**2).sum()) / 9 + 1)

    def measure(error, **arithmetic):
        curvature = Curvature(
            torch.nn.Linear(3, 1).double(),
            loss=torch.nn.functional.mse_loss,
            batches=[(inputs, targets)],
            arithmetic=Arithmetic(**arithmetic),
        )
        ends = _extremes(0.0, trace)
        return measure_entries(curvature, ends, n_probes=2, seed=0, error=error).values["trace"]

    found = measure(0.0)
    assert float(found) == pytest.approx(trace, rel=1e-12)
    assert found.kind == "exact"
    # off by E the trace is off by sqrt(n) |E|_F, twice sqrt(n) 1 at most: 2 x 4, across zero
    rounded = measure(1.0, precision="float32")
    assert rounded.kind == "measured"
    assert rounded.low == pytest.approx(trace - 8, rel=1e-5)
    assert rounded.high == pytest.approx(trace + 8, rel=1e-5)


def test_mass_between_nodes_is_open():
    """Mass of a node lies between its neighbours: of -1, 2, 5 in [-1.5, 6] only that of 5 is on one
    side of 1 for sure (2 to 6), and that of -1 (-1.5 to 2) and of 2 (-1 to 5) on neither."""
    density = Density(
        nodes=(np.array([-1.0, 2.0, 5.0]),), weights=(np.array([0.2, 0.5, 0.3]),), ends=(-1.5, 6.0)
    )
    assert density.reach(density.nodes[0]).tolist() == [[-1.5, -1, 2], [2, 5, 6]]
    # one step of rate 0.5: factors 1.5, 0, 1.5; margin 1, so below 0 decays and above 2 grows
    found = find_shares(density, [0.5])
    assert found.value.tolist() == [0, pytest.approx(1), 0]
    assert found.high.tolist() == [0, pytest.approx(1), 0]
    # two steps of rate 1: |1 - l| is 2, 1, 4; thresholds 1/2 and 3/2, at l = 1/2, 3/2, -1/2, 5/2
    found = find_shares(density, [1.0, 1.0])
    assert found.value.tolist() == pytest.approx([0, 0.5, 0.5])
    assert found.low.tolist() == [0, 0, 0]
    # |1 - l| over -1.5..2, -1..5, 2..6: 0 to 2.5, 0 to 4, 1 to 5
    assert found.high.tolist() == pytest.approx([0.7, 1, 1])


def test_mass_of_a_start_lies_between_the_neighbours_of_its_node():
    """Chebyshev, Markov and Stieltjes on runs of few steps: the share below any place is in reach."""
    eigenvalues = np.sort(np.random.default_rng(0).normal(size=200) ** 3)
    matrix = np.diag(eigenvalues)
    for seed in range(20):
        start = np.random.default_rng(seed).standard_normal(200)
        start /= np.linalg.norm(start)
        run = Run(Basis(200, 12), torch.from_numpy(start))
        for _ in range(12):
            take_step([run], lambda rows: rows @ torch.from_numpy(matrix))
        density = Density.collect([run.result()], ends=(eigenvalues[0], eigenvalues[-1]))
        (nodes,), (weights,) = density.nodes, density.weights
        first, last = density.reach(nodes)
        for place in np.linspace(eigenvalues[0], eigenvalues[-1], 31)[1:-1]:
            true = float(start[eigenvalues <= place] @ start[eigenvalues <= place])
            assert weights[last <= place].sum() - 1e-9 <= true
            assert true <= weights[first <= place].sum() + 1e-9


@pytest.mark.parametrize("nodes", [[0.0, 0.0], [0.5, 1.0], [0.0, 1.0]])
def test_what_never_grows_never_crosses(nodes):
    density = Density(nodes=(np.array(nodes),), weights=(np.array([0.5, 0.5]),))
    found = find_crossing(density, [0.1])
    assert found["crossing_time"] is None
    assert found["crossing_high"] is None


def test_pruning_takes_the_smallest_and_of_equal_ones_the_last():
    module = torch.nn.Linear(3, 2)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[3.0, -1.0, 1.0], [1.0, 0.5, -2.0]]))
        module.bias.zero_()
    mask = prune_network(module, 0.5)
    assert mask["weight"].tolist() == [[True, True, True], [False, False, True]]
    assert not mask["bias"].any()


def test_pruning_spares_what_it_is_told_to():
    module = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 1))
    with torch.no_grad():
        module[1].weight.fill_(1e-6)
    mask = prune_network(module, 0.6, spare=("1.",))
    assert mask["1.weight"].all()
    assert mask["1.bias"].all()
    assert sum(int(part.sum()) for part in mask.values()) == 10  # of 25
    assert float(module[1].weight.detach().min()) == pytest.approx(1e-6)
    with pytest.raises(InputError, match="no parameter begins with 'output'"):
        prune_network(module, 0.5, spare=("output",))
    with pytest.raises(InputError, match="more than are left"):
        prune_network(module, 0.9, spare=("1.",))


def test_large_networks_are_checked_on_few_samples(monkeypatch):
    module = torch.nn.Linear(3, 1).double()
    inputs, targets = torch.randn(9, 3).double(), torch.randn(9, 1).double()
    curvature = Curvature(module, loss=torch.nn.functional.mse_loss, batches=[(inputs, targets)])
    assert curvature.sampled() is curvature
    monkeypatch.setattr("qres.measurement.objective.SMALL", 4)
    part = curvature.sampled()
    small = Curvature(
        module, loss=torch.nn.functional.mse_loss, batches=[(inputs[:2], targets[:2])]
    )
    vector = np.arange(4.0)
    np.testing.assert_allclose(part.multiply(vector), small.multiply(vector), rtol=1e-12)
    assert curvature.n_samples == 9


def test_a_schedule_crosses_where_all_eigenvalues_say():
    """One start that holds every eigenvalue says what the dense Hessian does, rates falling."""
    eigenvalues, rates = np.array([-2.0, -0.5, 1.0, 3.0, 4.0, 8.0]), [0.2, 0.1, 0.05, 0.025]
    whole = Density(nodes=(eigenvalues,), weights=(np.full(6, 1 / 6),))
    setting = {"learning_rate": rates[0], "n_steps": 4, "rates": rates}
    _, exact = describe_shares(np.diag(eigenvalues), np.ones(6), **setting)
    spectrum = SimpleNamespace(density=whole, local=None)
    _, sampled = describe_density(spectrum, **setting)
    assert sampled["crossing_time"] == pytest.approx(exact["crossing_time"], rel=1e-12)
    assert sampled["density"]["nodes"] == [eigenvalues.tolist()]
    # a rate of .2 throughout would cross earlier
    constant = find_crossing(whole, [0.2])["crossing_time"]
    assert constant < 0.9 * exact["crossing_time"]
