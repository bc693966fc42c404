"""What a run of Newton training must warn of: damping, symmetry, bounds that bound nothing, K-FAC."""

from __future__ import annotations

from collections.abc import Callable

import torch

from qres.measurement.coordinates import ActiveCoordinates
from qres.measurement.newton.kfac import list_preconditioned
from qres.measurement.newton.record import NewtonBlock, NewtonRun
from qres.measurement.newton.setup import Trainee

Notes = tuple[tuple[str, str], ...]

LARGE_DAMPING = 0.1
"""Damping of this part of the largest eigenvalue is said."""

ALIGNED = 0.99
"""A step this close to the gradient is said."""


def find_cautions(run: NewtonRun) -> Notes:
    """Return the warnings of a run, each with how many of its solves it concerns."""
    solves = [block for step in run.steps for block in step.blocks]
    notes = (
        _say(solves, "W-DAMP", _is_overdamped, "have damping of a tenth of lambda_max or more"),
        _say(
            solves,
            "W-DAMP",
            lambda block: float(block.values["newton_fidelity"]) > ALIGNED,
            f"have a step within cosine {ALIGNED} of the gradient: Newton has become gradient descent",
        ),
        _say(
            solves,
            "W-ASYM",
            lambda block: not block.is_definite,
            "have an indefinite matrix: Cholesky and conjugate gradients do not apply to them",
        ),
        _estimate_note(solves),
    )
    return tuple(note for note in notes if note is not None)


def find_plain_part(trainee: Trainee, inputs: torch.Tensor) -> Notes:
    """Say how many active parameters K-FAC preconditions, unless it is all of them.

    Args:
        trainee: whom K-FAC trains.
        inputs: samples to send through the network.
    """
    turned = set(list_preconditioned(trainee.module, inputs))
    named = dict(trainee.module.named_parameters())
    active = ActiveCoordinates.select(trainee.module, trainee.mask)
    part = sum(len(index) for name, index in active.indices.items() if named[name] in turned)
    if part == active.n_active:
        return ()
    text = (
        f"k-fac preconditions {part:,} of {active.n_active:,} parameters, in linear layers and"
        " ungrouped convolutions; the others take the plain gradient"
    )
    return (("W-KFAC", text),)


def _is_overdamped(block: NewtonBlock) -> bool:
    values = block.values
    return float(values["lambda_reg"]) >= LARGE_DAMPING * float(values["lambda_max"])


def _say(
    solves: list[NewtonBlock], code: str, concerns: Callable[[NewtonBlock], bool], text: str
) -> tuple[str, str] | None:
    count = sum(map(concerns, solves))
    return (code, f"{count} of {len(solves)} solves {text}") if count else None


def _estimate_note(solves: list[NewtonBlock]) -> tuple[str, str] | None:
    """Say how loose the determinant bound is at its worst."""
    known = [block for block in solves if "merikoski_log10" in block.values]
    if not known:
        return None
    worst = max(known, key=lambda block: float(block.values["merikoski_log10"]))
    bound, kappa = float(worst.values["merikoski_log10"]), float(worst.values["kappa"])
    return (
        "W-EST",
        f"the determinant bound says kappa <= 10^{bound:.4g} where Lanczos finds {kappa:.3g}"
        f" ({worst.dim} parameters); it is exponentially loose and costs a factorisation",
    )
