"""The listed sizes of the generated factories are those that the generation makes."""

from __future__ import annotations

import numpy as np
import pytest

from qres.files import data_path
from qres.physical.factories.concatenated import MEMBER, listed
from qres.physical.generation import GENERATED, generated_sizes, references, table_text


@pytest.mark.slow
def test_the_list_is_what_is_generated():
    text = (data_path("hardware") / "factories.csv").read_text()
    assert text == table_text()


def test_one_list_for_every_machine():
    for factory in GENERATED:
        sizes = listed(factory.name)
        assert len(sizes) == len(np.unique(sizes, axis=0))
        assert (sizes[:, 3] > 0).all()
        for machine in references(MEMBER.bottom):
            assert factory.grid(machine, None) is sizes


def test_levels_above_hold_odd_distances_in_range():
    for factory in GENERATED:
        levels = listed(factory.name)[:, 3:].reshape(-1, 4)
        _, x, z, m = levels[levels[:, 0] > 0].T
        assert (x % 2 == 1).all()
        assert (z == m).all()
        assert ((z / x >= 0.34) & (z / x <= 0.52)).all()


def test_a_list_is_generated_again(monkeypatch):
    """One reference, as a whole: each size is listed."""
    monkeypatch.setattr(
        "qres.physical.generation.references", lambda bottom: references(bottom)[:1]
    )
    known = {tuple(size) for size in listed("concatenated").tolist()}
    found = generated_sizes(MEMBER)
    padding = (0,) * (len(next(iter(known))) - found.shape[1])
    assert len(found) > 20
    assert {(*size, *padding) for size in found.tolist()} <= known
