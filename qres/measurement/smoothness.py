r"""Whether a network is smooth: told by the operations that run, layers of torch or not.

Two things make it not so. An operation of `KINKED_OPERATIONS` has derivatives that jump somewhere; one
of `STEPS` is flat with jumps, which matters where it depends on the weights. And what is *chosen* by the
weights: a comparison of numbers that depend on them, or an index or a rounded number made from such, that
then meets a number with a gradient, as in $x\,[x > 0]$ or `where(x > 0, x, 0.1 * x)`. Comparisons that
are only looked at (an assertion), those of data alone (a mask of padding) and those for equality, which
hold nowhere but on a null set, are no kinks. Not seen are a branch of Python that the weights decide, a
comparison of what was detached from them, and a root that makes $|x|$ of $\sqrt{x^2}$.

Source: derived.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

KINKED_OPERATIONS = frozenset(
    [
        "abs",
        "amax",
        "amin",
        "aminmax",
        "celu",
        "clamp",
        "clamp_max",
        "clamp_min",
        "cummax",
        "cummin",
        "elu",
        "fmax",
        "fractional_max_pool2d",
        "fractional_max_pool3d",
        "fmin",
        "hardshrink",
        "hardsigmoid",
        "hardswish",
        "hardtanh",
        "huber_loss",
        "kthvalue",
        "leaky_relu",
        "max",
        "maximum",
        "max_pool2d",
        "max_pool2d_with_indices",
        "max_pool3d_with_indices",
        "adaptive_max_pool2d",
        "adaptive_max_pool3d",
        "mkldnn_max_pool2d",
        "median",
        "min",
        "minimum",
        "_prelu_kernel",
        "relu",
        "rrelu_with_noise",
        "smooth_l1_loss",
        "softshrink",
        "sort",
        "threshold",
        "topk",
    ]
)
"""Operations of torch whose derivatives of first to third order jump somewhere, and miss the jump."""

NORMS = {"linalg_vector_norm": 1, "_cdist_forward": 2}
"""Operations that are smooth for an even order alone, and which argument that is; 2 if left out."""

STEPS = frozenset(
    [
        "ceil",
        "fix",
        "floor",
        "floor_divide",
        "fmod",
        "frac",
        "heaviside",
        "remainder",
        "round",
        "sgn",
        "sign",
        "trunc",
    ]
)
"""Operations that jump."""

NULL_SETS = frozenset(["eq", "ne", "isnan"])
"""Comparisons that are the same almost everywhere."""


def runs_kinks(run: Callable[[], object]) -> bool:
    """Say whether what runs is not twice differentiable in what requires a gradient, layer or not."""
    with torch.enable_grad(), _Operations() as seen:
        run()
    return seen.has_kink


class _Operations(TorchDispatchMode):
    """Looks at the operations that run, and remembers what the weights have chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.has_kink = False
        self._chosen: dict[int, torch.Tensor] = {}  # kept alive, so that no number comes again

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = func.overloadpacket.__name__.rstrip("_")
        given = [item for item in tree_leaves((args, kwargs)) if isinstance(item, torch.Tensor)]
        found = func(*args, **(kwargs or {}))
        is_live = any(item.requires_grad for item in given)
        is_chosen = any(id(item) in self._chosen for item in given)
        jumps = name in STEPS or is_chosen
        # inside a function with derivatives of its own nothing requires a gradient
        has_numbers = any(item.is_floating_point() for item in given)
        self.has_kink |= has_numbers and _is_kinked(name, args)
        self.has_kink |= is_live and jumps
        decides = is_live and not (name in NULL_SETS or _only_shapes(name))
        for item in tree_leaves(found):
            if isinstance(item, torch.Tensor) and (
                is_chosen or (decides and not item.is_floating_point())
            ):
                self._chosen[id(item)] = item
        return found


def _is_kinked(name: str, args: tuple[Any, ...]) -> bool:
    """Say whether an operation has derivatives that jump."""
    if name not in NORMS:
        return name in KINKED_OPERATIONS
    place = NORMS[name]
    return len(args) > place and (args[place] == 0 or args[place] % 2 != 0)


def _only_shapes(name: str) -> bool:
    """Say whether an operation takes nothing but the shape of what it is given."""
    return name.endswith("_like") or name.startswith("new_")
