r"""Newton training: each step solves one damped system a block, with the error of a read-out.

$w \leftarrow w - \eta\,(x + e)$, $x_k = A_k^{-1} g_k$, $\lVert e_k\rVert = \delta\lVert x_k\rVert$ for
each block $k$. Gradient and curvature are those of the step's batch. Everything random is drawn from
the seed and the number of the step, so a run that is taken up again goes on as it would have.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qres.errors import InputError
from qres.measurement.journal import find_journal
from qres.measurement.newton.blocks import Block, list_blocks
from qres.measurement.newton.curvature import BlockMatrix, form_matrix
from qres.measurement.newton.damping import find_damping
from qres.measurement.newton.examine import examine_block
from qres.measurement.newton.noise import Vector, draw_error
from qres.measurement.newton.record import NewtonBlock, NewtonRun, NewtonStep
from qres.measurement.newton.setup import Setup, Trainee
from qres.measurement.newton.singular import Effort
from qres.measurement.newton.solve import solve_block
from qres.measurement.newton.work import count_gradient, count_work
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.training import Batch

Tell = Callable[[int], None]
"""Called with the number of systems of a step that are done."""


class DivergedError(InputError):
    """Training that ran away."""


RUNAWAY = 100.0
"""A loss this many times above the lowest so far (or above 1) counts as diverged."""


def train_newton(trainee: Trainee, setup: Setup, *, progress: Progress = keep_silent) -> NewtonRun:
    """Train with recorded steps, and once more with exact solutions of what was not pruned.

    The trainee ends where it began.

    Args:
        trainee: the network with its samples, at the weights where training starts.
        setup: what is asked for.
        progress: told of each system.

    Raises:
        InputError: a block cannot be solved with, or training diverges.
    """
    start, chosen = trainee.weights, setup.algorithm
    blocks = list_blocks(trainee.module, trainee.mask, chosen.blocks)
    recorded = _Walk(trainee, setup, blocks, start)
    steps = tuple(recorded.each_step(progress))
    final_loss, final_accuracy = trainee.find_loss(), trainee.find_accuracy()
    plain = replace(setup, delta=0.0, algorithm=replace(chosen, prune=0.0))
    exact = trace_losses(trainee, plain, start, progress=progress)
    trainee.move(start)
    return NewtonRun(
        steps=steps,
        final_loss=final_loss,
        final_accuracy=final_accuracy,
        exact_losses=exact,
        delta=setup.delta,
        seed=setup.seed,
        curvature=chosen.curvature,
        blocks=chosen.blocks,
        learning_rate=chosen.learning_rate,
        batch_samples=len(trainee.draw(0, setup)[0]),
        n_params=len(start),
        damping=vars(chosen.damping),
        prune=chosen.prune,
    )


def trace_losses(
    trainee: Trainee, setup: Setup, start: Vector, *, progress: Progress = keep_silent
) -> tuple[float, ...]:
    """Return the loss before each step and after the last, nothing else measured."""
    blocks = list_blocks(trainee.module, trainee.mask, setup.algorithm.blocks)
    walk = _Walk(trainee, setup, blocks, start)
    losses = []
    for index in range(setup.algorithm.n_steps):
        losses.append(walk.find_loss(index))
        walk.advance(index, walk.teller("exact Newton steps, systems", index, progress))
    return (*losses, walk.find_loss(setup.algorithm.n_steps))


@dataclass
class _Walk:
    """The weights on their way."""

    trainee: Trainee
    setup: Setup
    blocks: tuple[Block, ...]
    weights: Vector
    ceiling: float = math.inf

    def each_step(self, progress: Progress) -> Iterator[NewtonStep]:
        """Yield each recorded step, from the journal where it has it."""
        journal, count = find_journal(), self.setup.algorithm.n_steps
        for index in range(count):
            tell = self.teller("Newton steps, systems", index, progress)

            def make(index: int = index, tell: Tell = tell) -> dict[str, Any]:
                step = self._record(index, tell)
                return {"step": step.to_dict(), "weights": self.weights.tolist()}

            found = journal.phase(f"newton {index}", make)
            self.weights = np.array(found["weights"])
            self.trainee.move(self.weights)
            yield NewtonStep.from_dict(found["step"])
        self.find_loss(count)

    def teller(self, task: str, index: int, progress: Progress) -> Tell:
        """Return what is called with the number of each system of a step, and says where it stands."""
        n_blocks = len(self.blocks)
        total = n_blocks * self.setup.algorithm.n_steps
        return lambda number: progress(task, index * n_blocks + number, total)

    def find_loss(self, index: int) -> float:
        """Return the loss of all samples; refuse one that runs away."""
        self.trainee.move(self.weights)
        loss = self.trainee.find_loss()
        if not math.isfinite(loss) or loss > self.ceiling:
            raise DivergedError(
                f"algorithm.learning_rate: Newton training diverges (loss {loss:g} after step"
                f" {index}); take a smaller one or a larger algorithm.damping.value"
            )
        self.ceiling = min(self.ceiling, RUNAWAY * max(1.0, abs(loss)))
        return loss

    def advance(self, index: int, tell: Tell) -> None:
        """Take a step of which nothing is recorded."""
        batch = self.trainee.draw(index, self.setup)
        self.trainee.move(self.weights)
        with find_journal().paused():
            step = np.zeros_like(self.weights)
            for number, block in enumerate(self.blocks):
                tell(number)
                step[block.positions] = self._solve(index, number, batch)
            tell(len(self.blocks))
        self.weights = self.weights - self.setup.algorithm.learning_rate * step

    def _solve(self, index: int, number: int, batch: Batch) -> Vector:
        """Return the step of one block, its error included."""
        block, chosen = self.blocks[number], self.setup.algorithm
        place = _place(block, index)
        curvature = self.trainee.curvature(batch, block.mask)
        matrix = form_matrix(curvature, chosen.curvature)
        damping = self._find_damping(index, block, matrix)
        gradient = curvature.gradient(curvature.start)
        step = solve_block(matrix, damping, gradient, place=place, prune=chosen.prune)
        return step + self._error(step, index, number)

    def _find_damping(self, index: int, block: Block, matrix: BlockMatrix) -> float:
        schedule, named = self.setup.algorithm.damping, f"{block.name} ({matrix.size_text})"
        return find_damping(schedule, index, matrix.largest_entry, block=named)

    def _error(self, step: Vector, index: int, number: int) -> Vector:
        rng = np.random.default_rng([self.setup.seed, 1, index, number])
        return draw_error(step, self.setup.delta, rng)

    def _record(self, index: int, tell: Tell) -> NewtonStep:
        """Take one step and write it down."""
        loss, batch = self.find_loss(index), self.trainee.draw(index, self.setup)
        accuracy = self.trainee.find_accuracy()
        whole = self.trainee.curvature(batch, self.trainee.mask)
        gradient, flops = whole.gradient(whole.start), count_gradient(whole)
        step, error = np.zeros_like(gradient), np.zeros_like(gradient)
        blocks = []
        for number, block in enumerate(self.blocks):
            tell(number)
            part, record = self._keep(index, number, batch, flops)
            step[block.positions] = part
            error[block.positions] = self._error(part, index, number)
            blocks.append(record)
        tell(len(self.blocks))
        self.weights = self.weights - self.setup.algorithm.learning_rate * (step + error)
        size = float(np.linalg.norm(step))
        return NewtonStep(
            index=index,
            loss=loss,
            held_out_accuracy=accuracy,
            grad_norm=float(np.linalg.norm(gradient)),
            step_norm=size,
            injected_error=float(np.linalg.norm(error)) / size,
            gradient_flops=flops,
            blocks=tuple(blocks),
        )

    def _keep(
        self, index: int, number: int, batch: Batch, flops: float
    ) -> tuple[Vector, NewtonBlock]:
        """Return the solution of one block and its record, from the journal where it has them."""
        journal = find_journal()

        def make() -> dict[str, Any]:
            with journal.paused():
                part, record = self._examine(index, number, batch, flops)
            return {"part": part.tolist(), "record": record.to_dict()}

        found = journal.phase(f"system {number}", make)
        return np.array(found["part"]), NewtonBlock.from_dict(found["record"])

    def _examine(
        self, index: int, number: int, batch: Batch, flops: float
    ) -> tuple[Vector, NewtonBlock]:
        """Return the solution of one block and its record."""
        block, chosen = self.blocks[number], self.setup.algorithm
        curvature = self.trainee.curvature(batch, block.mask)
        matrix = form_matrix(curvature, chosen.curvature)
        damping = self._find_damping(index, block, matrix)
        found = examine_block(
            matrix,
            damping,
            curvature.gradient(curvature.start),
            prune=chosen.prune,
            n_samples=curvature.n_samples,
            effort=Effort(
                lanczos_steps=self.setup.lanczos_steps,
                n_probes=self.setup.n_probes,
                seed=(self.setup.seed, 2, index, number),
            ),
            place=_place(block, index),
        )
        work = count_work(
            matrix,
            gradient=flops,
            share=block.dim / len(self.weights),
            lanczos_steps=found.lanczos_steps,
            n_probes=self.setup.n_probes,
            is_relative=chosen.damping.kind == "relative",
            is_pruned=chosen.prune > 0,
        )
        return found.step, NewtonBlock(
            name=block.name,
            dim=block.dim,
            factor_rows=matrix.factor_rows,
            is_dense=matrix.dense is not None,
            has_rows=matrix.form == "rows",
            is_definite=found.is_definite,
            values=found.values,
            work=work,
            lanczos_steps=found.lanczos_steps,
            inverse_steps=found.inverse_steps,
        )


def _place(block: Block, index: int) -> str:
    return f"block {block.name}, step {index}"
