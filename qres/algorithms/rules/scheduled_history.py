r"""The history of steps with rates $\eta_t$ of their own, as parts of a linear system.

$L = I - \sum_t |t\rangle\langle t-1| \otimes M_t$ with $M_t = I + \eta_t F_1$, or above degree 1 the lift of
that step. With $\eta = \max_t\eta_t$ it is the history of one rate $\eta$ in which every factor $F_k$ is
damped to $\eta_t/\eta$, so $\alpha_L$ is that of $\eta$. Gates of one use beside those of the history of one
rate, with $\mu = \min(m, N)$ (1 at degree 1), from the circuit of `qres.bloqs.scheduled_history`:

| part | Toffoli |
|---|---|
| rates, $\mu = 1$ | $\mathrm{look}(T, b_A, 1) + \mathrm{unlook}(T, 1) + b_A - 1$ |
| rates, $\mu > 1$ | $\mathrm{look}(T, b_A) + \mathrm{unlook}(T) + 2\mu(b_A - 1)$ |
| weights of the right-hand side | $\mathrm{tree}(1, \lceil\log_2 T\rceil + \lceil\log_2\mu\rceil, b_b)$ |
| its cells | $\mathrm{tree}(1, n, b_b) + (\mu-1)\,\mathrm{tree}(1, n, b_b, 1)$ |
| which of them | $\mu - 1 - \lceil\log_2\mu\rceil$ |

$\mu$ flags, no rotations. A controlled run has the same gates for the rates, and one control on the first
two trees of the right-hand side. At degree 1 the table is loaded where the control of $F_1$ is held.

**Angles.** An angle of b bits is off by at most $2\pi 2^{-b}$, and so is its cosine; where it is half the
angle and turns twice, by $4\pi 2^{-b}$. Damping and encoded factor both have norm at most 1, so their errors
add: at degree 1 $\eta\,\alpha_{F_1}(f_1 + 2\pi)2^{-b}$, above it $\alpha_M'(a)(\delta + 2\pi a\,2^{-b})$ at
$\mu = 1$ and $\alpha_M'(a)(\delta + 4\pi a\,2^{-b})$ else, with $\delta$ that of one rate (see `lifted`).

**Right-hand side.** Row t holds $(\eta_t F_0/\gamma)^{\otimes j}$, $j \le \mu$, so
$\lVert b\rVert^2 = \sum_t\sum_{j\le\mu}\beta_t^{2j}$ with $\beta_t = \eta_t\lVert F_0\rVert/\gamma$;
the weights of all (t, j) are one vector of real amplitudes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy

from qres.algorithms.access.width import angle_width
from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings.base import Encoding, encoding
from qres.algorithms.encodings.factors import tree_bloq
from qres.algorithms.history import history_matrix
from qres.algorithms.lifted import lifted_matrix
from qres.algorithms.system import Definitions, Part, prepared_vector, vector_width
from qres.notation.binomial import lift_slope
from qres.notation.formula import Formula, at_least_one, define
from qres.notation.named import ceil_log2, look, tree, unlook
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

_T, _BITS, _RHS, _LIMIT = symbols("segment_steps matrix_bits rhs_bits block_limit")
_LEVELS, _STEP_BITS = symbols("index_bits step_bits")
_N, _M, _A = symbols("truncation_order map_order factor_norm")
_MOST = sympy.Min(_M, _N)
_CARD = derived("gates and registers of the circuits in qres.bloqs")


def _is_single(most: Any) -> Any:
    """Return 1 where a step has at most one factor, else 0."""
    return sympy.Max(0, 2 - most)


def _rates_toffoli(most: Any) -> Any:
    single = _is_single(most)
    tables = look(_T, _BITS, single, _LIMIT) + unlook(_T, single, _LIMIT)
    return tables + (single + (1 - single) * 2 * most) * (_BITS - 1)


TOFFOLI = Formula(
    name="schedule.toffoli",
    meaning="Toffoli gates that load the rate of a step, damp its factors, and erase it",
    expression=_rates_toffoli(_MOST),
    inputs=("truncation_order", "map_order", "segment_steps", "matrix_bits", "block_limit"),
    source=_CARD,
    unit="Toffoli",
    defaults={"truncation_order": 1, "map_order": 1, "block_limit": 63},
    conditions=at_least_one("truncation_order", "map_order", "segment_steps", "matrix_bits"),
)

FORMULAS = (TOFFOLI,)


def scheduled_matrix(encoding_name: str, degree: int) -> Part:
    """Return U_A of the history of steps with rates of their own.

    Args:
        encoding_name: of every $F_k$.
        degree: of the polynomial gradient.
    """
    if degree > 1:
        return _scheduled_lift(lifted_matrix(encoding_name, degree))
    member, rate = encoding(encoding_name), symbol("learning_rate") * symbol("alpha_matrix")
    part = history_matrix(_damped(member))
    return replace(part, angle_weight=part.angle_weight + 2 * sympy.pi * rate)


def _damped(member: Encoding) -> Encoding:
    """Return the encoding of $F_1$ damped by the rate of the step; it is always controlled."""

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.damped_step import DampedStep

        step = member.bloq(values, blocks)
        return DampedStep(
            step=step, alpha=step.alpha, epsilon=step.epsilon, **_table(values, blocks)
        )

    return replace(
        member,
        toffoli=lambda controls: member.toffoli(controls) + _rates_toffoli(sympy.Integer(1)),
        width=lambda controls: sympy.Max(
            member.width(controls), angle_width(_T, _BITS, controls, _LIMIT)
        ),
        ancillas=member.ancillas + 1,
        bloq=bloq,
    )


def _table(values: Mapping[str, Any], blocks: Blocks) -> dict[str, Any]:
    """Return the sizes of the table of rates."""
    steps, bits = values["segment_steps"], values["matrix_bits"]
    pair = (blocks.lookup("rate", steps, bits), blocks.uncompute("rate_un", steps))
    return {"n_steps": steps, "bits": bits, "blocks": pair}


def _scheduled_lift(one: Part) -> Part:
    """Return U_A of a lift whose factors are damped, from that of the largest rate."""
    turn = 2 * sympy.pi * (2 - _is_single(_MOST))

    def width(controls: Any) -> Any:
        rates = angle_width(_T, _BITS, _is_single(_MOST), _LIMIT) + controls
        return sympy.Max(one.width(controls), rates)

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.scheduled_history import ScheduledHistory

        return ScheduledHistory(
            history=one.bloq(values, blocks),
            factors=_most_of(values),
            alpha=values["alpha"],
            epsilon=values["eps_matrix"],
            **_table(values, blocks),
        )

    return replace(
        one,
        toffoli=lambda controls: one.toffoli(controls) + _rates_toffoli(_MOST),
        width=width,
        bloq=bloq,
        ancillas=one.ancillas + _MOST,
        angle_weight=one.angle_weight + lift_slope(_N, _M, _A) * turn * _A,
    )


def _most_of(values: Mapping[str, Any]) -> int:
    return min(values["map_order"], values["truncation_order"])


def scheduled_vector(degree: int) -> Part:
    """Return U_b: the powers of the gradient at each of T steps, weighted by the rates."""
    most = _MOST if degree > 1 else sympy.Integer(1)
    vector, levels = prepared_vector(), _STEP_BITS + ceil_log2(most)
    products = most - 1 - ceil_log2(most)

    def toffoli(controls: Any) -> Any:
        weights = tree(1, levels, _RHS, controls, _LIMIT)
        others = (most - 1) * vector.toffoli(1) + products
        return weights + vector.toffoli(controls) + others

    def width(controls: Any) -> Any:
        table = angle_width(2 ** sympy.Max(levels - 1, 0), _RHS, controls, _LIMIT)
        weights = sympy.Min(1, levels) * table
        return sympy.Max(weights, vector_width(controls)) + most - 1 + products

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.scheduled_history import ScheduledVector

        powers, bits = (_most_of(values) if degree > 1 else 1), values["rhs_bits"]
        depth = values["step_bits"] + (powers - 1).bit_length()
        return ScheduledVector(
            weights=tree_bloq(blocks, "weights", 1, depth, bits),
            vector=vector.bloq(values, blocks),
            powers=powers,
            truncation_order=values["truncation_order"] if degree > 1 else 1,
        )

    return Part(
        toffoli=toffoli,
        rotations=lambda controls: 0,
        width=width,
        bloq=bloq,
        angle_weight=2 * sympy.pi * (sympy.Max(_LEVELS, 1) * most + levels),
    )


def schedule_definitions(name: str) -> Definitions:
    """Return the register of the step; `name` is that of the algorithm."""
    return (define(f"{name}.step_bits", "qubits of a step of the training", ceil_log2(_T), _CARD),)
