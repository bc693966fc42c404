"""The descent cut into segments, against sums and products written out."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from qres.algorithms.descent.segmentation import Segmentation, first_steps, repeat, segmentations
from qres.errors import InfeasibleError, InputError
from qres.measurement.record import Measurement, Segment
from qres.notation.quantity import Quantity
from qres.staircase import load

RATE = 0.1


def segment(start, steps, *, low=-1.0, high=2.0, length=1.0, errors=None, **values):
    """A segment of given spectrum; every other number is small and round."""
    numbers = {"lambda_min": low, "lambda_max": high, "grad_norm": 1.0, **values}
    path = tuple(length * t / steps for t in range(steps + 1))
    return Segment(
        start_step=start,
        n_steps=steps,
        values={name: Quantity(value=value) for name, value in numbers.items()},
        path_norms={1: path, 2: tuple(2 * norm for norm in path)},
        model_distances={1: 0.5} if errors is None else errors,
    )


def cut_of(*segments, distance=2.0):
    return Segmentation(segments=segments, learning_rate=RATE, distance=distance)


THREE = cut_of(
    segment(0, 2, low=-5.0, length=1.0, errors={1: 0.1, 2: 0.01}),  # g = |1 + 0.5| = 1.5
    segment(2, 3, low=-1.0, length=0.5, errors={1: 0.2}),  # g = 1.1
    segment(5, 1, low=1.0, high=4.0, length=0.25, errors={1: 0.4}),  # g = 0.9
)


def test_the_error_of_a_segment_grows_over_all_later_ones():
    # Lambda_1 = 1.1^3 * 0.9, Lambda_2 = 0.9, Lambda_3 = 1
    assert THREE.weights == pytest.approx((1.331 * 0.9, 0.9, 1.0), rel=1e-14)
    assert THREE.steps == 3


def test_the_larger_end_of_the_spectrum_decides_and_it_is_the_outer_one():
    # 1 - 0.1 * 35 = -2.5 beats 1 + 0.1 = 1.1
    two = cut_of(segment(0, 1), segment(1, 2, high=35.0))
    assert two.weights == pytest.approx((6.25, 1.0))
    wide = {"lambda_max": Quantity(value=2.0, low=1.0, high=35.0)}
    last = two.segments[0]
    outer = cut_of(segment(0, 1), replace(last, n_steps=2, values={**last.values, **wide}))
    assert outer.weights == pytest.approx((6.25, 1.0))


def test_with_momentum_a_segment_carries_on_what_two_steps_from_rest_make_of_an_error():
    """u_2 of v_0 = 0 by hand: (1 - eta l)^2 - eta beta l, in place of the power of 1 - eta l.

    eta = .1, beta = .5, l in -5..2 on the joined spectra: largest at -5, 2.25 + .25. One step more
    of the last segment would be 1 - eta l: 1.5 at -5, .9 at 1.
    """
    two = replace(cut_of(segment(0, 1), segment(1, 2, low=-5.0)), momentum=0.5)
    first, last = two.weights
    assert last == 1
    assert 2.5 <= first <= 2.5 * 1.02
    three = replace(cut_of(*two.segments, segment(3, 1)), momentum=0.5)
    assert 2.5 * 1.1 <= three.weights[0] <= 2.5 * 1.1 * 1.04
    assert 1.1 <= three.weights[1] <= 1.1 * 1.02


def test_restarted_training_has_a_distance_of_its_own():
    """Breaking it means: errors are taken relative to a training that is not aimed at."""
    last = segment(2, 2, final_distance=0.8)
    found = measured(segmentations=((segment(0, 4),), (segment(0, 2), last)))
    keys = {"optimizer": {"momentum": 0.5, "momentum_restart": True}}
    whole, cut = segmentations(asked(**keys), found)
    assert (whole.distance, cut.distance) == (4.0, 0.8)
    assert (whole.momentum, cut.momentum) == (0.5, 0.5)


def test_repeated_segments_from_rest_go_no_further_than_all_of_them():
    whole = replace(cut_of(segment(0, 4, length=2.0)), momentum=0.5)
    assert repeat(whole, 1, 4).distance == pytest.approx(2.0)  # 4 times .5
    bent = replace(whole.segments[0], path_norms={1: (0.0, 0.1, 0.4, 1.0, 2.0)})
    assert repeat(replace(whole, segments=(bent,)), 1, 4).distance == pytest.approx(0.4)
    assert repeat(replace(cut_of(bent)), 1, 4).distance == pytest.approx(2.0)


def test_errors_of_the_model_add_up_relative_to_the_whole_change():
    expected = (1.1979 * 0.1 + 0.9 * 0.2 + 0.4) / 2
    assert THREE.model_error(1) == pytest.approx(expected, rel=1e-14)
    assert THREE.model_error(2) == math.inf  # two segments do not know it


def test_no_error_stays_none_however_much_it_would_grow():
    steep = cut_of(segment(0, 1), segment(1, 400, low=-100.0))  # 11^400 overflows
    assert steep.weights[0] == math.inf
    assert steep.relative([0.0, 0.5]) == 0.25
    assert steep.relative([1e-9, 0.5]) == math.inf


def test_shares_are_the_parts_that_each_segment_moves():
    found = THREE.shares([0.1, 0.0, 0.05], 1)
    assert found == pytest.approx([1.1979 * 1.1 / 2, 0.9 * 0.5 / 2, 0.3 / 2], rel=1e-14)
    assert THREE.shares([0, 0, 0], 2)[2] == pytest.approx(0.5 / 2)


def test_the_worst_and_the_least_over_the_segments_keep_the_weakest_kind():
    cut = cut_of(segment(0, 1, n=1.0), segment(1, 1, n=3.0))
    first, last = cut.segments
    weak = replace(first, values={**first.values, "n": Quantity(value=1.0, kind="assumed")})
    mixed = cut_of(weak, last)
    assert (mixed.worst("n").value, mixed.worst("n").kind) == (3.0, "assumed")
    assert (mixed.least("n").value, mixed.least("n").kind) == (1.0, "assumed")
    assert "largest over 2 segments" in mixed.worst("n").method
    assert cut_of(segment(0, 1, n=1.0), segment(1, 1)).worst("n") is None
    assert cut_of(first).worst("n") == first.values["n"]


def test_repeated_segments_cover_the_steps_and_share_the_error():
    whole = cut_of(segment(0, 7, length=7.0, errors={1: 0.7}), distance=7.0)
    found = repeat(whole, 3, 7)
    assert [(s.start_step, s.n_steps) for s in found.segments] == [(0, 3), (3, 3), (6, 1)]
    assert [s.path_norms[1] for s in found.segments] == [(0, 1, 2, 3), (0, 1, 2, 3), (0, 1)]
    assert [s.model_distances[1] for s in found.segments] == pytest.approx([0.3, 0.3, 0.1])
    assert found.is_repeated
    # g = 1.1 everywhere: Lambda = 1.1^4, 1.1, 1
    assert found.model_error(1) == pytest.approx((1.4641 * 0.3 + 1.1 * 0.3 + 0.1) / 7)
    assert not repeat(whole, 7, 7).is_repeated


def test_a_repeated_segment_errs_as_the_measured_start_does():
    """Relative errors .01 after 3 steps and .002 after 1, times the norms of the updates there."""
    whole = cut_of(segment(0, 7, length=7.0, errors={1: 0.7}), distance=7.0)
    found = repeat(whole, 3, 7, {1: (0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05)})
    # the norms are 1, 2, 3, ...
    assert [s.model_distances[1] for s in found.segments] == pytest.approx([0.03, 0.03, 0.002])


def measured(subject="network", **changes):
    """Four steps of which two degrees are known."""
    values = {"lambda_min": -1.0, "lambda_max": 2.0, "grad_norm": 1.0, "eps_model": 0.04}
    values |= {"n_active": 5, "final_distance": 4.0}
    return Measurement(
        subject=subject,
        values={name: Quantity(value=value) for name, value in values.items()},
        path_norms={1: (0.0, 1.0, 2.0, 3.0, 4.0), 2: (0.0, 1.1, 2.1, 3.1, 4.1)},
        eps_model_curves={1: (0.01, 0.02, 0.03, 0.04), 2: (0.001, 0.002, 0.003, 0.004)},
        **changes,
    )


def asked(**changes):
    keys = {"name": "carleman-gd", "n_steps": 4, "learning_rate": RATE, **changes}
    return load({"model": {"measurement": "live"}, "algorithm": keys}).algorithm


def test_the_whole_descent_is_one_segment():
    (whole,) = segmentations(asked(), measured())
    assert (whole.distance, whole.steps, len(whole.segments)) == (4.0, 4, 1)
    assert whole.model_error(1) == pytest.approx(0.04)
    assert whole.model_error(2) == pytest.approx(0.004)
    assert whole.model_error(3) == math.inf


def test_what_is_typed_belongs_to_the_model_in_use():
    """A user who types one path and one error means those of the degree that is solved."""
    values = {k: v for k, v in measured().values.items() if k != "final_distance"}
    typed = Measurement(subject="given", values=values, update_norms=(0.0, 1.0, 2.0, 3.0, 3.5))
    (whole,) = segmentations(asked(), typed)
    for degree in (1, 2, 3):
        assert whole.segments[0].path_norms[degree] == typed.update_norms
        assert whole.model_error(degree) == pytest.approx(0.04)
    (network,) = segmentations(asked(), replace(typed, subject="network"))
    assert network.segments[0].path_norms.keys() == {1}
    assert network.model_error(2) == math.inf


def test_measured_cuts_come_with_the_fewest_segments_first():
    halves, quarters = (
        tuple(segment(start, size) for start in range(0, 4, size)) for size in (2, 1)
    )
    known = measured(segmentations=(quarters, (segment(0, 4),), halves))
    found = segmentations(asked(), known)
    assert [len(cut.segments) for cut in found] == [1, 2, 4]
    assert found[1].worst("n_active").value == 5  # sizes are the same everywhere
    assert [cut.distance for cut in found] == [4.0] * 3
    (typed,) = segmentations(asked(segment_steps=2), known)
    assert len(typed.segments) == 2 and not typed.is_repeated  # noqa: PT018
    (other,) = segmentations(asked(segment_steps=3), known)
    assert [s.n_steps for s in other.segments] == [3, 1] and other.is_repeated  # noqa: PT018


def test_the_first_steps_know_their_own_errors_and_no_segments():
    found = first_steps(measured(segmentations=((segment(0, 4),),)), 2)
    assert found.update_norms == (0.0, 1.0, 2.0)
    assert found.path_norms[2] == (0.0, 1.1, 2.1)
    assert (found.values["eps_model"].value, found.values["final_distance"].value) == (0.02, 2.0)
    assert found.eps_model_curves[2] == (0.001, 0.002)
    assert found.segmentations == ()


@pytest.mark.parametrize(
    ("norms", "error", "text"),
    [
        ((0.0, 1.0), InputError, "expected n_steps \\+ 1 = 5 numbers, found 2"),
        ((0.0, 1.0, 1.0, 1.0, 0.0), InfeasibleError, "do not move"),
        ((0.0, 1.0, 1.0, 1.0, 1e151), InfeasibleError, "grow beyond any number"),
        ((0.0, 1.0, 1.0, 1.0, math.inf), InfeasibleError, "grow beyond any number"),
    ],
)
def test_a_path_that_cannot_be_is_refused_in_one_line(norms, error, text):
    bad = replace(measured(), update_norms=norms, path_norms={})
    with pytest.raises(error, match=text) as refused:
        segmentations(asked(), bad)
    assert "\n" not in str(refused.value)
