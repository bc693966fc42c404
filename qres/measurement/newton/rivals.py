"""First-order methods, L-BFGS and K-FAC on the same samples, each at its best learning rate.

All start where Newton starts, see Newton's batches in Newton's order, and stop where they reach the
loss that Newton ended with, or after `MORE` iterations for each Newton step. Every one tries the same
`RATES`, each until another has been at the goal sooner. L-BFGS takes one gradient an iteration
(history 10, no line search); K-FAC is that of `kfac`: linear layers and convolutions. A run that leaves
the numbers has lost: its last loss is infinite.

| rival | operations beside the gradient, P parameters |
|---|---|
| sgd | 2 P |
| adam | 12 P |
| l-bfgs | 4 m P, m = 10 |
| k-fac | factors, Cholesky and solves of each linear layer and convolution, and 2 P |
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from qres.measurement.journal import find_journal
from qres.measurement.newton.kfac import count_factors, precondition
from qres.measurement.newton.noise import Vector
from qres.measurement.newton.record import RivalRun
from qres.measurement.newton.setup import Setup, Trainee
from qres.measurement.newton.work import count_gradient
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.training import Batch

RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Learning rates that every rival tries."""

RIVALS = ("sgd", "adam", "l-bfgs", "k-fac")

MORE = 20
"""Iterations of a rival for one Newton step, at most."""

HISTORY = 10
"""Of L-BFGS."""

Step = Callable[[Batch, int], None]


@dataclass
class _Tried:
    """Losses and held-out accuracies of a run, after each iteration."""

    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)

    @property
    def last(self) -> float:
        """The last loss."""
        return self.losses[-1]


def run_rivals(
    trainee: Trainee, setup: Setup, goal: float, *, progress: Progress = keep_silent
) -> tuple[RivalRun, ...]:
    """Return the best run of each rival; the trainee ends where it began.

    Args:
        trainee: at the weights where Newton starts.
        setup: of the Newton run.
        goal: its final loss.
        progress: told after each iteration.
    """
    start, found = trainee.weights, []
    for name in RIVALS:

        def make(name: str = name) -> dict[str, Any]:
            return _tune(trainee, setup, name, start, goal, progress).to_dict()

        found.append(RivalRun.from_dict(find_journal().phase(f"rival {name}", make)))
        trainee.move(start)
    return tuple(found)


def _tune(
    trainee: Trainee, setup: Setup, name: str, start: Vector, goal: float, progress: Progress
) -> RivalRun:
    """Try every rate; the best reaches the goal soonest, else ends lowest."""
    runs, most = dict[float, _Tried](), MORE * setup.algorithm.n_steps
    limit = most
    for number, rate in enumerate(_from_the_middle()):

        def tell(done: int, number: int = number) -> None:
            progress(f"rival {name}", number * most + done, len(RATES) * most)

        trainee.move(start)
        runs[rate] = _train(trainee, setup, name, rate, goal, limit, tell)
        if runs[rate].last <= goal:
            limit = len(runs[rate].losses)  # whoever needs more cannot be the best
        tell(most)

    def rank(rate: float) -> tuple[float, float]:
        found = runs[rate]
        return (len(found.losses) if found.last <= goal else math.inf, found.last)

    best = min(RATES, key=rank)
    trainee.move(start)
    return RivalRun(
        name=name,
        learning_rate=best,
        losses=tuple(runs[best].losses),
        flops_per_iteration=_count_flops(trainee, setup, name),
        launches_per_iteration=_count_launches(trainee, setup, name, best),
        tried={rate: runs[rate].last for rate in RATES},
        accuracies=tuple(runs[best].accuracies),
    )


def _from_the_middle() -> list[float]:
    """Return the rates, those near the middle first: where they serve, the others end early."""
    middle = RATES[len(RATES) // 2]
    return sorted(RATES, key=lambda rate: abs(math.log(rate / middle)))


def _train(
    trainee: Trainee,
    setup: Setup,
    name: str,
    rate: float,
    goal: float,
    limit: int,
    tell: Callable[[int], None],
) -> _Tried:
    """Return loss and accuracy after each iteration; the loss ends infinite where it is no number."""
    step, found = _make_step(trainee, setup, name, rate), _Tried()
    for index in range(limit):
        tell(index)
        step(trainee.draw(index, setup), index)
        loss = trainee.find_loss()
        accuracy = trainee.find_accuracy()
        found.losses.append(loss if math.isfinite(loss) else math.inf)
        found.accuracies += [] if accuracy is None else [accuracy]
        if found.last <= goal or found.last == math.inf:
            break
    return found


def _make_step(trainee: Trainee, setup: Setup, name: str, rate: float) -> Step:
    """Return one iteration of a rival, its memory empty."""
    module = trainee.module
    parameters = [item for item in module.parameters() if item.requires_grad]
    if name == "k-fac":
        return _Kfac(trainee, setup, rate)
    optimizers = {
        "sgd": lambda: torch.optim.SGD(parameters, lr=rate),
        "adam": lambda: torch.optim.Adam(parameters, lr=rate),
        "l-bfgs": lambda: torch.optim.LBFGS(parameters, lr=rate, max_iter=1, history_size=HISTORY),
    }
    optimizer = optimizers[name]()

    def step(batch: Batch, index: int) -> None:
        def closure() -> float:
            optimizer.zero_grad()
            value = trainee.loss(module(batch[0]), batch[1])
            value.backward()
            trainee.keep_mask(lambda parameter: parameter.grad)
            return float(value.detach())

        optimizer.step(closure)

    return step


@dataclass(frozen=True)
class _Kfac:
    """An iteration of K-FAC."""

    trainee: Trainee
    setup: Setup
    rate: float

    def __call__(self, batch: Batch, index: int) -> None:
        trainee, damping = self.trainee, self.setup.algorithm.damping
        steps = precondition(trainee.module, trainee.loss, batch, damping, index)
        trainee.keep_mask(steps.get)
        with torch.no_grad():
            for parameter, step in steps.items():
                parameter -= self.rate * step


class _Launches(TorchDispatchMode):
    """Counts operations on tensors that are more than another view of them."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += not func.is_view
        return func(*args, **(kwargs or {}))


def _count_launches(trainee: Trainee, setup: Setup, name: str, rate: float) -> int:
    """Return the operations that the second iteration starts; the first fills the memory."""
    step, start = _make_step(trainee, setup, name, rate), trainee.weights
    step(trainee.draw(0, setup), 0)
    batch = trainee.draw(1, setup)
    with _Launches() as launches:
        step(batch, 1)
    trainee.move(start)
    return launches.count


def _count_flops(trainee: Trainee, setup: Setup, name: str) -> float:
    """Return the operations of one iteration, as in the table above."""
    batch = trainee.draw(0, setup)
    gradient = count_gradient(trainee.curvature(batch, trainee.mask))
    n_params = len(trainee.weights)
    beside = {"sgd": 2.0, "adam": 12.0, "l-bfgs": 4.0 * HISTORY, "k-fac": 2.0}[name] * n_params
    if name == "k-fac":
        beside += count_factors(trainee.module, batch[0])
    return gradient + beside
