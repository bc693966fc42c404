r"""Runs of solvers on given matrices: the circuit that is priced, with its angles.

The matrix is an exact unitary completion of $A/\alpha$ and the right-hand side an exact preparation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import attrs
import numpy as np
import sympy

from qres.algorithms.solvers import qsvt_cks, qsvt_minimax
from qres.algorithms.solvers.base import Solver, solver
from qres.bloqs.chebyshev_filter import chebyshev_phases, gap_stretch
from qres.bloqs.dense_block import DenseBlock
from qres.bloqs.dense_vector import DenseVector
from qres.errors import InputError, nearest
from qres.notation.compiled import compile_exact
from qres.notation.symbols import symbol
from qres.verify.inversion import cks_polynomial, inversion_phases, minimax_polynomial
from qres.verify.walk import walk_angles


def random_system(
    rng: np.random.Generator, rows: int, kappa: float
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return a real matrix of norm 1 and this condition number, and a right-hand side of norm 1.

    Singular vectors are uniformly random, singular values uniform between the two ends.

    Raises:
        InputError: a condition number that is not above 1.
    """
    _require_kappa(kappa)
    left, right = (np.linalg.qr(rng.normal(size=(rows, rows)))[0] for _ in range(2))
    values = np.concatenate([[1, 1 / kappa], rng.uniform(1 / kappa, 1, rows - 2)])
    vector = rng.normal(size=rows)
    return left * values @ right.T, vector / np.linalg.norm(vector)


def _require_kappa(kappa: float) -> None:
    if not 1 < kappa < math.inf:
        raise InputError(f"kappa is {kappa}; it must be a finite number above 1")


def provable_solvers(name: str | None = None) -> tuple[str, ...]:
    """Return that solver, or all whose runs can be simulated.

    Raises:
        InputError: there is no circuit to simulate for that name.
    """
    if name is not None and name not in _FILLED:
        raise InputError(f"verify: no circuit to simulate for '{name}'{nearest(name, _FILLED)}")
    return tuple(_FILLED) if name is None else (name,)


def built_run(
    name: str, matrix: np.ndarray, vector: np.ndarray, kappa: float, epsilon: float
) -> tuple[Any, dict[str, Any]]:
    r"""Return one run with its angles, and what the pipeline would put into it and its formulas.

    Args:
        name: of the solver.
        matrix: $2^n$ rows, norm at most 1, norm of the inverse at most `kappa`.
        vector: right-hand side, of norm 1.
        kappa: $\kappa$.
        epsilon: of the state.

    Raises:
        InputError: no circuit to simulate for that name, or a condition number that is not above 1.
    """
    _require_kappa(kappa)
    member = solver(provable_solvers(name)[0])
    norm = float(np.linalg.norm(np.linalg.solve(matrix, vector)))
    numbers = _numbers(member, kappa, epsilon, kappa / norm)
    return _FILLED[name](_bloq(member, matrix, vector, numbers), kappa, epsilon, norm), numbers


def _numbers(member: Solver, kappa: float, epsilon: float, xi: float) -> dict[str, Any]:
    """Return what the pipeline would put into the circuit and its formulas."""
    inputs = tuple(symbol(name) for name in ("kappa_eff", "epsilon", "xi"))

    def number(expression: Any) -> Any:
        return compile_exact(inputs, sympy.sympify(expression))(kappa, epsilon, xi)

    found = {name: int(number(expression)) for name, _, expression in member.gates.arguments}
    uses = math.ceil(number(member.run_queries))
    states = member.states_per_query * uses + member.states_per_run
    found |= {"matrix_queries": uses, "state_queries": states}
    return found | {"flag_prob": float(number(member.flag_prob))}


def _bloq(
    member: Solver, matrix: np.ndarray, vector: np.ndarray, numbers: Mapping[str, Any]
) -> Any:
    rows = tuple(tuple(float(entry) for entry in row) for row in matrix)
    block = DenseBlock(rows=rows, alpha=1.0, epsilon=0.0)
    source = DenseVector(tuple(float(entry) for entry in vector))
    assert member.gates.bloq is not None
    return member.gates.bloq(block, source, block.system_bitsize, numbers)


def _shortcut(bloq: Any, kappa: float, epsilon: float, norm: float) -> Any:
    count = 2**bloq.guess_bitsize
    norms = tuple(kappa ** ((place + 0.5) / count) for place in range(count))
    phases = chebyshev_phases(bloq.length, gap_stretch(1 / kappa))
    return attrs.evolve(bloq, norms=norms, phases=phases)


def _known_norm(bloq: Any, kappa: float, epsilon: float, norm: float) -> Any:
    return attrs.evolve(_shortcut(bloq, kappa, epsilon, norm), norms=(norm,))


def _adiabatic(bloq: Any, kappa: float, epsilon: float, norm: float) -> Any:
    phases = chebyshev_phases(bloq.filter_length, gap_stretch(1 / kappa))
    angles = walk_angles(bloq.walk_steps, kappa, is_published=bloq.is_published)
    return attrs.evolve(bloq, angles=angles, phases=phases)


def _minimax(bloq: Any, kappa: float, epsilon: float, norm: float) -> Any:
    return attrs.evolve(bloq, phases=_minimax_phases(kappa, epsilon, (bloq.degree + 1) // 2))


def _cks(bloq: Any, kappa: float, epsilon: float, norm: float) -> Any:
    return attrs.evolve(bloq, phases=_cks_phases(kappa, epsilon, (bloq.degree + 1) // 2))


@cache
def _minimax_phases(kappa: float, epsilon: float, terms: int) -> tuple[float, ...]:
    scale = qsvt_minimax.FORMULAS[1](kappa_eff=kappa, epsilon=epsilon)
    return inversion_phases(minimax_polynomial(kappa, terms) / (scale * kappa))


@cache
def _cks_phases(kappa: float, epsilon: float, terms: int) -> tuple[float, ...]:
    exponent = max(1, math.ceil(kappa**2 * math.log(kappa / epsilon)))
    scale = qsvt_cks.FORMULAS[1](kappa_eff=kappa, epsilon=epsilon)
    return inversion_phases(cks_polynomial(exponent, terms) / (scale * kappa))


_FILLED: dict[str, Callable[[Any, float, float, float], Any]] = {
    "shortcut": _shortcut,
    "shortcut-known-norm": _known_norm,
    "adiabatic-empirical": _adiabatic,
    "adiabatic-proven": _adiabatic,
    "qsvt-minimax": _minimax,
    "qsvt-cks": _cks,
}
"""Solver to what puts its angles into a circuit: (circuit, kappa, epsilon, norm of the solution)."""
