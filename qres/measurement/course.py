"""Training that survives its end: where it stands is on the disk, at most `SAVE_S` seconds old.

What a position needs is the weights (statistics of batch norms with them), the mask, the state of the
generator at the start of the pass and the updates since, the state of the generators that layers draw
from, and the weights that were to be kept on the way. Training that goes on from there equals training
that was never interrupted, to the last bit. In a team all go on from where the first process was.

Short training never touches the disk.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from qres.files import write_atomic
from qres.measurement.checkpoints import Tensors, copy_tensors
from qres.measurement.draws import list_generators
from qres.measurement.team import find_team

SAVE_S = 60.0
"""A position is written after so much time, at the end of an update."""


@dataclass
class Course:
    """Where training stands.

    Args:
        path: of the file; None keeps nothing.
        stage: trainings that are done, the first and those after each pruning.
        epoch: pass of this training, from 1.
        batch: updates of this pass that are done.
        count: updates of all trainings.
        ceiling: loss above which training has diverged.
        order: state of the generator at the start of the pass; None before it.
        mask: what pruning has left; None before.
        found: packed weights that were kept on the way.
    """

    path: Path | None = None
    stage: int = 0
    epoch: int = 1
    batch: int = 0
    count: int = 0
    ceiling: float = math.inf
    order: torch.Tensor | None = None
    mask: dict[str, torch.Tensor] | None = None
    found: dict[int, bytes] = field(default_factory=dict)
    saved: float = field(default_factory=time.monotonic)

    def begin(self, generator: torch.Generator) -> None:
        """Put the generator where it was at the start of this pass."""
        if self.order is None:
            self.order = generator.get_state()
        else:
            generator.set_state(self.order)

    def end_epoch(self) -> None:
        """Go on to the next pass."""
        self.epoch, self.batch, self.order = self.epoch + 1, 0, None

    def end_stage(self) -> None:
        """Go on to the next training."""
        self.stage, self.epoch, self.ceiling = self.stage + 1, 1, math.inf

    def step(self) -> None:
        """Count an update."""
        self.batch, self.count = self.batch + 1, self.count + 1

    def save(self, module: torch.nn.Module) -> None:
        """Write the position, if that is due."""
        if self.path is not None and time.monotonic() - self.saved >= SAVE_S:
            self._write(self.path, module)

    def close(self, module: torch.nn.Module) -> None:
        """Write the position after all updates where one was written before: what follows takes long too."""
        if self.path is not None and self.path.is_file():
            self._write(self.path, module)

    def _write(self, path: Path, module: torch.nn.Module) -> None:
        """Write weights, mask and position."""
        tensors = copy_tensors(module, self.mask or {})
        tensors |= {
            f"found:{step}": torch.frombuffer(bytearray(packed), dtype=torch.uint8)
            for step, packed in self.found.items()
        }
        draws = enumerate(list_generators(module))
        tensors |= {f"draws:{number}": generator.get_state() for number, generator in draws}
        if self.order is not None:
            tensors["order"] = self.order
        names = ("stage", "epoch", "batch", "count", "ceiling")
        facts = {"facts": json.dumps({name: getattr(self, name) for name in names})}
        write_atomic(path, safetensors.torch.save(tensors, metadata=facts))
        self.saved = time.monotonic()

    def resume(self, module: torch.nn.Module) -> None:
        """Go to the position of the file, if there is one that can be read, weights and all."""
        found = find_team().lead(self._read())
        if found is None:
            return
        tensors, facts = found
        draws, generators = _pick(tensors, "draws:"), list_generators(module)
        if len(draws) != len(generators):
            return  # of another device: training starts again
        for number, generator in enumerate(generators):
            generator.set_state(draws[str(number)])
        module.load_state_dict(_pick(tensors, "weight:"))
        self.mask = _pick(tensors, "mask:") or None
        kept = _pick(tensors, "found:").items()
        self.found = {int(step): item.numpy().tobytes() for step, item in kept}
        self.order = tensors.get("order")
        for name, value in facts.items():
            setattr(self, name, value)

    def _read(self) -> tuple[Tensors, dict[str, Any]] | None:
        """Return tensors and facts of the file, None where there is none, or a torn one."""
        if self.path is None or not self.path.is_file():
            return None
        try:
            with safetensors.safe_open(self.path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                return tensors, json.loads(file.metadata()["facts"])
        except (safetensors.SafetensorError, OSError, ValueError, KeyError, TypeError):
            return None


def _pick(tensors: Mapping[str, torch.Tensor], start: str) -> dict[str, Any]:
    """Return the tensors whose names begin so, without that."""
    return {
        name.removeprefix(start): item for name, item in tensors.items() if name.startswith(start)
    }
