"""The registry of read-outs: who is found, what is open, what is refused, and the loss's circuit."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from qualtran.resource_counting import QECGatesCost, QubitCount, get_cost_value

from qres.algorithms.base import algorithm
from qres.algorithms.circuit import system_circuit
from qres.algorithms.encodings.base import encoding
from qres.algorithms.history import history_matrix, repeated_vector
from qres.algorithms.lifted import lifted_definitions, lifted_matrix, lifted_vector
from qres.algorithms.readouts.base import check_readout, find_readout, readout_values, readouts
from qres.algorithms.readouts.norm import vector_root
from qres.algorithms.readouts.stages import (
    failures,
    quantum_stages,
    readout_assumptions,
    readout_definitions,
)
from qres.algorithms.record import Job
from qres.algorithms.solvers.base import solver
from qres.algorithms.system import (
    System,
    circuit_definitions,
    precision_definitions,
    rotation_precision,
)
from qres.bloqs.amplification import PhasedReflection
from qres.bloqs.observable import GivenOperator
from qres.config.record import Readout
from qres.errors import InfeasibleError, InputError
from qres.explore.budget import even_split
from qres.logical.formulas import count_stages, evaluate, total
from qres.measurement.given import take_given
from qres.notation.compiled import compile_array
from qres.notation.quantity import Quantity
from qres.notation.symbols import symbol
from qres.staircase import load

SAMPLING = Readout(kind="tomography", access="sampling")
MATRIX = {"dim": 6, "max_entry": 0.7, "smallest_singular_value": 0.25, "sparsity": 3}


def system(name="shortcut", **changes):
    return System(
        name="carleman-gd",
        matrix=history_matrix(encoding("sparse")),
        source=repeated_vector(),
        solver=solver(name),
        read_norm=symbol("update_norm"),
        idle_rows=symbol("padding"),
        **changes,
    )


def test_every_member_is_found_by_its_own_settings():
    for name, member in readouts().items():
        assert member.name == name
        assert find_readout(Readout(**member.keys)) is member  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"algorithm\.readout: no read-out is tomography, l7"):
        find_readout(Readout(kind="tomography", norm="l7"))


def test_only_samples_and_states_may_be_repeated():
    modes = {name: member.modes for name, member in readouts().items()}
    repeated = {name for name, ways in modes.items() if "repeat" in ways}
    assert repeated == {"state", "tomography-sampling", "tomography-linf-sampling"}
    assert modes["tomography-coherent"] == ("coherent",)
    assert modes["observable-quadratic"] == ("direct", "coherent")
    assert modes["observable-linear"] == modes["observable-loss"] == ("direct",)


def test_only_a_state_has_no_classical_task():
    assert [name for name, member in readouts().items() if not member.has_task] == ["state"]


def test_only_samples_may_fail_shot_by_shot():
    rules = {name: member.rules for name, member in readouts().items()}
    both = {name for name, ways in rules.items() if ways == ("whole run", "per shot")}
    assert both == {"tomography-sampling", "tomography-linf-sampling"}
    assert {ways for name, ways in rules.items() if name not in both} == {("whole run",)}


def test_the_loss_needs_the_lift():
    loss = readouts()["observable-loss"]
    with pytest.raises(InfeasibleError, match=r"degree \+ 1 = 2; at degree 1 .* order 1"):
        check_readout(loss, "carleman-gd", degree=1, order=1)
    with pytest.raises(InfeasibleError, match="= 3; at degree 2 the lift has truncation order 2"):
        check_readout(loss, "carleman-gd", degree=2, order=2)
    check_readout(loss, "carleman-gd", degree=2, order=3)
    with pytest.raises(InputError, match="linear-system has no observable-loss"):
        check_readout(loss, "linear-system")
    known = {name: Quantity(value=1) for name in ("sparsity", "grad_norm", "frobenius_norm")}
    with pytest.raises(InputError, match="observable-loss needs t3_frobenius"):
        readout_values(loss, Readout(kind="observable", of="loss"), known)


def test_amplification_is_exact_only_where_the_probability_is_known():
    assert not system().is_exact  # Markov: at least 1/2
    assert not system("shortcut-known-norm").is_exact  # at least ((1 - eps)/(1 + eps/sqrt 2))^2
    assert system("qsvt-minimax").is_exact  # 1/(C xi)^2, known
    assert not system("qsvt-minimax", has_exact_prob=False).is_exact
    state = readouts()["state"]
    assert failures(system(), state, "coherent") == ("fail_amplification", "fail_logical")
    assert failures(system(), state, "repeat") == ("fail_logical",)
    exact, many = system("qsvt-minimax"), readouts()["tomography-sampling"]
    assert "fail_amplification" not in failures(exact, many, "coherent")
    assert failures(exact, state, "coherent") == ("fail_amplification", "fail_logical")


def test_no_amplification_overshoots_any_more():
    for member in readouts().values():
        for mode in member.modes:
            found = readout_assumptions(system(), member, mode)
            assert not any("overshoot" in item.text for item in found)


def gates(bloq):
    found = get_cost_value(bloq, QECGatesCost(), costs_cache={})
    return found.toffoli + found.and_bloq + found.cswap, found.t, found.rotation


def test_a_phased_reflection_by_hand():
    # all of q qubits, and the control, joined in one ancilla that is rotated
    assert gates(PhasedReflection(5)) == (4, 0, 1)
    assert gates(PhasedReflection(5, num_controls=1)) == (5, 0, 1)
    assert gates(GivenOperator(7)) == (7, 0, 0)
    assert gates(GivenOperator(0)) == (0, 0, 0)


def test_a_fixed_point_state_by_hand():
    build = {"dim": 6, "sparsity": 3}
    job = job_of("state", "coherent", build)
    state = job.bloq().parts[0][0]
    single = gates(state.run)
    toffoli, t, rotations = gates(state)
    # index, ancillas and solver are zero at the start, the last two where the run succeeded
    flags = state.run.ancilla_bitsize + state.run.own_bitsize
    runs = 2 * state.rounds + 1
    assert toffoli == runs * single[0] + state.rounds * (3 + flags - 1 + flags - 1)
    assert (t, rotations) == (0, runs * single[2] + 2 * state.rounds)


def job_of(name, mode, changes, rule="whole run"):
    member = readouts()[name]
    keys = {"name": "linear-system", "readout": dict(member.keys)}
    scenario = load({"model": {"given": MATRIX | changes}, "algorithm": keys})
    measurement = take_given(scenario.model, scenario.algorithm)
    module = algorithm("linear-system")
    options = module.candidates(scenario.algorithm, measurement, scenario.error)
    choice = next(item for item in options if (item.mode, item.rule) == (mode, rule))
    job = module.build(scenario.algorithm, measurement, scenario.error, choice)
    return job.with_budget(even_split(job, total=0.1, fail_prob=0.05))


@pytest.mark.parametrize("mode", ["coherent", "repeat"])
def test_the_rule_per_shot_in_digits(mode):
    """A fault spoils one sample: e/32 of the direction, half of it for either family."""
    job = job_of("tomography-sampling", mode, {}, rule="per shot")
    numbers = job.evaluate()
    assert job.choices["failure rule"].startswith("logical failures counted per shot")
    # shares of .1/4; e = sqrt(1.025) - 1 = .01242284
    error = math.sqrt(1.025) - 1
    assert numbers["eps_tomography"] == pytest.approx(error * 31 / 32, rel=1e-12)
    # (1 + x)/(1 - x) = (1 + e)^2 = 1.025 for two probabilities that err both ways: x = .025/2.025
    assert numbers["eps_norm"] == pytest.approx(0.025 / 2.025, rel=1e-12)
    # (e/64)^2/2 = 1.8838729e-8
    assert numbers["fail_shot"] == pytest.approx(1.8838729e-8, rel=1e-6, abs=0)
    # tomography, norm, amplification, and the norm's part of the hardware: .0125 each
    assert job.failures == ("fail_tomography", "fail_norm", "fail_run", "fail_amplification")
    stages = {item.name: item for item in count_stages(job, numbers)}
    plain = ["matrix queries", "rhs queries", "solver reflections", "amplification reflections"]
    groups = [plain, ["sign circuits"], ["norm"]]
    magic = [
        sum(
            stages[name].toffoli + numbers["synthesis_t"] * stages[name].rotations
            for name in names
            if name in stages
        )
        for names in groups
    ]
    cost = total(tuple(stages.values()), numbers)
    assert sum(magic) == cost.toffoli + cost.t
    shots = numbers["copies"] * numbers["fail_shot"]
    faults = sum(magic) / ((magic[0] + magic[1]) / shots + magic[2] / 0.0125)
    assert cost.fail_prob == pytest.approx(faults, rel=1e-12)
    whole = job_of("tomography-sampling", mode, {}).evaluate()
    assert cost.fail_prob > whole["fail_logical"]
    assert numbers["copies"] == pytest.approx(whole["copies"] * (32 / 31) ** 2, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "lost", "exact"),
    [
        # shares of .1/3: three of them over 2. kappa_eff = 8 x .7/.25 = 22.4, of the matrix as encoded
        # 22.4/(1 - (.1/3)/16) = 22.4467641, ln = 3.11114647, 2 guesses:
        # S = (1/cosh .777786616 + 1/cosh 2.33335985)/2 = (.758704925 + .192132162)/2 = .475418544
        ("state", 0.05, 0.475418544),
        # shares of .1/4 and root 2/(sqrt 5 x 1.1): 3 x .025/(sqrt 5 x 1.1) = .075/2.45967478
        # 22.4/(1 - .025/(8 x 2.45967478)) = 22.4284953, ln = 3.11033226:
        # (1/cosh .777583065 + 1/cosh 2.33274919)/2 = (.758805527 + .192247336)/2 = .475526432
        ("tomography-sampling", 0.030491836, 0.475526432),
    ],
)
def test_errors_make_repetitions_more(name, lost, exact):
    """A run keeps 1 - lost of its amplitude, 1/(p (1 - lost)^2) runs a state: 1/.9025, 1/.93994588.

    Breaking it means: runs are repeated as if they had no error, up to 10 % too few.
    """
    job = job_of(name, "repeat", {})
    numbers = job.evaluate()
    flag = numbers["flag_prob"]  # P = 1
    assert flag == pytest.approx(0.97 * exact**2, rel=1e-7)
    runs = math.ceil(numbers["copies"] / (flag * (1 - lost) ** 2))
    assert numbers["total_runs"] == pytest.approx(runs, rel=1e-8)
    assert numbers["total_matrix_queries"] == numbers["total_runs"] * numbers["matrix_queries"]
    # and the sequence that amplifies starts from the same probability
    joint = flag * (1 - lost) ** 2
    amplified = job_of(name, "coherent", {}).evaluate()
    slope = math.acosh(1 / math.sqrt(amplified["fail_state"])) / math.atanh(math.sqrt(joint))
    assert amplified["invocations"] == 2 * math.ceil((slope - 1) / 2) + 1


def test_direction_and_norm_stay_within_the_shares():
    """Errors of state and reading, in every proportion, up to E = 4; worst where they are small.

    The two amplitudes q = sqrt(P/(1+P)) are off by eps(cos, -sin), the direction by arcsin(eps/sqrt P).
    Breaking it means: the root of the shares is too large.
    """
    prob, total, part, angle = np.meshgrid(
        np.geomspace(1e-6, 1, 13),
        np.geomspace(1e-4, 4, 13),
        np.linspace(0.01, 1, 12),
        np.linspace(0, np.pi / 2, 91),
    )
    names = ("share_encoding", "share_solver", "share_rotation", "share_readout")
    places = tuple(symbol(name) for name in ("success_prob", *names))
    root = compile_array(places, vector_root(system()))
    state, read = part * total, (1 - part) * total
    epsilon = state * root(prob, state, 0.0, 0.0, read) / 2
    amplitude = np.sqrt(prob / (1 + prob))
    ratio = (amplitude + epsilon * np.cos(angle)) / (amplitude - epsilon * np.sin(angle))
    short = epsilon**2 / prob / (1 + np.sqrt(1 - epsilon**2 / prob))  # one less the cosine
    off = np.sqrt((ratio - 1) ** 2 + 2 * ratio * short) + ratio * read
    assert (off <= total * (1 + 1e-9)).all()
    assert (off / total).max() > 0.999


@pytest.mark.slow
def test_the_loss_is_priced_once_the_lift_allows_it():
    """Formula and circuit of the loss agree; its known state has r + r s + r s^2 entries."""
    member = readouts()["observable-loss"]
    found = replace(
        system(), matrix=lifted_matrix("sparse", 2), source=lifted_vector(), is_lifted=True
    )
    values = {
        "dim": 6, "index_bits": 3, "time_bits": 4, "padding": 5, "n_steps": 5, "segment_steps": 5,
        "truncation_order": 3, "map_order": 2, "learning_rate": 0.1,
        "sparsity": 3, "max_entry": 0.7, "t3_sparsity": 9, "t3_max_entry": 0.3,
        "block_limit": 63, "success_prob": 0.2,
        "update_norm": 0.4, "rescaling": 0.5, "grad_norm": 0.8, "frobenius_norm": 3, "t3_frobenius": 4,
        "inverse_norm": 20, "kappa_eff": 60, "xi": 5,
        "share_encoding": 0.02, "share_solver": 0.02, "share_rotation": 0.02,
        "share_readout": 0.02, "fail_observable": 0.01, "fail_norm": 0.01,
        "fail_logical": 0.01,
    }  # fmt: skip
    root = member.root(found)
    job = Job(
        name="carleman-gd",
        stages=quantum_stages(found, member, "direct"),
        values={name: Quantity(value=value) for name, value in values.items()},
        definitions=(
            *lifted_definitions("carleman-gd", "sparse", 2),
            *precision_definitions(found, root),
            *circuit_definitions(found),
            *rotation_precision(found, root),
            *readout_definitions(found, member, "direct"),
        ),
        circuit=system_circuit(found, member, "direct"),
    )
    numbers = job.evaluate()
    assert numbers["functional_levels"] == 7  # 6 (1 + 3 + 9) = 78 entries
    assert numbers["index_width"] == 15  # 4 of time, 2 of block index, 3 cells of 3
    # eta gamma sqrt(P')/(norm(W) norm(u)), P' = .97 S^2 .2/1.2 beside the reference
    prob = numbers["flag_prob"] * 0.2 / 1.2
    share = 0.02 * 0.5 * math.sqrt(prob) / (0.5545894377 * 0.4)
    error = math.sqrt(1 + share) - 1
    assert numbers["eps_amplitude"] == pytest.approx(0.99 * error, rel=1e-12)
    # the root of the precisions, 2 sqrt(P)/((1 + P)(K + E)): K one over the same amplitude without the
    # reference, E = 4 x .02
    largest = 0.01 / 0.0100798349
    found_root = evaluate(root, numbers)
    assert found_root == pytest.approx(2 * math.sqrt(0.2) / (1.2 * (largest + 0.08)), rel=1e-8)
    cost = total(count_stages(job, numbers), numbers)
    toffoli, t, rotations = gates(job.bloq())
    assert (toffoli, t, rotations) == (cost.toffoli, 0, cost.rotations)
    assert get_cost_value(job.bloq(), QubitCount(), costs_cache={}) == cost.logical_qubits
    assert isinstance(cost.toffoli, int)
