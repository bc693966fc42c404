r"""Matrix inversion by singular value transformation: what its two polynomials share.

Claim: an odd polynomial of degree $d$ within $\epsilon$ of $1/x$ on $[1/\kappa, 1]$, divided by
$C\kappa \ge \max_{[-1,1]}\lvert P\rvert$, is applied to the encoded matrix with $d$ uses of $U_A$ and
one of $U_b$; the run flags success with probability
$\lVert P(A/\alpha)b\rVert^2/(C\kappa\lVert b\rVert)^2 = 1/(C\xi)^2$,
$\xi = \lVert A^{-1}\rVert\lVert b\rVert/\lVert x\rVert$, up to a factor within $(1 \pm \epsilon)^2$.

Source: Gilyén, Su, Low and Wiebe for the transformation; the polynomials in their own modules.

State error: for singular values $\sigma_i \le 1$ each amplitude of the solution is multiplied by
$\sigma_i P(\sigma_i) \in [1-\epsilon, 1+\epsilon]$, so the direction turns by no more than
$\arcsin\epsilon$: the state is off by at most $2\sin(\frac12\arcsin\epsilon)
= \epsilon(1 + \epsilon^2/8 + \dots)$ (derived). The pipeline allows a factor
$\sqrt2$ over that, so $\epsilon$ is used for both errors.

Departures: the named query formulas count one run, because the number of runs depends on $\xi$;
the pipeline multiplies by it. A probability is at most 1: $1/(C\xi)^2$ may pass it by
the factor above only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy

from qres.algorithms.solvers.base import RunGates, Solver
from qres.algorithms.solvers.frame import queries
from qres.notation.formula import Formula
from qres.notation.source import Source, derived
from qres.notation.symbols import symbol


def _once(kappa_eff: Any, epsilon: Any) -> Any:
    """Return 1 in the shape of the arguments."""
    shape = np.broadcast_shapes(np.shape(kappa_eff), np.shape(epsilon))
    return np.ones(shape) if shape else 1


def once(kappa_eff: float, epsilon: float) -> int:
    """Return 1."""
    return 1


def _bloq(matrix: Any, source: Any, width: Any, values: Mapping[str, Any]) -> Any:
    from qres.bloqs.qsvt import InversionRun

    return InversionRun(
        block_encoding=matrix,
        right_hand_side=source,
        index_bitsize=width,
        degree=values["matrix_queries"],
    )


_USES = symbol("matrix_queries")
GATES = RunGates(
    toffoli=lambda width, ancillas, controls: (_USES - 1) * sympy.Max(0, ancillas - 1 + controls),
    rotations=lambda controls: _USES + 2 * controls,
    controlled_matrices=1,
    bloq=_bloq,
)
"""Phases about the zeros of the encoding's ancillas, between the uses of U_A."""


def qsvt_formulas(model: str, degree: Any, scale: Any, source: Source) -> tuple[Formula, ...]:
    r"""Return degree, scale, and the uses of U_A and of U_b of one run.

    Args:
        model: name of the solver.
        degree: of the polynomial, expression in `kappa_eff` and `epsilon`.
        scale: $C$, what divides the polynomial over $\kappa$, likewise.
        source: of the polynomial.
    """
    upper = {"kind": "proven", "bound": "upper"}
    run = "of one run; runs are repeated or amplified with probability 1/(scale xi)^2"
    return (
        queries(
            f"{model}.degree",
            "d",
            "degree of the polynomial within epsilon of 1/x on [1/kappa_eff, 1]",
            degree,
            source,
            **upper | {"unit": "1"},
        ),
        queries(
            f"{model}.scale",
            "",
            "what divides the polynomial, over kappa_eff; at least its maximum on [-1, 1]",
            scale,
            derived("maximum of the polynomial, see qres.notation.inversion"),
            **upper | {"unit": "1"},
        ),
        queries(
            f"{model}.matrix_queries",
            "Q_A",
            f"uses of the encoded matrix {run}",
            degree,
            source,
            **upper,
        ),
        queries(
            f"{model}.state_queries",
            "Q_b",
            f"uses of the encoded right-hand side {run}",
            sympy.Integer(1),
            source,
            evaluator=_once,
            plain=once,
            kind="proven",
        ),
    )


def qsvt_solver(model: str, formulas: tuple[Formula, ...]) -> Solver:
    """Return the solver whose formulas `qsvt_formulas` built.

    Args:
        model: name of the solver.
        formulas: in that order.
    """
    degree, scale, matrix, state = formulas
    flag_prob = sympy.Min(1, 1 / (scale.expression * symbol("xi")) ** 2)
    return Solver(
        name=model,
        matrix_queries=matrix,
        state_queries=state,
        run_queries=degree.expression,
        expected_queries=degree.expression / flag_prob,
        flag_prob=flag_prob,
        flag_kind="proven",
        states_per_run=1,
        qubits=1,
        kind="proven",
        gates=GATES,
        flag_source=derived("norm of the solution under the polynomial, 1/(scale xi), squared"),
    )
