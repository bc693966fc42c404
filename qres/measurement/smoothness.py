r"""Whether a network is smooth: told by the operations that run, layers of torch or not.

Two things make it not so. An operation of `KINKED_OPERATIONS`, or one with settings of `KINKED_SETTINGS`
(the order of a norm, a maximum that it is told to take), has derivatives that jump somewhere; one of
`STEPS` jumps itself, which matters where it depends on the weights. And what is *chosen* by the
weights: a comparison of numbers that depend on them, or an index or a rounded number made from such, that
then meets a number with a gradient, as in $x\,[x > 0]$ or `where(x > 0, x, 0.1 * x)`. Comparisons that
are only looked at (an assertion), those of data alone (a mask of padding) and those for equality, which
hold nowhere but on a null set, are no kinks. A norm of even order and the singular values of an oblong
matrix are not smooth at single points (zero, a lost rank), which no path meets by chance: they count as
smooth.

Not seen are a branch of Python that the weights decide, a comparison of what was detached from them, a
power or a root of what touches zero ($\sqrt{x^2}$, $(x^2)^{3/4}$, `hypot(x, 0)` are $|x|$ in disguise),
eigenvalues and singular values that cross (what is made of one of them alone has a kink there), a number
that is cast to fewer digits, a grid sampled inside a function with a derivative of its own, and whatever
runs outside of torch, or inside an operation of a library that torch knows by name only.

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
        "copysign",
        "cummax",
        "cummin",
        "elu",
        "embedding_renorm",
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
        "mode",
        "nanmedian",
        "_prelu_kernel",
        "relu",
        "renorm",
        "rrelu_with_noise",
        "smooth_l1_loss",
        "softshrink",
        "sort",
        "special_i0e",
        "special_i1e",
        "threshold",
        "topk",
    ]
)
"""Operations of torch whose derivatives of first to third order jump somewhere, and miss the jump."""

Args = tuple[Any, ...]


def _is_odd(place: int) -> Callable[[Args], bool]:
    """Return what tells whether the order of a norm, 2 if left out, is not an even number."""

    def tell(args: Args) -> bool:
        order = args[place] if len(args) > place else None
        return order is not None and (order == 0 or order % 2 != 0)

    return tell


def _takes_maximum(args: Args) -> bool:
    """Say whether an operation is told to reduce to the largest or the smallest."""
    return any(item in EXTREMES for item in args if isinstance(item, str))


def _samples_by_weights(args: Args) -> bool:
    """Say whether the places of a grid, between which is interpolated, depend on the weights."""
    return args[1].requires_grad


EXTREMES = frozenset(["amax", "amin", "max", "min"])
"""Reductions that choose."""

MAX_BAG = 2
"""What torch calls the mode in which a bag of embeddings takes the maximum."""

KINKED_SETTINGS: dict[str, Callable[[Args], bool]] = {
    "_cdist_forward": _is_odd(2),
    "dist": _is_odd(2),
    "linalg_vector_norm": _is_odd(1),
    "norm": _is_odd(1),
    "_pdist_forward": _is_odd(1),
    "index_reduce": _takes_maximum,
    "scatter_reduce": _takes_maximum,
    "segment_reduce": _takes_maximum,
    "_embedding_bag": lambda args: args[4:5] == (MAX_BAG,),
    "grid_sampler_2d": _samples_by_weights,
    "grid_sampler_3d": _samples_by_weights,
    "_linalg_svd": lambda args: args[0].shape[-1] == args[0].shape[-2],  # |x|, for one number
    "logit": lambda args: args[1:2] not in ((), (None,)),  # cut off at both ends
}
"""Operations that are smooth or not by what they are told, and what tells."""

STEPS = frozenset(
    [
        "angle",
        "atan2",
        "ceil",
        "fake_quantize_per_channel_affine_cachemask",
        "fake_quantize_per_tensor_affine_cachemask",
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


def _is_kinked(name: str, args: Args) -> bool:
    """Say whether an operation has derivatives that jump."""
    return name in KINKED_OPERATIONS or (name in KINKED_SETTINGS and KINKED_SETTINGS[name](args))


def _only_shapes(name: str) -> bool:
    """Say whether an operation takes nothing but the shape of what it is given."""
    return name.endswith("_like") or name.startswith("new_")
