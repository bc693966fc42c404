"""`model.network`: how a network is built, trained and pruned before it is measured."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from qres.config.check import Real, Whole
from qres.config.choice import Choice, FileName, Listing, Text
from qres.config.section import Section

MAX_SEED = 2**32 - 1
ACTIVATIONS = ("tanh", "sigmoid", "softplus", "gelu", "relu")
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


class Dataset(Section):
    """What the network learns from."""

    kind: Annotated[
        str,
        Choice(
            ("digits", "breast-cancer"),
            later=("cifar10", "cifar100", "text", "csv", "random", "python"),
        ),
    ]
    """Name of the data set; both come with scikit-learn."""


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


class Prune(Section):
    """Global magnitude pruning."""

    fraction: Annotated[float, Real(low=0, below=1)] = 0.0
    """Part of the weights that is set to zero and frozen."""
    retrain_epochs: Annotated[int, Whole(0, 100_000)] = 5
    """Passes with the mask frozen, after pruning; none where nothing is pruned."""


class Network(Section):
    """A network to train, prune and measure."""

    architecture: Annotated[Mlp | Logistic | UserCode, Field(discriminator="kind")]
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
