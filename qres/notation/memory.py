r"""Memories that a block exponent cannot describe: the codes of `block_limit` below zero.

`BRIGADE` is a bucket brigade that is charged: a binary tree over $M$ cells, no cell beyond $M$
built. The $l$-th address bit is moved from the root to level $l$, where it becomes the router of its
node, and last a token down to the addressed cell. A move past a router with qubit $r$ is one
`And`, $(\text{right}, \text{left}) = (r w, w \oplus r w)$; the way back is free of Toffoli gates,
since $w = \text{left} \oplus \text{right}$ and the children are measured out with CZ corrections.

- Address: level $l$ has $\lceil M/2^{n-l}\rceil$ nodes, so bit $l$ passes one branching less;
  summed over $l < n = \lceil\log_2 M\rceil$ that is $M - 1 - s_2(M-1)$ ($s_2$: ones in binary).
- Token: $M - 1$ branchings, and the first is free where no control takes the token's place.
- Data: classical words are copied from the cell by CNOTs and moved up by measurement, for any $b$.

So a look-up and its measurement-based uncomputation (the same tree with a phase at the cell) both
take $2M - 3 - s_2(M-1) + c$ Toffoli gates. Moves of one register start two layers apart: address
and token are down after $3n - 2$ layers, $b$ words up after $n + 2(b-1)$, all back after $3n - 2$.

`FREE` is the labelled scenario in which nothing of this is charged.
"""

from __future__ import annotations

from typing import Any

import numpy as np

BRIGADE = -1
"""`block_limit` of a bucket brigade that is charged."""

FREE = -2
"""`block_limit` of a memory that is assumed to cost nothing."""

LARGEST_EXACT = 2.0**53
"""Float64 holds every whole number up to here."""


def ones_scalar(number: int) -> int:
    """Return the ones of a whole number in binary."""
    return int(number).bit_count()


def ones_array(numbers: Any) -> np.ndarray:
    """Return the ones in binary; 0 beyond 2^53, where they change nothing that float64 holds."""
    numbers = np.asarray(numbers, dtype=float)
    is_exact = (numbers >= 0) & (numbers <= LARGEST_EXACT)
    whole = np.where(is_exact, numbers, 0.0).astype(np.int64)
    return np.bitwise_count(whole).astype(float)


def brigade_toffoli(entries: int, controls: int) -> int:
    """Return the Toffoli gates of a look-up or an uncomputation; none for a single entry."""
    if entries <= 1:
        return 0
    return 2 * entries - 3 - ones_scalar(entries - 1) + controls


def brigade_toffoli_array(entries: np.ndarray, controls: Any) -> np.ndarray:
    """Do the same for float64 arrays of whole numbers."""
    gates = 2 * entries - 3 - ones_array(entries - 1) + controls
    return np.where(entries <= 1, 0.0, gates)


def brigade_layers(entries: int, bitsize: int) -> int:
    """Return the layers of a look-up, $7n + 2b - 6$; none for a single entry."""
    levels = (entries - 1).bit_length() if entries > 1 else 0
    return 7 * levels + 2 * bitsize - 6 if levels else 0


def brigade_unlayers(entries: int) -> int:
    """Return the layers of an uncomputation, $6n - 4$; none for a single entry."""
    levels = (entries - 1).bit_length() if entries > 1 else 0
    return 6 * levels - 4 if levels else 0
