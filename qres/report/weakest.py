"""The weakest link of a report: the least certain thing that the totals rest on."""

from __future__ import annotations

from qres.notation.quantity import KINDS, Kind
from qres.report.record import Result
from qres.report.totals import job_kind

WORDS: dict[Kind, str] = {
    "exact": "everything is counted",
    "proven": "rests on theorems only",
    "measured": "measured",
    "fitted": "an empirical constant",
    "given": "typed by the user",
    "assumed": "assumed",
    "asymptotic": "a hidden constant was set to 1",
}


def weakest_link(report: Result) -> str:
    """Return kind, words and the first symbol of that kind."""
    kind = job_kind(report)
    job = report.job
    if job is None:
        return "nothing was counted"
    own, used = dict(job.definitions), job.used
    culprits = [name for name, item in report.pedigrees().items() if item.kind == kind]
    first = [name for name in culprits if name in used and name not in own]
    first += [name for name in culprits if name in used and name in own and own[name].kind == kind]
    if report.weights_error is not None and report.weights_error.kind == kind:
        first.append("error.target loss")
    first += [share.name for share in job.shares if share.kind == kind]
    first += [stage.name for stage in job.stages if stage.kind == kind]
    named = f": {first[0]}" if first and KINDS.index(kind) > 0 else ""
    return f"{kind} ({WORDS[kind]}{named})"
