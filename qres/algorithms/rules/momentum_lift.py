r"""The history of the lift of momentum, degree 2 or more, as parts of a linear system.

The state is $(u, \sigma v)$ of dimension $2r$, one branch qubit a cell; the map is exact, $m = N$. A
position without a factor carries $A_1$, one with it $|w\rangle \otimes F_k$:
$$ a = \sqrt{\eta^2+\sigma^2}\sum_{k=0}^{q}\gamma^{k-1}\alpha_{F_k},\qquad
   \alpha_M = (\lVert A_1\rVert + a)^N \ge 1,\qquad \alpha_L = 1 + \alpha_M , $$
because the lifted step is the sum over all sets of positions that carry factors of a product of one
term a position, each with the weight of its norm. An error $\delta$ of the factors moves it by at
most $N(\lVert A_1\rVert + a)^{N-1}\delta$. Without momentum and with $\sigma \to 0$ these are
$(1 + a)^N$ and its slope, plain descent's.

Gates of one use, from the circuit of `qres.bloqs.momentum_lift`: those of the lift of map order N
(see `lifted`), and beside them, with $G$ and $N' - N$ its exchanges,

| part | Toffoli | rotations |
|---|---|---|
| branches that move | $G + N' - N$ | |
| branches that a factor reads; $\lvert w\rangle$ | $qN$ | $2N$ |
| idle rows; who carries $A_1$ | $\tau - 1 + 3N - 1$ | |
| $A_1$ | $N$ | $8N$ |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy

from qres.algorithms.blocks import Blocks
from qres.algorithms.lifted import (
    exchanges,
    factors_of,
    lifted_matrix,
    lifted_vector,
    spare_cells,
)
from qres.algorithms.rules.momentum_history import FREE_NORM, MOMENTUM_RANGE, STEP_SCALE
from qres.algorithms.solvers.frame import condition_number
from qres.algorithms.system import Definitions, Part
from qres.notation.formula import Formula, at_least_one, define
from qres.notation.named import ceil_log2
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

_N, _LEVELS, _TIME, _GAMMA, _A = symbols(
    "truncation_order index_bits time_bits rescaling factor_norm"
)
_CARD = derived("gates and registers of the circuits in qres.bloqs")

LIFT_ALPHA = Formula(
    name="momentum.lift_alpha",
    meaning="normalisation of one encoded step of the lift of momentum, exact map",
    expression=(FREE_NORM + _A) ** _N,
    inputs=("truncation_order", "learning_rate", "momentum", "velocity_scale", "factor_norm"),
    source=derived("linear combination over which of N positions carry a factor, the others A_1"),
    kind="proven",
    letter=r"\alpha_M",
    conditions=(*MOMENTUM_RANGE, *at_least_one("truncation_order")),
)


def branch_toffoli(degree: int) -> Any:
    """Return the Toffoli gates that branches add to one use of the lift."""
    moves = exchanges(degree) + spare_cells(degree)
    return moves + degree * _N + 4 * _N - 1 + _TIME - 1


def branch_ancillas(degree: int) -> Any:
    """Return the ancillas that branches add to the lift."""
    return spare_cells(degree) + (degree + 1) * _N


def branch_width() -> Any:
    """Return the qubits of the comparisons and products that a cell without a factor waits for."""
    return 2 ** ceil_log2(_N) - ceil_log2(_N) + _N + _TIME + 4


def _formula(name: str, degree: int) -> Formula:
    return Formula(
        name=name,
        meaning="Toffoli gates that the branches of momentum add to one use of the lifted matrix",
        # map order N, as everywhere in this file
        expression=_exact(branch_toffoli(degree)),
        inputs=("truncation_order", "time_bits"),
        source=_CARD,
        unit="Toffoli",
        conditions=at_least_one("truncation_order"),
    )


ROTATIONS = Formula(
    name="momentum.lift.rotations",
    meaning="rotations that the branches of momentum add to one use of the lifted matrix",
    expression=10 * _N,
    inputs=("truncation_order",),
    source=_CARD,
    unit="rotations",
    conditions=at_least_one("truncation_order"),
)


def _exact(expression: Any) -> Any:
    """Return an expression of the lift at map order N."""
    return expression.subs(symbol("map_order"), _N)


FORMULAS = (
    LIFT_ALPHA,
    _formula("momentum.lift-2.toffoli", 2),
    _formula("momentum.lift-3.toffoli", 3),
    ROTATIONS,
)


def momentum_lift_matrix(encoding_name: str, degree: int) -> Part:
    """Return U_A of the history of the lift of momentum.

    Raises:
        InputError: see `lifted.factors_of`.
    """
    plain, factors = lifted_matrix(encoding_name, degree), factors_of(encoding_name, degree)
    forcing = 2 * sympy.pi * sympy.Max(_LEVELS, 1) * symbol("alpha_forcing") / _GAMMA
    terms = (
        item.angle_error * symbol(item.tensor.alpha) * _GAMMA ** (item.tensor.order - 1)
        for item in factors
    )
    slope = _N * (FREE_NORM + _A) ** (_N - 1)

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.momentum_lift import MomentumLift

        return MomentumLift(
            lift=plain.bloq(values, blocks), alpha=values["alpha"], epsilon=values["eps_matrix"]
        )

    return Part(
        toffoli=lambda controls: plain.toffoli(controls) + branch_toffoli(degree),
        rotations=lambda controls: plain.rotations(controls) + ROTATIONS.expression,
        width=lambda controls: sympy.Max(plain.width(controls), branch_width() + controls),
        bloq=bloq,
        ancillas=plain.ancillas + branch_ancillas(degree),
        angle_weight=slope * STEP_SCALE * sympy.Add(forcing, *terms),
    )


def momentum_lift_vector() -> Part:
    """Return U_b: the powers of the gradient in both branches at each of T steps."""
    plain = lifted_vector()

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.momentum_lift import MomentumLiftVector

        return MomentumLiftVector(plain.bloq(values, blocks))

    return replace(
        plain,
        rotations=lambda controls: plain.rotations(controls) + 1 + controls + 2 * (_N - 1),
        bloq=bloq,
    )


def momentum_lift_definitions(name: str, encoding_name: str, degree: int) -> Definitions:
    """Return index width, normalisations and condition number, in order of evaluation.

    To be put in: what `lifted.lifted_definitions` needs, `momentum`, `velocity_scale`, `inverse_norm`.

    Args:
        name: of the algorithm, opens the names of the formulas.
        encoding_name: of all $F_k$.
        degree: $q$.
    """
    factors = factors_of(encoding_name, degree)
    terms = (symbol(item.tensor.alpha) * _GAMMA ** (item.tensor.order - 1) for item in factors)
    forcing = symbol("alpha_forcing")
    lift = derived("linear combination over which of N positions carry a factor, the others A_1")
    encoded: dict[str, Formula] = {}
    for item in factors:
        encoded |= dict(item.definitions(name))
    return (
        define(
            f"{name}.index_width",
            "qubits of all index registers: time, block index, cells and their branches",
            _TIME + ceil_log2(_N) + _N * (_LEVELS + 1),
            _CARD,
        ),
        *encoded.items(),
        define(
            f"{name}.alpha_forcing",
            "normalisation of the encoded gradient",
            symbol("grad_norm"),
            derived("state preparation of a column"),
        ),
        define(
            f"{name}.factor_norm",
            "weight of one factor of the lift of momentum, rescaled",
            STEP_SCALE * sympy.Add(forcing / _GAMMA, *terms),
            lift,
        ),
        define(
            f"{name}.alpha_map",
            LIFT_ALPHA.meaning,
            LIFT_ALPHA.expression,
            LIFT_ALPHA.source,
            kind="proven",
        ),
        define(
            f"{name}.alpha",
            "normalisation of the encoded history matrix",
            1 + symbol("alpha_map"),
            derived("identity plus shifted step; the padding shares the branch of A_1"),
        ),
        condition_number(name),
    )
