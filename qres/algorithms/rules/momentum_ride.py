r"""One segment with momentum in numbers: the inverse, the path, what is certified of the lift.

**Inverse.** Sums of the largest propagators over the whole spectrum at degree 1, see
`carleman.interval`; of bounds on the powers of the lift above, see `carleman.kernels`.

**Path.** $P$ and $\lVert x\rVert$ take $z_t = (\lVert u_t\rVert^2 + \sigma^2\lVert v_t\rVert^2)/\gamma^2$
with the measured norms of $v_t$. Where only those of $u_t$ are known, v lies between bounds (see
`descent.velocities`): P is then a lower bound and xi an upper one. Above degree 1 P is certified from
below by the errors of all blocks of the truncated lift, in the horizon norm of `carleman.horizon`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from qres.algorithms.carleman.certificate import bound_step, certify
from qres.algorithms.carleman.describe import rescale
from qres.algorithms.carleman.history import (
    solution_norm,
    source_norm,
    spectral_norms,
    success_prob_low,
    sum_of_windows,
)
from qres.algorithms.carleman.horizon import momentum_dynamics
from qres.algorithms.carleman.interval import propagator_bounds
from qres.algorithms.carleman.kernels import kernels, lift_powers
from qres.algorithms.carleman.momentum import step_scale
from qres.algorithms.descent.plan import Plan, tensor_norms
from qres.algorithms.descent.segmentation import check_path, spectrum
from qres.algorithms.descent.velocities import velocity_bounds
from qres.algorithms.lift import SUCCESS_PROB
from qres.config.record import CarlemanGd
from qres.errors import InputError
from qres.measurement.record import Measurement, Segment
from qres.notation.quantity import Kind


@dataclass(frozen=True, kw_only=True)
class Ride:
    r"""One segment with momentum.

    Args:
        lambda_min: smallest eigenvalue, outer end, weight decay included.
        lambda_max: largest eigenvalue, outer end.
        learning_rate: $\eta$.
        momentum: $\beta$.
        path: $\lVert u_t\rVert$, t = 0..T, of the model in use.
        least: lower bounds on $\lVert v_t\rVert$.
        most: upper bounds, the same numbers where they are measured.
        kind: how the path is known.
        norms: $\lVert F_k\rVert$, k = 0 first; entry 1 is not used.
        truncation_order: N.
        is_certified: whether the truncation stays within its part of the error.
    """

    lambda_min: float
    lambda_max: float
    learning_rate: float
    momentum: float
    path: tuple[float, ...]
    least: tuple[float, ...]
    most: tuple[float, ...]
    kind: Kind
    norms: tuple[float, ...]
    truncation_order: int = 1
    is_certified: bool = True

    @property
    def n_steps(self) -> int:
        """T."""
        return len(self.path) - 1

    @property
    def is_measured(self) -> bool:
        """Whether the velocity is known, not only bounded."""
        return self.least == self.most

    def inverse(self, scale: float, padding: int, rescaling: float = 1.0) -> float:
        r"""Return the bound on $\lVert L^{-1}\rVert$; infinite on overflow.

        Args:
            scale: $\sigma$.
            padding: p.
            rescaling: $\gamma$; without effect at degree 1.
        """
        return sum_of_windows(_power_norms(self, scale, rescaling), padding)

    def prob(self, scale: float, padding: int, rescaling: float = 1.0) -> float:
        """Return the probability of u at the end: certified, or that of the exact lift."""
        low = self.prob_low(scale, padding, rescaling) if self.truncation_order > 1 else 0.0
        return low if self.is_certified and low > 0 else self._prob(scale, padding, rescaling)

    def prob_low(self, scale: float, padding: int, rescaling: float) -> float:
        """Return the certified probability of u at the end of the truncated lift."""
        norms = np.sqrt(self._energies(scale, is_most=True)) / rescaling
        errors = _errors(self, scale, rescaling)
        with np.errstate(over="ignore"):
            return success_prob_low(norms, errors, padding, read_norm=self.path[-1] / rescaling)

    def norm(self, scale: float, padding: int, rescaling: float = 1.0) -> float:
        r"""Return $\lVert x\rVert$ of the exact lift, the least that the velocity allows."""
        z = self._energies(scale, is_most=False) / rescaling**2
        return solution_norm(z, self.truncation_order, padding)

    def xi(self, scale: float, padding: int, rescaling: float = 1.0) -> float:
        r"""Return $\lVert L^{-1}\rVert\lVert b\rVert/\lVert x\rVert$."""
        forcing = step_scale(self.learning_rate, scale) * self.norms[0] / rescaling
        order = self.truncation_order
        source = source_norm(forcing, 0.0, order, order, self.n_steps)
        inverse = self.inverse(scale, padding, rescaling)
        return inverse * source / self.norm(scale, padding, rescaling)

    def _prob(self, scale: float, padding: int, rescaling: float) -> float:
        z = self._energies(scale, is_most=True) / rescaling**2
        read, order = (self.path[-1] / rescaling) ** 2, self.truncation_order
        return float(SUCCESS_PROB(z=z, truncation_order=order, padding=padding, z_read=read))

    @cached_property
    def _squares(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Squares of path, least and most."""
        return np.square(self.path), np.square(self.least), np.square(self.most)

    def _energies(self, scale: float, *, is_most: bool) -> np.ndarray:
        path, least, most = self._squares
        return path + scale**2 * (most if is_most else least)


@lru_cache(maxsize=256)
def _lift_powers(ride: Ride, scale: float) -> np.ndarray:
    """Return bounds on the blocks of the powers of the lift, not rescaled."""
    ends, rate = (ride.lambda_min, ride.lambda_max), ride.learning_rate
    found = kernels(*ends, rate, ride.n_steps, ride.momentum, scale)
    return lift_powers(found, ride.norms, ride.truncation_order)


@lru_cache(maxsize=2048)
def _power_norms(ride: Ride, scale: float, rescaling: float) -> np.ndarray:
    """Return bounds on the norms of the powers of the step."""
    if ride.truncation_order == 1:
        ends, rate = (ride.lambda_min, ride.lambda_max), ride.learning_rate
        return propagator_bounds(*ends, rate, ride.n_steps, ride.momentum, scale)
    blocks = np.arange(ride.truncation_order)
    with np.errstate(over="ignore", invalid="ignore"):
        stack = _lift_powers(ride, scale) * rescaling ** (blocks - blocks[:, None])
    return spectral_norms(stack)


@lru_cache(maxsize=2048)
def _errors(ride: Ride, scale: float, rescaling: float) -> np.ndarray:
    """Return the certified errors of all blocks of the truncated lift, t = 0..T."""
    ends, order = (ride.lambda_min, ride.lambda_max), ride.truncation_order
    model = momentum_dynamics(
        *ends, ride.learning_rate, ride.momentum, scale, ride.norms, ride.path, ride.most
    )
    if math.inf in model.path:
        return np.full((len(model.path), order), math.inf)
    step = bound_step(model.linear, rescale(ride.norms, rescaling), order, order)
    return certify(step, np.array(model.path) / rescaling)


def check_guess(measurement: Measurement) -> None:
    """Refuse norms of the updates that are a guess: the velocity cannot be told from them."""
    is_guess = any(
        code == "W-LOWER" and "update_norms" in text for code, text in measurement.warnings
    )
    if is_guess and not measurement.velocity_norms:
        raise InputError("update_norms: with momentum they cannot be guessed; give them")


def take_rides(parameters: CarlemanGd, plan: Plan, *, is_given: bool) -> tuple[Ride, ...]:
    """Return the segments of a plan.

    Args:
        parameters: of the algorithm.
        plan: degree, segments, order.
        is_given: whether the path was typed.

    Raises:
        InputError: the norms of the velocity do not fit.
    """
    kind: Kind = "given" if is_given else "measured"
    if plan.cut.is_repeated:
        kind = "assumed"
    return tuple(_ride(parameters, segment, plan, kind) for segment in plan.cut.segments)


def _ride(parameters: CarlemanGd, segment: Segment, plan: Plan, kind: Kind) -> Ride:
    low, high = spectrum(segment.values)
    path = tuple(segment.path_norms[plan.degree])
    check_path(path, segment.n_steps)
    least, most = velocity_bounds(segment, plan.degree, parameters.learning_rate)
    return Ride(
        lambda_min=low,
        lambda_max=high,
        learning_rate=parameters.learning_rate,
        momentum=parameters.momentum,
        path=path,
        least=least,
        most=most,
        kind=kind,
        norms=tensor_norms(segment.values, plan.degree),
        truncation_order=plan.truncation_order,
        is_certified=plan.is_certified,
    )
