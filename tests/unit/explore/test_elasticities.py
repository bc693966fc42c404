"""Elasticities of costs that were differentiated by hand."""

import math

import pytest
import sympy

from qres.algorithms.record import Job, Share, Stage, Unit
from qres.classical.devices import load_device
from qres.config.record import ErrorTarget
from qres.errors import InputError
from qres.explore.elasticities import elasticities
from qres.notation.formula import define
from qres.notation.named import ceil_log2
from qres.notation.quantity import Quantity
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

ERROR = ErrorTarget(total=0.2, fail_prob=0.05, target="weights")
KAPPA, COPIES, DIM, SHARE = symbols("kappa_eff copies dim share_readout")


def job(cost, *, definitions=(), shares=(), **values):
    stage = Stage(
        name="all",
        calls=1,
        unit=Unit(toffoli=cost, qubits=10),
        kind="exact",
        source=derived("this test"),
        meaning="all of it",
    )
    known = {"fail_logical": 0.05, **values}
    return Job(
        name="toy",
        stages=(stage,),
        values={name: Quantity(value=value, kind="given") for name, value in known.items()},
        definitions=definitions,
        shares=shares,
        failures=("fail_logical",) if shares else (),
    )


def powers(toy, **options):
    rows = elasticities(toy, ERROR, None, load_device("h200"), **options)
    return {row.symbol: row.magic_states for row in rows}


def test_a_product_of_powers_has_its_exponents():
    found = powers(job(COPIES * KAPPA**2 / sympy.sqrt(DIM), copies=7, kappa_eff=130.0, dim=50))
    assert found == pytest.approx({"kappa_eff": 2.0, "copies": 1.0, "dim": -0.5}, abs=1e-12)
    assert list(found) == ["kappa_eff", "copies", "dim"]  # the largest first


def test_a_term_beside_another_has_its_share():
    # f = 1 + x at x = 1: x f'/f = 1/2, and (1 + sqrt 2)/(1 + 1/sqrt 2) = sqrt 2 = 2^(1/2) as well
    assert powers(job(1 + KAPPA, kappa_eff=1.0))["kappa_eff"] == pytest.approx(0.5, abs=1e-12)


def test_queries_of_a_solver_by_hand():
    # Q = 112 k + 5.56 ln^3 k: k Q'/Q = (112 k + 3 * 5.56 ln^2 k)/Q
    k, logarithm = 1000.0, math.log(1000)
    by_hand = (112 * k + 16.68 * logarithm**2) / (112 * k + 5.56 * logarithm**3)
    assert by_hand == pytest.approx(0.9909, abs=1e-4)
    toy = job(112 * KAPPA + sympy.Rational(139, 25) * sympy.log(KAPPA) ** 3, kappa_eff=k)
    assert powers(toy)["kappa_eff"] == pytest.approx(by_hand, abs=2e-5)


@pytest.mark.parametrize("size", [5, 7, 8, 100])
def test_a_staircase_has_its_mean_slope(size):
    assert powers(job(2 ** ceil_log2(DIM), dim=size))["dim"] == pytest.approx(1.0, abs=1e-12)


def test_a_defined_symbol_keeps_what_it_is_made_of():
    definition = define("toy.kappa_eff", "a square", COPIES**2, derived("this test"))
    toy = job(KAPPA * COPIES, definitions=(definition,), copies=3)
    assert powers(toy) == pytest.approx({"copies": 3.0})
    assert powers(toy, symbols=["kappa_eff", "copies"]) == pytest.approx(
        {"copies": 3.0, "kappa_eff": 1.0}
    )


def test_the_total_error_moves_what_is_left_of_it():
    # share = total - 0.05, cost = 1/share^2, from 0.2/sqrt 2 to 0.2 sqrt 2:
    # -2 log2(0.232843/0.091421) = -2.6975; the derivative itself is -2 * 0.2/0.15 = -2.667
    shares = (
        Share(name="eps_readout", symbol="share_readout", value="share_readout"),
        Share(name="eps_model", decided=0.05, kind="measured"),
    )
    found = powers(job(1 / SHARE**2, shares=shares, share_readout=0.15))
    assert found == pytest.approx({"error.total": -2.6975}, abs=1e-4)


def test_a_probability_stays_below_one():
    toy = job(1 / symbol("success_prob") ** 3, success_prob=0.9)
    assert powers(toy)["success_prob"] == pytest.approx(-3.0)
    # at 1 the span is 1/2 .. 1: 1/(2 - p) goes from 2/3 to 1
    full = job(1 / (2 - symbol("success_prob")), success_prob=1.0)
    assert powers(full)["success_prob"] == pytest.approx(math.log2(1.5))


def test_a_cost_that_ends_has_no_elasticity():
    found = powers(job(sympy.Max(0, KAPPA - 10), kappa_eff=11.0))
    assert found == {"kappa_eff": None}


def test_zeros_are_left_out_and_refused_by_name():
    toy = job(COPIES + DIM, copies=0, dim=5)
    assert list(powers(toy)) == ["dim"]
    with pytest.raises(InputError, match="copies is 0, which has no logarithm"):
        powers(toy, symbols=["copies"])


def test_an_unknown_symbol_gets_the_nearest():
    with pytest.raises(InputError, match=r"unknown symbol 'copes'.*copies"):
        powers(job(COPIES, copies=3), symbols=["copes"])
