r"""Tomography of a real vector, with signs: what its members share.

Sampling measures copies of the state and of a controlled circuit for the signs, one family each.
Coherent access uses the preparing unitary and its inverse; its constant is unknown and set to 1, so
everything built on it is asymptotic. Only the direction is read, the norm is its own stage.

With `norm: l2` the result $\hat u$ obeys $\lVert\hat u - u\rVert_2 \le$ `error.total` $\lVert u\rVert_2$;
with `norm: linf` every entry does, $\max_i|\hat u_i - u_i| \le$ `error.total` $\lVert u\rVert_2$,
which for $d$ equal entries is weaker by $\sqrt d$.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from qres.algorithms.readouts.base import Mode, Parts, Readout
from qres.algorithms.readouts.estimate import FOURIER
from qres.algorithms.readouts.norm import norm_definitions, norm_part, norm_stage, vector_root
from qres.algorithms.readouts.reference import (
    hadamard_test,
    reference_definitions,
    rotations_beside,
)
from qres.algorithms.readouts.shots import SHOT_PART, shot_definitions
from qres.algorithms.readouts.stages import plain_stages
from qres.algorithms.readouts.turn import turn
from qres.algorithms.record import Assumption, ClassicalWork, Share, Stage
from qres.algorithms.system import Definitions, System
from qres.notation.formula import Condition, Formula, define
from qres.notation.source import Source, derived
from qres.notation.symbols import symbol, symbols

_DIM, _EPS, _FAIL, _COPIES = symbols("dim epsilon fail_prob copies")
_LEVELS = symbol("index_bits")
INPUTS = ("dim", "epsilon", "fail_prob")
RANGE = (
    Condition(sympy.Ge(_DIM, 1), "dim >= 1"),
    Condition(sympy.And(_EPS > 0, _EPS < 1), "0 < epsilon < 1"),
    Condition(sympy.And(_FAIL > 0, _FAIL < 1), "0 < fail_prob < 1"),
)
UNKNOWN_CONSTANT = Assumption(
    text="coherent tomography: constant and further logarithms unknown, set to 1;"
    " likely 10 to 100 times more",
    factor=100.0,
    favours="quantum",
)


def split(system: System) -> Any:
    r"""Return the error $e$ of the direction, and of the norm: $(1 + e)^2 - 1$ is the share."""
    share = _share(system)
    # sqrt(1 + share) - 1 without cancellation
    return share / (1 + sympy.sqrt(1 + share))


def _probability_split(system: System) -> Any:
    r"""Return the error $\eta$ of each probability: $(1 + \eta)/(1 - \eta) = (1 + e)^2$."""
    share = _share(system)
    return share / (2 + share)


def _share(system: System) -> Any:
    return symbol("share_readout") / system.readout_stretch


READ_SHARE = Share(
    name="eps_readout",
    symbol="share_readout",
    value="eps_tomography",
    bought=("copies", "states prepared"),
)


def tomography(name: str, norm: str, copies: Formula) -> Readout:
    """Return the member that reads with coherent access."""
    return Readout(
        name=name,
        keys={"kind": "tomography", "norm": norm, "access": "coherent"},
        modes=("coherent",),
        definitions=lambda system, mode: _definitions(system, copies),
        stages=lambda system, mode: (norm_stage(system),),
        parts=lambda parts, mode: norm_part(parts),
        amplified=lambda mode: _COPIES,
        has_plain=True,
        is_coherent=True,
        reconstruction=(_reconstruction(1),),
        shares=(READ_SHARE,),
        root=vector_root,
        failures=("fail_tomography", "fail_norm"),
        assumptions=(UNKNOWN_CONSTANT, FOURIER),
    )


def sampled_tomography(name: str, norm: str, copies: Formula) -> Readout:
    """Return the member that measures plain copies and sign circuits, `copies` of each."""
    whole = Readout(
        name=name,
        keys={"kind": "tomography", "norm": norm, "access": "sampling"},
        modes=("coherent", "repeat"),
        definitions=lambda system, mode: _sampling_definitions(system, mode, copies),
        stages=lambda system, mode: (_sign_stage(system, copies.source), norm_stage(system)),
        parts=_sampling_parts,
        amplified=lambda mode: (2 if mode == "coherent" else 1) * _COPIES,
        has_plain=True,
        is_coherent=False,
        controls=1,
        rotations=rotations_beside,
        reconstruction=(_reconstruction(2),),
        shares=(READ_SHARE,),
        root=vector_root,
        failures=("fail_tomography", "fail_norm"),
        assumptions=(FOURIER,),
    )
    return replace(whole, variants=(_per_shot(whole, copies),))


def _per_shot(whole: Readout, copies: Formula) -> Readout:
    return replace(
        whole,
        rule="per shot",
        definitions=lambda system, mode: _sampling_definitions(
            system, mode, copies, kept=1 - SHOT_PART
        ),
        failures=(*whole.failures, "fail_run"),
        logical=lambda system, mode: shot_definitions(
            system,
            SHOT_PART * split(system),
            plain_stages(system, whole, mode),
            [_sign_stage(system, copies.source)],
            [norm_stage(system)],
        ),
    )


def _definitions(
    system: System, copies: Formula, kept: Any = 1, succeeding: Any = 1
) -> Definitions:
    eps_tomo, fail_tomo = symbols("eps_tomography fail_tomography")
    name = system.name
    return (
        define(
            f"{name}.eps_tomography",
            "error of the direction, in several segments the one of equal cost in all",
            kept * split(system),
            derived("perturbation of the normalised block, even split"),
            kind="proven",
        ),
        define(
            f"{name}.copies",
            copies.meaning,
            sympy.ceiling(
                copies.at(epsilon=eps_tomo, fail_prob=fail_tomo / system.segments) / succeeding
            ),
            copies.source,
            kind=copies.kind,
            bound=copies.bound,
        ),
        *norm_definitions(system, _probability_split(system)),
    )


def _sampling_definitions(
    system: System, mode: Mode, copies: Formula, kept: Any = 1
) -> Definitions:
    known = reference_definitions(system.name, symbol("eps_tomography"), _LEVELS)
    is_exact = mode == "coherent" and system.is_exact
    succeeding = 1 - symbol("fail_state") if is_exact else 1
    return (*_definitions(system, copies, kept, succeeding), *known)


def _sign_stage(system: System, source: Source) -> Stage:
    run, plain, rounds = system.run(1), system.run(0), symbol("rounds")
    toffoli, rotations = turn(system, 1)
    state = replace(
        run,
        toffoli=run.toffoli + 2 * rounds * plain.toffoli + rounds * toffoli,
        rotations=run.rotations + 2 * rounds * plain.rotations + rounds * rotations,
    )
    return Stage(
        name="sign circuits",
        calls=_COPIES,
        unit=hadamard_test(system, _LEVELS, state),
        kind="proven",
        source=source,
        meaning="controlled amplified states, superposed with a reference, for the signs",
        shots=_COPIES,
    )


def _sampling_parts(parts: Parts, mode: Mode) -> list[tuple[Any, Any]]:
    from qres.bloqs.observable import HadamardTest

    known, low = parts.reference(parts.values["index_bits"])
    test = HadamardTest(parts.state, known, vector_low=low)
    return [(test, parts.values["copies"]), *norm_part(parts)]


def _reconstruction(families: int) -> Stage:
    return Stage(
        name="reconstruct",
        calls=sympy.Integer(1),
        unit=ClassicalWork(flops=families * _COPIES + 4 * _DIM),
        kind="assumed",
        source=derived("one addition a copy, four operations an entry; a lower estimate"),
        meaning="counts to amplitudes, signs and norm on the classical device",
    )
