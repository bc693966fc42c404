r"""Convolutions that are as cheap to differentiate twice as once.

torch differentiates a convolution once with the kernels made for it, and a second time with
convolutions whose kernel is as large as the image. The three maps behind one form,
$$ \langle g, x * w\rangle = \langle w^T g, x\rangle = \langle x \star g, w\rangle , $$
linear in each of $x$, $w$, $g$, are each other's derivatives, so that derivatives of any order need
no other kernel: `_Forward` is $x * w$, `_ToInput` $w^T g$, `_ToWeight` $x \star g$. That is faster where
there are many channels, and no faster in small networks, which are left as they are.

Source: derived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

Form = tuple[Any, ...]
"""Stride, padding, dilation, whether transposed, output padding, groups."""

LARGE = 2**24
"""Weights of all convolutions from which on torch's own are replaced."""

Found = tuple[torch.Tensor | None, ...]


class _Forward(torch.autograd.Function):
    """$x * w$ from x and w."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: torch.Tensor, w: torch.Tensor, form: Form) -> torch.Tensor:
        return torch.ops.aten.convolution(x, w, None, *form)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.save_for_backward(*inputs[:2])
        ctx.form = inputs[2]

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Found:
        (g,), (x, w) = grads, ctx.saved_tensors
        to_x = _ToInput.apply(w, g, x.shape, ctx.form) if ctx.needs_input_grad[0] else None
        to_w = _ToWeight.apply(x, g, w.shape, ctx.form) if ctx.needs_input_grad[1] else None
        return to_x, to_w, None


class _ToInput(torch.autograd.Function):
    """$w^T g$ from w and g."""

    generate_vmap_rule = True

    @staticmethod
    def forward(w: torch.Tensor, g: torch.Tensor, shape: torch.Size, form: Form) -> torch.Tensor:
        place = g.new_empty(1).expand(shape)
        return torch.ops.aten.convolution_backward(g, place, w, None, *form, [True, False, False])[
            0
        ]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.save_for_backward(*inputs[:2])
        ctx.form = inputs[3]

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Found:
        (x,), (w, g) = grads, ctx.saved_tensors
        to_w = _ToWeight.apply(x, g, w.shape, ctx.form) if ctx.needs_input_grad[0] else None
        to_g = _Forward.apply(x, w, ctx.form) if ctx.needs_input_grad[1] else None
        return to_w, to_g, None, None


class _ToWeight(torch.autograd.Function):
    r"""$x \star g$ from x and g."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: torch.Tensor, g: torch.Tensor, shape: torch.Size, form: Form) -> torch.Tensor:
        place = g.new_empty(1).expand(shape)
        return torch.ops.aten.convolution_backward(g, x, place, None, *form, [False, True, False])[
            1
        ]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.save_for_backward(*inputs[:2])
        ctx.form = inputs[3]

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Found:
        (w,), (x, g) = grads, ctx.saved_tensors
        to_x = _ToInput.apply(w, g, x.shape, ctx.form) if ctx.needs_input_grad[0] else None
        to_g = _Forward.apply(x, w, ctx.form) if ctx.needs_input_grad[1] else None
        return to_x, to_g, None, None


class _Mode(TorchFunctionMode):
    """Takes the place of torch's convolution of images."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is torch.conv2d and len(args) == 7 and not isinstance(args[4], str) and not kwargs:
            return _convolve(*args)
        return func(*args, **kwargs)


def _convolve(
    x: torch.Tensor,
    w: torch.Tensor,
    bias: torch.Tensor | None,
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    groups: int,
) -> torch.Tensor:
    form = (list(stride), list(padding), list(dilation), False, [0, 0], groups)
    found = _Forward.apply(x, w, form)
    return found if bias is None else found + bias[:, None, None]


@contextmanager
def convolving(module: torch.nn.Module) -> Iterator[None]:
    """Compute the convolutions of a large network so; other networks, and without derivatives, as ever."""
    size = sum(
        layer.weight.numel() for layer in module.modules() if isinstance(layer, torch.nn.Conv2d)
    )
    if size < LARGE or not torch.is_grad_enabled():
        yield
        return
    with _Mode():
        yield
