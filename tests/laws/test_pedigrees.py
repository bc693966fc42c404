"""No number is surer than what went into it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from qres.algorithms.record import Job, Stage
from qres.notation.quantity import KINDS
from qres.report.report import Report
from qres.report.totals import job_bound, job_kind, stage_kind


def report_of(member: Any, job: Any) -> Report:
    """Return a report that was not priced."""
    return Report(
        scenario=member.scenario,
        measurement=member.measurement,
        machines=(),
        device=None,  # type: ignore[arg-type]
        versions={},
        job=job,
    )


def with_pedigree(job: Any, name: str, **pedigree: Any) -> Any:
    """Return the job with another pedigree of one value."""
    return replace(job, values={**job.values, name: replace(job.values[name], **pedigree)})


def symbols_of(stage: Stage) -> set[str]:
    """Return the symbols in calls and price of a stage."""
    parts = [stage.calls, *vars(stage.unit).values()]
    return {str(item) for part in parts for item in sympy.sympify(part).free_symbols}


def inputs(job: Job) -> list[str]:
    """Return the values that the stages and their definitions read."""
    read = set().union(*(symbols_of(stage) for stage in job.stages))
    read |= {name for _, formula in job.definitions for name in formula.inputs}
    return [name for name in job.values if name in read]


def test_every_value_of_a_job_is_read(member):
    idle = set(member.job.values) - set(inputs(member.job))
    assert idle <= {"fail_logical", "rotation_depth", "measurements"}


def test_no_total_is_stronger_than_any_of_its_inputs(member):
    for position, name in enumerate(inputs(member.job)):
        kind = KINDS[position % len(KINDS)]
        report = report_of(member, with_pedigree(member.job, name, kind=kind))
        assert KINDS.index(job_kind(report)) >= KINDS.index(kind), (name, kind)


def test_a_weak_input_weakens_everything_built_on_it(member):
    for name in inputs(member.job):
        report = report_of(member, with_pedigree(member.job, name, kind="asymptotic"))
        known = report.pedigrees()
        weak = {key for key, item in known.items() if item.kind == "asymptotic"}
        built = {key for key, formula in member.job.definitions if weak & {*formula.inputs}}
        assert built <= weak
        assert job_kind(report) == "asymptotic"


def test_a_stage_is_no_stronger_than_what_it_is_made_of(member):
    for name in inputs(member.job):
        report = report_of(member, with_pedigree(member.job, name, kind="asymptotic"))
        weak = {key for key, item in report.pedigrees().items() if item.kind == "asymptotic"}
        for stage in member.job.stages:
            is_weak = bool(symbols_of(stage) & weak)
            assert not is_weak or stage_kind(report, stage.name) == "asymptotic", stage.name


def test_one_lower_bound_makes_the_total_optimistic(member):
    for name in inputs(member.job):
        report = report_of(member, with_pedigree(member.job, name, bound="lower"))
        assert job_bound(report) == "lower", name
