"""Solvers over condition numbers: counts by hand, and where curves cross."""

import math

import numpy as np
import pytest

from qres.errors import InputError
from qres.explore.crossover import find_crossovers, solver_curves
from qres.pricing.record import SolverCurve

KAPPAS = np.array([2.0, 4.0, 100.0])


def curves(**options):
    return {item.solver: item for item in solver_curves(KAPPAS, **{"epsilon": 0.01, **options})}


def test_shortcut_by_hand():
    # 4 guesses, ln(100)/4 = 1.15129 apart: S = (.854474 + .344754 + .112114 + .035554)/4 = .336724,
    # the means of 1/cosh at .57565, 1.72694, 2.87823, 4.02952; flag .97 S^2 = .109982
    # 100 ln(2 + 4/(.01 S)) = 708.16, 2L = 710 with L odd; repeated: 710/.109982 = 6455.6
    assert curves()["shortcut"].queries[2] == pytest.approx(6455.63, rel=1e-5)


def test_known_norm_by_hand():
    # 100 ln(2 + 2 sqrt 2 / 0.01) = 100 ln 284.8427 = 565.19, 2L = 566; repeated: 566/.966
    assert curves()["shortcut-known-norm"].queries[2] == pytest.approx(585.9213, abs=1e-4)


@pytest.mark.parametrize("name", ["qsvt-cks", "qsvt-minimax"])
def test_twice_xi_is_four_times_the_runs_of_a_polynomial(name):
    once, twice = (curves(xi=xi)[name].queries[2] for xi in (1.0, 2.0))
    assert twice == pytest.approx(4 * once)


def test_a_theorem_that_says_nothing_has_no_number():
    known = np.isfinite(curves()["jennings-v1"].queries)
    assert known.tolist() == [False, True, True]  # from sqrt(12) on
    assert not np.isfinite(curves(epsilon=0.3)["jennings-v1"].queries).any()  # to 0.24


@pytest.mark.parametrize(
    ("kappas", "options"),
    [
        (KAPPAS, {"epsilon": 1.0}),
        (KAPPAS, {"epsilon": 0.01, "xi": 3.0}),
        (KAPPAS, {"epsilon": 0.01, "xi": 0.5}),
        (KAPPAS[::-1], {"epsilon": 0.01}),
        ([1.0, math.nan], {"epsilon": 0.01}),
    ],
)
def test_what_is_out_of_range_is_refused(kappas, options):
    with pytest.raises(InputError, match="solvers: needs"):
        solver_curves(kappas, **options)


def curve(name, queries):
    return SolverCurve(solver=name, kind="proven", queries=np.array(queries))


def test_powers_cross_where_they_are_equal():
    kappas = np.array([1.0, 4.0, 16.0, 64.0])
    linear, square = curve("linear", 10 * kappas), curve("square", kappas**2)
    ((where, before, after),) = find_crossovers(kappas, [linear, square])
    assert (before, after) == ("square", "linear")
    assert where == pytest.approx(10.0)  # 10 k = k^2


def test_a_theorem_that_begins_takes_the_lead_where_it_holds():
    kappas = [1.0, 2.0, 4.0]
    found = find_crossovers(
        kappas, [curve("old", [9, 9, 9]), curve("new", [math.nan, math.nan, 1])]
    )
    assert found == ((pytest.approx(4.0), "old", "new"),)


def test_a_theorem_that_ends_leads_as_far_as_it_holds():
    found = find_crossovers(
        [1.0, 2.0, 4.0], [curve("old", [1, 1, math.nan]), curve("new", [9, 9, 9])]
    )
    assert found == ((pytest.approx(2.0), "old", "new"),)


def test_curves_that_do_not_cross_have_none():
    assert find_crossovers([1.0, 2.0], [curve("a", [1, 2]), curve("b", [2, 3])]) == ()
