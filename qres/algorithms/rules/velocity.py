r"""What a measured descent with momentum puts into the job: the inverse, the path, the best sigma.

**Inverse.** Sums of the largest propagators over the whole spectrum, see `carleman.interval`.

**Path.** $P$ and $\lVert x\rVert$ take the measured norms of $v_t$. Where only those of $u_t$ are known,
$v_{t+1} = (u_t - u_{t+1})/\eta$ lies between the difference and the sum of two of them over $\eta$:
P is then a lower bound, amplified by a fixed-point sequence, and xi an upper one.

**Scale.** $\sigma$ is the best of $\eta\,2^k$ for $\alpha_L\lVert L^{-1}\rVert/\sqrt P$, the cost but for
logarithms.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qres.algorithms.access.qram import access_limit
from qres.algorithms.carleman.history import sum_of_windows
from qres.algorithms.carleman.interval import propagator_bounds
from qres.algorithms.carleman.momentum import momentum_blocks
from qres.algorithms.descent.plan import Plan
from qres.algorithms.descent.segmentation import check_path, spectrum
from qres.algorithms.lift import SUCCESS_PROB
from qres.algorithms.rules.momentum_history import STEP_ALPHA, momentum_factor
from qres.config.record import CarlemanGd
from qres.errors import InfeasibleError, InputError
from qres.measurement.record import Measurement
from qres.notation.named import ceil_log2
from qres.notation.quantity import Kind, Quantity

EXPONENTS = range(-3, 10)
"""Exponents k of the velocity scales that are tried."""

REFERENCE_ROWS = 400
"""Rows up to which the exact one-eigenvalue history is computed for reference."""

Warnings = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Ride:
    r"""One descent with momentum.

    Args:
        lambda_min: smallest eigenvalue, outer end, weight decay included.
        lambda_max: largest eigenvalue, outer end.
        learning_rate: $\eta$.
        momentum: $\beta$.
        path: $\lVert u_t\rVert$, t = 0..T.
        least: lower bounds on $\lVert v_t\rVert$.
        most: upper bounds, the same numbers where they are measured.
        kind: how the path is known.
    """

    lambda_min: float
    lambda_max: float
    learning_rate: float
    momentum: float
    path: tuple[float, ...]
    least: tuple[float, ...]
    most: tuple[float, ...]
    kind: Kind

    @property
    def n_steps(self) -> int:
        """T."""
        return len(self.path) - 1

    @property
    def is_measured(self) -> bool:
        """Whether the velocity is known, not only bounded."""
        return self.least == self.most

    def inverse(self, scale: float, padding: int) -> float:
        r"""Return the bound on $\lVert L^{-1}\rVert$; infinite on overflow."""
        ends = (self.lambda_min, self.lambda_max)
        return sum_of_windows(
            propagator_bounds(*ends, self.learning_rate, self.n_steps, self.momentum, scale),
            padding,
        )

    def prob(self, scale: float, padding: int) -> float:
        """Return the probability of u at the end, the least that the velocity allows."""
        z = self._energies(self.most, scale)
        read = self.path[-1] ** 2
        return float(SUCCESS_PROB(z=z, truncation_order=1, padding=padding, z_read=read))

    def norm(self, scale: float, padding: int) -> float:
        r"""Return $\lVert x\rVert$, the least that the velocity allows."""
        z = self._energies(self.least, scale)
        return math.sqrt(float(z[:-1].sum() + (padding + 1) * z[-1]))

    def _energies(self, speeds: Sequence[float], scale: float) -> np.ndarray:
        return np.square(self.path) + scale**2 * np.square(speeds)


def take_ride(parameters: CarlemanGd, measurement: Measurement, plan: Plan) -> Ride:
    """Return the descent of a plan.

    Raises:
        InputError: the norms of the velocity do not fit, or those of the updates are a guess.
    """
    path = tuple(plan.cut.segments[0].path_norms[1])
    speeds = measurement.velocity_norms
    if speeds:
        check_path(speeds, parameters.n_steps)
    elif any(code == "W-LOWER" and "update_norms" in text for code, text in measurement.warnings):
        raise InputError("update_norms: with momentum they cannot be guessed; give them")
    low, high = spectrum(plan.cut.segments[0].values)
    least, most = (speeds, speeds) if speeds else _speeds(path, parameters.learning_rate)
    return Ride(
        lambda_min=low,
        lambda_max=high,
        learning_rate=parameters.learning_rate,
        momentum=parameters.momentum,
        path=path,
        least=least,
        most=most,
        kind="given" if measurement.subject == "given" else "measured",
    )


def _speeds(path: Sequence[float], rate: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return bounds on the norms of the velocity from those of the updates."""
    pairs = list(itertools.pairwise(path))
    least = tuple(abs(after - before) / rate for before, after in pairs)
    return (0.0, *least), (0.0, *((after + before) / rate for before, after in pairs))


def best_scale(ride: Ride, padding: int, alpha: Callable[[float], float]) -> float:
    r"""Return the velocity scale of least $\alpha_L\lVert L^{-1}\rVert/\sqrt P$.

    Args:
        ride: the descent.
        padding: p.
        alpha: of a scale, the normalisation of the history matrix.

    Raises:
        InfeasibleError: it is infinite for every scale.
    """

    def cost(scale: float) -> float:
        return alpha(scale) * ride.inverse(scale, padding) / math.sqrt(ride.prob(scale, padding))

    options = [ride.learning_rate * 2.0**k for k in EXPONENTS]
    least, best = min((cost(scale), scale) for scale in options)
    if not math.isfinite(least):
        raise InfeasibleError(
            "inverse_norm", "the steps with momentum grow beyond any number within the training"
        )
    return best


def momentum_values(
    parameters: CarlemanGd, plan: Plan, ride: Ride, encoding_name: str, padding: int
) -> dict[str, Quantity]:
    """Return the values of the job, the best scale of the velocity among them.

    Args:
        parameters: of the algorithm.
        plan: degree 1, one segment.
        ride: the descent.
        encoding_name: of the Hessian.
        padding: idle rows.

    Raises:
        InputError: the measurement lacks a value.
        InfeasibleError: the inverse is beyond any number.
    """
    values = {}
    for name in ("n_active", "grad_norm", *momentum_factor(encoding_name).needs):
        found = plan.cut.worst(name)
        if found is None:
            raise InputError(f"the measurement lacks {name}")
        values[name] = found
    scale = best_scale(ride, padding, _alpha_of(ride, encoding_name, values))
    typed = {name: getattr(parameters, name) for name in ("learning_rate", "n_steps", "momentum")}
    values |= {name: Quantity(value=value, kind="given") for name, value in typed.items()}
    chosen = {"padding": padding, "segment_steps": ride.n_steps, "velocity_scale": scale}
    note = "chosen for least cost"
    values |= {name: Quantity(value=value, source=note) for name, value in chosen.items()}
    values["block_limit"] = access_limit(parameters.data_access)
    return values | _solution(ride, scale, padding)


def _alpha_of(
    ride: Ride, encoding_name: str, values: Mapping[str, Quantity]
) -> Callable[[float], float]:
    """Return the normalisation of the history matrix by the scale of the velocity."""
    numbers: dict[str, Any] = {name: quantity.value for name, quantity in values.items()}
    numbers |= {"dim": numbers["n_active"], "index_bits": ceil_log2.scalar(numbers["n_active"])}
    for target, formula in momentum_factor(encoding_name).definitions("momentum"):
        numbers[target] = formula(**{name: numbers[name] for name in formula.inputs})
    fixed = {"learning_rate": ride.learning_rate, "momentum": ride.momentum}
    fixed["alpha_matrix"] = numbers["alpha_matrix"]
    return lambda scale: 1 + float(STEP_ALPHA(**fixed, velocity_scale=scale))


def _solution(ride: Ride, scale: float, padding: int) -> dict[str, Quantity]:
    inverse = ride.inverse(scale, padding)
    method = "norms of u_t and v_t of the degree-1 model"
    if not ride.is_measured:
        method = "norms of u_t; v_t bounded by two of them over learning_rate"
    return {
        "inverse_norm": Quantity(
            value=inverse,
            kind="measured",
            bound="upper",
            source="derived: powers of the 2 x 2 blocks at Chebyshev nodes between the ends",
        ),
        "success_prob": Quantity(value=ride.prob(scale, padding), kind=ride.kind, method=method),
        "history_norm": Quantity(value=ride.norm(scale, padding), kind=ride.kind, method=method),
        "update_norm": Quantity(value=ride.path[-1], kind=ride.kind, method="norm of u_T"),
    }


def momentum_references(ride: Ride, values: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """Return the exact inverse of the one-eigenvalue history, largest at both ends and at zero.

    Args:
        ride: the descent.
        values: of the job.
    """
    scale, padding = float(values["velocity_scale"]), int(values["padding"].value or 0)
    if ride.n_steps + padding + 1 > REFERENCE_ROWS:
        return {}
    ends = (ride.lambda_min, ride.lambda_max)
    tried = {*ends, min(max(0.0, ends[0]), ends[1])}
    blocks = momentum_blocks(sorted(tried), ride.learning_rate, ride.momentum, scale)
    found = [_dense_inverse(block, ride.n_steps, padding) for block in blocks]
    return {
        "inverse_norm": Quantity(
            value=max(found),
            kind="measured",
            bound="lower",
            source="exact one-eigenvalue history matrix at both ends of the spectrum and at zero",
        )
    }


def _dense_inverse(block: np.ndarray, n_steps: int, padding: int) -> float:
    """Return the norm of the inverse of the history matrix of one 2 x 2 block."""
    rows = n_steps + padding + 1
    matrix = np.eye(2 * rows)
    for t in range(1, rows):
        step = block if t <= n_steps else np.eye(2)
        matrix[2 * t : 2 * t + 2, 2 * t - 2 : 2 * t] = -step
    return float(1 / np.linalg.svd(matrix, compute_uv=False)[-1])


def momentum_warnings(ride: Ride) -> Warnings:
    """Return what a reader must know of momentum."""
    text = (
        "the velocity is not read out: the training is one segment, and to go on from its end takes"
        " the velocity as well, 2 n_active amplitudes, or a classical run that restarts too"
    )
    found = [("W-MOMENTUM", text)]
    top, most = ride.learning_rate * ride.lambda_max, 2 * (1 + ride.momentum)
    if top >= most:
        text = f"learning_rate lambda_max = {top:.3g} >= 2 (1 + momentum) = {most:.3g}: steps grow"
        found.append(("W-MOMENTUM", text))
    return tuple(found)
