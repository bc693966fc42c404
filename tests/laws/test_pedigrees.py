"""No number is surer than what went into it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, cached_property
from typing import Any

import pytest
import sympy

from qres.algorithms.record import Job, Stage
from qres.notation.quantity import KINDS
from qres.report.report import Report
from qres.report.totals import job_bound, job_kind, stage_kind


class Unpriced(Report):
    """A report without prices that works its pedigrees out once."""

    @cached_property
    def known(self) -> dict[str, Any]:
        """Every symbol of the job as a quantity."""
        return super().pedigrees()

    def pedigrees(self) -> dict[str, Any]:
        """Return them."""
        return self.known


def report_of(member: Any, job: Any) -> Unpriced:
    """Return a report that was not priced."""
    return Unpriced(
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


@cache
def weakened(member: Any, name: str) -> Unpriced:
    """Return the report of the job with one asymptotic value."""
    return report_of(member, with_pedigree(member.job, name, kind="asymptotic"))


def symbols_of(stage: Stage) -> set[str]:
    """Return the symbols in calls and price of a stage."""
    parts = [stage.calls, *(x for x in vars(stage.unit).values() if x is not None)]
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


@pytest.mark.slow
def test_a_weak_input_weakens_everything_built_on_it(member):
    for name in inputs(member.job):
        report = weakened(member, name)
        weak = {key for key, item in report.known.items() if item.kind == "asymptotic"}
        built = {key for key, formula in member.job.definitions if weak & {*formula.inputs}}
        assert built <= weak


def test_a_stage_is_no_stronger_than_what_it_is_made_of(member):
    for name in inputs(member.job):
        report = weakened(member, name)
        weak = {key for key, item in report.known.items() if item.kind == "asymptotic"}
        for stage in member.job.stages:
            is_weak = bool(symbols_of(stage) & weak)
            assert not is_weak or stage_kind(report, stage.name) == "asymptotic", stage.name


@pytest.mark.slow
def test_one_lower_bound_makes_the_total_optimistic(member):
    for name in inputs(member.job):
        report = report_of(member, with_pedigree(member.job, name, bound="lower"))
        assert job_bound(report) == "lower", name
