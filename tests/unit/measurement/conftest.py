"""Scenarios built by hand, and a store of their own for every test."""

from pathlib import Path

import pytest

from qres.config.record import (
    Architecture,
    CarlemanGd,
    DataSource,
    ErrorTarget,
    LinearSystem,
    MeasureSettings,
    NetworkModel,
    Pruning,
    Readout,
    Scenario,
    Training,
)
from qres.measurement.store import Store

READOUT = Readout(kind="tomography")
SETTINGS = MeasureSettings(lanczos_steps=64, probes=8, seed=0)


def make_algorithm(**changes):
    fields = {
        "name": "carleman-gd",
        "n_steps": 10,
        "learning_rate": 0.1,
        "weight_decay": 0.0,
        "padding": "auto",
        "encoding": "auto",
        "data_access": "qroam",
        "solver": "shortcut",
        "readout": READOUT,
    }
    return CarlemanGd(**(fields | changes))


def make_system():
    return LinearSystem(
        name="linear-system",
        encoding="auto",
        data_access="qroam",
        solver="shortcut",
        readout=READOUT,
    )


def make_network(**changes):
    """A small logistic regression: everything about it takes milliseconds."""
    fields = {
        "architecture": Architecture(kind="logistic"),
        "dataset": DataSource(kind="breast-cancer"),
        "train": Training(epochs=5, learning_rate=0.1, batch_size=64, weight_decay=0.0, seed=0),
        "prune": Pruning(fraction=0.5, retrain_epochs=3),
    }
    return NetworkModel(**(fields | changes))


def make_scenario(model, algorithm=None, folder=Path()):
    return Scenario(
        name="test",
        model=model,
        measure=SETTINGS,
        algorithm=algorithm or make_algorithm(),
        error=ErrorTarget(total=0.1, fail_prob=0.05),
        hardware=(),
        device="h200",
        objective="runtime",
        defaults=(),
        scenario_id="0" * 16,
        folder=folder,
        raw={},
    )


class Makers:
    """The builders above, for tests that cannot import this file by name."""

    settings = SETTINGS
    algorithm = staticmethod(make_algorithm)
    system = staticmethod(make_system)
    network = staticmethod(make_network)
    scenario = staticmethod(make_scenario)


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Two workers with two spinning BLAS threads each take five times as long."""
    try:
        from threadpoolctl import threadpool_limits  # comes with scikit-learn
    except ModuleNotFoundError:
        yield
        return
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def make():
    return Makers


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")
