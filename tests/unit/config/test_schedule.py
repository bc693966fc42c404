"""A learning-rate schedule in `model.yaml`: what is read, refused, and what names the scenario."""

from __future__ import annotations

import json
import math

import pytest

import qres

NETWORK = {"architecture": {"kind": "logistic"}, "dataset": {"kind": "digits"}}
BASE = {"name": "carleman-gd", "n_steps": 10, "learning_rate": 0.1}


def load(optimizer):
    scenario = {"schema": "qres-model/1", "name": "x", "model": {"network": NETWORK}}
    return qres.load({**scenario, "algorithm": {**BASE, "optimizer": optimizer}})


def test_steps_by_hand():
    found = load({"schedule": {"kind": "step", "at": [3, 7], "factor": 0.5}}).algorithm
    assert found.rates == (0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025)
    assert str(found.schedule) == "rate times 0.5 after steps 3, 7"
    single = load({"schedule": {"kind": "step", "at": 4}})
    assert single.algorithm.rates[3:5] == (0.1, 0.1 * 0.1)
    assert ("algorithm.optimizer.schedule.factor", 0.1) in single.defaults


def test_cosine_by_hand():
    """arXiv:1608.03983, equation 5: eta_min + (eta_max - eta_min)(1 + cos(pi t/T))/2."""
    found = load({"schedule": {"kind": "cosine", "final": 0.2}}).algorithm.rates
    expected = [0.02 + 0.04 * (1 + math.cos(math.pi * t / 10)) for t in range(10)]
    assert found == pytest.approx(expected, rel=1e-14)
    assert found[0] == 0.1
    rising = load({"schedule": {"kind": "cosine", "final": 2}}).algorithm.rates
    assert list(rising) == sorted(rising)


def test_without_a_schedule_nothing_changes():
    plain = load({})
    assert (plain.algorithm.schedule, plain.algorithm.rates) == (None, ())
    assert not any("schedule" in path for path, _ in plain.defaults)
    assert "schedule" not in json.dumps(plain.raw)
    assert load({"schedule": None}).scenario_id == plain.scenario_id


def test_each_schedule_names_another_scenario():
    options = [
        {},
        {"schedule": {"kind": "cosine"}},
        {"schedule": {"kind": "cosine", "final": 0.1}},
        {"schedule": {"kind": "step", "at": [3]}},
        {"schedule": {"kind": "step", "at": [3, 4]}},
        {"schedule": {"kind": "step", "at": [3], "factor": 0.1234567}},
        {"schedule": {"kind": "step", "at": [3], "factor": 0.1234568}},
    ]
    found = [load(option) for option in options]
    assert len({scenario.scenario_id for scenario in found}) == len(options)
    assert len({str(scenario.algorithm.schedule) for scenario in found}) == len(options)


@pytest.mark.parametrize(
    ("optimizer", "words"),
    [
        ({"schedule": {"kind": "step", "at": [3, 3]}}, "at.1: expected more than 3, found 3"),
        ({"schedule": {"kind": "step", "at": [3, 10]}}, r"expected less than n_steps \(10\)"),
        ({"schedule": {"kind": "step", "at": [0, 2]}}, "expected a whole number >= 1, found 0"),
        ({"schedule": {"kind": "step"}}, "schedule.at: missing"),
        ({"schedule": {"kind": "step", "at": 3, "factor": 0}}, "factor: expected a number > 0"),
        ({"schedule": {"kind": "cosine", "final": -1}}, "final: expected a number >= 0"),
        ({"schedule": {"kind": "cosine", "at": 3}}, "at: belongs to step, not cosine"),
        ({"schedule": {"kind": "wave"}}, "expected step or cosine, found 'wave'"),
        ({"schedule": {"kind": "cosine"}, "momentum": 0.5}, "momentum are priced one at a time"),
        (
            {"schedule": {"kind": "cosine"}, "kind": "sgd", "n_batches": 3},
            "a schedule and sgd are priced one at a time",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(optimizer, words):
    with pytest.raises(qres.InputError, match=words) as caught:
        load(optimizer)
    assert "\n" not in str(caught.value)
