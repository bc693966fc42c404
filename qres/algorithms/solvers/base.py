"""What every solver offers, and how a member is found by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

import sympy

import qres.algorithms.solvers as folder
from qres.algorithms.record import Assumption
from qres.errors import HypothesisError
from qres.notation.catalogue import members, one
from qres.notation.formula import Condition, Formula
from qres.notation.quantity import Kind
from qres.notation.source import Source, derived
from qres.notation.symbols import symbol


@dataclass(frozen=True, kw_only=True)
class RunGates:
    r"""What one run asks beside its uses of U_A and U_b, and its circuit.

    Expressions may hold `matrix_queries`, `state_queries` (those of one run) and the arguments.

    Args:
        toffoli: (index width, ancillas of the encoding, controls) to the Toffoli gates.
        rotations: (controls) to the rotations.
        arguments: (symbol, meaning, expression in `kappa_eff` and `epsilon`) of the whole numbers
            that the circuit is built from.
        matrix_controls: 1 where every use of U_A has a control of the solver's own.
        controlled_matrices: uses of U_A that get a control in a controlled run.
        controlled_states: the same of U_b.
        bloq: (matrix, right-hand side, index width, values) to its circuit, None if there is none.
    """

    toffoli: Callable[[Any, Any, int], Any]
    rotations: Callable[[int], Any]
    arguments: tuple[tuple[str, str, Any], ...] = ()
    matrix_controls: int = 0
    controlled_matrices: Any = 0
    controlled_states: Any = 1
    bloq: Callable[[Any, Any, Any, Mapping[str, Any]], Any] | None = None


def assumed_gates(qubits: int) -> RunGates:
    """Return what is charged for a run without a circuit: a reflection and a rotation a use of U_A.

    Every use in it has the control of a controlled run.

    Args:
        qubits: ancillas of the solver itself.
    """
    uses = symbol("matrix_queries")
    return RunGates(
        toffoli=lambda width, ancillas, controls: uses * (width + qubits - 2 + controls),
        rotations=lambda controls: uses * (1 + controls),
        controlled_matrices=uses,
        controlled_states=symbol("state_queries"),
    )


@dataclass(frozen=True, kw_only=True)
class Solver:
    r"""A solver as the pipeline sees it.

    A *run* has no measurement and no restart inside, so it can be amplified; an *expected* count
    has both, so it can only be repeated. All expressions are in `kappa_eff` and `epsilon`, the
    error of the solution in state norm; those that say so also in `xi`. None is rounded: whoever
    needs whole queries rounds them up.

    Args:
        name: as in `algorithm.solver`.
        matrix_queries: the named formula `solver.<name>.matrix_queries`: expected uses of U_A of one
            solution, restarts included; of one run where its meaning says so.
        state_queries: the same for U_b.
        run_queries: uses of U_A of one run.
        expected_queries: uses of U_A until one run has succeeded, restarts included; may hold `xi`.
        flag_prob: probability that a run flags success; may hold `xi`.
        flag_kind: `proven` where that probability is exact, `assumed` where it is a lower bound:
            the runs are then amplified by a fixed-point sequence.
        states_per_query: uses of U_b that come with each use of U_A.
        states_per_run: uses of U_b that come with each run, however long it is.
        qubits: ancillas of the solver itself, beyond those of the encoding; may hold an argument of
            its circuit.
        kind: how the constants are known.
        gates: gates of one run beside its uses of U_A and U_b.
        conditions: hypotheses of its theorem beyond kappa_eff >= 1 and 0 < epsilon < 1.
        assumptions: what its figures rest on.
        warnings: (code, message) pairs of jobs that amplify its runs.
        run_source: of `run_queries`, where it is not that of `matrix_queries`.
        flag_source: of `flag_prob`, where it is not that of `matrix_queries`.
    """

    name: str
    matrix_queries: Formula
    state_queries: Formula
    run_queries: Any
    expected_queries: Any
    flag_prob: Any
    flag_kind: Kind
    states_per_query: int = 0
    states_per_run: int = 0
    qubits: Any
    kind: Kind
    gates: RunGates
    conditions: tuple[Condition, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()
    run_source: Source | None = None
    flag_source: Source | None = None

    @property
    def has_circuit(self) -> bool:
        """Whether its runs can be counted from a circuit."""
        return self.gates.bloq is not None

    def state_queries_of(self, queries: Any) -> Any:
        r"""Return the uses of U_b that come with `queries` whole uses of U_A.

        The number of runs is $\lceil \text{queries}/Q_A\rceil$ with $Q_A$ the symbol
        `matrix_queries`, the rounded uses of U_A of one run. It is exact both for one run,
        `state_queries_of(symbol("matrix_queries"))`, and for the rounded total of repeated ones:
        $\lceil\lceil r Q_A\rceil/Q_A\rceil = \lceil r\rceil$ for every $r$, as $Q_A$ is whole.

        Args:
            queries: uses of U_A, an expression or a number.
        """
        found = self.states_per_query * queries
        if self.states_per_run:
            found += self.states_per_run * sympy.ceiling(queries / symbol("matrix_queries"))
        return found

    def check(self, kappa_eff: float, epsilon: float) -> None:
        """Refuse values outside the hypotheses of the solver's theorem.

        Raises:
            HypothesisError: `kappa_eff` or `epsilon` lies where the theorem says nothing.
        """
        values = {"kappa_eff": kappa_eff, "epsilon": epsilon}
        numbers = {symbol(name): _exact(value) for name, value in values.items()}
        for condition in self.conditions:
            if not condition.expression.subs(numbers):
                free = sorted(str(s) for s in condition.expression.free_symbols)
                found = ", ".join(f"{name} = {float(values[name]):.6g}" for name in free)
                advice = "another algorithm.solver has no such limit"
                raise HypothesisError(f"solver {self.name}", found, condition.text, advice)


def _exact(value: Any) -> Any:
    return sympy.Rational(Fraction(value))


def run_by_markov(expected: Formula) -> dict[str, Any]:
    """Return the one-run figures of a solver of which only the expected queries are known.

    Cut off at twice the expected count a run succeeds with probability at least 1/2 (Markov's
    inequality), provided that the record of its branches is uncomputed.
    """
    text = (
        "a run cut off at twice its expected queries flags success with probability at least 1/2"
        " (Markov's inequality), and the record of its branches is uncomputed at no cost"
    )
    warning = (
        "W-EXPECTED",
        "an expected-count solver stands inside amplification: runs are cut off at twice the"
        " expected queries (Markov's inequality)",
    )
    return {
        "run_queries": 2 * expected.expression,
        "expected_queries": expected.expression,
        "flag_prob": sympy.Rational(1, 2),
        "flag_kind": "assumed",
        "assumptions": (Assumption(text=text, factor=2.0, favours="quantum"),),
        "warnings": (warning,),
        "run_source": replace(expected.source, where=f"twice {expected.source.where}"),
        "flag_source": derived("Markov's inequality at twice the expected queries"),
    }


@cache
def solvers() -> dict[str, Solver]:
    """Return every solver by name: each module of this folder that has a `SOLVER`."""
    return members(folder, "SOLVER")


@cache
def solver(name: str) -> Solver:
    """Return the solver of that name, or refuse it with the nearest names."""
    return one(folder, "SOLVER", name, "algorithm.solver: unknown solver")
