r"""Residual networks of the CIFAR type, as Liu et al. train them.

A 3 x 3 convolution to $16 w$ channels; three stages of $n$ blocks with $16 w$, $32 w$ and $64 w$
channels, the second and third at half the resolution of the one before; the mean over all pixels;
one linear layer. The depth is named $6 n + 2$. A `basic` block has two 3 x 3 convolutions, a
`bottleneck` one of 1 x 1, one of 3 x 3 and one of 1 x 1 to four times the channels. Convolutions
have no bias, each is followed by a batch norm with scale and shift; where a block changes the shape
its shortcut is a 1 x 1 convolution with a batch norm. (`network/res_net.py` of
github.com/ZIYU-DEEP/quantum-sparse-training takes bottlenecks from depth 54 on.)

Batch norms take the statistics of the batch while training. They are measured with fixed statistics
(`qres.measurement.norms`), so that the loss is a mean over samples and every product repeats.

Source: He et al., arXiv:1512.03385v1, section 4.2; widths by Zagoruyko and Komodakis,
arXiv:1605.07146v4; counts as in Liu et al., arXiv:2303.03428.
"""

from __future__ import annotations

import math

import torch

from qres.config.record import ResNet

EXPANSION = {"basic": 1, "bottleneck": 4}
"""Channels that leave a block, over those of its stage."""

Layer = type[torch.nn.Module]


class ResidualNetwork(torch.nn.Module):
    """Images of shape (b, channels, height, width) to outputs of shape (b, n_outputs).

    Args:
        shape: depth, width and kind of block.
        activation: class of the layer after each norm.
        channels: of the images.
        n_outputs: of the last layer.
        device: `meta` takes no memory and draws no random number.
    """

    def __init__(
        self, shape: ResNet, activation: Layer, *, channels: int, n_outputs: int, device: str
    ) -> None:
        super().__init__()
        place = {"device": device, "dtype": torch.float64}
        width = 16 * shape.width
        self.stem = _convolve(channels, width, 3, 1, place)
        self.stem_activation = activation()
        blocks = []
        for stage in range(3):
            inner = 16 * shape.width * 2**stage
            for number in range((shape.depth - 2) // 6):
                stride = 2 if stage > 0 and number == 0 else 1
                blocks.append(_Block(width, inner, stride, shape.block, activation, place))
                width = inner * EXPANSION[shape.block]
        self.blocks = torch.nn.Sequential(*blocks)
        self.output = torch.nn.Linear(width, n_outputs, **place)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the outputs of a batch."""
        found = self.blocks(self.stem_activation(self.stem(images)))
        return self.output(found.mean(dim=(2, 3)))


class _Block(torch.nn.Module):
    """Convolutions around which a shortcut leads."""

    def __init__(
        self, before: int, inner: int, stride: int, kind: str, activation: Layer, place: dict
    ) -> None:
        super().__init__()
        after = inner * EXPANSION[kind]
        plan = [(before, inner, 3, stride), (inner, inner, 3, 1)]
        if kind == "bottleneck":
            plan = [(before, inner, 1, 1), (inner, inner, 3, stride), (inner, after, 1, 1)]
        layers: list[torch.nn.Module] = []
        for step in plan:
            layers += [_convolve(*step, place), activation()]
        self.path = torch.nn.Sequential(*layers[:-1])
        is_same = stride == 1 and before == after
        self.shortcut = (
            torch.nn.Identity() if is_same else _convolve(before, after, 1, stride, place)
        )
        self.activation = layers[-1]

    def forward(self, found: torch.Tensor) -> torch.Tensor:
        """Return what leaves the block."""
        return self.activation(self.path(found) + self.shortcut(found))


def _convolve(before: int, after: int, size: int, stride: int, place: dict) -> torch.nn.Sequential:
    """Return a convolution without bias and its batch norm."""
    layer = torch.nn.Conv2d(
        before, after, size, stride=stride, padding=size // 2, bias=False, **place
    )
    return torch.nn.Sequential(layer, torch.nn.BatchNorm2d(after, **place))


def fill_residual(network: ResidualNetwork, generator: torch.Generator) -> None:
    r"""Draw the first weights: convolutions normal with variance $2/(k^2 c_{out})$ (He et al.,
    arXiv:1502.01852v1, equation 14), the last layer uniform in $\pm 1/\sqrt{n_{in}}$, scales one,
    the rest zero.
    """
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, torch.nn.Conv2d):
                fan = layer.out_channels * math.prod(layer.kernel_size)
                layer.weight.normal_(0, math.sqrt(2 / fan), generator=generator)
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.reset_parameters()
            if isinstance(layer, torch.nn.Linear):
                reach = 1 / math.sqrt(layer.in_features)
                layer.weight.uniform_(-reach, reach, generator=generator)
                layer.bias.zero_()
