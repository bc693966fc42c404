"""Data sets that come with scikit-learn: nothing is downloaded.

Every fifth sample is held out; it only tells the accuracy. Each feature is shifted and scaled to
mean 0 and variance 1 over the training samples; a feature that never varies there becomes 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_digits

from qres.errors import InputError, nearest

LOADERS = {"digits": load_digits, "breast-cancer": load_breast_cancer}
HELD_OUT_EVERY = 5


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Standardised samples in double precision, with class numbers."""

    name: str
    inputs: torch.Tensor
    targets: torch.Tensor
    held_out_inputs: torch.Tensor
    held_out_targets: torch.Tensor
    n_classes: int

    @property
    def n_features(self) -> int:
        """Number of features of one sample."""
        return self.inputs.shape[1]


def load_dataset(name: str) -> Dataset:
    """Load `digits` or `breast-cancer`."""
    if name not in LOADERS:
        raise InputError(f"dataset.kind: unknown '{name}'{nearest(name, LOADERS)}")
    samples, classes = LOADERS[name](return_X_y=True)
    is_held_out = np.arange(len(samples)) % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
    train = np.asarray(samples, dtype=np.float64)[~is_held_out]
    mean, scale = train.mean(axis=0), train.std(axis=0)
    scaled = np.where(scale > 0, (samples - mean) / np.where(scale > 0, scale, 1), 0)
    targets = np.asarray(classes, dtype=np.int64)
    return Dataset(
        name=name,
        inputs=torch.from_numpy(scaled[~is_held_out]),
        targets=torch.from_numpy(targets[~is_held_out]),
        held_out_inputs=torch.from_numpy(scaled[is_held_out]),
        held_out_targets=torch.from_numpy(targets[is_held_out]),
        n_classes=len(np.unique(targets)),
    )
