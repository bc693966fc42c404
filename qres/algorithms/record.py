"""A `Job`: what one scenario asks of a quantum computer, as stages with formulas.

Everything that is counted, drawn, explained or printed reads this one object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import chain
from typing import Any, Literal

from sympy import sympify

from qres.errors import InfeasibleError, RangeError
from qres.notation.card import html_table
from qres.notation.formula import Formula
from qres.notation.quantity import Bound, Kind, Quantity, weakest
from qres.notation.source import Source
from qres.notation.symbols import symbol


@dataclass(frozen=True, kw_only=True)
class Unit:
    """Price of one call of a quantum stage, as sympy expressions.

    Args:
        toffoli: Toffoli gates.
        t: T gates.
        rotations: rotations, to be synthesised by their own stage.
        qubits: logical qubits of the run that the call belongs to, held registers included; 0 for
            work that runs elsewhere.
        depth: layers of Toffoli and T gates one after the other; None for a line of gates, in
            which a bucket brigade counts by the layers of its tree.
        active: qubits at work at the busiest moment of the call, the others being held and not
            touched; None where all are.
    """

    toffoli: Any = 0
    t: Any = 0
    rotations: Any = 0
    qubits: Any = 0
    depth: Any = None
    active: Any = None


@dataclass(frozen=True, kw_only=True)
class ClassicalWork:
    """Price of one call of a classical stage.

    Args:
        gradients: full-batch gradients of the network.
        flops: floating-point operations that are not gradients.
    """

    gradients: Any = 0
    flops: Any = 0


STAGE_COLUMNS = ("stage", "calls", "price of a call", "kind", "meaning")
"""Heads of `Stage.cells`."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One leaf of the job: `calls` times `unit`.

    Args:
        name: as in the table.
        calls: sympy expression, for the whole job.
        unit: what one call costs.
        kind: how the call count is known.
        source: of the call count.
        meaning: one line.
        shots: independent shots that the calls of one segment are divided among evenly, as a
            sympy expression; None where they belong to one run.
    """

    name: str
    calls: Any
    unit: Unit | ClassicalWork
    kind: Kind
    source: Source
    meaning: str
    shots: Any = None

    @property
    def is_classical(self) -> bool:
        """Whether the stage runs on the classical device."""
        return isinstance(self.unit, ClassicalWork)

    @cached_property
    def free(self) -> frozenset[str]:
        """Names of the symbols in its calls and its unit."""
        parts = (self.calls, *(getattr(self.unit, item.name) for item in fields(self.unit)))
        known = (sympify(part) for part in parts if part is not None)
        return frozenset(str(s) for part in known for s in part.free_symbols)

    def cells(self) -> tuple[str, ...]:
        """Return name, calls, price, kind and meaning as text, for a table."""
        prices = [(item.name, getattr(self.unit, item.name)) for item in fields(self.unit)]
        price = "; ".join(f"{name} {value}" for name, value in prices if value not in (0, None))
        return (self.name, str(self.calls), price, self.kind, self.meaning)

    def _repr_html_(self) -> str:
        return html_table([self.cells()], head=STAGE_COLUMNS, words=range(len(STAGE_COLUMNS)))


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """Something that nobody has shown.

    Args:
        text: one line.
        factor: by how much it could move the cost, None if that is unknown, 1 if not at all.
        favours: the side that the assumption helps.
    """

    text: str
    factor: float | None = 1.0
    favours: Literal["quantum", "classical", "neither"] = "neither"


@dataclass(frozen=True, kw_only=True)
class Share:
    """A term of the error budget.

    Args:
        name: the `eps_*` of the design.
        symbol: symbol of the share that the budget fills, None for a term that is decided.
        value: symbol of the precision that the share becomes, None for a decided term.
        decided: relative error that is already spent (0 with `exact` where the term is absent).
        kind: how `decided` is known.
        bought: symbol of what the precision buys, with a label.
    """

    name: str
    symbol: str | None = None
    value: str | None = None
    decided: float = 0.0
    kind: Kind = "exact"
    bought: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """Stages, the values that feed them, and what the result rests on.

    Args:
        name: of the algorithm.
        stages: flat, leaf-level, in the order of the table.
        values: the quantities put in, by symbol.
        definitions: (symbol, formula) pairs in the order of evaluation; a value handed in for a
            defined symbol replaces its definition.
        shares: terms of the error budget; those with a symbol are filled by the budget.
        failures: symbols of the failure probabilities that share `error.fail_prob`.
        choices: what was chosen among the members, for the report.
        has_task: whether a classical computer has the same task (`state` has none).
        assumptions: what nobody has shown.
        warnings: (code, message) pairs.
        references: named side figures for the report, such as a lower reference of `kappa_eff`.
        circuit: builds the root bloq from the values of the symbols.
    """

    name: str
    stages: tuple[Stage, ...]
    values: Mapping[str, Quantity]
    definitions: tuple[tuple[str, Formula], ...] = ()
    shares: tuple[Share, ...] = ()
    failures: tuple[str, ...] = ()
    choices: Mapping[str, Any] = field(default_factory=dict)
    has_task: bool = True
    assumptions: tuple[Assumption, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()
    references: Mapping[str, Quantity] = field(default_factory=dict)
    circuit: Callable[[Mapping[str, Any]], Any] | None = None

    def evaluate(self, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the number of every symbol: inputs, then definitions in order.

        Args:
            overrides: scalars or arrays by symbol; one for a defined symbol replaces its
                definition, everything downstream follows.

        Raises:
            InfeasibleError: a symbol is beyond any number.
        """
        numbers = {name: quantity.value for name, quantity in self.values.items()}
        numbers.update(overrides or {})
        fixed = set(overrides or {})
        for name, formula in self.definitions:
            if name not in fixed:
                try:
                    numbers[name] = formula(**{key: numbers[key] for key in formula.inputs})
                except RangeError as error:
                    raise InfeasibleError(name, str(error)) from None
        return numbers

    def with_budget(
        self, budget: Mapping[str, float], methods: Mapping[str, str] | None = None
    ) -> Job:
        """Return the job with the shares and failure probabilities of a budget as values.

        Args:
            budget: shares and failure probabilities, by symbol.
            methods: how each was chosen, by symbol; the even split where it says nothing.
        """
        even = "even split of error.total and error.fail_prob"
        chosen = {
            name: Quantity(value=value, kind="given", method=(methods or {}).get(name, even))
            for name, value in budget.items()
        }
        return replace(self, values={**self.values, **chosen})

    def pedigrees(self) -> dict[str, Quantity]:
        """Return every symbol as a Quantity: the weakest kind of all that went in is kept."""
        return dict(self._pedigrees)

    @cached_property
    def _pedigrees(self) -> dict[str, Quantity]:
        numbers = self.evaluate()
        known = dict(self.values)
        for name, formula in self.definitions:
            inputs = [known[key] for key in formula.inputs]
            known[name] = Quantity(
                value=numbers[name],
                unit=formula.unit,
                kind=weakest([formula.kind, *(item.kind for item in inputs)]),
                bound=combined_bound([formula.bound, *(item.bound for item in inputs)]),
                source=str(formula.source),
                method=formula.text(),
            )
        return known

    @cached_property
    def used(self) -> frozenset[str]:
        """The symbols that the stages are made of, definitions followed down to the values."""
        formulas, found = dict(self.definitions), set()
        waiting = {name for stage in self.stages for name in stage.free}
        # what the hardware may fail with is handed down beside the counts
        waiting |= {"fail_logical"} & formulas.keys()
        while waiting:
            name = waiting.pop()
            found.add(name)
            waiting |= set(formulas[name].inputs if name in formulas else ()) - found
        return frozenset(found)

    @property
    def kind(self) -> Kind:
        """The weakest kind of everything that the totals rest on."""
        known, stages = self.pedigrees(), (stage.kind for stage in self.stages)
        shares = (share.kind for share in self.shares)
        return weakest(chain(stages, shares, (known[name].kind for name in self.used)))

    @property
    def bound(self) -> Bound:
        """The bound of the totals; one lower bound that goes in makes them optimistic."""
        known = self.pedigrees()
        return combined_bound(known[name].bound for name in self.used)

    def bloq(self, *, symbolic: bool = False) -> Any:
        """Return the root circuit as a Qualtran bloq, None where the job has no circuit.

        Args:
            symbolic: hand over symbols instead of numbers (tree levels stay concrete).
        """
        if self.circuit is None:
            return None
        numbers = self.evaluate()
        return self.circuit(symbolic_values(numbers) if symbolic else numbers)

    def _repr_html_(self) -> str:
        rows = [stage.cells() for stage in self.stages]
        words = range(len(STAGE_COLUMNS))
        return html_table(rows, head=STAGE_COLUMNS, caption=f"Job: {self.name}", words=words)


def combined_bound(bounds: Iterable[Bound]) -> Bound:
    """Return the bound of a number made of others.

    One lower bound makes the whole optimistic, whatever else goes in; an upper bound survives
    only beside two-sided inputs.
    """
    found = set(bounds)
    if "lower" in found:
        return "lower"
    return "upper" if "upper" in found else "two-sided"


CONCRETE = frozenset(
    {
        "block_limit",
        "functional_levels",
        "index_bits",
        "is_full",
        "map_order",
        "sample_bits",
        "slot_bits",
        "step_bits",
        "t3_slot_bits",
        "t4_slot_bits",
        "truncation_order",
    }
)
"""Symbols that stay numbers in a symbolic circuit: they set its shape."""


def symbolic_values(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the symbols themselves, but for those that set the shape of the circuit."""
    return {name: numbers[name] if name in CONCRETE else symbol(name) for name in numbers}
