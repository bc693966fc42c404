"""Cultivated T states distilled by 8-to-CCZ, at once or above levels of 15-to-1 (derived).

The lowest level is that of `cultivated_fifteen_to_one`, the last one that of `eight_to_ccz`, whose
catalysis makes T states in pairs.
"""

from __future__ import annotations

from qres.physical.factories.cultivated_fifteen_to_one import CULTIVATED
from qres.physical.factories.eight_to_ccz import EightToCcz

MEMBER = EightToCcz(name="cultivated-eight-to-ccz", bottom=CULTIVATED)
