r"""Where the magic states of a job go, as a tree: stages, and the terms of the price of each call.

A stage has size calls x unit (Toffoli + T/2). Its unit is a sum; terms that look something up, or
that hold the price of another circuit, become parts of their own, the rest (comparisons, flags,
reflections) is one part. Prices such as `query_toffoli` open into their own sum. The stage that
synthesises rotations has one part for each stage that asks for them. Parts add up to the whole.

Source: derived, from the formulas of the job.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import sympy

from qres.algorithms.record import Stage, Unit
from qres.logical.formulas import evaluate
from qres.logical.record import StageCost
from qres.notation.named import look, tree, uniform_toffoli, unlook
from qres.notation.symbols import symbol
from qres.report.record import Result
from qres.report.units import count

LOOKS = (look, unlook, tree, uniform_toffoli)
"""Named functions that are circuits: tables, trees of rotations, uniform superpositions."""

OTHER = "other gates"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the cost.

    Args:
        name: of the stage, symbol or function.
        detail: calls x unit of a stage, else empty.
        size: magic states.
        parts: what it is made of, empty where that is not known; sizes add up to `size`.
    """

    name: str
    detail: str = ""
    size: float
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Prices:
    """Numbers of all symbols, and the formulas of those that are prices."""

    numbers: Mapping[str, Any]
    formulas: Mapping[str, Any]

    def value(self, expression: Any) -> Any:
        return evaluate(expression, self.numbers)

    def opened(self, expression: Any) -> Any:
        """Return the sum behind the symbol of a price, of several cases the one that holds."""
        found = sympy.sympify(self.formulas.get(str(expression), expression))
        return found.replace(sympy.Piecewise, self._case)

    def _case(self, *cases: Any) -> Any:
        return next(price for price, condition in cases if self._holds(condition))

    def _holds(self, condition: Any) -> bool:
        if not isinstance(condition, sympy.core.relational.Relational):
            return bool(condition)
        return bool(condition.func(self.value(condition.lhs), self.value(condition.rhs)))

    def flat(self, expression: Any) -> Any:
        """Return the expression with every price written out, so that terms cancel."""
        known = {symbol(name): price for name, price in self.formulas.items()}
        return self.opened(expression.subs(known))

    def is_circuit(self, term: Any) -> bool:
        return term.has(*LOOKS) or any(str(item) in self.formulas for item in term.free_symbols)


def split_cost(report: Result) -> tuple[Part, ...]:
    """Return the quantum stages of a report with their parts, none without a price."""
    if report.job is None or report.priced is None:
        return ()
    prices = _Prices(
        numbers=report.priced.numbers,
        formulas={
            name: formula.expression
            for name, formula in report.job.definitions
            if name.endswith("_toffoli")
        },
    )
    units = {stage.name: stage for stage in report.job.stages}
    costs = [cost for cost in report.priced.stages if not cost.is_classical and cost.magic_states]
    return tuple(_stage(units[cost.name], cost, costs, prices) for cost in costs)


def _stage(stage: Stage, cost: StageCost, costs: list[StageCost], prices: _Prices) -> Part:
    size, unit = float(cost.magic_states), cast("Unit", stage.unit)
    each = cost.magic_states / cost.calls
    asked = [(item.name, item.rotations) for item in costs if item.rotations]
    if asked and not cost.rotations and sum(number for _, number in asked) == cost.calls:
        parts = tuple(Part(name=f"for {name}", size=float(each * number)) for name, number in asked)
    else:
        parts = _terms(sympy.sympify(unit.toffoli) + sympy.sympify(unit.t) / 2, size, prices)
    return Part(
        name=stage.name, detail=f"{count(cost.calls)} x {count(each)}", size=size, parts=parts
    )


def _terms(expression: Any, size: float, prices: _Prices) -> tuple[Part, ...]:
    """Return the parts of a price; none where it is no sum of circuits."""
    inner = prices.opened(expression)
    for candidate in (inner, prices.flat(inner)):
        whole, terms = _sum(candidate, prices)
        values = [(term, prices.value(term)) for term in terms]
        mains = [(term, value) for term, value in values if value and prices.is_circuit(term)]
        rest = whole - sum(value for _, value in mains)
        found = _merged(
            [_part(term, value * (size / float(whole)), prices) for term, value in mains]
        )
        if len(found) + bool(rest) > 1 and rest >= 0 and all(part.size > 0 for part in found):
            other = [Part(name=OTHER, size=float(rest) * size / float(whole))] if rest else []
            return (*found, *other)
    return ()


def _sum(expression: Any, prices: _Prices) -> tuple[Any, tuple[Any, ...]]:
    """Return the value and the terms of the sum in an expression, what multiplies it left out."""
    factor = _heaviest(expression, prices)
    return prices.value(factor), sympy.Add.make_args(factor)


def _heaviest(expression: Any, prices: _Prices) -> Any:
    """Return the factor of a product that is the price, opened; what else there is counts calls."""
    factors = sympy.Mul.make_args(expression)
    circuits = [factor for factor in factors if prices.is_circuit(factor)]
    return prices.opened(circuits[0]) if len(circuits) == 1 else expression


def _part(term: Any, size: float, prices: _Prices) -> Part:
    price = _heaviest(term, prices)
    parts = _terms(price, float(size), prices) if isinstance(price, sympy.Add) else ()
    return Part(name=" x ".join(_names(term, prices)), size=float(size), parts=parts)


def _names(term: Any, prices: _Prices) -> Iterator[str]:
    """Yield the name of each factor, that of the price last; numbers have none."""
    for factor in sorted(sympy.Mul.make_args(term), key=prices.is_circuit):
        if isinstance(factor, LOOKS):
            shown = factor.args[: factor.printed and factor.printed - 1]  # controls left out
            yield f"{type(factor).__name__}({', '.join(map(str, shown))})"
        elif factor.is_Symbol:
            yield str(factor)
        elif prices.is_circuit(factor):
            yield "(...)"
        elif not factor.is_number:
            yield count(prices.value(factor))


def _merged(parts: list[Part]) -> list[Part]:
    """Return the parts with those of the same name as one; what cancels is none.

    Where one use of a circuit is controlled, its price stands as a difference.
    """
    found: dict[str, Part] = {}
    for part in parts:
        old = found.get(part.name)
        size = part.size + (old.size if old else 0.0)
        inner = (*(old.parts if old else ()), *part.parts)
        is_whole = old is None or bool(old.parts) == bool(part.parts)
        found[part.name] = Part(name=part.name, size=size, parts=inner if is_whole else ())
    return [part for part in found.values() if part.size]
