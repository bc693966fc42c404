r"""Memories that a block exponent cannot describe: the codes of `block_limit` below zero.

`BRIGADE` is a bucket brigade that is charged: a binary tree over $M$ cells, no cell beyond $M$
built. The $l$-th address bit is moved from the root to level $l$, where it becomes the router of its
node, and last a token down to the addressed cell. A move past a router with qubit $r$ is one
`And`, $(\text{right}, \text{left}) = (r w, w \oplus r w)$; the way back is free of Toffoli gates,
since $w = \text{left} \oplus \text{right}$ and the children are measured out with CZ corrections.

- Address: a bit moves to the branchings that test it, past one less than they are (where none on one
  side tests it, it passes to the other as it is); summed over $n = \lceil\log_2 M\rceil$ bits that is
  $M - 1 - n$ of the $M - 1$ branchings.
- Token: $M - 1$ branchings, and the first is free where no control takes the token's place.
- Data: classical words are copied from the cell by CNOTs and moved up by measurement, for any $b$.

So a look-up and its measurement-based uncomputation (the same tree with a phase at the cell) both
take $2M - 3 - n + c$ Toffoli gates. Moves of one register start two layers apart: address
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


def brigade_toffoli(entries: int, controls: int) -> int:
    """Return the Toffoli gates of a look-up or an uncomputation; none for a single entry."""
    if entries <= 1:
        return 0
    return 2 * entries - 3 - int(entries - 1).bit_length() + controls


def brigade_toffoli_array(entries: np.ndarray, controls: Any) -> np.ndarray:
    """Do the same for float64 arrays of whole numbers."""
    levels = np.frexp(np.maximum(entries - 1, 0))[1]
    gates = 2 * entries - 3 - levels + controls
    return np.where(entries <= 1, 0.0, gates)


def brigade_layers(entries: int, bitsize: int) -> int:
    """Return the layers of a look-up, $7n + 2b - 6$; none for a single entry."""
    levels = (entries - 1).bit_length() if entries > 1 else 0
    return 7 * levels + 2 * bitsize - 6 if levels else 0


def brigade_unlayers(entries: int) -> int:
    """Return the layers of an uncomputation, $6n - 4$; none for a single entry."""
    levels = (entries - 1).bit_length() if entries > 1 else 0
    return 6 * levels - 4 if levels else 0
