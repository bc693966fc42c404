r"""The discrete adiabatic solver with filter: what its two members, of different constant, share.

Claim: $\alpha_w\kappa/\Delta$ steps of a quantum walk reach the solution to error $\Delta$; a
Dolph-Chebyshev filter of $\kappa\ln(2/\epsilon)$ further steps brings the rest down to $\epsilon$ and
flags success with probability $P = 1 - \delta(1-\epsilon^2)$, $\delta = \Delta^2 - \Delta^4/4$. With
retries the expected steps are
$C = \frac12\kappa\ln\frac2\epsilon\,(P^{-k_r} + 1) + \frac{\alpha_w\kappa}{\Delta}P^{-k_r}$ at the best
$\Delta$: a failed filter is noticed half-way on average. Each step uses $U_A$ twice and $U_b$ four
times.

Sources: Costa, An, Sanders, Su, Babbush and Berry, arXiv:2111.08152 (walk, filter); Costa, An,
Babbush and Berry, arXiv:2312.07690 (constants, expected steps). Queries per step: Dalzell et al.,
arXiv:2211.12489.

Departures: $k_r = 2$ as published; retrying failed runs whose filter stops half-way gives
$k_r = 1$ (derived), about 15 % less, so 2 is kept as the dearer. A run without restarts takes
the whole filter. Its $\Delta$ minimises the cost of amplifying it, steps$/\sqrt P$, once for each
constant and not again for each $\epsilon$: with a $\Delta$ that moves with $\epsilon$ the whole
number of amplification rounds drops now and then, and more precision would cost less.
$\Delta^2 = 2/3$ is the best where the walk outweighs the filter, $\Delta = 1/2$ for a constant
near 2; over $10^{-12} \le \epsilon \le 0.1$ they lose at most 0.1 % and 3.5 %. Flag and filter of a
run are made for one and the same $\Delta$, the error of the evolution that is charged: the promised
one where the constant is proven, a larger one where simulations found that. The filter leaves at most
$\epsilon$, so a run is amplified with the lower bound $1 - \delta$. An evolution off by $\Delta$ has
$\tan\theta = \sqrt\delta/(1 - \Delta^2/2)$ of the
rest for each part of the solution, and a filter of height $\epsilon'$ leaves $\epsilon'\tan\theta$ of
it: at $\Delta^2 = 2/3$ that is $1.118\,\epsilon'$, so the filter is made for
$\epsilon' = \epsilon/\max(1, \tan\theta)$. The circuit of a run (`qres.bloqs.adiabatic_walk`) takes
whole numbers: an even number of walk steps, a filter of odd length
$L \ge \kappa\ln(2/\epsilon')$ and one step back, so at most five steps more than the formula of a run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import sympy

from qres.algorithms.record import Assumption
from qres.algorithms.solvers.base import RunGates, Solver
from qres.algorithms.solvers.frame import (
    EPSILON,
    EPSILON_RANGE,
    KAPPA,
    RANGE,
    even_above,
    odd_above,
    queries,
)
from qres.notation.formula import Condition, Formula
from qres.notation.quantity import Kind
from qres.notation.searches import adiabatic_cost
from qres.notation.source import Source, derived
from qres.notation.symbols import symbols

_CONSTANT, _POWER, _ERROR = symbols("constant retry_power adiabatic_error")
_LOG = sympy.log(2 / EPSILON)

EXPECTED_STEPS = KAPPA * (_LOG / 2 + adiabatic_cost(_LOG / 2, _CONSTANT, _POWER, EPSILON))
_OVERLAP = 1 - _ERROR**2 / 2
REST = sympy.Max(1, sympy.sqrt(1 - _OVERLAP**2) / _OVERLAP)
RUN_STEPS = KAPPA * (_CONSTANT / _ERROR + sympy.log(2 * REST / EPSILON))
FLAG_PROB = 1 - (_ERROR**2 - _ERROR**4 / 4) * (1 - EPSILON**2)

_OVERLAPPING = derived("overlap 1 - error^2/2 with the solution, of the rest epsilon is left")
_SIMULATED = derived("the same, of an error above those that simulated runs had; not proven")

_CONSTANT_RANGE = Condition(sympy.Ge(_CONSTANT, 1e-9), "constant >= 1e-9")
_POWER_RANGE = Condition(sympy.Ge(_POWER, 0), "retry_power >= 0")
_ERROR_RANGE = Condition(sympy.And(_ERROR > 0, _ERROR <= 1), "0 < adiabatic_error <= 1")


def adiabatic_formulas(
    model: str,
    constant: Any,
    run: tuple[Any, Any],
    source: Source,
    kind: Kind,
    simulated: Source | None = None,
) -> tuple[Formula, ...]:
    r"""Return steps, uses of U_A and of U_b, and steps and chance of a run without restarts.

    Args:
        model: name of the solver.
        constant: default of $\alpha_w$ where restarts are expected.
        run: defaults of $\alpha_w$ and of $\Delta$ of a run without restarts, for filter and flag.
        source: of the constant.
        kind: how the constant is known.
        simulated: source of those of a run where they rest on simulations.
    """
    expected = {
        "source": source,
        "kind": kind,
        # whole numbers of steps, at most five more, are not in the named formulas
        "bound": "two-sided",
        "inputs": ("kappa_eff", "epsilon", "constant", "retry_power"),
        "defaults": {"constant": constant, "retry_power": 2},
        "conditions": (*RANGE, _CONSTANT_RANGE, _POWER_RANGE),
    }
    single = expected | {
        "source": simulated or source,
        "inputs": ("kappa_eff", "epsilon", "constant", "adiabatic_error"),
        "defaults": dict(zip(("constant", "adiabatic_error"), run, strict=True)),
        "conditions": (*RANGE, _CONSTANT_RANGE, _ERROR_RANGE),
    }
    flag = {
        "source": _SIMULATED if simulated else _OVERLAPPING,
        "kind": "assumed" if simulated else "proven",
        "unit": "1",
        "inputs": ("epsilon", "adiabatic_error"),
        "defaults": {"adiabatic_error": run[1]},
        "conditions": (EPSILON_RANGE, _ERROR_RANGE),
    }
    steps = "walk and filter steps"
    solution = "for one solution, expected, restarts included"
    what = {
        "walk_steps": ("C", f"{steps} {solution}", EXPECTED_STEPS, expected | {"unit": "steps"}),
        "matrix_queries": (
            "Q_A",
            f"uses of the encoded matrix {solution}",
            2 * EXPECTED_STEPS,
            expected,
        ),
        "state_queries": (
            "Q_b",
            f"uses of the encoded right-hand side {solution}",
            4 * EXPECTED_STEPS,
            expected,
        ),
        "run_steps": (
            "",
            f"{steps} of one run without restarts",
            RUN_STEPS,
            single | {"unit": "steps"},
        ),
        "flag_prob": (
            r"p_{\mathrm{run}}",
            "probability that a run flags success, if the evolution is off by adiabatic_error",
            FLAG_PROB,
            flag,
        ),
    }
    return tuple(
        queries(f"{model}.{name}", letter, meaning, expression, **pedigree)
        for name, (letter, meaning, expression, pedigree) in what.items()
    )


def adiabatic_gates(constant: Any, error: Any, *, is_published: bool) -> RunGates:
    r"""Return what a run asks beside its uses of U_A and U_b.

    Each step has two reflections about $b$, one about the zeros of the encoding's ancillas, and, on
    the way, the weights of the two terms of $H$ twice; the filter has a rotation a step instead.

    Args:
        constant: $\alpha_w$ of a run.
        error: $\Delta$ of a run, for its filter as for its flag.
        is_published: whether the weights take two rotations, as published, or one.
    """
    walk, length = symbols("walk_steps filter_length")

    def toffoli(width: Any, ancillas: Any, controls: int) -> Any:
        about_source = 2 * (walk + length + 1) * (width + 1 + controls)
        kept = (walk + 1) * ancillas
        return about_source + kept + length * (ancillas + controls)

    def bloq(matrix: Any, source: Any, width: Any, values: Mapping[str, Any]) -> Any:
        from qres.bloqs.adiabatic_walk import AdiabaticRun

        return AdiabaticRun(
            block_encoding=matrix,
            right_hand_side=source,
            index_bitsize=width,
            walk_steps=values["walk_steps"],
            filter_length=values["filter_length"],
            is_published=is_published,
        )

    turns = 2 * (1 + is_published)
    rest = math.log(max(1.0, math.sqrt(1 - (1 - error**2 / 2) ** 2) / (1 - error**2 / 2)))
    return RunGates(
        toffoli=toffoli,
        rotations=lambda controls: turns * (1 + controls) * walk + length - 1,
        arguments=(
            ("walk_steps", "steps of the walk, even", even_above(constant * KAPPA / error)),
            ("filter_length", "length of the filter, odd", odd_above(KAPPA * (_LOG + rest))),
        ),
        matrix_controls=1,
        bloq=bloq,
    )


def adiabatic_solver(
    model: str,
    formulas: tuple[Formula, ...],
    gates: RunGates,
    *assumptions: Assumption,
) -> Solver:
    """Return the solver whose formulas `adiabatic_formulas` built.

    Args:
        model: name of the solver.
        formulas: in that order.
        gates: of one run.
        assumptions: beyond those of every member.
    """
    _, matrix, state, run, flag = formulas
    walk, length = (expression for _, _, expression in gates.arguments)
    return Solver(
        name=model,
        matrix_queries=matrix,
        state_queries=state,
        run_queries=2 * (walk + length + 1),
        expected_queries=matrix.at(),
        # the filter leaves at most epsilon of the rest: without it this is a bound from below
        flag_prob=flag.at(epsilon=0),
        flag_kind="assumed",
        states_per_query=2,
        states_per_run=1,
        qubits=6,
        gates=gates,
        kind=matrix.kind,
        assumptions=assumptions,
        run_source=run.source,
        flag_source=flag.source,
    )
