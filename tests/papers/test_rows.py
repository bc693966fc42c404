"""Rows of the science sheets, for the formulas that exist.

Each row is written as the sheet prints it; beside it stands the arithmetic, in plain Python, from
the sheet's formula. A row that breaks means that a published number is no longer reproduced.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import qres
from qres.measurement.dissipation import find_growth, sum_growth


def near(value, rel=1e-12):
    return pytest.approx(value, rel=rel, abs=0)


# ------------------------------------------------------------------ solver


def shortcut(kappa, eps):
    """3.4, Eq. (48)."""
    logarithm = math.log(math.sqrt(1 - eps**2) / eps)
    return 56.0 * kappa + 1.05 * kappa * logarithm + 2.78 * math.log(kappa) ** 3 + 3.17


@pytest.mark.parametrize(
    ("kappa", "eps", "queries"), [(1e2, 1e-2, 6358.22), (1e2, 1e-10, 8292.39), (1e4, 1e-6, 707238)]
)
def test_shortcut(kappa, eps, queries):
    """3.8, column Dalzell (48). Breaking it means: a constant of Eq. (48) moved."""
    found = qres.formula("solver.shortcut.matrix_queries")(kappa_eff=kappa, epsilon=eps)
    assert found == near(queries, 2e-3)
    assert found == near(shortcut(kappa, eps))
    states = qres.formula("solver.shortcut.state_queries")(kappa_eff=kappa, epsilon=eps)
    assert states == near(2 * shortcut(kappa, eps)), "U_b is no longer used twice as often as U_A"


def test_shortcut_run():
    """Section 17, solver_run(400, .01), Markov. Breaking it means: one run is not 2 x expected."""
    found = qres.formula("solver.shortcut.matrix_queries")(kappa_eff=400, epsilon=0.01)
    assert 2 * found == pytest.approx(49870.4829, abs=5e-5)
    assert 4 * found == pytest.approx(99740.9657, abs=5e-5)


def test_shortcut_known_digits_over_arrays():
    """Breaking it means: arrays and scalars are no longer one formula."""
    kappas = np.array([1e2, 1e4, 4e2])
    found = qres.formula("solver.shortcut.matrix_queries")(kappa_eff=kappas, epsilon=1e-2)
    assert found == near([shortcut(kappa, 1e-2) for kappa in kappas])


# ------------------------------------------------------------------ look-ups


def blocks(entries):
    return [2**k for k in range(entries.bit_length()) if 2**k <= entries]


def test_lookups_of_ten_million_entries():
    """6.2, N = 1e7, b = 16. Breaking it means: a convention of the look-up was changed or mixed."""
    size = {"entries": 10**7, "bitsize": 16}
    assert qres.formula("access.qroam-berry.toffoli")(**size) == 26_134
    assert qres.formula("access.qroam.toffoli")(**size) == 26_132
    assert qres.formula("access.qroam.toffoli")(**size, block=1024) == 26_132
    assert qres.formula("access.qroam-adjoint.toffoli")(**size) == 6_534
    assert qres.formula("access.qroam-adjoint.toffoli")(**size, block=4096) == 6_534
    assert qres.formula("access.qrom.toffoli")(**size) == 10**7 - 2
    # (K-1) b junk and ceil(log2 ceil(N/K)) = ceil(log2 9766) = 14 of unary iteration, K = 1024.
    assert qres.formula("access.qroam.ancillas")(**size) == 1023 * 16 + 14


@pytest.mark.parametrize("bitsize", [1, 7, 16, 40])
@pytest.mark.parametrize("entries", [2, 3, 24, 1000, 4097, 160_000, 10**9 + 7])
def test_lookups_are_exhaustive_searches(entries, bitsize):
    """Breaking it means: the search misses the best power of two, or the ceil went outside."""
    size = {"entries": entries, "bitsize": bitsize}
    rows = [math.ceil(entries / block) for block in blocks(entries)]
    swaps = [(block - 1) * bitsize for block in blocks(entries)]
    berry = min(row + swap for row, swap in zip(rows, swaps, strict=True))
    circuit = min(max(0, row - 2) + swap for row, swap in zip(rows, swaps, strict=True))
    adjoint = min(max(0, row + block - 4) for row, block in zip(rows, blocks(entries), strict=True))
    assert qres.formula("access.qroam-berry.toffoli")(**size) == berry
    assert qres.formula("access.qroam.toffoli")(**size) == circuit
    assert qres.formula("access.qroam-adjoint.toffoli")(**size) == adjoint


# ------------------------------------------------------------------ read-out and amplification

TOMOGRAPHY = [  # section 5: d, eps, KP proven, Prop. 4 per family (delta = .01), Prop. 4 total
    (1e6, 0.1, "6.96e+11", "1.17e+11", "2.33e+11"),
    (1e7, 0.1, "8.12e+12", "1.30e+12", "2.60e+12"),
    (1e7, 0.01, "8.12e+14", "1.29e+14", "2.59e+14"),
    (1e8, 0.01, "9.28e+15", "1.43e+15", "2.85e+15"),
]


@pytest.mark.parametrize(("dim", "eps", "kerenidis", "family", "both"), TOMOGRAPHY)
def test_tomography(dim, eps, kerenidis, family, both):
    """Section 5, scale table. Breaking it means: copies per family and in total were mixed up."""
    sampling = qres.formula("readout.tomography-l2-sampling.copies")
    copies = sampling(dim=dim, epsilon=eps, fail_prob=0.01)
    own = 57.5 * dim * math.log(6 * dim / 0.01) / (eps**2 * (1 - eps**2 / 4))
    assert copies == near(own, 1e-9)
    assert (f"{copies:.2e}", f"{2 * copies:.2e}") == (family, both)
    proven = qres.formula("readout.tomography-kp.copies")(dim=dim, epsilon=eps)
    assert proven == near(504 * dim * math.log(dim) / eps**2, 1e-9)
    assert f"{proven:.2e}" == kerenidis
    assert 2.6 <= proven / (2 * copies) <= 3.3, "the ratio that the sheet states"
    coherent = qres.formula("readout.tomography-l2-coherent.copies")
    assert coherent(dim=dim, epsilon=eps, fail_prob=0.01) == near(
        dim / eps * math.log(dim / 0.01), 1e-9
    )


def test_exact_amplification():
    """Section 17, aa_invocations, and 3.6. Breaking it means: rounds and invocations mixed up."""
    probabilities = np.array([1, 0.5, 0.25, 0.1, 0.01, 1e-3])
    expected = [1, 3, 3, 5, 17, 51]
    found = qres.formula("amplify.exact.invocations")
    assert [found(success_prob=p) for p in probabilities.tolist()] == expected
    assert found(success_prob=probabilities).tolist() == expected
    rounds = qres.formula("amplify.exact.rounds")(success_prob=probabilities)
    assert rounds.tolist() == [0, 1, 1, 2, 8, 25]


@pytest.mark.parametrize("rounds", range(1, 60))
def test_exact_amplification_reaches_one(rounds):
    """Section 8. Breaking it means: the rounds found no longer suffice, or one is wasted.

    k rounds turn the angle asin sqrt P' by 2k + 1, so pi/2 is reached for P' above
    sin^2(pi/(2(2k+1))) and not below.
    """
    edge = math.sin(math.pi / (2 * (2 * rounds + 1))) ** 2
    found = qres.formula("amplify.exact.rounds")
    assert found(success_prob=edge * (1 + 1e-9)) == rounds
    assert found(success_prob=edge * (1 - 1e-9)) == rounds + 1


@pytest.mark.parametrize(
    ("prob", "relative"), [(0.5, 0.1), (0.22, 0.011), (0.01, 0.05), (0.9, 0.2)]
)
def test_estimate_rounds_meet_the_bound_exactly(prob, relative):
    """Sections 9 and 5 (BHMT). Breaking it means: an estimate is off by more than it promises."""
    eps = relative * prob

    def error(rounds):
        spread = math.sqrt(prob * (1 - prob))
        return 2 * math.pi * spread / rounds + math.pi**2 / rounds**2

    rounds = qres.formula("amplify.estimate.rounds")(success_prob=prob, epsilon=eps)
    assert error(rounds) <= eps < error(rounds - 1)


def test_estimate_repeats():
    """Section 11. Breaking it means: the median of the repeats fails more often than it promises."""
    wrong = 1 - 8 / math.pi**2

    def fails(repeats):
        most = range((repeats + 1) // 2, repeats + 1)
        ways = [math.comb(repeats, k) * wrong**k * (1 - wrong) ** (repeats - k) for k in most]
        return math.fsum(ways)

    for fail_prob in (0.3, 0.1, 0.05 / 6, 1e-4, 1e-9):
        found = qres.formula("amplify.estimate.repeats")(fail_prob=fail_prob)
        assert found % 2 == 1
        assert fails(found) <= fail_prob
        assert found == 1 or fails(found - 2) > fail_prob


# ------------------------------------------------------------------ lift and history matrix


def test_success_prob():
    """Section 17, P. Breaking it means: the probability of the wanted block left section 8."""
    found = qres.formula("history.success_prob")
    z = (0, 0.04, 0.09, 0.16)
    # S(z) = z + z^2 + z^3: .041664, .098829 and .189696 (the sheet cuts the last digit off).
    padded, plain = (
        found(z=z, truncation_order=3, padding=2),
        found(z=z, truncation_order=3, padding=0),
    )
    assert (padded, plain) == (
        pytest.approx(0.6764555420734, abs=1e-13),
        pytest.approx(0.4845709578453, abs=1e-13),
    )
    assert padded == near(3 * 0.16 / (0.041664 + 0.098829 + 3 * 0.189696))
    assert plain == near(0.16 / (0.041664 + 0.098829 + 0.189696))


GAMMAS = [  # section 17, history matrix: gamma, m, p, alpha_M, P
    (0.3, 3, 20, 1.780360, 0.281785),
    (0.3, 1, 20, 1.636000, 0.281785),
    (0.3, 2, 20, 1.770832, 0.281785),
    (0.3, 3, 0, 1.780360, 0.046729),
    (0.15, 3, 20, 2.227561, 0.046894),
    (0.6, 3, 20, 1.618096, 0.558098),
]


@pytest.mark.parametrize(("gamma", "order", "padding", "alpha", "prob"), GAMMAS)
def test_one_parameter_history(gamma, order, padding, alpha, prob):
    """Section 17. Breaking it means: rescaling, or the alpha of the lift, changed its meaning."""
    steps = [0.0]
    for _ in range(20):
        u = steps[-1]
        steps.append(u + 0.1 * (-0.3 - u - 0.4 * u**2))
    assert steps[-1] == pytest.approx(-0.2815316143524, abs=5e-14)
    found = qres.formula("carleman.alpha")(
        truncation_order=3, map_order=order, learning_rate=0.1, alphas=(0.3 / gamma, 1, 0.4 * gamma)
    )
    assert found == pytest.approx(alpha, abs=5e-7)
    z = [(u / gamma) ** 2 for u in steps]
    success = qres.formula("history.success_prob")(z=z, truncation_order=3, padding=padding)
    assert success == pytest.approx(prob, abs=5e-7)


@pytest.mark.parametrize(("order", "alpha"), [(1, 2.6), (2, 3.56), (4, 3.8416)])
def test_alpha_of_the_lift(order, alpha):
    """Section 17, alpha_M. Breaking it means: terms of the lift are added over j, or I is lost."""
    found = qres.formula("carleman.alpha")(
        truncation_order=4, map_order=order, learning_rate=0.1, alphas=(0.5, 2, 1.5)
    )
    assert found == near(alpha)


def test_alpha_at_truncation_order_one_ignores_the_forcing():
    """Section 5. Breaking it means: F_0 is charged twice, here and in the right-hand side."""
    found = qres.formula("carleman.alpha")
    arguments = {"truncation_order": 1, "map_order": 1, "learning_rate": 0.1}
    assert found(**arguments, alphas=(7.0, 2.0)) == near(1.2)
    assert found(**arguments, alphas=(0.0, 2.0)) == near(1.2)


@pytest.mark.parametrize(
    ("eigenvalue", "total"), [(-0.1, "66.1078"), (0, "51"), (1, "9.95362"), (30, "2.2518e+15")]
)
def test_growth_sum(eigenvalue, total):
    """Section 17, plain descent, T = 50, eta = .1. Breaking it means: S_T has T or T + 2 terms."""
    growth = find_growth(eigenvalue, eigenvalue, 0.1)
    own = math.fsum(growth**t for t in range(51))
    digits = 5 if "e" in total else 6
    assert f"{own:.{digits}g}" == total
    assert sum_growth(growth, 50) == near(own)
    # At N = 1 and without padding the bound on the inverse is S_T.
    found = qres.formula("history.inverse_norm")(growth=growth, n_steps=50, padding=0)
    assert found == near(own)


@pytest.mark.parametrize("padding", [0, 1, 4, 7, 20])
@pytest.mark.parametrize("growth", [0.0, 0.3, 0.999, 1.0, 1.0000001, 1.05, 3.0])
def test_inverse_norm(growth, padding):
    """Section 6 at N = 1. Breaking it means: the window max(0,d-p) <= k <= min(d,T) moved."""
    steps = 7
    window = [range(max(0, d - padding), min(d, steps) + 1) for d in range(steps + padding + 1)]
    expected = math.fsum(max(growth**k for k in ks) for ks in window)
    found = qres.formula("history.inverse_norm")(growth=growth, n_steps=steps, padding=padding)
    assert found == near(expected)


# ------------------------------------------------------------------ tables and rotations


def test_tabulation():
    """Sections 2 and 17. Breaking it means: F_1 or F_2 is written down with other products."""
    found = qres.formula("tabulate.dense.gradients")
    assert found(n_active=414) == 259_579
    assert found(n_active=414, degree=1) == 1 + 3 * 414
    assert found(n_active=10**7, degree=1) == 30_000_001
    assert f"{found(n_active=10**7):.1e}" == "1.5e+14"


def test_rotations():
    """6.5, eps = 1e-6. Breaking it means: intercept or slope of a synthesis rule moved."""
    # .53 log2(1e6) + 5.3 = 15.86; 3 log2(1e6) = 59.79
    assert qres.formula("rotation.mixed-fallback.t")(epsilon=1e-6) == 16
    assert qres.formula("rotation.ross-selinger.t")(epsilon=1e-6) == 60
    for eps in (1e-3, 3e-7, 2e-15):
        mixed = math.ceil(0.53 * math.log2(1 / eps) + 5.3)
        assert qres.formula("rotation.mixed-fallback.t")(epsilon=eps) == mixed
        unitary = math.ceil(3 * math.log2(1 / eps))
        assert qres.formula("rotation.ross-selinger.t")(epsilon=eps) == unitary


ROUNDED = 2.1e-6
"""Half a unit in the sixth digit, the last that the sheet prints, of 2406.56."""


@pytest.mark.parametrize(
    ("kappa", "epsilon", "queries"),
    [(1e2, 1e-2, 564.489), (1e2, 1e-10, 2406.56), (1e4, 1e-6, 148552.3)],
)
def test_shortcut_with_known_norm(kappa, epsilon, queries):
    """Section 3.8, column known-norm. Breaking it means: the price of a known norm moved."""
    found = qres.formula("solver.shortcut-known-norm.matrix_queries")
    assert found(kappa_eff=kappa, epsilon=epsilon) == pytest.approx(queries, rel=ROUNDED)
    states = qres.formula("solver.shortcut-known-norm.state_queries")
    assert states(kappa_eff=kappa, epsilon=epsilon) == pytest.approx(2 * queries, rel=ROUNDED)


def test_one_run_with_known_norm():
    """Section 17, solver_run(kappa_eff = 400, eps = .01): 2257.9564 and 4515.9128.

    The circuit has 2L uses with L odd, kappa ln(2 + 2 sqrt(2)/eps) = 400 ln 284.8427 = 2260.775 or
    more: L = 1131, two right-hand sides with each and one at the start; its flag is up with at least
    (.99/(1 + .01/sqrt 2))^2 = (.99/1.0070711)^2 = .96638, taken as .966. Unknown norm: ln 400 = 5.9915,
    so 4 guesses, S = (sech .7489 + sech 2.2468 + sech 3.7447 + sech 5.2425)/4 =
    (.772913 + .209136 + .047261 + .010573)/4 = .259971; 400 ln(2 + 4/(.01 S)) = 400 ln 1540.63 =
    2935.98, L = 1469; flag .97 S^2 = .065557.
    """
    from qres.algorithms.solvers.base import solver
    from qres.notation.compiled import compile_exact
    from qres.notation.symbols import symbol

    inputs = tuple(symbol(name) for name in ("kappa_eff", "epsilon"))
    known, plain = solver("shortcut-known-norm"), solver("shortcut")
    point = {"kappa_eff": 400, "epsilon": 0.01}
    assert known.matrix_queries(**point) == pytest.approx(2257.9564, rel=1e-7)
    assert known.state_queries(**point) == pytest.approx(4515.9128, rel=1e-7)
    assert float(known.flag_prob) == 0.966
    assert compile_exact(inputs, known.run_queries)(400, 0.01) == 2 * 1131
    uses = symbol("matrix_queries")
    assert known.state_queries_of(uses).subs(uses, 2262) == 2 * 2262 + 1
    assert compile_exact(inputs, plain.run_queries)(400, 0.01) == 2 * 1469
    flag = compile_exact(inputs, plain.flag_prob)(400, 0.01)
    assert flag == pytest.approx(0.065557, rel=1e-5)
