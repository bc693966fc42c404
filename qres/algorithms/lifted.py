r"""The history of a lift of truncation order $N \ge 2$, as parts of a linear system.

Gates of one use of $U_A$, from the circuit of `qres.bloqs.carleman_lift` (derived there step by
step), with $\mu = \min(m, N)$, $q$ the degree, $n$ and $\tau$ index and time qubits,
$\nu = \lceil\log_2 N\rceil$, $w = \lceil\log_2(N + q\mu)\rceil$, $D = \mu N - \mu(\mu-1)/2$:

| part | Toffoli |
|---|---|
| factors, always controlled | $\mu\,(\mathrm{tree}(1, n, b_A, 1) + \sum_{k=1}^{q} C_1(F_k))$ |
| moves of cells | $n\,(G + N' - \mu) + G$, $G$ the exchanges before the last sweep |
| positions and kinds of the factors | $D + q\mu$ |
| block index | $q\mu\,(w - 1)$ |
| flags | $\tau + 2^\nu - \nu + N - 2 + [N < 2^\nu](\nu+1)$ |
| time | $\tau - 1$ |

with $N' = N + \lfloor\mu(q-1)/q\rfloor$ cells,
$G = (N'-1) + \sum_{s=2}^{\mu}(N'-s+1) + \sum_{s=1}^{\mu}\sum_{e=2}^{q}\max(0, N'-s-e+1)$, and
$2(1 + D + \mu q)$ rotations. A controlled run has one Toffoli gate more, as the factors are controlled
anyway. $F_k$ with $k > N$ has no column and no gates, but its
weight.

**Normalisation.** $a = \eta\sum_{k=0}^{q}\gamma^{k-1}\alpha_{F_k}$,
$\alpha_M = \sum_{i=0}^{\mu}\binom{N}{i}a^i$, $\alpha_L = 1 + \alpha_M$: the idle rows share the branch
without factors, of weight 1.

**Angles.** With $b$ bits the block of $F_k$ is off by $f_k 2^{-b}$ ($\alpha_{F_k} = 1$), so a whole
factor, of norm at most $a$, by $\delta = \eta\sum_k\gamma^{k-1}\alpha_{F_k}f_k 2^{-b}$. Exact and
rounded blocks both have norm at most 1, so a product of $i$ factors is off by $i\,a^{i-1}\delta$ and
the lifted matrix by $\sum_i\binom{N}{i}i\,a^{i-1}\delta = \alpha_M'(a)\,\delta$.

**Right-hand side.** $T$ equal rows hold $(\eta F_0/\gamma)^{\otimes j}$ for $j \le \mu$: see
`qres.bloqs.lifted_source`. Its largest power is off by $\mu$ times the error of one vector.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from qres.algorithms.access.width import angle_width
from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings.base import Encoding, encoding
from qres.algorithms.encodings.factors import TENSORS, Factor
from qres.algorithms.system import Definitions, Part, prepared_vector, vector_width
from qres.errors import InputError
from qres.notation.binomial import lift_slope, lift_weight
from qres.notation.formula import define
from qres.notation.named import ceil_log2, tree, uniform_toffoli
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

_N, _M, _LEVELS, _TIME, _BITS, _LIMIT = symbols(
    "truncation_order map_order index_bits time_bits matrix_bits block_limit"
)
_ETA, _GAMMA, _A = symbols("learning_rate rescaling factor_norm")
_MOST = sympy.Min(_M, _N)
_BLOCK = ceil_log2(_N)
_PRODUCTS = _MOST - 1 - ceil_log2(_MOST)
_PLACES = _MOST * _N - _MOST * (_MOST - 1) / 2
_CARD = derived("gates and registers of the circuits in qres.bloqs")

Encodings = Mapping[int, Encoding] | str
"""The encoding of each $F_k$, $k = 1..q$, or the name of one for all."""


def _staircase(largest: Any) -> Any:
    """Return 1 + 2 + ... + `largest`, 0 where that is negative."""
    steps = sympy.Max(0, largest)
    return steps * (steps + 1) / 2


def spare_cells(degree: int) -> Any:
    """Return the cells beyond N that a valid product of factors may fill on the way."""
    return sympy.floor(_MOST * (degree - 1) / degree)


def exchanges(degree: int) -> Any:
    """Return the exchanges of cells but for those of the last sweep."""
    cells = _N + spare_cells(degree)
    first = (cells - 1) + (_MOST - 1) * cells - _MOST * (_MOST - 1) / 2
    fetched = (
        _staircase(cells - extra) - _staircase(cells - extra - _MOST)
        for extra in range(2, degree + 1)
    )
    return first + sympy.Add(*fetched)


def _extended(degree: int) -> Any:
    """Return the qubits in which no sum of block indices wraps."""
    return ceil_log2(_N + degree * _MOST)


_IS_PADDED = sympy.Min(1, 2**_BLOCK - _N)


def _flags() -> Any:
    return _TIME + 2**_BLOCK - _BLOCK + _N - 2 + _IS_PADDED * (_BLOCK + 1)


def routing_toffoli(degree: int) -> Any:
    """Return the Toffoli gates of one plain use of the lifted matrix, its factors left out."""
    gated = exchanges(degree)
    last = _N + spare_cells(degree) - _MOST
    moves = _LEVELS * (gated + last) + gated
    block = degree * _MOST * (_extended(degree) - 1)
    return moves + _PLACES + degree * _MOST + block + _flags() + _TIME - 1


def routing_rotations(degree: int) -> Any:
    """Return the rotations of one plain use of the lifted matrix."""
    return 2 * (1 + _PLACES + _MOST * degree)


def routing_ancillas(degree: int) -> Any:
    """Return the ancillas of the lifted matrix, those of its factors left out."""
    choice = 1 + _N + _PLACES + _MOST + degree * (_MOST + 1)
    flags = _N + 2 * _IS_PADDED
    return choice + _extended(degree) - _BLOCK + flags + spare_cells(degree) * _LEVELS


def factors_of(encodings: Encodings, degree: int) -> tuple[Factor, ...]:
    """Return the encodings of $F_1, ..., F_q$ as the lift uses them.

    Raises:
        InputError: the degree has no tensors here, or an encoding cannot hold one.
    """
    if degree not in TENSORS:
        raise InputError(f"algorithm.degree: {degree} is not one of {', '.join(map(str, TENSORS))}")
    found = []
    for order in range(1, degree + 1):
        chosen = encoding(encodings) if isinstance(encodings, str) else encodings[order]
        if chosen.factor is None:
            raise InputError(
                f"algorithm.encoding: {chosen.name} encodes a matrix; it cannot hold F_{order} of a lift"
            )
        found.append(chosen.factor(order))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Forcing:
    r"""The circuit that prepares $F_0$ in a cell, as one term of a sum.

    Args:
        toffoli: (controls) to the Toffoli gates of one use.
        width: (controls) to the qubits of its largest look-up.
        angle_error: factor f: angles of b bits are an error of $f 2^{-b} \alpha_{F_0}$.
        bloq: (values, blocks) to its circuit.
    """

    toffoli: Callable[[Any], Any]
    width: Callable[[Any], Any]
    angle_error: Any
    bloq: Callable[[Mapping[str, Any], Blocks], Any]


def _forcing_width(controls: Any) -> Any:
    table = angle_width(2 ** sympy.Max(_LEVELS - 1, 0), _BITS, controls, _LIMIT)
    return sympy.Min(1, _LEVELS) * table


FORCING = Forcing(
    toffoli=lambda controls: tree(1, _LEVELS, _BITS, controls, _LIMIT),
    width=_forcing_width,
    angle_error=2 * sympy.pi * sympy.Max(_LEVELS, 1),
    bloq=lambda values, blocks: blocks.tree("forcing", 1, values, values["matrix_bits"]),
)
"""One tree of loaded rotations."""


def lifted_matrix(encodings: Encodings, degree: int, forcing: Forcing = FORCING) -> Part:
    """Return U_A of the history of a lift of truncation order 2 or more.

    Args:
        encodings: of $F_1, ..., F_q$.
        degree: $q$.
        forcing: of $F_0$.

    Raises:
        InputError: see `factors_of`.
    """
    factors = factors_of(encodings, degree)

    def toffoli(controls: Any) -> Any:
        prices = (_fits(item) * item.toffoli(1) for item in factors)
        inner = _MOST * sympy.Add(forcing.toffoli(1), *prices)
        return inner + routing_toffoli(degree) + controls

    def width(controls: Any) -> Any:
        tables = (_fits(item) * item.width(1) for item in factors)
        bounds = 2**_BLOCK - _BLOCK - 1 + _N
        return sympy.Max(forcing.width(1), *tables, 2 * _TIME, bounds) + controls

    inner = sympy.Max(*(_fits(item) * item.ancillas for item in factors))
    return Part(
        toffoli=toffoli,
        rotations=lambda controls: routing_rotations(degree),
        width=width,
        bloq=lambda values, blocks: _matrix_bloq(factors, forcing, values, blocks),
        ancillas=routing_ancillas(degree) + _MOST * inner,
        angle_weight=_angle_weight(factors, forcing),
    )


def _fits(item: Factor) -> Any:
    r"""Return 1 if $F_k$ has a column within the order, $k \le N$, else 0."""
    order = item.tensor.order
    return 1 if order <= 2 else sympy.Min(1, sympy.Max(0, _N - order + 1))


def _angle_weight(factors: tuple[Factor, ...], forcing: Forcing) -> Any:
    r"""Return $\alpha_M'(a)\,\eta\sum_k\gamma^{k-1}f_k\alpha_{F_k}$."""
    first = forcing.angle_error * symbol("alpha_forcing") / _GAMMA
    terms = (
        item.angle_error * symbol(item.tensor.alpha) * _GAMMA ** (item.tensor.order - 1)
        for item in factors
    )
    return lift_slope(_N, _M, _A) * _ETA * sympy.Add(first, *terms)


def _matrix_bloq(
    factors: tuple[Factor, ...], forcing: Forcing, values: Mapping[str, Any], blocks: Blocks
) -> Any:
    from qres.bloqs.carleman_lift import LiftedMatrix

    return LiftedMatrix(
        forcing=forcing.bloq(values, blocks),
        factors=[item.bloq(values, blocks) for item in factors],
        truncation_order=values["truncation_order"],
        map_order=values["map_order"],
        time_bitsize=values["time_bits"],
        n_steps=values["segment_steps"],
        padding=values["padding"],
        alpha=values["alpha"],
        epsilon=values["eps_matrix"],
    )


def lifted_vector() -> Part:
    """Return U_b: the powers of the same vector at each of T steps."""
    vector, uniform = prepared_vector(), uniform_toffoli(symbol("segment_steps"))

    def toffoli(controls: Any) -> Any:
        others = (_MOST - 1) * vector.toffoli(1)
        return vector.toffoli(controls) + others + _PRODUCTS + uniform

    def rotations(controls: Any) -> Any:
        weights = 2 ** ceil_log2(_MOST) - 1
        return (1 + controls) * (2 * sympy.Min(1, uniform) + weights)

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.lifted_source import LiftedVector

        order = values["truncation_order"]
        order = values["truncation_order"]
        powers = min(values["map_order"], order)
        return LiftedVector(vector.bloq(values, blocks), values["segment_steps"], powers, order)

    return Part(
        toffoli=toffoli,
        rotations=rotations,
        width=lambda controls: sympy.Max(
            vector_width(controls) + _MOST - 1 + _PRODUCTS,
            # U = 3 m - 1 of m bits of the odd part: those, the flag, and a qubit of the comparison
            sympy.Min(1, uniform) * ((uniform + 1) / 3 + 2),
        ),
        bloq=bloq,
        angle_weight=2 * sympy.pi * sympy.Max(_LEVELS, 1) * _MOST,
    )


def lifted_definitions(name: str, encodings: Encodings, degree: int) -> Definitions:
    r"""Return index width, normalisations and weights of a lift, in order of evaluation.

    To be put in: `truncation_order`, `map_order`, `rescaling`, `learning_rate`, `grad_norm`, what
    the encodings need, `dim`, `index_bits`, `time_bits`.

    Args:
        name: of the algorithm, opens the names of the formulas.
        encodings: of $F_1, ..., F_q$.
        degree: $q$.

    Raises:
        InputError: see `factors_of`.
    """
    factors = factors_of(encodings, degree)
    width = define(
        f"{name}.index_width",
        "qubits of all index registers: time, block index, one cell for each position",
        _TIME + _BLOCK + _N * _LEVELS,
        _CARD,
    )
    alphas = {width[0]: width}
    for item in factors:
        alphas |= {pair[0]: pair for pair in item.definitions(name)}
    return (*alphas.values(), *_norms(name, factors))


def _norms(name: str, factors: tuple[Factor, ...]) -> Definitions:
    forcing, alpha_map = symbols("alpha_forcing alpha_map")
    terms = (symbol(t.alpha) * _GAMMA ** (t.order - 1) for t in (item.tensor for item in factors))
    lift = derived("linear combination over which i of N positions carry a factor")
    return (
        define(
            f"{name}.alpha_forcing",
            "normalisation of the encoded gradient",
            symbol("grad_norm"),
            derived("state preparation of a column"),
        ),
        define(
            f"{name}.factor_norm",
            "weight of one factor of the lift, rescaled",
            _ETA * sympy.Add(forcing / _GAMMA, *terms),
            lift,
        ),
        define(
            f"{name}.alpha_map",
            "normalisation of one encoded step of the lift",
            lift_weight(_N, _M, _A),
            lift,
            kind="proven",
        ),
        define(
            f"{name}.alpha",
            "normalisation of the encoded history matrix",
            1 + sympy.Max(alpha_map, 1),
            derived("identity plus shifted step; the padding shares the step's branch"),
        ),
    )
