"""The members that every law runs over, read off the registries, and values to try them at.

A member is one algorithm with one solver, read-out, encoding and way to make a state. A new
algorithm needs a question in `QUESTIONS`, a new symbol a range in `consistent_values`; everything
else is found.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st

import qres.algorithms
from qres.algorithms.access.qrom import BLOCK_LIMITS
from qres.algorithms.base import Choice, algorithm
from qres.algorithms.readouts.base import readouts as every_readout
from qres.algorithms.record import Job
from qres.algorithms.solvers.base import solvers
from qres.config.record import Scenario
from qres.explore.budget import even_split
from qres.logical.formulas import count_stages, total
from qres.logical.record import LogicalCost
from qres.measurement.given import take_given
from qres.measurement.record import Measurement
from qres.staircase import formulas, load

PHASES = (Phase.explicit, Phase.generate)
"""Without shrinking: it takes minutes for laws that count hundreds of jobs an example."""

settings.register_profile(
    "laws", derandomize=True, deadline=None, database=None, phases=PHASES, print_blob=True
)
settings.load_profile("laws")

STEPS = 20

TRAINING = {
    "n_params": 1000,
    "n_active": 100,
    "sparsity": 10,
    "max_entry": 2.0,
    "frobenius_norm": 20.0,
    "lambda_max": 10.0,
    "lambda_min": -0.5,
    "grad_norm": 1.5,
    "update_norms": [0.01 * t for t in range(STEPS + 1)],
    "eps_model": 0.01,
    "n_samples": 50,
}
MATRIX = {
    "dim": 100,
    "sparsity": 10,
    "max_entry": 2.0,
    "frobenius_norm": 20.0,
    "smallest_singular_value": 0.1,
    "solution_overlap": 0.5,
}
COUNTS = {"logical_qubits": 50, "toffoli": 10**6, "t": 10**5, "rotations": 10**4}

QUESTIONS: dict[str, dict[str, Any]] = {
    "carleman-gd": {
        "given": TRAINING,
        "keys": {"n_steps": STEPS, "learning_rate": 0.05, "padding": "none"},
    },
    "linear-system": {"given": MATRIX, "keys": {}},
    "counts": {"given": COUNTS, "keys": {}},
}
"""A question to each algorithm in which every quantity is typed."""


def algorithm_modules() -> dict[str, Any]:
    """Return every module of `qres.algorithms` that offers the two verbs, by its name."""
    names = (
        f"qres.algorithms.{info.name}" for info in pkgutil.iter_modules(qres.algorithms.__path__)
    )
    modules = (importlib.import_module(name) for name in names)
    return {module.NAME: module for module in modules if hasattr(module, "candidates")}


def readouts() -> list[dict[str, Any]]:
    """Return every read-out that a lift of order 1 has, as keys of a model file."""
    return [
        {**member.keys, **{name: SETTINGS[name] for name in member.settings}}
        for member in every_readout().values()
        if member.least_order(1) == 1
    ]


USUAL = (
    "shortcut",
    [{"kind": "state"}.items(), {"kind": "tomography", "norm": "l2", "access": "sampling"}.items()],
    "frobenius",
)
"""One solver, two read-outs, with states that may be repeated and that may not, one encoding."""

SETTINGS = {"weight_norm": 0.7, "operator_alpha": 3.0, "operator_toffoli": 11}
"""A value of every number that a read-out may ask for."""


@cache
def question(name: str, solver: str = "", readout: tuple[tuple[str, str], ...] = ()) -> Any:
    """Return (scenario, measurement) of the question to an algorithm."""
    keys = {"name": name, **QUESTIONS[name]["keys"]}
    keys |= {"solver": solver} if solver else {}
    keys |= {"readout": dict(readout)} if readout else {}
    scenario = load({"model": {"given": QUESTIONS[name]["given"]}, "algorithm": keys})
    return scenario, take_given(scenario.model, scenario.algorithm)


@dataclass(frozen=True)
class Member:
    """One way through the algorithms."""

    name: str
    solver: str
    readout: tuple[tuple[str, str], ...]
    choice: Choice

    def __str__(self) -> str:
        words = [self.name, self.solver, *(str(word) for _, word in self.readout)]
        return "-".join(filter(None, [*words, self.choice.encoding, self.choice.mode]))

    @property
    def scenario(self) -> Scenario:
        """The question as checked."""
        return question(self.name, self.solver, self.readout)[0]

    @property
    def measurement(self) -> Measurement:
        """What is given."""
        return question(self.name, self.solver, self.readout)[1]

    @property
    def job(self) -> Job:
        """The job at the given values and the even split."""
        return _job(self)

    def values(self) -> st.SearchStrategy[dict[str, Any]]:
        """Return consistent values of all inputs, shares and failure probabilities."""
        return consistent_values(tuple(self.job.values))

    def rows(self, size: int = 4) -> st.SearchStrategy[dict[str, np.ndarray]]:
        """Return arrays of such values."""
        return st.lists(self.values(), min_size=size, max_size=size).map(stack)

    def numbers(self, values: Any, **overrides: Any) -> dict[str, Any]:
        """Return the number of every symbol."""
        return self.job.evaluate({**values, **overrides})

    def cost(self, values: Any, **overrides: Any) -> LogicalCost:
        """Return the logical count by formulas."""
        numbers = self.numbers(values, **overrides)
        return total(count_stages(self.job, numbers), numbers)


@cache
def _job(member: Member) -> Job:
    scenario, measurement = question(member.name, member.solver, member.readout)
    module = algorithm(member.name)
    job = module.build(scenario.algorithm, measurement, scenario.error, member.choice)
    split = even_split(job, total=scenario.error.total, fail_prob=scenario.error.fail_prob)
    return job.with_budget(split)


def members() -> list[Member]:
    """Return every solver and every read-out, but not every pair of them.

    All read-outs go with the solver of `USUAL`, all solvers with its read-outs: solver and read-out
    meet in three numbers only, queries, flag and whether it is exact, which those cover; encodings
    meet neither.
    """
    found = []
    for name, module in algorithm_modules().items():
        keys = {item.name for item in fields(question(name)[0].algorithm)}
        ways = [tuple(way.items()) for way in readouts()] if "readout" in keys else [()]
        for solver, way in product(solvers() if "solver" in keys else [""], ways):
            if solver and solver != USUAL[0] and dict(way).items() not in USUAL[1]:
                continue
            scenario, measurement = question(name, solver, way)
            choices = module.candidates(scenario.algorithm, measurement, scenario.error)
            kept = [item for item in choices if solver in ("", USUAL[0]) or item.encoding == USUAL[2]]
            found += [Member(name, solver, way, choice) for choice in kept]
    return found


def rivals() -> dict[str, tuple[Member, ...]]:
    """Return the members among which `auto` chooses, and those of each encoding alone."""
    found: dict[str, tuple[Member, ...]] = {}
    for member in members():
        words = [member.name, member.solver, *(str(word) for _, word in member.readout)]
        for encoding in ("auto", member.choice.encoding) if member.choice.encoding else ("auto",):
            label = "-".join(filter(None, [*words, encoding]))
            found[label] = (*found.get(label, ()), member)
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a law over all members, all groups of rivals, or all formulas."""
    if "member" in metafunc.fixturenames:
        metafunc.parametrize("member", members(), ids=str)
    if "rivals" in metafunc.fixturenames:
        metafunc.parametrize("rivals", rivals().values(), ids=rivals().keys())
    if "formula" in metafunc.fixturenames:
        metafunc.parametrize("formula", formulas(), ids=lambda formula: formula.name)


def stack(points: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Return one array a symbol."""
    return {name: np.array([point[name] for point in points], dtype=float) for name in points[0]}


def whole(high: float, low: int = 1) -> st.SearchStrategy[int]:
    """Return integers, evenly over their decades."""
    return st.floats(math.log10(low), math.log10(high)).map(lambda x: max(low, round(10**x)))


def real(low: float, high: float) -> st.SearchStrategy[float]:
    """Return reals, evenly over their decades."""
    return st.floats(math.log10(low), math.log10(high)).map(lambda x: 10.0**x)


@st.composite
def consistent_values(draw: st.DrawFn, names: tuple[str, ...]) -> dict[str, Any]:
    """Return values that one model could have; growth over all steps stays below 1e26."""
    size, steps, rate = draw(whole(1e9, 2)), draw(whole(1e4)), draw(real(1e-4, 1))
    entry, norm, update = draw(SCALE), draw(SCALE), draw(SCALE)
    ranges: dict[str, Callable[[], Any]] = {
        "n_active": lambda: size,
        "dim": lambda: size,
        "sparsity": lambda: draw(st.one_of(st.just(size), whole(size))),
        "max_entry": lambda: entry,
        "frobenius_norm": lambda: norm,
        "n_steps": lambda: steps * draw(st.integers(1, 5)),
        "segment_steps": lambda: steps,
        "learning_rate": lambda: rate,
        "padding": lambda: draw(st.sampled_from([0, round(math.sqrt(steps)), steps])),
        "lambda_max": lambda: draw(st.floats(0, 2)) / rate,
        "lambda_min": lambda: -math.expm1(draw(st.floats(0, 60)) / steps) / rate,
        "grad_norm": lambda: draw(SCALE),
        "update_norm": lambda: update,
        "path_energy": lambda: steps * update**2 * draw(st.floats(0, 1)),
        "smallest_singular_value": lambda: min(entry, norm) / draw(real(1, 1e9)),
        "solution_overlap": lambda: draw(real(1e-6, 1)),
        "success_prob": lambda: 1,
        "block_limit": lambda: draw(st.sampled_from(sorted(BLOCK_LIMITS.values()))),
        "logical_qubits": lambda: draw(whole(1e6)),
        "weight_norm": lambda: draw(SCALE),
        "operator_alpha": lambda: draw(SCALE),
        "operator_toffoli": lambda: draw(whole(1e6)),
    }
    ranges |= {name: lambda: draw(SHARE) for name in names if name.startswith("share_")}
    ranges |= {name: lambda: draw(FAILURE) for name in names if name.startswith("fail_")}
    counts = ("toffoli", "given_t", "given_rotations", "rotation_depth", "measurements")
    ranges |= dict.fromkeys(counts, lambda: draw(whole(1e15)))
    return {name: ranges[name]() for name in names}


SCALE, SHARE, FAILURE = real(1e-3, 1e3), real(1e-6, 0.24), real(1e-9, 0.1)
