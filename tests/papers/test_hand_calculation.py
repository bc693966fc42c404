"""Training runs and linear systems whose every stage value is computed by hand.

Nothing here is taken from `qres`: the arithmetic is the derivation of the training pipeline read line by
line (section numbers in the comments), in plain Python. Where the sheet leaves freedom, what was
taken is stated as "Reading:". A failure means that the program no longer prices what the sheet
says, whichever of its storeys moved.
"""

from __future__ import annotations

import math

import pytest

import qres

COHERENT = {"kind": "tomography", "norm": "l2", "access": "coherent"}
SAMPLING = {"kind": "tomography", "norm": "l2", "access": "sampling"}
STATE = {"kind": "state"}

TOTAL, FAIL = 0.1, 0.05

# T and r no powers of two, s < r, negative curvature (the linear part grows).
SMALL = {
    "n_steps": 5,
    "learning_rate": 0.1,
    "n_params": 20,
    "n_active": 6,
    "sparsity": 3,
    "max_entry": 0.7,
    "frobenius_norm": 1.9,
    "lambda_max": 1.1,
    "lambda_min": -0.4,
    "grad_norm": 0.5,
    "update_norms": [0.0, 0.05, 0.096, 0.13832, 0.1772544, 0.213074],
    "eps_model": 0.01,
    "n_samples": 10,
}
# Hardly anything is left at the end: P is small, so amplifying beats repeating.
FADING = SMALL | {"update_norms": [0.0, 0.05, 0.04, 0.03, 0.02, 0.0004]}
# Every row full and T a power of two: no involution, no rotation in U(T). Contracting.
FULL = SMALL | {
    "n_steps": 8,
    "n_active": 8,
    "sparsity": 8,
    "lambda_min": 0.2,
    "update_norms": [0.0, 0.05, 0.096, 0.138, 0.177, 0.213, 0.246, 0.277, 0.306],
}
# The 7 million weights: blocks K > 1, integers above 2^53; update norms and eps_model left out.
LARGE = {
    "n_steps": 50,
    "learning_rate": 0.01,
    "n_params": 7_451_044,
    "n_active": 745_104,
    "sparsity": 100,
    "max_entry": 1.0,
    "frobenius_norm": 115.0,
    "lambda_max": 20.0,
    "lambda_min": -1.11,
    "grad_norm": 1.0,
    "n_samples": 50_000,
}
MATRIX = {
    "dim": 6,
    "sparsity": 3,
    "max_entry": 0.7,
    "frobenius_norm": 1.9,
    "norm": 1.1,
    "smallest_singular_value": 0.1,
    "solution_overlap": 0.5,
}


# ------------------------------------------------------------------ gate card, section 14a


def ceil_log2(number: int) -> int:
    return (number - 1).bit_length()


def blocks(most: int) -> list[int]:
    return [2**k for k in range(most.bit_length()) if 2**k <= most]


def look_and_block(entries: int, bits: int, controls: int = 0) -> tuple[int, int]:
    """look(M,b,c) = min over K < M of max(0, ceil(M/K)-2+c) + (K-1) b, 0 for M <= 1; smaller K."""
    if entries <= 1:
        return 0, 1
    return min(
        (max(0, math.ceil(entries / block) - 2 + controls) + (block - 1) * bits, block)
        for block in blocks(entries - 1)
    )


def look(entries: int, bits: int, controls: int = 0) -> int:
    return look_and_block(entries, bits, controls)[0]


def unlook(entries: int, controls: int = 0) -> int:
    """unlook(M,c) = min over K <= M of max(0, ceil(M/K) + K - 4 + c), 0 for M <= 1."""
    if entries <= 1:
        return 0
    return min(
        max(0, math.ceil(entries / block) + block - 4 + controls) for block in blocks(entries)
    )


def alive(entries: int, bits: int, controls: int = 0) -> int:
    """Qubits of an open look-up: (K-1) b + b + ceil(log2 ceil(M/K))."""
    block = look_and_block(entries, bits, controls)[1]
    return (block - 1) * bits + bits + ceil_log2(math.ceil(entries / block))


def angle_alive(entries: int, bits: int, controls: int = 0) -> int:
    """An angle that is looked up is added next: b qubits and b - 1 carries, if these are more."""
    return max(alive(entries, bits, controls), 2 * bits - 1)


def tree(rows: int, levels: int, bits: int, controls: int = 0) -> int:
    """tree(rows,n,b,c) = sum over levels of [look(rows 2^l,b,c) + unlook(rows 2^l,c)] + n (b-1)."""
    tables = [rows * 2**level for level in range(levels)]
    loads = sum(look(table, bits, controls) + unlook(table, controls) for table in tables)
    return loads + levels * (bits - 1)


def uniform(states: int) -> tuple[int, int]:
    """U(T): Toffoli and rotations, 0 for a power of two, else Qualtran's count.

    Reading: PrepareUniformSuperposition of T = 2^k l states, l > 1 odd and m = ceil(log2 l), takes
    3m - 1 Toffoli and 2 rotations. The Toffoli are comparisons, which need no control; rotations
    are doubled when controlled, as all of them.
    """
    odd = states
    while odd % 2 == 0:
        odd //= 2
    return (0, 0) if odd == 1 else (3 * ceil_log2(odd) - 1, 2)


def own_of_estimate(rounds: int) -> tuple[int, int]:
    """Toffoli and rotations of an estimate beside its runs and reflections.

    j = 0..M in equal superposition; two comparisons of j an iteration, ceil(log2(M + 1)) - 1 each;
    the inverse Fourier transform of 1 + ceil(log2 M) qubits, one Toffoli and one rotation a pair.
    """
    toffoli, rotations = uniform(rounds + 1)
    bits = ceil_log2(rounds) + 1
    pairs = bits * (bits - 1) // 2
    return toffoli + 2 * rounds * (ceil_log2(rounds + 1) - 1) + pairs, rotations + pairs


class Encoding:
    """14a: alpha, bits of an angle, Toffoli, own ancillas and widest look-up of one encoding.

    `scale` is eta for the history matrix and 1 for a plain matrix, whose eps_L is in its own units.
    """

    def __init__(self, name, model, size, scale):
        self.is_sparse, self.size, self.scale = name == "sparse", size, scale
        self.n = ceil_log2(size)
        self.slot_bits = ceil_log2(model["sparsity"])
        self.slots = 2**self.slot_bits  # s' = 2^ceil(log2 s)
        self.has_involution = model["sparsity"] < size
        # Reading: the sparse encoding holds its slot register and the flag that is rotated; the
        # frobenius encoding a second index, <i|U_1^dag U_2|j> (section 5).
        if self.is_sparse:
            self.alpha, self.ancillas = self.slots * model["max_entry"], self.slot_bits + 1
        else:
            self.alpha, self.ancillas = model["frobenius_norm"], self.n

    def set_bits(self, eps):
        factor = 2 * math.pi if self.is_sparse else 4 * math.pi * self.n
        self.bits = math.ceil(math.log2(factor * self.scale * self.alpha / eps))

    def toffoli(self, c):
        """An exchange of names is free; switched by a control it is n controlled swaps."""
        if not self.is_sparse:
            trees = tree(self.size, self.n, self.bits, c) + tree(1, self.n, self.bits, c)
            return trees + c * self.n
        table, address = self.size * self.slots, self.n + self.slot_bits
        angle = look(table, self.bits, c) + unlook(table, c) + (self.bits - 1)
        if self.has_involution:
            return angle + look(table, address, c) + unlook(table, c)
        assert self.size == 2**self.n  # else a comparison would flag rows beyond the matrix
        return angle + c * self.n

    def widest(self, c):
        if not self.is_sparse:
            tables = [self.size * 2**level for level in range(self.n)]
            return max(angle_alive(table, self.bits, c) for table in tables)
        table, address = self.size * self.slots, self.n + self.slot_bits
        # The involution's look-up counts only where there is one.
        second = alive(table, address, c) if self.has_involution else 0
        return max(angle_alive(table, self.bits, c), second)


# ------------------------------------------------------------------ repetitions


def shortcut(kappa: float, eps: float) -> float:
    """The other sheet, 3.4, Eq. (48): expected uses of U_A."""
    logarithm = math.log(math.sqrt(1 - eps**2) / eps)
    return 56.0 * kappa + 1.05 * kappa * logarithm + 2.78 * math.log(kappa) ** 3 + 3.17


def kernel(kappa: float, eps: float) -> tuple[int, int, float]:
    """Length L of a run's filter, guesses of the norm, and the least chance of its flag.

    Guesses lie evenly in ln t at most 2 apart, 2^g of them; S is the mean of 1/cosh of their distance
    from an end, no more than it was before g grew. 2L >= kappa ln(2 + 4/(eps S)), L odd; flag .97 S^2,
    at a precision of .01 or finer.
    """

    def mean(size, count):
        return math.fsum(1 / math.cosh((j + 0.5) * size / count) for j in range(count)) / count

    size, count = math.log(kappa), 1
    while size > 2 * count:
        count *= 2
    overlap = mean(size, count)
    if count > 1:
        overlap = min(overlap, mean(count, count // 2))
    length = 1
    while 2 * length < kappa * math.log(2 + 4 / (min(eps, 0.01) * overlap)):
        length += 2
    return length, count, 0.97 * overlap**2


def fixed_point(prob: float, fail: float) -> int:
    """Section 8: the smallest odd L >= acosh(1/sqrt(fail))/atanh(sqrt P'), P' a lower bound."""
    length = 1
    while length * math.atanh(math.sqrt(prob)) < math.acosh(1 / math.sqrt(fail)):
        length += 2
    return length


def bhmt_rounds(prob: float, relative: float) -> int:
    """Section 9: M = ceil(pi/(sqrt(eps_norm P + P(1-P)) - sqrt(P(1-P))))."""
    spread = prob * (1 - prob)
    return math.ceil(math.pi / (math.sqrt(relative * prob + spread) - math.sqrt(spread)))


def median_repeats(fail: float) -> int:
    """Section 11: smallest odd R with Pr[Binomial(R, 1 - 8/pi^2) >= (R+1)/2] <= fail."""
    wrong, repeats = 1 - 8 / math.pi**2, 1
    while True:
        most = range((repeats + 1) // 2, repeats + 1)
        ways = [math.comb(repeats, k) * wrong**k * (1 - wrong) ** (repeats - k) for k in most]
        if sum(ways) <= fail:
            return repeats
        repeats += 2


# ------------------------------------------------------------------ the price


def row(calls, toffoli=0, t=0, rotations=0, qubits=0, gradients=0):
    names = ("calls", "toffoli", "t", "rotations", "logical_qubits", "gradients")
    return dict(zip(names, (calls, toffoli, t, rotations, qubits, gradients), strict=True))


def training_by_hand(model, encoding, pad, readout):
    """Symbols and stages of a training run."""
    eta, steps = model["learning_rate"], model["n_steps"]
    # Section 6 at N = 1, where m_hat without column 0 is the number g.
    growth = max(abs(1 - eta * model["lambda_max"]), abs(1 - eta * model["lambda_min"]))
    inverse = math.fsum(
        max(growth**k for k in range(max(0, d - pad), min(d, steps) + 1))
        for d in range(steps + pad + 1)
    )
    # DESIGN section 4: missing update_norms are t eta grad_norm, a missing eps_model is 0.
    linear = [t * eta * model["grad_norm"] for t in range(steps + 1)]
    updates, eps_model = model.get("update_norms", linear), model.get("eps_model", 0.0)
    # Sections 7 and 8 at N = 1, gamma = 1: S(z) = z.
    path = math.fsum(u**2 for u in updates[:-1])
    last = (pad + 1) * updates[-1] ** 2
    history = math.sqrt(path + last)
    # Section 3: norm(b)^2 = T beta^2, beta = eta norm(F_0)/gamma.
    source = eta * model["grad_norm"] * math.sqrt(steps)
    card = Encoding(encoding, model, model["n_active"], eta)
    # Section 5: N = 1 drops k = 0, so alpha_M = 1 + a with a = eta alpha_F1.
    alpha_map = 1 + eta * card.alpha
    numbers = {
        "growth": growth,
        "inverse_norm": inverse,
        "alpha_map": alpha_map,
        "alpha": 1 + max(alpha_map, 1),
        "path_energy": path,
        "update_norm": updates[-1],
        "history_norm": history,
        "source_norm": source,
        "xi": inverse * source / history,
        "success_prob": last / (path + last),
        "padding": pad,
        "time_bits": ceil_log2(steps + pad + 1),
        "index_width": card.n + ceil_log2(steps + pad + 1),
    }
    # Section 11: what is measured comes off first.
    price = Price(numbers, card, readout, rest=TOTAL - eps_model, steps=steps)
    # Section 2: F_0 one gradient, F_1 c_hvp min(r, colours), c_hvp = 3; a pattern is not known
    # beforehand, so min(r, colours) = r.
    price.stages["tabulate"] = row(1, gradients=1 + 3 * model["n_active"])
    return price


def system_by_hand(encoding, readout):
    """Section 11, last lines: P = 1, xi = norm(A^-1) norm(b)/norm(x), eps_L in units of A.

    Reading: without a history matrix tau = 0, and neither its rotations nor its three ancillas.
    """
    card = Encoding(encoding, MATRIX, MATRIX["dim"], 1.0)
    numbers = {
        "inverse_norm": 1 / MATRIX["smallest_singular_value"],
        "alpha": card.alpha,
        "xi": 1 / MATRIX["solution_overlap"],
        "success_prob": 1,
        "index_width": card.n,
    }
    return Price(numbers, card, readout, rest=TOTAL)


class Price:
    """Sections 7 to 11 and 14a: from the norms to symbols and stages."""

    def __init__(self, numbers, card, readout, *, rest, steps=None):
        self.numbers, self.card, self.steps = numbers, card, steps
        self.width, self.prob = numbers["index_width"], numbers["success_prob"]
        self.is_state = readout["kind"] == "state"
        self.is_sampling = readout.get("access") == "sampling"
        self.stages = {}
        self.split_error(rest)
        self.solve()
        self.amplify()
        self.read_plain_states()
        if self.is_sampling:
            self.read_signs()
        if not self.is_state:
            self.read_norm()
        self.synthesise()

    def split_error(self, rest):
        """Section 11, even split over encoding, solver, rotation and, with tomography, read-out."""
        share = rest / (3 if self.is_state else 4)
        # 2/sqrt(P) for the direction; with the norm sqrt(3 + 2P)/sqrt(P) and (1 + E) for higher orders
        c = 2 / math.sqrt(self.prob)
        if not self.is_state:
            c = math.sqrt(3 + 2 * self.prob) * (1 + 4 * share) / math.sqrt(self.prob)
        # what encoding, solver and rotations may take from the amplitude sqrt(P)
        self.kept = 1 - 3 * share / c / math.sqrt(self.prob)
        inverse, xi = self.numbers["inverse_norm"], self.numbers["xi"]
        self.eps_rotation = share / c
        found = {
            "share_encoding": share,
            "share_solver": share,
            "share_rotation": share,
            "eps_solver": share / c,
            "eps_matrix": share / (2 * c * 4 * inverse),
            "eps_rhs": share / (2 * c * 2 * xi),
        }
        assert inverse * found["eps_matrix"] <= 0.5  # the hypothesis of Sigma_s
        # fail_prob evenly over tomography, norm, amplification and hardware; for `state` only the
        # last two exist, and the last alone where nothing is amplified (`repeat_state`).
        self.fail = found["fail_logical"] = FAIL / (2 if self.is_state else 4)
        found["fail_amplification"] = self.fail
        if not self.is_state:
            found |= {"fail_tomography": self.fail, "fail_norm": self.fail, "share_readout": share}
            found["eps_tomography"] = math.sqrt(1 + share) - 1
            # the norm is the root of a ratio of two probabilities, (1 + x)/(1 - x) = 1 + share
            found["eps_norm"] = share / (2 + share)
        self.numbers |= found

    def amplify(self):
        """Section 8: the flag's chance is a lower bound, so the amplification is a fixed-point sequence.

        Section 11: its failures, one a state, share fail_amplification. Reading: measured states
        (plain samples where they are amplified, sign circuits always) by the union bound; c uses in
        one coherent circuit by the sum of their distances sqrt(2 delta) from the wanted state, so
        that c sqrt(2 delta) is the share.
        """
        copies = self.numbers["copies"] = self.copies()
        may_repeat = self.is_state or self.is_sampling
        # Section 7: plain samples, and a single state, may be repeated instead of amplified.
        share = self.numbers["fail_amplification"]
        families = 2 if self.is_sampling else 1
        uses = fixed_point(self.prob * self.flag * self.kept**2, share / (families * copies))
        # errors leave a repeated run the same part of its amplitude: so much more often it is run
        self.all_expected = copies * self.expected / (self.prob * self.kept**2)
        self.repeats = may_repeat and self.all_expected < copies * uses * self.queries
        if not may_repeat:
            fail = (share / copies) ** 2 / 2
        elif self.is_sampling and self.repeats:
            fail = share / copies
        else:
            fail = share / (families * copies)
        if self.is_state and self.repeats:
            self.repeat_state()
        else:
            self.turn_to_target(fail)

    def turn_to_target(self, fail):
        """L = 2k + 1 runs and 2k reflections with phases."""
        self.uses = fixed_point(self.prob * self.flag * self.kept**2, fail)
        self.rounds = (self.uses - 1) // 2
        # each of the 2k reflections has a rotation, to the precision of the others
        self.phases = 2 * self.rounds
        self.numbers |= {"fail_state": fail, "rounds": self.rounds, "invocations": self.uses}

    def repeat_state(self):
        """Nothing is amplified: the hardware has all of fail_prob."""
        self.phases = 0
        self.fail = self.numbers["fail_logical"] = FAIL
        del self.numbers["fail_amplification"]

    def solve(self):
        """Section 7: a coherent run is one kernel reflection; U_b = 2 U_A, and one to start from."""
        numbers, card = self.numbers, self.card
        kappa = numbers["alpha"] * numbers["inverse_norm"]
        # the solver is built for the matrix as it is encoded, whose smallest value falls by eps_matrix
        encoded = kappa / (1 - numbers["inverse_norm"] * numbers["eps_matrix"])
        self.length, self.guesses, self.flag = kernel(encoded, numbers["eps_solver"])
        self.queries = 2 * self.length
        self.expected = self.queries / self.flag  # repeated until the flag is up
        # a rotation that is off acts on the whole run, of which the flag keeps sqrt(flag)
        self.eps_rotation *= math.sqrt(self.flag)
        self.states = 2 * self.queries + 1
        # a qubit that mirrors, one that projects, and the guesses; of the encoding: a
        self.ancillas = (3 if self.steps else 0) + card.ancillas
        self.flags = self.ancillas + 2 + ceil_log2(self.guesses)
        card.set_bits(numbers["eps_matrix"])
        self.rhs_bits = math.ceil(math.log2(2 * math.pi * card.n / numbers["eps_rhs"]))
        self.uniform = uniform(self.steps) if self.steps else (0, 0)
        # 14a: 4 rotations of PREP, without a control of their own.
        self.query_rotations = 4 if self.steps else 0
        self.run_rotations = self.rotations_of_run(0)
        numbers |= {
            "alpha_matrix": card.alpha,
            "kappa_eff": kappa,
            "kappa_encoded": encoded,
            "index_bits": card.n,
            "matrix_bits": card.bits,
            "rhs_bits": self.rhs_bits,
            # every use of U_A is switched by the qubit that mirrors
            "query_toffoli": self.query(1),
            "matrix_queries": self.queries,
            "state_queries": self.states,
            "filter_length": self.length,
            "guess_bits": ceil_log2(self.guesses),
            "flag_prob": self.flag,
            "eps_rotation": self.eps_rotation,
        }

    def rotations_of_run(self, c):
        """Two turns of the mirror for each guess and use, a phase between uses, U(T), PREP.

        A control doubles those of the first U(T), and no others.
        """
        turns = 2 * self.queries * self.guesses + self.queries - 1
        uniform = (self.states + c) * self.uniform[1]
        return self.queries * self.query_rotations + turns + uniform

    def query(self, c):
        """C_A = C(F_1; one control) + 2 (tau + c).

        F_1 is one of three terms, so it stands under the control h and g, whatever the outer one: 1.
        Carries of t + m, which flag the last and the idle rows: tau. Shift: tau - 1. An outer control
        is joined with h before the first and again to erase it: 2.
        """
        if not self.steps:
            return self.card.toffoli(c)
        return self.card.toffoli(1) + 2 * (self.numbers["time_bits"] + c)

    def rhs(self, c):
        """C_b = tree(1, n, b_b, c) + U(T)."""
        return tree(1, self.card.n, self.rhs_bits, c) + self.uniform[0]

    def reflection(self, c):
        """About the start: the index and all that is a flag at the end."""
        return self.width + self.flags - 2 + c

    def turn(self, c):
        """Both reflections of a round, with a phase: the whole ladder, q - 1 + c on q qubits.

        The wanted rows are told by comparing the time, as many gates as its qubits; a system without
        time has no rows.
        """
        rows = self.numbers["time_bits"] if self.steps else 0
        return (self.width + self.flags - 1 + c) + (self.flags + rows - 1 + c)

    def inner(self, c):
        """About b, with mirror and projector, in each use; about the encoding's zeros between."""
        return self.queries * self.width + (self.queries - 1) * (self.ancillas + c)

    def run(self, c):
        """A control acts on the start and on the phases; without them all cancels."""
        start = c * (self.rhs(1) - self.rhs(0))
        return self.queries * self.query(1) + self.states * self.rhs(0) + start + self.inner(c)

    def qubits(self, c):
        """14a, Qubits: registers, LCU and flag (3), solver, F_1's own, phase gradient, look-up.

        Reading: one width for everything inside a run; the phase gradient is as wide as the finest
        angle that is added to it; a control is one more qubit.
        """
        gradient, matrix, rhs = self.gradient_and_tables(c)
        # a phase about the start joins all registers in a ladder of one qubit less
        ladder = self.width + self.flags - 1 + c
        return self.width + self.flags + gradient + max(matrix, rhs, ladder) + c

    def gradient_and_tables(self, c):
        gradient = max(self.card.bits, self.rhs_bits)
        rhs = max(angle_alive(2**level, self.rhs_bits, c) for level in range(self.card.n))
        # in a history F_1 looks up under a control of its own, which is held meanwhile
        matrix = self.card.widest(1) + 1 if self.steps else self.card.widest(c)
        return gradient, matrix, rhs

    def copies(self):
        """Section 9; an integer, since it is handed to a circuit."""
        if self.is_state:
            return 1
        size, eps = self.card.size, self.numbers["eps_tomography"]
        if self.is_sampling:
            logarithm = math.log(6 * size / self.fail)
            return math.ceil(57.5 * size * logarithm / (eps**2 * (1 - eps**2 / 4)))
        return math.ceil(size / eps * math.log(size / self.fail))

    def read_plain_states(self):
        copies = self.numbers["copies"]
        if self.repeats:
            # Reading: the expected queries of the whole stage, rounded up to whole runs.
            runs = math.ceil(self.all_expected / self.queries)
            self.numbers["total_runs"] = runs
            self.numbers["total_matrix_queries"] = runs * self.queries
            self.numbers["total_state_queries"] = runs * self.states
        else:
            runs = copies * self.uses
        queries, states, width = runs * self.queries, runs * self.states, self.qubits(0)
        self.stages["matrix queries"] = row(
            queries, queries * self.query(1), 0, queries * self.query_rotations, width
        )
        self.stages["rhs queries"] = row(
            states, states * self.rhs(0), 0, states * self.uniform[1], width
        )
        turns = 2 * self.queries * self.guesses + self.queries - 1
        self.stages["solver reflections"] = row(runs, runs * self.inner(0), 0, runs * turns, width)
        if not self.repeats:  # 14a: 2 x rounds reflections per state, never dropped
            rounds = copies * self.rounds
            self.stages["amplification reflections"] = row(
                rounds, rounds * self.turn(0), 0, 2 * rounds, width
            )

    def read_signs(self):
        """14a: the first run and the reflections of the amplification have the control."""
        copies = self.numbers["copies"]
        toffoli, rotations, width = self.reference()
        toffoli += self.run(1) + 2 * self.rounds * self.run(0) + self.rounds * self.turn(1)
        rotations += self.rotations_of_run(1) + 2 * self.rounds * self.rotations_of_run(0)
        rotations += 2 * self.rounds
        self.stages["sign circuits"] = row(copies, copies * toffoli, 0, copies * rotations, width)

    def reference(self):
        """The state of the magnitudes, controlled: Toffoli, rotations, and qubits of the test.

        Angles to a hundredth of eps_tomography: 2 pi n 2^-b. Beside a time p + 1 equal rows, whose
        Hadamards are undone one by one where the control is off, and the addition of T. One rotation
        takes back the phase between both states.
        """
        n, eps = self.card.n, self.numbers["eps_tomography"] / 100
        bits = max(1, math.ceil(math.log2(2 * math.pi * n / eps)))
        toffoli, rotations = tree(1, n, bits, 1), 1
        if self.steps:
            rows = self.numbers["padding"] + 1
            toffoli += uniform(rows)[0] + ceil_log2(rows) + self.numbers["time_bits"] - 1
            rotations += 2 * uniform(rows)[1]
        finest, matrix, rhs = self.gradient_and_tables(1)
        known = max(angle_alive(2**level, bits, 1) for level in range(n))
        registers = self.width + self.flags
        widest = max(matrix, rhs, known, registers)
        return toffoli, rotations, registers + max(finest, bits) + widest + 1

    def read_norm(self):
        """Section 9, Norm.

        Reading: the reference weighs as much as the block that is read, so P' = P_ref =
        P/(1+P), times the flag. Two probabilities, R repeats each; a repeat is 2M+1 runs and
        2M reflections with one control. The reference is a qubit above the index: each U_A has one
        more control, joined with the solver's, and two rotations of one more ancilla, each U_b one
        rotation. The sign of the read rows joins the flags, that qubit and the comparison of times;
        that of the reference the flags and that qubit. Qubits: the M-fold phase register and one more.
        """
        prob = self.flag * self.prob / (1 + self.prob)
        rounds = bhmt_rounds(prob, self.numbers["eps_norm"])
        repeats = median_repeats(self.fail / 2)  # two probabilities share the failure
        runs, own = 2 * rounds + 1, own_of_estimate(rounds)
        flags, rows = self.flags + 1, self.numbers["time_bits"] if self.steps else 0
        start = (self.width + 1) + flags - 1
        signs = (flags + rows, flags)
        # about b and about the zeros of the encoding, each of a qubit more
        run = self.run(0) + self.queries + self.queries + (self.queries - 1)
        toffoli = sum(runs * run + own[0] + rounds * (start + sign) for sign in signs)
        turns = self.run_rotations + 2 * self.queries + self.states
        self.longest_norm = turns
        gradient, matrix, rhs = self.gradient_and_tables(0)
        held = self.width + self.flags + 2
        ladder = max(held - 1, flags + rows + (1 if self.steps else 0))
        # matrix, vector, ladder of the start; comparison of M and the longer ladder of an iteration
        qubits = max(matrix + 1, rhs, held - 1, ceil_log2(rounds + 1) + ladder)
        self.stages["norm"] = row(
            repeats,
            repeats * toffoli,
            0,
            repeats * 2 * (runs * turns + own[1]),
            held + gradient + qubits + ceil_log2(rounds) + 1,
        )
        self.numbers |= {"norm_prob": prob, "norm_rounds": rounds, "norm_repeats": repeats}

    def synthesise(self):
        """14a: ceil(3 log2(1/e)) T each, e = eps_rotation / rotations of one run.

        Reading: of the longest single run, which is the controlled one in sampling, and of the
        phases of its amplification: 2/sqrt(P) of the first and once the second is at most 2/sqrt(P)
        of both.
        """
        longest = self.rotations_of_run(int(self.is_sampling)) + self.phases
        longest += self.reference()[1] if self.is_sampling else 0
        longest = longest if self.is_state else max(longest, self.longest_norm)
        gate = self.eps_rotation / longest
        price = math.ceil(3 * math.log2(1 / gate))
        rotations = sum(stage["rotations"] for stage in self.stages.values())
        self.stages["rotation synthesis"] = row(rotations, t=rotations * price)
        self.numbers |= {"run_rotations": longest, "eps_gate": gate, "synthesis_t": price}

    @property
    def magic(self):
        return sum(stage["toffoli"] + stage["t"] for stage in self.stages.values())


# ------------------------------------------------------------------ qres


def estimate(given, algorithm):
    return qres.estimate(
        qres.load(
            {
                "schema": "qres-model/1",
                "name": "by-hand",
                "model": {"given": given},
                "algorithm": algorithm,
                "error": {"total": TOTAL, "fail_prob": FAIL},
                "hardware": ["superconducting-1e-3"],
                "classical": {"device": "h200"},
            }
        )
    )


def training_report(model, encoding, padding, readout, **changes):
    given = model | changes
    steps, rate = given.pop("n_steps"), given.pop("learning_rate")
    algorithm = {"name": "carleman-gd", "n_steps": steps, "learning_rate": rate}
    return estimate(
        given, algorithm | {"encoding": encoding, "padding": padding, "readout": readout}
    )


def system_report(encoding, readout):
    algorithm = {"name": "linear-system", "encoding": encoding, "readout": readout}
    return estimate(MATRIX, algorithm)


def same(found, expected, is_exact=True):
    """Integers exactly; floats, and integers no double can hold that came from one, to 1e-12."""
    if isinstance(expected, int) and (is_exact or expected < 2**53):
        return found == expected and isinstance(found, int)
    return found == pytest.approx(expected, rel=1e-12, abs=0)


def assert_equal(report, hand):
    """Every symbol, every stage value and the totals."""
    # Repeated states begin with ceil(copies expected / P), an irrational number.
    is_exact = not hand.repeats
    found = report.priced.numbers
    for name, value in hand.numbers.items():
        assert same(found[name], value, is_exact), f"symbol {name} left the sheet"
    result = report.to_dict()
    stages = {stage["name"]: stage for stage in result["stages"]}
    reconstruct = stages.pop("reconstruct", None)
    assert (reconstruct is None) == hand.is_state, "only tomography has something to reconstruct"
    assert set(stages) == set(hand.stages), "a stage of the sheet is missing, or one is invented"
    for name, expected in hand.stages.items():
        for field, value in expected.items():
            assert same(stages[name][field], value, is_exact), f"{name}: {field} left the sheet"
    if reconstruct:  # the sheet has no price for it
        quantum = {reconstruct[field] for field in ("toffoli", "t", "rotations", "logical_qubits")}
        assert quantum == {0}, "reconstruction is classical"
    assert_totals(result, hand, is_exact)


def assert_totals(result, hand, is_exact):
    stages, logical = hand.stages.values(), result["logical"]
    totals = {name: sum(stage[name] for stage in stages) for name in ("toffoli", "t", "rotations")}
    for name, value in totals.items():
        assert same(logical[name]["value"], value, is_exact), f"{name} is not the sum of its stages"
    peak = max(stage["logical_qubits"] for stage in stages)
    assert logical["logical_qubits"]["value"] == peak, "the width is not that of the widest stage"
    # DESIGN section 3: the share is that of toffoli + t/2.
    whole = totals["toffoli"] + totals["t"] / 2
    for stage in result["stages"]:
        own = hand.stages.get(stage["name"], {"toffoli": 0, "t": 0})
        part = (own["toffoli"] + own["t"] / 2) / whole
        assert stage["share"] == pytest.approx(part, rel=1e-12), "share is not of toffoli + t/2"


MODELS = {"small": SMALL, "fading": FADING, "full": FULL, "large": LARGE}
READOUTS = {"coherent": COHERENT, "sampling": SAMPLING, "state": STATE}
CASES = [
    *[
        ("small", encoding, padding, readout)
        for encoding in ("sparse", "frobenius")
        for padding in ("none", "full")
        for readout in READOUTS
    ],
    ("small", "sparse", "sqrt", "coherent"),
    ("fading", "sparse", "none", "sampling"),
    ("fading", "frobenius", "sqrt", "state"),
    ("full", "sparse", "full", "coherent"),
    ("full", "sparse", "none", "sampling"),
    ("full", "frobenius", "full", "sampling"),
    ("large", "sparse", "full", "coherent"),
    ("large", "sparse", "sqrt", "sampling"),
    ("large", "frobenius", "sqrt", "coherent"),
    ("large", "frobenius", "none", "state"),
    ("large", "sparse", "full", "state"),
]


def idle_rows(padding, steps):
    """Section 6: p in {0, round(sqrt T), T}."""
    return {"none": 0, "sqrt": round(math.sqrt(steps)), "full": steps}[padding]


@pytest.mark.parametrize(("model", "encoding", "padding", "readout"), CASES)
def test_training(model, encoding, padding, readout):
    """Breaking it means: a stage or a symbol of `carleman-gd` is not what the sheet prices."""
    given, read = MODELS[model], READOUTS[readout]
    hand = training_by_hand(given, encoding, idle_rows(padding, given["n_steps"]), read)
    assert_equal(training_report(given, encoding, padding, read), hand)


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("encoding", ["sparse", "frobenius"])
def test_linear_system(encoding, readout):
    """Breaking it means: a stage or a symbol of `linear-system` is not what the sheet prices."""
    read = READOUTS[readout]
    assert_equal(system_report(encoding, read), system_by_hand(encoding, read))


def test_both_ways_to_make_a_state_are_reached():
    """Breaking it means: the cases above no longer cover amplified and repeated plain states."""
    assert training_by_hand(SMALL, "sparse", 5, SAMPLING).repeats
    assert training_by_hand(SMALL, "frobenius", 5, STATE).repeats
    assert not training_by_hand(SMALL, "sparse", 5, STATE).repeats
    assert not training_by_hand(FADING, "sparse", 0, SAMPLING).repeats
    assert not training_by_hand(FADING, "frobenius", 2, STATE).repeats


def test_one_run_in_digits():
    """The first case once more, in digits: neither `qres` nor the helpers above may drift.

    Breaking it means: the meaning of a line of the gate card moved in both at once.
    """
    numbers = training_report(SMALL, "sparse", "full", COHERENT).priced.numbers
    stages = training_report(SMALL, "sparse", "full", COHERENT).to_dict()["stages"]
    stages = {stage["name"]: stage for stage in stages}
    # g = 1 + .1 x .4; d = 0..10 with p = 5: 1.04^min(d, 5).
    inverse = 1 + 1.04 + 1.0816 + 1.124864 + 1.16985856 + 6 * 1.2166529024
    assert numbers["inverse_norm"] == pytest.approx(inverse, rel=1e-12)
    assert numbers["kappa_eff"] == pytest.approx((2 + 0.1 * 4 * 0.7) * inverse, rel=1e-12)
    # (.1 - .01)/4 each; c = sqrt(3 + 2P) 1.09/sqrt(P) = 2.599086
    assert numbers["success_prob"] == pytest.approx(0.8139438537489787, rel=1e-12)
    assert numbers["eps_matrix"] == pytest.approx(
        0.0225 / (8 * 2.599086181118934 * inverse), rel=1e-12, abs=0
    )
    # 2 pi .1 2.8/8.5097e-5 = 20674 > 2^14; 2 pi 3/8.8064e-4 = 21404 > 2^14.
    assert (numbers["matrix_bits"], numbers["rhs_bits"]) == (15, 15)
    # 24 entries (6 rows of 4 slots), under one control. Angle: K = 1 loads in 23, K = 4 unloads in
    # 6 + 4 - 4 + 1 = 7, an addition 14. Involution, 5 bits: K = 2 loads in 11 + 5 = 16, unloads in 7.
    # tau = 4: who acts 1, where 4, shift 3; the mirror of the solver joins in 1 and leaves in 1.
    assert numbers["query_toffoli"] == (23 + 7 + 14) + (16 + 7) + 8 + 2 == 77
    # Tree of 1, 2, 4 angles: 0, 0, 2 loads, free unloads, three additions of 14; U(5): 3 x 3 - 1.
    rhs = stages["rhs queries"]
    assert rhs["toffoli"] == rhs["calls"] * (2 + 3 * 14 + 8)
    # kappa = 28.9930, of the matrix as it is encoded 28.9930/(1 - .0225/(8 x 2.599086)) = 28.99303/
    # .9989179 = 29.02443, ln = 3.368138: 2 guesses, S = (1/cosh .842035 + 1/cosh 2.526104)/2 = (.726766
    # + .158924)/2 = .442845, below 1/cosh 1; 2L >= 29.02443 ln(2 + 4/(.00865689 S)) = 29.02443 x
    # 6.952145 = 201.78, L odd.
    assert numbers["kappa_encoded"] == pytest.approx(29.02443, rel=1e-6)
    assert (numbers["filter_length"], numbers["guess_bits"]) == (101, 1)
    assert numbers["flag_prob"] == pytest.approx(0.97 * 0.442845**2, rel=1e-5)
    assert (numbers["matrix_queries"], numbers["state_queries"]) == (202, 405)
    # PREP, U(5), two turns for each of two guesses, phases between.
    run_rotations = 202 * 4 + 405 * 2 + 202 * 2 * 2 + 201
    assert run_rotations == 2627
    # About b on 7 + 2 qubits under the projector: 7; about 6 + 1 zeros with a phase: 6.
    each = stages["solver reflections"]["toffoli"] / stages["solver reflections"]["calls"]
    assert each == 202 * 7 + 201 * 6 == 2620
    # (6/.0111874) ln(6/(.05/4)) = 536.32 x 6.17379 = 3311.1 copies.
    assert numbers["copies"] == 3312
    # fail_state = (.0125/3312)^2/2 = 7.1222e-12; acosh(1/sqrt) = ln(2 x 374,710) = 13.5271; with the
    # flag .154835, of whose amplitude errors leave 1 - 3 x .0225/(2.599086 sqrt(P)) = .971213, P' =
    # .146049, atanh(.382163) = .402591: 33.60, so 35 runs and 17 rounds. The start is 7 index,
    # 3 + 3 of the encoding and 3 of the solver: 15 with a phase; the wanted rows 9 and 4 of time: 12.
    assert numbers["fail_state"] == pytest.approx(7.1222e-12, rel=1e-4, abs=0)
    assert (numbers["invocations"], numbers["rounds"]) == (35, 17)
    # the norm's runs, with a reference: two rotations more with each U_A and one with each U_b
    assert numbers["run_rotations"] == run_rotations + 2 * 202 + 405 == 3436
    assert stages["matrix queries"]["calls"] == 3312 * 35 * 202
    assert stages["amplification reflections"]["toffoli"] == 3312 * 17 * (15 + 12)
    assert stages["amplification reflections"]["rotations"] == 3312 * 34
    # P_n = .0853582, eps_norm .0225/2.0225: M = ceil(1854.1) = 1855; Pr[Bin(13, .18943) >= 7] = .00511
    # <= .05/8 (11: .00887); 13 pairs of 3711.
    assert (numbers["norm_rounds"], numbers["norm_repeats"]) == (1855, 13)
    # U_A under one control more, b' and the zeros of one qubit more
    run = 202 * 78 + 405 * 52 + 202 * 8 + 201 * 7
    # The start on 8 + 10 qubits 17, j on 11 bits twice 10; the read rows: 10 flags, the reference, 4 bits
    # of time, the control: 14; the reference: 10 flags, itself and the control: 10.
    # 1856 = L = 64 x 29: ceil(log2 29) = 5, 3 x 5 - 1; Fourier transform of 12 qubits 66.
    own = 1855 * (2 * 17 + 14 + 10 + 4 * 10) + 2 * (14 + 66)
    assert stages["norm"]["toffoli"] == 13 * (2 * 3711 * run + own)
    assert stages["norm"]["rotations"] == 26 * (3711 * 3436 + 2 + 66)
    # .0225/2.599086 sqrt(.190228) = .00377572; ceil(3 log2(3436/.00377572)) = ceil(59.39)
    assert stages["rotation synthesis"]["t"] == 60 * stages["rotation synthesis"]["calls"]
    # 7 index, 3 + 3, slots 2 and flag 1, gradient 15, a word of 15 and 14 carries, and who acts;
    # the norm two more, the joined control, its phase register 11 and one more.
    assert stages["matrix queries"]["logical_qubits"] == 7 + 6 + 3 + 15 + 15 + 14 + 1 == 61
    assert stages["norm"]["logical_qubits"] == 61 + 3 + 12


@pytest.mark.parametrize("readout", ["coherent", "state"])
@pytest.mark.parametrize("model", ["small", "full", "large"])
def test_auto_takes_the_cheapest(model, readout):
    """Breaking it means: `auto` does not take the least Toffoli + T of what it may choose."""
    given, read = MODELS[model], READOUTS[readout]
    choices = report_choices(training_report(given, "auto", "auto", read))
    hand = {
        (encoding, idle_rows(padding, given["n_steps"])): training_by_hand(
            given, encoding, idle_rows(padding, given["n_steps"]), read
        )
        for encoding in ("sparse", "frobenius")
        for padding in ("none", "sqrt", "full")
    }
    cheapest = min(hand, key=lambda choice: hand[choice].magic)
    assert choices == (*cheapest, "repeat" if hand[cheapest].repeats else "coherent")


def report_choices(report):
    choices = report.to_dict()["choices"]
    return choices["encoding"], choices["padding"], choices["state preparation"]


def test_budget_rows_fill_the_total():
    """Breaking it means: the shares no longer add up to error.total (section 11, even split)."""
    rows = training_report(SMALL, "sparse", "full", COHERENT).to_dict()["budget"]
    shares = {row["name"]: row["share"] for row in rows}
    quarter = (0.1 - 0.01) / 4
    filled = ("eps_encoding", "eps_solver", "eps_rotation", "eps_readout")
    expected = {"eps_model": 0.01, "eps_map": 0, "eps_truncation": 0}
    assert shares == pytest.approx(expected | dict.fromkeys(filled, quarter), rel=1e-12)
    assert sum(shares.values()) == pytest.approx(TOTAL, rel=1e-12)


def test_a_model_error_above_half_leaves_the_other_half():
    """Breaking it means: a large eps_model eats the shares of the other terms, unwarned."""
    report = training_report(SMALL, "sparse", "full", COHERENT, eps_model=0.07)
    assert report.priced.numbers["share_solver"] == pytest.approx(TOTAL / 2 / 4, rel=1e-12)
    assert "W-MODEL" in {warning["code"] for warning in report.to_dict()["warnings"]}


@pytest.mark.parametrize("readout", ["coherent", "state"])
@pytest.mark.parametrize("encoding", ["sparse", "frobenius"])
def test_a_single_weight(encoding, readout):
    """14a at n = 0: a tree without levels is free. Breaking it means: r = 1 has no price.

    One weight has one slot and a full row: look-ups of one entry are free, sparse keeps its b_A - 1.
    """
    single = SMALL | {"n_active": 1, "sparsity": 1}
    report = training_report(single, encoding, "none", READOUTS[readout])
    numbers = report.priced.numbers
    assert numbers["index_bits"] == 0
    encode = numbers["matrix_bits"] - 1 if encoding == "sparse" else 0
    # the history is shifted and told apart under the mirror of the solver: 2 (tau + 1)
    assert numbers["query_toffoli"] == encode + 2 * (numbers["time_bits"] + 1)
    stages = {stage["name"]: stage for stage in report.to_dict()["stages"]}
    # U(5) = 8, and no tree.
    assert stages["rhs queries"]["toffoli"] == 8 * stages["rhs queries"]["calls"]
