"""What no circuit is made of: an error names the argument, what was given and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from qres.bloqs.banded_encoding import BandedEncoding
from qres.errors import InputError
from tests.unit.bloqs.test_laws import EVERY, instances

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


@pytest.mark.parametrize("name", EVERY)
def test_every_argument_is_checked(name):
    bloq = {kind.__name__: bloq for kind, bloq in instances().items()}[name]
    for argument, value in fields(bloq):
        names = [argument, *(INNER[end] for end in INNER if argument.endswith(end))]
        for bad in bad_values(value):
            with pytest.raises(InputError) as caught:
                attrs.evolve(bloq, **{argument: bad})
            message = str(caught.value)
            assert any(word in message for word in names), message
            assert "must" in message or "expected" in message


SIZES = {
    "sparsity": ("SparseEncoding", "rows"),
    "order": ("LiftedMatrix", "truncation_order"),
    "steps": ("LiftedMatrix", "n_steps"),
    "degree": ("InversionRun", "degree"),
    "entries": ("TableLookup", "entries"),
    "bits": ("LoadedRotation", "bits"),
    "iterations": ("AmplitudeEstimation", "iterations"),
}
"""What must not be zero."""


@pytest.mark.parametrize(("name", "argument"), SIZES.values(), ids=SIZES)
def test_nothing_of_it_is_refused(name, argument):
    bloq = {kind.__name__: bloq for kind, bloq in instances().items()}[name]
    with pytest.raises(InputError, match=argument):
        attrs.evolve(bloq, **{argument: 0})


@pytest.mark.parametrize("alpha", [0.0, -1.0])
def test_a_normalisation_is_positive(alpha):
    for kind, bloq in instances().items():
        if "alpha" in attrs.fields_dict(kind):
            with pytest.raises(InputError, match="alpha is"):
                attrs.evolve(bloq, alpha=alpha)


def test_an_error_is_not_negative():
    checked = 0
    for kind, bloq in instances().items():
        if "epsilon" in attrs.fields_dict(kind):
            checked += 1
            with pytest.raises(
                InputError, match=r"epsilon is -0\.5; it must be a finite number of at"
            ):
                attrs.evolve(bloq, epsilon=-0.5)
    assert checked > 10
    assert any(kind is BandedEncoding for kind in instances())
