"""Histories and their right-hand sides: circuits against the dense definition, and broken ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy
from qualtran.bloqs.basic_gates import SGate
from qualtran.testing import assert_valid_bloq_decomposition

import qres.bloqs.history_matrix as bloqs
from qres.bloqs.batched_encoding import BatchedSlots, stacked
from qres.bloqs.dense_block import DenseBlock
from qres.bloqs.history_matrix import HistoryMatrix, TimeLimit, TimeShift
from qres.bloqs.right_hand_side import UniformSuperposition
from qres.bloqs.steps import backwards
from qres.bloqs.turn import Turn
from qres.errors import InputError
from qres.logical.circuit import count_bloq
from qres.verify import count, histories
from qres.verify.count import ROTATIONS, TOFFOLI, decomposed_counts
from qres.verify.descents import MOMENTUM, RATE, SCALE, history_of, make_descent
from qres.verify.factors import amplitudes, put_in
from qres.verify.flatten import flatten
from qres.verify.histories import FORMS, HISTORIES, SPANS, built, prove_history, prove_source
from qres.verify.simulate import block, run, start

TITLES = sorted(HISTORIES)


def descent_for(title, *, seed=0, size=3, span=(2, 1), kind="signed"):
    rng, varies = np.random.default_rng(seed), title == "schedule"
    return make_descent(rng, kind, size, span, HISTORIES[title].batches, varies=varies)


# ------------------------------------------------------------------ circuits against definitions


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("form", FORMS)
def test_a_history_is_what_it_is_charged_as(title, form):
    """Block, alpha, Toffoli three ways; rotations, ancillas and qubits."""
    history, descent = HISTORIES[title], descent_for(title)
    for name in history.encodings:
        assert prove_history(title, name, descent, "signed", form).is_equal
        has_momentum = history.width == 2
        bloq, part, values = built(history.matrix, descent, name, form, has_momentum=has_momentum)
        controls = int(form == "controlled")
        charged = put_in(sympy.sympify(part.rotations(controls)), values)
        assert decomposed_counts(bloq)[ROTATIONS] == count_bloq(bloq)[2] == charged
        assert bloq.ancilla_bitsize == put_in(part.ancillas, values)
        assert bloq.workspace == put_in(part.width(controls), values)
    assert prove_source(title, descent, form).is_equal


@pytest.mark.slow
def test_every_history_and_right_hand_side():
    proofs = list(histories.prove_histories())
    assert len(proofs) == 3 * 4 * len(SPANS) * (13 + 5)
    assert [proof for proof in proofs if not proof.is_equal] == []


@pytest.mark.parametrize("span", [(1, 0), (3, 0), (2, 2)])
@pytest.mark.parametrize("form", FORMS)
def test_decomposed_by_qualtran(span, form):
    """No table: a dense matrix as the step. To machine precision, and a valid decomposition."""
    steps, padding = span
    matrix = np.random.default_rng(1).normal(size=(2, 2))
    step = DenseBlock(tuple(map(tuple, matrix)), alpha=3.0, epsilon=0)
    bits, alpha = (steps + padding).bit_length(), 2 + RATE * 3
    history = HistoryMatrix(step, bits, *span, alpha=alpha, epsilon=0)
    history = history.with_controls(int(form == "controlled"))
    history = history.adjoint() if form == "adjoint" else history
    assert_valid_bloq_decomposition(history)
    descent = descent_for("history", size=2, span=span)
    descent = replace(descent, matrices=(matrix,))
    target, columns = history_of(descent, HISTORIES["history"].step, 1)
    target = target.T if form == "adjoint" else target
    ctrl = columns * 0 + 1
    found = amplitudes(flatten(history), {"system": columns, "ctrl": ctrl})
    assert alpha * found == pytest.approx(target, abs=1e-12)


@pytest.mark.parametrize("title", TITLES)
def test_the_solution_is_the_descent(title):
    """L x = b on the first T values of the register: row t of x is the weights after t steps."""
    history, descent = HISTORIES[title], descent_for(title, span=(3, 2), size=4)
    matrix, _ = history_of(descent, history.step, history.width)
    rhs = np.zeros((2**descent.time_bits, 4 * history.width))
    rates = [1.0] * 3 if title in ("schedule", "momentum") else descent.rates
    rhs[:3] = history.rows(descent) * np.array(rates)[:, None]
    held = np.linalg.solve(matrix, rhs.ravel()).reshape(rhs.shape)
    u, v = np.zeros(4), np.zeros(4)
    for t, rate in enumerate(descent.rates):
        slope, forcing = (items[t % len(items)] for items in (descent.matrices, descent.vectors))
        if title == "momentum":
            v = MOMENTUM * v + forcing + slope @ u
            u = u - RATE * v
            assert held[t] == pytest.approx(np.append(u, SCALE * v), abs=1e-12)
        else:
            u = u + rate * (forcing + slope @ u)
            assert held[t] == pytest.approx(u, abs=1e-12)
    assert held[3:5] == pytest.approx(np.array([held[2]] * 2), abs=1e-12)
    assert held[5:] == pytest.approx(0, abs=1e-12), "rows beyond and the row of the start are empty"


# ------------------------------------------------------------------ the parts


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_a_shift_adds_its_qubit(bits):
    """Every time and addend; bits - 1 gates, erased for nothing."""
    found = block(flatten(TimeShift(bits)), ["addend", "time"])
    for time in range(2**bits):
        for addend in (0, 1):
            there = (time + addend) % 2**bits
            assert found[2 * there + addend, 2 * time + addend] == 1
    assert decomposed_counts(TimeShift(bits)) == ({TOFFOLI: bits - 1} if bits > 1 else {})
    for shift in (TimeShift(bits), TimeShift(bits).adjoint()):
        assert_valid_bloq_decomposition(shift)


@pytest.mark.parametrize("limits", [(5, 2), (8, 8), (1, 8), (7, 7)])
def test_a_limit_is_a_comparison(limits):
    """The uppermost carry of every time, with nothing, one or both qubits on."""
    limit = TimeLimit(3, limits)
    program = flatten(limit)
    for first, second in ((0, 0), (1, 0), (1, 1)):
        times = np.arange(8)
        values = {"first": times * 0 + first, "second": times * 0 + second, "time": times}
        state = run(start(program, values), program.gates)
        late = state.read((program.registers["carries"],)) >> 2
        time = state.read((program.registers["time"],))
        allowed = limits[second] if first else 8
        assert list(late) == [int(t >= allowed) for t in time]
    assert decomposed_counts(limit) == {TOFFOLI: 3}
    assert decomposed_counts(limit.adjoint()) == {}
    with pytest.raises(InputError, match="expected 1 to 8"):
        TimeLimit(3, (9, 1))


@pytest.mark.parametrize("length", range(2, 20))
def test_equal_times(length):
    """The phase is (pi - phi)/2 with sin(phi/2) = sqrt(2^m/L)/2, none for a power of two."""
    spread = UniformSuperposition(length)
    found = block(flatten(spread), ["target"], columns=1)[:, 0]
    odd = length // (length & -length)
    turn = 2 * np.arcsin(np.sqrt(2 ** (odd - 1).bit_length() / odd) / 2)
    phase = np.exp(1j * (np.pi - turn) / 2) if odd > 1 else 1
    expected = np.arange(len(found)) < length
    assert found == pytest.approx(phase * expected / np.sqrt(length), abs=1e-12)
    for form in (spread, spread.adjoint(), spread.with_controls(1)):
        assert_valid_bloq_decomposition(form)
        toffoli, _, rotations, _ = count_bloq(form)
        assert decomposed_counts(form) == (
            {TOFFOLI: toffoli, ROTATIONS: rotations} if odd > 1 else {}
        )


# ------------------------------------------------------------------ broken circuits


def test_a_lost_flag_is_caught(monkeypatch):
    """Without the limits F acts in idle rows and the last row is left."""
    descent = descent_for("history", span=(2, 1), size=2)
    assert prove_history("history", "sparse", descent, "signed", "plain").is_encoded
    with monkeypatch.context() as patch:
        patch.setattr(bloqs, "flagged", lambda *rest: ())
        assert not prove_history("history", "sparse", descent, "signed", "plain").is_encoded
    limits = (descent.padding + 2, descent.padding + 2)
    with monkeypatch.context() as patch:
        patch.setattr(HistoryMatrix, "_limit", lambda self: TimeLimit(self.time_bitsize, limits))
        assert not prove_history("history", "sparse", descent, "signed", "plain").is_encoded


def test_a_wrong_weight_or_a_lost_sign_is_caught(monkeypatch):
    descent = descent_for("history", span=(2, 1), size=2)
    for name, wrong in (("Turn", lambda angle: Turn(angle / 2)), ("ZGate", lambda: SGate())):
        with monkeypatch.context() as patch:
            patch.setattr(bloqs, name, wrong)
            assert not prove_history("history", "sparse", descent, "signed", "plain").is_encoded


def test_a_dearer_circuit_is_caught(monkeypatch):
    """A shift, its adjoint and again the shift: the same block."""
    steps = TimeShift.steps

    def twice(self):
        return (*steps(self), *backwards(steps(self)), *steps(self))

    monkeypatch.setattr(TimeShift, "steps", twice)
    count._counts.cache_clear()
    proof = prove_history("history", "sparse", descent_for("history"), "signed", "plain")
    count._counts.cache_clear()
    assert proof.is_encoded
    assert proof.toffoli == proof.toffoli_call_graph < proof.toffoli_circuit


# ------------------------------------------------------------------ bad input


def test_what_does_not_fit_is_refused():
    step = DenseBlock(((1.0,),), alpha=1.0, epsilon=0)
    errors = {"alpha": 3.0, "epsilon": 0}
    with pytest.raises(InputError, match="3 steps and 1 idle rows do not fit 2 qubits"):
        HistoryMatrix(step, 2, 3, 1, **errors)
    with pytest.raises(InputError, match="weights are 1, 1 and more"):
        HistoryMatrix(step, 2, 2, 1, alpha=1.5, epsilon=0).decompose_bloq()
    with pytest.raises(InputError, match="expected 2 of 3 x 3"):
        stacked([np.eye(3)], 2, 3)
    with pytest.raises(InputError, match="not all zero"):
        stacked([np.zeros((2, 2))], 1, 2)
    slots = BatchedSlots(
        n_batches=2,
        rows=3,
        system_bitsize=2,
        slot_bitsize=2,
        bits=5,
        is_full=True,
        angle_blocks=(0, 0),
        alpha=1.0,
        epsilon=0.1,
    )
    assert slots.table_rows == 4 + 3
    damped = scheduled_step()
    with pytest.raises(InputError, match="expected 2 positive numbers"):
        damped.with_rates([0.1, 0])


def scheduled_step():
    piece, descent = HISTORIES["schedule"].matrix, descent_for("schedule")
    return built(piece, descent, "sparse", "plain", has_momentum=False)[0].step_encoding
