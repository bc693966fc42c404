"""Amplification of a known probability, when errors of a run have moved it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qres.algorithms.base import algorithm
from qres.algorithms.readouts.base import readouts
from qres.bloqs.chebyshev_filter import chebyshev_phases, exact_stretch
from qres.explore.budget import even_split
from qres.measurement.given import take_given
from qres.staircase import load

MATRIX = {"dim": 6, "max_entry": 0.7, "smallest_singular_value": 0.25, "sparsity": 3}


def job_of(name, *, solver="qsvt-minimax", error=0.1, **given):
    keys = {"name": "linear-system", "solver": solver, "readout": dict(readouts()[name].keys)}
    job = amplified(keys, MATRIX | given)
    return job.with_budget(even_split(job, total=error, fail_prob=0.05))


def amplified(keys, given):
    scenario = load({"model": {"given": given}, "algorithm": keys})
    measurement = take_given(scenario.model, scenario.algorithm)
    module = algorithm(keys["name"])
    options = module.candidates(scenario.algorithm, measurement, scenario.error)
    choice = next(item for item in options if item.mode == "coherent")
    return module.build(scenario.algorithm, measurement, scenario.error, choice)


@pytest.mark.parametrize("error", [0.02, 0.1, 0.5])
def test_no_error_of_a_run_fails_more_often(error):
    """Rounds as rotations of the plane, amplitudes off by every allowed part.

    Breaking it means: a probability that is known but for errors is amplified as if it were exact.
    """
    numbers = job_of("tomography-sampling", error=error, solution_overlap=0.9).evaluate()
    # shares of error/4, P = 1, root 2/(sqrt 5 (1 + error)): eta = 3 x error/4 x root/2
    eta = 0.75 * error / (math.sqrt(5) * (1 + error))
    assert numbers["fail_state"] == pytest.approx(4 * eta**2, rel=1e-12)
    for rounds in (0, 1, 2, 3, 10, 1000, int(numbers["rounds"])):
        goal = math.sin(math.pi / (2 * (2 * rounds + 1)))
        moved = [goal * (1 - eta), goal * (1 + eta)] if rounds else [math.sqrt(1 - eta**2)]
        for amplitude in moved:
            angle = math.asin(amplitude)
            turn = np.array(
                [
                    [math.cos(2 * angle), -math.sin(2 * angle)],
                    [math.sin(2 * angle), math.cos(2 * angle)],
                ]
            )
            state = np.linalg.matrix_power(turn, rounds) @ [math.cos(angle), amplitude]
            assert state[0] ** 2 <= numbers["fail_state"]
    # one round, the angle too large: not far below
    worst = math.cos(3 * math.asin(0.5 * (1 + eta))) ** 2
    assert worst > 0.7 * numbers["fail_state"]


def chebyshev(length, point):
    """T_L inside and outside of [-1, 1]."""
    inside = np.cos(length * np.arccos(np.clip(point, -1, 1)))
    return np.where(point > 1, np.cosh(length * np.arccosh(np.maximum(point, 1))), inside)


def amplitudes(length, count=40):
    """What a sequence of this length is made for, as a column: less would need more rounds."""
    ends = np.pi / (2 * length), np.pi / (2 * (length - 2))
    return np.linspace(math.sin(ends[0]), math.sin(ends[1]) * (1 - 1e-9), count)[:, None]


ERRORS = np.linspace(-0.5, 0.5, 201)


@pytest.mark.parametrize("rounds", [1, 2, 3, 4, 5, 50, 500])
def test_a_sequence_of_phases_fails_no_more_often(rounds):
    """The circuit: T_L(b sqrt(1 - a^2))/T_L(b) is left over, b such that it is 0 at the known a."""
    length = 2 * rounds + 1
    amplitude = amplitudes(length)
    stretch = math.cos(math.pi / (2 * length)) / np.sqrt(1 - amplitude**2)
    moved = amplitude * (1 + ERRORS)
    sine = np.sqrt(np.maximum(0, 1 - moved**2))
    left = chebyshev(length, stretch * sine) / chebyshev(length, stretch)
    # smaller than known: 2 d - d^2, larger: 2 d
    most = 2 * np.abs(ERRORS) - np.where(ERRORS < 0, ERRORS**2, 0)
    assert (np.abs(left) <= most + 1e-10)[moved <= 1].all()


def phase(length, known, moved):
    """Phase of what succeeds, where a run has an amplitude of `moved` in place of `known`: 2 x 2 matrices."""
    good, bad = moved.astype(complex), np.sqrt(1 - moved**2)
    for turn in chebyshev_phases(length, exact_stretch(length, known**2)):
        good = good * np.exp(1j * turn)
        good, bad = (
            moved * good + bad * np.sqrt(1 - moved**2),
            np.sqrt(1 - moved**2) * good - moved * bad,
        )
    return np.angle(good)


@pytest.mark.parametrize("rounds", [1, 2, 3, 4, 5, 20, 100])
def test_the_phase_of_what_succeeds_moves_by_twice_the_error(rounds):
    length = 2 * rounds + 1
    for known in amplitudes(length, 12).ravel():
        moved = known * (1 + ERRORS)
        moved, errors = moved[moved <= 1], ERRORS[moved <= 1]
        change = phase(length, known, moved) - phase(length, known, np.array([known]))
        change = np.angle(np.exp(1j * change))
        assert (np.abs(change) <= 2 * np.abs(errors) + 1e-9).all()


def roots(length, tau):
    """Of 1 - F^2 in a^2, one of each conjugate pair, by their real and imaginary parts."""
    angles = np.pi * np.arange(1, length // 2 + 1) / length
    signs = np.where(np.arange(1, length // 2 + 1) % 2, 1, -1)
    return (1 + tau**2) * np.sin(angles) ** 2, signs * tau * np.sin(2 * angles)


@pytest.mark.parametrize("length", [3, 5, 7, 9])
def test_the_phase_of_few_rounds_is_that_of_its_roots(length):
    for known in amplitudes(length, 7).ravel():
        errors = np.linspace(-0.5, min(0.5, 1 / known - 1), 11)
        moved = known * (1 + errors)
        stretch = math.cos(math.pi / (2 * length)) / math.sqrt(1 - known**2)
        tau = math.sqrt(max(0, 1 - stretch**-2))
        real, imaginary = roots(length, tau)
        found = np.prod(moved[:, None] ** 2 - real - 1j * imaginary, axis=1)
        turned = np.exp(1j * phase(length, known, moved)) * np.abs(found) / found
        assert np.ptp(np.angle(turned / turned[0])) < 1e-7
        if length == 3:
            ratio = (1 + errors) ** 2 - 1
            change = np.angle(found / (known**2 - real - 1j * imaginary))
            by_hand = np.arctan(math.sqrt(3) * tau * ratio / (2 - ratio))
            assert change == pytest.approx(by_hand, abs=1e-12)
            most = 3 * (np.arcsin((1 + errors) / 2) - np.pi / 6)
            assert (np.abs(by_hand) <= most + 1e-12)[errors > 0].all()


@pytest.mark.parametrize("length", [5, 7, 9])
def test_the_phase_of_few_rounds_has_a_slope_below_two(length):
    """Box by box, tau^2 by error: the arguments' slopes at most, added up by sign.

    With A = a^2 (1 + d)^2 and N = A - Re z the argument of N - i Im z has the slope
    2 (1 + d) a^2 Im z/(N^2 + (Im z)^2) in d. A, Re z and Im z each rise with tau.
    """
    sine, cosine = math.sin(np.pi / (2 * length)) ** 2, math.cos(np.pi / (2 * length)) ** 2
    largest = math.sin(np.pi / (2 * (length - 2))) ** 2
    squares = np.linspace(0, (largest - sine) / cosine, 401)
    errors = np.linspace(-0.5, 0.5, 401)
    low, high = np.sqrt(squares[:-1])[:, None], np.sqrt(squares[1:])[:, None]
    first, last = errors[:-1], errors[1:]
    most = np.zeros((2, 400, 400))
    for place in range(length // 2):
        (real, imaginary), (real_end, imaginary_end) = (
            [part[..., place : place + 1] for part in roots(length, tau)] for tau in (low, high)
        )
        # N = sine m - sin^2 a + (cosine m - sin^2 a) tau^2, m = (1 + d)^2: linear in tau^2 and in m
        ends = [
            (sine + cosine * tau**2) * (1 + d) ** 2 - part
            for tau, part in ((low, real), (high, real_end))
            for d in (first, last)
        ]
        near, far = np.min(ends, axis=0), np.max(ends, axis=0)
        least = np.where(near * far > 0, np.minimum(np.abs(near), np.abs(far)), 0)
        top = np.abs(imaginary_end) * (sine + cosine * high**2) * (1 + last)
        bottom = least**2 + imaginary**2
        most[place % 2] += 2 * top / np.maximum(bottom, 1e-300)
    assert most.max() < 2


def test_a_single_state_has_its_share_of_failures():
    """None is made again: an error of .5 would fail 1 in 4 of them."""
    job = job_of("state", error=0.5, solution_overlap=0.9)
    numbers = job.evaluate()
    assert job.failures == ("fail_amplification", "fail_logical")
    assert numbers["fail_state"] == pytest.approx(0.025, rel=1e-12)
    # eta = 3 x (.5/3)/2 = .25; an odd length from acosh(1/sqrt(.025))/atanh(.75 sqrt(flag))
    slope = math.acosh(1 / math.sqrt(0.025)) / math.atanh(0.75 * math.sqrt(numbers["flag_prob"]))
    assert numbers["invocations"] == 2 * math.ceil((slope - 1) / 2) + 1


def test_shots_that_fail_are_made_again():
    job = job_of("tomography-sampling", solution_overlap=0.9)
    numbers, bounded = job.evaluate(), job_of("tomography-sampling", solver="shortcut").evaluate()
    # root 2/(sqrt 5 x 1.1), eta = 3 x .025/(sqrt 5 x 1.1) = .075/2.45967478 = .030491836
    assert numbers["fail_state"] == pytest.approx(4 * 0.030491836**2, rel=1e-7)
    # failures: tomography, norm, hardware for one; amplification too for the other
    copies = math.ceil(copies_by_hand(0.05 / 3) / (1 - 4 * 0.030491836**2))
    assert numbers["copies"] == copies
    assert bounded["copies"] == math.ceil(copies_by_hand(0.05 / 4))
    assert any("made again" in item.text for item in job.assumptions)


@pytest.mark.parametrize("overlap", [0.3, 0.9])
def test_a_known_probability_is_an_assumption_worth_six_times_the_runs(overlap):
    known = job_of("tomography-sampling", solution_overlap=overlap)
    interval = {"value": overlap, "low": overlap, "high": 1.01 * overlap}
    bounded = job_of("tomography-sampling", solution_overlap=interval)
    ratio = bounded.evaluate()["invocations"] / known.evaluate()["invocations"]
    (said,) = (item for item in known.assumptions if "when its circuit is compiled" in item.text)
    assert (said.factor, said.favours) == (pytest.approx(ratio, rel=0.1), "quantum")
    assert not any("when its circuit is compiled" in item.text for item in bounded.assumptions)


def copies_by_hand(fail):
    """57.5 d ln(6 d/fail)/(eps^2 (1 - eps^2/4)) for d = 6, eps = sqrt(1.025) - 1."""
    error = math.sqrt(1.025) - 1
    return 57.5 * 6 * math.log(36 / fail) / (error**2 * (1 - error**2 / 4))


def test_a_probability_that_is_assumed_is_only_bounded():
    known = job_of("tomography-sampling", solution_overlap=1.0)
    assumed = job_of("tomography-sampling")
    assert "fail_amplification" in assumed.failures
    assert "fail_amplification" not in known.failures


def test_a_probability_of_which_an_interval_is_typed_is_only_bounded():
    """Exact rounds overshoot what is larger than its bound; the norm of the solution stays.

    Breaking it means: nine runs that are exact at an overlap of 0.25 fail with 0.59 at the stated 0.5.
    """
    interval = {"value": 0.5, "low": 0.25, "high": 0.75}
    typed = job_of("tomography-sampling", solution_overlap=interval)
    assert "fail_amplification" in typed.failures
    assert typed.evaluate()["solution_overlap"] == 0.25
    smallest = {"value": 0.25, "low": 0.2, "high": 0.3}
    both = job_of(
        "state",
        solution_overlap={"value": 0.8, "low": 0.8, "high": 0.9},
        smallest_singular_value=smallest,
    ).evaluate()
    # stated at sigma = .25, as a number without an interval is
    assert both["solution_overlap"] * both["inverse_norm"] == pytest.approx(0.8 / 0.25, rel=1e-12)


def test_the_overlap_is_that_of_the_norm_that_is_priced():
    """kappa is taken at the low end of the singular value; the norm of the solution stays."""
    whole = job_of("state", solution_overlap=0.8).evaluate()
    given = {"smallest_singular_value": {"value": 0.25, "low": 0.2, "high": 0.3}}
    low = job_of("state", solution_overlap=0.8, **given).evaluate()
    # norm(x)/norm(b) = .8/.25 = 3.2 either way
    assert whole["solution_overlap"] * whole["inverse_norm"] == pytest.approx(3.2, rel=1e-12)
    assert low["inverse_norm"] == pytest.approx(5.0, rel=1e-12)
    assert low["solution_overlap"] == pytest.approx(3.2 / 5.0, rel=1e-12)


def test_inside_one_circuit_the_shares_hold_what_fails():
    """Worst case of direction, norm and failures, for every P and split of the error up to 1.

    The wanted part is kept to sqrt(1 - 4 x^2), x = eps/sqrt P the sine of the turn, and its phase moves by
    2 x, which an expectation does not see; probabilities and
    read-out err as in `vector_root`. Breaking it means: the failures need a share of their own.
    """
    axes = [np.geomspace(1e-9, 1, 9), np.geomspace(1e-3, 1, 25), np.geomspace(1e-3, 1, 25)]
    prob, state, read = np.meshgrid(*axes, indexing="ij")
    is_asked = state + read <= 1
    found = []
    for part in (1.0, 0.4):  # of a vector, and of a vector in a quadratic form
        total = part * (state + read)
        sine = part * state / (np.sqrt(3 + 2 * prob) * (1 + total))
        beside = sine * np.sqrt(1 + prob)
        ratio = (1 + beside * np.sqrt(2 - beside**2)) / (1 - beside**2)
        found.append((sine, ratio))
    (sine, ratio), (turned, grown) = found
    kept = np.sqrt(1 - 4 * sine**2) * np.cos(2 * sine)  # and turned by a phase
    off = np.sqrt((ratio - 1) ** 2 + 2 * ratio * (1 - np.sqrt(1 - sine**2))) + ratio / kept * read
    assert (off <= (state + read) * (1 + 1e-9))[is_asked].all()
    split = np.sqrt(1 + read) - 1
    for value in np.linspace(-1, 1, 21):  # of the expectation
        for sign in (-1, 1):
            angle = np.clip(np.arccos(value) - sign * 2 * np.arcsin(turned), 0, np.pi)
            # what fails is an expectation of its own, at worst of the other sign
            read_off = (1 - 4 * turned**2) * np.cos(angle) + sign * (4 * turned**2 + split)
            for norm in (grown**2 * (1 + split), 1 / (grown**2 * (1 + split))):
                off = np.abs(norm * read_off - value)
                assert (off <= (state + read) * (1 + 1e-9))[is_asked].all()


TRAINING = {
    "n_params": 6, "n_active": 6, "n_samples": 10, "sparsity": 3, "max_entry": 0.7,
    "frobenius_norm": 2.0, "lambda_max": 0.9, "lambda_min": 0.1, "grad_norm": 0.5, "eps_model": 0.01,
}  # fmt: skip


def test_a_path_that_is_assumed_or_cut_is_only_bounded():
    """Breaking it means: a probability that nobody gave, or the least of several, is taken as known."""
    keys = {
        "name": "carleman-gd", "n_steps": 5, "learning_rate": 0.1, "solver": "qsvt-minimax",
        "readout": {"kind": "tomography", "access": "sampling"},
    }  # fmt: skip
    typed = {"update_norms": [0.0, 0.05, 0.096, 0.138, 0.177, 0.213]}
    assert "fail_amplification" in amplified(keys, TRAINING).failures
    assert "fail_amplification" not in amplified(keys, TRAINING | typed).failures
    pieces = keys | {"segment_steps": 3}
    assert "fail_amplification" in amplified(pieces, TRAINING | typed).failures
