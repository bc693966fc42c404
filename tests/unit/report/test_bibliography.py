"""The works of a report: those of its stages and of the definitions that they use, no others."""

from __future__ import annotations

from dataclasses import replace

import pytest

import qres
from qres.notation.formula import define
from qres.notation.source import Paper, Source
from qres.notation.symbols import symbol
from qres.report.bibliography import papers

COUNTS = {"logical_qubits": 50, "toffoli": 1000, "t": 10}
FAMILIES = ("code.", "factory.", "layout.")
OWN = Source("Eq. (1)", Paper(key="own2020", authors="Own", title="Used", year=2020))
IDLE = Source("Eq. (2)", Paper(key="idle2020", authors="Idle", title="Not used", year=2020))


@pytest.fixture(scope="module")
def report():
    return qres.estimate({"model": {"given": COUNTS}, "algorithm": {"name": "counts"}})


def keys(report, job) -> set[str]:
    return {paper.key for paper in papers(replace(report, job=job))}


def test_a_stage_brings_its_work(report):
    before = {paper.key for paper in papers(report)}
    stage = replace(report.job.stages[0], source=OWN)
    assert keys(report, replace(report.job, stages=(stage, *report.job.stages[1:]))) == {
        *before,
        "own2020",
    }


def test_a_definition_brings_its_work_where_it_is_used(report):
    job = report.job
    before = {paper.key for paper in papers(report)}
    idle = define("x.xi", "not used", symbol("toffoli"), IDLE)
    used = define("x.kappa", "used", symbol("toffoli"), OWN)
    stage = replace(job.stages[0], calls=symbol("kappa"))
    changed = replace(
        job, stages=(stage, *job.stages[1:]), definitions=(*job.definitions, idle, used)
    )
    assert keys(report, changed) == {*before, "own2020"}


def test_a_machine_brings_those_of_its_code_factory_and_layout(report):
    found = {paper.key for paper in papers(report)}
    assert {"gidney2019", "litinski2019game"} & found
    assert papers(replace(report, priced=None)) == [
        paper for paper in papers(report) if paper.key not in machine_keys()
    ]


def machine_keys() -> set[str]:
    """Keys of all works behind formulas of the physical layer."""
    sources = (formula.source for name in FAMILIES for formula in qres.formulas(name))
    return {source.paper.key for source in sources if source.paper is not None}
