"""One training run and one linear system, every stage value by hand.

Nothing here is taken from `qres`: the arithmetic below is `science/training-pipeline.md` read line
by line (section numbers in the comments), in plain Python. Where the sheet leaves freedom, the
reading is stated as "Reading:". A failure means that the program no longer prices what the sheet
says, whichever of its storeys moved.
"""

from __future__ import annotations

import math

import pytest

import qres

# ---------------------------------------------------------------------------------------------
# The two models. Small numbers: T is no power of two, s < r, r no power of two, growth above 1.

STEPS, RATE = 5, 0.1
ACTIVE, SPARSITY, MAX_ENTRY, FROBENIUS = 6, 3, 0.7, 1.9
LAMBDA_MAX, LAMBDA_MIN, GRAD_NORM = 1.1, -0.4, 0.5
UPDATES = (0.0, 0.05, 0.096, 0.13832, 0.1772544, 0.213074)
FADING = (0.0, 0.05, 0.04, 0.03, 0.02, 0.004)
"""Almost nothing is left at the end, so P is small and amplifying beats repeating."""
PARAMS, SAMPLES, EPS_MODEL = 20, 10, 0.01
TOTAL, FAIL = 0.1, 0.05

DIM, SMALLEST, OVERLAP = 6, 0.25, 0.5

COHERENT = {"kind": "tomography", "norm": "l2", "access": "coherent"}
SAMPLING = {"kind": "tomography", "norm": "l2", "access": "sampling"}
STATE = {"kind": "state"}


def training_report(encoding, padding, readout, updates=UPDATES, access="qroam", eps_model=EPS_MODEL):
    given = {
        "n_params": PARAMS,
        "n_active": ACTIVE,
        "sparsity": SPARSITY,
        "max_entry": MAX_ENTRY,
        "frobenius_norm": FROBENIUS,
        "lambda_max": LAMBDA_MAX,
        "lambda_min": LAMBDA_MIN,
        "grad_norm": GRAD_NORM,
        "update_norms": list(updates),
        "eps_model": eps_model,
        "n_samples": SAMPLES,
    }
    algorithm = {
        "name": "carleman-gd",
        "n_steps": STEPS,
        "learning_rate": RATE,
        "encoding": encoding,
        "padding": padding,
        "data_access": access,
        "readout": readout,
    }
    return estimate(given, algorithm)


def system_report(encoding, readout):
    given = {
        "dim": DIM,
        "sparsity": SPARSITY,
        "max_entry": MAX_ENTRY,
        "frobenius_norm": FROBENIUS,
        "norm": LAMBDA_MAX,
        "smallest_singular_value": SMALLEST,
        "solution_overlap": OVERLAP,
    }
    return estimate(given, {"name": "linear-system", "encoding": encoding, "readout": readout})


def estimate(given, algorithm):
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


# ---------------------------------------------------------------------------------------------
# Gate card, section 14a


def ceil_log2(number: int) -> int:
    return (number - 1).bit_length()


def blocks(entries: int):
    return [2**k for k in range(entries.bit_length() + 1)]


def look_block(entries: int, bits: int, controls: int = 0) -> tuple[int, int]:
    """14a: look(M,b,c) = min over K < M of max(0, ceil(M/K) - 2 + c) + (K-1) b; ties: smaller K."""
    if entries <= 1:
        return 0, 1
    return min(
        (max(0, -(-entries // block) - 2 + controls) + (block - 1) * bits, block)
        for block in blocks(entries)
        if block < entries
    )


def look(entries: int, bits: int, controls: int = 0) -> int:
    return look_block(entries, bits, controls)[0]


def unlook(entries: int, controls: int = 0) -> int:
    """14a: unlook(M,c) = min over K <= M of max(0, ceil(M/K) + K - 4 + c); 0 for M <= 1."""
    if entries <= 1:
        return 0
    return min(
        max(0, -(-entries // block) + block - 4 + controls)
        for block in blocks(entries)
        if block <= entries
    )


def alive(entries: int, bits: int, controls: int = 0) -> int:
    """14a, Qubits: (K-1) b + b + ceil(log2 ceil(M/K)) while a look-up is open."""
    if entries <= 1:
        return bits if entries else 0
    block = look_block(entries, bits, controls)[1]
    return block * bits + ceil_log2(-(-entries // block))


def tree(rows: int, levels: int, bits: int, controls: int = 0) -> int:
    """14a: sum over levels of [look(rows 2^l, b, c) + unlook(rows 2^l, c)] + n (b-1)."""
    tables = [rows * 2**level for level in range(levels)]
    loads = sum(look(table, bits, controls) + unlook(table, controls) for table in tables)
    return loads + levels * (bits - 1)


def uniform(states: int) -> tuple[int, int]:
    """14a: U(T), Toffoli and rotations. 0 for a power of two, else Qualtran's count.

    Qualtran's PrepareUniformSuperposition of 2^k l states, l > 1 odd and m = ceil(log2 l): two
    comparisons of m bits with a constant and one AND of m bits, 3m - 1 Toffoli, and 2 rotations.
    """
    odd = states
    while odd % 2 == 0:
        odd //= 2
    return (0, 0) if odd == 1 else (3 * ceil_log2(odd) - 1, 2)


def encoding_card(encoding: str, size: int, scale: float, eps: float):
    """14a: alpha, bits of an angle, Toffoli by controls, own ancillas, widest open look-up.

    `scale` is eta for the history matrix and 1 for a plain matrix (eps in units of that matrix).
    """
    n = ceil_log2(size)
    if encoding == "sparse":
        slots = 2 ** ceil_log2(SPARSITY)  # s' = 2^ceil(log2 s)
        alpha = slots * MAX_ENTRY
        bits = math.ceil(math.log2(2 * math.pi * scale * alpha / eps))
        entries, target = size * slots, n + ceil_log2(SPARSITY)

        def toffoli(controls: int) -> int:
            angle = look(entries, bits, controls) + unlook(entries, controls) + (bits - 1)
            involution = look(entries, target, controls) + unlook(entries, controls)
            return angle + (involution if size > SPARSITY else 0)

        # Reading: the ancillas of F_1 are the slot register and the flag that is rotated; the
        # second index-slot word of the involution is its look-up, open when the angle is not.
        own = ceil_log2(SPARSITY) + 1

        def widest(controls: int) -> int:
            return max(alive(entries, bits, controls), alive(entries, target, controls))
    else:
        alpha = FROBENIUS
        bits = math.ceil(math.log2(4 * math.pi * n * scale * alpha / eps))

        def toffoli(controls: int) -> int:
            return tree(size, n, bits, controls) + tree(1, n, bits, controls)

        own = n  # the second index of <i|U_1^dag U_2|j>, section 5

        def widest(controls: int) -> int:
            return max(alive(size * 2**level, bits, controls) for level in range(n))

    return alpha, bits, toffoli, own, widest


def alpha_of(encoding: str) -> float:
    return 2 ** ceil_log2(SPARSITY) * MAX_ENTRY if encoding == "sparse" else FROBENIUS


def shortcut(kappa: float, eps: float) -> float:
    """The other sheet, 3.4: expected queries of Dalzell's Eq. (48)."""
    return (
        56.0 * kappa
        + 1.05 * kappa * math.log(math.sqrt(1 - eps**2) / eps)
        + 2.78 * math.log(kappa) ** 3
        + 3.17
    )


def exact_rounds(prob: float) -> int:
    """Section 8: k = ceil(pi/(4 asin sqrt P') - 1/2)."""
    return math.ceil(math.pi / (4 * math.asin(math.sqrt(prob))) - 0.5)


def bhmt_rounds(prob: float, relative: float) -> int:
    """Section 9: M = ceil(pi/(sqrt(eps P + P(1-P)) - sqrt(P(1-P)))), eps relative."""
    spread = prob * (1 - prob)
    return math.ceil(math.pi / (math.sqrt(relative * prob + spread) - math.sqrt(spread)))


def median_repeats(fail: float) -> int:
    """Section 11: smallest odd R with Pr[Binomial(R, 1 - 8/pi^2) >= (R+1)/2] <= fail."""
    wrong = 1 - 8 / math.pi**2
    repeats = 1
    while True:
        tail = sum(
            math.comb(repeats, bad) * wrong**bad * (1 - wrong) ** (repeats - bad)
            for bad in range((repeats + 1) // 2, repeats + 1)
        )
        if tail <= fail:
            return repeats
        repeats += 2


# ---------------------------------------------------------------------------------------------
# The whole price


def stage(calls, toffoli=0, t=0, rotations=0, logical_qubits=None):
    """`None` where the sheet says nothing."""
    return {
        "calls": calls,
        "toffoli": toffoli,
        "t": t,
        "rotations": rotations,
        "logical_qubits": logical_qubits,
    }


def training_by_hand(encoding, pad, readout, updates=UPDATES):
    """Symbols and stages of the training run."""
    eta, steps = RATE, STEPS
    # Section 6 at N = 1: m_hat without column 0 is the number g.
    growth = max(abs(1 - eta * LAMBDA_MAX), abs(1 - eta * LAMBDA_MIN))
    inverse = 0.0
    for d in range(steps + pad + 1):
        inverse += max(growth**k for k in range(max(0, d - pad), min(d, steps) + 1))
    # Section 5: N = 1 drops k = 0; a = eta alpha_F1; alpha_M = 1 + a; alpha_L = 1 + max(alpha_M, 1).
    alpha_map = 1 + eta * alpha_of(encoding)
    alpha = 1 + max(alpha_map, 1)
    # Section 3, gamma = 1: norm(b)^2 = T beta^2 with beta = eta norm(F_0).
    source = eta * GRAD_NORM * math.sqrt(steps)
    # Section 7 and 8, gamma = 1, N = 1: S(z) = z.
    path = sum(u**2 for u in updates[:-1])
    last = (pad + 1) * updates[-1] ** 2
    history = math.sqrt(path + last)
    numbers = {
        "growth": growth,
        "inverse_norm": inverse,
        "alpha_map": alpha_map,
        "alpha": alpha,
        "source_norm": source,
        "path_energy": path,
        "update_norm": updates[-1],
        "history_norm": history,
        "success_prob": last / (path + last),
        "xi": inverse * source / history,
        "padding": pad,
        "time_bits": ceil_log2(steps + pad + 1),
    }
    prices = price_by_hand(
        numbers,
        encoding,
        readout,
        size=ACTIVE,
        scale=eta,
        rest=TOTAL - EPS_MODEL,  # section 11: what is measured is subtracted first
        lift=True,
    )
    # Section 2: F_0 costs 1 gradient, F_1 costs c_hvp min(r, colours) with c_hvp = 3; nobody gave a
    # pattern, so no colours. DESIGN section 4: one gradient = 6 n_params n_samples FLOPs.
    prices["tabulate"] = stage(1, logical_qubits=0) | {
        "gradients": 1 + 3 * ACTIVE,
        "flops": (1 + 3 * ACTIVE) * 6 * PARAMS * SAMPLES,
    }
    return numbers, prices


def system_by_hand(encoding, readout):
    """Section 11, last line: P = 1, xi = norm(A^-1) norm(b)/norm(x), eps_L in units of A."""
    numbers = {
        "inverse_norm": 1 / SMALLEST,
        "alpha": alpha_of(encoding),
        "success_prob": 1.0,
        "xi": 1 / OVERLAP,
        "time_bits": 0,
    }
    prices = price_by_hand(
        numbers, encoding, readout, size=DIM, scale=1.0, rest=TOTAL, lift=False
    )
    return numbers, prices


def price_by_hand(numbers, encoding, readout, *, size, scale, rest, lift):
    """Sections 7 to 11 and 14a, from the norms to the stages; adds what it finds to `numbers`."""
    n, tau, prob = ceil_log2(size), numbers["time_bits"], numbers["success_prob"]
    inverse, xi = numbers["inverse_norm"], numbers["xi"]
    is_state = readout["kind"] == "state"
    is_sampling = readout.get("access") == "sampling"

    # Section 11, even split: eps_encoding, eps_solver, eps_rotation and (tomography) eps_readout.
    share = rest / (3 if is_state else 4)
    amplify = 2 / math.sqrt(prob)  # c
    eps_solver = eps_rotation = share / amplify
    eps_matrix = share / (2 * amplify * 4 * inverse)
    eps_rhs = share / (2 * amplify * 2 * xi)
    assert inverse * eps_matrix <= 0.5  # the hypothesis of Sigma_s
    # fail_prob evenly over tomography, norm and hardware; only the last exists for `state`.
    fail = FAIL if is_state else FAIL / 3

    # Section 7. Reading: a coherent run is 2 x expected, made an integer; U_b = 2 U_A.
    kappa = numbers["alpha"] * inverse
    expected = shortcut(kappa, eps_solver)
    matrix_queries = math.ceil(2 * expected)
    state_queries = 2 * matrix_queries
    flagged = prob / 2  # Markov: p_run = 1/2
    rounds = exact_rounds(flagged)
    uses = 2 * rounds + 1

    # 14a: what one query costs.
    _, bits, encode, own, widest = encoding_card(encoding, size, scale, eps_matrix)
    rhs_bits = math.ceil(math.log2(2 * math.pi * n / eps_rhs))
    spread, spread_rotations = uniform(STEPS) if lift else (0, 0)

    def query(c):  # C_A = C(F_1) + (tau - 1)
        return encode(c) + (tau - 1 if lift else 0)

    def rhs(c):  # C_b = tree(1, n, b_b, c) + U(T)
        return tree(1, n, rhs_bits, c) + spread

    def reflect(c):
        return n + tau + 2 + c

    def run(c):
        per_query = query(c) + reflect(c)
        return matrix_queries * per_query + state_queries * rhs(c)

    query_rotations = 6 if lift else 0  # PREP: a rotation and a controlled one, twice
    run_rotations = matrix_queries * (query_rotations + 1) + state_queries * spread_rotations

    # Section 9: copies, rounded up where they are handed to a circuit.
    eps_tomo = math.sqrt(1 + share) - 1
    if is_state:
        copies = 1
    elif is_sampling:
        copies = math.ceil(
            57.5 * size * math.log(6 * size / fail) / (eps_tomo**2 * (1 - eps_tomo**2 / 4))
        )
    else:
        copies = math.ceil(size / eps_tomo * math.log(size / fail))

    # Section 7: only plain samples (and a single state) may be repeated instead of amplified.
    repeats = (is_state or is_sampling) and expected / prob < uses * matrix_queries
    if repeats:
        # Reading: in repeat mode the queries of the whole stage are the integer.
        total_queries = math.ceil(copies * expected / prob)
        total_rhs = 2 * total_queries
    else:
        total_queries = copies * uses * matrix_queries
        total_rhs = copies * uses * state_queries

    # 14a, Qubits. Reading: held through a run are n + tau, LCU (2) and flag (1) of the history
    # matrix, solver (4) and the phase gradient, as wide as the finest angle that is added to it.
    gradient = max(bits, rhs_bits)
    held = n + tau + (3 if lift else 0) + 4 + gradient
    peak_query = own + widest(0)
    peak_rhs = max(alive(2**level, rhs_bits) for level in range(n))
    stages = {
        "matrix queries": stage(
            total_queries,
            total_queries * query(0),
            rotations=total_queries * query_rotations,
            logical_qubits=held + peak_query,
        ),
        "rhs queries": stage(
            total_rhs,
            total_rhs * rhs(0),
            rotations=total_rhs * spread_rotations,
            logical_qubits=held + own + peak_rhs,
        ),
        "solver reflections": stage(
            total_queries, total_queries * reflect(0), rotations=total_queries
        ),
    }
    rotations = total_queries * (query_rotations + 1) + total_rhs * spread_rotations
    longest = run_rotations
    if not repeats:  # 14a: 2 x rounds of n + tau + 2 Toffoli per state
        turns = copies * 2 * rounds
        stages["amplification reflections"] = stage(turns, turns * reflect(0))
    if is_sampling:
        # Controlled run: c = 1 everywhere, rotations twice; its amplification controlled as well.
        signs = copies * uses * 2 * run_rotations
        stages["sign circuits"] = stage(
            copies,
            copies * (uses * run(1) + 2 * rounds * reflect(1)),
            rotations=signs,
        )
        rotations += signs
        longest = 2 * run_rotations

    numbers |= {
        "kappa_eff": kappa,
        "share_encoding": share,
        "share_solver": share,
        "share_rotation": share,
        "eps_solver": eps_solver,
        "eps_rotation": eps_rotation,
        "eps_matrix": eps_matrix,
        "eps_rhs": eps_rhs,
        "fail_logical": fail,
        "matrix_queries": matrix_queries,
        "state_queries": state_queries,
        "rounds": rounds,
        "invocations": uses,
        "copies": copies,
        "matrix_bits": bits,
        "rhs_bits": rhs_bits,
        "index_bits": n,
        "query_toffoli": query(0),
        "alpha_matrix": alpha_of(encoding),
        "run_rotations": longest,
    }
    if repeats:
        numbers |= {"total_matrix_queries": total_queries, "total_state_queries": total_rhs}
        if is_state:
            pass

    if not is_state:
        # Section 9, Norm. Reading: the reference row weighs as much as the block that is read,
        # P_ref = P' = P/(1+P), times the flag 1/2; two probabilities, R repeats each, a repeat is
        # (2M+1) runs and 2M reflections with one control.
        norm_prob = 0.5 * prob / (1 + prob)
        norm_rounds = bhmt_rounds(norm_prob, eps_tomo)
        norm_repeats = median_repeats(fail / 2)
        runs = 2 * norm_repeats * (2 * norm_rounds + 1)
        norm_rotations = runs * run_rotations
        stages["norm"] = stage(
            2 * norm_repeats,
            runs * run(0) + 2 * norm_repeats * 2 * norm_rounds * reflect(1),
            rotations=norm_rotations,
            logical_qubits=held + peak_query + ceil_log2(norm_rounds) + 1,
        )
        rotations += norm_rotations
        numbers |= {
            "share_readout": share,
            "eps_tomography": eps_tomo,
            "eps_norm": eps_tomo,
            "fail_tomography": fail,
            "fail_norm": fail,
            "norm_prob": norm_prob,
            "norm_rounds": norm_rounds,
            "norm_repeats": norm_repeats,
        }

    # 14a: unitary synthesis, ceil(3 log2(1/e)) T, e = eps_rotation / rotations of one run.
    eps_gate = eps_rotation / longest
    synthesis = math.ceil(3 * math.log2(1 / eps_gate))
    stages["rotation synthesis"] = stage(rotations, t=rotations * synthesis)
    numbers |= {"eps_gate": eps_gate, "synthesis_t": synthesis}
    return stages
