"""Rows of Newton training: solver counts, condition bounds, and the table of two blocks.

Expected values are published, or worked by hand beside the test. A row that breaks means that the
price of a Newton step, or what it is compared with, moved.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import qres
from qres.errors import InputError


def printed(value, digits=3):
    """Return the value with half a unit of its last printed digit."""
    return pytest.approx(value, rel=0.5 * 10.0 ** (1 - digits), abs=0)


def near(value, rel=1e-12):
    return pytest.approx(value, rel=rel, abs=0)


# ------------------------------------------------------------------ solver queries at alpha = 1


@pytest.mark.parametrize(
    ("model", "small", "large"),
    [
        ("jennings-v1", 5.695e4, 8.614e6),
        ("shortcut", 6358.2, 6.1053e5),
        ("shortcut-known-norm", 564.49, 5.6449e4),
        ("adiabatic-empirical", 2.551e3, 2.551e5),
    ],
)
def test_queries(model, small, large):
    """kappa 1e2 and 1e4, epsilon .01. The scale of the encoding enters once, through kappa_eff."""
    queries = qres.formula(f"solver.{model}.matrix_queries")
    assert queries(kappa_eff=1e2, epsilon=0.01) == printed(small, 4)
    assert queries(kappa_eff=1e4, epsilon=0.01) == printed(large, 4)


def test_the_scale_of_the_encoding_enters_once():
    """A code of the paper multiplies by alpha again: 100 times the queries at alpha = 100."""
    queries = qres.formula("solver.jennings-v1.matrix_queries")
    plain, scaled = (queries(kappa_eff=k, epsilon=0.01) for k in (1e4, 1e6))
    assert 90 < scaled / plain < 160  # alpha = 100, and a logarithm: not 1e4


# ------------------------------------------------------------------ the paper's own charge


def test_the_published_charge():
    """s kappa ln(d kappa / eps): 1000 * 1000 * ln(1e4 * 1e3 / .01) = 1e6 * 9 ln 10."""
    values = {"dim": 10_000, "sparsity": 1000, "kappa": 1e3, "epsilon": 0.01}
    formula = qres.formula("newton.published.queries")
    assert formula(**values) == near(1e6 * 9 * math.log(10))
    assert formula.kind == "asymptotic"
    runtime = qres.formula("newton.published.runtime_s")
    assert runtime(**values, gate_time_s=1e-18) == near(9e-12 * math.log(10))


# ------------------------------------------------------------------ condition numbers


def merikoski(matrix):
    dim, norm = len(matrix), float(np.linalg.norm(matrix))
    log_det = float(np.linalg.slogdet(matrix)[1])
    volume = qres.formula("newton.merikoski.log_volume")(
        dim=dim, frobenius_norm=norm, log_det=log_det
    )
    return volume, qres.formula("newton.merikoski.kappa")(log_volume=volume)


def test_merikoski_is_exact_in_two_dimensions():
    """[[1, 2], [3, 4]]: singular values from s^2 = 15 +- sqrt(221), 14.9330."""
    exact = math.sqrt((15 + math.sqrt(221)) / (15 - math.sqrt(221)))
    assert exact == printed(14.9330, 6)
    assert merikoski([[1.0, 2.0], [3.0, 4.0]])[1] == near(exact)


def test_the_misprint_of_a_public_code_leaves_the_real_numbers():
    """(1 - N/F)^N in place of (N/F^2)^N: (1 - .3651)^2 * 4 = 1.612, radicand 1 - 1.612 = -.612."""
    norm, det = math.sqrt(30), -2.0
    misprint = 1 - (1 - 2 / norm) ** 2 * det**2
    assert misprint == printed(-0.612)
    assert 1 - (2 / norm**2) ** 2 * det**2 > 0  # as it should be


@pytest.mark.parametrize(
    ("dim", "kappa", "log10"), [(50, 10.0, 8.9), (200, 10.0, 33.8), (200, 1000.0, 187.5)]
)
def test_merikoski_is_exponentially_loose(dim, kappa, log10):
    """Singular values spread evenly over the decades from 1 to kappa."""
    values = np.geomspace(1.0, kappa, dim)
    volume, _ = merikoski(np.diag(values))
    found = qres.formula("newton.merikoski.kappa_decades")(log_volume=volume)
    assert found == pytest.approx(log10, abs=0.05)


def test_a_negative_volume_is_refused():
    """No matrix has it: the determinant would exceed what its norm allows."""
    with pytest.raises(InputError, match="log_volume >= 0"):
        qres.formula("newton.merikoski.kappa")(log_volume=-0.1)


def test_damping_sets_the_condition_number():
    """lambda_max 3, lambda_reg .1: 31. Dimension 100 at relative damping .005: 20001."""
    assert qres.formula("newton.damped.kappa")(lambda_max=3.0, lambda_reg=0.1) == near(31)
    relative = qres.formula("newton.relative-damping.kappa")
    assert relative(dim=100, relative_damping=0.005) == near(20001)


def test_pruning():
    """rho = .25: (9 + .25)/.75 = 12.333, step error 1/3; rho = 1 leaves nothing to invert."""
    assert qres.formula("newton.pruned.kappa")(kappa=9, perturbation=0.25) == near(37 / 3)
    step = qres.formula("newton.pruned.step_error")
    assert step(perturbation=0.25) == near(1 / 3)
    with pytest.raises(InputError, match="perturbation < 1"):
        step(perturbation=1.0)


# ------------------------------------------------------------------ classical routes


def test_woodbury_beside_lu():
    """2048 samples, 23,520 parameters: 2 B^2 N = 1.973e11, B^3/3 = 2.86e9, 4 B N = 1.93e8."""
    woodbury = qres.formula("newton.woodbury.flops")(dim=23_520, factor_rows=2048)
    assert woodbury == printed(2.0e11, 2)
    assert woodbury == near(2 * 2048**2 * 23_520 + 2048**3 / 3 + 4 * 2048 * 23_520)
    assert qres.formula("newton.lu.flops")(dim=23_520) == printed(8.7e12, 2)
    # half of LU; 2 * 23 520^2 = 1 106 380 800 with factors that are there
    assert qres.formula("newton.ldl.flops")(dim=23_520) == printed(4.34e12)
    assert qres.formula("newton.substitution.flops")(dim=23_520) == 1_106_380_800


def test_iterations():
    """Energy norm at .01: 50 ln 200 = 264.9. The solution itself needs 50 ln(2e4) = 495.2."""
    iterations = qres.formula("newton.cg.iterations")
    assert iterations(kappa=10_000, epsilon=1.0) == 265  # .01 in the energy norm times sqrt(1e4)
    assert iterations(kappa=10_000, epsilon=0.01) == 496


def test_one_noisy_step():
    """delta .1, norm(x) 2, trace 30, dimension 10: .01 * 4 * 30 / 20 = .06."""
    excess = qres.formula("newton.noisy-step.excess_loss")
    assert excess(epsilon=0.1, solution_norm=2.0, trace=30.0, dim=10) == near(0.06)


# ------------------------------------------------------------------ the table of blocks

ROWS = [
    # dim, s/dim, kappa, queries, Toffoli a solve, executions, years, LU in s, break-even in s
    (10_000, 0.1, 1e3, 6.08e7, 3.3e12, 1.8e9, 1.9e9, 14e-3, 2.4e-24),
    (10_000, 1.0, 1e4, 6.08e9, 1.0e15, 1.8e9, 5.7e11, 14e-3, 7.9e-27),
]


@pytest.mark.parametrize(
    ("dim", "density", "kappa", "q", "tof", "runs", "years", "lu", "tie"), ROWS
)
def test_blocks(dim, density, kappa, q, tof, runs, years, lu, tie):
    """alpha = s max|H| with max|H| = norm(H), b = 16, epsilon .01, delta .1, failure .01, 10 us.

    One use of the matrix is 2 C_BE, C_BE = 2 sqrt(nnz b) + 200; of the vector, twice a query,
    C_b = 4.83 sqrt(b N); 2 * 57.5 N ln(6N/p)/(delta^2 (1 - delta^2/4)) executions; LU at 47 TFLOP/s.
    """
    sparsity = density * dim
    queries = qres.formula("solver.shortcut.matrix_queries")(
        kappa_eff=sparsity * kappa, epsilon=0.01
    )
    assert queries == printed(q)
    copies = qres.formula("readout.tomography-l2-sampling.copies")
    executions = 2 * copies(dim=dim, epsilon=0.1, fail_prob=0.01)
    assert executions == printed(runs, 2)
    flops = qres.formula("newton.lu.flops")(dim=dim)
    seconds = flops / (0.7 * 67e12)
    assert seconds == printed(lu, 2)
    encoding = 2 * (2 * math.sqrt(dim * sparsity * 16) + 200)
    toffoli = queries * encoding + 2 * queries * 4.83 * math.sqrt(16 * dim)
    assert toffoli == printed(tof, 2)
    assert executions * toffoli * 1e-5 / (365.25 * 86400) == printed(years, 2)
    gate = qres.formula("newton.break-even.gate_time_s")(
        classical_s=seconds, serial_toffoli=math.ceil(executions * toffoli)
    )
    assert gate == printed(tie, 2)
