r"""A quadratic observable $u^T O u$, to `error.total` $\alpha_O\lVert u\rVert^2$.

Measured as it stands, $A = P p_{\mathrm{run}}\,\hat u^T O\hat u/\alpha_O$ costs $1/P$; on amplified
states $A = \hat u^T O\hat u/\alpha_O$ costs $1/\sqrt P$ times the length of the amplification. The
cheaper is taken. An error $\delta$ of the vector moves the result by
$(2\delta + \delta^2)\alpha_O\lVert u\rVert^2$, so shares of $S$ in all become $S/2.5$ of the vector:
$2S/2.5 + (S/2.5)^2 \le S$ up to $S = 1.25$.
"""

from __future__ import annotations

from typing import Any

import sympy

from qres.algorithms.readouts.base import Mode, Parts, Readout
from qres.algorithms.readouts.estimate import FOURIER
from qres.algorithms.readouts.norm import norm_definitions, norm_part, norm_stage, vector_root
from qres.algorithms.readouts.observable import (
    FAILURES,
    READ_SHARE,
    ROUNDS,
    estimate_definitions,
    estimate_part,
    estimate_unit,
    tests,
)
from qres.algorithms.readouts.turn import turn
from qres.algorithms.record import Assumption, Stage, Unit
from qres.algorithms.system import Definitions, System, with_reference
from qres.notation.formula import Condition, Formula, define
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

_PROB, _ERROR, _ALPHA, _NORM = symbols("success_prob error_abs operator_alpha update_norm")
_PART = sympy.Rational(2, 5)
_RANGE = (
    Condition(_ERROR > 0, "error_abs > 0"),
    Condition(_ALPHA > 0, "operator_alpha > 0"),
    Condition(_NORM > 0, "update_norm > 0"),
    Condition(sympy.And(_PROB > 0, _PROB <= 1), "0 < success_prob <= 1"),
)

AMPLITUDE = Formula(
    name="readout.observable-quadratic.amplitude_error",
    meaning="error of the expectation value that an absolute error of u.O.u allows",
    expression=_ERROR * _PROB / (_ALPHA * _NORM**2),
    inputs=("error_abs", "success_prob", "operator_alpha", "update_norm"),
    source=derived("u.O.u = norm(u)^2 alpha_O A / P; P = 1 once it is amplified"),
    kind="proven",
    letter=r"\epsilon_A",
    conditions=_RANGE,
)

FORMULAS = (AMPLITUDE,)


def _definitions(system: System, mode: Mode) -> Definitions:
    name, split = system.name, sympy.sqrt(1 + symbol("share_readout")) - 1
    is_direct = mode == "direct"
    # 1/(1 - e) for one probability, (1 + e)/(1 - e) for the ratio of two, is at most 1 + split
    norm = split / (1 + split) if is_direct else split / (2 + split)
    largest = symbol("operator_alpha") * system.read_norm**2
    amplitude = AMPLITUDE.at(
        error_abs=symbol("observable_error"),
        success_prob=symbol("norm_prob") if is_direct else 1,
        update_norm=system.read_norm,
    )
    source = derived("product of an amplitude and a norm, even split")
    return (
        define(f"{name}.eps_observable", "error but for the norm", split, source, kind="proven"),
        *norm_definitions(system, norm, estimates=1 if is_direct else 2),
        define(
            f"{name}.observable_error",
            "absolute error that the expectation value leaves to the observable",
            symbol("eps_observable") * largest,
            derived("relative to alpha_O norm(u)^2"),
        ),
        define(
            f"{name}.eps_amplitude",
            AMPLITUDE.meaning,
            amplitude,
            AMPLITUDE.source,
            kind="proven",
        ),
        *estimate_definitions(system),
    )


def _stages(system: System, mode: Mode) -> tuple[Stage, ...]:
    estimate = Stage(
        name="observable",
        calls=symbol("observable_repeats"),
        unit=_estimate(system, mode),
        kind="proven",
        source=ROUNDS.source,
        meaning="amplitude estimates of the expectation value",
    )
    return estimate, norm_stage(system, estimates=1 if mode == "direct" else 2)


def _estimate(system: System, mode: Mode) -> Unit:
    if mode == "direct":
        beside = with_reference(system)
        return estimate_unit(beside, _test(beside, mode), 1)
    return estimate_unit(system, _test(system, mode))


def _test(system: System, mode: Mode) -> Unit:
    """Return the price of one Hadamard test; only the operator, and the flag, have its control.

    A run that was not amplified is told apart where it is not wanted, by one more qubit.
    """
    run, outside = system.run(0), int(mode == "direct")
    told = outside * (system.registers() + system.sign(1) + 2)
    if mode == "direct":
        toffoli, rotations = run.toffoli + system.sign(1) + 1, run.rotations
    else:
        invocations, turns = symbol("invocations"), symbol("rounds")
        price, phases = turn(system, 0)
        toffoli = invocations * run.toffoli + turns * price
        rotations = invocations * run.rotations + turns * phases
    return Unit(
        toffoli=toffoli + symbol("operator_toffoli"),
        rotations=rotations,
        qubits=sympy.Max(run.qubits, told) + 1 + outside,
        active=run.active + 1 + outside,
    )


def _parts(parts: Parts, mode: Mode) -> list[tuple[Any, Any]]:
    from qres.bloqs.amplification import AmplifiedState
    from qres.bloqs.observable import ExpectationTest, GivenOperator

    is_direct = mode == "direct"
    test = ExpectationTest(
        AmplifiedState(parts.run, 0) if is_direct else parts.state,
        GivenOperator(parts.values["operator_toffoli"]),
        is_direct,
        **({**parts.wanted, "reference_bitsize": 1} if is_direct else {}),
    )
    return [
        estimate_part(test, parts.values),
        *norm_part(parts, estimates=1 if is_direct else 2),
    ]


READOUT = Readout(
    name="observable-quadratic",
    keys={"kind": "observable", "of": "quadratic"},
    modes=("direct", "coherent"),
    definitions=_definitions,
    stages=_stages,
    parts=_parts,
    amplified=lambda mode: (
        tests() * symbol("observable_repeats") if mode == "coherent" else sympy.Integer(0)
    ),
    has_plain=False,
    is_coherent=True,
    shares=(READ_SHARE,),
    failures=FAILURES,
    assumptions=(
        FOURIER,
        Assumption(
            text="the operator's block-encoding costs what is typed as operator_toffoli, has no"
            " rotations and needs no qubits of its own",
            factor=None,
            favours="quantum",
        ),
    ),
    settings=("operator_alpha", "operator_toffoli"),
    root=lambda system: vector_root(system, _PART),
    spread=lambda error: 2 * error + error**2,
    relative_to="operator_alpha times the squared norm of the vector",
)
