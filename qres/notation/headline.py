r"""The headline of a formula: its leading order with constants, and how far off that is.

The expression follows from the full formula by the rules of `notation.leading` in a stated limit. Its
relative error is looked for over stated ranges of the inputs: at random points of a fixed seed, evenly
over the decades, and by a search along each input from the worst of them. Costs jump with their
ceilings, so what is found is no proof: it is printed with `SAFETY` and rounded up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from qres.notation.compiled import compile_array
from qres.notation.leading import Limit
from qres.notation.symbols import describe, symbol

if TYPE_CHECKING:
    from qres.notation.formula import Formula

SEED = 1
POINTS = 3000
"""Random points at which the error is looked for."""
STARTS = 12
"""Worst of them from which the search begins."""
STEPS = tuple(0.3 * 0.6**k for k in range(12))
"""Steps of the search, as parts of the width of a range on a logarithmic scale."""
SAFETY = 1.05
"""Factor between the largest error that was found and the one that is printed."""
FOUND = (
    f"largest found at {POINTS:,} random points and by a search from the worst {STARTS} of them,"
    f" times {SAFETY}"
)
"""What the printed error is: no bound that was proven."""


@dataclass(frozen=True, kw_only=True)
class Headline:
    r"""Leading order of a formula in a limit.

    Args:
        formula: what it abbreviates.
        limit: the limit in words.
        ranges: (low, high) of every input without a default, where `error` was looked for.
        powers: how fast symbols grow, see `notation.leading.Limit`.
        qubits: how fast $2^n$ grows for numbers of qubits $n$.
        kept: parts that the headline is written in.
        replaced: input by the kept part that takes its place, where the formula has that part and
            it is a product.
    """

    formula: Formula
    limit: str
    ranges: Mapping[str, tuple[float, float]]
    powers: Mapping[str, Any]
    qubits: Mapping[str, Any] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    replaced: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def expression(self) -> Any:
        """The leading order, in the inputs and the parts that are kept."""
        known = self.formula.substituted(self.kept)
        parts = dict(self.formula.parts)
        replaced = {name: part for name, part in self.replaced.items() if part in parts}
        for name, part in replaced.items():
            shape = sympy.sympify(parts[part].expression).xreplace(known)
            known[symbol(name)] = symbol(part) * symbol(name) / shape
        full = sympy.sympify(self.formula.expression).xreplace(known)
        given = {symbol(name): known[symbol(name)] for name in replaced}
        return Limit(self.powers, self.qubits).leading(full.xreplace(given))

    @property
    def parts(self) -> tuple[tuple[str, Formula], ...]:
        """The parts that stand in the expression, and those that define them, in their order."""
        needed, kept = {str(item) for item in self.expression.free_symbols}, []
        for name, part in reversed(self.formula.parts):
            if name in needed:
                kept.append((name, part))
                needed |= set(part.inputs)
        return tuple(reversed(kept))

    def __call__(self, **values: Any) -> Any:
        """Evaluate at the inputs of the formula, as float64.

        Raises:
            InputError: as the formula itself.
        """
        numbers = self.formula.numbers(**values)
        return self._compiled(*(np.asarray(numbers[name], dtype=float) for name in self._names))

    @cached_property
    def error(self) -> float:
        """Relative error over the ranges: the largest that was found, times `SAFETY`, rounded up."""
        found = SAFETY * float(self._search())
        scale = 10.0 ** (math.floor(math.log10(found)) - 1)
        return round(math.ceil(found / scale) * scale, 12)

    def latex(self) -> str:
        """Return the headline as LaTeX, left-hand side included."""
        from qres.notation.latex import to_latex

        return rf"{self.formula.letter} \approx {to_latex(self.expression)}"

    def points(self, count: int, generator: np.random.Generator) -> dict[str, np.ndarray]:
        """Return random points of the ranges, evenly over the decades."""
        return self._at(generator.random((len(self.ranges), count)))

    def deviation(self, points: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the relative error at points."""
        return np.abs(self(**points) / self.formula(**points) - 1)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(sorted(str(item) for item in self.expression.free_symbols))

    @cached_property
    def _compiled(self) -> Any:
        return compile_array(tuple(symbol(name) for name in self._names), self.expression)

    def _at(self, unit: np.ndarray) -> dict[str, np.ndarray]:
        """Return the points of the ranges that stand at these places of the unit cube."""
        found = {}
        for (name, (low, high)), part in zip(self.ranges.items(), unit, strict=True):
            value = low * (high / low) ** part
            found[name] = np.round(value) if describe(name).is_integer else value
        return found

    def _search(self) -> float:
        """Return the largest error at random points and along each input from the worst."""
        unit = np.random.default_rng(SEED).random((len(self.ranges), POINTS))
        errors = self.deviation(self._at(unit))
        worst = np.argsort(errors)[-STARTS:]
        best, errors = unit[:, worst], errors[worst]
        moves = np.concatenate([np.eye(len(unit)), -np.eye(len(unit))])
        for step in STEPS:
            tried = np.clip(best[:, None, :] + step * moves.T[:, :, None], 0.0, 1.0)
            found = self.deviation(self._at(tried.reshape(len(unit), -1)))
            found = found.reshape(len(moves), -1)
            choice, columns = np.argmax(found, axis=0), np.arange(found.shape[1])
            is_better = found[choice, columns] > errors
            best = np.where(is_better, tried[:, choice, columns], best)
            errors = np.maximum(errors, found[choice, columns])
        return float(np.max(errors))
