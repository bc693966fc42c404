"""A leader is not named where the interval of the ratio, or its bound, reaches the other side."""

import pytest

from qres.explore.verdict import undone
from qres.notation.quantity import Quantity


@pytest.mark.parametrize(
    ("quantity", "isundone"),
    [
        (Quantity(value=1.5, low=0.1, high=20.0), True),
        (Quantity(value=1.5, low=1.2, high=20.0), False),
        (Quantity(value=1e13, bound="upper"), False),
        (Quantity(value=0.5, low=0.1, high=2.0), True),
        (Quantity(value=0.5, low=0.1, high=0.9), False),
        (Quantity(value=0.5, bound="lower"), True),
    ],
)
def test_a_leader_needs_its_whole_interval(quantity, isundone):
    assert (undone(quantity) is not None) == isundone
