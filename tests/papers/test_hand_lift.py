"""Lifts of order two to four whose every stage value is computed by hand, one complete estimate each.

Nothing here is taken from `qres`: certificates, history matrix, budget, gate card and stages are
written down once more in plain Python, from the training sheet (section numbers in the comments)
and from the account of the circuit that stands in `qres.bloqs.carleman_lift`. Where the sheet
leaves freedom, what was taken is stated as "Reading:".
"""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import qres

COHERENT = {"kind": "tomography", "norm": "l2", "access": "coherent"}
SAMPLING = {"kind": "tomography", "norm": "l2", "access": "sampling"}
STATE = {"kind": "state"}

TOTAL, FAIL = 0.1, 0.05

GIVEN = {
    "n_params": 20,
    "n_active": 6,
    "frobenius_norm": 1.9,
    "lambda_max": 1.1,
    "lambda_min": -0.4,
    "grad_norm": 0.5,
    "update_norms": [0.0, 0.05, 0.096, 0.13832, 0.1772544, 0.213074],
    "eps_model": 0.01,
    "n_samples": 10,
    "t3_injective": 0.2,
    "t3_unfolding": 0.3,
    "t3_frobenius": 0.4,
    "t4_injective": 0.1,
    "t4_frobenius": 0.6,
}
FADING = GIVEN | {"update_norms": [0.0, 0.05, 0.04, 0.03, 0.02, 0.0004]}
LIFT = {
    "name": "carleman-gd",
    "n_steps": 5,
    "learning_rate": 0.1,
    "degree": 2,
    "truncation_order": 3,
    "map": 2,
    "rescaling": 0.2,
    "padding": 0,
    "encoding": "frobenius",
    "solver": "shortcut-known-norm",
    "readout": COHERENT,
}
# what is typed beyond LIFT, how states are made
CASES = {
    "known norm": (LIFT, "coherent"),
    "shortcut, exact map, idle rows": (LIFT | {"solver": "shortcut", "map": 3, "padding": 5}, "coherent"),
    "shortcut, first-order map": (LIFT | {"solver": "shortcut", "map": 1, "padding": 2}, "coherent"),
    "qsvt, order 2": (LIFT | {"solver": "qsvt-cks", "truncation_order": 2, "rescaling": 0.3}, "coherent"),
    "order 4, map of order 3": (LIFT | {"truncation_order": 4, "map": 3, "padding": 2}, "coherent"),
    "degree 3": (LIFT | {"degree": 3, "map": 3, "padding": 1}, "coherent"),
    "degree 3, F_3 has no column": (LIFT | {"degree": 3, "truncation_order": 2}, "coherent"),
    "two segments": (LIFT | {"segment_steps": 3}, "coherent"),
    "two segments, shortcut": (LIFT | {"segment_steps": 3, "solver": "shortcut", "padding": 3}, "coherent"),
    "sampling, known norm": (LIFT | {"readout": SAMPLING}, "repeat"),
    "sampling, shortcut": (LIFT | {"readout": SAMPLING, "solver": "shortcut", "padding": 5}, "repeat"),
    "sampling in two segments": (LIFT | {"readout": SAMPLING, "segment_steps": 3, "padding": 3}, "repeat"),
    "state": (LIFT | {"readout": STATE, "padding": 3}, "repeat"),
    "state, hardly anything left": (LIFT | {"readout": STATE, "padding": 2}, "coherent"),
}  # fmt: skip


# ------------------------------------------------------------------ the lift, sections 3 to 8


def times(p, q):
    found = [0.0] * (len(p) + len(q) - 1)
    for i, a in enumerate(p):
        for k, b in enumerate(q):
            found[i + k] += a * b
    return found


def to_power(p, n):
    return reduce(times, [p] * n, [1.0])


class Descent:
    """eta, both ends of the spectrum, and norms of F_k, rescaled; entry 1 of the norms is unused."""

    def __init__(self, model, eta, degree, gamma):
        self.eta, self.gamma = eta, gamma
        self.ends = (-eta * model["lambda_min"], -eta * model["lambda_max"])
        self.growth = max(abs(1 + end) for end in self.ends)
        # Section 15: the Frobenius norm is the upper bound of both norms; F_2 = -T3/2, F_3 = -T4/6.
        norms = [model["grad_norm"], 0.0, model["t3_frobenius"] / 2, model["t4_frobenius"] / 6]
        self.f = [gamma ** (k - 1) * norm for k, norm in enumerate(norms[: degree + 1])]
        self.forcing = eta * self.f[0]
        self.q = [eta * f for f in self.f]

    def symmetric(self, j, a, most):
        """The sum of e_0 .. e_most of a times one end and j - a times the other."""
        low, high = self.ends
        return sum(
            math.comb(a, i) * low**i * math.comb(j - a, count - i) * high ** (count - i)
            for count in range(min(most, j) + 1)
            for i in range(max(0, count - (j - a)), min(a, count) + 1)
        )

    def h(self, j, i):
        return max(abs(self.symmetric(j, a, i)) for a in range(j + 1)) if i >= 0 else 0.0

    def d(self, j, i):
        if i < 0:
            return self.growth**j
        whole = [self.symmetric(j, a, j) - self.symmetric(j, a, i) for a in range(j + 1)]
        return max(abs(number) for number in whole)

    def terms(self, j, m):
        """Binomial, h, d and the polynomial x^(j-s) Q(x)^s, for each number s of factors."""
        for s in range(j + 1):
            polynomial = [0.0] * (j - s) + to_power(self.q, s)
            yield math.comb(j, s), self.h(j - s, m - s), self.d(j - s, m - s), polynomial

    def m_hat(self, order, m):
        """4.4, rows 1..N, columns 1..N."""
        found = np.zeros((order, order))
        for j in range(1, order + 1):
            for ways, h, _, p in self.terms(j, m):
                for c in range(1, min(order, len(p) - 1) + 1):
                    found[j - 1, c - 1] += ways * h * p[c]
        return found

    def rho(self, order, m, x):
        return [
            math.fsum(
                ways * (d * c * x**k + (h * c * x**k if k > order else 0.0))
                for ways, h, d, p in self.terms(j, m)
                for k, c in enumerate(p)
            )
            for j in range(1, order + 1)
        ]

    def certificate(self, order, m, path):
        """4.4: e_j(t), one row a step."""
        m_hat, errors = self.m_hat(order, m), [np.zeros(order)]
        for u in path[:-1]:
            errors.append(m_hat @ errors[-1] + self.rho(order, m, u / self.gamma))
        return errors

    def majorant(self, order, steps):
        """4.2 in the units of u, from u_0 = 0."""
        phi = [self.gamma * c / self.gamma**k for k, c in enumerate(self.q)]
        phi[1] = self.growth
        powers = [to_power(phi, j) for j in range(order + 1)]
        off, x = [0.0] * (order + 1), 0.0
        for _ in range(steps):
            off = [
                sum(c * (off[k] if k <= order else x**k) for k, c in enumerate(p)) for p in powers
            ]
            off[0], x = 0.0, sum(c * x**k for k, c in enumerate(phi))
        return off[1]

    def error(self, order, m, path):
        """The smaller of 4.2, for the exact map only, and 4.4, in the units of u."""
        found = self.gamma * self.certificate(order, m, path)[-1][0]
        return min(found, self.majorant(order, len(path) - 1)) if m == order else found

    def history(self, order, m, path, pad):
        """Sections 6 to 8: norm(L^-1), xi and P_low, and the end of the certificate."""
        steps, x = len(path) - 1, [u / self.gamma for u in path]
        m_hat, e = self.m_hat(order, m), self.certificate(order, m, path)
        norms = [np.linalg.norm(np.linalg.matrix_power(m_hat, k), 2) for k in range(steps + 1)]
        inverse = math.fsum(
            max(norms[max(0, d - pad) : min(d, steps) + 1]) for d in range(steps + pad + 1)
        )
        weights = [math.fsum(y ** (2 * j) for j in range(1, order + 1)) for y in x]
        solution = math.sqrt(math.fsum(weights[:-1]) + (pad + 1) * weights[-1])
        source = math.sqrt(
            steps * sum(self.forcing ** (2 * j) for j in range(1, min(m, order) + 1))
        )
        blocks = [[(y**j + e[t][j - 1]) ** 2 for j in range(1, order + 1)] for t, y in enumerate(x)]
        a = max(0.0, x[-1] - e[-1][0]) ** 2
        b = math.fsum(map(math.fsum, blocks[:-1])) + (pad + 1) * math.fsum(blocks[-1][1:])
        return {
            "inverse_norm": inverse,
            "xi": inverse * source / solution,
            "success_prob": (pad + 1) * a / (b + (pad + 1) * a),
            "end": self.gamma * e[-1][0],
        }


# ------------------------------------------------------------------ gates, section 14a


def bits_of(number):
    return (number - 1).bit_length()


def look(entries, bits, c):
    """Cost and block: min over K < M of max(0, ceil(M/K) - 2 + c) + (K - 1) b; the smaller K."""
    if entries <= 1:
        return 0, 1
    sizes = [2**k for k in range(entries.bit_length()) if 2**k < entries]
    return min((max(0, -(-entries // k) - 2 + c) + (k - 1) * bits, k) for k in sizes)


def unlook(entries, c):
    if entries <= 1:
        return 0
    sizes = [2**k for k in range(entries.bit_length()) if 2**k <= entries]
    return min(max(0, -(-entries // k) + k - 4 + c) for k in sizes)


def uniform(states):
    """Toffoli and rotations of a superposition of T times: 3 ceil(log2 odd part) - 1, and 2."""
    odd = states
    while odd % 2 == 0:
        odd //= 2
    return (0, 0) if odd == 1 else (3 * bits_of(odd) - 1, 2)


def own_of_estimate(rounds):
    """Toffoli and rotations of an estimate beside its runs and reflections.

    j = 0..M in equal superposition; two comparisons of j an iteration, ceil(log2(M + 1)) - 1 each;
    the inverse Fourier transform of 1 + ceil(log2 M) qubits, one Toffoli and one rotation a pair.
    """
    toffoli, rotations = uniform(rounds + 1)
    pairs = bits_of(rounds) * (bits_of(rounds) + 1) // 2
    return toffoli + 2 * rounds * (bits_of(rounds + 1) - 1) + pairs, rotations + pairs


def tree(rows, levels, bits, c):
    tables = [rows * 2**level for level in range(levels)]
    return sum(look(m, bits, c)[0] + unlook(m, c) + bits - 1 for m in tables)


def alive(entries, bits, c):
    block = look(entries, bits, c)[1]
    return block * bits + bits_of(-(-entries // block))


class Circuit:
    """U_A and U_b of a lift with row-state encodings, step by step as its account has them."""

    def __init__(self, size, order, m, degree, steps, pad):
        self.r, self.n, self.order, self.degree, self.steps = (
            size,
            bits_of(size),
            order,
            degree,
            steps,
        )
        self.most = min(m, order)
        self.tau, self.nu = bits_of(steps + pad + 1), bits_of(order)
        self.fitting = [k for k in range(1, degree + 1) if k <= order]
        self.cells = order + self.most * (degree - 1) // degree
        self.places = sum(min(place, self.most) for place in range(1, order + 1))
        self.wide = bits_of(order + degree * self.most)
        self.width = self.tau + self.nu + order * self.n

    def set_bits(self, matrix, rhs):
        self.b, self.b_rhs = matrix, rhs

    @property
    def factor(self):
        """One F_k under a control: row tree, norm tree, n swaps, a ladder where k > 1."""
        trees = (
            tree(self.r, k * self.n, self.b, 1) + tree(1, self.n, self.b, 1) for k in self.fitting
        )
        rest = (self.n + (k - 1) * self.n for k in self.fitting)
        return sum(trees) + sum(rest) + tree(1, self.n, self.b, 1)

    @property
    def routing(self):
        gated = self.cells - 1
        for s in range(1, self.most + 1):
            gated += self.cells - s + 1 if s > 1 else 0
            gated += sum(max(0, self.cells - s - e + 1) for e in range(2, self.degree + 1))
        moves = (gated + self.cells - self.most) * self.n + gated
        kinds = self.degree * self.most
        # one limit of the time; "j >= l" from products of nu bits, and a flag for each l >= 2
        flags = self.tau + 2**self.nu - self.nu - 1 + self.order - 1
        if self.order < 2**self.nu:  # a comparison of nu bits, and a flag for in and out
            flags += self.nu - 1 + 2
        return moves + self.places + kinds + kinds * (self.wide - 1) + flags + self.tau - 1

    @property
    def query(self):
        return self.most * self.factor + self.routing

    @property
    def rotations(self):
        return 2 * (1 + self.places + self.most * self.degree)

    @property
    def ancillas(self):
        choice = 1 + self.order + self.places + self.most + self.degree * (self.most + 1)
        inner = max(self.n + (1 if k > 1 else 0) for k in self.fitting)
        spare = (self.cells - self.order) * self.n
        flags = self.order + (2 if self.order < 2**self.nu else 0)
        return choice + self.wide - self.nu + flags + spare + self.most * inner

    @property
    def table(self):
        """The widest look-up alive, of U_A; always controlled."""
        tables = [2 ** (self.n - 1), *(self.r * 2 ** (k * self.n - 1) for k in self.fitting)]
        return max(*(alive(m, self.b, 1) for m in tables), 2 * self.b - 1)

    @property
    def uniform(self):
        return uniform(self.steps)

    def rhs(self, c):
        others = (self.most - 1) * tree(1, self.n, self.b_rhs, 1) + self.products
        return tree(1, self.n, self.b_rhs, c) + others + self.uniform[0]

    @property
    def products(self):
        """Products of bits that occur in 1 .. most - 1: all of these but the powers of two."""
        return sum(word & (word - 1) > 0 for word in range(1, self.most))

    def rhs_rotations(self, c):
        return (1 + c) * (self.uniform[1] + 2 ** bits_of(self.most) - 1)

    def rhs_table(self, c):
        table = max(alive(2 ** (self.n - 1), self.b_rhs, c), 2 * self.b_rhs - 1)
        return table + self.most - 1 + self.products


# ------------------------------------------------------------------ solvers, section 7


def shortcut(kappa, eps):
    logarithm = math.log(math.sqrt(1 - eps**2) / eps)
    return 56.0 * kappa + 1.05 * kappa * logarithm + 2.78 * math.log(kappa) ** 3 + 3.17


def cks(kappa, eps):
    """Degree 2D + 1, and C: the polynomial's maximum (series eps/4 above its limit) over kappa."""
    b = math.ceil(kappa**2 * math.log(kappa / eps))
    bar = 1 + kappa**2 * math.log(kappa / eps)
    found: Any = minimize_scalar(
        lambda y: -(1 - (1 - y * y / bar) ** bar) / y, (0.5, 1.1, 2.0), tol=1e-12
    )
    return 2 * math.ceil(math.sqrt(b * math.log(4 * b / eps))) + 1, (
        math.sqrt(bar) * -found.fun + eps / 4
    ) / kappa


def odd_half(real):
    """Smallest odd L with 2L >= real: a kernel reflection has a filter of odd length, there and back."""
    length = 1
    while 2 * length < real:
        length += 2
    return length


def guesses(kappa):
    """Guesses of the norm, at most 2 apart in ln, and the least mean of 1/cosh of their distances."""

    def mean(size, count):
        return math.fsum(1 / math.cosh((j + 0.5) * size / count) for j in range(count)) / count

    size, count = math.log(kappa), 1
    while size > 2 * count:
        count *= 2
    before = mean(count, count // 2) if count > 1 else 1.0
    return count, min(mean(size, count), before)


def run_of(solver, kappa, eps, xi):
    """Uses of U_A of a run, expected uses, flag, uses of U_b of a run, qubits, guesses."""
    if solver == "qsvt-cks":
        degree, scale = cks(kappa, eps)
        flag = min(1.0, 1 / (scale * xi) ** 2)
        return degree, degree / flag, flag, 1, 1, 0
    if solver == "shortcut":
        count, overlap = guesses(kappa)
        length = odd_half(kappa * math.log(2 + 4 / (min(eps, 0.01) * overlap)))
        own = 2 + bits_of(count) if count > 1 else 2
        flag = 0.97 * overlap**2
        return 2 * length, 2 * length / flag, flag, 4 * length + 1, own, count
    # made at .01 at coarsest, where ((1 - .01)/(1 + .01/sqrt 2))^2 = .96638
    length = odd_half(kappa * math.log(2 + 2 * math.sqrt(2) / min(eps, 0.01)))
    flag = 0.966
    return 2 * length, 2 * length / flag, flag, 4 * length + 1, 2, 1


# ------------------------------------------------------------------ repetitions


def fixed_point(prob, fail):
    length = 1
    while length * math.atanh(math.sqrt(prob)) < math.acosh(1 / math.sqrt(fail)):
        length += 2
    return length


def bhmt(prob, relative):
    spread = prob * (1 - prob)
    return math.ceil(math.pi / (math.sqrt(relative * prob + spread) - math.sqrt(spread)))


def median(fail):
    wrong, repeats = 1 - 8 / math.pi**2, 1
    while True:
        most = range((repeats + 1) // 2, repeats + 1)
        if sum(
            math.comb(repeats, k) * wrong**k * (1 - wrong) ** (repeats - k) for k in most
        ) <= fail:  # fmt: skip
            return repeats
        repeats += 2


# ------------------------------------------------------------------ the price


def row(calls, toffoli=0, t=0, rotations=0, qubits=0, gradients=0):
    names = ("calls", "toffoli", "t", "rotations", "logical_qubits", "gradients")
    return dict(zip(names, (calls, toffoli, t, rotations, qubits, gradients), strict=True))


class Estimate:
    """Stage by stage; `numbers` holds the symbols, `stages` the rows of the table."""

    def __init__(self, model, typed, mode):
        self.model, self.typed, self.mode = model, typed, mode
        self.eta, self.pad = typed["learning_rate"], typed["padding"]
        self.degree, self.order = typed["degree"], typed["truncation_order"]
        self.m = typed["map"]
        self.gamma, self.readout = typed["rescaling"], typed["readout"]
        self.is_state = self.readout["kind"] == "state"
        self.is_sampling = self.readout.get("access") == "sampling"
        self.numbers, self.stages = {}, {}
        for step in (self.cut, self.spend, self.split, self.encode, self.solve, self.amplify):
            step()
        self.read()
        self.synthesise()

    def cut(self):
        """Section 10. Reading: segments that were not measured repeat the first one's path."""
        path, total = self.model["update_norms"], self.typed["n_steps"]
        self.steps = self.typed.get("segment_steps", total)
        lengths = [min(self.steps, total - start) for start in range(0, total, self.steps)]
        self.paths = [path[: length + 1] for length in lengths]
        self.descent = Descent(self.model, self.eta, self.degree, self.gamma)
        self.carried = [
            self.descent.growth ** sum(lengths[s + 1 :]) for s in range(len(lengths))
        ]  # Lambda_s
        self.distance = path[-1]
        # Reading: the model's error comes evenly over the steps.
        parts = [self.model["eps_model"] * length / total for length in lengths]
        self.eps_model = math.fsum(w * part for w, part in zip(self.carried, parts, strict=True))
        self.numbers["segments"] = self.count = len(lengths)

    def relative(self, errors):
        return math.fsum(w * e for w, e in zip(self.carried, errors, strict=True)) / self.distance

    def spend(self):
        """Section 11: e_1 at m = N is truncation, the rest of e_1 the map."""
        exact = [self.descent.error(self.order, self.order, path) for path in self.paths]
        found = [self.descent.error(self.order, self.m, path) for path in self.paths]
        self.eps_truncation = self.relative(exact)
        self.eps_map = max(0.0, self.relative(found) - self.eps_truncation)
        lifts = [self.descent.history(self.order, self.m, path, self.pad) for path in self.paths]
        weights = [
            w * (path[-1] + lift["end"]) / self.distance
            for w, path, lift in zip(self.carried, self.paths, lifts, strict=True)
        ]
        self.stretch = math.fsum(weights)
        if self.is_sampling:  # K copies at 1/eps^2, against (sum w^(2/3))^3 / E^2
            whole = math.fsum(w ** (2 / 3) for w in weights) ** 3
            self.readout_stretch = math.sqrt(whole / self.count)
        else:
            self.readout_stretch = math.fsum(map(math.sqrt, weights)) ** 2 / self.count
        # the segment that is worst for each number decides
        self.prob = min(lift["success_prob"] for lift in lifts)
        self.inverse = max(lift["inverse_norm"] for lift in lifts)
        self.xi = max(lift["xi"] for lift in lifts)
        self.numbers |= {"success_prob": self.prob, "inverse_norm": self.inverse, "xi": self.xi}
        self.numbers["stretch"] = self.stretch

    def split(self):
        """Even split over encoding, solver, rotation and, with tomography, read-out."""
        rest = TOTAL - self.eps_model - self.eps_truncation - self.eps_map
        share = rest / (3 if self.is_state else 4)
        own = share / self.stretch  # of each segment's vector
        # 2/sqrt(P) for the direction; with the norm sqrt(3 + 2P)/sqrt(P), and (1 + E) for higher orders
        c = 2 / math.sqrt(self.prob)
        if not self.is_state:
            whole = 4 * share / min(1, self.stretch)
            c = math.sqrt(3 + 2 * self.prob) * (1 + whole) / math.sqrt(self.prob)
        # what encoding, solver and rotations may take from the amplitude sqrt(P)
        self.kept = 1 - 3 * own / c / math.sqrt(self.prob)
        self.eps_solver = self.eps_rotation = own / c
        self.eps_matrix = own / (2 * c * 4 * self.inverse)
        self.eps_rhs = own / (2 * c * 2 * self.xi)
        assert self.inverse * self.eps_matrix <= 0.5
        # over tomography, norm, amplification and hardware, as far as they exist
        self.fail = FAIL / ((1 if self.mode == "repeat" else 2) if self.is_state else 4)
        self.numbers |= {
            "share_encoding": share,
            "eps_solver": self.eps_solver,
            "eps_matrix": self.eps_matrix,
            "eps_rhs": self.eps_rhs,
            "fail_logical": self.fail,
        }
        if not self.is_state:
            read = share / self.readout_stretch
            self.eps_read = math.sqrt(1 + read) - 1
            # the norm is the root of a ratio of two probabilities, (1 + x)/(1 - x) = 1 + read
            self.eps_norm = read / (2 + read)
            self.numbers |= {"eps_tomography": self.eps_read, "eps_norm": self.eps_norm}
            self.numbers["readout_stretch"] = self.readout_stretch

    def encode(self):
        """Section 5: alpha_M, and the bits that make U_A and U_b as fine as the budget asks."""
        size = self.model["n_active"]
        self.circuit = Circuit(size, self.order, self.m, self.degree, self.steps, self.pad)
        n, most = self.circuit.n, self.circuit.most
        alphas = [self.model["grad_norm"], self.model["frobenius_norm"]]
        alphas += [self.model["t3_frobenius"] / 2, self.model["t4_frobenius"] / 6]
        scaled = [self.gamma ** (k - 1) * a for k, a in enumerate(alphas[: self.degree + 1])]
        a = self.eta * math.fsum(scaled)
        alpha_map = sum(math.comb(self.order, i) * a**i for i in range(most + 1))
        self.alpha = 1 + max(alpha_map, 1)
        # A vector of n angles is off by 2 pi n 2^-b, two trees of k n and n by the sum; a product
        # of i factors by i a^(i-1) times one. F_k with k > N has a weight, too.
        angles = [2 * math.pi * (n if k == 0 else (k + 1) * n) for k in range(self.degree + 1)]
        one = self.eta * math.fsum(w * f for w, f in zip(scaled, angles, strict=True))
        slope = sum(math.comb(self.order, i) * i * a ** (i - 1) for i in range(1, most + 1))
        matrix_bits = math.ceil(math.log2(slope * one / self.eps_matrix))
        rhs_bits = math.ceil(math.log2(2 * math.pi * n * most / self.eps_rhs))
        self.circuit.set_bits(matrix_bits, rhs_bits)
        self.numbers |= {
            "factor_norm": a,
            "alpha_map": alpha_map,
            "alpha": self.alpha,
            "matrix_bits": matrix_bits,
            "rhs_bits": rhs_bits,
            "index_bits": n,
            "time_bits": self.circuit.tau,
            "index_width": self.circuit.width,
        }

    def solve(self):
        kappa = self.alpha * self.inverse
        # of the matrix as it is encoded: its smallest singular value falls by eps_matrix at most
        grown = 1 / (1 - self.inverse * self.eps_matrix)
        encoded, xi = kappa * grown, self.xi * grown
        found = run_of(self.typed["solver"], encoded, self.eps_solver, xi)
        self.queries, self.expected, self.flag, self.states, self.solver_qubits, self.guesses = (
            found
        )
        # a kernel reflection switches every use of U_A; a polynomial none, but one in a controlled run
        self.switched = int(self.guesses > 0)
        self.flags = self.circuit.ancillas + self.solver_qubits
        # a rotation that is off acts on the whole run, of which the flag keeps sqrt(flag)
        self.eps_rotation *= math.sqrt(self.flag)
        self.numbers |= {
            "eps_rotation": self.eps_rotation,
            "kappa_eff": kappa,
            "kappa_encoded": encoded,
            "matrix_queries": self.queries,
            "state_queries": self.states,
            "flag_prob": self.flag,
            "query_toffoli": self.circuit.query + self.switched,
        }

    def amplify(self):
        """Section 8: only P_low is known, so every solver is amplified to a fixed point."""
        size = self.model["n_active"]
        fail = self.fail / self.count  # of tomography, in one segment
        if self.is_state:
            self.copies = 1
        elif self.is_sampling:
            precision = self.eps_read**2 * (1 - self.eps_read**2 / 4)
            self.copies = math.ceil(57.5 * size * math.log(6 * size / fail) / precision)
        else:
            self.copies = math.ceil(size / self.eps_read * math.log(size / fail))
        self.numbers["copies"], self.uses = self.copies, 1
        if self.is_state and self.mode == "repeat":
            return
        each = self.fail / (self.count * self.copies)
        if self.is_sampling:  # measured: a union bound over the families that are amplified
            each /= 1 if self.mode == "repeat" else 2
        elif not self.is_state:  # c uses in one circuit: the distances sqrt(2 delta) add up
            each = each**2 / 2
        self.uses = fixed_point(self.prob * self.flag * self.kept**2, each)
        self.numbers |= {"fail_state": each, "invocations": self.uses}

    def reflection(self, c):
        """About the start: the index, the ancillas of the encoding, and the solver's qubits."""
        return self.circuit.width + self.flags - 2 + c

    def turn(self, c):
        """Both reflections of a round with a phase; wanted rows are told by time and block index."""
        told = self.circuit.tau + self.circuit.nu
        return (self.circuit.width + self.flags - 1 + c) + (told + self.flags - 1 + c)

    def inner(self, c):
        """Toffoli and rotations of a run beside its uses of U_A and U_b."""
        a, uses = self.circuit.ancillas, self.queries
        if not self.switched:  # a phase about the zeros of a qubits between uses, and the outer one
            return (uses - 1) * (a - 1 + c), uses + 2 * c
        # about b', of index, mirror and projector; two turns a guess; phases about a + 1 zeros
        about = uses * self.circuit.width
        return about + (uses - 1) * (a + c), 2 * uses * self.guesses + uses - 1

    def run(self, c):
        """Toffoli and rotations; switching U_A costs one Toffoli, that joins the control with h.

        A control acts on the start, on the phases, and on the last U_A of a polynomial.
        """
        card, (toffoli, rotations) = self.circuit, self.inner(c)
        toffoli += self.queries * (card.query + self.switched) + self.states * card.rhs(0)
        toffoli += c * (1 - self.switched + card.rhs(1) - card.rhs(0))
        rotations += self.queries * card.rotations + self.states * card.rhs_rotations(0)
        return toffoli, rotations + c * (card.rhs_rotations(1) - card.rhs_rotations(0))

    def qubits(self, c):
        return self.qubits_beside(c, 0, 0)

    def qubits_beside(self, c, bits, table):
        """With a known state of angles of so many bits, and its widest look-up."""
        held = self.circuit.width + self.flags
        switched = max(c, self.switched)
        gradient = max(self.circuit.b, self.circuit.b_rhs, bits)
        widest = max(self.circuit.table + switched, self.circuit.rhs_table(c), table, held - 1 + c)
        return held + gradient + widest + c

    def read(self):
        self.tabulate()
        self.read_plain()
        if self.is_sampling:
            self.read_signs()
        if not self.is_state:
            self.read_norm()

    def tabulate(self):
        """Section 2, every segment: F_0 one, F_1 3 r, F_2 6 r (r + 2)/4.

        Reading: F_3 one derivative more on every triple of directions, 12 (r + 2) choose 3.
        """
        r = self.model["n_active"]
        gradients = 1 + 3 * r + 6 * r * (r + 2) // 4
        if self.degree == 3:
            gradients += 12 * math.comb(r + 2, 3)
        self.stages["tabulate"] = row(self.count, gradients=self.count * gradients)

    def read_plain(self):
        copies, width = self.count * self.copies, self.qubits(0)
        if self.mode == "repeat":
            # errors leave a repeated run the same part of its amplitude: so much more often it is run
            expected = self.copies * self.expected / (self.prob * self.kept**2)
            runs = self.count * math.ceil(expected / self.queries)
        else:
            runs, rounds = copies * self.uses, copies * (self.uses - 1) // 2
            self.stages["amplification reflections"] = row(
                rounds, rounds * self.turn(0), 0, 2 * rounds, width
            )
        queries, states, price = runs * self.queries, runs * self.states, self.circuit.query
        self.stages["matrix queries"] = row(
            queries,
            queries * (price + self.switched),
            0,
            queries * self.circuit.rotations,
            width,
        )
        self.stages["rhs queries"] = row(
            states, states * self.circuit.rhs(0), 0, states * self.circuit.rhs_rotations(0), width
        )
        toffoli, rotations = self.inner(0)
        self.stages["solver reflections"] = row(runs, runs * toffoli, 0, runs * rotations, width)

    def read_signs(self):
        copies, more = self.count * self.copies, self.uses - 1
        (first, turned), (toffoli, rotations) = self.run(1), self.run(0)
        each = first + more * toffoli + more // 2 * self.turn(1)
        turned += more * rotations + more + self.known_rotations
        n, rows = self.circuit.n, self.pad + 1
        # the magnitudes as a state, to a hundredth of the error: a controlled tree, equal rows whose
        # Hadamards are undone where the control is off, and the addition of T
        bits = max(1, math.ceil(math.log2(2 * math.pi * n * 100 / self.eps_read)))
        each += tree(1, n, bits, 1) + uniform(rows)[0] + bits_of(rows) + self.circuit.tau - 1
        width = self.qubits_beside(1, bits, max(alive(2 ** (n - 1), bits, 1), 2 * bits - 1))
        self.stages["sign circuits"] = row(copies, copies * each, 0, copies * turned, width)

    @property
    def known_rotations(self):
        """One takes back the phase between both states; those of the equal rows, controlled."""
        return 1 + 2 * uniform(self.pad + 1)[1]

    def read_norm(self):
        """Section 9: P_ref = P' = P/(1 + P), times the flag; two probabilities, R repeats each."""
        prob = self.flag * self.prob / (1 + self.prob)
        rounds = bhmt(prob, self.eps_norm)
        repeats = self.count * median(self.fail / self.count / 2)
        toffoli, turns = self.run(0)
        uses, runs, own = self.queries, 2 * rounds + 1, own_of_estimate(rounds)
        # the reference: a qubit of the index, an ancilla, a control of each U_A, joined with another
        # where there is one, two rotations with it, and one with each U_b
        toffoli += self.referenced(uses)
        turns += 2 * uses + self.states
        self.longest_norm = turns
        flags, told = self.flags + 1, self.circuit.tau + self.circuit.nu
        held = self.circuit.width + self.flags + 2
        signs = (flags + told, flags)
        each = sum(runs * toffoli + own[0] + rounds * (held - 1 + sign) for sign in signs)
        gradient = max(self.circuit.b, self.circuit.b_rhs)
        tables = self.circuit.table + self.switched + 1, self.circuit.rhs_table(0)
        beside = bits_of(rounds + 1) + max(held - 1, flags + told + 1)
        self.stages["norm"] = row(
            repeats,
            repeats * each,
            0,
            repeats * 2 * (runs * turns + own[1]),
            held + gradient + max(*tables, held - 1, beside) + bits_of(rounds) + 1,
        )
        self.numbers |= {"norm_prob": prob, "norm_rounds": rounds}

    def referenced(self, uses):
        """Toffoli gates that a reference adds to a run.

        A kernel reflection turns about b' on one qubit more and about the zeros of one ancilla more,
        and joins its mirror with the new control; a polynomial has the one ancilla more, and its uses of
        U_A, which had no control, get one: one gate, that joins it with h.
        """
        return uses + uses + uses - 1 if self.switched else uses + uses - 1

    def synthesise(self):
        """Section 11: of one run, the longest, and the phases of its amplification."""
        longest = self.run(1 if self.is_sampling else 0)[1] + self.uses - 1
        longest += self.known_rotations if self.is_sampling else 0
        longest = longest if self.is_state else max(longest, self.longest_norm)
        price = math.ceil(3 * math.log2(longest / self.eps_rotation))
        rotations = sum(stage["rotations"] for stage in self.stages.values())
        self.stages["rotation synthesis"] = row(rotations, t=rotations * price)
        self.numbers |= {"run_rotations": longest, "synthesis_t": price}


# ------------------------------------------------------------------ qres


def report_of(given, algorithm) -> Any:
    scenario = {
        "schema": "qres-model/1",
        "name": "by-hand",
        "model": {"given": given},
        "algorithm": algorithm,
        "error": {"total": TOTAL, "fail_prob": FAIL},
        "hardware": ["superconducting-1e-3"],
        "classical": {"device": "h200"},
    }
    return qres.estimate(qres.load(scenario))


def same(found, expected, is_whole):
    """Integers exactly, unless one beyond any double came from a float; others to 1e-11."""
    if isinstance(expected, int) and (is_whole or expected < 2**53):
        return found == expected
    return found == pytest.approx(expected, rel=1e-11, abs=0)


@pytest.fixture(scope="module", params=CASES)
def case(request):
    typed, mode = CASES[request.param]
    given = FADING if "hardly" in request.param else GIVEN
    return report_of(given, typed), Estimate(given, typed, mode)


@pytest.mark.slow
def test_every_symbol(case):
    """Breaking it means: a symbol of the lift is not what the sheet says."""
    report, hand = case
    found = report.priced.numbers
    for name, value in hand.numbers.items():
        assert same(found[name], value, True), f"symbol {name}: {found[name]}, by hand {value}"


def test_every_stage(case):
    """Breaking it means: a stage of the lift, or the total, is not what the sheet prices."""
    report, hand = case
    result, is_whole = report.to_dict(), hand.mode != "repeat"
    stages = {stage["name"]: stage for stage in result["stages"]}
    reconstruct = stages.pop("reconstruct", None)
    assert (reconstruct is None) == hand.is_state
    assert set(stages) == set(hand.stages)
    for name, expected in hand.stages.items():
        for field, value in expected.items():
            found = stages[name][field]
            assert same(found, value, is_whole), f"{name}, {field}: {found}, by hand {value}"
    for name in ("toffoli", "t", "rotations"):
        value = sum(stage[name] for stage in hand.stages.values())
        assert same(result["logical"][name]["value"], value, is_whole), name
    peak = max(stage["logical_qubits"] for stage in hand.stages.values())
    assert result["logical"]["logical_qubits"]["value"] == peak
    assert result["logical"]["agreement"]["status"] == "exact"
    assert result["choices"]["state preparation"] == hand.mode
    assert result["choices"]["failure rule"] == "logical failures counted over the whole run"


def test_every_share(case):
    """Breaking it means: what is measured or decided is not what comes off error.total."""
    report, hand = case
    shares = {item["name"]: item["share"] for item in report.to_dict()["budget"]}
    decided = {
        "eps_model": hand.eps_model,
        "eps_map": hand.eps_map,
        "eps_truncation": hand.eps_truncation,
    }
    for name, value in decided.items():
        assert shares.pop(name) == pytest.approx(value, rel=1e-9, abs=1e-18), name
    filled = ("eps_encoding", "eps_solver", "eps_rotation", "eps_readout")
    expected = dict.fromkeys(filled[: len(shares)], hand.numbers["share_encoding"])
    assert shares == pytest.approx(expected, rel=1e-12)
    assert sum(decided.values()) + sum(shares.values()) == pytest.approx(TOTAL, rel=1e-12)


def test_one_lift_in_digits():
    """The first case once more, in digits: neither `qres` nor the classes above may drift.

    Breaking it means: the meaning of a line of the sheet or the card moved in both at once.
    """
    report = report_of(GIVEN, LIFT)
    numbers = report.priced.numbers
    stages = {stage["name"]: stage for stage in report.to_dict()["stages"]}
    # Q(x) = .1 (.5/.2) + .1 x .2 x (.4/2) x^2 = .25 + .004 x^2; corners .04 and -.11, g = 1.04.
    # h(1,.) = 1.04, h(2,2) = 1.04^2, h(2,1) = 1.08, h(3,2) = 1 + .12 + .0048, h(1,0) = 1.
    # row 1: 1.04 x + Q; row 2: 1.0816 x^2 + 2 x 1.04 x Q + Q^2;
    # row 3: 1.1248 x^3 + 3 x 1.08 x^2 Q + 3 x Q^2, three factors being too many
    m_hat = np.array([[1.04, 0.004, 0], [0.52, 1.0836, 0.00832], [0.1875, 0.81, 1.1308]])
    powers = [np.linalg.matrix_power(m_hat, k) for k in range(6)]
    inverse = sum(np.linalg.norm(power, 2) for power in powers)
    assert numbers["inverse_norm"] == pytest.approx(inverse, rel=1e-12)
    # a = .1 (2.5 + 1.9 + .2 x .2) = .444; 1 + 3 a + 3 a^2
    assert numbers["alpha_map"] == pytest.approx(1 + 1.332 + 0.591408, rel=1e-12)
    assert numbers["kappa_eff"] == pytest.approx(3.923408 * inverse, rel=1e-12)
    # b: three vectors of 3 angles by 1, 2, 3: 2 pi (3 x 2.5 + 6 x 1.9 + 9 x .04) x .1 = 12.1014;
    # slope 3 + 6 a = 5.664; P = .147399, shares .0224981: an error of a state counts sqrt(3 + 2P) 1.089993
    # = 1.978509 times over sqrt(P). 68.5423 / 2.04019e-5 = 3.360e6 > 2^21; 2 pi 6 / 1.86702e-4 = 201,921.
    assert (numbers["matrix_bits"], numbers["rhs_bits"]) == (22, 18)
    # 22 bits, one control. Vector: loads 0, 1, 3, unloads 0, 0, 1, additions 3 x 21: 68.
    # F_1: rows 6, 12, 24: (5 + 2) + (11 + 4) + (23 + 7) = 52, additions 63, norms 68, swaps 3: 186.
    # F_2: 52 + (45 + 11) + (69 + 17) + (113 + 25) = 332, 126, 68, 3, ladder of 4 qubits 3: 532.
    # Moves (11 exchanges of 3, 9 Ands) 42, places 5, kinds 4, block index 4 x 2, time 2,
    # flags: 3 for the time, one product of the 2 bits of the block and 2 positions, block 4 in and out
    # by one comparison: 3 + 1 + 2 + 3. The solver's mirror joins h: 1.
    assert numbers["query_toffoli"] == 2 * (68 + 186 + 532) + (42 + 5 + 4 + 8 + 2 + 9) + 1 == 1643
    # h, 5 places, 2 x 2 bits of kinds, twice
    assert stages["matrix queries"]["rotations"] == 20 * stages["matrix queries"]["calls"]
    # two vectors of 18 bits, (2 + 51) and (5 + 51); U(5) 8. Rotations: 2 of U(5), one weight.
    assert stages["rhs queries"]["toffoli"] == (53 + 56 + 8) * stages["rhs queries"]["calls"]
    assert stages["rhs queries"]["rotations"] == 3 * stages["rhs queries"]["calls"]
    # 104.944 ln(2 + 2 sqrt 2/.00436575) = 679.70, twice an odd number; two vectors a use, and the start
    assert (numbers["matrix_queries"], numbers["state_queries"]) == (2 * 341, 4 * 341 + 1)
    # (6/.0111865) ln(480) = 3311.4. Errors leave 1 - 3 x .0224981/1.978509 = .965886 of the amplitude:
    # 13.5271/atanh(sqrt(.966 x .147399) x .965886) = 13.5271/.38203 = 35.4
    assert (numbers["copies"], numbers["invocations"]) == (3312, 37)
    assert stages["matrix queries"]["calls"] == 3312 * 37 * 682
    # 3 + 2 + 9 index qubits, 34 ancillas and 2 of the solver: 49 to turn; 36 flags, time and block index 40
    assert stages["amplification reflections"]["toffoli"] == 3312 * 18 * (49 + 40)
    # about b with mirror and projector 14, about 34 + 1 zeros with a phase 34; 2 turns and a phase
    inner = 682 * 14 + 681 * 34
    assert stages["solver reflections"]["toffoli"] == inner * 3312 * 37 == 32_702 * 3312 * 37
    # the longest run has the reference: two rotations more a use of U_A, one of U_b
    assert numbers["run_rotations"] == 682 * 22 + 1365 * 4 + (682 * 2 + 681) == 22_509
    # held: 14 index, solver 2; h 1, mask 3, places 5, running 2, kinds 4 + 2, high bit 1, flags 5,
    # spare cell 3, factors 2 x 4. Gradient 22; 192 entries by fours: 4 words of 22, 48 blocks,
    # h and the mirror joined.
    held = 14 + 2 + (1 + 3 + 5 + 2 + 6 + 1 + 5 + 3 + 8)
    assert numbers["held_qubits"] == held == 50
    assert stages["matrix queries"]["logical_qubits"] == held + 22 + 88 + 6 + 1 == 167
    # P_n = .966 x .128464 = .124096, eps_norm .0224981/2.0224981: M = 1505.4, 13 pairs of 3013 runs
    # each; phase register 11, one more.
    # With the reference a control is joined, b' has a qubit more, the zeros an ancilla more.
    run = 682 * 1644 + 1365 * 117 + 682 * 15 + 681 * 35
    assert (numbers["norm_rounds"], stages["norm"]["calls"]) == (1506, 13)
    # an iteration: about 15 + 37 qubits with a control 51; sign of the rows (37 flags, the reference, 5 of
    # time and block index, a control) 42, of the reference 37; j on 11 bits twice 10;
    # 1507 of 11 bits: 32; Fourier transform of 12 qubits 66
    each = 3013 * run + 32 + 66
    signs = 1506 * (51 + 42 + 20) + 1506 * (51 + 37 + 20)
    assert stages["norm"]["toffoli"] == 13 * (2 * each + signs)
    # a qubit more of the index, an ancilla more, the control joined
    assert stages["norm"]["logical_qubits"] == 167 + 2 + 1 + 12
