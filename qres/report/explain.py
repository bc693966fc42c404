"""Where a number of a report comes from."""

from __future__ import annotations

from qres.algorithms.record import ClassicalWork, Stage
from qres.errors import InputError, nearest
from qres.notation.quantity import Quantity
from qres.pricing.record import Priced
from qres.report.record import Result
from qres.report.totals import LOGICAL, logical_totals, whole
from qres.report.units import number

LAYERS = "logical.layers"


def explain(report: Result, name: str) -> str:
    """Return formula, values and sources of a symbol, a stage or a total."""
    known = report.pedigrees()
    if name in known:
        return "\n".join(_symbol(report, name, known))
    stages = {stage.name: stage for stage in (report.job.stages if report.job else ())}
    if name in stages:
        return "\n".join(_stage(stages[name], known))
    totals = {f"logical.{key}": quantity for key, quantity in logical_totals(report).items()}
    total = totals.get(name)
    if total is not None:
        return "\n".join(_total(report, name, total))
    if name == LAYERS and report.priced is not None:
        return "\n".join(_layers(report.priced))
    options = [*known, *stages, *totals]
    raise InputError(f"explain: no number called '{name}'{nearest(name, options)}")


def sources(report: Result) -> str:
    """Return every value of the job with its formula or source, one line each."""
    lines = ["Sources"]
    for name, quantity in report.pedigrees().items():
        origin = quantity.source or quantity.method or "the model file"
        lines.append(f"  {name} = {number(quantity.value)}  [{quantity.kind}]  {origin}")
    return "\n".join(lines)


def _symbol(report: Result, name: str, known: dict[str, Quantity]) -> list[str]:
    quantity = known[name]
    formulas = dict(report.job.definitions) if report.job else {}
    lines = [f"{name} = {number(quantity.value)}  [{quantity.kind}, {quantity.bound}]"]
    formula = formulas.get(name)
    if formula is None or name in report.budget:
        origin = quantity.source or quantity.method or "the model file"
        return [*lines, f"  {origin}"]
    lines += [f"  {formula.meaning}", f"  = {formula.text()}", f"  source: {formula.source}"]
    return lines + _inputs(formula.inputs, known)


def _stage(stage: Stage, known: dict[str, Quantity]) -> list[str]:
    lines = [f"{stage.name}: {stage.meaning}", f"  calls = {stage.calls}"]
    unit = stage.unit
    names = (
        ("gradients", "flops") if isinstance(unit, ClassicalWork) else ("toffoli", "t", "rotations")
    )
    lines += [
        f"  {name} a call = {getattr(unit, name)}" for name in names if getattr(unit, name) != 0
    ]
    lines.append(f"  source: {stage.source}  [{stage.kind}]")
    return lines + _inputs(tuple(sorted(stage.free)), known)


def _inputs(names: tuple[str, ...], known: dict[str, Quantity]) -> list[str]:
    return [
        f"  {name} = {number(known[name].value)}  [{known[name].kind}]"
        for name in names
        if name in known
    ]


def _total(report: Result, name: str, total: Quantity) -> list[str]:
    key = name.removeprefix("logical.")
    head = f"{name} = {number(total.value)} {LOGICAL[key]}  [{total.kind}, {total.bound}]"
    part = "qubits" if key == "logical_qubits" else key
    units = {stage.name: stage for stage in (report.job.stages if report.job else ())}
    rows = [
        f"  {stage.name}: {number(getattr(stage, key))} = {_product(units[stage.name], part)}"
        for stage in (report.priced.stages if report.priced else ())
        if getattr(stage, key)
    ]
    names = {item for stage in units.values() if not stage.is_classical for item in stage.free}
    rule = "largest of" if key == "logical_qubits" else "sum of"
    values = _inputs(tuple(sorted(names)), report.pedigrees())
    return [head, f"  {total.method}", f"  {rule}", *rows, "where", *values]


def _layers(priced: Priced) -> list[str]:
    """Return the magic gates that wait for each other, by stage."""
    head = f"{LAYERS} = {number(whole(priced.logical.layers))} layers of magic gates"
    rows = [
        f"  {stage.name}: {number(whole(stage.layers))}"
        for stage in priced.stages
        if not stage.is_classical
    ]
    return [head, "  sum of (one gate a layer, but for look-ups in a bucket brigade)", *rows]


def _product(stage: Stage, part: str) -> str:
    """Return calls times unit of a stage as text; a width is not multiplied."""
    unit = getattr(stage.unit, part)
    return str(unit) if part == "qubits" else f"({stage.calls})*({unit})"
