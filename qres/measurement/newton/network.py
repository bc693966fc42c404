"""From the description of a network to its Newton run beside its rivals: all that needs torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from qres.config.record import NetworkModel, Newton, Scenario
from qres.errors import InputError
from qres.measurement.journal import find_journal
from qres.measurement.newton.cautions import find_cautions, find_plain_part
from qres.measurement.newton.loop import DivergedError, trace_losses, train_newton
from qres.measurement.newton.noise import DELTAS, tabulate_noise
from qres.measurement.newton.record import NewtonRun, NoiseRow
from qres.measurement.newton.rivals import run_rivals
from qres.measurement.newton.setup import Setup, Trainee
from qres.measurement.pipeline import (
    Weights,
    describe_network,
    list_notes,
    on_threads,
    restore_network,
)
from qres.measurement.progress import Progress
from qres.measurement.record import Measurement
from qres.measurement.tasks import Task
from qres.notation.quantity import Quantity


def run_network(
    model: NetworkModel,
    scenario: Scenario,
    algorithm: Newton,
    *,
    trust: bool,
    weights: Weights,
    progress: Progress,
    versions: Mapping[str, str],
) -> Measurement:
    """Train as the model says, then by Newton steps from there, and let the rivals try.

    Args:
        model: the network.
        scenario: for its error, its effort and its folder.
        algorithm: of the scenario.
        trust: whether code of the user's may be imported.
        weights: the store of trained weights.
        progress: told as it goes.
        versions: of libraries, for the record.
    """
    setup = Setup(
        algorithm=algorithm,
        delta=scenario.error.total,
        lanczos_steps=scenario.measure.lanczos_steps,
        n_probes=scenario.measure.probes,
        seed=scenario.measure.seed,
    )
    with on_threads():
        task, mask = restore_network(
            model, folder=scenario.folder, trust=trust, weights=weights, progress=progress
        )
        trainee = Trainee(task.module, task.loss, task.batches, mask, task.dataset)
        run = train_newton(trainee, setup, progress=progress)
        rivals = run_rivals(trainee, setup, run.final_loss, progress=progress)
        noise = tuple(_measure_noise(trainee, setup, progress))
        facts = describe_network(model, task)
        plain = find_plain_part(trainee, trainee.draw(0, setup)[0])
    return Measurement(
        subject="network",
        values=_describe_counts(task, trainee, run),
        warnings=find_cautions(run) + plain + list_notes(task),
        details={**facts, "seed": setup.seed, "versions": dict(versions)},
        newton=replace(run, rivals=rivals, noise=noise),
    )


def _measure_noise(trainee: Trainee, setup: Setup, progress: Progress) -> Iterator[NoiseRow]:
    """Yield what read-out errors of several sizes make of the loss that the training ends with.

    A seed draws the batches and the errors of a run, the same batches at every size.
    """
    start, seeds = trainee.weights, range(setup.algorithm.noise_seeds)
    for number, delta in enumerate(DELTAS if seeds else ()):

        def train(delta: float, seed: int, done: int = number * len(seeds)) -> float:
            progress("trainings under read-out errors", done + seed, len(DELTAS) * len(seeds))
            asked = replace(setup, delta=delta, seed=setup.seed + seed)
            try:
                return trace_losses(trainee, asked, start)[-1]
            except DivergedError:
                return math.inf
            except InputError as error:
                text = f"algorithm.noise_seeds: training {seed} under an error of {delta:g}"
                raise InputError(f"{text}: {error}") from error

        def make(delta: float = delta, train: Callable[..., float] = train) -> dict[str, Any]:
            return tabulate_noise(train, delta, seeds).to_dict()

        yield NoiseRow.from_dict(find_journal().phase(f"noise {delta:g}", make))
    trainee.move(start)


def _describe_counts(task: Task, trainee: Trainee, run: NewtonRun) -> dict[str, Quantity]:
    """Return what is counted."""
    counts = {
        "n_params": (sum(item.numel() for item in task.module.parameters()), "all parameters"),
        "n_active": (run.n_params, "parameters that the mask leaves"),
        "n_samples": (trainee.n_samples, "training samples"),
    }
    return {
        name: Quantity(value=count, source="this network", method=text)
        for name, (count, text) in counts.items()
    }
