"""Choices and budgets on one small system, against counts of every choice by hand."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from qres.algorithms.base import Choice, algorithm
from qres.algorithms.record import Job, Share
from qres.errors import HypothesisError, InfeasibleError
from qres.explore.budget import even_split
from qres.explore.choose import choose
from qres.logical.formulas import count_stages, total
from qres.measurement.given import take_given
from qres.physical.estimate import estimate_machine
from qres.physical.machines import load_machine, machine_names
from qres.staircase import load

GIVEN = {
    "dim": 64,
    "sparsity": 4,
    "max_entry": 1.0,
    "frobenius_norm": 12.0,
}


def ask(smallest=0.1):
    """Return scenario, measurement and module of a linear system."""
    question = {
        "model": {"given": GIVEN | {"smallest_singular_value": smallest}},
        "algorithm": {
            "name": "linear-system",
            "readout": {"kind": "tomography", "access": "sampling"},
        },
    }
    scenario = load(question)
    return scenario, take_given(scenario.model, scenario.algorithm), algorithm("linear-system")


def costs(asked):
    scenario, measurement, module = asked
    found = {}
    for choice in module.candidates(scenario.algorithm, measurement, scenario.error):
        job = module.build(scenario.algorithm, measurement, scenario.error, choice)
        split = even_split(job, total=0.1, fail_prob=0.05)
        numbers = job.evaluate(split)
        found[choice] = total(count_stages(job, numbers), numbers)
    return found


MACHINES = tuple(load_machine(name) for name in machine_names())


def worth(cost, objective):
    """Return what the objective makes small: on the best machine, else gates, then qubits."""
    found = [estimate_machine(cost, machine, objective) for machine in MACHINES]
    found = [item for item in found if item.is_feasible]
    time = [item.runtime_s for item in found]
    size = [item.physical_qubits for item in found]
    volume = [t * q for t, q in zip(time, size, strict=True)]
    values = {"runtime": time, "qubits": size, "volume": volume}[objective]
    return (not values, min(values, default=0.0), cost.toffoli + cost.t, cost.logical_qubits)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("smallest", "objective"),
    [(0.1, "runtime"), (0.1, "qubits"), (0.1, "volume"), (1e-12, "runtime")],
)
def test_the_best_choice_is_taken(smallest, objective):
    scenario, measurement, module = asked = ask(smallest)
    every = {choice: worth(cost, objective) for choice, cost in costs(asked).items()}
    chosen = choose(module, scenario.algorithm, measurement, scenario.error, MACHINES, objective)
    assert chosen.compared == len(every) > 1
    numbers = chosen.job.evaluate()
    taken = worth(total(count_stages(chosen.job, numbers), numbers), objective)
    assert taken == min(every.values())
    best = min(every, key=every.__getitem__)
    assert chosen.job.choices["encoding"] == best.encoding
    assert chosen.budget == even_split(chosen.job, total=0.1, fail_prob=0.05)


def module_of(*outcomes):
    """Return an algorithm whose choices are jobs or refusals."""

    def build(parameters, measurement, error, choice):
        if isinstance(outcomes[choice.padding], Exception):
            raise outcomes[choice.padding]
        return outcomes[choice.padding]

    choices = tuple(Choice(padding=position) for position in range(len(outcomes)))
    return SimpleNamespace(candidates=lambda *_: choices, build=build)


def test_refused_choices_are_passed_over():
    scenario, measurement, module = ask()
    good = module.build(
        scenario.algorithm,
        measurement,
        scenario.error,
        Choice(encoding="sparse", solver="shortcut", mode="coherent"),
    )
    too_much = HypothesisError("growth", 2, 1, "less")
    chosen = choose(module_of(too_much, good), None, measurement, scenario.error, (), "runtime")
    assert chosen.job.choices["encoding"] == "sparse"


def test_the_last_reason_is_given():
    scenario, measurement, _ = ask()
    first, last = HypothesisError("growth", 2, 1, "less"), InfeasibleError("solver", "singular")
    with pytest.raises(InfeasibleError, match="solver: singular"):
        choose(module_of(first, last), None, measurement, scenario.error, (), "runtime")
    with pytest.raises(InfeasibleError, match="nothing to choose from"):
        choose(module_of(), None, measurement, scenario.error, (), "runtime")


def job(*decided: float) -> Job:
    shares = [Share(name=f"eps_{i}", decided=value) for i, value in enumerate(decided)]
    shares += [Share(name=name, symbol=f"share_{name}") for name in ("solver", "rotation")]
    return Job(name="toy", stages=(), values={}, shares=tuple(shares), failures=("fail_logical",))


def test_what_is_decided_comes_off_first():
    assert even_split(job(0.02, 0.01), total=0.1, fail_prob=0.05) == pytest.approx(
        {"share_solver": 0.035, "share_rotation": 0.035, "fail_logical": 0.05}
    )


def test_a_model_beyond_half_leaves_the_other_half():
    assert even_split(job(0.05), total=0.1, fail_prob=0.05)["share_solver"] == pytest.approx(0.025)
    assert even_split(job(0.3), total=0.1, fail_prob=0.05)["share_solver"] == pytest.approx(0.025)


def test_failures_share_evenly():
    three = replace(job(), failures=("fail_tomography", "fail_norm", "fail_logical"))
    found = even_split(three, total=0.1, fail_prob=0.03)
    assert [found[name] for name in three.failures] == pytest.approx([0.01] * 3)
