"""The density in the terminal and its figures: intervals that hold the truth, and say what they hold."""

import math
import re

import numpy as np
import pytest
import torch

from qres.measurement.arithmetic import Arithmetic
from qres.measurement.density import Density
from qres.measurement.record import Measurement
from qres.measurement.spectrum import Explorer
from qres.notation.quantity import Quantity
from qres.report.curves import find_crossing_time
from qres.report.figures.spectrum import draw_contributions, draw_density
from qres.report.spectrum import BINS, density_of, density_text, say_band

RNG = np.random.default_rng(1)
SPECTRA = {
    "bulk and outliers": np.concatenate(
        [RNG.normal(0, 0.05, 3960), RNG.uniform(-1, 2, 30), np.linspace(3, 12, 10)]
    ),
    "gap": np.concatenate([RNG.uniform(-1, -0.5, 400), RNG.uniform(4, 5, 400)]),
    "clusters": np.concatenate(
        [np.zeros(900), 1 + 1e-6 * np.arange(50), np.full(40, 3.0), [7, 7.01, 9, 9.3, 12]]
    ),
    "one tiny": np.concatenate(
        [np.zeros(300), np.geomspace(1e-9, 1, 160), -np.geomspace(1e-6, 0.1, 30), [2, 3, 5, 9]]
    ),
}
WIDTH = 0.01
"""Of the Gaussians of the figure, as a part of the range."""


def _explore(eigenvalues, steps, n_probes, seed):
    diagonal = torch.from_numpy(np.sort(eigenvalues))
    explorer = Explorer(
        multiply=lambda rows: rows * diagonal,
        dim=len(eigenvalues),
        steps=steps,
        n_probes=n_probes,
        seed=seed,
        arithmetic=Arithmetic(),
        max_steps=steps,
    )
    return explorer.explore()


def _measurement(spectrum, dim):
    """Return what a file says of these runs."""
    density, extremes = spectrum.density, spectrum.extremes
    ends = {"lambda_min": extremes.smallest, "lambda_max": extremes.largest}
    values = {
        name: Quantity(value=end.value, low=end.low, high=end.high, kind="measured")
        for name, end in ends.items()
    }
    nodes, weights = ([list(part) for part in found] for found in (density.nodes, density.weights))
    return Measurement(
        subject="network",
        values={"n_active": Quantity(value=dim), **values},
        details={"density": {"nodes": nodes, "weights": weights}, "noise": density.drift},
    )


def _read(text):
    """Return both ends that each line prints; 0 where it says nothing."""
    found = [re.search(r"([\d.e-]+) \[([\d.e-]+), ([\d.e-]+)\]$", line) for line in text[1:]]
    return np.array([(0.0, 0.0) if one is None else (one[2], one[3]) for one in found], dtype=float)


def _true_parts(eigenvalues, nodes):
    """Return the mass of 16 equal parts between the outermost nodes, the outer two without end."""
    edges = nodes[0] + (nodes[-1] - nodes[0]) / 16 * np.arange(1, 16)
    return np.array([np.sum(eigenvalues >= edge) for edge in [-math.inf, *edges]]) / len(
        eigenvalues
    )


def _count_misses(eigenvalues, steps, n_probes, seeds):
    """Return the rate of printed intervals that miss, and that of the law over the starts alone."""
    missed, alone = 0, 0
    for seed in seeds:
        spectrum = _explore(eigenvalues, steps, n_probes, seed)
        found = _measurement(spectrum, len(eigenvalues))
        density = density_of(found)
        nodes, _ = density.merge()
        above = _true_parts(eigenvalues, nodes)
        true = above - np.append(above[1:], 0.0)
        low, high = _read(density_text(found).splitlines()).T
        edge = 1e-3 * true + 1e-12  # four digits are printed
        missed += np.sum((low > true + edge) | (high < true - edge))
        values = {"n_active": found.values["n_active"]}
        bare = Measurement(
            subject="network", values=values, details={"density": found.details["density"]}
        )
        low, high = _read(density_text(bare).splitlines()).T
        alone += np.sum((low > true + edge) | (high < true - edge))
    return missed / (BINS * len(seeds)), alone / (BINS * len(seeds))


def test_printed_intervals_hold_the_truth():
    """Bulk and outliers, where the law over the starts alone misses more than the 5 % that it says."""
    missed, alone = _count_misses(SPECTRA["bulk and outliers"], 20, 2, range(4))
    assert missed <= 0.05
    assert alone > 0.08


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize(("steps", "n_probes"), [(8, 2), (20, 1), (20, 2), (40, 8)])
def test_printed_intervals_hold_the_truth_of_many_spectra(name, steps, n_probes):
    missed, _ = _count_misses(SPECTRA[name], steps, n_probes, range(20))
    assert missed <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize(("steps", "n_probes"), [(8, 2), (20, 1), (40, 4)])
def test_the_band_of_the_figure_holds_the_truth(name, steps, n_probes):
    eigenvalues, missed, seeds = SPECTRA[name], 0, range(12)
    for seed in seeds:
        density = _explore(eigenvalues, steps, n_probes, seed).density
        nodes, _ = density.merge()
        width = WIDTH * (nodes[-1] - nodes[0])
        grid = np.linspace(nodes[0] - 5 * width, nodes[-1] + 5 * width, 64)
        apart = (grid[:, None] - eigenvalues) / width
        true = np.exp(-(apart**2) / 2).mean(axis=1) / (width * math.sqrt(2 * math.pi))
        band, edge = density.smooth(grid, width), 1e-9 * true + 1e-30
        missed += np.sum((band.low > true + edge) | (band.high < true - edge))
    assert missed / (64 * len(seeds)) <= 0.05


def test_mass_lies_wherever_it_reaches():
    """Nodes -1, 2, 5 in [-1.5, 6] reach over [-1.5, 2], [-1, 5], [2, 6]."""
    density = Density((np.array([-1.0, 2.0, 5.0]),), (np.array([0.2, 0.5, 0.3]),), ends=(-1.5, 6.0))
    band = density.divide(np.array([0.0, 4.0]))
    assert band.value == pytest.approx([0.2, 0.5, 0.3])
    assert band.low == pytest.approx([0, 0, 0])
    assert band.high == pytest.approx([0.7, 1, 0.8])
    band = density.divide(np.array([1.9]))
    assert band.low == pytest.approx([0, 0.3])
    assert band.high == pytest.approx([0.7, 1])


def test_a_bell_is_between_that_of_the_nearest_and_the_farthest_place():
    """A node at 0 in [-1, 2]: from 0 the mass is 0 to 2 away, from 3 it is 1 to 4."""
    density = Density((np.zeros(1),), (np.ones(1),), ends=(-1.0, 2.0))
    band = density.smooth(np.array([0.0, 3.0]), 1.0)
    normal = [0.3989423, 0.2419707, 0.0539910, 0.0044318, 0.0001338]  # at 0, 1, 2, 3, 4
    assert band.value == pytest.approx([normal[0], normal[3]], rel=1e-3)
    assert band.low == pytest.approx([normal[2], normal[4]], rel=1e-3)
    assert band.high == pytest.approx([normal[0], normal[1]], rel=1e-3)


def test_a_file_says_what_its_band_holds():
    found = _measurement(_explore(SPECTRA["gap"], 8, 2, 0), 800)
    bare = Measurement(
        subject="network",
        values={"n_active": Quantity(value=800)},
        details={"density": found.details["density"]},
    )
    fitted = Measurement(subject="network", values={}, details=bare.details)
    assert say_band(density_of(found)) == "95 % interval"
    assert say_band(density_of(bare)) == "95 % over starts alone"
    assert say_band(density_of(fitted)) == ""
    for item in (found, bare, fitted):
        lines = density_text(item, width=80).splitlines()
        assert len(lines) == BINS + 1
        assert max(map(len, lines)) <= 80
        assert lines[0].endswith(say_band(density_of(item)) or "(logarithmic)")
    assert "[" not in density_text(fitted)
    # a part between the bands has no node and still an interval
    assert re.search(r" 0 \[0, 0\.\d+\]", density_text(found))
    assert not re.search(r" 0 \[", density_text(bare))


def test_all_eigenvalues_need_no_interval():
    """Parts of 0.5 from 0 to 8: nine of ten in the first, one in the last; 1 +- 0.1 is in two."""
    facts = {"eigenvalues": [0.0] * 9 + [8.0], "noise": 1e-12}
    lines = density_text(Measurement(subject="network", values={}, details=facts)).splitlines()
    assert [line.split()[-1] for line in (lines[1], lines[-1])] == ["0.9", "0.1"]
    assert all(len(line.split()) == 1 for line in lines[2:-1])
    facts = {"eigenvalues": [0.0, 1.0, 8.0, 8.0], "noise": 0.1}
    text = density_text(Measurement(subject="network", values={}, details=facts))
    lines = text.splitlines()
    assert lines[2].split() == ["0.75", "0", "[0,", "0.25]"]
    assert lines[3].split()[-3:] == ["0.25", "[0,", "0.25]"]
    assert lines[-1].split()[-1] == "0.5"


def _contributions(**changes):
    """A node of 0.9 at 0.01 between others, as after few steps: it is on neither side for sure."""
    values = {
        "n_active": Quantity(value=1000),
        "lambda_min": Quantity(value=-1.0, low=-1.0, high=-1.0, kind="measured"),
        "lambda_max": Quantity(value=2.0, low=2.0, high=2.0, kind="measured"),
    }
    nodes, weights = [[-1.0, -0.5, 0.01, 1.0, 2.0]], [[0.02, 0.02, 0.9, 0.03, 0.03]]
    facts = {
        "density": {"nodes": nodes, "weights": weights},
        "noise": 0.0,
        "n_steps": 2,
        "learning_rate": 0.1,
        "dissipative": [0.96, 0.95, 0.94],
        "dissipative_low": [0.03, 0.03, 0.02],
        "dissipative_high": [0.97, 0.97, 0.97],
        "divergent": [0.04, 0.04, 0.05],
        "divergent_low": [0.03, 0.03, 0.04],
        "divergent_high": [0.05, 0.05, 0.06],
        "crossing_time": 1.5,
        "crossing_low": 0.0,
        "crossing_high": None,
    }
    return Measurement(subject="network", values=values, details=facts | changes)


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0.0, 87.0, None), (0.0, None, None), (1.0, 2.0, 1.5)]
)
def test_a_crossing_that_may_be_anywhere_is_none(low, high, expected):
    found = _contributions(crossing_low=low, crossing_high=high)
    assert find_crossing_time(found) == expected
    at_once = _contributions(crossing_time=0.0, crossing_low=0.0, crossing_high=0.0)
    assert find_crossing_time(at_once) == 0


@pytest.mark.slow
def test_contributions_show_what_is_undecided():
    """Sure to shrink are the nodes at 1 and 2 (from 0.01 up), sure to grow that at -1 (-1 to -0.5)."""
    (axes,) = draw_contributions(_contributions()).axes
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert list(lines) == ["dissipative, certain", "divergent, certain", "undecided"]
    assert [line[0] for line in lines.values()] == pytest.approx([0.06, 0.02, 0.92])
    # a schedule whose rates are not in the file: the file's own curves, no line where nothing is known
    (axes,) = draw_contributions(_contributions(schedule="cosine")).axes
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert list(lines) == ["dissipative", "divergent"]
    assert np.isnan(lines["dissipative"]).all()
    assert lines["divergent"] == pytest.approx([0.04, 0.04, 0.05])
    (axes,) = draw_contributions(_contributions(crossing_low=1.0)).axes
    assert [line.get_label() for line in axes.lines][-1] == "crossing, t = 1.5"


@pytest.mark.slow
def test_the_axis_of_the_density_ends_where_the_data_do():
    (axes,) = draw_density(_contributions()).axes
    (line,) = axes.lines
    bottom, top = axes.get_ylim()
    largest = np.nanmax(line.get_ydata())
    assert largest < top < 100 * largest
    assert bottom == pytest.approx(1e-6 * largest)
    assert np.nanmin(line.get_ydata()) > 0
