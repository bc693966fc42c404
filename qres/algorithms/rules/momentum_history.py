r"""The history of momentum at degree 1, as parts of a linear system.

With $v' = \beta v + \nabla L(c) + H u$, $u' = u - \eta v'$ (weight decay in gradient and Hessian) the
state $(u, \sigma v)$ of dimension $2r$ obeys $x' = M x + f$,
$$ M = \begin{pmatrix} 1 & -\eta\beta/\sigma \\ 0 & \beta \end{pmatrix} \otimes I
     + \begin{pmatrix} -\eta & 0 \\ \sigma & 0 \end{pmatrix} \otimes H , \qquad
   f = \begin{pmatrix} -\eta \\ \sigma \end{pmatrix} \otimes \nabla L(c) , $$
so one qubit more holds the branch,
$$ \alpha_M = \lVert A_1\rVert + \sqrt{\eta^2 + \sigma^2}\,\alpha_{F_1} \ge 1, \qquad
   \lVert b\rVert = \sqrt{T}\,\sqrt{\eta^2 + \sigma^2}\,\lVert F_0\rVert , $$
and only $u$ is read: $P = (p+1)\lVert u_T\rVert^2 / \lVert x\rVert^2$ with
$\lVert x\rVert^2 = \sum_{t<T} z_t + (p+1) z_T$, $z_t = \lVert u_t\rVert^2 + \sigma^2\lVert v_t\rVert^2$.

Gates of one use, from the circuit of `qres.bloqs.momentum_step`: those of the controlled factor,
$3\tau + 2 + 2c$ Toffoli gates with $c$ outer controls, and 12 rotations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings.base import encoding
from qres.algorithms.encodings.factors import Factor
from qres.algorithms.history import STEP_CONTROL, beside_limit, repeated_vector
from qres.algorithms.solvers.frame import condition_number
from qres.algorithms.system import Definitions, Part
from qres.errors import InputError
from qres.notation.formula import Condition, Formula, at_least_one, define
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

ANCILLAS = 5
ROTATIONS = 12

_ETA, _BETA, _SIGMA = symbols("learning_rate momentum velocity_scale")
_TIME, _CONTROLS, _T, _GRAD = symbols("time_bits controls n_steps grad_norm")
STEP_SCALE = sympy.sqrt(_ETA**2 + _SIGMA**2)
_COUPLING = _ETA * _BETA / _SIGMA
FREE_NORM = (
    sympy.sqrt((1 + _BETA) ** 2 + _COUPLING**2) + sympy.sqrt((1 - _BETA) ** 2 + _COUPLING**2)
) / 2
_CARD = derived("gates and registers of the circuits in qres.bloqs")
MOMENTUM_RANGE = (
    Condition(sympy.And(_BETA >= 0, _BETA < 1), "0 <= momentum < 1"),
    Condition(_SIGMA > 0, "velocity_scale > 0"),
)

STEP_ALPHA = Formula(
    name="momentum.alpha",
    meaning="normalisation of one encoded step of momentum: norm(A_1) and the term with F_1",
    expression=FREE_NORM + STEP_SCALE * symbol("alpha_matrix"),
    inputs=("learning_rate", "momentum", "velocity_scale", "alpha_matrix"),
    source=derived("linear combination of the two terms; norm(A_1) from its singular values"),
    kind="proven",
    letter=r"\alpha_M",
    conditions=MOMENTUM_RANGE,
)

SOURCE_NORM = Formula(
    name="momentum.source_norm",
    meaning="norm of the right-hand side: the gradient in both branches, in each of T rows",
    expression=sympy.sqrt(_T) * STEP_SCALE * _GRAD,
    inputs=("n_steps", "learning_rate", "velocity_scale", "grad_norm"),
    source=derived("forcing (-eta, sigma) times the gradient in T rows"),
    kind="proven",
    letter=r"\lVert b\rVert",
    conditions=at_least_one("n_steps"),
)

TOFFOLI = Formula(
    name="momentum.toffoli",
    meaning="Toffoli gates of one use of the history of momentum beside those of its factor",
    expression=3 * _TIME + 2 + 2 * _CONTROLS,
    inputs=("time_bits", "controls"),
    source=_CARD,
    unit="Toffoli",
    defaults={"controls": 0},
)

FORMULAS = (STEP_ALPHA, SOURCE_NORM, TOFFOLI)


def momentum_factor(encoding_name: str) -> Factor:
    """Return the encoding of $F_1$ as one term of a sum.

    Raises:
        InputError: the encoding only stands alone.
    """
    member = encoding(encoding_name)
    if member.factor is None:
        raise InputError(
            f"algorithm.encoding: {encoding_name} encodes a matrix that stands alone; momentum needs"
            " it switched on and off: use sparse or frobenius"
        )
    return member.factor(1)


def momentum_matrix(encoding_name: str) -> Part:
    """Return U_A of the history of momentum; its factor is always controlled."""
    factor = momentum_factor(encoding_name)

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.momentum_step import MomentumMatrix

        return MomentumMatrix(
            factor=factor.bloq(values, blocks),
            time_bitsize=values["time_bits"],
            n_steps=values["segment_steps"],
            padding=values["padding"],
            rates=_rates(values),
            alpha=values["alpha"],
            epsilon=values["eps_matrix"],
        )

    return Part(
        toffoli=lambda controls: factor.toffoli(1) + TOFFOLI.at(controls=controls),
        rotations=lambda controls: ROTATIONS,
        width=lambda controls: beside_limit(factor.width(1), controls) + STEP_CONTROL,
        bloq=bloq,
        ancillas=ANCILLAS + factor.ancillas,
        angle_weight=factor.angle_error * STEP_SCALE * symbol("alpha_matrix"),
    )


def _rates(values: Mapping[str, Any]) -> Any:
    return tuple(values[name] for name in ("learning_rate", "momentum", "velocity_scale"))


def momentum_vector() -> Part:
    """Return U_b: the gradient in both branches at each of T steps, one rotation for the branch."""
    repeated = repeated_vector()

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.momentum_step import MomentumVector

        return MomentumVector(repeated.bloq(values, blocks), rates=_rates(values))

    return Part(
        toffoli=repeated.toffoli,
        rotations=lambda controls: repeated.rotations(controls) + 1 + controls,
        width=repeated.width,
        bloq=bloq,
        angle_weight=repeated.angle_weight,
    )


def momentum_definitions(name: str, encoding_name: str, *, is_closed: bool = True) -> Definitions:
    """Return the derived symbols of the history of momentum, in order of evaluation.

    Values of the job are `inverse_norm`, `success_prob` and `history_norm`; see `velocity`.

    Args:
        name: of the algorithm, opens the names of the formulas.
        encoding_name: of $F_1$.
        is_closed: whether there is one segment; xi is a value of the job otherwise.
    """
    inverse, rhs, norm = symbols("inverse_norm source_norm history_norm")
    encoded = (
        define(
            f"{name}.index_width",
            "qubits of all index registers: index, branch, time",
            symbol("index_bits") + 1 + _TIME,
            _CARD,
        ),
        *momentum_factor(encoding_name).definitions(name),
        define(
            f"{name}.alpha_map",
            STEP_ALPHA.meaning,
            STEP_ALPHA.expression,
            STEP_ALPHA.source,
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
    if not is_closed:
        return encoded
    return (
        *encoded,
        define(
            f"{name}.source_norm",
            SOURCE_NORM.meaning,
            SOURCE_NORM.at(n_steps=symbol("segment_steps")),
            SOURCE_NORM.source,
        ),
        define(
            f"{name}.xi",
            "how much larger norm(L^-1) norm(b) is than norm(x)",
            inverse * rhs / norm,
            derived("definition"),
        ),
    )
