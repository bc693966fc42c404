"""`model.network`: how a network is built, trained and pruned before it is measured."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from qres.config.algorithm import Switch
from qres.config.check import Real, Whole, refuse
from qres.config.choice import Choice, FileName, Listing, Text
from qres.config.section import Section

MAX_SEED = 2**32 - 1
ACTIVATIONS = ("tanh", "sigmoid", "softplus", "gelu", "silu", "relu")
"""relu has kinks, which every derivative misses: what is measured of it is `assumed`."""


class Mlp(Section):
    """A multi-layer perceptron."""

    kind: Literal["mlp"]
    hidden: Annotated[tuple[int, ...], Listing(Whole(1, 65_536), at_most=32)] = (32, 32)
    """Width of each hidden layer."""
    activation: Annotated[str, Choice(ACTIVATIONS)] = "tanh"
    """Between the layers."""


class Logistic(Section):
    """Multinomial logistic regression: one linear layer."""

    kind: Literal["logistic"]


class ResNet(Section):
    """A residual network for small images, of the CIFAR type: three stages, batch norm.

    `{depth: 32, width: 4}` is resnet-32-4, `{depth: 56, width: 11}` is resnet-56-11.
    """

    kind: Literal["resnet"]
    depth: Annotated[int, Whole(8, 1202)] = 32
    """6n + 2: n blocks in each of the three stages."""
    width: Annotated[int, Whole(1, 64)] = 1
    """Widening factor: the stages have 16, 32 and 64 times as many channels."""
    block: Annotated[str, Choice(("auto", "basic", "bottleneck"))] = "auto"
    """Two or three convolutions a block; auto: bottleneck from depth 54 on."""
    activation: Annotated[str, Choice(ACTIVATIONS)] = "relu"
    """After each norm; relu as published, any other has derivatives."""

    @model_validator(mode="after")
    def _consistent(self) -> ResNet:
        if self.depth % 6 != 2:
            low = self.depth - (self.depth - 2) % 6
            refuse(
                f"expected 6n + 2, such as {low} or {low + 6}, found {self.depth}", at=("depth",)
            )
        return self


class Gpt(Section):
    """A transformer that predicts the next character, its attention in plain mathematics."""

    kind: Literal["gpt"]
    layers: Annotated[int, Whole(1, 1000)] = 2
    """Blocks of attention and perceptron."""
    heads: Annotated[int, Whole(1, 1000)] = 2
    """Of the attention; they divide the width."""
    width: Annotated[int, Whole(1, 65_536)] = 64
    """Numbers that stand for one character."""
    context: Annotated[int, Whole(1, 65_536)] = 64
    """Characters of one sample."""
    activation: Annotated[str, Choice(ACTIVATIONS)] = "gelu"
    """In the perceptrons."""
    tied: Annotated[bool, Switch()] = True
    """Whether the output shares the weights of the character embedding."""

    @model_validator(mode="after")
    def _consistent(self) -> Gpt:
        if self.width % self.heads:
            refuse(f"expected a divisor of width ({self.width}), found {self.heads}", at=("heads",))
        return self


class Build(Text):
    """Where user code lives: `pkg.mod:build`."""

    def check(self, value: object) -> str | None:
        """Return the reference."""
        text = super().check(value)
        module, colon, name = (text or "").partition(":")
        parts = [*module.split("."), name]
        if not colon or not all(part.isidentifier() for part in parts):
            self.reject(value)
        return text


class UserCode(Section):
    """A network built by the user's own function; needs `--trust`."""

    kind: Literal["python"]
    build: Annotated[str, Build("a function as 'package.module:function'")]
    """The function that returns a `torch.nn.Module`."""


class Digits(Section):
    """Handwritten digits, 8 x 8 pixels, part of scikit-learn."""

    kind: Literal["digits"]
    resize: Annotated[int | None, Whole(1, 512)] = None
    """Pixels a side of images in three equal channels; without it 64 plain features."""
    n_classes: Annotated[int | None, Whole(10, 1_000_000)] = None
    """Outputs of the network; ten if left out, of more the others never occur."""
    n_samples: Annotated[int | None, Whole(50, 1797)] = None
    """The first so many images, every fifth of them held out; all 1,797 if left out."""


class BreastCancer(Section):
    """Breast-cancer diagnoses, 30 features, part of scikit-learn."""

    kind: Literal["breast-cancer"]


class Cifar(Section):
    """Images of 32 x 32 pixels in three channels."""

    path: Annotated[str, Text("the path of the archive (.tar.gz), or of its folder")]
    """The standard python or binary archive, as it is or unpacked."""
    n_samples: Annotated[int | None, Whole(1)] = None
    """The first so many training images; without it all."""


class Cifar10(Cifar):
    """CIFAR-10: ten classes."""

    kind: Literal["cifar10"]


class Cifar100(Cifar):
    """CIFAR-100: a hundred fine classes."""

    kind: Literal["cifar100"]


class Characters(Section):
    """A text, one character after the other; for `gpt`."""

    kind: Literal["text"]
    path: Annotated[str, Text("the path of a UTF-8 text file")]
    """The text; its different characters are the classes."""


class Table(Section):
    """A table with one sample a row, its first row the names of the columns."""

    kind: Literal["csv"]
    path: Annotated[str, FileName(suffixes=(".csv",))]
    """The table, separated by commas; all columns but the target hold numbers."""
    target: Annotated[str, Text("the name of a column")]
    """The column of the classes; its different texts, sorted, are classes 0, 1, ..."""


class Noise(Section):
    """Random samples with random labels, for sizes and speeds; every report says that it is."""

    kind: Literal["random"]
    shape: Annotated[tuple[int, ...], Listing(Whole(1, 2**24), at_most=3, single=True)]
    """Of one sample: features, or channels, height, width. For `gpt` its context."""
    n_classes: Annotated[int, Whole(2, 1_000_000)] = 10
    """Labels, each as likely; for `gpt` the number of different characters."""
    n_samples: Annotated[int, Whole(2, 10_000_000)] = 128
    """Samples; every fifth is held out."""
    seed: Annotated[int, Whole(0, MAX_SEED)] = 0
    """Of samples and labels."""


class UserData(Section):
    """Samples from the user's own function; needs `--trust`."""

    kind: Literal["python"]
    build: Annotated[str, Build("a function as 'package.module:function'")]
    """The function that returns (inputs, classes), two tensors; every fifth sample is held out."""


Dataset = Annotated[
    Digits | BreastCancer | Cifar10 | Cifar100 | Characters | Table | Noise | UserData,
    Field(discriminator="kind"),
]


class Train(Section):
    """Seeded mini-batch training."""

    epochs: Annotated[int, Whole(0, 100_000)] = 20
    """Passes over the training set; 0 leaves the initial weights."""
    learning_rate: Annotated[float, Real(above=0)] = 0.1
    """Step size."""
    batch_size: Annotated[int, Whole(1, 10_000_000)] = 128
    """Samples per step."""
    weight_decay: Annotated[float, Real(low=0)] = 0.0
    """L2 penalty on the weights."""
    seed: Annotated[int, Whole(0, MAX_SEED)] = 0
    """Of the initial weights and the batches."""
    precision: Annotated[str | None, Choice(("float64", "float32"))] = None
    """Of the arithmetic of training; double if left out. What is measured has its own."""


class Prune(Section):
    """Global magnitude pruning."""

    fraction: Annotated[float, Real(low=0, below=1)] = 0.0
    """Part of the weights that is set to zero and frozen."""
    retrain_epochs: Annotated[int, Whole(0, 100_000)] = 5
    """Passes with the mask frozen, after each pruning; none where nothing is pruned."""
    rounds: Annotated[int | None, Whole(2, 1000)] = None
    """Prune and retrain so many times, each leaving the same part; at once if left out."""
    retrain_learning_rate: Annotated[float | None, Real(above=0)] = None
    """Step size of the retraining; that of the training if left out."""
    spare: Annotated[
        tuple[str, ...] | None, Listing(Text("how names begin"), at_most=1000, single=True)
    ] = None
    """Parameters whose names begin so are left whole; `fraction` of all others and these is pruned."""


class Network(Section):
    """A network to train, prune and measure."""

    architecture: Annotated[Mlp | Logistic | ResNet | Gpt | UserCode, Field(discriminator="kind")]
    """How it is built."""
    dataset: Dataset
    """What it learns from."""
    train: Train = Train()
    """Seeded mini-batch training."""
    prune: Prune = Prune()
    """Global magnitude pruning."""
    checkpoint: Annotated[str | None, FileName(suffixes=(".safetensors", ".pt"), optional=True)] = (
        None
    )
    """Weights to start from (weights only)."""
