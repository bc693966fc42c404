"""Where a number of a report comes from: value, formula, values put in, sources, as a tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from qres.algorithms.record import ClassicalWork, Stage
from qres.errors import InputError, nearest
from qres.notation.quantity import Quantity
from qres.notation.symbols import CATALOGUE
from qres.report.constants import constants
from qres.report.explain_machines import answers
from qres.report.inputs import interval
from qres.report.newton_explain import newton_answers, newton_sources
from qres.report.origins import TITLES, definition, origin, place
from qres.report.outline import laid_out, line
from qres.report.record import Result
from qres.report.totals import LOGICAL, logical_totals, whole
from qres.report.units import number

Lines = Iterator[tuple[int, int, str]]

LAYERS = "logical.layers"
IDLE = "logical.idle_qubits"
DEPTH = 2
"""Levels of definitions that a tree follows down."""

PRICES = {name.removeprefix("logical_"): text for name, text in LOGICAL.items()}
WORK = {"gradients": "gradients", "flops": "FLOPs"}


def explain(report: Result, name: str, width: int = 100) -> str:
    """Return formula, values and sources of a number as a tree.

    Args:
        report: it belongs to.
        name: a symbol, a stage, `logical.*`, `<machine>.runtime_s`, `<machine>.physical_qubits`,
            `physical.*` (the machine of the verdict), `classical.*` or `verdict.ratio`; of a Newton
            run `schedule.*`, `verdict.ratio`, or `BLOCK.STEP`.
        width: columns.

    Raises:
        InputError: there is no such number; the nearest names are given.
    """
    options = _options(report)
    if name not in options:
        raise InputError(f"explain: no number called '{name}'{nearest(name, options)}")
    return laid_out(options[name](), width)


def sources(report: Result, width: int = 80) -> str:
    """Return every symbol of the job by where it comes from, each with its source."""
    found = {name: origin(report, name) for name in report.pedigrees()}
    blocks = ["Sources"]
    for group, title in TITLES.items():
        names = [name for name, item in found.items() if item.group == group]
        if names:
            where = f": {place(report)}" if group == "measured" else ""
            lines = [line(title + where)]
            for name in names:
                lines.append(line(_value(report, name), 1))
                lines += [line(text, 3, hang=2) for text in _basis(report, name)]
            blocks.append(laid_out(lines, width))
    if report.schedule is not None:
        blocks.append(laid_out(newton_sources(report), width))
    blocks.append(laid_out(constants(report), width))
    return "\n\n".join(blocks)


def _options(report: Result) -> dict[str, Callable[[], Lines]]:
    """Return every number that can be explained, with what explains it."""
    if report.schedule is not None:
        return newton_answers(report)
    tree = _Tree(report)
    found: dict[str, Callable[[], Lines]] = {}
    for name in report.pedigrees():
        found[name] = lambda name=name: tree.symbol(name)
    for stage in report.job.stages if report.job else ():
        found.setdefault(stage.name, lambda stage=stage: tree.stage(stage))
    for key, total in logical_totals(report).items():
        if total is not None:
            found[f"logical.{key}"] = lambda key=key, total=total: tree.total(key, total)
    if report.priced is not None:
        found[LAYERS] = tree.layers
        found[IDLE] = tree.idle
    return found | answers(report)


class _Tree:
    """Writes trees of one report; a symbol is followed once in a tree."""

    def __init__(self, report: Result) -> None:
        self.report = report
        self.known = report.pedigrees()
        self.seen: set[str] = set()

    def symbol(self, name: str) -> Lines:
        """Yield value, formula and what it is made of."""
        yield line(_value(self.report, name))
        yield from self._inside(name, 1, DEPTH)
        yield from self._sources({name, *self.seen})

    def stage(self, stage: Stage) -> Lines:
        """Yield the calls and the price of one stage."""
        yield line(f"{stage.name}: {stage.meaning}  [{stage.kind}]")
        yield line(f"calls = {stage.calls}", 1)
        names = WORK if isinstance(stage.unit, ClassicalWork) else PRICES
        for name, text in names.items():
            price = getattr(stage.unit, name)
            if price != 0:
                yield line(f"{text} a call = {price}", 1)
        yield from self._branches(sorted(stage.free), 1, DEPTH)
        yield from self._sources(self.seen, str(stage.source))

    def total(self, key: str, total: Quantity) -> Lines:
        """Yield the stages of a total, and the symbols that they are made of."""
        ends = interval(total)
        words = ", ".join(filter(None, (total.kind, total.bound, ends)))
        yield line(f"logical.{key} = {number(total.value)} {LOGICAL[key]}  [{words}]")
        yield line(total.method, 1)
        part = "qubits" if key == "logical_qubits" else key
        is_width = part == "qubits"
        yield line("largest of" if is_width else "sum over the stages of calls times price:", 1)
        stages = {
            stage.name: stage for stage in (self.report.job.stages if self.report.job else ())
        }
        used: set[str] = set()
        origins: dict[str, None] = {}
        for cost in self.report.priced.stages if self.report.priced else ():
            if getattr(cost, key):
                stage = stages[cost.name]
                yield line(f"{cost.name}: {number(getattr(cost, key))}", 2)
                yield line(f"= {_product(stage, part)}", 4)
                used |= _free(stage, part)
                origins[str(stage.source)] = None
        yield line("with", 1)
        yield from self._branches(sorted(used), 1, DEPTH)
        yield from self._sources(self.seen, *origins)

    def layers(self) -> Lines:
        """Yield the magic gates that wait for each other, by stage."""
        priced = self.report.priced
        if priced is None:
            return
        yield line(f"{LAYERS} = {number(whole(priced.logical.layers))} layers of magic gates")
        yield line("sum of (one gate a layer, but for look-ups in a bucket brigade)", 1)
        for cost in priced.stages:
            if not cost.is_classical:
                yield line(f"{cost.name}: {number(whole(cost.layers))}", 2)

    def idle(self) -> Lines:
        """Yield the qubits that are held and not at work, and what works at most in each stage."""
        priced = self.report.priced
        if priced is None:
            return
        yield line(f"{IDLE} = {number(whole(priced.logical.idle_qubits))} qubits")
        yield line(f"= logical_qubits {number(whole(priced.logical.logical_qubits))} less", 1)
        yield line("the largest number at work at one moment in", 1)
        for cost in priced.stages:
            if cost.logical_qubits:
                yield line(f"{cost.name}: {number(whole(cost.active_qubits))}", 2)

    def _branches(self, names: list[str], level: int, depth: int) -> Lines:
        for name in names:
            if name in self.seen:
                yield line(f"{name}: see above", level)
                continue
            yield line(_value(self.report, name), level)
            yield from self._inside(name, level + 1, depth)

    def _inside(self, name: str, level: int, depth: int) -> Lines:
        """Yield what stands behind a symbol; its formula's symbols down to `depth` levels."""
        self.seen.add(name)
        for text in _basis(self.report, name, False):
            yield line(text, level + 1, hang=2)
        formula = definition(self.report, name)
        if formula is not None and depth > 0:
            yield from self._branches(list(formula.inputs), level + 1, depth - 1)

    def _sources(self, names: set[str], *others: str) -> Lines:
        """Yield the values at the bottom that the tree did not reach, then each source once."""
        yield from self._bottom(names)
        behind: dict[str, list[str]] = {text: [] for text in others}
        for name in (name for name in self.known if name in names):
            formula = definition(self.report, name)
            if formula is not None:
                behind.setdefault(str(formula.source), []).append(name)
        if behind:
            yield line("sources")
        for text, symbols in behind.items():
            yield line(f"{text} ({', '.join(symbols)})" if symbols else text, 1)

    def _bottom(self, names: set[str]) -> Lines:
        """Yield the values that were put in below the levels that were followed."""
        waiting, found = set(names), set()
        while waiting:
            formula = definition(self.report, name := waiting.pop())
            found.add(name)
            waiting |= set(formula.inputs if formula else ()) - found
        left = [name for name in self.known if name in found - names]
        values = [name for name in left if definition(self.report, name) is None]
        if values:
            yield line("further down")
        for name in values:
            yield line(_value(self.report, name), 1)
            yield from (line(text, 3, hang=2) for text in _basis(self.report, name, False))


def _value(report: Result, name: str) -> str:
    """Return a symbol with its number, how it is known, and what it means."""
    quantity = report.pedigrees()[name]
    info = CATALOGUE.get(name)
    measured = report.measurement.values.get(name)
    ends = interval(quantity) or (interval(measured) if measured is not None else "")
    words = [_kind(report, name, quantity)]
    words += [] if quantity.bound == "two-sided" else [f"{quantity.bound} bound"]
    words += [f"interval {ends}"] if ends else []
    meaning = f"  {info.meaning}" if info else ""
    return f"{name} = {number(quantity.value)}  [{', '.join(words)}]{meaning}"


def _kind(report: Result, name: str, quantity: Quantity) -> str:
    """Return the kind; a derived number says how its own step is known, and its weakest input."""
    formula = definition(report, name)
    if formula is None or formula.kind == quantity.kind:
        return quantity.kind
    return f"{formula.kind} from {quantity.kind}"


def _basis(report: Result, name: str, is_listed: bool = True) -> list[str]:
    """Return the formula of a derived symbol, or the origin of another.

    Args:
        report: it belongs to.
        name: of the symbol.
        is_listed: whether it stands in the list of sources, under the title of its group.
    """
    formula = definition(report, name)
    if formula is not None:
        return [f"= {formula.text()}", *([str(formula.source)] if is_listed else [])]
    found = origin(report, name)
    title = TITLES[found.group].lower()
    if is_listed or found.text.startswith(title):
        return [found.text]
    where = f" ({place(report)})" if found.group == "measured" else ""
    return [f"{title}{where}: {found.text}"]


def _product(stage: Stage, part: str) -> str:
    """Return calls times unit of a stage as text; a width is not multiplied."""
    unit = getattr(stage.unit, part)
    return str(unit) if part == "qubits" else f"({stage.calls})*({unit})"


def _free(stage: Stage, part: str) -> set[str]:
    """Return the symbols of one part of a stage."""
    from sympy import sympify

    parts = [getattr(stage.unit, part)] + ([] if part == "qubits" else [stage.calls])
    return {str(item) for expression in parts for item in sympify(expression).free_symbols}
