"""Exponents of costs whose powers are known."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import sympy

import qres
from qres.algorithms.base import Choice
from qres.algorithms.record import Job, Share, Stage, Unit
from qres.errors import InfeasibleError
from qres.explore.budget import even_split
from qres.explore.choose import Chosen, Offer
from qres.explore.claims import claims
from qres.logical.record import LogicalCost
from qres.measurement.given import take_given
from qres.notation.formula import define
from qres.notation.quantity import Quantity
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols
from qres.staircase import load

GIVEN = {"n_params": 4096, "n_active": 1024, "sparsity": 16, "max_entry": 1, "lambda_max": 2}
GIVEN |= {"lambda_min": 0.1, "grad_norm": 0.5, "n_samples": 10, "eps_model": 0}
GIVEN |= {"update_norms": [0.1 * t for t in range(65)]}
STEPS, SIZE, SPARSITY, SHARE, QUERIES = symbols(
    "n_steps n_active sparsity share_solver matrix_queries"
)


def scenario_of(n_steps=64, **keys):
    given = GIVEN | {"update_norms": GIVEN["update_norms"][: n_steps + 1]}
    keys = {"name": "carleman-gd", "n_steps": n_steps, "learning_rate": 0.1, **keys}
    return load({"model": {"given": given}, "algorithm": keys})


def job_of(steps, **choices):
    """T^2 n s^3 / eps calls of a gate whose queries alone go as T / eps."""
    source = derived("a toy")
    definitions = [define("toy.matrix_queries", "queries of a run", 1000 * STEPS / SHARE, source)]
    calls = QUERIES * STEPS * SIZE * SPARSITY**3
    numbers = {"n_steps": steps, "n_active": 1024, "sparsity": 16, "fail_logical": 0.05}
    stage = Stage(
        name="toy",
        calls=calls,
        unit=Unit(toffoli=2, qubits=3),
        kind="exact",
        source=source,
        meaning="",
    )
    return Job(
        name="carleman-gd",
        stages=(stage,),
        values={name: Quantity(value=value) for name, value in numbers.items()},
        definitions=tuple(definitions),
        shares=(Share(name="eps_solver", symbol="share_solver"),),
        failures=("fail_logical",),
        choices={"encoding": "sparse", "segments": 1} | choices,
    )


class Toy:
    """An algorithm that remembers what it was asked to build."""

    def __init__(self, **changes):
        self.asked, self.changes = [], changes

    def build(self, parameters, measurement, error, choice):
        assert len(measurement.update_norms) == parameters.n_steps + 1
        self.asked.append((parameters, choice))
        return job_of(parameters.n_steps, **self.changes)


def chosen_of(scenario, choice=None, **changes):
    job = job_of(scenario.algorithm.n_steps, **changes)
    split = even_split(job, total=0.1, fail_prob=0.05)
    cost = LogicalCost(toffoli=1, t=0, rotations=0, logical_qubits=1, fail_prob=0.05)
    offer = Offer(
        choice=choice or Choice(padding=8, map_order=2),
        job=job.with_budget(split),
        budget=split,
        cost=cost,
        rank=(False, 0.0, 0.0, 0.0),
    )
    return Chosen(best=offer, compared=1, rivals={"shortcut": offer})


def rows_of(scenario, module, chosen):
    measurement = take_given(scenario.model, scenario.algorithm)
    return {row.letter: row for row in claims(module, scenario, measurement, chosen)}


def test_exponents_of_known_powers():
    scenario = scenario_of()
    rows = rows_of(scenario, Toy(), chosen_of(scenario))
    assert list(rows) == ["T", "n", "s", "1/eps"]
    found = {letter: row.exponent for letter, row in rows.items()}
    assert found == pytest.approx({"T": 2, "n": 1, "s": 3, "1/eps": 1}, rel=1e-9)
    assert dict(rows["T"].factors) == pytest.approx({"queries in a run": 1})
    assert dict(rows["n"].factors) == pytest.approx({"queries in a run": 0}, abs=1e-12)
    assert dict(rows["1/eps"].factors) == pytest.approx({"queries in a run": 1})
    assert not any(row.reason for row in rows.values())


def test_half_of_the_steps_keeps_the_choices():
    scenario, module = scenario_of(), Toy()
    rows_of(scenario, module, chosen_of(scenario))
    (half, choice), (whole, same) = module.asked
    assert (half.n_steps, whole.n_steps) == (32, 64)
    assert (choice.padding, same.padding) == (4, 8)
    assert half.map_order == whole.map_order == 2
    assert (half.segment_steps, choice.segment_steps, same.segment_steps) == (32, 32, 64)
    module = Toy(segments=3)
    rows_of(scenario, module, chosen_of(scenario, segments=3))
    # three segments before and after: ceil(32 / 3) and ceil(64 / 3) steps
    assert [parameters.segment_steps for parameters, _ in module.asked] == [11, 22]
    assert [choice.segment_steps for _, choice in module.asked] == [11, 22]


def test_the_factors_of_a_real_job_make_its_exponent():
    """In two segments, T/2 and T: copies, runs, queries and Toffoli a query are most of the cost."""
    given = GIVEN | {"frobenius_norm": 5.0}
    keys = {"name": "carleman-gd", "n_steps": 64, "learning_rate": 0.1, "segment_steps": 32}
    report = qres.estimate({"model": {"given": given}, "algorithm": keys})
    assert report.job.choices["segments"] == 2
    row = next(row for row in report.claims if row.letter == "T")
    assert dict(row.factors)["segments"] == 0
    assert row.exponent == pytest.approx(sum(slope for _, slope in row.factors), abs=0.1)
    assert row.stage in {stage.name for stage in report.job.stages}


def test_what_the_encoding_does_not_use_has_no_exponent():
    scenario = scenario_of()
    rows = rows_of(scenario, Toy(), chosen_of(scenario, encoding="dense"))
    assert rows["s"].exponent is None
    assert rows["s"].reason == "the encoding 'dense' does not use it"


def test_what_cannot_be_had_is_a_reason():
    scenario = scenario_of(n_steps=2)
    rows = rows_of(scenario, Toy(), chosen_of(scenario))
    assert (rows["T"].exponent, rows["T"].reason) == (None, "too few steps to compare")
    assert rows["n"].exponent == pytest.approx(1)

    def refuse(*_):
        raise InfeasibleError("lift", "no such number")

    scenario = scenario_of()
    rows = rows_of(scenario, SimpleNamespace(build=refuse), chosen_of(scenario))
    assert rows["T"].reason == "lift: no such number"


def test_another_algorithm_has_no_claims():
    scenario = scenario_of()
    other = replace(scenario, algorithm=replace(scenario.algorithm, name="newton"))
    assert claims(Toy(), other, None, chosen_of(scenario)) == ()


def test_the_toy_costs_what_it_says():
    numbers = job_of(64).evaluate({"share_solver": 0.1})
    assert numbers["matrix_queries"] == pytest.approx(640000)
    assert job_of(64).stages[0].calls == symbol("matrix_queries") * STEPS * SIZE * SPARSITY**3
    assert sympy.degree(job_of(64).stages[0].calls, SPARSITY) == 3
