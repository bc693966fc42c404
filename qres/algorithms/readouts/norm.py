r"""The norm of what is read, and of the run that a direct estimate reads.

One reference row of known weight stands beside the system ($L \oplus 1$, $b \oplus b_{\mathrm{ref}}$),
chosen so that its probability equals that of the read block. Amplitude estimates of both give the
norm of the block as a ratio, free of the flag probability; an estimate of the reference row alone
gives the factor between a directly measured amplitude and its observable.
"""

from __future__ import annotations

from typing import Any

import sympy

from qres.algorithms.amplification import ESTIMATE_REPEATS, ESTIMATE_ROUNDS, LEAST_FAIL
from qres.algorithms.readouts.base import Parts
from qres.algorithms.readouts.estimate import estimate
from qres.algorithms.record import Stage
from qres.algorithms.system import Definitions, System
from qres.notation.formula import Condition, define
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

_PROB = symbol("success_prob")


def norm_definitions(system: System, epsilon: Any, estimates: int = 2) -> Definitions:
    """Return the precision of the norm stage, its probability, rounds and repetitions.

    Args:
        system: what is solved.
        epsilon: relative error of each probability.
        estimates: how many probabilities share the failure.
    """
    eps_norm, fail_norm, probability = symbols("eps_norm fail_norm norm_prob")
    name = system.name
    return (
        define(
            f"{name}.norm_prob",
            "probability of the read block beside a reference row of equal weight, and of the flag",
            symbol("flag_prob") * _PROB / (1 + _PROB),
            derived("reference row with b_ref chosen so that both probabilities agree"),
        ),
        define(
            f"{name}.eps_norm",
            "error of each probability",
            epsilon,
            derived("perturbation of the normalised block, even split"),
            kind="proven",
        ),
        define(
            f"{name}.norm_rounds",
            "Grover iterations of one estimate",
            ESTIMATE_ROUNDS.at(success_prob=probability, epsilon=eps_norm * probability),
            ESTIMATE_ROUNDS.source,
            kind="proven",
        ),
        define(
            f"{name}.norm_repeats",
            "estimates of each of the probabilities",
            ESTIMATE_REPEATS.at(fail_prob=fail_norm / (estimates * system.segments)),
            ESTIMATE_REPEATS.source,
            kind="proven",
            conditions=(
                Condition(
                    sympy.Ge(fail_norm, 2 * LEAST_FAIL),
                    "error.fail_prob that leaves 2e-40 to the norm",
                ),
            ),
        ),
    )


def norm_stage(system: System, estimates: int = 2) -> Stage:
    """Return the stage of the estimates."""
    run, rounds, repeats = system.run(0), symbol("norm_rounds"), symbol("norm_repeats")
    # the read block is an interval of rows: its other end is one more comparison
    reflections = 2 * system.reflection(1) + sympy.Max(0, symbol("index_width") - 1)
    return Stage(
        name="norm",
        calls=estimates * repeats,
        unit=estimate(run, rounds, reflections),
        kind="proven",
        source=ESTIMATE_ROUNDS.source,
        meaning="amplitude estimates of the read block and of a reference row"
        if estimates > 1
        else "amplitude estimates of a reference row",
    )


def norm_part(parts: Parts, estimates: int = 2) -> tuple[Any, Any]:
    """Return the circuit of one estimate, and how many there are."""
    from qres.bloqs.estimation import AmplitudeEstimation, WantedRows

    run = parts.run
    good = WantedRows(run.index_bitsize, run.ancilla_bitsize, run.own_bitsize)
    circuit = AmplitudeEstimation(run, good, parts.values["norm_rounds"])
    return circuit, estimates * parts.values["norm_repeats"]
