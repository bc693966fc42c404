r"""A transformer of the GPT type that predicts the next character.

Embeddings of character and place, added; `layers` blocks of causal attention and of a perceptron
four times as wide, each behind a layer norm and with a shortcut around it; a last layer norm; one
score for each character. Linear layers in the blocks have biases, the output has none and, if
`tied`, shares the weights of the character embedding. There is no dropout. The attention is written
out, $\mathrm{softmax}(q k^T/\sqrt{d})\,v$: fused kernels have no second derivatives. So is the layer
norm: the third derivative of torch's own is wrong (2.13.0, without a word).

With V characters, context C, width d and L layers it has $(V + C) d + L (12 d^2 + 13 d) + 2 d$
parameters, and $V d$ more if not tied: 124,439,808 for GPT-2 small (V = 50257, C = 1024, d = 768,
L = 12).

Source: Radford et al., Language Models are Unsupervised Multitask Learners (2019), section 2.3.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from qres.config.record import Gpt

SPREAD = 0.02
"""Standard deviation of the first weights."""

FLOOR = 1e-5
"""Added to the variance in a layer norm."""

Layer = type[torch.nn.Module]


class Transformer(torch.nn.Module):
    """Characters of shape (b, c), c at most the context, to scores of shape (b, n_classes, c).

    Args:
        shape: layers, heads, width, context, and whether the output is tied.
        activation: class of the layer in the perceptrons.
        n_classes: different characters.
        device: `meta` takes no memory and draws no random number.
    """

    def __init__(self, shape: Gpt, activation: Layer, *, n_classes: int, device: str) -> None:
        super().__init__()
        place = {"device": device, "dtype": torch.float64}
        self.characters = torch.nn.Parameter(torch.empty(n_classes, shape.width, **place))
        self.places = torch.nn.Parameter(torch.empty(shape.context, shape.width, **place))
        self.blocks = torch.nn.Sequential(
            *(_Block(shape, activation, place) for _ in range(shape.layers))
        )
        self.norm = _Norm(shape.width, **place)
        self.output = (
            None if shape.tied else torch.nn.Linear(shape.width, n_classes, bias=False, **place)
        )

    def forward(self, characters: torch.Tensor) -> torch.Tensor:
        """Return the scores of the next character at every place, classes second."""
        found = torch.nn.functional.embedding(characters, self.characters)
        found = self.norm(self.blocks(found + self.places[: characters.shape[1]]))
        weight = self.characters if self.output is None else self.output.weight
        return torch.nn.functional.linear(found, weight).transpose(1, 2)


class _Norm(torch.nn.Module):
    """Shift and scale each vector to mean 0 and variance 1, then by learnt scales and shifts."""

    def __init__(self, width: int, **place: Any) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.empty(width, **place))
        self.bias = torch.nn.Parameter(torch.empty(width, **place))

    def forward(self, found: torch.Tensor) -> torch.Tensor:
        """Return the normed vectors, the last dimension theirs."""
        apart = found - found.mean(dim=-1, keepdim=True)
        variance = apart.square().mean(dim=-1, keepdim=True)
        return apart * (variance + FLOOR).rsqrt() * self.weight + self.bias


class _Block(torch.nn.Module):
    """Attention, then a perceptron."""

    def __init__(self, shape: Gpt, activation: Layer, place: dict) -> None:
        super().__init__()
        width = shape.width
        self.first_norm = _Norm(width, **place)
        self.attention = _Attention(width, shape.heads, place)
        self.second_norm = _Norm(width, **place)
        self.perceptron = torch.nn.Sequential(
            torch.nn.Linear(width, 4 * width, **place),
            activation(),
            torch.nn.Linear(4 * width, width, **place),
        )

    def forward(self, found: torch.Tensor) -> torch.Tensor:
        """Return what leaves the block, shape (b, c, width)."""
        found = found + self.attention(self.first_norm(found))
        return found + self.perceptron(self.second_norm(found))


class _Attention(torch.nn.Module):
    """Every place looks at itself and at those before it."""

    def __init__(self, width: int, heads: int, place: dict) -> None:
        super().__init__()
        self.heads = heads
        self.look = torch.nn.Linear(width, 3 * width, **place)
        self.gather = torch.nn.Linear(width, width, **place)

    def forward(self, found: torch.Tensor) -> torch.Tensor:
        """Return the mixture of values, shape (b, c, width)."""
        batch, length, width = found.shape
        parts = self.look(found).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(-2, -1) / math.sqrt(width // self.heads)
        is_later = torch.ones(length, length, dtype=torch.bool, device=found.device).triu(1)
        mixture = scores.masked_fill(is_later, -math.inf).softmax(dim=-1) @ value
        return self.gather(mixture.transpose(1, 2).reshape(batch, length, width))


def fill_transformer(network: Transformer, generator: torch.Generator) -> None:
    r"""Draw the first weights: normal of deviation `SPREAD`, by $1/\sqrt{2L}$ smaller where a block
    adds to its shortcut; scales one, the rest zero.
    """
    shrink = 1 / math.sqrt(2 * len(network.blocks))
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "norm" in name:
                parameter.fill_(float(name.endswith("weight")))
            elif parameter.ndim == 1:
                parameter.zero_()
            else:
                is_last = name.endswith(("gather.weight", "perceptron.2.weight"))
                parameter.normal_(0, SPREAD * (shrink if is_last else 1), generator=generator)
