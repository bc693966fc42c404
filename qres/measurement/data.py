"""What networks learn from: data sets of scikit-learn, files of the user's, random numbers.

Nothing is downloaded. Where a data set has no test samples of its own every fifth sample is held
out; held-out samples only tell the accuracy. Plain features are shifted and scaled to mean 0 and
variance 1 over the training samples, one by one (a feature that never varies becomes 0), images
channel by channel. A text is cut into pieces of one character more than the context, and what
follows each character is its target.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits

from qres.config.record import DataSource
from qres.errors import InputError, nearest
from qres.measurement.archives import read_cifar
from qres.measurement.text_files import read_characters, read_table

LOADERS = {"digits": load_digits, "breast-cancer": load_breast_cancer}
HELD_OUT_EVERY = 5

MAX_NUMBERS = 2**29
"""Data sets of more numbers than this (4 GiB in double precision) are refused."""

Array = NDArray[np.float64]
Classes = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Standardised samples in double precision (characters: whole numbers), with class numbers.

    Args:
        name: as in `model.yaml`.
        inputs: shape (n, features), (n, channels, height, width), or (n, context) of characters.
        targets: shape (n,), or (n, context) of characters.
        held_out_inputs: the same, of held-out samples.
        held_out_targets: their classes.
        n_classes: how many there are.
    """

    name: str
    inputs: torch.Tensor
    targets: torch.Tensor
    held_out_inputs: torch.Tensor
    held_out_targets: torch.Tensor
    n_classes: int

    @property
    def n_features(self) -> int:
        """Numbers of one sample."""
        return self.inputs[0].numel()

    @property
    def is_text(self) -> bool:
        """Whether samples are characters."""
        return not self.inputs.is_floating_point()


def load_dataset(source: DataSource, *, context: int | None = None) -> Dataset:
    """Load the samples that a model file names.

    Args:
        source: where they come from; `python` is the caller's to load.
        context: characters of one sample, for a network that takes characters.

    Raises:
        InputError: a file in another format, or data that the network does not take.
    """
    name = source.kind
    if name not in ("digits", "breast-cancer", "cifar10", "cifar100", "text", "csv", "random"):
        raise InputError(f"dataset.kind: unknown '{name}'{nearest(name, LOADERS)}")
    if name == "text" or (name == "random" and context is not None):
        return _load_characters(source, context)
    if context is not None:
        raise InputError(f"dataset.kind: gpt takes text or random, found {name}")
    if source.path is not None and name != "csv":
        return _load_images(name, source.path, source.n_samples)
    if name == "csv":
        assert source.path is not None
        samples, classes = read_table(source.path, source.target)
    elif name == "random":
        samples, classes = _draw(source, source.shape)
    else:
        samples, classes = (
            part[: source.n_samples or None] for part in LOADERS[name](return_X_y=True)
        )
    return split_samples(name, _resize(samples, source.resize), classes, source.n_classes)


def split_samples(name: str, samples: Array, classes: Classes, n_classes: int = 0) -> Dataset:
    """Hold every fifth sample out and standardise all of them.

    Args:
        name: of the data set.
        samples: shape (n, features) or (n, channels, height, width).
        classes: shape (n,), counted from 0.
        n_classes: 0 counts those that appear.
    """
    is_held_out = np.arange(len(samples)) % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
    samples = np.asarray(samples, dtype=np.float64)
    axes = 0 if samples.ndim == 2 else (0, 2, 3)
    scaled = _standardise(samples, samples[~is_held_out], axes)
    targets = np.asarray(classes, dtype=np.int64)
    return Dataset(
        name=name,
        inputs=torch.from_numpy(scaled[~is_held_out]),
        targets=torch.from_numpy(targets[~is_held_out]),
        held_out_inputs=torch.from_numpy(scaled[is_held_out]),
        held_out_targets=torch.from_numpy(targets[is_held_out]),
        n_classes=n_classes or len(np.unique(targets)),
    )


def _standardise(samples: Array, train: Array, axes: int | tuple[int, ...]) -> Array:
    """Shift and scale by mean and deviation of the training samples; what is constant there is 0."""
    mean, scale = train.mean(axis=axes), train.std(axis=axes)
    # the deviation of one number many times over is rounding, not always 0
    scale = np.where(train.max(axis=axes) > train.min(axis=axes), scale, 0.0)
    if samples.ndim == 4:
        mean, scale = mean[:, None, None], scale[:, None, None]
    return np.where(scale > 0, (samples - mean) / np.where(scale > 0, scale, 1), 0)


def _resize(samples: Array, size: int) -> Array:
    """Return 8 x 8 digits as images of `size` pixels a side in three equal channels."""
    if not size:
        return samples
    _check_numbers(len(samples) * 3 * size**2)
    pixels = torch.from_numpy(np.asarray(samples, dtype=np.float64)).view(-1, 1, 8, 8)
    images = torch.nn.functional.interpolate(
        pixels, size=(size, size), mode="bilinear", align_corners=False
    )
    return images.repeat(1, 3, 1, 1).numpy()


def _draw(source: DataSource, shape: tuple[int, ...]) -> tuple[Array, Classes]:
    """Return normal samples and even labels that have nothing to do with each other."""
    if len(shape) not in (1, 3):
        found = ", ".join(map(str, shape))
        raise InputError(
            f"dataset.shape: expected features or channels, height, width, found {found}"
        )
    _check_numbers(source.n_samples * int(np.prod(shape)))
    rng = np.random.default_rng(source.seed)
    samples = rng.standard_normal((source.n_samples, *shape))
    return samples, rng.integers(source.n_classes, size=source.n_samples)


def _load_images(name: str, path: Path, n_samples: int) -> Dataset:
    """Return the images of an archive; its test images are those held out."""
    images, classes, held_out_images, held_out_classes = read_cifar(path, name)
    count = n_samples or len(images)
    if count > len(images):
        raise InputError(f"dataset.n_samples: {path} has {len(images)} images, found {count}")
    train = images[:count].astype(np.float64)
    held_out = held_out_images.astype(np.float64)
    return Dataset(
        name=name,
        inputs=torch.from_numpy(_standardise(train, train, (0, 2, 3))),
        targets=torch.from_numpy(classes[:count].astype(np.int64)),
        held_out_inputs=torch.from_numpy(_standardise(held_out, train, (0, 2, 3))),
        held_out_targets=torch.from_numpy(held_out_classes.astype(np.int64)),
        n_classes=10 if name == "cifar10" else 100,
    )


def _load_characters(source: DataSource, context: int | None) -> Dataset:
    """Return pieces of a text, or of random characters, and what follows each character."""
    if context is None:
        raise InputError("dataset.kind: text needs architecture.kind gpt")
    if source.path is None:
        rng = np.random.default_rng(source.seed)
        numbers, n_classes = (
            rng.integers(source.n_classes, size=source.n_samples * (context + 1)),
            source.n_classes,
        )
    else:
        numbers, n_classes = read_characters(source.path)
    count = len(numbers) // (context + 1)
    if count < HELD_OUT_EVERY:
        raise InputError(
            f"{source.path}: {len(numbers)} characters, expected at least"
            f" {HELD_OUT_EVERY * (context + 1)}: five pieces of context + 1"
        )
    _check_numbers(count * (context + 1))
    pieces = torch.from_numpy(numbers[: count * (context + 1)]).view(count, context + 1)
    is_held_out = torch.arange(count) % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
    train, held_out = pieces[~is_held_out], pieces[is_held_out]
    return Dataset(
        name=source.kind,
        inputs=train[:, :-1],
        targets=train[:, 1:],
        held_out_inputs=held_out[:, :-1],
        held_out_targets=held_out[:, 1:],
        n_classes=n_classes,
    )


def _check_numbers(count: int) -> None:
    """Refuse a data set that would fill the memory."""
    if count > MAX_NUMBERS:
        raise InputError(f"dataset: {count:,} numbers, at most {MAX_NUMBERS:,} are held in memory")
