"""Everything that nobody has shown, one line each: inputs, theory, machines, device."""

from __future__ import annotations

from qres.physical.discards import discard_assumptions
from qres.report.record import Result
from qres.report.units import number


def assumptions(report: Result) -> list[str]:
    """Return the assumptions of a report: inputs first, then algorithm, machines, classical side."""
    found = [*_inputs(report)]
    found += report.notes
    found += [item.text for item in report.job.assumptions] if report.job else []
    found += [f"{item.name}: {text}" for item in report.machines for text in item.assumptions]
    for cost in report.priced.machines if report.priced else ():
        found += [f"{cost.hardware}: {text}" for text in discard_assumptions(cost)]
    if report.priced is not None and report.priced.classical is not None:
        found += report.priced.classical.assumptions
    return list(dict.fromkeys(found))


def _inputs(report: Result) -> list[str]:
    if report.job is None:
        return []
    used = report.job.used
    return [
        f"{name} = {number(item.value)}: {item.source or item.method or 'assumed'}"
        for name, item in report.job.values.items()
        if item.kind == "assumed" and name in used
    ]
