"""What `measure(module, ...)` refuses: the limits of the `model.yaml`, one line each."""

import math

import numpy as np
import pytest
import torch

from qres.config import algorithm, modelfile
from qres.config.check import Whole
from qres.errors import InputError
from qres.measurement.arguments import WHOLE, check_settings
from qres.measurement.measure import measure_module

FINE = {
    "n_steps": 10,
    "learning_rate": 0.1,
    "weight_decay": 0.0,
    "lanczos_steps": 64,
    "n_probes": 8,
    "seed": 0,
    "segment_steps": None,
    "momentum": 0.0,
    "momentum_restart": False,
    "n_batches": 1,
}


def _limits(section, field):
    (check,) = (item for item in section.model_fields[field].metadata if isinstance(item, Whole))
    return check.low, check.high


def test_the_limits_are_those_of_the_file():
    files = {
        "n_steps": (algorithm.CarlemanGd, "n_steps"),
        "lanczos_steps": (modelfile.Measure, "lanczos_steps"),
        "n_probes": (modelfile.Measure, "probes"),
        "seed": (modelfile.Measure, "seed"),
    }
    assert {name: _limits(*place) for name, place in files.items()} == {
        name: WHOLE[name] for name in files
    }


BAD = [
    ({"n_probes": 0}, "n_probes: must be 1 to 4,096, found 0"),
    ({"n_probes": -1}, "n_probes: must be 1 to 4,096, found -1"),
    ({"n_probes": 4097}, "n_probes: must be 1 to 4,096, found 4,097"),
    ({"n_probes": True}, "n_probes: must be 1 to 4,096, a whole number, found True"),
    ({"lanczos_steps": 1}, "lanczos_steps: must be 2 to 4,096, found 1"),
    ({"seed": -1}, "seed: must be 0 to 4,294,967,295, found -1"),
    ({"n_steps": 1.5}, "n_steps: must be 1 to 1,000,000, a whole number, found 1.5"),
    ({"n_steps": math.nan}, "n_steps: must be 1 to 1,000,000, a whole number, found nan"),
    ({"n_steps": "3"}, "n_steps: must be 1 to 1,000,000, a whole number, found '3'"),
    ({"n_steps": 0}, "n_steps: must be 1 to 1,000,000, found 0"),
    ({"n_batches": 0}, "n_batches: must be >= 1, found 0"),
    ({"weight_decay": math.nan}, "weight_decay: must be finite, found nan"),
    ({"weight_decay": -1}, "weight_decay: must be >= 0, found -1"),
    ({"learning_rate": 0.0}, "learning_rate: must be positive, found 0"),
    ({"learning_rate": math.inf}, "learning_rate: must be finite, found inf"),
    ({"learning_rate": None}, "learning_rate: must be a number, found None"),
    ({"momentum": 1.0}, "momentum: must be >= 0 and < 1, found 1"),
    ({"momentum_restart": True}, "momentum_restart: without momentum there is nothing to restart"),
    ({"momentum": 0.5, "n_batches": 2}, "n_batches: must be >= 1, and 1 with momentum, found 2"),
    ({"segment_steps": 11}, "segment_steps: must be 1 to 10, found 11"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_one_line_names_what_is_out_of_range(change, message):
    with pytest.raises(InputError) as caught:
        check_settings(FINE | change)
    assert str(caught.value) == message


def test_what_counts_as_a_whole_number_does():
    numbers = {"n_steps": 10.0, "n_probes": np.int64(3), "learning_rate": np.float32(0.5)}
    found = check_settings(FINE | numbers)
    assert (found["n_steps"], found["n_probes"]) == (10, 3)
    assert all(type(found[name]) is int for name in WHOLE)
    assert check_settings(FINE) == FINE


@pytest.mark.parametrize("change", [{"n_probes": 0}, {"seed": -1}, {"weight_decay": math.nan}])
def test_the_door_asks_first(change):
    batch = [(torch.ones(4, 2), torch.zeros(4))]
    with pytest.raises(InputError, match=next(iter(change))):
        measure_module(
            torch.nn.Linear(2, 1), loss=torch.nn.functional.mse_loss, batches=batch, **change
        )
