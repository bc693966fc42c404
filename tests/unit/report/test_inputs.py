"""How the table of inputs shows the interval of a number."""

import math

import pytest

from qres.explore.intervals import ends_of
from qres.notation.quantity import Quantity
from qres.report.inputs import interval


@pytest.mark.parametrize(
    ("low", "high", "text", "ends"),
    [
        (1.0, 3.0, "1..3", (1.0, 3.0)),
        (2.0, 2.0, "sharp", None),
        (2.0, 2.0 + 1e-12, "sharp", (2.0, 2.0 + 1e-12)),
        (4.0, math.inf, "4..infinite", None),
        (-math.inf, 5.0, "-infinite..5", None),
        (-math.inf, math.inf, "-infinite..infinite", None),
        (None, None, "", None),
    ],
)
def test_an_infinite_end_is_shown_and_not_priced(low, high, text, ends):
    quantity = Quantity(value=2.0, low=low, high=high)
    assert interval(quantity) == text
    assert ends_of(quantity) == ends


def test_integers_beyond_floating_point_are_shown():
    assert interval(Quantity(value=10**400, low=10**399, high=10**401)) == "1e399..1e401"
