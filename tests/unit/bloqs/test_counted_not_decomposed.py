"""A root bloq is counted from call graphs alone: tables of millions of entries are never written out."""

from __future__ import annotations

from typing import Any

import pytest
from qualtran import Bloq

from qres import staircase
from qres.algorithms.base import algorithm
from qres.explore.budget import even_split
from qres.logical.circuit import count_bloq
from qres.measurement.given import take_given

DESCENT = {
    "n_steps": 50,
    "learning_rate": 0.01,
    "n_params": 7_451_044,
    "n_active": 745_104,
    "sparsity": 100,
    "max_entry": 1.0,
    "frobenius_norm": 115.0,
    "lambda_max": 20.0,
    "lambda_min": -1.11,
    "grad_norm": 1.0,
    "n_samples": 50_000,
}
"""The network of seven million weights."""

SAMPLING = {"kind": "tomography", "norm": "l2", "access": "sampling"}
COHERENT = SAMPLING | {"access": "coherent"}


def root(solver: str, readout: dict[str, str]) -> Any:
    """Return the root bloq of a descent, with numbers."""
    keys = {"name": "carleman-gd", "solver": solver, "readout": readout, "padding": "sqrt"}
    keys |= {"n_steps": DESCENT["n_steps"], "learning_rate": DESCENT["learning_rate"]}
    given = {key: value for key, value in DESCENT.items() if key not in keys}
    scenario = staircase.load({"model": {"given": given}, "algorithm": keys})
    parameters: Any = scenario.algorithm
    measurement = take_given(scenario.model, parameters)  # pyright: ignore[reportArgumentType]
    module = algorithm("carleman-gd")
    choice = module.candidates(parameters, measurement, scenario.error)[0]
    job = module.build(parameters, measurement, scenario.error, choice)
    return job.with_budget(even_split(job, total=0.1, fail_prob=0.05)).bloq()


def families(kind: type) -> set[type]:
    """Return a class and all that are made from it."""
    return {kind}.union(*(families(part) for part in kind.__subclasses__()))


@pytest.mark.parametrize(
    ("solver", "readout"),
    [
        ("shortcut", COHERENT),
        ("adiabatic-empirical", SAMPLING),
        ("qsvt-minimax", {"kind": "state"}),
    ],
)
def test_counting_a_root_bloq_decomposes_nothing(solver, readout, monkeypatch):
    """Breaking it means: a bloq has lost its own call graph, and its tables are written out."""
    bloq = root(solver, readout)
    expected = count_bloq(bloq)

    def refuse(self: Bloq, *args: Any, **rest: Any) -> Any:
        raise AssertionError(f"decomposed {type(self).__name__}")

    for kind in families(Bloq):
        for name in ("decompose_bloq", "build_composite_bloq"):
            if name in vars(kind):
                monkeypatch.setattr(kind, name, refuse)
    with pytest.raises(AssertionError, match="decomposed"):
        bloq.decompose_bloq()
    assert count_bloq(bloq) == expected
    assert expected[0] > 1e12
