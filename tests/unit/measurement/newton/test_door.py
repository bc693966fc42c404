"""A Newton run through the front door: measured, stored, found again, written and read."""

import json
from dataclasses import replace

import pytest

import qres
from qres.errors import InputError
from qres.measurement.measure import measure_scenario
from qres.measurement.newton.door import check_run
from qres.measurement.newton.record import NewtonRun
from qres.measurement.store import Store

pytestmark = pytest.mark.slow  # four rivals at nine rates each

CONTENT = {
    "model": {
        "network": {
            "architecture": {"kind": "logistic"},
            "dataset": {"kind": "breast-cancer"},
            "train": {"epochs": 1, "batch_size": 64, "learning_rate": 0.1},
        }
    },
    "measure": {"lanczos_steps": 8},
    "algorithm": {"name": "newton", "n_steps": 2, "blocks": "full", "damping": {"value": 0.1}},
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store"))
    scenario = qres.load(CONTENT)
    return store, scenario, measure_scenario(scenario, store=store)


def test_a_run_is_found_again_whatever_it_is_priced_with(kept):
    store, scenario, found = kept
    stored = Store(store.folder, is_stored_only=True)
    assert measure_scenario(scenario, store=stored) == found
    other = qres.load(CONTENT, overrides=["algorithm.policy=paper", "algorithm.gate_time=1 ns"])
    assert measure_scenario(other, store=stored) == found
    for change in ("algorithm.damping.decay=0.5", "error.total=0.2", "measure.seed=1"):
        with pytest.raises(InputError, match="not measured before"):
            measure_scenario(qres.load(CONTENT, overrides=[change]), store=stored)


def test_it_holds_what_the_network_was_and_what_the_run_did(kept):
    _, _, found = kept
    assert found.subject == "network"
    assert {name: found.values[name].value for name in ("n_params", "n_active", "n_samples")} == {
        "n_params": 31,
        "n_active": 31,
        "n_samples": 456,
    }
    assert found.details["dataset"] == "breast-cancer"
    assert [code for code, _ in found.warnings] == ["W-EST"]
    run = found.newton
    assert run.delta == 0.1
    assert len(run.steps) == 2
    assert run.final_loss < run.losses[0]
    assert [rival.name for rival in run.rivals] == ["sgd", "adam", "l-bfgs", "k-fac"]
    assert all(0.8 < step.held_out_accuracy <= 1 for step in run.steps)


def test_the_file_that_measure_writes_is_a_model(kept, tmp_path):
    _, _, found = kept
    file = tmp_path / "run.json"
    file.write_text(json.dumps(found.to_dict()))
    again = {**CONTENT, "model": {"measurement": str(file)}}
    again["measure"] = {}
    assert measure_scenario(qres.load(again)) == found
    for change, words in (
        ("algorithm.n_steps=3", "was measured with n_steps 2, algorithm.n_steps is 3"),
        ("algorithm.curvature=fisher", "with curvature gauss-newton"),
        ("algorithm.batch_size=7", "was measured with batch_size 456"),
        ("error.total=0.3", "was measured with error.total 0.1"),
    ):
        with pytest.raises(InputError, match=words):
            measure_scenario(qres.load(again, overrides=[change]))
    file.write_text(json.dumps(replace(found, newton=None).to_dict()))
    with pytest.raises(InputError, match="holds no Newton run"):
        measure_scenario(qres.load(again))


def test_the_table_of_noise_is_made_of_such_runs(kept):
    """Error 0 is the exact twin, seed 0 at .1 the recorded run; one batch, so exact runs are alike."""
    store, scenario, found = kept
    assert found.newton.noise == ()
    one, five = (
        measure_scenario(
            qres.load(CONTENT, overrides=[f"algorithm.noise_seeds={count}"]), store=store
        ).newton
        for count in (1, 5)
    )
    assert [row.delta for row in five.noise] == [0, 0.1, 0.3, 1]
    assert one.noise[1].median == pytest.approx(found.newton.final_loss, rel=1e-9)
    exact, noisy = five.noise[0], five.noise[2]
    assert exact.lower == exact.upper == pytest.approx(found.newton.exact_losses[-1], rel=1e-9)
    assert noisy.lower < noisy.median < noisy.upper
    assert NewtonRun.from_dict(json.loads(json.dumps(five.to_dict()))) == five
    with pytest.raises(InputError, match=r"was measured with noise_seeds 5, .* is 0"):
        check_run(five, scenario.algorithm, "here")
