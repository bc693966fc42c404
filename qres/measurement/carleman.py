r"""Truncated Carleman linearisation of polynomial descent in a few coordinates, iterated.

A step $y' = P(y)$ turns the monomials $m_\alpha(y) = y^\alpha$ of degree at most $N$ into polynomials;
what they hold of degree above $N$ is dropped, and the rest is one linear map $M$ of all monomials:
$m_\alpha(P(y)) = \sum_\beta M_{\alpha\beta}\, m_\beta(y)$. The run starts from $y_0 = 0$, where all
monomials but the constant vanish. Rows follow from each other, since
$P^{\alpha} = P_i\,P^{\alpha - e_i}$ and truncated multiplication by $P_i$ is linear.

These are the powers $y^{\otimes j}$, $j \le N$, of the lift with the exact map, each written once.

Source: derived; Liu et al., arXiv:2303.03428, for the lift.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ORDERS = (1, 2, 3, 4)
"""Truncation orders that are followed."""

Array = NDArray[np.float64]
Exponents = tuple[int, ...]


def follow_carleman(tensors: Sequence[Array], order: int, rates: Sequence[float]) -> Array:
    r"""Return the degree-1 part of every step, shape (T + 1, k); infinite from where it overflows.

    Args:
        tensors: derivatives of the loss at the start, order 1 first, shapes (k,), (k, k), ...
        order: $N$.
        rates: of the steps; P is $y - \eta\nabla L$.
    """
    dim = len(tensors[0])
    names = list_monomials(dim, order)
    lifts = {rate: lift_step(tensors, names, rate) for rate in set(rates)}
    state = np.zeros(len(names))
    state[0] = 1.0
    path = [state[1 : dim + 1]]
    with np.errstate(over="ignore", invalid="ignore"):
        for rate in rates:
            state = lifts[rate] @ state
            path.append(state[1 : dim + 1])
    found = np.stack(path)
    return np.where(np.isfinite(found), found, np.inf)


def list_monomials(dim: int, order: int) -> list[Exponents]:
    """Return all exponents of degree at most `order`: the constant, the coordinates, and so on."""
    found = []
    for degree in range(order + 1):
        for chosen in itertools.combinations_with_replacement(range(dim), degree):
            found.append(tuple(chosen.count(place) for place in range(dim)))
    return found


def lift_step(tensors: Sequence[Array], names: Sequence[Exponents], rate: float) -> Array:
    r"""Return $M$ of one step, rows and columns in the order of `names`."""
    place = {name: number for number, name in enumerate(names)}
    factors = [_multiplier(tensors, place, i, rate) for i in range(len(tensors[0]))]
    lifted = np.zeros((len(names), len(names)))
    lifted[0, 0] = 1.0
    for number, name in enumerate(names[1:], start=1):
        i = next(i for i, power in enumerate(name) if power)
        before = place[(*name[:i], name[i] - 1, *name[i + 1 :])]
        lifted[number] = factors[i] @ lifted[before]
    return lifted


def _multiplier(
    tensors: Sequence[Array], place: dict[Exponents, int], i: int, rate: float
) -> Array:
    """Return multiplication by coordinate i of the step, truncated: coefficients to coefficients."""
    found = np.zeros((len(place), len(place)))
    for power, factor in _coefficients(tensors, i, rate).items():
        for name, column in place.items():
            row = place.get(tuple(a + b for a, b in zip(name, power, strict=True)))
            if row is not None:
                found[row, column] += factor
    return found


def _coefficients(tensors: Sequence[Array], i: int, rate: float) -> dict[Exponents, float]:
    r"""Return coordinate i of a step as a polynomial: $y_i - \eta\,\partial_i L$."""
    dim = len(tensors[0])
    found = {tuple(int(place == i) for place in range(dim)): 1.0}
    for degree, tensor in enumerate(tensors):
        for chosen in itertools.combinations_with_replacement(range(dim), degree):
            power = tuple(chosen.count(place) for place in range(dim))
            # every order of the indices is one term of T y^degree / degree!
            share = math.prod(map(math.factorial, power))
            found[power] = found.get(power, 0.0) - rate * float(tensor[(i, *chosen)]) / share
    return found
