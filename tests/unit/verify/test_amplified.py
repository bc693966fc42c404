"""Amplified runs: certain, or but for the failure probability; and circuits that are neither."""

from __future__ import annotations

import math

import numpy as np
import pytest

import qres.verify.amplified as amplified
from qres.bloqs.chebyshev_filter import exact_stretch, fixed_point_stretch
from qres.verify.amplified import KINDS, prove_amplified
from qres.verify.known_runs import flagged, random_run
from qres.verify.proofs_text import proofs_text


@pytest.mark.parametrize("seed", [0, 1])
def test_runs_are_amplified_as_claimed(seed):
    """Breaking it means: rounds, phases or reflections of an amplification are not those priced."""
    proofs = list(prove_amplified(seed=seed))
    assert len(proofs) == 8
    assert [proof for proof in proofs if not proof.is_equal] == []


@pytest.mark.parametrize("first", [0, 1])
def test_uses_by_hand(first):
    """Exactly: 2k + 1 >= pi/(2 asin sqrt P). To 1/20: L >= arcosh(sqrt 20)/artanh sqrt(P/1.7)."""
    run = random_run(np.random.default_rng(5), 2)
    prob = float(np.linalg.norm(flagged(run)[first:]) ** 2)
    needed = {
        "exactly": math.pi / (2 * math.asin(math.sqrt(prob))),
        "to a fixed point": math.log(math.sqrt(20) + math.sqrt(19))
        / math.atanh(math.sqrt(prob / 1.7)),
    }
    for kind in KINDS:
        bloq, uses = amplified.amplified(run, first, kind)
        assert uses % 2 == 1
        assert needed[kind] <= uses < needed[kind] + 2
        assert bloq.rounds == (uses - 1) / 2


def test_phases_for_another_probability_are_noticed(monkeypatch):
    monkeypatch.setattr(amplified, "exact_stretch", lambda n, p: exact_stretch(n, p) * 1.01)
    monkeypatch.setattr(amplified, "fixed_point_stretch", lambda n, d: fixed_point_stretch(n, 0.6))
    proofs = list(prove_amplified(seed=0))
    assert {proof.quantity for proof in proofs if not proof.is_equal} == {
        f"amplified {kind}" for kind in KINDS
    }
    assert "DIFFERS" in proofs_text(proofs, is_whole=True)
