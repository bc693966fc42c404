"""Printed rows of the finite-horizon mathematics of the lift.

Section numbers: the derivation of the training pipeline. What can be computed from the scalar recurrence
itself is computed here a second way, by polynomials and a dense history matrix.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.polynomial import polynomial as poly

import qres
from qres.algorithms.carleman.certificate import certify, linear_block, map_bounds
from qres.algorithms.carleman.describe import describe_lift
from qres.algorithms.carleman.majorant import closed_bound, finite_horizon_ratio
from qres.errors import HypothesisError, InputError

BOUND = qres.formula("carleman.truncation_bound")
STEPS = qres.formula("carleman.segment_steps")


# ------------------------------------------------------------------ the a-priori majorant, 4.2


@pytest.mark.parametrize(
    ("phi", "x0", "n_steps", "row"),
    [
        (
            (0.02, 0.98, 0.01),
            0,
            30,
            (2.0883394846e-2, 7.7881352452e-4, 2.7060180094e-5, 8.9788485958e-7, 9.039446689e-10),
        ),
        (
            (0.02, 1.01, 0.005),
            0,
            40,
            (6.4908265679e-2, 3.4915438605e-3, 1.7536541700e-4, 8.4310215446e-6, 1.7893008405e-8),
        ),
        (
            (0.1, 1.05, 0.02),
            0,
            12,
            (1.8680880429e-1, 1.4921248726e-2, 1.0444015924e-3, 6.6143242293e-5, 2.1494078648e-7),
        ),
        (
            (0, 0.9, 0.02, 0.01),
            1,
            15,
            (6.2498519896e-2, 2.6165192381e-2, 8.7359346125e-3, 3.4081551932e-3, 4.8110495632e-4),
        ),
    ],
)
def test_truncation_bound(phi, x0, n_steps, row):
    """17, truncation_bound, N = 1, 2, 3, 4, 6."""
    found = [BOUND(phi=phi, x0=x0, truncation_order=n, n_steps=n_steps) for n in (1, 2, 3, 4, 6)]
    assert found == pytest.approx(row, rel=1e-9)


def test_truncation_bound_without_forcing():
    found = [
        BOUND(phi=(0, 0.9, 0.03), x0=1, truncation_order=order, n_steps=20) for order in (2, 4, 8)
    ]
    assert found == pytest.approx((1.3232813086e-2, 9.1888822537e-4, 4.0201071126e-6), rel=1e-9)


def test_truncation_bound_overflows_to_infinity():
    assert BOUND(phi=(0.1, 1.5, 1), x0=0, truncation_order=3, n_steps=50) == math.inf


def test_one_step_by_hand():
    """phi(x) = 1/10 + x + x^2/5, x_0 = 1/2, N = 1: the lift keeps 1/10 + x, so E_1(1) = 1/20.

    Second step: phi(phi(1/2)) = phi(13/20) = 1/10 + 13/20 + 169/2000 = 1669/2000, the lift gives
    1/10 + (1/10 + 1/2) = 7/10, so E_1(2) = 269/2000.
    """
    found = [
        BOUND(phi=(0.1, 1, 0.2), x0=0.5, truncation_order=1, n_steps=steps) for steps in (1, 2)
    ]
    assert found == pytest.approx((1 / 20, 269 / 2000), rel=1e-14)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_truncation_bound_is_the_difference_of_the_definition(order):
    """phi^oT(x_0) - y_1(T) in exact rationals, where nothing can cancel."""
    phi = [Fraction(1, 50), Fraction(11, 10), Fraction(1, 20), Fraction(1, 100)]
    table = [[Fraction(1)]]
    for _ in range(order):
        row = [Fraction(0)] * (len(table[-1]) + 3)
        for i, a in enumerate(table[-1]):
            for k, g in enumerate(phi):
                row[i + k] += a * g
        table.append(row)
    x = Fraction(1, 3)
    y = [x**j for j in range(order + 1)]
    for _ in range(6):
        x = sum(g * x**k for k, g in enumerate(phi))
        y = [sum(a * b for a, b in zip(row, y, strict=False)) for row in table]
    found = BOUND(
        phi=[float(g) for g in phi], x0=float(Fraction(1, 3)), truncation_order=order, n_steps=6
    )
    assert found == pytest.approx(float(x - y[1]), rel=1e-12)


@pytest.mark.parametrize(
    ("phi", "order", "n_steps", "bound", "ratio", "closed"),
    [
        ((0, 1, 0.01), 4, 50, 0.10953598857, 0.5, 0.125),
        ((0, 1.05, 0.002), 8, 50, 6.983188e-3, 0.39875809, 1.2192471e-2),
        ((0, 0.9, 0.03), 8, 20, 4.0201071126e-6, 0.29280778, 9.2890999e-6),
        ((0, 0.9, 0.02, 0.01), 4, 15, 3.4081551932e-3, 0.83706424, 0.62037803),
    ],
)
def test_closed_form(phi, order, n_steps, bound, ratio, closed):
    """17, closed form of 4.3, x_0 = 1."""
    found = BOUND(phi=phi, x0=1, truncation_order=order, n_steps=n_steps)
    assert found == pytest.approx(bound, rel=1e-6)
    name = "carleman.finite_horizon_ratio"
    assert qres.formula(name)(phi=phi, x0=1, n_steps=n_steps) == pytest.approx(ratio, rel=1e-7)
    assert closed_bound(phi, 1.0, order, n_steps) == pytest.approx(closed, rel=1e-7)


def test_the_closed_form_asks_for_what_it_needs():
    with pytest.raises(HypothesisError, match="no forcing"):
        closed_bound((0.1, 0.9, 0.03), 1.0, 4, 20)
    with pytest.raises(HypothesisError, match="r_T < 1"):
        closed_bound((0, 1, 0.03), 1.0, 4, 50)
    with pytest.raises(InputError, match="g_1 > 0"):
        finite_horizon_ratio((0, 0, 0.1), 1.0, 5)


def test_longest_segments():
    """17: (.02, 1.01, .005), E_N <= 1e-3."""
    found = [
        STEPS(phi=(0.02, 1.01, 0.005), x0=0, truncation_order=n, tolerance=1e-3, max_steps=1000)
        for n in (1, 2, 3, 4, 6)
    ]
    assert found == [11, 32, 49, 61, 77]


def test_a_segment_of_no_step_and_of_all_steps():
    point = {"phi": (0.02, 1.01, 0.5), "x0": 1, "truncation_order": 1}
    assert STEPS(**point, tolerance=0.499, max_steps=10) == 0
    assert STEPS(**point, tolerance=0.501, max_steps=10) == 1
    assert STEPS(phi=(0, 0.9), x0=1, truncation_order=1, tolerance=0, max_steps=700) == 700


# ------------------------------------------------------------------ map order, 4.4


def lift_of(coefficients, order, map_order):
    """One step of the one-parameter lift: row j is the part of (x + D(x))^j with <= m factors D.

    Returns the matrix on columns 0..order, rows 0..order.
    """
    found = np.zeros((order + 1, order + 1))
    for j in range(order + 1):
        row = np.zeros(1)
        for i in range(min(j, map_order) + 1):
            part = poly.polypow([0.0, 1.0], j - i)
            row = poly.polyadd(
                row, math.comb(j, i) * poly.polymul(part, poly.polypow(coefficients, i))
            )
        kept = row[: order + 1]
        found[j, : len(kept)] = kept
    return found


def errors_of(coefficients, start, n_steps, order, map_order):
    """abs(y_1(T) - u_T) of the one-parameter recurrence u + D(u)."""
    matrix, u = lift_of(coefficients, order, map_order), start
    y = start ** np.arange(order + 1.0)
    for _ in range(n_steps):
        u = u + poly.polyval(u, coefficients)
        y = matrix @ y
    return abs(y[1] - u)


def logistic_path(coefficients, start, n_steps):
    found = [start]
    for _ in range(n_steps):
        found.append(found[-1] + poly.polyval(found[-1], coefficients))
    return np.array(found)


@pytest.mark.parametrize(
    ("ratio", "order", "row"),
    [
        (0.3, 4, (4.466371e-3, 8.626727e-4, 9.197252e-4, 9.188882e-4)),
        (0.3, 8, (3.584946e-3, 5.397870e-5, 5.056044e-6, 4.020107e-6)),
        (0.8, 8, (4.061804e-2, 2.302832e-2, 2.359016e-2, 2.356875e-2)),
    ],
)
def test_map_order_rows_are_covered_by_the_certificate(ratio, order, row):
    """17, map order m = 1, 2, 3, N. Breaking it means: the certificate is below an error."""
    coefficients = [0.0, -0.1, 0.1 * ratio]
    path = logistic_path(coefficients, 1.0, 20)
    for m, printed in zip((1, 2, 3, order), row, strict=True):
        assert errors_of(coefficients, 1.0, 20, order, m) == pytest.approx(printed, rel=2e-6)
        errors = certify(map_bounds(0.1, 1, 1, (0, 0, ratio), order, m), path)
        assert printed <= errors[-1, 0] * (1 + 2e-6)


def test_certificate_rows():
    """17: e_1(20), R = .3, N = 8, m = 1, 2, 3, 8."""
    path = logistic_path([0.0, -0.1, 0.03], 1.0, 20)
    found = [certify(map_bounds(0.1, 1, 1, (0, 0, 0.3), 8, m), path)[-1, 0] for m in (1, 2, 3, 8)]
    assert found == pytest.approx((8.617692e-3, 2.634293e-4, 1.254459e-5, 4.020107e-6), rel=1e-6)


@pytest.mark.parametrize(
    ("map_order", "row"),
    [
        (1, (7.8474e-3, 3.5805e-3, 1.7154e-3, 8.4014e-4)),
        (2, (2.7575e-4, 5.7951e-5, 1.3262e-5, 3.1617e-6)),
        (3, (9.9131e-6, 1.0501e-6, 1.3427e-7, 3.0897e-8)),
    ],
)
def test_floors_of_the_map(map_order, row):
    """17: R = .3, N = 12, eta T = 2; the certificate covers the floor and falls with it."""
    covered = []
    for eta, printed in zip((0.2, 0.1, 0.05, 0.025), row, strict=True):
        coefficients, n_steps = [0.0, -eta, 0.3 * eta], round(2 / eta)
        assert errors_of(coefficients, 1.0, n_steps, 12, map_order) == pytest.approx(
            printed, rel=1e-4
        )
        path = logistic_path(coefficients, 1.0, n_steps)
        step = map_bounds(eta, 1, 1, (0, 0, 0.3), 12, map_order)
        covered.append(certify(step, path)[-1, 0] / printed)
    assert all(1 <= factor < 60 for factor in covered)
    assert covered[-1] < 1.2 * covered[0]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((2, 1, 0.1, -0.5, 10), (1.1, 1)),
        ((3, 1, 0.1, -0.5, 10), (2, 2)),
        ((3, 2, 0.1, -0.5, 10), (1.1575, 1)),
        ((3, 3, 0.1, -0.5, 10), (1.157625, 0)),
        ((2, 1, 0.1, 0, 15), (2, 2.25)),
        # by hand: nothing kept, so all of g^3 = 1.05^3 is dropped; no factor at all is 1
        ((3, -1, 0.1, -0.5, 10), (0, 1.157625)),
        ((0, 0, 0.1, -0.5, 10), (1, 0)),
    ],
)
def test_linear_block(arguments, expected):
    """17, (h, d)."""
    assert linear_block(*arguments) == pytest.approx(expected, rel=1e-14)


# ------------------------------------------------------------------ history matrix, 6 and 8

FORCED = [0.1 * -0.3, 0.1 * -1.0, 0.1 * -0.4]
"""eta F_k of the printed system."""


def dense_history(gamma, order, map_order, padding):
    """(L, b) of the printed system, T = 20, built from the recurrence alone."""
    step = lift_of([f * gamma ** (k - 1.0) for k, f in enumerate(FORCED)], order, map_order)
    rows = 20 + padding + 1
    matrix, rhs = np.eye(rows * order), np.zeros(rows * order)
    for t in range(1, rows):
        block = step[1:, 1:] if t <= 20 else np.eye(order)
        here = slice(t * order, (t + 1) * order)
        matrix[here, (t - 1) * order : t * order] = -block
        rhs[here] = step[1:, 0] if t <= 20 else 0.0
    return matrix, rhs


ROWS = [
    (0.3, 3, 20, 1.780360, 1.9975, 22.7682, 45.4789, 2.0000, 37.2715, 0.281785, 0.293924, 0.269687, 1.290339),
    (0.3, 1, 20, 1.636000, 2.0008, 23.2901, 46.5986, 2.0067, 38.0836, 0.281785, 0.301357, 0.159951, 1.331985),
    (0.3, 2, 20, 1.770832, 1.9975, 22.7855, 45.5146, 2.0000, 37.2903, 0.281785, 0.293879, 0.263856, 1.291164),
    (0.3, 3, 0, 1.780360, 1.9915, 11.8427, 23.5847, 1.9995, 17.2715, 0.046729, 0.048028, 0.045391, 1.243272),
    (0.15, 3, 20, 2.227561, 2.161, 47.1217, 101.832, 2.1815, 85.6753, 0.046894, 0.052363, 0.042125, 1.144617),
    (0.6, 3, 20, 1.618096, 1.9953, 18.2751, 36.4637, 2.0000, 31.7508, 0.558098, 0.561521, 0.554334, 1.426138),
]  # fmt: skip
"""gamma, m, p, alpha_M, norm L, norm L^-1, kappa, both bounds, P, P truncated, P_low, xi."""


def lift_at(gamma, map_order, padding, order=3):
    path = np.abs(logistic_path(FORCED, 0.0, 20))
    return describe_lift(
        learning_rate=0.1,
        lambda_min=1.0,
        lambda_max=1.0,
        norms_unfolding=(0.3, 1.0, 0.4),
        norms_injective=(0.3, 1.0, 0.4),
        path=path,
        truncation_order=order,
        map_order=map_order,
        rescaling=gamma,
        padding=padding,
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}-{row[2]}")
def test_history_matrix_rows(row):
    """17, history matrix. The true norms are dense, ours are the bounds beside them."""
    gamma, m, padding, alpha, norm, inverse, kappa, high, high_inverse, p, p_cut, p_low, xi = row
    found, (matrix, rhs) = lift_at(gamma, m, padding), dense_history(gamma, 3, m, padding)
    values, x = np.linalg.svd(matrix, compute_uv=False), np.linalg.solve(matrix, rhs)
    assert (values[0], 1 / values[-1]) == pytest.approx((norm, inverse), rel=3e-5)
    assert values[0] / values[-1] == pytest.approx(kappa, rel=1e-5)
    assert (found.norm_l, found.linv) == pytest.approx((high, high_inverse), rel=3e-5)
    assert found.norm_l >= values[0]
    assert found.linv >= 1 / values[-1]
    assert found.success_prob == pytest.approx(p, rel=2e-5)
    assert found.success_prob_low == pytest.approx(p_low, rel=2e-5)
    blocks = x.reshape(-1, 3)
    assert (blocks[20:, 0] ** 2).sum() / (x**2).sum() == pytest.approx(p_cut, rel=2e-5)
    true_xi = np.linalg.norm(rhs) / np.linalg.norm(x) / values[-1]
    assert true_xi == pytest.approx(xi, rel=2e-6)
    assert found.source_norm == pytest.approx(np.linalg.norm(rhs), rel=1e-12)
    # the exact lift's norm instead of the truncated one's, and the bound instead of norm(L^-1)
    assert found.history_norm == pytest.approx(np.linalg.norm(x), rel=0.08)
    assert found.xi == pytest.approx(found.linv * found.source_norm / found.history_norm, rel=1e-14)
    alphas = [f * gamma ** (k - 1) for k, f in enumerate((0.3, 1.0, 0.4))]
    ours = qres.formula("carleman.alpha")(
        truncation_order=3, map_order=m, learning_rate=0.1, alphas=alphas
    )
    assert ours == pytest.approx(alpha, rel=1e-6)


def test_the_last_iterate_of_the_printed_system():
    assert logistic_path(FORCED, 0.0, 20)[-1] == pytest.approx(-0.2815316143524, rel=1e-12)


@pytest.mark.parametrize("gamma", [0.15, 0.3, 0.6])
def test_majorant_certificate_and_error_agree_where_all_signs_do(gamma):
    """17: N = 1..4 at m = N, every gamma; then m = 1, 2 at N = 3."""
    for order, printed in enumerate((1.8004611e-2, 9.6931283e-4, 4.9196846e-5, 2.3836618e-6), 1):
        found = lift_at(gamma, order, 20, order)
        assert found.truncation_apriori == pytest.approx(printed, rel=1e-7)
        assert found.e_final == pytest.approx(printed, rel=1e-7)
        assert errors_of(FORCED, 0.0, 20, order, order) == pytest.approx(printed, rel=1e-7)
        assert (found.eps_truncation, found.eps_map) == (found.e_final, 0)
    for m, error, certificate in ((1, 5.1039283e-4, 4.7253400e-3), (2, 5.1456007e-5, 9.1045756e-5)):
        assert errors_of(FORCED, 0.0, 20, 3, m) == pytest.approx(error, rel=1e-7)
        found = lift_at(gamma, m, 20)
        assert found.e_final == pytest.approx(certificate, rel=1e-7)
        assert found.eps_truncation == pytest.approx(4.9196846e-5, rel=1e-7)
        assert found.eps_map == pytest.approx(certificate - 4.9196846e-5, rel=1e-6)


def test_success_probability():
    """17, P; the momentum row by hand: S = .24 + .75, S(.8) = 1.44, P = 4 (.5)/(.99 + 5.76)."""
    prob = qres.formula("history.success_prob")
    z = (0, 0.04, 0.09, 0.16)
    assert prob(z=z, truncation_order=3, padding=2) == pytest.approx(0.6764555420734, rel=1e-12)
    assert prob(z=z, truncation_order=3, padding=0) == pytest.approx(0.4845709578453, rel=1e-12)
    found = prob(z=(0, 0.2, 0.5, 0.8), truncation_order=2, padding=3, z_read=0.5)
    assert found == pytest.approx(0.2962962963, rel=1e-9)
    assert found == pytest.approx(2 / 6.75, rel=1e-14)


def test_success_probability_of_large_numbers():
    """z = (1e200, 1e200), N = 2, p = 0: z/(2 z + 2 z^2) = 1/(2 z), though z^2 overflows."""
    found = qres.formula("history.success_prob")(z=(1e200, 1e200), truncation_order=2, padding=0)
    assert found == pytest.approx(0.5e-200, rel=1e-12, abs=0)


def test_more_cannot_be_read_than_there_is():
    prob = qres.formula("history.success_prob")
    with pytest.raises(InputError, match=r"z_read must be > 0 and at most z_T = 0.8"):
        prob(z=(0, 0.2, 0.5, 0.8), truncation_order=2, padding=3, z_read=0.9)


def test_alpha_of_the_lift():
    """17: N = 4, eta = .1, alphas (.5, 2, 1.5), m = 1, 2, 4."""
    found = [
        qres.formula("carleman.alpha")(
            truncation_order=4, map_order=m, learning_rate=0.1, alphas=(0.5, 2, 1.5)
        )
        for m in (1, 2, 4)
    ]
    assert found == pytest.approx((2.6, 3.56, 3.8416), rel=1e-12)


def test_inverse_of_a_two_block_lift_by_hand():
    """m_hat = [[0, 2], [0, 0]], T = 2, p = 1: powers 1, 2, 0; windows (0), (0,1), (1,2), (2).

    Sum of the maxima: 1 + 2 + 2 + 0 = 5. Without padding: 1 + 2 + 0 = 3.
    """
    bound = qres.formula("history.linv_bound")
    m_hat = np.array([[0.0, 2.0], [0.0, 0.0]])
    assert bound(m_hat=m_hat, n_steps=2, padding=1) == pytest.approx(5, rel=1e-14)
    assert bound(m_hat=m_hat, n_steps=2, padding=0) == pytest.approx(3, rel=1e-14)
