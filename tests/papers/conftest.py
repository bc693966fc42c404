"""The moves of one term of a lift as its gate card has them, for the papers that share them."""

import numpy as np
import pytest


def completion(vector):
    """An orthogonal matrix whose first column is the normalised vector."""
    unit = vector / np.linalg.norm(vector)
    axis = unit - np.eye(len(unit))[0]
    return np.eye(len(unit)) - 2 * np.outer(axis, axis) / (axis @ axis)


def applied(state, tensor, order):
    """The block of one factor: the last k cells in, the row in the last, the others empty."""
    k = tensor.ndim - 1
    if k == 0:
        prepared = np.tensordot(completion(tensor), state, axes=([1], [order - 1]))
        return np.moveaxis(prepared, 0, order - 1)
    cells = [order - 1 - e for e in range(k)]
    block = tensor / np.linalg.norm(tensor)
    found = np.tensordot(block, state, axes=(list(range(1, k + 1)), cells))
    whole = np.zeros_like(state)
    empty = [slice(None)] * state.ndim
    for cell in cells[1:]:
        empty[cell] = 0
    whole[tuple(empty)] = np.moveaxis(found, 0, order - k)
    return whole


def move_term(cells, spot, kinds, tensors, order, tally=None):
    """One term: factors of these kinds at these spots (from 1), all moves as the card has them.

    `spot` and `kinds` have one entry for each of the most factors, None where there is none.
    """
    spare = len(spot) * (len(tensors) - 1 - 1) // (len(tensors) - 1)
    state = np.zeros(cells.shape[:order] + cells.shape[:1] * spare + cells.shape[order:])
    filled = (slice(None),) * order + (0,) * spare
    state[filled] = cells
    order += spare

    def exchange(low, high, is_on):
        if tally is not None:
            tally.append((low, high))
        return state.swapaxes(low - 1, high - 1) if is_on else state

    shift, degree, most = 0, len(tensors) - 1, len(spot)
    for s in range(1, most + 1):
        here, kind = spot[s - 1], kinds[s - 1]

        def wants(cell, extra, here=here, kind=kind):
            return here is not None and cell >= here and kind >= extra

        if s == 1:
            for cell in range(order - 1, 0, -1):
                state = exchange(cell, order, wants(cell, 1))
        else:
            before = spot[s - 2]
            for cell in range(s - 1, order):
                is_behind = before is not None and cell >= before
                state = exchange(cell, order, is_behind and not wants(cell, 1))
        for extra in range(2, degree + 1):
            for cell in range(order - extra, s - 1, -1):
                state = exchange(cell, order - extra + 1, wants(cell, extra))
        if here is not None:
            state = applied(state, tensors[kind], order)
            shift += 1 - kind
    for cell in range(most, order):
        last = spot[most - 1]
        state = exchange(cell, order, last is not None and cell >= last)
    return state[filled], shift


@pytest.fixture(scope="session")
def choose():
    """Return the state after one term, and by how much it shifts the block."""
    return move_term
