"""Runs as they lie in files: read back, or refused with the reason."""

import json

import pytest

from qres.errors import InputError
from qres.measurement.measure import read_measurement
from qres.measurement.newton.record import RECORDED_AS, NewtonRun
from qres.measurement.record import Measurement


def test_a_run_says_as_what_it_was_recorded(hand_made):
    run = hand_made.run_of(hand_made.random_block("w", 5, seed=1))
    data = json.loads(json.dumps(run.to_dict()))
    assert data["recorded_as"] == RECORDED_AS
    assert NewtonRun.from_dict(data) == run
    assert data["recorded_as"] == RECORDED_AS  # reading leaves what is read alone


@pytest.mark.parametrize(
    ("version", "words"), [(None, "an earlier form"), (RECORDED_AS + 1, f"form {RECORDED_AS + 1}")]
)
def test_a_file_of_another_version_is_refused_as_that(hand_made, tmp_path, version, words):
    """Not as a file that no measurement wrote: its blocks may lack what is asked for now."""
    run = hand_made.run_of(hand_made.random_block("w", 5, seed=1))
    data = Measurement(subject="network", values={}, newton=run).to_dict()
    del data["newton"]["recorded_as"]
    if version is not None:
        data["newton"]["recorded_as"] = version
    del data["newton"]["steps"][0]["blocks"][0]["inverse_steps"]
    file = tmp_path / "run.json"
    file.write_text(json.dumps(data))
    with pytest.raises(InputError) as caught:
        read_measurement(file)
    text = str(caught.value)
    assert words in text
    assert f"this one reads form {RECORDED_AS}; measure again" in text
    assert "not a measurement" not in text
