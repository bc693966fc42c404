"""One way to count in these tests, and an instance of every circuit that there is."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from qualtran.resource_counting import QECGatesCost, QubitCount, get_cost_value

import qres.bloqs
from qres.bloqs.amplification import AmplifiedState
from qres.bloqs.circuit import Circuit
from qres.bloqs.linear_solver import SolverRun
from qres.bloqs.observable import GivenOperator
from qres.bloqs.readout import ReadoutJob
from qres.verify.gallery import examples


def count_bloq(bloq):
    gates = get_cost_value(bloq, QECGatesCost(), costs_cache={})
    toffoli = gates.toffoli + gates.and_bloq + gates.cswap
    return toffoli, gates.t, gates.rotation


@pytest.fixture
def count():
    """Return (Toffoli-like, T, rotations) of a bloq."""
    return count_bloq


@pytest.fixture
def toffoli():
    """Return the Toffoli-like gates of a bloq that must have no other."""

    def only_toffoli(bloq):
        found, t, rotations = count_bloq(bloq)
        assert (t, rotations) == (0, 0)
        return found

    return only_toffoli


@pytest.fixture
def qubits():
    """Return the qubits of a bloq, by Qualtran's own query."""
    return lambda bloq: get_cost_value(bloq, QubitCount(), costs_cache={})


def circuits() -> set[type]:
    """Every class of circuit that can be made."""
    for module in pkgutil.iter_modules(qres.bloqs.__path__):
        importlib.import_module(f"qres.bloqs.{module.name}")

    def below(parent: type) -> Iterator[type]:
        for child in parent.__subclasses__():
            yield child
            yield from below(child)

    mine = {item for item in below(Circuit) if item.__module__.startswith("qres.bloqs.")}
    # attrs makes each class twice; the module has the one that counts
    kept = {getattr(importlib.import_module(item.__module__), item.__name__) for item in mine}
    return {item for item in kept if not inspect.isabstract(item)}


@cache
def instances() -> dict[type, Any]:
    """Class to an instance, forwards and without a control; some are known by their counts alone."""
    found = examples()
    run = found[AmplifiedState].run
    counted = (
        GivenOperator(7),
        ReadoutJob(((found[AmplifiedState], 2),)),
        SolverRun(run.block_encoding, run.right_hand_side, 4, 8, run.index_bitsize, 3),
    )
    return found | {type(bloq): bloq for bloq in counted}


EVERY = sorted((item.__name__ for item in circuits()), key=str)


@pytest.fixture(params=EVERY)
def circuit(request):
    """An instance of each class of circuit, one after the other."""
    found = {kind.__name__: bloq for kind, bloq in instances().items()}
    assert request.param in found, "add it, or a circuit that uses it, to `qres.verify.gallery`"
    return found[request.param]


@pytest.fixture(scope="session")
def every_instance():
    """Class to an instance: forwards and without a control."""
    return instances()


@pytest.fixture(scope="session")
def classes():
    """Names of all classes of circuits."""
    return set(EVERY)
