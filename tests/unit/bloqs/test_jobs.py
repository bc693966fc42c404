"""Runs, amplification, read-out and whole jobs, against arithmetic by hand; symbols and sizes."""

import attrs
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from qualtran.resource_counting import QECGatesCost, QubitCount, get_cost_value

from qres.bloqs.amplification import AmplifiedState
from qres.bloqs.estimation import AmplitudeEstimation, WantedRows
from qres.bloqs.frobenius_encoding import FrobeniusEncoding
from qres.bloqs.history_matrix import HistoryMatrix
from qres.bloqs.linear_solver import SolverRun
from qres.bloqs.observable import HadamardTest, ReferenceState
from qres.bloqs.readout import ReadoutJob
from qres.bloqs.right_hand_side import RepeatedVector
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.bloqs.sparse_encoding import SparseEncoding
from qres.errors import InputError

ERRORS = {"alpha": 2.0, "epsilon": 1e-3}
ROWS = LoadedRotationTree(3, 2, 5, (0, 1), (0, 1))  # 16 Toffoli, 20 controlled
ROW = LoadedRotationTree(1, 2, 5, (0, 0), (0, 0))  # 8, 9
DENSE = FrobeniusEncoding(ROWS, ROW, **ERRORS)  # 24, 29
HISTORY = HistoryMatrix(DENSE, 4, 5, 5, **ERRORS)  # 31 + 8 controlled or not, 2; 4 rotations
RUN = SolverRun(HISTORY, RepeatedVector(ROW, 6), 10, 20, 6, 4)  # right-hand side: 13, 14; 2, 4
STATE = AmplifiedState(RUN, 3)
SIGNS = HadamardTest(STATE, ReferenceState(ROW, 6, 4))
NORM = AmplitudeEstimation(RUN, WantedRows(6, 5, 4, row_bitsize=4), 5)


def test_run_by_hand(count):
    # matrix, right-hand side, reflections on 6 + 4 qubits
    assert count(RUN) == (10 * 39 + 20 * 13 + 10 * 8, 0, 10 * 4 + 20 * 2 + 10)
    controlled = (10 * 41 + 20 * 14 + 10 * 9, 0, 10 * 4 + 20 * 4 + 20)
    assert count(RUN.with_controls(1)) == count(RUN.controlled()) == controlled


def test_linear_system_by_hand(count, qubits):
    run = SolverRun(DENSE, ROW, 10, 20, 2, 4)
    assert count(run) == (10 * 24 + 20 * 8 + 10 * 4, 0, 10)
    # index 2, ancilla 2, solver 4, phase gradient 5, widest table 12
    assert qubits(run) == 2 + 2 + 4 + 5 + 12


def test_amplification_by_hand(count):
    # three rounds: the start on 6 + 4 qubits, the flags on 5 + 4, with a phase each; the control is on
    # the first run and on the reflections
    assert count(STATE) == (7 * 730 + 3 * (9 + 8), 0, 7 * 90 + 6)
    assert count(AmplifiedState(RUN, 0)) == count(RUN)


def test_signs_by_hand(count):
    # the amplified state under a control; the tree 9, U(6) = 5, its 3 Hadamards, an addition of 4 bits;
    # rotations: 2 of U(6), doubled, and the phase between both
    state = 780 + 6 * 730 + 3 * (10 + 9)
    assert count(SIGNS) == (state + 9 + 5 + 3 + 3, 0, 140 + 6 * 90 + 6 + 4 + 1)


def test_norm_by_hand(count):
    # start: 6 + 5 + 4 qubits and a control. Rows: a ladder of 9 flags and a control, 9 with the sign's
    # own; a comparison of 4 bits, 3. j = 0..5 on 3 bits: U(6) = 5, two comparisons of 2.
    # Fourier transform of 4 qubits: 6 pairs.
    iteration = 14 + (9 + 3) + 2 * 2
    assert count(NORM) == (11 * 730 + 5 * iteration + 5 + 6, 0, 11 * 90 + 2 + 6)


def test_job_by_hand(count, qubits):
    job = ReadoutJob([(STATE, 4), (SIGNS, 4), (NORM, 3)])
    assert count(job) == (4 * 5161 + 4 * 5237 + 3 * 8191, 0, 4 * 636 + 4 * 691 + 3 * 998)
    # index 2 + 4, ancilla 3 + 2, solver 4, phase gradient 5; the ladder of a reflection about all of the
    # 15 qubits before the phase gradient needs 14, more than a table of 2 * 5 + 2 with its control
    assert qubits(RUN) == qubits(STATE) == 15 + 5 + 14
    # the qubit of the test; the reflection's phase is controlled, one more for that control
    assert qubits(SIGNS) == 1 + 15 + 5 + 15
    # j on 4 qubits, 3 carries beside a controlled sign: the ladder joins all but one of 16 qubits
    assert qubits(job) == qubits(NORM) == 4 + 15 + 5 + 3 + 14
    assert qubits(ReadoutJob([(STATE, 1)], ancilla_bitsize=3)) == 15 + 5 + 14 + 3


def test_equal_parts_add_up(count):
    assert count(ReadoutJob([(STATE, 4), (STATE, 3)])) == count(ReadoutJob([(STATE, 7)]))


def test_a_larger_phase_gradient_of_the_right_hand_side_is_held(qubits):
    vector = LoadedRotationTree(1, 2, 9, (0, 0), (0, 0))
    # phase gradient 9; an angle of 9 bits and the 8 carries of its addition, more than the ladder of 14
    assert qubits(SolverRun(HISTORY, RepeatedVector(vector, 6), 1, 2, 6, 4)) == 6 + 5 + 4 + 9 + (
        9 + 8
    )


@pytest.mark.parametrize("copies", [10**12, 10**30])
def test_astronomical_copies_are_exact(count, copies):
    assert count(ReadoutJob([(STATE, copies)])) == (5161 * copies, 0, 636 * copies)


def test_tables_of_1e21_entries_count(count):
    rows = LoadedRotationTree(10**12, 30, 50, (20,) * 30, (25,) * 30)
    look = sum(-(-(10**12) * 2**level // 2**20) - 2 for level in range(30))
    unlook = sum(-(-(10**12) * 2**level // 2**25) + 2**25 - 4 for level in range(30))
    expected = look + 30 * (2**20 - 1) * 50 + unlook + 30 * 49
    assert count(rows) == (expected, 0, 0)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: attrs.evolve(RUN, matrix_queries=-1), "matrix_queries is -1"),
        (lambda: attrs.evolve(RUN, matrix_queries=1e12), "matrix_queries is 1000000000000.0"),
        (lambda: attrs.evolve(RUN, index_bitsize=5), "index_bitsize is 5"),
        (lambda: AmplifiedState(RUN, -1), "rounds is -1"),
        (lambda: AmplifiedState(RUN.with_controls(1), 1), "run.num_controls is 1"),
        (lambda: NORM.with_controls(1), "AmplitudeEstimation.num_controls is 1"),
        (lambda: SIGNS.controlled(), "HadamardTest.num_controls is 1"),
        (lambda: HadamardTest(STATE, ReferenceState(ROW, 6, 5)), "is 7 qubits .*at most 6"),
        (lambda: ReadoutJob([(STATE, 1.5)]), "count of AmplifiedState is 1.5"),
    ],
)
def test_bad_arguments_name_their_value(build, words):
    with pytest.raises(InputError, match=words):
        build()


# Symbols: the count of the symbolic job, with numbers put in, is the count of the job of numbers.

LEVELS = 3
POSITIVE = "rows bits vector_bits steps time queries state_queries rounds copies iterations idle"
SYMBOLS = {name: sympy.Symbol(name, integer=True, positive=True) for name in POSITIVE.split()}
BLOCKS = [f"{table}{level}" for table in ("u", "v", "p", "q") for level in range(LEVELS)]
SYMBOLS |= {name: sympy.Symbol(name, integer=True, nonnegative=True) for name in BLOCKS}


def _job(v, kind):
    def blocks(table):
        return tuple(v[f"{table}{level}"] for level in range(LEVELS))

    vector = LoadedRotationTree(1, LEVELS, v["vector_bits"], blocks("p"), blocks("q"))
    if kind == "frobenius":
        rows = LoadedRotationTree(v["rows"], LEVELS, v["bits"], blocks("u"), blocks("v"))
        step = FrobeniusEncoding(rows, vector, **ERRORS)
    else:
        angle, target = (v["u0"], v["v0"]), (v["u1"], v["v1"])
        step = SparseEncoding(v["rows"], LEVELS, 2, v["bits"], False, angle, target, **ERRORS)
    history = HistoryMatrix(step, v["time"], 1, 0, **ERRORS)
    right = RepeatedVector(vector, v["steps"])
    index = LEVELS + v["time"]
    run = SolverRun(history, right, v["queries"], v["state_queries"], index, 4)
    state = AmplifiedState(run, v["rounds"])
    norm = AmplitudeEstimation(
        run, WantedRows(index, step.ancilla_bitsize, 4, row_bitsize=v["time"]), v["iterations"]
    )
    signs = HadamardTest(state, ReferenceState(vector, v["idle"], v["time"]))
    return ReadoutJob([(state, v["copies"]), (signs, v["copies"]), (norm, 5)])


def _costs(bloq):
    gates = get_cost_value(bloq, QECGatesCost(), costs_cache={})
    return [*attrs.astuple(gates), get_cost_value(bloq, QubitCount(), costs_cache={})]


SYMBOLIC = {kind: _costs(_job(SYMBOLS, kind)) for kind in ("frobenius", "sparse")}


@st.composite
def values(draw):
    drawn = {
        name: draw(st.integers(2, 10**9) if name != "time" else st.integers(1, 40))
        for name in POSITIVE.split()
    }
    drawn |= {name: draw(st.integers(2, 60)) for name in ("bits", "vector_bits")}
    for name in BLOCKS:
        entries = 2 ** int(name[1]) * (drawn["rows"] if name[0] in "uv" else 1)
        largest = (entries - 1).bit_length() - 1 if name[0] in "up" else entries.bit_length() - 1
        drawn[name] = draw(st.integers(0, max(0, largest)))
    return drawn


@pytest.mark.parametrize("kind", ["frobenius", "sparse"])
@settings(max_examples=40, deadline=None)
@given(drawn=values())
def test_substituting_equals_counting_the_substituted(kind, drawn):
    numbers = {SYMBOLS[name]: sympy.Integer(value) for name, value in drawn.items()}
    found = [sympy.sympify(cost).xreplace(numbers) for cost in SYMBOLIC[kind]]
    assert found == _costs(_job(drawn, kind))


def test_symbolic_job_mentions_every_symbol():
    free = set().union(*(sympy.sympify(cost).free_symbols for cost in SYMBOLIC["frobenius"]))
    level_zero_of_one_row = {SYMBOLS["q0"], SYMBOLS["p0"]}
    assert free | level_zero_of_one_row == set(SYMBOLS.values())
