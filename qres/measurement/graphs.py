"""Derivatives of a gradient whose graph is at hand.

A graph is a pair: the point at which the gradient was taken, and the gradient, differentiable.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

BLOCK_DIM = 2**14
"""Up to this many active parameters a block of vectors goes through the graph at once."""

Graph = tuple[torch.Tensor, torch.Tensor]


def nest(graph: Graph, directions: Sequence[torch.Tensor]) -> Graph:
    """Return the derivative of a gradient along all directions, still differentiable."""
    point, value = graph
    for direction in directions:
        value = differentiate(point, value, direction, keep=True, again=True)
    return point, value


def differentiate(
    point: torch.Tensor,
    gradient: torch.Tensor,
    direction: torch.Tensor,
    *,
    keep: bool,
    again: bool = False,
) -> torch.Tensor:
    """Return the derivative of `gradient` along `direction`; zero where it is constant.

    `keep` leaves the graph in memory, `again` makes the derivative differentiable itself.
    """
    if not gradient.requires_grad:
        return torch.zeros_like(point)
    (product,) = torch.autograd.grad(
        gradient,
        point,
        direction,
        retain_graph=keep,
        create_graph=again,
        allow_unused=True,  # `materialize_grads` costs 2 % of a product with a small network
    )
    return torch.zeros_like(point) if product is None else product


def differentiate_block(
    point: torch.Tensor, gradient: torch.Tensor, directions: torch.Tensor, *, keep: bool
) -> torch.Tensor:
    """Return the derivatives of `gradient` along the rows of `directions`."""
    if not gradient.requires_grad:
        return torch.zeros_like(directions)
    if len(directions) > 1 and len(point) <= BLOCK_DIM:
        (products,) = torch.autograd.grad(
            gradient,
            point,
            directions,
            retain_graph=keep,
            is_grads_batched=True,
            allow_unused=True,
            materialize_grads=True,
        )
        return products
    if len(directions) == 1:
        return differentiate(point, gradient, directions[0], keep=keep)[None]
    last = len(directions) - 1
    return torch.stack(
        [
            differentiate(point, gradient, direction, keep=keep or number < last)
            for number, direction in enumerate(directions)
        ]
    )
