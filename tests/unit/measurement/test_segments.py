"""Segments against descent and models written out in numpy."""

import json
import math

import numpy as np
import pytest
import torch

from qres.errors import InputError
from qres.measurement.curvature import Curvature
from qres.measurement.given import check_segments
from qres.measurement.point import Probe
from qres.measurement.quantities import measure_curvature
from qres.measurement.record import Measurement, Segment
from qres.measurement.segments import ENOUGH, add_distances

RATE = 0.05


def _quartic():
    """L(theta) = mean of (a . theta + b)^4 / 4 over five samples of three features."""
    rng = np.random.default_rng(3)
    slopes, shifts = rng.standard_normal((5, 3)), rng.standard_normal(5)
    start = rng.standard_normal(3) * 0.2
    module = torch.nn.Linear(3, 1, bias=False, dtype=torch.float64)
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(start)[None])
    loss = lambda out, shift: ((out.squeeze(-1) + shift) ** 4).mean() / 4  # noqa: E731
    batch = (torch.from_numpy(slopes), torch.from_numpy(shifts))
    return Curvature(module, loss=loss, batches=[batch]), slopes, shifts, start


def _measure(curvature, n_steps=24, rate=RATE, segment_steps=None):
    probe = Probe(
        n_steps=n_steps,
        learning_rate=rate,
        weight_decay=0.0,
        lanczos_steps=8,
        n_probes=4,
        seed=0,
        segment_steps=segment_steps,
    )
    return measure_curvature(curvature, probe)


def _gradient(theta, slopes, shifts):
    return (slopes @ theta + shifts) ** 3 @ slopes / 5


def _hessian(theta, slopes, shifts):
    return slopes.T @ (3 * (slopes @ theta + shifts)[:, None] ** 2 * slopes) / 5


@pytest.fixture(scope="module")
def case():
    curvature, *facts = _quartic()
    return _measure(curvature, segment_steps=9), facts


def test_the_whole_run_is_the_first_segmentation(case):
    found, _ = case
    (whole,) = found.segmentations[0]
    assert (whole.start_step, whole.n_steps) == (0, 24)
    assert whole.path_norms == found.path_norms
    relative = whole.model_distances[1] / float(found.values["final_distance"])
    assert relative == pytest.approx(float(found.values["eps_model"]), rel=1e-12)
    assert all(found.values[name] == quantity for name, quantity in whole.values.items())


def test_lengths_are_halved_until_the_models_hold(case):
    found, _ = case
    layout = [[(s.start_step, s.n_steps) for s in cut] for cut in found.segmentations]
    usual = layout[:-1]
    assert layout[-1] == [(0, 9), (9, 9), (18, 6)]
    assert (
        usual
        == [[(step, length) for step in range(0, 24, length)] for length in (24, 12, 6, 3, 2)][
            : len(usual)
        ]
    )
    goal = ENOUGH * float(found.values["final_distance"])
    totals = [add_distances(cut) for cut in found.segmentations[:-1]]
    assert all(total > goal for total in totals[:-1])
    assert len(usual) > 2
    assert totals[-1] <= goal or len(usual) == 5


def test_every_segment_in_numpy(case):
    found, (slopes, shifts, start) = case
    true = [start]
    for _ in range(24):
        true.append(true[-1] - RATE * _gradient(true[-1], slopes, shifts))
    for cut in found.segmentations:
        for segment in cut:
            here, update = true[segment.start_step], np.zeros(3)
            slope, hessian = _gradient(here, slopes, shifts), _hessian(here, slopes, shifts)
            norms = [0.0]
            for _ in range(segment.n_steps):
                update = update - RATE * (slope + hessian @ update)
                norms.append(np.linalg.norm(update))
            end = true[segment.start_step + segment.n_steps]
            apart = np.linalg.norm(end - here - update)
            assert segment.path_norms[1] == pytest.approx(norms, rel=1e-10)
            assert segment.model_distances[1] == pytest.approx(apart, rel=1e-7, abs=1e-14)
            assert segment.model_distances[3] < 1e-13  # a quartic loss has a cubic gradient
            values = {name: float(quantity) for name, quantity in segment.values.items()}
            assert values["grad_norm"] == pytest.approx(np.linalg.norm(slope), rel=1e-10)
            assert values["max_entry"] == pytest.approx(np.abs(hessian).max(), rel=1e-10)
            assert values["frobenius_norm"] == pytest.approx(np.linalg.norm(hessian), rel=1e-10)
            ends = np.linalg.eigvalsh(hessian)
            assert values["lambda_min"] == pytest.approx(ends[0], rel=1e-8)
            assert values["lambda_max"] == pytest.approx(ends[-1], rel=1e-8)
            assert values["growth"] == pytest.approx(np.abs(1 - RATE * ends).max(), rel=1e-8)
            third = np.einsum("b,bi,bj,bk", 6 * (slopes @ here + shifts), *[slopes] * 3) / 5
            assert values["t3_frobenius"] == pytest.approx(np.sqrt((third**2).sum()), rel=1e-9)
            fourth = np.einsum("bi,bj,bk,bl", *[slopes] * 4) * 6 / 5
            assert values["t4_frobenius"] == pytest.approx(np.sqrt((fourth**2).sum()), rel=1e-9)


def test_distances_add_up(case):
    found, _ = case
    for cut in found.segmentations:
        assert sum(segment.n_steps for segment in cut) == 24
        by_hand = sum(segment.model_distances[1] for segment in cut)
        assert add_distances(cut) == pytest.approx(by_hand, rel=1e-14)
        assert add_distances(cut, 2) < add_distances(cut)


def test_no_cut_is_needed_where_the_model_is_exact():
    rng = np.random.default_rng(0)
    module = torch.nn.Linear(3, 1, dtype=torch.float64)
    batch = (torch.from_numpy(rng.standard_normal((9, 3))), torch.zeros(9))
    loss = lambda out, y: ((out.squeeze(-1) - y) ** 2).mean()  # noqa: E731
    found = _measure(Curvature(module, loss=loss, batches=[batch]))
    assert [len(cut) for cut in found.segmentations] == [1]
    assert found.values["t3_frobenius"].value == found.values["t4_frobenius"].value == 0


def test_one_step_is_never_cut():
    found = _measure(_quartic()[0], n_steps=1, segment_steps=1)
    assert [len(cut) for cut in found.segmentations] == [1]


def test_json_keeps_segments_and_infinity(case):
    found, _ = case
    assert Measurement.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    wild = Segment(
        start_step=0,
        n_steps=2,
        values={},
        path_norms={1: (0.0, 1.0, 2.0), 2: (0.0, 1.0, math.inf)},
        model_distances={1: 0.5, 2: math.inf},
    )
    text = json.dumps(wild.to_dict(), allow_nan=False)
    assert '"2": [0.0, 1.0, null]' in text
    assert Segment.from_dict(json.loads(text)) == wild
    curves = {1: (0.1, 0.2), 2: (0.1, math.inf)}
    norms = {1: (0.0, 1.0, 2.0), 2: (0.0, 1.0, math.inf)}
    both = Measurement(subject="network", values={}, path_norms=norms, eps_model_curves=curves)
    assert both.update_norms == (0.0, 1.0, 2.0)
    assert both.eps_model_curve == (0.1, 0.2)
    again = Measurement.from_dict(json.loads(json.dumps(both.to_dict(), allow_nan=False)))
    assert again == both
    with pytest.raises(ValueError, match="differ"):
        Measurement(subject="given", values={}, update_norms=(0.0, 1.0), path_norms={1: (0.0,)})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start_step": 1}, r"m\[0\]\[0\]: must begin at step 0, found 2 steps from step 1"),
        ({"n_steps": 0}, r"m\[0\]\[0\]: must begin at step 0, found 0 steps"),
        ({"path_norms": {1: (0.0,)}}, r"path_norms\.1: has 1 values, needs 3"),
        ({"velocity_norms": {2: (0.0, 1.0)}}, r"velocity_norms\.2: has 2 values, needs 3"),
        ({"velocity_norms": {1: (0.0, math.nan, 1.0)}}, r"velocity_norms\.1: every value must be"),
        ({"path_norms": {2: (0.0, -1.0, 1.0)}}, r"path_norms\.2: every value must be at least 0"),
        ({"model_distances": {1: -1.0}}, r"model_distances\.1: must not be negative"),
        ({"n_steps": 3, "path_norms": {}}, r"m\[0\]: covers 3 steps, needs 2"),
    ],
)
def test_segments_that_cannot_be(changes, message):
    fields = {
        "start_step": 0,
        "n_steps": 2,
        "values": {},
        "path_norms": {1: (0.0, 1.0, 2.0)},
        "model_distances": {1: 0.1},
    }
    check_segments(((Segment(**fields),),), 2, "m")
    with pytest.raises(InputError, match=message) as caught:
        check_segments(((Segment(**(fields | changes)),),), 2, "m")
    assert "\n" not in str(caught.value)
