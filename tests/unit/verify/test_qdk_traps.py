"""What qdk 1.33 does that our comparison with it works around: if one fails, it has changed."""

import pytest
from qdk import estimator as qdk

COUNTS = {"numQubits": 1000, "tCount": 0, "measurementCount": 1}


def runtime(ccz):
    """Nanoseconds of a job of so many CCZ gates."""
    found = qdk.LogicalCounts({**COUNTS, "cczCount": ccz}).estimate({})
    return found["physicalCounts"]["runtime"]


def test_a_runtime_wraps_at_64_bits():
    few, many = runtime(10**14), runtime(4 * 10**14)
    advice = "mended: verify/against_qdk.py may compare jobs of more operations"
    assert 0 < many < few < 2**63, advice


def test_a_misspelt_count_is_left_out():
    right = qdk.LogicalCounts({**COUNTS, "tCount": 1000}).estimate({})
    wrong = qdk.LogicalCounts({**COUNTS, "tcount": 1000}).estimate({})
    states = [found["physicalCounts"]["breakdown"]["numTstates"] for found in (right, wrong)]
    advice = "mended (qdk#1741): names of counts need no check of ours"
    assert states == [1000, 0], advice


def test_its_error_is_no_exception():
    with pytest.raises(BaseException, match="AlgorithmHasNoResources") as caught:
        qdk.LogicalCounts({"numQubits": 1, "tCount": 0}).estimate({})
    advice = "mended: verify/against_qdk.py may catch Exception"
    assert not isinstance(caught.value, Exception), advice


def test_a_misspelt_setting_is_left_out():
    """Without rotations half of the budget is for logical errors; 1e-3 is the default."""
    counts = qdk.LogicalCounts({**COUNTS, "tCount": 1000})
    wrong, right = ({"errorBudgett": 1e-2}, {"errorBudget": 1e-2})
    found = [counts.estimate(given)["errorBudget"]["logical"] for given in (wrong, right)]
    advice = "mended: settings need no check of ours"
    assert found == [0.5e-3, 0.5e-2], advice


def test_more_than_64_bits_is_no_number():
    """Mended: verify/against_qdk.py may ask for jobs of any size."""
    with pytest.raises(Exception, match="expected u64"):
        runtime(10**20)
