"""Published rows of surface-code models; each says what breaking it means."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qres.logical.record import LogicalCost
from qres.physical.beverland import t_per_rotation, t_states, time_steps
from qres.physical.codes.rotated_surface import DISTANCE, LOGICAL_ERROR
from qres.physical.estimate import estimate_machine, physical_at
from qres.physical.factories.ccz2t import OUTPUT_ERROR, QUBITS
from qres.physical.layouts.fast import TILES as FAST_TILES
from qres.physical.machines import load_machine
from qres.physical.registry import find_code, find_factory

GIDNEY_FOWLER = {"physical_error": 1e-3, "threshold": 0.01, "prefactor": 0.1}
SPREADSHEET = LogicalCost(toffoli=10**8, t=10**8, rotations=0, logical_qubits=100, fail_prob=0.01)


def without_reaction(name, **changes):
    return replace(load_machine(name), reaction_time_s=0.0, **changes)


def test_logical_error_of_distance_27_is_1e_15():
    """Breaking it means: the exponent or a constant of the code changed (Fowler-Gidney)."""
    assert LOGICAL_ERROR(**GIDNEY_FOWLER, distance=27) == pytest.approx(1e-15, rel=1e-12, abs=0)
    assert DISTANCE(**GIDNEY_FOWLER, budget=1e-15) == 27
    assert DISTANCE(**GIDNEY_FOWLER, budget=np.array([1e-15, 0.9e-15])).tolist() == [27, 29]


def test_ccz2t_factory_by_hand():
    """Breaking it means: levels, cells or footprint of Gidney-Fowler's factory changed."""
    # p_L(7) = 1e-5, p_L(15) = 1e-9, p_L(31) = 1e-17
    level_0 = 1e-3 + 100 * 1e-5
    level_1 = 1100 * 1e-9 + 35 * level_0**3
    level_2 = 1000 * 1e-17 + 28 * level_1**2
    error = OUTPUT_ERROR(**GIDNEY_FOWLER, distance_1=15, distance_2=31)
    assert error == pytest.approx(level_2, rel=1e-12, abs=0)
    assert QUBITS(distance_1=15, distance_2=31) == 6 * 64 * 225 + 64 * 961 == 147_904


def test_gidney_fowler_spreadsheet():
    """Breaking it means: the whole Gidney-Fowler model moved (published: 0.84 %, 7.53 h)."""
    machine = without_reaction("superconducting-1e-3")
    cost = physical_at(SPREADSHEET, machine, distance=29, factory="ccz2t", sizes=(15, 31))
    assert cost.fail_prob == pytest.approx(0.0084069, abs=5e-8)
    assert cost.physical_qubits == 400_204
    assert cost.runtime_s / 3600 == pytest.approx(7.53, abs=5e-3)
    smaller = physical_at(SPREADSHEET, machine, distance=27, factory="ccz2t", sizes=(15, 31))
    assert smaller.fail_prob > 0.01


def test_gidney_fowler_grid_search():
    """Breaking it means: the search for the smallest qubits x time misses Qualtran's optimum."""
    machine = without_reaction("superconducting-1e-3", max_factories=1)
    cost = estimate_machine(replace(SPREADSHEET, fail_prob=0.1), machine, "volume")
    assert (cost.factory, cost.distance) == ("ccz2t d1=15 d2=23", 25)
    assert cost.fail_prob == pytest.approx(0.0636860, abs=5e-8)


def test_one_factory_takes_170_us_per_toffoli():
    """Breaking it means: factory cycles changed (Babbush et al. 2021 use 170 us)."""
    machine = without_reaction("superconducting-1e-3")
    job = replace(SPREADSHEET, t=0)
    cost = physical_at(job, machine, distance=29, factory="ccz2t", sizes=(15, 31))
    assert cost.runtime_s / 1e8 == pytest.approx(170e-6, rel=0.01, abs=0)


LITINSKI = [
    # sizes, p, error, qubits (published to ten), cycles
    ((7, 3, 3), 1e-4, "4.4e-08", 810, 18.1),
    ((9, 3, 3), 1e-4, "9.3e-10", 1150, 18.1),
    ((11, 5, 5), 1e-4, "1.9e-11", 2070, 30.0),
    ((17, 7, 7), 1e-3, "4.5e-08", 4620, 42.6),
]


@pytest.mark.parametrize(("sizes", "p", "error", "qubits", "cycles"), LITINSKI)
def test_litinski_15_to_1(sizes, p, error, qubits, cycles):
    """Breaking it means: the noise of the 15-to-1 circuit changed (Litinski 2019, table 1)."""
    machine = replace(load_machine("superconducting-1e-4"), physical_error=p, prefactor=0.1)
    table = find_factory("fifteen-to-one").tabulate(
        machine, find_code("rotated-surface"), np.array([sizes])
    )
    assert f"{table.error[0]:.1e}" == error
    assert round(table.qubits[0], -1) == qubits
    assert table.cycles[0] == pytest.approx(cycles, abs=0.051)


BEVERLAND = [
    # Q, T, R, Toffoli, measurements, D_R, eps | T/rotation, C_min, d, T states | published
    (100, 0, 30_100, 0, 1_400_000, 501, 1e-3, 20, 1_440_120, 11, 602_000, 1.5e6, 6.02e5),
    (1318, 55_300_000, 206_000_000, 135_000_000_000, 1_370_000_000, 205_000_000, 1e-2,
     25, 411_756_300_000 , 17, 545_205_300_000, 4.1e11, 5.44e11),
    (12581, 12, 12, 3_730_000_000, 1_080_000_000, 12, 1 / 3,
     9, 12_270_000_132, 13, 14_920_000_120, 1.23e10, 1.49e10),
]  # fmt: skip


@pytest.mark.parametrize("row", BEVERLAND, ids=["ising", "chemistry", "rsa"])
def test_beverland_rows(row):
    """Breaking it means: D3, D4 or the fast block of Beverland et al. changed."""
    qubits, t, rotations, toffoli, measurements, depth, epsilon, *expected = row
    per_rotation, steps, distance, states, published_steps, published_states = expected
    gates = {"rotations": rotations, "t": t, "toffoli": toffoli, "epsilon": epsilon}
    assert t_per_rotation(rotations, epsilon) == per_rotation
    found = time_steps(measurements=measurements, rotation_depth=depth, **gates)
    assert found == steps
    assert found == pytest.approx(published_steps, rel=0.05)
    assert t_states(**gates) == states
    assert states == pytest.approx(published_states, rel=0.01)
    budget = epsilon / 3 / (FAST_TILES(logical_qubits=qubits) * steps)
    machine = {"physical_error": 1e-4, "threshold": 0.01, "prefactor": 0.03}
    assert DISTANCE(**machine, budget=budget) == distance


def test_beverland_cycle_is_400_ns():
    """Breaking it means: the gate-based round of 4 gates and 2 measurements changed."""
    cycle = load_machine("superconducting-1e-4").cycle_time_s
    assert cycle == pytest.approx(4 * 50e-9 + 2 * 100e-9, rel=1e-12, abs=0)


def test_femoco_thc_with_four_factories():
    """Breaking it means: several factories no longer divide the cycles (THC FeMoco, 2020)."""
    job = LogicalCost(toffoli=6_665_400_000, t=0, rotations=0, logical_qubits=696, fail_prob=0.01)
    machine = without_reaction("superconducting-1e-3", max_factories=4)
    cost = estimate_machine(job, machine, "runtime")
    assert cost.n_factories == 4
    assert 2 < cost.runtime_s / 86400 < 5
    assert 1e6 < cost.physical_qubits < 5e6
