"""What no circuit is made of: an error names the argument, what was given and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import pytest
import sympy
from qualtran import DecomposeTypeError

from qres.bloqs.banded_encoding import BandedEncoding
from qres.bloqs.chebyshev_filter import exact_stretch, fixed_point_stretch, gap_stretch
from qres.bloqs.momentum_lift import Branches
from qres.errors import InputError
from qres.verify.solver_runs import built_run, provable_solvers, random_system

UNUSED = {("SparseEncoding", "target_blocks"), ("BatchedSlots", "target_blocks")}
"""Full rows have no table of targets."""

INNER = {"blocks": "log_block", "angles": "data", "scales": "data", "factors": "data"}
"""Arguments that the table inside complains about, by how their names end."""


def bad_values(value: Any) -> Iterator[Any]:
    """Values of the same type that nothing is made of."""
    if isinstance(value, bool):
        return
    if isinstance(value, int):
        yield from (-1, 1.5, math.nan, "2")
    elif isinstance(value, float):
        yield from (math.nan, math.inf)
    elif isinstance(value, tuple) and value and isinstance(value[0], int):
        yield from (tuple(bad for _ in value) for bad in (-1, math.nan))
    elif isinstance(value, tuple) and value and isinstance(value[0], float):
        yield tuple(math.nan for _ in value)


def fields(bloq: Any) -> Iterator[tuple[str, Any]]:
    """The arguments that are numbers."""
    for item in attrs.fields(type(bloq)):
        if (type(bloq).__name__, item.name) not in UNUSED:
            yield item.name, getattr(bloq, item.name)


def test_every_argument_is_checked(circuit):
    bloq = circuit
    for argument, value in fields(bloq):
        names = [argument, *(INNER[end] for end in INNER if argument.endswith(end))]
        for bad in bad_values(value):
            with pytest.raises(InputError) as caught:
                attrs.evolve(bloq, **{argument: bad})
            message = str(caught.value)
            assert any(word in message for word in names), message
            assert "must" in message or "expected" in message


STEPS = {"n_steps", "steps", "walk_steps", "length", "filter_length", "degree"}
ORDERS = {"order", "truncation_order", "map_order", "powers"}
COUNTS = {"rows", "entries", "bits", "slots", "n_diagonals", "n_cuts", "n_batches"}
NOT_NOTHING = STEPS | ORDERS | COUNTS
"""Sizes of which none at all is no circuit."""


def test_nothing_of_it_is_refused(circuit):
    bloq, name = circuit, type(circuit).__name__
    for argument in NOT_NOTHING & {name for name, value in fields(bloq) if isinstance(value, int)}:
        with pytest.raises(InputError, match=rf"{name}\.{argument} is 0; it must be an integer"):
            attrs.evolve(bloq, **{argument: 0})


def test_most_sizes_have_such_a_name(every_instance):
    met = [set(attrs.fields_dict(kind)) for kind in every_instance]
    assert {"n_steps", "truncation_order", "n_diagonals", "walk_steps"} <= set.union(*met)
    assert sum(bool(NOT_NOTHING & names) for names in met) > 30


@pytest.mark.parametrize(
    ("name", "argument", "bad", "words"),
    [
        ("AmplitudeEstimation", "iterations", 0, "an integer"),
        ("AdiabaticRun", "walk_steps", 3, "even"),
        ("AdiabaticRun", "filter_length", 4, "odd"),
        ("ShortcutRun", "length", 4, "odd"),
        ("InversionRun", "degree", 4, "odd"),
    ],
)
def test_numbers_of_steps_that_are_no_run_are_refused(name, argument, bad, words, every_instance):
    bloq = {kind.__name__: bloq for kind, bloq in every_instance.items()}[name]
    with pytest.raises(InputError, match=rf"{name}\.{argument} is {bad}; it must be {words}"):
        attrs.evolve(bloq, **{argument: bad})


@pytest.mark.parametrize("kappa", [0.5, 0, 1, -2.0, math.nan, math.inf])
def test_a_condition_number_is_above_1(kappa):
    """No circuit takes one; what chooses the angles of a run does."""
    matrix, vector = np.diag([1.0, 0.5]), np.array([1.0, 0.0])
    words = f"kappa is {kappa}; it must be a finite number above 1"
    for name in provable_solvers():
        with pytest.raises(InputError, match=words):
            built_run(name, matrix, vector, kappa, 0.1)
    with pytest.raises(InputError, match=words):
        random_system(np.random.default_rng(0), 2, kappa)


@pytest.mark.parametrize("bad", [1.5, 1.0, 0.0, -0.5, math.nan])
def test_a_gap_and_a_probability_lie_between_0_and_1(bad):
    for name, ask in (
        ("gap", gap_stretch),
        ("fail_prob", lambda value: fixed_point_stretch(5, value)),
        ("success_prob", lambda value: exact_stretch(5, value)),
    ):
        with pytest.raises(InputError, match=f"{name} is {bad}; it must be a number between"):
            ask(bad)


@pytest.mark.parametrize("bad", [(math.nan, 0.5, 1.0), (0.1, -0.5, 1.0), (0.1, 0.5, 0.0)])
def test_momentum_is_of_finite_numbers(bad):
    with pytest.raises(InputError, match=r"Branches\..* is .*; it must be a finite number"):
        Branches(*bad)


DATA = {
    "FrobeniusEncoding": lambda it, data: it.with_matrix(data(it.row_tree.rows, 3)),
    "SparseEncoding": lambda it, data: it.with_matrix(data(it.rows, it.rows)),
    "LoadedRotationTree": lambda it, data: it.with_vectors(data(it.rows, 2**it.levels)),
    "GramEncoding": lambda it, data: it.with_factors(
        data(it.row_tree.rows, 3), np.ones(it.row_tree.rows), 1
    ),
    "BandedEncoding": lambda it, data: it.with_diagonals(
        (-2, -1, 0, 1), data(it.n_diagonals), (2, 1, 0, 2)
    ),
    "FactorTrees": lambda it, data: it.with_tensor(data(3, 3)),
    "FactorSlots": lambda it, data: it.with_tensor(data(it.rows, it.rows)),
    "LiftedVector": lambda it, data: it.with_vector(data(2**it.vector.levels)),
    "SparseState": lambda it, data: it.with_entries((3, 9, 12), data(3)),
    "DampedStep": lambda it, data: it.with_rates(data(it.n_steps)),
    "ScheduledHistory": lambda it, data: it.with_rates(data(it.n_steps)),
}
"""Circuits that take data, and how they do."""

ALPHAS = {
    "FrobeniusEncoding": 0.3,  # 0.1 sqrt(9)
    "FactorTrees": 0.3,
    "BandedEncoding": 0.4,  # 0.1 * 4
    "GramEncoding": 10.0,
}
"""Normalisations that go with entries of 0.1."""


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_entries_are_finite(name, bad, every_instance):
    bloq = {kind.__name__: bloq for kind, bloq in every_instance.items()}[name]
    bloq = attrs.evolve(bloq, alpha=ALPHAS[name]) if name in ALPHAS else bloq

    def filled(*shape: int, first: float = 0.1) -> np.ndarray:
        found = np.full(shape, 0.1)
        found.flat[0] = first
        return found

    DATA[name](bloq, filled)
    with pytest.raises(InputError, match=r"finite|positive"):
        DATA[name](bloq, lambda *shape: filled(*shape, first=bad))


def test_the_right_normalisation_is_told(every_instance):
    """Breaking it means: the block is not the matrix over the normalisation that is claimed."""
    found = {kind.__name__: bloq for kind, bloq in every_instance.items()}
    for alpha in (0.9, 2.5):
        whole = attrs.evolve(found["FrobeniusEncoding"], alpha=alpha)
        words = rf"FrobeniusEncoding\.alpha is {alpha}; it must be 1\.2, the Frobenius norm"
        with pytest.raises(InputError, match=words):
            whole.with_matrix(np.full((3, 3), 0.4))  # 0.4 sqrt(9)
        banded = attrs.evolve(found["BandedEncoding"], alpha=alpha)
        words = rf"BandedEncoding\.alpha is {alpha}; it must be 0\.4, the sum of"
        with pytest.raises(InputError, match=words):
            banded.with_diagonals((-2, -1, 0, 1), (0.1, -0.1, 0.1, 0.1), (2, 1, 0, 2))
    sparse = found["SparseEncoding"]
    least = 2**sparse.slot_bitsize * 0.4
    short = attrs.evolve(sparse, alpha=0.99 * least)
    words = rf"alpha is .*at least {least:g}, slots times the largest"
    with pytest.raises(InputError, match=words):
        short.with_matrix(np.diag(np.full(sparse.rows, 0.4)))


@pytest.mark.parametrize("name", ["BatchedFactorSlots", "BatchedFactorTrees"])
@pytest.mark.parametrize("change", [-1, 1])
def test_there_is_a_tensor_for_each_batch(name, change, every_instance):
    bloq = {kind.__name__: bloq for kind, bloq in every_instance.items()}[name]
    slots = name == "BatchedFactorSlots"
    count = bloq.n_batches if slots else bloq.norm_tree.rows
    rows = bloq.rows if slots else bloq.row_tree.rows - (count - 1) * 2**bloq.register_bitsize
    tensor = np.zeros((rows, rows**bloq.order))
    tensor[0, 0] = 0.1
    bloq = attrs.evolve(bloq, alpha=100.0)
    bloq.with_tensors([tensor] * count)
    with pytest.raises(InputError, match=rf"expected {count}\b.* found {count + change}\b"):
        bloq.with_tensors([tensor] * (count + change))


@pytest.mark.parametrize("divisor", [0, -2, math.nan, math.inf])
def test_a_divisor_is_positive(divisor, every_instance):
    gram = {kind.__name__: bloq for kind, bloq in every_instance.items()}["GramEncoding"]
    rows = gram.row_tree.rows
    with pytest.raises(InputError, match=r"divisor is .*; it must be a finite number above 0"):
        gram.with_factors(np.ones((rows, 3)), np.ones(rows), divisor)


@pytest.mark.parametrize(
    ("name", "part"),
    [("DampedStep", "step"), ("BatchedStep", "step"), ("ScheduledHistory", "history")],
)
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_normalisation_that_is_handed_on_is_that_of_the_part(name, part, factor, every_instance):
    bloq = {kind.__name__: bloq for kind, bloq in every_instance.items()}[name]
    right = f"{float(getattr(bloq, part).alpha):.12g}"
    with pytest.raises(
        InputError, match=rf"{name}\.alpha is .*; it must be {right}, that of its {part}"
    ):
        attrs.evolve(bloq, alpha=factor * bloq.alpha)


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_a_history_of_momentum_has_the_sum_of_its_weights(factor, every_instance):
    """1 + |A_1| + sqrt(eta^2 + sigma^2) alpha_F, here with the norm of A_1 by its definition."""
    bloq = {kind.__name__: bloq for kind, bloq in every_instance.items()}["MomentumMatrix"]
    rate, momentum, scale = bloq.rates
    free = np.linalg.norm([[1, -rate * momentum / scale], [0, momentum]], 2)
    right = 1 + free + math.hypot(rate, scale) * bloq.factor.alpha
    assert bloq.alpha == pytest.approx(right)
    with pytest.raises(InputError, match=r"MomentumMatrix\.alpha is .*, the sum of its weights at"):
        attrs.evolve(bloq, alpha=factor * bloq.alpha)


def test_a_history_of_momentum_whose_factor_is_a_symbol_has_no_steps(every_instance):
    bloq = {kind.__name__: bloq for kind, bloq in every_instance.items()}["MomentumMatrix"]
    symbolic = attrs.evolve(bloq.factor, alpha=sympy.Symbol("alpha"))
    with pytest.raises(DecomposeTypeError, match="symbolic"):
        attrs.evolve(bloq, factor=symbolic).sequence()


@pytest.mark.parametrize("alpha", [0.0, -1.0])
def test_a_normalisation_is_positive(alpha, every_instance):
    for kind, bloq in every_instance.items():
        if "alpha" in attrs.fields_dict(kind):
            with pytest.raises(InputError, match="alpha is"):
                attrs.evolve(bloq, alpha=alpha)


def test_an_error_is_not_negative(every_instance):
    checked = 0
    for kind, bloq in every_instance.items():
        if "epsilon" in attrs.fields_dict(kind):
            checked += 1
            with pytest.raises(
                InputError, match=r"epsilon is -0\.5; it must be a finite number of at"
            ):
                attrs.evolve(bloq, epsilon=-0.5)
    assert checked > 10
    assert any(kind is BandedEncoding for kind in every_instance)
