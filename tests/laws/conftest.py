"""The members that every law runs over, read off the registries, and values to try them at.

A member is one algorithm with one solver, read-out, encoding and way to make a state. A new
algorithm needs a question in `QUESTIONS`, a new symbol a range in `consistent_values`; everything
else is found. Lifts and segments are questions of their own: their jobs have other inputs.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from types import SimpleNamespace
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
    "row_sparsity": 3,
    "column_sparsity": 10,
    "max_entry": 2.0,
    "frobenius_norm": 20.0,
    "smallest_singular_value": 0.1,
    "solution_overlap": 0.5,
}
COUNTS = {"logical_qubits": 50, "toffoli": 10**6, "t": 10**5, "rotations": 10**4}

TENSORS = {"t3_injective": 0.3, "t3_unfolding": 0.5, "t3_frobenius": 1.0, "t3_sparsity": 50}
TENSORS |= {"t3_max_entry": 0.2, "t4_injective": 0.3, "t4_frobenius": 1.0}
RESTART = {"optimizer": {"momentum": 0.6, "momentum_restart": True}}
WANES = {"optimizer": {"schedule": {"kind": "cosine"}}}
DESCENT = {"name": "carleman-gd", "n_steps": STEPS, "learning_rate": 0.05, "padding": "none"}

QUESTIONS: dict[str, dict[str, Any]] = {
    "carleman-gd": {"given": TRAINING, "keys": DESCENT},
    "segments": {"given": TRAINING, "keys": DESCENT | {"segment_steps": 5}},
    "lift-2": {"given": TRAINING | TENSORS, "keys": DESCENT | {"degree": 2, "truncation_order": 3}},
    "lift-3": {"given": TRAINING | TENSORS, "keys": DESCENT | {"degree": 3, "truncation_order": 4}},
    "momentum": {"given": TRAINING, "keys": DESCENT | {"optimizer": {"momentum": 0.6}}},
    "momentum-lift": {
        "given": TRAINING | TENSORS,
        "keys": DESCENT | RESTART | {"segment_steps": 5, "degree": 2, "truncation_order": 2},
    },
    "batches": {
        "given": TRAINING,
        "keys": DESCENT | {"optimizer": {"kind": "sgd", "n_batches": 3}},
    },
    "schedule": {
        "given": TRAINING | TENSORS,
        "keys": DESCENT | WANES | {"degree": 2, "truncation_order": 2, "map": "exact"},
    },
    "linear-system": {"given": MATRIX, "keys": {"name": "linear-system"}},
    "counts": {"given": COUNTS, "keys": {"name": "counts"}},
}
"""Questions in which every quantity is typed, at least one to each algorithm."""

VARIANTS = ("segments", "lift-2", "lift-3")
"""Questions whose jobs differ from another's in the numbers of the matrix only."""

RULES = ("momentum", "momentum-lift", "batches", "schedule")
"""Questions with another update rule: they meet the usual solver, read-out and encoding."""


def algorithm_modules() -> dict[str, Any]:
    """Return every module of `qres.algorithms` that offers the two verbs, by its name."""
    names = (
        f"qres.algorithms.{info.name}" for info in pkgutil.iter_modules(qres.algorithms.__path__)
    )
    modules = (importlib.import_module(name) for name in names)
    return {module.NAME: module for module in modules if hasattr(module, "candidates")}


def readouts(degree: int, order: int) -> list[dict[str, Any]]:
    """Return every read-out that a lift has, as keys of a model file."""
    return [
        {**member.keys, **{name: SETTINGS[name] for name in member.settings}}
        for member in every_readout().values()
        if member.least_order(degree) <= order and degree <= member.most_degree
    ]


SOLVER, ENCODING, RULE = "shortcut", "frobenius", "whole run"
READOUT = {"kind": "tomography", "norm": "l2", "access": "sampling"}
"""What the others are tried with; states of this read-out are repeated or not, runs controlled."""

FLAGGED = "qsvt-minimax"
"""The solver that each variant meets too: its flag depends on the right-hand side."""

SETTINGS = {"weight_norm": 0.7, "operator_alpha": 3.0, "operator_toffoli": 11}
"""A value of every number that a read-out may ask for."""


@cache
def question(name: str, solver: str = "", readout: tuple[tuple[str, str], ...] = ()) -> Any:
    """Return (scenario, measurement) of the question to an algorithm."""
    keys = QUESTIONS[name]["keys"] | ({"solver": solver} if solver else {})
    keys |= {"readout": dict(readout)} if readout else {}
    scenario = load({"model": {"given": QUESTIONS[name]["given"]}, "algorithm": keys})
    return scenario, take_given(scenario.model, scenario.algorithm)


@dataclass(frozen=True)
class Member:
    """One way through the algorithms; `name` is that of its question."""

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

    def values(self, beside: Sequence[Member] = ()) -> st.SearchStrategy[dict[str, Any]]:
        """Return consistent values of all inputs, shares and failure probabilities.

        Args:
            beside: other members whose inputs are wanted, too.
        """
        names = [*self.job.values, *(name for other in beside for name in other.job.values)]
        return consistent_values(tuple(dict.fromkeys(names)))

    def rows(
        self, size: int = 4, beside: Sequence[Member] = ()
    ) -> st.SearchStrategy[dict[str, np.ndarray]]:
        """Return arrays of such values."""
        return st.lists(self.values(beside), min_size=size, max_size=size).map(stack)

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
    module = algorithm(scenario.algorithm.name)
    job = module.build(scenario.algorithm, measurement, scenario.error, member.choice)
    split = even_split(job, total=scenario.error.total, fail_prob=scenario.error.fail_prob)
    return job.with_budget(split)


@cache
def members() -> tuple[Member, ...]:
    """Return every solver, read-out, encoding and rule, but not every combination of them.

    All read-outs and all encodings go with one solver, each of them with all rules where the other
    is the usual one, and all solvers with one read-out: solver and read-out meet in three numbers
    only, queries, flag and whether it is exact; encodings meet neither. A variant meets the usual
    ones, and the read-outs that are its own.
    """
    found = []
    asked = {question(name)[0].algorithm.name for name in QUESTIONS}
    assert asked == algorithm_modules().keys()
    for name in QUESTIONS:
        for solver, way in _ways(name):
            scenario, measurement = question(name, solver, tuple(way.items()))
            module = algorithm(scenario.algorithm.name)
            choices = module.candidates(scenario.algorithm, measurement, scenario.error)
            kept = [item for item in choices if is_kept(name, solver, way, item)]
            found += [Member(name, solver, tuple(way.items()), choice) for choice in kept]
    return tuple(found)


def _ways(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the pairs of solver and read-out that a question meets."""
    settings = question(name)[0].algorithm
    keys = {item.name for item in fields(settings)}
    if "solver" not in keys:
        return [("", {})]
    ways = readouts(1, 1)
    if name in RULES:
        return [(SOLVER, READOUT)]
    if name in VARIANTS:
        degree, order = getattr(settings, "degree", 1), getattr(settings, "truncation_order", 1)
        own = readouts(degree, order) if degree != "auto" else []
        ways = [READOUT, *(way for way in own if way not in ways)]
        return [(SOLVER, way) for way in ways] + [(FLAGGED, READOUT)]
    others = [name for name in solvers() if name != SOLVER]
    return [(SOLVER, way) for way in ways] + [(solver, READOUT) for solver in others]


def is_kept(name: str, solver: str, way: dict[str, Any], choice: Choice) -> bool:
    """Say whether a choice is tried: at most one thing is unusual.

    Other encodings are repeated, and the other solvers of the descent; those of the rest are
    amplified.
    """
    if not solver:
        return True
    if name in RULES:
        return (choice.encoding, choice.rule, choice.mode) == (ENCODING, RULE, "coherent")
    unusual = {
        "solver": solver != SOLVER,
        "readout": way != READOUT,
        "encoding": choice.encoding != ENCODING,
    }
    if sum(unusual.values()) > 1 or (unusual["encoding"] and name == "segments"):
        return False
    if unusual["solver"] or unusual["encoding"]:
        is_amplified = unusual["solver"] and name != "carleman-gd"
        return choice.rule == RULE and choice.mode == ("coherent" if is_amplified else "repeat")
    return choice.rule == RULE or not unusual["readout"] or name == "carleman-gd"


@cache
def rivals() -> dict[str, tuple[Member, ...]]:
    """Return the members among which `auto` chooses, and those of each encoding alone."""
    found: dict[str, tuple[Member, ...]] = {}
    for member in members():
        words = [member.name, member.solver, *(str(word) for _, word in member.readout)]
        for encoding in ("auto", member.choice.encoding) if member.choice.encoding else ("auto",):
            label = "-".join(filter(None, [*words, encoding]))
            found[label] = (*found.get(label, ()), member)
    return {
        label: group for group, label in {group: label for label, group in found.items()}.items()
    }


def timed(label: str, case: Any, member: Member) -> Any:
    """Return a case of a law, left to the slow run where each of its parts is in another case."""
    way, choice = dict(member.readout), member.choice
    is_usual = (member.solver, way) == (SOLVER, READOUT) and (
        (choice.encoding, choice.mode, choice.rule) == (ENCODING, "coherent", RULE)
    )
    is_covered = {
        # other solvers with `linear-system`, the rest of its ways with the other norm or read-out
        "carleman-gd": member.solver != SOLVER
        or (way.get("norm"), way.get("access")) == ("linf", "sampling")
        or (choice.mode, choice.rule == RULE) == ("repeat", False)
        or (way["kind"], choice.mode) in (("state", "repeat"), ("observable", "coherent")),
        "linear-system": (member.solver == SOLVER and not is_usual)
        or member.solver in ("adiabatic-proven", "jennings-v1"),
        "segments": not is_usual,
        "lift-2": not is_usual and way.get("of") != "loss",
        "lift-3": True,
        "momentum": True,
    }.get(member.name, False)
    return pytest.param(case, id=label, marks=[pytest.mark.slow] if is_covered else [])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a law over all members, all groups of rivals, or all formulas."""
    if "member" in metafunc.fixturenames:
        every = [timed(str(member), member, member) for member in members()]
        metafunc.parametrize("member", every)
    if "rivals" in metafunc.fixturenames:
        groups = [timed(label, group, group[0]) for label, group in rivals().items()]
        metafunc.parametrize("rivals", groups)
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
    entry, norm, update, grad = draw(SCALE), draw(SCALE), draw(SCALE), draw(SCALE)
    # an error of the loss stays below the change of the loss
    has_loss = {"t3_frobenius", "update_norm"} <= {*names}
    update = max(update, 1 / grad) if has_loss else update
    # the loss at degree 2 is read from blocks up to the third
    order = draw(st.integers(3 if has_loss else 2, 4)) if "truncation_order" in names else 1
    ranges: dict[str, Callable[[], Any]] = {
        "n_active": lambda: size,
        "dim": lambda: size,
        "sparsity": lambda: draw(st.one_of(st.just(size), whole(size))),
        "row_sparsity": lambda: draw(whole(size)),
        "column_sparsity": lambda: draw(whole(size)),
        "max_entry": lambda: entry,
        "t3_max_entry": lambda: entry,
        "t4_max_entry": lambda: entry,
        "t3_frobenius": lambda: norm,
        "t4_frobenius": lambda: norm,
        "frobenius_norm": lambda: norm,
        "n_steps": lambda: steps * draw(st.integers(1, 5)),
        "segment_steps": lambda: steps,
        "learning_rate": lambda: rate,
        "padding": lambda: draw(st.sampled_from([0, round(math.sqrt(steps)), steps])),
        "lambda_max": lambda: draw(st.floats(0, 2)) / rate,
        "lambda_min": lambda: -math.expm1(draw(st.floats(0, 60)) / steps) / rate,
        "grad_norm": lambda: grad,
        "update_norm": lambda: update,
        "path_energy": lambda: steps * update**2 * draw(st.floats(0, 1)),
        "smallest_singular_value": lambda: min(entry, norm) / draw(real(1, 1e9)),
        "solution_overlap": lambda: draw(real(1e-6, 1)),
        "success_prob": lambda: draw(real(1e-4, 1)) if {"xi", "momentum"} & {*names} else 1,
        "inverse_norm": lambda: draw(real(1, 1e9)),
        "xi": lambda: draw(real(1, 1e6)),
        "history_norm": lambda: draw(SCALE),
        "momentum": lambda: draw(st.floats(0, 0.99)),
        "velocity_scale": lambda: rate * draw(real(0.1, 1e3)),
        "n_batches": lambda: draw(whole(100, 2)),
        "stretch": lambda: draw(real(0.5, 1e4)),
        "readout_stretch": lambda: draw(real(0.5, 1e4)),
        "truncation_order": lambda: order,
        "map_order": lambda: order if "momentum" in names else draw(st.integers(1, order)),
        "rescaling": lambda: draw(real(1e-2, 1e2)),
        "t3_sparsity": lambda: draw(st.one_of(st.just(size**2), whole(size**2))),
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

SMALL = {"index_bits": 40, "slot_bits": 40, "sample_bits": 40, "block_limit": 63, "degree": 2}
SMALL |= {"row_slot_bits": 40, "column_slot_bits": 40}
SMALL |= {"truncation_order": 8, "map_order": 8, "max_steps": 2000}
"""Whole numbers that count levels, terms or bits: their largest value here."""

RANGES = {
    "kappa": (1, 1e12),
    "kappa_eff": (1, 1e12),
    "log_volume": (0.1, 100),
    "physical_error": (1e-6, 9e-3),
    "threshold": (1e-2, 1e-1),
    "growth": (1e-3, 1.0001),
    "learning_rate": (1e-6, 1),
    "max_entry": (1e-3, 1),
    "smallest_singular_value": (1e-9, 1e-3),
    "hvp_gradients": (1, 10),
    "tvp_gradients": (1, 10),
}
"""Reals that are not probabilities or precisions."""


@pytest.fixture(scope="session")
def ranges() -> SimpleNamespace:
    """Where a symbol is tried: `small` has the largest whole numbers, `real` the ends of reals."""
    return SimpleNamespace(small=SMALL, real=RANGES)
