"""`measure.n_samples`: the loss of the first training samples, the network trained on all."""

from typing import Any

import numpy as np
import pytest
import torch

from qres.config.load import load_scenario
from qres.errors import InputError
from qres.measurement.data import load_dataset
from qres.measurement.measure import measure_scenario
from qres.measurement.record import Measurement
from qres.measurement.store import Store
from qres.measurement.tasks import prepare_task

COUNT = 12


def question(**measure: Any) -> dict[str, Any]:
    network = {
        "architecture": {"kind": "logistic"},
        "dataset": {"kind": "breast-cancer"},
        "train": {"epochs": 0},
    }
    return {
        "name": "first",
        "model": {"network": network},
        "measure": {"lanczos_steps": 8, "probes": 1, **measure},
        "algorithm": {"name": "carleman-gd", "n_steps": 2, "learning_rate": 0.01},
        "error": {"total": 0.1},
    }


def measured(store: Store, **measure: Any) -> Measurement:
    return measure_scenario(load_scenario(question(**measure)), store=store)


def test_gradient_and_hessian_are_those_of_the_first_samples(tmp_path) -> None:
    scenario = load_scenario(question())
    generator = torch.Generator().manual_seed(0)
    task = prepare_task(scenario.model, generator, folder=tmp_path, trust=False)
    data = task.dataset
    layer = next(item for item in task.module.modules() if isinstance(item, torch.nn.Linear))
    rows = np.c_[data.inputs[:COUNT].numpy(), np.ones(COUNT)]
    weights = np.r_[layer.weight.detach().numpy().ravel(), layer.bias.detach().numpy()]
    # loss: mean of log(1 + exp(-z)) over class 1, log(1 + exp(z)) over class 0
    chance = 1 / (1 + np.exp(-rows @ weights))
    gradient = rows.T @ (chance - data.targets[:COUNT].numpy()) / COUNT
    hessian = (rows.T * (chance * (1 - chance))) @ rows / COUNT

    store = Store(tmp_path)
    found = measured(store, n_samples=COUNT).values
    assert found["n_samples"].value == COUNT
    assert float(found["grad_norm"]) == pytest.approx(np.linalg.norm(gradient), rel=1e-12)
    assert float(found["frobenius_norm"]) == pytest.approx(np.linalg.norm(hessian), rel=1e-9)
    # not mistaken for each other in the store
    assert measured(store).values["n_samples"].value == len(data.inputs)
    assert measured(store, n_samples=COUNT).values == found


def test_more_samples_than_there_are_is_one_line(tmp_path) -> None:
    with pytest.raises(InputError, match=r"measure.n_samples: there are 456 training samples"):
        measured(Store(tmp_path), n_samples=457)


def test_a_model_without_a_network_has_no_use_for_it() -> None:
    given = {"toffoli": 1000, "logical_qubits": 10}
    with pytest.raises(InputError, match=r"measure.n_samples: model.given has no use for it"):
        load_scenario(
            {
                "model": {"given": given},
                "algorithm": {"name": "counts"},
                "measure": {"n_samples": 3},
            }
        )


def test_digits_may_have_outputs_that_never_occur() -> None:
    content = question()
    content["model"]["network"]["dataset"] = {"kind": "digits", "n_classes": 100}
    source = load_scenario(content).model.dataset
    data = load_dataset(source)
    assert data.n_classes == 100
    assert int(data.targets.max()) == 9
    content["model"]["network"]["dataset"]["n_classes"] = 9
    with pytest.raises(InputError, match="n_classes"):
        load_scenario(content)


def test_a_snapshot_that_training_never_reaches_is_refused_before_anything_is_measured(
    tmp_path,
) -> None:
    told = []
    with pytest.raises(InputError, match=r"at_steps: 9999 is beyond the last of 0 updates"):
        measure_scenario(
            load_scenario(question(at_steps=[9999])),
            store=Store(tmp_path),
            progress=lambda task, *_: told.append(task),
        )
    assert not told
