r"""The norm of what is read, and of the run that a direct estimate reads.

A reference of known weight stands beside the system ($L \oplus \sigma$, $b \oplus b_{\mathrm{ref}}$,
$\sigma = 1/\lVert L^{-1}\rVert$), chosen so that its probability equals that of the read block,
$b_{\mathrm{ref}} = \sigma\sqrt P\,\lVert x\rVert$. Amplitude estimates of both give the
norm of the block as a ratio, free of the flag probability,
$\lVert u\rVert = \gamma\,(b_{\mathrm{ref}}/\sigma)\sqrt{P'/((p+1)P_{\mathrm{ref}})}$; an estimate
of the reference alone gives the factor between a directly measured amplitude and its observable.

**What it changes.** Index and ancillas are a qubit longer, each $U_A$ has a control and two rotations
more, each $U_b$ one rotation (`qres.algorithms.system.with_reference`). $\kappa_{\mathrm{eff}}$ stays.
$\xi' = \lVert L^{-1}\rVert\lVert b'\rVert/\lVert x'\rVert = \sqrt{(\xi^2 + P)/(1 + P)}$ is at most
$\xi$, so flags of the system hold from below. ($\sigma = 1$ would leave
$\sqrt{(\xi^2 + P\lVert L^{-1}\rVert^2)/(1 + P)}$: the flag of a polynomial, $1/(C\xi')^2$, would fall
by $\lVert L^{-1}\rVert^2/\xi^2$.) An error $\epsilon_b$ of the vector moves the solution by at most
$\xi\epsilon_b$ still: in the reference it is multiplied by $b_{\mathrm{ref}}/\sigma$ alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from qres.algorithms.amplification import ESTIMATE_REPEATS, ESTIMATE_ROUNDS, LEAST_FAIL
from qres.algorithms.readouts.base import Parts
from qres.algorithms.readouts.estimate import estimate
from qres.algorithms.record import Stage
from qres.algorithms.system import Definitions, System, with_reference
from qres.notation.formula import Condition, define
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

_PROB = symbol("success_prob")


def vector_root(system: System, part: Any = 1) -> Any:
    r"""Return what stands for $\sqrt P$ in $2\epsilon/\sqrt P$ where direction and norm are both read.

    A state off by $\epsilon$ turns the read block by $\arcsin x$ at most, $x = \epsilon/\sqrt P$. Beside
    the reference both have the amplitude $\sqrt{P/(1+P)}$, and the ratio of both is at most
    $\rho = (1 + y\sqrt{2 - y^2})/(1 - y^2)$, $y = x\sqrt{1+P}$. The vector is off by
    $V = \sqrt{(\rho-1)^2 + 2\rho(1 - \sqrt{1-x^2})}$, and what is read of it is read $\rho$ times too
    large. With $E = E_s + E_r$ the sum of the shares, of the state and of the read-out,
    $\epsilon = \mathrm{share}\,\sqrt P/(\sqrt{3+2P}\,(1+E))$ leaves $V + \rho E_r \le E$.

    **Proof.** With $t = E_s/(1+E) < 1$ and $a = (1+P)/(3+2P) \le 2/5$, $y^2 = a t^2$ and
    $x^2 = (1-2a)t^2 \le t^2/3$. As $\sqrt{2-y^2} \le \sqrt 2$,
    $\rho - 1 \le \sqrt2\,y/(1-y) \le \sqrt{2a}\,t\,r$ with $r = 1/(1 - \sqrt{.4}\,t)$, and
    $2(1 - \sqrt{1-x^2}) \le x^2(1+x^2)$. So $V^2/t^2$ is at most a mean, of weights $2a$ and
    $1 - 2a$, of $r^2$ and $(1 + \sqrt{.8}\,t\,r)(1 + t^2/3)$. Both are at most $1/(1-t)^2$: the first
    as $r \le 1/(1-t)$; the second is $(1 + (\sqrt{.8}-\sqrt{.4})t)\,r\,(1+t^2/3)$, where
    $(1 + .263\,t)(1-t) \le 1/r$ and $(1+t^2/3)(1-t) \le 1$. So
    $V \le t/(1-t) = E_s/(1+E_r)$, and $V + (\rho-1)E_r \le V(1+E_r) \le E_s$.

    **Of the estimates themselves.** Their rounds are for `norm_prob`, the probability of a run without
    errors. Where errors leave an amplitude of $1 + u$ times as much the relative error of its estimate
    is $(1+u)^{-2}$ times as large at most, and $E_r$ grows by the order $y E_r$. The ratio is the
    largest where $u$ of the block and $v$ of the reference are opposite, and there the two growths
    cancel: $V + \rho E_r \le E$ holds with them too (all $u^2 + v^2 = y^2$ on a grid of $P$, flag,
    $E_s$ and $E_r$, in the tests; not derived).

    A functional is a ratio of two amplitudes of the run with the reference, off by
    $\sqrt2\,y/(1-y) \le t/(1-t)$ at most, and read $1/(1-y) \le 1 + t/(1-t)$ times too large: within
    $E$ likewise, and so is the vector of a quadratic form.

    Args:
        system: what is solved.
        part: of the shares that is an error of the vector.
    """
    names = ("share_encoding", "share_solver", "share_rotation", "share_readout")
    whole = part * sympy.Add(*symbols(" ".join(names))) / sympy.Min(1, system.stretch)
    return 2 * part * sympy.sqrt(_PROB) / (sympy.sqrt(3 + 2 * _PROB) * (1 + whole))


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
            "probability of the read block beside a reference of equal weight, and of the flag",
            symbol("flag_prob") * _PROB / (1 + _PROB),
            derived("reference with b_ref chosen so that both probabilities agree"),
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
    """Return the stage of the estimates: of the reference, and before it of the read block."""
    beside = with_reference(system)
    run, rounds, start = beside.run(0), symbol("norm_rounds"), beside.reflection(1)
    ladder = beside.registers() + beside.ladder(0)
    # the reference is told by one qubit and the flags
    unit = estimate(run, rounds, start + beside.flags, ladder)
    if estimates > 1:
        ladder = sympy.Max(ladder, beside.registers() + beside.marking(1))
        block = estimate(run, rounds, start + beside.sign(1), ladder)
        toffoli, rotations = block.toffoli + unit.toffoli, block.rotations + unit.rotations
        unit = replace(block, toffoli=toffoli, rotations=rotations)
    return Stage(
        name="norm",
        calls=symbol("norm_repeats"),
        unit=unit,
        kind="proven",
        source=ESTIMATE_ROUNDS.source,
        meaning="pairs of amplitude estimates, of the read block and of a reference"
        if estimates > 1
        else "amplitude estimates of a reference",
    )


def norm_part(parts: Parts, estimates: int = 2) -> list[tuple[Any, Any]]:
    """Return the circuits of the estimates, and how many there are of each."""
    from qres.bloqs.estimation import AmplitudeEstimation, WantedRows

    run, times = parts.run, parts.values["norm_repeats"]
    sizes = (run.index_bitsize, run.ancilla_bitsize, run.own_bitsize)
    return [
        (
            AmplitudeEstimation(
                run,
                WantedRows(*sizes, reference_bitsize=1, is_reference=is_reference, **parts.wanted),
                parts.values["norm_rounds"],
            ),
            times,
        )
        for is_reference in (False, True)[2 - estimates :]
    ]
