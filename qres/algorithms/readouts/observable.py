r"""Observables of a real solution: what their members share.

An observable is an amplitude $A$ of the run, estimated by Hadamard tests inside amplitude estimation;
an odd median of estimates bounds the failure. A test succeeds with $(1 + A)/2$, so
$\pi/M + \pi^2/M^2 \le \epsilon_A/2$, which $M = \lceil\pi(1 + \sqrt{1 + 2\epsilon_A})/\epsilon_A\rceil$
solves exactly.

The run is that of the system with the reference row of the norm stage. With $Q$ the measured
probability of that row, flag included, $w\cdot u = \lVert w\rVert\gamma b_{\mathrm{ref}}
A/\sqrt{(p+1)Q}$ for $A = \langle w|\psi\rangle$, and
$u^T O u = \alpha_O\gamma^2 b_{\mathrm{ref}}^2 A/((p+1)Q)$ for $A = \langle\psi|U_O|\psi\rangle$ on
the read block: the unknown flag probability cancels.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from qres.algorithms.amplification import ESTIMATE_REPEATS, LEAST_FAIL
from qres.algorithms.readouts.estimate import estimate
from qres.algorithms.record import Share, Unit
from qres.algorithms.system import Definitions, System
from qres.notation.formula import Condition, Formula, define
from qres.notation.source import BRASSARD_2002, Source
from qres.notation.symbols import symbol, symbols

_EPS = symbol("epsilon")

ROUNDS = Formula(
    name="readout.observable.rounds",
    meaning="Grover iterations that estimate an amplitude in [-1, 1] to absolute error epsilon",
    expression=sympy.ceiling(sympy.pi * (1 + sympy.sqrt(1 + 2 * _EPS)) / _EPS),
    inputs=("epsilon",),
    source=Source("Theorem 12 with k = 1 for a Hadamard test, solved for M", BRASSARD_2002),
    kind="proven",
    unit="rounds",
    letter="M",
    conditions=(Condition(_EPS > 0, "epsilon > 0"),),
)

FORMULAS = (ROUNDS,)

FAILURES = ("fail_observable", "fail_norm")

READ_SHARE = Share(
    name="eps_readout",
    symbol="share_readout",
    value="eps_amplitude",
    bought=("observable_rounds", "Grover iterations per estimate"),
)


def estimate_definitions(system: System) -> Definitions:
    """Return iterations and repetitions of the estimate to `eps_amplitude`."""
    fail = symbol("fail_observable")
    return (
        define(
            f"{system.name}.observable_rounds",
            "Grover iterations of one estimate of the observable",
            ROUNDS.at(epsilon=symbol("eps_amplitude")),
            ROUNDS.source,
            kind="proven",
        ),
        define(
            f"{system.name}.observable_repeats",
            "estimates of the observable",
            ESTIMATE_REPEATS.at(fail_prob=fail),
            ESTIMATE_REPEATS.source,
            kind="proven",
            conditions=(
                Condition(
                    sympy.Ge(fail, LEAST_FAIL),
                    "error.fail_prob that leaves 1e-40 to the observable",
                ),
            ),
        ),
    )


def tests() -> Any:
    """Return the Hadamard tests of one estimate, $2M + 1$."""
    return 2 * symbol("observable_rounds") + 1


def estimate_unit(system: System, test: Unit, extra: Any = 0, bits: tuple[Any, ...] = ()) -> Unit:
    """Return the price of one estimate whose Hadamard test costs `test`.

    Each iteration turns about the start, with a control, on one qubit more than a run has.

    Args:
        system: what is solved.
        test: one Hadamard test.
        extra: further qubits of the test.
        bits: of further angles.
    """
    rounds: Any = symbols("observable_rounds")[0]
    reflected = system.registers(*bits) + system.ladder(1) + 1 + 2 * extra
    found = estimate(test, rounds, system.reflection(1) + 1 + extra, reflected)
    return replace(found, active=found.active + 1)


def estimate_part(test: Any, values: Any) -> tuple[Any, Any]:
    """Return the circuit of one estimate of a Hadamard test, and how many there are."""
    from qres.bloqs.estimation import AmplitudeEstimation, OutcomeZero

    circuit = AmplitudeEstimation(test, OutcomeZero(), values["observable_rounds"])
    return circuit, values["observable_repeats"]
