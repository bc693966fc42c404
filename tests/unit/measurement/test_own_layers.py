"""Layers of the user's own that are measured as they are: tied weights, and dropout."""

from dataclasses import replace

import pytest
import torch

from qres.config.record import Architecture, DataSource, Pruning, Training
from qres.measurement.measure import measure_scenario
from qres.measurement.store import Store

RANDOM = DataSource(kind="random", shape=(5,), n_classes=3, n_samples=20, seed=0)
TRAIN = Training(epochs=2, learning_rate=0.1, batch_size=8, weight_decay=0.0, seed=0)


@pytest.fixture
def measure(make, tmp_path):
    """Return what measures a network of the user's code in a store of its own."""
    effort = replace(make.settings, lanczos_steps=4, probes=1, degree=2)

    def measured(code, build, place):
        (tmp_path / "mine.py").write_text(code)
        model = make.network(
            architecture=Architecture(kind="python", build=f"mine:{build}"),
            dataset=RANDOM,
            train=TRAIN,
            prune=Pruning(fraction=0.3, retrain_epochs=1),
        )
        scenario = make.scenario(model, make.algorithm(n_steps=1), folder=tmp_path)
        scenario = replace(scenario, measure=effort)
        return measure_scenario(scenario, store=Store(tmp_path / place), trust=True)

    return measured


TIED = """
import torch

class Bias(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.bias = torch.nn.Parameter(torch.full((5,), 0.1))

class Net(torch.nn.Module):
    def __init__(self, is_tied):
        super().__init__()
        self.first = torch.nn.Linear(5, 5)
        if is_tied:
            self.second = torch.nn.Linear(5, 5)
            self.second.weight = self.first.weight
            torch.nn.init.constant_(self.second.bias, 0.1)
        else:
            self.second = Bias()
        self.is_tied, self.last = is_tied, torch.nn.Linear(5, 3)
        for layer in (self.first, self.last):
            size = layer.weight.numel()
            start = torch.sin(torch.arange(float(size))).view_as(layer.weight)
            layer.weight.data, layer.bias.data = start, torch.full_like(layer.bias, 0.2)

    def forward(self, x):
        hidden = torch.tanh(self.first(x))
        if self.is_tied:
            return self.last(torch.tanh(self.second(hidden)))
        both = torch.nn.functional.linear(hidden, self.first.weight, self.second.bias)
        return self.last(torch.tanh(both))

def tied():
    return Net(True)

def twin():
    return Net(False)
"""


def test_tied_weights_are_one_weight_used_twice(measure):
    tied, twin = (measure(TIED, build, "store").values for build in ("tied", "twin"))
    assert tied.keys() == twin.keys()
    assert tied["n_params"].value == 25 + 5 + 5 + 15 + 3
    for name, quantity in twin.items():
        assert tied[name].value == pytest.approx(quantity.value, rel=1e-9, abs=1e-12), name


DROPPING = """
import torch

def build():
    layers = (torch.nn.Linear(5, 4), torch.nn.BatchNorm1d(4), torch.nn.Dropout(0.3))
    return torch.nn.Sequential(*layers, torch.nn.Linear(4, 3))
"""


def test_a_network_with_dropout_is_measured_to_the_same_twice(measure):
    found = []
    for number in range(2):
        torch.manual_seed(number)
        found.append(measure(DROPPING, "build", str(number)).to_dict())
    assert found[0] == found[1]
