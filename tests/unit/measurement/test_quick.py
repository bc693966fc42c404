"""`measure.quick` and `measure.degree`: what is left out, and that the rest is the same."""

from typing import Any

import pytest

from qres.config.load import load_scenario
from qres.errors import InputError
from qres.measurement.measure import measure_scenario
from qres.measurement.record import Measurement
from qres.measurement.store import Store


def measured(folder: Any, **measure: Any) -> Measurement:
    network = {
        "architecture": {"kind": "logistic"},
        "dataset": {"kind": "breast-cancer"},
        "train": {"epochs": 1},
    }
    question = {
        "name": "quick",
        "model": {"network": network},
        "measure": {"lanczos_steps": 6, "probes": 1, **measure},
        "algorithm": {"name": "carleman-gd", "n_steps": 8, "learning_rate": 2.0},
        "error": {"total": 0.1},
    }
    return measure_scenario(load_scenario(question), store=Store(folder))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Measurement:
    return measured(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Measurement:
    return measured(tmp_path_factory.mktemp("quick"), quick=True, degree=1)


def test_lanczos_takes_the_steps_that_were_asked_for(whole, quick) -> None:
    assert quick.details["lanczos_steps"] == 6
    assert whole.details["lanczos_steps"] > 6
    sharp, wide = whole.values["lambda_max"], quick.values["lambda_max"]
    assert wide.low <= sharp.value <= wide.high
    assert wide.high - wide.low > sharp.high - sharp.low


def test_degree_1_needs_no_third_derivative(whole, quick) -> None:
    assert set(whole.eps_model_curves) == {1, 2, 3}
    assert set(quick.eps_model_curves) == {1}
    assert not [key for key in quick.values if key.startswith(("t3_", "t4_"))]
    assert quick.eps_model_curves[1] == whole.eps_model_curves[1]
    assert not [code for code, _ in quick.warnings if code == "W-MODEL"]


def test_the_steps_are_not_cut(whole, quick) -> None:
    assert len(whole.segmentations) > 1
    assert [len(segments) for segments in quick.segmentations] == [1]


def test_what_was_left_out_is_in_the_facts(whole, quick) -> None:
    assert (quick.details["degree"], quick.details["is_quick"]) == (1, True)
    assert not {"degree", "is_quick"} & set(whole.details)


def test_a_degree_beyond_three_is_one_line() -> None:
    with pytest.raises(InputError, match=r"measure.degree"):
        load_scenario(
            {
                "model": {"given": {"toffoli": 1, "logical_qubits": 1}},
                "algorithm": {"name": "counts"},
                "measure": {"degree": 4},
            }
        )
