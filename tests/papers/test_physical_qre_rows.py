"""Answers of the QDK's newer estimator (`qdk.qre`, 1.33.1) as written down, from our formulas.

It has the fast block, the distance solved from the budget and the time steps of the classic estimator,
with one error budget for everything, an error per patch and logical step, patches of 2 d^2 - 1 qubits
and a round of 50 + 4 * 50 + 100 ns. Its 15-to-1 factories are the rows of Litinski's table; those that
it calls round-based, from a table of its own, are not ours: of such answers only time and data are held.
"""

from __future__ import annotations

import math

import pytest

from qres.physical.beverland import t_states, time_steps
from qres.physical.codes.rotated_surface import DISTANCE, LOGICAL_ERROR
from qres.physical.factories.cultivation import CYCLES, simulations
from qres.physical.layouts.fast import TILES

CYCLE_NS = 50 + 4 * 50 + 100
CODE = {"threshold": 0.01, "prefactor": 0.03}
SMALL = {"numQubits": 100, "tCount": 10**6}
LARGE = {"numQubits": 1000, "tCount": 1_500_000, "cczCount": 10**9, "measurementCount": 25 * 10**6}
HUGE = {"numQubits": 1000, "cczCount": 10**10}
T_15_TO_1 = {
    # (error, qubits a state, cycles) of Litinski 2019, table 1
    "(11,5,5)": (1.9e-11, 2070, 30.0),
    "(13,5,5)x6 20-to-4 (23,11,13)": (1.4e-10, 43_300 / 4, 130),
    "(13,5,5)x4 20-to-4 (27,13,15)": (2.6e-11, 46_800 / 4, 157),
    "(13,5,5)x6 (29,11,13)": (3.3e-14, 39_100, 97.5),
    "(9,3,3)x4 20-to-4 (15,7,9)": (2.4e-15, 16_400 / 4, 90.3),
}
ROWS = [
    # counts, p, budget, factory | distance, factories, qubits, runtime in ns
    (SMALL, 1e-3, 1e-2, "(13,5,5)x6 20-to-4 (23,11,13)", 17, 8, 219_310, 5_950_000_000),
    (LARGE, 1e-3, 1 / 3, "(13,5,5)x4 20-to-4 (27,13,15)", 23, 10, 2_327_187, 24_363_325_000_000),
    (LARGE, 1e-4, 1 / 3, "(11,5,5)", 11, 4, 512_211, 11_652_025_000_000),
    (HUGE, 1e-3, 1e-2, "(13,5,5)x6 (29,11,13)", 29, 5, 3_710_471, 304_500_000_000_000),
    (HUGE, 1e-4, 1e-2, "(9,3,3)x4 20-to-4 (15,7,9)", 15, 9, 975_759, 157_500_000_000_000),
]
ROUND_BASED = [
    # counts, p, budget | qubits, of which in factories, runtime in ns
    (SMALL, 1e-3, 1e-2, 558_630, 425_920, 5_950_000_000),
    (LARGE, 1e-3, 1 / 3, 3_158_187, 948_000, 24_363_325_000_000),
    (LARGE, 1e-4, 1 / 3, 590_691, 86_760, 11_652_025_000_000),
    (HUGE, 1e-3, 1e-2, 5_189_091, 1_674_120, 304_500_000_000_000),
    (HUGE, 1e-4, 1e-2, 1_328_359, 389_500, 157_500_000_000_000),
]


class Answer:
    """Our numbers for one row: counts, physical error, budget, error of a T state."""

    def __init__(self, counts, p, budget, error):
        gates = {"t": counts.get("tCount", 0), "toffoli": counts.get("cczCount", 0)}
        gates |= {"rotations": 0, "epsilon": budget}
        measured = counts.get("measurementCount", 0)
        self.states = t_states(**gates)
        self.depth = time_steps(measurements=measured, rotation_depth=0, **gates)
        self.tiles = TILES(logical_qubits=counts.get("numComputeQubits", counts["numQubits"]))
        left = (budget - self.states * error) / (self.tiles * self.depth)
        self.distance = DISTANCE(physical_error=p, budget=left, **CODE)
        self.runtime = self.depth * self.distance * CYCLE_NS

    def data(self):
        return self.tiles * (2 * self.distance**2 - 1)

    def factories(self, state_ns):
        return math.ceil(self.states / (self.runtime // math.ceil(state_ns)))


@pytest.mark.parametrize("row", ROWS)
def test_litinski_rows_of_qdk_qre(row):
    """Breaking it means: D3, D4, the fast block, the distance, or Litinski's table left qdk.qre."""
    counts, p, budget, name, distance, n_factories, qubits, runtime = row
    error, each, cycles = T_15_TO_1[name]
    ours = Answer(counts, p, budget, error)
    assert (ours.distance, ours.runtime) == (distance, runtime)
    assert ours.factories(cycles * CYCLE_NS) == n_factories
    assert ours.data() + n_factories * math.ceil(each) == qubits


@pytest.mark.parametrize("row", ROUND_BASED)
def test_round_based_rows_of_qdk_qre(row):
    """Breaking it means: time or data qubits left qdk.qre; the factories are its own."""
    counts, p, budget, qubits, in_factories, runtime = row
    ours = Answer(counts, p, budget, error=0.0)
    assert (ours.runtime, ours.data()) == (runtime, qubits - in_factories)


def test_the_cultivation_row_of_qdk_qre():
    """Breaking it means: tiles, distance or the rounds of a cultivated state left qdk.qre.

    Its cultivation takes whole rounds of four gates, 200 ns: 111 of them. 463 qubits each.
    """
    row = next(item for item in simulations() if item[3] == 2.702532e-09)
    ours = Answer(SMALL, 1e-3, 1e-2, row[3])
    rounds = math.ceil(CYCLES(qubit_rounds=row[5], cultivation_qubits=row[4]))
    assert (rounds, ours.distance, ours.runtime) == (111, 17, 5_950_000_000)
    assert ours.factories(rounds * 200) == 4
    assert ours.data() + 4 * 463 == 134_562


def test_where_qdk_qre_has_no_result():
    """Breaking it means: the same job stops being out of reach for the reason it is there.

    1e10 CCZ at 1e-3 need distance 29, its code ends at 25; 4e10 T states in 1e-2 need an error of
    2.5e-13 each, and cultivation ends at 4e-11.
    """
    assert Answer(HUGE, 1e-3, 1e-2, 0.0).distance == 29
    assert Answer(HUGE, 1e-4, 1e-2, 0.0).states * simulations()[:, 3].min() > 1e-2


def test_the_yoked_row_of_qdk_qre():
    """Breaking it means: depth, tiles or the patches of two-dimensional yoked storage left qdk.qre.

    200 qubits compute at distance 11; 800 = 25 x 32 are stored on 27 x 34 patches of distance 7.
    3e7 reads and writes add three steps a pair. Fourteen round-based factories of 3,220 qubits, or
    nine of 4,820 at half the pace.
    """
    counts = {**LARGE, "numComputeQubits": 200}
    ours = Answer(counts, 1e-4, 1 / 3, 5.63e-11)
    cold = 27 * 34 * (2 * 7**2 - 1)
    steps = ours.depth + 3 * 30_000_000
    assert ours.distance == 11
    assert steps * 11 * CYCLE_NS == 11_998_525_000_000
    assert 2 * steps * 11 * CYCLE_NS == 23_997_050_000_000
    assert ours.data() + cold + 14 * 3_220 == 240_407
    assert ours.data() + cold + 9 * 4_820 == 238_707


def test_the_error_that_qdk_qre_reports():
    """Breaking it means: the error of a patch and step, or of a T state, is summed otherwise."""
    ours = Answer(SMALL, 1e-3, 1e-2, 1.4e-10)
    patch = LOGICAL_ERROR(physical_error=1e-3, distance=17, **CODE)
    assert ours.tiles * ours.depth * patch + 10**6 * 1.4e-10 == pytest.approx(0.00704, abs=5e-9)
