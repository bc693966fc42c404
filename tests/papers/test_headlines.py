r"""Headlines of whole algorithms against their derivation by hand.

Both algorithms prepare $c = (d/\epsilon_t)\ln(d/\delta_t)$ states with
$\epsilon_t = \sqrt{1 + E_o} - 1 \to E_o/2$, each of $L$ solver runs. A state fails with
$\delta = (\delta_a/c)^2/2$, so $2/\sqrt\delta = 2\sqrt2\,c/\delta_a$, and
$L = \mathrm{arcosh}(1/\sqrt\delta)/\mathrm{artanh}\sqrt{Pp} \to \ln(2\sqrt2\,c/\delta_a)/\sqrt{Pp}$, as
a run flags success with $p = 0.97\,S^2 \to 0$.

A run is one reflection about the kernel with $J = 2^g$ guesses of $\ln\lVert x\rVert$ at distances
$h = \ln\kappa/J \le 2$ from each other, and $S = \frac1J\sum_j\mathrm{sech}((j+\frac12)h)$. The sum times
$h$ is the midpoint rule of $\int_0^\infty\mathrm{sech}\,y\,dy = [2\arctan e^y]_0^\infty = \pi/2$, so
$S \to \pi/(2\ln\kappa)$. By Poisson's sum the rule is off by the factor
$1 + 2\sum_k(-1)^k\mathrm{sech}(\pi^2k/h)$, at $h = 2$ by $2\,\mathrm{sech}(4.935) = 2.9\,\%$.

Direction and norm are both read, and with $C = \sqrt{3+2P}$, which is $\sqrt5$ for a linear system of
$P = 1$ and goes to $\sqrt3$ as $P \to 0$, an error $\epsilon$ of a state counts $C\epsilon/\sqrt P$; the
higher orders $1 + E$ go to 1, and so does what errors take from $P$ in $L$.

The run asks $Q_A = 2L' \to \kappa\ln(2 + 2/\eta)$ uses of $U_A$ with $\eta = \epsilon_s S/2$ and
$\epsilon_s = E_s\sqrt P/C$: $2/\eta = 4C/(E_s\sqrt P\,S) = 8C\ln\kappa/(\pi E_s\sqrt P)$, which grows. It
uses $U_b$ twice with each $U_A$, and per use of $U_A$ has $2\cdot2^g$ rotations of its reflection and
one phase. A rotation error counts $1/\sqrt{Pp}$ times: $\epsilon_r = E_r\sqrt{Pp}/C$, over the longest
run: that of the norm has a reference, two rotations more for each $U_A$ and one for each $U_b$, four
for each $U_A$. A look-up of $M$ entries costs $2\sqrt{Mb}$, its uncomputation $2\sqrt M$.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import qres
from qres.algorithms.totals import QUANTITIES

LN, LOG2, SQRT, PI = math.log, math.log2, math.sqrt, math.pi
REFERENCE = 4
"""Rotations for each use of U_A that the longest run has more: 2 of U_A, 1 of U_b, which it uses twice."""


def tomography(d, budget):
    """Return the copies."""
    return 2 * d / budget["share_readout"] * LN(d / budget["fail_tomography"])


def sequence(c, budget):
    """Return the logarithm of the length of a fixed-point sequence."""
    return LN(2 * SQRT(2) * c / budget["fail_amplification"])


def flagged(kappa):
    """Return sqrt(p), the amplitude with which a run flags success."""
    return SQRT(0.97) * PI / (2 * LN(kappa))


def guesses(kappa):
    """Return 2^g, the least power of two of guesses at most 2 apart."""
    count = 1
    while LN(kappa) / count > 2:
        count *= 2
    return count


def queries(kappa, counts, prob, budget):
    """Return the uses of U_A in one run; an error of a state counts `counts`/sqrt(P) times."""
    return kappa * LN(8 * counts * LN(kappa) / (PI * budget["share_solver"] * SQRT(prob)))


def linear_system(p):
    """Return the four totals of `linear-system`.

    C = sqrt(5). One angle of the matrix has 2 pi s' |A|max 2^-b <= E_e/(8 C norm(A^-1)), so
    b_A = log2(16 C pi kappa/E_e); of the right-hand side 2 pi n 2^-b <= E_e Omega/(4 C), so
    b_b = log2(8 C pi n/(E_e Omega)). The tables of the matrix have d s' entries, read once for angles
    of b_A bits and once for targets of n + log2 s. The tree over b has tables of 2^l entries,
    l < n: the roots 2^(l/2) add up to 2^(n/2)/(sqrt(2) - 1) = (1 + sqrt 2) 2^(n/2).
    """
    n, slots = math.ceil(LOG2(p["dim"])), 2 ** math.ceil(LOG2(p["sparsity"]))
    kappa = slots * p["max_entry"] / p["smallest_singular_value"]
    matrix_bits = LOG2(16 * SQRT(5) * PI * kappa / p["share_encoding"])
    rhs_bits = LOG2(8 * SQRT(5) * PI * n / (p["share_encoding"] * p["solution_overlap"]))
    target_bits = n + LOG2(p["sparsity"])
    table = p["dim"] * slots
    matrix = 2 * SQRT(table) * (SQRT(matrix_bits) + SQRT(target_bits) + 2)
    rhs = 2 * (1 + SQRT(2)) * 2 ** (n / 2) * (SQRT(rhs_bits) + 1)
    c = tomography(p["dim"], p)
    runs = c * sequence(c, p) / flagged(kappa)
    q, per_query = queries(kappa, SQRT(5), 1, p), 2 * guesses(kappa) + 1
    longest = q * (per_query + REFERENCE)
    gate = p["share_rotation"] * flagged(kappa) / SQRT(5) / longest
    return {
        "toffoli": runs * q * (matrix + 2 * rhs),
        "t": runs * q * per_query * 3 * LOG2(1 / gate),
        "rotations": runs * q * per_query,
        "logical_qubits": max(
            SQRT(table * matrix_bits), SQRT(table * target_bits), SQRT(2 ** (n - 1) * rhs_bits)
        ),
    }


def carleman_gd(p):
    """Return the four totals of `carleman-gd`.

    With g = max |1 - eta lambda| < 1: norm(L^-1) <= sum of g^t over t = 0..T, plus p for the idle
    rows; alpha_L = 1 + max(1, 1 + eta norm(A)_F); P = (p+1) u^2/(Sigma + (p+1) u^2), small.
    C = sqrt(3). Two trees of n levels are off by 4 pi n 2^-b, so 4 pi n eta norm(A)_F 2^-b <=
    E_e sqrt(P)/(8 C norm(L^-1)). The tree over the rows has tables of r 2^l entries; that of their
    norms and that of the right-hand side are smaller by sqrt(r). Each use of U_A brings 4
    rotations of weights beside those of the solver, each of the two uses of U_b 2 more unless T is a
    power of two. The widest table is the last of the rows, r 2^(n-1).
    """
    r, steps, eta = p["n_active"], p["n_steps"], p["learning_rate"]
    n = math.ceil(LOG2(r))
    growth = max(abs(1 - eta * p["lambda_max"]), abs(1 - eta * p["lambda_min"]))
    inverse = sum(growth**t for t in range(int(steps) + 1)) + p["padding"]
    kappa = (2 + eta * p["frobenius_norm"]) * inverse
    read = (p["padding"] + 1) * p["update_norm"] ** 2
    prob = read / (p["path_energy"] + read)
    angles = 32 * SQRT(3) * PI * n * eta * p["frobenius_norm"] * inverse
    bits = LOG2(angles / (p["share_encoding"] * SQRT(prob)))
    c = tomography(r, p)
    kept = SQRT(prob) * flagged(kappa)
    runs = c * sequence(c, p) / kept
    q = queries(kappa, SQRT(3), prob, p)
    per_query = 4 + 2 * guesses(kappa) + 1 + (0 if LOG2(steps).is_integer() else 4)
    gate = p["share_rotation"] * kept / SQRT(3) / (q * (per_query + REFERENCE))
    return {
        "toffoli": runs * q * 2 * (1 + SQRT(2)) * SQRT(r * 2**n) * (SQRT(bits) + 1),
        "t": runs * q * per_query * 3 * LOG2(1 / gate),
        "rotations": runs * q * per_query,
        "logical_qubits": SQRT(r * 2 ** (n - 1) * bits),
    }


BY_HAND = {"linear-system": linear_system, "carleman-gd": carleman_gd}


def all_ranges(algorithm):
    """Return the range of every input of the four formulas."""
    found = {}
    for quantity in QUANTITIES:
        found |= qres.formula(f"{algorithm}.{quantity}").headline.ranges
    return found


def draw(ranges, generator):
    """Return one point of the ranges, whole where it must be."""
    point = {k: low * (high / low) ** generator.random() for k, (low, high) in ranges.items()}
    whole = ("dim", "sparsity", "n_active", "n_steps", "padding")
    return {k: float(round(v)) if k in whole else v for k, v in point.items()}


@pytest.mark.parametrize("algorithm", BY_HAND)
def test_the_headline_is_the_one_derived_by_hand(algorithm):
    generator, ranges = np.random.default_rng(7), all_ranges(algorithm)
    assert len(ranges) >= 12
    for _ in range(50):
        point = draw(ranges, generator)
        for quantity, expected in BY_HAND[algorithm](point).items():
            headline = qres.formula(f"{algorithm}.{quantity}").headline
            found = headline(**{name: point[name] for name in headline.ranges})
            assert found == pytest.approx(expected, rel=1e-10), quantity


def test_a_headline_in_numbers():
    """A matrix of 2^20 rows, 16 entries each, kappa_eff = 1.6e5, E = 0.02, all failures 0.01.

    c = 2 * 1048576/0.02 * ln(1.048576e8) = 1.048576e8 * 18.4681 = 1.93652e9 states;
    ln kappa = 11.98293, sqrt(p) = 0.984886 * 1.570796/11.98293 = 0.129105;
    L = ln(2.828427 * 1.93652e9/0.01)/0.129105 = ln(5.47731e11)/0.129105 = 27.0290/0.129105 = 209.36;
    Q_A = 1.6e5 * ln(17.88854 * 11.98293/(0.02 pi)) = 1.6e5 * ln 3411.60 = 1.6e5 * 8.13493 = 1.301589e6;
    b_A = log2(112.397 * 1.6e5/0.02) = log2(8.9918e8) = 29.7441, root 5.45381;
    target 20 + 4 = 24 bits, root 4.89898; 2 sqrt(2^24) = 8192;
    C_A = 8192 * (5.45381 + 4.89898 + 2) = 8192 * 12.35279 = 101194;
    b_b = log2(56.1985 * 20/0.02) = log2(56198.5) = 15.7783, root 3.97219;
    C_b = 2 * 2.414214 * 1024 * 4.97219 = 24584.1; C_A + 2 C_b = 150362;
    N = 1.93652e9 * 209.36 * 1.301589e6 * 150362 = 7.9347e22.
    """
    point = {
        "dim": 2**20,
        "sparsity": 16,
        "max_entry": 1.0,
        "smallest_singular_value": 1e-4,
        "solution_overlap": 1.0,
        **dict.fromkeys(
            ("share_encoding", "share_solver", "share_rotation", "share_readout"), 0.02
        ),
        **dict.fromkeys(("fail_tomography", "fail_norm", "fail_amplification"), 0.01),
    }
    formula = qres.formula("linear-system.toffoli")
    assert formula.headline(**point) == pytest.approx(7.9347e22, rel=1e-4)
    assert formula(**point) == pytest.approx(7.9347e22, rel=formula.headline.error)
