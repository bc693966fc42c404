"""Mini-batches in a frozen order: circuits, norms, price and measurement, against dense twins.

Section numbers: the derivation of the training pipeline, 12 and 14a.
"""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
import sympy
from qualtran.resource_counting import QECGatesCost, QubitCount, get_cost_value

import qres
import qres.algorithms.circuit as circuits
from qres.algorithms.blocks import Blocks
from qres.bloqs.batched_encoding import BatchedTrees
from qres.bloqs.batched_step import BatchOfStep
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.measurement.given import take_given
from qres.measurement.record import Segment
from qres.notation.quantity import Quantity

RATE, STEPS, PADDING = 0.2, 7, 3


def make_batches(seed, n_batches, size=4):
    """Symmetric matrices and gradients, one pair a batch."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n_batches):
        matrix = rng.normal(size=(size, size))
        found.append(((matrix + matrix.T) / 2, rng.normal(size=size)))
    return found


@functools.cache
def train(seed, n_batches, encoding="frobenius"):
    """The scenario of random batches, its measurement, the batches and the path of the model."""
    batches = make_batches(seed, n_batches)
    path = [np.zeros(4)]
    for step in range(STEPS):
        hessian, gradient = batches[step % n_batches]
        path.append(path[-1] - RATE * (gradient + hessian @ path[-1]))
    ends = [np.linalg.eigvalsh(hessian) for hessian, _ in batches]
    norms = [np.linalg.norm(batches[step % n_batches][1]) for step in range(STEPS)]
    given = {
        "n_params": 4,
        "n_active": 4,
        "sparsity": 4,
        "max_entry": max(float(np.abs(hessian).max()) for hessian, _ in batches),
        "frobenius_norm": max(float(np.linalg.norm(hessian)) for hessian, _ in batches),
        "lambda_max": max(float(values[-1]) for values in ends),
        "lambda_min": min(float(values[0]) for values in ends),
        "grad_norm": float(np.sqrt(np.mean(np.square(norms)))),
        "update_norms": [float(np.linalg.norm(u)) for u in path],
        "eps_model": 0,
        "n_samples": 60,
    }
    algorithm = {"name": "carleman-gd", "n_steps": STEPS, "learning_rate": RATE}
    algorithm |= {"padding": PADDING, "encoding": encoding}
    algorithm |= {"optimizer": {"kind": "sgd", "n_batches": n_batches}}
    scenario = {"schema": "qres-model/1", "name": "dense", "model": {"given": given}}
    scenario = qres.load(scenario | {"algorithm": algorithm})
    return scenario, take_given(scenario.model, scenario.algorithm), batches, path


def report_of(seed, n_batches, encoding="frobenius", **overrides):
    return qres.estimate(train(seed, n_batches, encoding)[0], **overrides)


def build_history(batches, rows):
    """L with I - eta H_b at step t, b = (t - 1) mod n_b, and the identity in idle rows."""
    size = len(batches[0][0])
    matrix = np.eye(rows * size)
    for t in range(1, rows):
        hessian = batches[(t - 1) % len(batches)][0]
        block = np.eye(size) - RATE * hessian if t <= STEPS else np.eye(size)
        matrix[t * size : (t + 1) * size, (t - 1) * size : t * size] = -block
    return matrix


# ------------------------------------------------------------------ norms of the system


@pytest.mark.parametrize("n_batches", [2, 3, 5])
@pytest.mark.parametrize("seed", range(6))
def test_norms_of_the_system(seed, n_batches):
    """6, 8, 12. Breaking it means: a norm that the cost rests on is not that of L, x or b."""
    _, _, batches, path = train(seed, n_batches)
    numbers = report_of(seed, n_batches).priced.numbers
    rows = STEPS + PADDING + 1
    matrix, rhs = build_history(batches, rows), np.zeros((rows, 4))
    for t in range(1, STEPS + 1):
        rhs[t] = -RATE * batches[(t - 1) % n_batches][1]
    solution = np.linalg.solve(matrix, rhs.ravel()).reshape(rows, 4)
    assert solution[: STEPS + 1] == pytest.approx(np.array(path), abs=1e-12)
    wanted = np.sum(solution[STEPS:] ** 2) / np.sum(solution**2)
    assert numbers["success_prob"] == pytest.approx(wanted, rel=1e-12)
    assert numbers["history_norm"] == pytest.approx(np.linalg.norm(solution), rel=1e-12)
    assert numbers["source_norm"] == pytest.approx(np.linalg.norm(rhs), rel=1e-12)
    values = np.linalg.svd(matrix, compute_uv=False)
    assert 1 / values[-1] <= numbers["inverse_norm"] * (1 + 1e-12)
    assert values[0] <= numbers["alpha"] * (1 + 1e-12)
    assert numbers["xi"] >= 1


def test_one_batch_alone_would_not_bound_the_inverse():
    """Breaking it means: the test above does not see whose spectrum is charged."""
    batches = [(-2 * np.eye(4), np.ones(4)), (np.zeros((4, 4)), np.ones(4))]
    matrix = build_history(batches, STEPS + PADDING + 1)
    inverse = 1 / np.linalg.svd(matrix, compute_uv=False)[-1]
    bound = qres.formula("history.inverse_norm")
    keys = {"n_steps": STEPS, "padding": PADDING}
    assert bound(growth=1.0, **keys) < inverse <= bound(growth=1 + 2 * RATE, **keys)


# ------------------------------------------------------------------ the circuit


def prepare(vector, bits=None):
    """State of a tree of loaded rotations over 4 or 2 amplitudes, angles cut to b bits."""
    state, levels = np.ones(1), round(math.log2(len(vector)))
    for level in range(levels):
        parts = vector.reshape(2 ** (level + 1), -1)
        sizes = parts[:, 0] if level == levels - 1 else np.linalg.norm(parts, axis=1)
        angles = [math.atan2(sizes[2 * k + 1], sizes[2 * k]) for k in range(2**level)]
        if bits is not None:
            unit = math.tau / 2**bits
            angles = [math.floor(angle / unit) * unit for angle in angles]
        state = np.concatenate(
            [a * np.array([math.cos(x), math.sin(x)]) for a, x in zip(state, angles, strict=True)]
        )
    return state


def encode(hessian, alpha, bits=None):
    """alpha times the block of `BatchedTrees` for one batch: row states, row norms, the flag."""
    norms = np.linalg.norm(hessian, axis=1)
    whole = np.linalg.norm(norms)
    rows = np.array([prepare(row / norm, bits) for row, norm in zip(hessian, norms, strict=True)])
    scale = math.acos(min(1.0, whole / alpha))
    if bits is not None:
        scale = math.floor(scale / math.tau * 2**bits) * math.tau / 2**bits
    return alpha * math.cos(scale) * prepare(norms / whole, bits)[:, None] * rows


@pytest.mark.parametrize("n_batches", [2, 3, 5])
def test_the_sum_encodes_the_history(n_batches):
    """14a: identity, shift, shift with F_b(t). Breaking it means: alpha_L does not encode L.

    The batch is t mod n_b of the row that a step starts from; idle rows are flagged away.
    """
    _, _, batches, _ = train(1, n_batches)
    numbers = report_of(1, n_batches).priced.numbers
    alpha, rows = numbers["alpha_matrix"], STEPS + PADDING + 1
    weights = np.array([1, 1, RATE * alpha])
    shift = np.eye(rows, k=-1)
    with_f = np.zeros((rows * 4, rows * 4))
    for t in range(STEPS):
        block = encode(batches[t % n_batches][0], alpha) / alpha
        with_f[4 * t + 4 : 4 * t + 8, 4 * t : 4 * t + 4] = block
    terms = (np.eye(4 * rows), -np.kron(shift, np.eye(4)), with_f)
    mean = sum(w * term for w, term in zip(weights / weights.sum(), terms, strict=True))
    assert numbers["alpha"] == pytest.approx(weights.sum(), rel=1e-12)
    assert numbers["alpha"] * mean == pytest.approx(build_history(batches, rows), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_angles_are_fine_enough(seed):
    """Breaking it means: b_A or b_b bits do not encode every batch to the allotted error."""
    _, _, batches, _ = train(seed, 3)
    numbers = report_of(seed, 3).priced.numbers
    for hessian, _ in batches:
        rounded = encode(hessian, numbers["alpha_matrix"], numbers["matrix_bits"])
        assert RATE * np.linalg.norm(rounded - hessian, 2) <= numbers["eps_matrix"]
    bits = numbers["rhs_bits"]
    states = []
    for cut in (None, bits):
        times = np.array([np.linalg.norm(batches[t % 3][1]) if t < STEPS else 0 for t in range(8)])
        times = prepare(times / np.linalg.norm(times), cut)
        vectors = [prepare(g / np.linalg.norm(g), cut) for _, g in batches]
        states.append(np.concatenate([times[t] * vectors[t % 3] for t in range(8)]))
    rhs = np.concatenate([batches[t % 3][1] for t in range(STEPS)] + [np.zeros(4)])
    assert states[0] == pytest.approx(rhs / np.linalg.norm(rhs), abs=1e-12)
    assert np.linalg.norm(states[1] - states[0]) <= numbers["eps_rhs"]


# ------------------------------------------------------------------ gates


def look(entries, bits, controls=1):
    if entries <= 1:
        return 0
    sizes = [k for k in range(20) if 2**k < entries]
    return min(max(0, math.ceil(entries / 2**k) - 2 + controls) + (2**k - 1) * bits for k in sizes)


def unlook(entries, controls=1):
    if entries <= 1:
        return 0
    sizes = [k for k in range(20) if 2**k <= entries]
    return min(max(0, math.ceil(entries / 2**k) + 2**k - 4 + controls) for k in sizes)


def tree(rows, levels, bits):
    tables = sum(look(rows * 2**n, bits) + unlook(rows * 2**n) for n in range(levels))
    return tables + levels * (bits - 1)


@pytest.mark.parametrize("size", [3, 4])
@pytest.mark.parametrize(("n_batches", "has_table"), [(2, 0), (3, 1), (4, 0), (6, 1)])
def test_gates_by_hand(n_batches, has_table, size):
    """T = 7, tau = ceil(log2 11) = 4, n = 2. Breaking it means: a table has other rows.

    The encoding always stands under one control, so it has n = 2 controlled swaps. Beside it: who
    acts 1, carries of the limits 4, shift 3: 2 tau = 8. A row of the table is (batch, row) on 2 qubits
    for the row, so three weights take (n_b - 1) 4 + 3 rows; full rows on three weights also have a
    comparison with 3, on 2 qubits. The solver has a control for U_A, which is joined in twice: 10.
    """
    sizes = {f"model__given__{name}": size for name in ("n_params", "n_active", "sparsity")}
    numbers = report_of(1, n_batches, **sizes).priced.numbers
    bits, batch_bits = numbers["matrix_bits"], math.ceil(math.log2(n_batches))
    rows = (n_batches - 1) * 4 + size
    step = tree(rows, 2, bits) + tree(n_batches, 2, bits) + 2
    scale = look(n_batches, bits) + unlook(n_batches) + bits - 1
    batch = has_table * (look(STEPS, batch_bits, 0) + unlook(STEPS, 0))
    assert numbers["query_toffoli"] == step + scale + batch + 10
    sparse = report_of(1, n_batches, "sparse", **sizes).priced.numbers
    bits, entries = sparse["matrix_bits"], rows * 4
    value = look(entries, bits) + unlook(entries) + bits - 1
    beyond = 2 if size == 3 else 0
    assert sparse["query_toffoli"] == value + 2 + beyond + batch + 10
    partial = sizes | {"model__given__sparsity": 2}
    sparse = report_of(1, n_batches, "sparse", **partial).priced.numbers
    bits, entries = sparse["matrix_bits"], rows * 2
    pairs = [look(entries, width) + unlook(entries) for width in (bits, 2 + 1)]
    assert sparse["query_toffoli"] == sum(pairs) + bits - 1 + batch + 10


def test_twice_the_batches_are_about_the_square_root_of_two():
    """QROAM of n_b times the rows. Breaking it means: tables do not grow with the batches."""
    sizes = {f"model__given__{name}": 2000 for name in ("n_params", "n_active", "sparsity")}
    costs = [report_of(1, n, **sizes).priced.numbers for n in (16, 32)]
    ratio = costs[1]["query_toffoli"] / costs[0]["query_toffoli"]
    assert 1.3 < ratio < 1.5


def count(bloq):
    gates = get_cost_value(bloq, QECGatesCost(), costs_cache={})
    toffoli = gates.toffoli + gates.and_bloq + gates.cswap
    return toffoli, gates.rotation, get_cost_value(bloq, QubitCount(), costs_cache={})


READOUTS = {
    "state": {"kind": "state"},
    "sampling": {"kind": "tomography", "access": "sampling"},
    "linear": {"kind": "observable", "of": "linear", "weight_norm": 1.0},
}


@pytest.mark.parametrize("encoding", ["frobenius", "sparse"])
@pytest.mark.parametrize("n_batches", [2, 3, 8])
@pytest.mark.parametrize("readout", READOUTS)
def test_formula_and_circuit_agree(readout, n_batches, encoding):
    """Breaking it means: the printed formula prices another circuit."""
    keys = {"algorithm__readout": READOUTS[readout], "model__given__sparsity": 3}
    report = report_of(2, n_batches, encoding, **keys)
    assert report.agreement.status == "exact"
    found, cost = count(report.job.bloq()), report.priced.logical
    assert found == (cost.toffoli, cost.rotations, cost.logical_qubits)


class Recorded(Blocks):
    last: dict = {}  # noqa: RUF012

    def __init__(self, values):
        super().__init__(values)
        Recorded.last = self.exponents


@pytest.mark.parametrize(
    "optimizer", [{"kind": "sgd", "n_batches": 3}, {"kind": "gd", "momentum": 0.5, "n_batches": 1}]
)
@pytest.mark.parametrize("encoding", ["frobenius", "sparse"])
def test_substituting_then_counting_equals_counting_then_substituting(optimizer, encoding):
    """Breaking it means: the symbolic circuit is not the concrete one."""
    keys = {f"algorithm__optimizer__{key}": value for key, value in optimizer.items()}
    scenario, _, _, _ = train(2, 3, encoding)
    job = qres.estimate(scenario, model__given__sparsity=3, **keys).job
    numbers = job.evaluate()
    with mock.patch.object(circuits, "Blocks", Recorded):
        symbolic, symbols = job.bloq(symbolic=True), Recorded.last
        concrete, exponents = job.bloq(), Recorded.last
    assert symbols.keys() == exponents.keys()
    costs = count(symbolic)
    known = {item: sympy.Integer(exponents[name]) for name, item in symbols.items()}
    free = set().union(*(sympy.sympify(cost).free_symbols for cost in costs)) - known.keys()
    assert {str(item) for item in free} >= {"matrix_bits", "time_bits"}
    known |= {item: sympy.sympify(numbers[str(item)]) for item in free}
    assert tuple(sympy.sympify(cost).xreplace(known) for cost in costs) == count(concrete)


def test_bad_circuits_are_refused():
    rows, short = (LoadedRotationTree(6, n, 5, (0,) * n, (0,) * n) for n in (2, 1))
    with pytest.raises(qres.InputError, match="it must have 2"):
        BatchedTrees(rows, short, (0, 0), alpha=1.0, epsilon=0.1)
    with pytest.raises(qres.InputError, match="n_batches"):
        BatchOfStep(5, 1, (0, 0))


# ------------------------------------------------------------------ what is said and refused


def test_the_order_is_said_to_be_frozen():
    report = report_of(0, 3)
    assert "frozen when the circuit is compiled" in dict(report.warnings)["W-MIXTURE"]
    assert report.job.choices["n_batches"] == 3
    # each step takes a third of the samples on the device as well
    assert report.priced.classical.method == "given steps"


def test_tables_cost_as_many_gradients_as_those_of_one_batch():
    """12: n_b tables of products over 1/n_b of the samples each."""
    stages = [
        next(stage for stage in report_of(0, n).priced.stages if stage.name == "tabulate")
        for n in (2, 5)
    ]
    assert stages[0].gradients == stages[1].gradients == 1 + 3 * 4


def cut_measurement(seed, n_batches, length):
    """The measurement with segments of that length: new gradients at each start, same Hessians.

    The loss of a batch is quadratic, so the model is exact and the path of a segment is that of
    training from its start.
    """
    _, measurement, batches, path = train(seed, n_batches)
    segments = []
    for start in range(0, STEPS, length):
        count = min(length, STEPS - start)
        slopes = [gradient + hessian @ path[start] for hessian, gradient in batches]
        order = [np.linalg.norm(slopes[t % n_batches]) for t in range(start, start + count)]
        mean = Quantity(value=float(np.sqrt(np.mean(np.square(order)))), kind="measured")
        moved = [float(np.linalg.norm(path[start + t] - path[start])) for t in range(count + 1)]
        segment = Segment(
            start_step=start,
            n_steps=count,
            values={**measurement.values, "grad_norm": mean},
            path_norms={1: tuple(moved)},
            model_distances={1: 0.0},
        )
        segments.append((segment, slopes))
    found = tuple(segment for segment, _ in segments)
    return replace(measurement, segmentations=(found,)), segments


@pytest.mark.parametrize("n_batches", [2, 3, 5])
@pytest.mark.parametrize("seed", range(4))
def test_segments_go_on_in_the_order_of_the_batches(seed, n_batches):
    """10. Breaking it means: a later segment is priced at other batches, or not the worst one.

    Segments of 3, 3 and 1 steps; every history matrix, right-hand side and solution is dense.
    """
    measurement, segments = cut_measurement(seed, n_batches, 3)
    scenario, _, batches, path = train(seed, n_batches)
    report = qres.estimate(scenario, measurement=measurement, algorithm__segment_steps=3)
    numbers = report.priced.numbers
    assert (numbers["segments"], numbers["segment_steps"]) == (3, 3)
    inverses, ratios, probs = [], [], []
    for segment, slopes in segments:
        start, count = segment.start_step, segment.n_steps
        rows = count + PADDING + 1
        matrix, rhs = np.eye(rows * 4), np.zeros((rows, 4))
        for t in range(1, rows):
            turn = (start + t - 1) % n_batches
            step = np.eye(4) - RATE * batches[turn][0] if t <= count else np.eye(4)
            matrix[4 * t : 4 * t + 4, 4 * t - 4 : 4 * t] = -step
            if t <= count:
                rhs[t] = -RATE * slopes[turn]
        solution = np.linalg.solve(matrix, rhs.ravel()).reshape(rows, 4)
        assert solution[count] == pytest.approx(path[start + count] - path[start], abs=1e-12)
        inverses.append(1 / np.linalg.svd(matrix, compute_uv=False)[-1])
        norm = np.linalg.norm(solution)
        ratios.append(inverses[-1] * np.linalg.norm(rhs) / norm)
        probs.append(np.sum(solution[count:] ** 2) / norm**2)
    assert max(inverses) <= numbers["inverse_norm"] * (1 + 1e-12)
    assert numbers["inverse_norm"] < 5 * max(inverses), "vacuous"
    assert max(ratios) <= numbers["xi"] * (1 + 1e-12)
    assert numbers["success_prob"] == pytest.approx(min(probs), rel=1e-12)
    # errors at the end of a segment grow by at most the largest |1 - eta lambda| of any batch
    growth = max(np.abs(1 - RATE * np.linalg.eigvalsh(h)).max() for h, _ in batches)
    parts = [
        g * s.path_norms[1][-1] for g, (s, _) in zip((growth**4, growth, 1), segments, strict=True)
    ]
    total = sum(parts) / np.linalg.norm(path[-1])
    assert numbers["stretch"] == pytest.approx(total, rel=1e-9)


def test_lengths_that_were_not_measured_repeat_the_first_segment():
    report = report_of(0, 3, algorithm__segment_steps=3)
    assert report.failure is None
    assert report.job.choices["segments"] == 3
    assert report.agreement.status == "exact"
    assert "inverse_norm" not in report.job.references


@pytest.mark.parametrize(
    ("optimizer", "words"),
    [
        ({"kind": "gd", "n_batches": 4}, "optimizer.n_batches: gd takes the whole data set"),
        ({"kind": "sgd", "n_batches": 1}, "optimizer.n_batches: sgd needs n_batches >= 2"),
        (
            {"kind": "sgd", "n_batches": 4, "momentum": 0.5},
            "optimizer.momentum: sgd with momentum is not priced",
        ),
        (
            {"kind": "gd", "n_batches": 1, "momentum": 1.0},
            "expected a number >= 0 and < 1, found 1",
        ),
        ({"kind": "sgd", "n_batches": 2.5}, "expected a whole number >= 1, found 2.5"),
    ],
)
def test_conflicting_keys_are_one_clear_line(optimizer, words):
    raw = {**train(0, 3)[0].raw}
    raw["algorithm"] = {**raw["algorithm"], "optimizer": optimizer}
    with pytest.raises(qres.InputError) as refused:
        qres.load(raw)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_encoding_of_one_matrix_is_refused():
    scenario, measurement, _, _ = train(0, 3)
    known = replace(
        measurement,
        values={
            **measurement.values,
            "jacobian_frobenius": measurement.values["frobenius_norm"],
            "output_hessian_norm": measurement.values["frobenius_norm"],
            "gram_dropped_norm": measurement.values["frobenius_norm"],
            "n_outputs": measurement.values["n_active"],
        },
    )
    with pytest.raises(qres.InputError, match="one for each batch: use frobenius or sparse"):
        qres.estimate(scenario, measurement=known, algorithm__encoding="gram")
