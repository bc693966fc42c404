"""Read-outs against published rows, hand arithmetic and small simulations; nothing from `qres` goes in.

Section numbers are those of the training pipeline.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import qres

TOTAL, FAIL = 0.1, 0.05
TRAINING = {
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
DESCENT = {"name": "carleman-gd", "n_steps": 5, "learning_rate": 0.1}


def report(readout, **keys):
    algorithm = DESCENT | {"encoding": "sparse", "padding": "full", "readout": readout} | keys
    return qres.estimate(
        {
            "model": {"given": TRAINING},
            "algorithm": algorithm,
            "error": {"total": TOTAL, "fail_prob": FAIL},
        }
    )


def stage(found, name):
    return next(item for item in found.to_dict()["stages"] if item["name"] == name)


# ------------------------------------------------------------------ formulas, section 17


def test_fixed_point_rows():
    """fixed_point (fail .01). Breaking it means: the sequence is too short, or one too long."""
    found = qres.formula("amplify.fixed-point.invocations")
    rows = {0.5: 5, 0.25: 7, 0.1: 11, 0.01: 31, 1: 1}
    assert {p: found(success_prob=p, fail_prob=0.01) for p in rows} == rows
    assert found(success_prob=np.array([*rows], float), fail_prob=0.01).tolist() == [
        5,
        7,
        11,
        31,
        1,
    ]


def fixed_point_fails(prob: float, length: int, fail: float) -> tuple[float, int]:
    """Return the failure of the sequence in the plane of start and target, and its reflections.

    Yoder, Low and Chuang: phases alpha_j = 2 arccot(tan(2 pi j/L) sqrt(1 - gamma^2)), beta reversed
    with a sign, 1/gamma = T_{1/L}(1/sqrt(fail)).
    """
    start = np.array([math.sqrt(1 - prob), math.sqrt(prob)], complex)
    state, reflections = start.copy(), 0
    half = (length - 1) // 2
    gamma = 1 / math.cosh(math.acosh(1 / math.sqrt(fail)) / length)
    root = math.sqrt(1 - gamma**2)
    alpha = [
        2 * math.atan2(1, math.tan(2 * math.pi * j / length) * root) for j in range(1, half + 1)
    ]
    beta = [-a for a in reversed(alpha)]
    for a, b in zip(alpha, beta, strict=True):
        state = state * np.array([1, np.exp(1j * b)])  # about the target
        state = state - (1 - np.exp(-1j * a)) * start * (start.conj() @ state)  # about the start
        reflections += 2
    return abs(state[0]) ** 2, reflections


@pytest.mark.parametrize(("low", "length"), [(0.5, 5), (0.25, 7), (0.1, 11), (0.01, 31)])
def test_the_sequence_never_overshoots(low, length):
    """Simulated at 200 probabilities from the bound up; two invocations less would not do.

    Breaking it means: fixed-point amplification fails more often than it says, or takes more than
    L - 1 reflections.
    """
    for prob in np.linspace(low, 1, 200):
        failure, reflections = fixed_point_fails(prob, length, 0.01)
        assert failure <= 0.01 + 1e-12
        assert reflections == length - 1
    assert fixed_point_fails(low, length - 2, 0.01)[0] > 0.01


def test_hadamard_rounds():
    """hadamard_rounds. Breaking it means: 2 pi/eps + 1, which is too small, is back."""
    found = qres.formula("readout.observable.rounds")
    rows = {0.2: 35, 0.1: 66, 0.05: 129, 0.01: 632, 0.001: 6287}
    assert {eps: found(epsilon=eps) for eps in rows} == rows
    for eps, rounds in rows.items():  # pi/M + pi^2/M^2 <= eps/2, and not for one round less
        errors = [math.pi / m + (math.pi / m) ** 2 for m in (rounds, rounds - 1)]
        assert errors[0] <= eps / 2 < errors[1]


def test_observable_rows():
    """observables: eta_abs .01, norm(w) .8, norm(u_T) .4, P .2.

    Breaking it means: the amplitude that an absolute error allows left section 9.
    """
    linear = qres.formula("readout.observable-linear.amplitude_error")
    known = {"error_abs": 0.01, "success_prob": 0.2, "update_norm": 0.4}
    assert linear(weight_norm=0.8, **known) == pytest.approx(0.013975425, rel=1e-7)
    norm = qres.formula("readout.observable-loss.functional_norm")
    row = norm(rescaling=0.5, grad_norm=0.8, frobenius_norm=3, t3_frobenius=4)
    # (.5 x .8)^2 + (.25 x 3/2)^2 + (.125 x 4/6)^2 = .16 + .140625 + .00694444
    assert row == pytest.approx(math.sqrt(0.3075694444444444), rel=1e-12)
    assert row == pytest.approx(0.5545894377, rel=1e-9)
    loss = qres.formula("readout.observable-loss.amplitude_error")
    found = loss(functional_norm=row, rescaling=0.5, **known)
    assert found == pytest.approx(0.0100798349, rel=1e-8)
    quadratic = qres.formula("readout.observable-quadratic.amplitude_error")
    # .01 x .2/(2 x .16)
    assert quadratic(operator_alpha=2, **known) == pytest.approx(0.00625, rel=1e-12)


def test_observables_come_back_from_exact_amplitudes():
    """Law 7: w.u, u.O.u and the loss from amplitudes of the history state with its reference row.

    Independent of the padding, of gamma and of the flag probability. Breaking it means: the factor
    between amplitude and observable is wrong.
    """
    rng = np.random.default_rng(5)
    size, steps = 3, 4
    hessian = rng.normal(size=(size, size))
    hessian = hessian + hessian.T
    path = rng.normal(size=(steps + 1, size))
    weights, operator = rng.normal(size=size), np.diag([0.5, -1.0, 0.25])
    update, gradient = path[-1], rng.normal(size=size)
    third = rng.normal(size=(size,) * 3)
    for padding, gamma, flag in [(0, 1.0, 1.0), (3, 0.4, 0.5), (7, 2.5, 0.9)]:
        rows = [*path[:-1], *[update] * (padding + 1)]
        blocks = [np.concatenate([_power(row / gamma, j) for j in (1, 2, 3)]) for row in rows]
        reference = 0.7
        state = np.concatenate([*blocks, [reference]])
        state = math.sqrt(flag) * state / np.linalg.norm(state)
        at_end = state[:-1].reshape(len(rows), -1)[steps:]
        row_prob = state[-1] ** 2  # Q, flag included
        scale = reference / math.sqrt((padding + 1) * row_prob)

        def overlap(row, at_end=at_end, padding=padding):
            functional = np.zeros(at_end.shape[1])
            functional[: len(row)] = row / np.linalg.norm(row)
            return (at_end @ functional).sum() / math.sqrt(padding + 1)

        found = np.linalg.norm(weights) * gamma * overlap(weights) * scale
        assert found == pytest.approx(weights @ update, rel=1e-12)
        read = at_end[:, :size]
        expectation = np.einsum("ti,ij,tj->", read, operator, read)
        factor = gamma**2 * reference**2 / ((padding + 1) * row_prob)
        assert factor * expectation == pytest.approx(update @ operator @ update, rel=1e-12)
        taylor = [gamma * gradient, gamma**2 * hessian.ravel() / 2, gamma**3 * third.ravel() / 6]
        row = np.concatenate(taylor)
        value = gradient @ update + update @ hessian @ update / 2
        value += np.einsum("ijk,i,j,k->", third, update, update, update) / 6
        assert np.linalg.norm(row) * overlap(row) * scale == pytest.approx(value, rel=1e-12)


def _power(vector, order):
    found = np.ones(1)
    for _ in range(order):
        found = np.kron(found, vector)
    return found


# ------------------------------------------------------------------ tomography in the largest norm


def test_linf_copies():
    """Breaking it means: the counts of single-entry tomography left their definitions."""
    coherent = qres.formula("readout.tomography-linf-coherent.copies")
    # other sheet, section 5: sqrt(d)/eps = 3.2e4 at d = 1e7, eps = .1, times ln(d/delta)
    known = {"dim": 10**7, "epsilon": 0.1, "fail_prob": 0.01}
    assert coherent(**known) == pytest.approx(31622.7766 * 20.72326584, rel=1e-9)
    published = qres.formula("readout.tomography-klp.copies")(dim=10**7, epsilon=0.1)
    assert published == pytest.approx(3600 * 16.11809565, rel=1e-9)
    sampling = qres.formula("readout.tomography-linf-sampling.copies")
    # 16 ln(6e9)/.01 = 1600 x 22.51502
    assert sampling(**known) == pytest.approx(1600 * 22.515025306, rel=1e-9)


@pytest.mark.parametrize("size", [4, 32])
def test_linf_sampling_keeps_its_promise(size):
    """The procedure itself, simulated: no entry is off by more than eps, whatever the signs.

    Breaking it means: fewer samples are priced than the proof needs. (The bound is generous; with a
    hundredth of the samples the promise breaks.)
    """
    rng = np.random.default_rng(7)
    eps = 0.2
    copies = qres.formula("readout.tomography-linf-sampling.copies")
    shots = math.ceil(copies(dim=size, epsilon=eps, fail_prob=0.01))
    errors = [_read_entries(rng, size, shots, eps) for _ in range(200)]
    assert max(errors) <= eps
    assert max(_read_entries(rng, size, shots // 100, eps) for _ in range(200)) > eps


def _read_entries(rng, size, shots, eps):
    """Return the largest error of an entry: roots of frequencies, signs against the roots."""
    vector = rng.normal(size=size)
    vector /= np.linalg.norm(vector)
    roots = np.sqrt(rng.multinomial(shots, vector**2) / shots)
    both = np.concatenate([(vector + roots) ** 2, (vector - roots) ** 2]) / 4
    counts = rng.multinomial(shots, both / both.sum())
    signs = np.where(counts[:size] >= counts[size:], 1, -1)
    kept = np.where(roots < 3 * eps / 4, 0, roots)
    return float(np.abs(signs * kept - vector).max())


# ------------------------------------------------------------------ stages in digits

# A run of this model with a reference, from the hand calculation of tomography: 202 uses of 78, 405 of
# U_b of 52; the matrix and right-hand side have the same bits here, as P, norm(L^-1) and xi are the
# same and the share is (.1 - .01)/4. Beside them 202 reflections of 8 and 201 phases of 7;
# controlled, the phases have 8 and the first U_b loads in 4 and unloads in 1 instead of 2.
QUERIES, STATES = 202, 405
RUN = QUERIES * 78 + STATES * 52 + QUERIES * 8 + (QUERIES - 1) * 7
CONTROLLED = RUN + (QUERIES - 1) + 3
# PREP and the reference's two, U(5) and the reference, two turns for each of two guesses, phases between;
# controlled, those of the first U_b twice
TURNS = QUERIES * 6 + STATES * 3 + QUERIES * 4 + QUERIES - 1
P = 0.8139438537489787
KAPPA = 2.28 * (1 + 1.04 + 1.0816 + 1.124864 + 1.16985856 + 6 * 1.2166529024)
SHARE = 0.09 / 4
SPLIT = math.sqrt(1 + SHARE) - 1


def flag_of(share, root):
    """The matrix as it is encoded, eps_matrix ||L^-1|| = share root/16; two guesses of the norm."""
    kappa = KAPPA / (1 - share * root / 16)
    # at kappa^(1/4) and kappa^(3/4)
    overlap = sum(1 / math.cosh(place * math.log(kappa) / 4) for place in (1, 3)) / 2
    return 0.97 * overlap**2


def hadamard(eps):
    return math.ceil(math.pi * (1 + math.sqrt(1 + 2 * eps)) / eps)


def bhmt(prob, relative):
    spread = prob * (1 - prob)
    return math.ceil(math.pi / (math.sqrt(relative * prob + spread) - math.sqrt(spread)))


def test_linear_observable_in_digits():
    """Breaking it means: a stage of `observable: linear` is not what section 9 prices."""
    found = report({"kind": "observable", "of": "linear", "weight_norm": 0.8})
    numbers = found.priced.numbers
    assert numbers["eps_observable"] == pytest.approx(0.01118742, rel=1e-6)
    # P beside a reference row of equal weight
    root = 2 * math.sqrt(P) / (math.sqrt(3 + 2 * P) * (1 + 4 * SHARE))
    prob = flag_of(SHARE, root) * P / (1 + P)
    assert numbers["observable_error"] == pytest.approx(0.99 * SPLIT * 0.8 * 0.213074, rel=1e-12)
    amplitude = 0.99 * SPLIT * math.sqrt(prob)
    assert numbers["eps_amplitude"] == pytest.approx(amplitude, rel=1e-12)
    # pi (1 + sqrt(1 + 2 x .0032368))/.0032368
    assert (numbers["observable_rounds"], hadamard(amplitude)) == (1945, 1945)
    # fail_prob over observable, norm and hardware: Pr[Bin(9, .18943) >= 5] = .01555 <= .05/3,
    # one probability in the norm
    assert (numbers["observable_repeats"], numbers["norm_repeats"]) == (9, 9)
    assert numbers["norm_rounds"] == bhmt(prob, SPLIT) == 1845
    # 2 pi 3/(.0111874/100) = 168,490 > 2^17
    assert numbers["functional_bits"] == 18
    # the state of w, controlled: tree of 1, 2, 4 angles of 18 bits: loads 0, 1, 3, unloads 0, 0, 1,
    # additions 3 x 17. Rows 5..10: U(6), 6 = 2 x 3: 3 x 2 - 1; its 3 Hadamards undone; addition 3.
    reference = 4 + 1 + 3 * 17 + 5 + 3 + 3
    # start: 8 + 7 + 3 qubits and the test's, with a control: 18. j = 0..1945 on 11 bits: two
    # comparisons of 10; 1946 = 2 x 973, 10 bits: 3 x 10 - 1; Fourier transform of 12 qubits: 66 pairs.
    own = 1945 * (18 + 2 * 10) + 29 + 66
    per_estimate = (2 * 1945 + 1) * (CONTROLLED + reference) + own
    assert stage(found, "observable")["toffoli"] == 9 * per_estimate
    # the first U_b 3 more, U(6) under a control 2 x 2, the phase of the test 1
    rotations = TURNS + 3 + 2 * 2 + 1
    assert numbers["run_rotations"] == rotations
    assert stage(found, "observable")["rotations"] == 9 * (3891 * rotations + 2 + 66)
    # reflections of 17, and of 10 flags, the reference and a control 10; 1846 = 2 x 923, 3 x 10 - 1;
    # again 12 qubits
    norm = 3691 * RUN + 1845 * (17 + 10 + 2 * 10) + 29 + 66
    assert stage(found, "norm")["toffoli"] == 9 * norm
    # 8 index, 3 + 4, 2 + 1; a word of the known state of 18 and its 17 carries, gradient 18, test 1,
    # phase register 11 and one more
    assert stage(found, "observable")["logical_qubits"] == 8 + 7 + 3 + 18 + 17 + 18 + 1 + 12
    assert found.to_dict()["logical"]["agreement"]["status"] == "exact"
    assert {item["name"] for item in found.to_dict()["stages"]} == {
        "tabulate",
        "observable",
        "norm",
        "rotation synthesis",
    }


def test_quadratic_observable_in_digits():
    """Breaking it means: `observable: quadratic` is not 1/P of section 9, or lost the factor 2.5."""
    readout = {"kind": "observable", "of": "quadratic", "operator_alpha": 2, "operator_toffoli": 7}
    found = report(readout)
    numbers = found.priced.numbers
    # an error e of the vector is 2e + e^2 of the result: eps_model .01 -> .0201
    share = (0.1 - 0.0201) / 4
    assert numbers["share_solver"] == pytest.approx(share, rel=1e-12)
    root = math.sqrt(P) / (math.sqrt(3 + 2 * P) * (1 + 4 * share / 2.5))
    assert numbers["eps_solver"] == pytest.approx(share * root / 2.5, rel=1e-12)
    split = math.sqrt(1 + share) - 1
    prob = flag_of(share, 2 * root / 2.5) * P / (1 + P)
    assert found.to_dict()["choices"]["state preparation"] == "direct"
    assert numbers["observable_error"] == pytest.approx(split * 2 * 0.213074**2, rel=1e-12)
    assert numbers["eps_amplitude"] == pytest.approx(split * prob, rel=1e-12)
    rounds = hadamard(split * prob)
    assert numbers["observable_rounds"] == rounds
    assert numbers["eps_norm"] == pytest.approx(split / (1 + split), rel=1e-12)
    assert numbers["norm_rounds"] == bhmt(prob, split / (1 + split))
    # eps_matrix ||L^-1|| = .0199750/(8 c), c = 2.5 sqrt(3 + 2P)(1 + .03196)/sqrt(P) = 6.151725: .00040588;
    # 28.99303/(1 - .00040588) = 29.00480 ln(2 + 4/(.0032471 x .442927)) = 230.05, twice an odd number:
    # 234; one bit more than above
    queries, states = 234, 469
    assert (numbers["matrix_queries"], numbers["state_queries"]) == (queries, states)
    assert (numbers["query_toffoli"], numbers["rhs_bits"]) == (78, 16)
    run = queries * 79 + states * (2 + 3 * 15 + 8) + queries * 8 + (queries - 1) * 7
    # a test: the run, where it is wanted (10 flags, the reference, 4 of time and the test, of which one is
    # the result: 15), the operator; a turn on two qubits more. j = 0..7408 on 13 bits: two comparisons of
    # 12, 3 x 13 - 1; Fourier transform of 14 qubits: 91 pairs
    assert rounds == 7408
    own = rounds * (19 + 2 * 12) + 38 + 91
    per_estimate = (2 * rounds + 1) * (run + 15 + 7) + own
    assert stage(found, "observable")["toffoli"] == 9 * per_estimate
    turns = queries * 6 + states * 3 + queries * 4 + queries - 1
    assert stage(found, "observable")["rotations"] == 9 * ((2 * rounds + 1) * turns + 2 + 91)
    # one word of 16 bits, 15 carries, who acts, the joined control, and a gradient of 16; test, outside,
    # phase register 13 and one more
    assert stage(found, "observable")["logical_qubits"] == 8 + 7 + 3 + 31 + 2 + 16 + 2 + 14
    assert found.to_dict()["logical"]["agreement"]["status"] == "exact"
    assert stage(found, "norm")["calls"] == 9


def test_an_amplified_quadratic_observable_in_digits():
    """Breaking it means: the way through amplification lost its fixed point or its second norm."""
    from qres.algorithms.base import Choice, algorithm
    from qres.explore.budget import even_split
    from qres.logical.formulas import count_stages
    from qres.measurement.given import take_given

    readout = {"kind": "observable", "of": "quadratic", "operator_alpha": 2, "operator_toffoli": 7}
    scenario = qres.load(
        {"model": {"given": TRAINING}, "algorithm": DESCENT | {"readout": readout}}
    )
    measurement = take_given(scenario.model, scenario.algorithm)
    choice = Choice(encoding="sparse", solver="shortcut", padding=5, mode="coherent")
    module = algorithm("carleman-gd")
    job = module.build(scenario.algorithm, measurement, scenario.error, choice)
    job = job.with_budget(even_split(job, total=TOTAL, fail_prob=FAIL))
    numbers = job.evaluate()
    split = math.sqrt(1 + (0.1 - 0.0201) / 4) - 1
    rounds = hadamard(split)
    assert (numbers["observable_rounds"], rounds) == (636, 636)
    # four failures of .0125: Pr[Bin(11, .18943) >= 6] = .00887 <= .0125; .00625 each of two: 13
    assert (numbers["observable_repeats"], numbers["norm_repeats"]) == (11, 13)
    uses = 11 * (2 * rounds + 1)
    fail = (0.0125 / uses) ** 2 / 2
    assert numbers["fail_state"] == pytest.approx(fail, rel=1e-12)
    # the errors of matrix, vector, solver and rotations leave so much of the amplitude
    share = (0.1 - 0.0201) / 4
    kept = 1 - 3 * share / 2.5 / (math.sqrt(3 + 2 * P) * (1 + 4 * share / 2.5))
    root = 2 * math.sqrt(P) / (math.sqrt(3 + 2 * P) * (1 + 4 * share / 2.5)) / 2.5
    flag = flag_of(share, root)
    length = math.acosh(1 / math.sqrt(fail)) / math.atanh(math.sqrt(P * flag) * kept)
    assert numbers["invocations"] == 2 * math.ceil((length - 1) / 2) + 1
    queries, states = numbers["matrix_queries"], numbers["state_queries"]
    rhs = 2 + 3 * (numbers["rhs_bits"] - 1) + 8
    run = queries * (numbers["query_toffoli"] + 7) + states * rhs + (queries - 1) * 6
    # a round turns 16 qubits with a phase, and 9 flags with 4 of time
    state = numbers["invocations"] * run + numbers["rounds"] * (15 + 12)
    # j = 0..636 on 10 bits: two comparisons of 9, 3 x 10 - 1; Fourier transform of 11 qubits: 55
    expected = 11 * ((2 * rounds + 1) * (state + 7) + rounds * (16 + 2 * 9) + 29 + 55)
    stages = {item.name: item for item in count_stages(job, numbers)}
    assert stages["observable"].toffoli == expected
    assert stages["norm"].calls == 13


@pytest.mark.parametrize("access", ["coherent", "sampling"])
def test_linf_tomography_in_digits(access):
    """Breaking it means: `norm: linf` is priced as another read-out."""
    found = report({"kind": "tomography", "norm": "linf", "access": access})
    numbers = found.priced.numbers
    copies = {
        # (sqrt 6/.0111874) ln(6/.0125)
        "coherent": math.sqrt(6) / SPLIT * math.log(480),
        # 16 ln(36/.0125)/.0111874^2
        "sampling": 16 * math.log(2880) / SPLIT**2,
    }
    assert numbers["copies"] == math.ceil(copies[access])
    assert numbers["copies"] == {"coherent": 1352, "sampling": 1_018_300}[access]
    assert found.to_dict()["choices"]["readout"] == f"tomography-linf-{access}"
