r"""The same training on the device: every method that ends at the weights of plain descent.

The target is $\theta_T$, the weights after $T$ steps of full-batch gradient descent, to a relative
error $\epsilon$ of the update $u_T = \theta_T - \theta_0$. It is a point, not a loss:

- *full batch* (or *given steps*, where the steps asked for have momentum or cycle through batches
  in a fixed order) ends there, with $T$ gradients.
- *mini-batch* takes the same steps with sampled gradients. With $g = \max|1-\eta\lambda|$,
  $\sigma^2$ the trace of the covariance of the per-sample gradients (`gradient_noise` is $\sigma$)
  and independent draws, the noise of step $t$ reaches the end through $T-1-t$ steps:
  $$ E\lVert e_T\rVert^2 \le \frac{\eta^2\sigma^2}{B_0}\sum_{t<T} g^{2t},\qquad
  B_0 = \Bigl\lceil\frac{\eta^2\sigma^2\sum_{t<T} g^{2t}}
  {\epsilon^2\,\delta\,\lVert u_T\rVert^2}\Bigr\rceil, $$
  by Markov's inequality for a failure probability $\delta$. Drawn without replacement from $n_s$
  samples the variance falls by $(n_s-B)/(n_s-1)$, so $B = \lceil n_s B_0/(n_s-1+B_0)\rceil$ (derived).
  It takes $\sigma$ and the spectrum as they are at the start: where that fails the full batch
  remains, which is the size of the assumption.
- *Chebyshev* applies the polynomial of the degree-1 model (see `chebyshev`), where the quantum side
  solves that model in one segment of plain full-batch steps. The error left to it is that of the
  quantum side: $\epsilon$ less `eps_model`, or half of $\epsilon$ where `eps_model` exceeds the
  other half. Where nobody has shown that the model stands for training, the full batch is again
  the size of the assumption.
- Where the learning rate changes from step to step, $\sum_t\eta_t^2\prod_{s>t}g_s^2$ stands for
  $\eta^2\sum g^{2t}$, and the polynomial is that of these rates; both need the measured update.
- *momentum* visits other points: no number of its steps gives these weights, so it is left out,
  unless the steps asked for have it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qres.classical.chebyshev import LONGEST_SCHEDULE, count_products, value_floor
from qres.classical.estimate import estimate_gradients
from qres.classical.record import ClassicalCost, Descent, Device
from qres.classical.roofline import fastest
from qres.classical.subject import Subject, has_value, read_value
from qres.measurement.record import Measurement
from qres.notation.named import geometric

FULL_BATCH, GIVEN_STEPS, MINI_BATCH, CHEBYSHEV, MOMENTUM = (
    "full batch",
    "given steps",
    "mini-batch",
    "Chebyshev, degree-1 model",
    "momentum",
)


def estimate_descent(subject: Subject, device: Device, descent: Descent) -> ClassicalCost:
    """Price the training by the fastest method that reaches the same weights; all are kept.

    Args:
        subject: has `n_params` and `n_samples`; `lambda_min`, `lambda_max`, `grad_norm`,
            `gradient_noise` and the norms of the updates open further methods.
        device: which GPU.
        descent: what is asked for.
    """
    full = _given_steps(subject, device, descent)
    reasons = {
        MINI_BATCH: _why_no_sampling(subject, descent),
        CHEBYSHEV: _why_no_polynomial(subject, descent),
        MOMENTUM: _why_no_momentum(descent),
    }
    rows = [full]
    if not reasons[MINI_BATCH]:
        rows.append(_mini_batch(subject, device, descent, full))
    if not reasons[CHEBYSHEV]:
        rows.append(_chebyshev(subject, device, descent, full))
    left_out = tuple((name, reason) for name, reason in reasons.items() if reason)
    return replace(fastest(rows), left_out=left_out)


def _given_steps(subject: Subject, device: Device, descent: Descent) -> ClassicalCost:
    return estimate_gradients(
        descent.n_steps,
        subject,
        device,
        n_dependent=descent.n_steps,
        n_samples=read_value(subject, "n_samples") / descent.n_batches,
        method=FULL_BATCH if _is_plain(descent) else GIVEN_STEPS,
    )


def _is_plain(descent: Descent) -> bool:
    return descent.momentum == 0 and descent.n_batches == 1


def count_batch(subject: Subject, descent: Descent) -> Any:
    """Return the samples of a mini-batch that reaches the target."""
    n_samples = read_value(subject, "n_samples")
    scale, energy = _carried(subject, descent)
    noise = scale * read_value(subject, "gradient_noise", end="high") ** 2 * energy
    wanted = descent.epsilon**2 * descent.fail_prob * _update_norm(subject, descent) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = np.maximum(1.0, np.where(noise > 0, np.ceil(noise / wanted), 1.0))
    # divided by `drawn`, so that an infinite count leaves the whole batch
    return np.ceil(n_samples / ((n_samples - 1.0) / drawn + 1.0))


def _carried(subject: Subject, descent: Descent) -> tuple[Any, Any]:
    """Return two factors of what the steps make of unit noise in each of them, squared."""
    if descent.rates:
        kept = np.float64(0.0)
        growths = _growth(subject, np.array(descent.rates))
        with np.errstate(over="ignore"):
            for rate, growth in zip(descent.rates, growths, strict=True):
                kept = growth**2 * kept + rate**2
        return 1.0, kept
    steps = np.asarray(descent.n_steps) - 1.0
    return descent.learning_rate**2, geometric.array(
        _growth(subject, descent.learning_rate) ** 2, steps
    )


def _mini_batch(
    subject: Subject, device: Device, descent: Descent, full: ClassicalCost
) -> ClassicalCost:
    batch = count_batch(subject, descent)
    row = estimate_gradients(
        descent.n_steps,
        subject,
        device,
        n_dependent=descent.n_steps,
        n_samples=batch,
        method=MINI_BATCH,
    )
    text = "classical: gradient noise and spectrum stay as at the start (else the full batch)"
    least = float(np.min(batch))
    return replace(
        row,
        assumptions=(*row.assumptions, text),
        factor=row.factor * _fall_back(row, full),
        note=f"{least:,.0f} samples a step" if np.ndim(batch) == 0 else "",
    )


def _chebyshev(
    subject: Subject, device: Device, descent: Descent, full: ClassicalCost
) -> ClassicalCost:
    products = count_products(
        descent.n_steps,
        descent.learning_rate,
        read_value(subject, "lambda_min", end="low"),
        read_value(subject, "lambda_max", end="high"),
        tolerance=_tolerance(subject, descent),
        rates=descent.rates,
    )
    gradients = 1 + descent.product_gradients * products
    row = estimate_gradients(gradients, subject, device, n_dependent=gradients, method=CHEBYSHEV)
    texts = [
        f"classical: a Hessian-vector product takes {descent.product_gradients:g} gradients,"
        " as in the tables"
    ]
    is_open = _is_model_open(subject, descent)
    if np.any(is_open):
        texts.append("classical: the degree-1 model stands for training (else the full batch)")
    return replace(
        row,
        assumptions=(*row.assumptions, *texts),
        factor=row.factor * np.where(is_open, _fall_back(row, full), 1.0),
        note=f"{float(products):,.0f} Hessian-vector products" if np.ndim(products) == 0 else "",
    )


def _is_model_open(subject: Subject, descent: Descent) -> Any:
    """Return whether nobody has shown that the degree-1 model stays within its part of the error.

    That is where `eps_model` is absent, assumed, or above half of the error.
    """
    known = subject.values if isinstance(subject, Measurement) else subject
    kind = getattr(known.get("eps_model"), "kind", "given")
    if not has_value(subject, "eps_model") or kind == "assumed":
        return True
    return read_value(subject, "eps_model") > np.asarray(descent.epsilon) / 2


def _fall_back(row: ClassicalCost, full: ClassicalCost) -> Any:
    """Return how many times longer the full batch takes, at least 1."""
    return np.maximum(1.0, np.divide(full.runtime_s, row.runtime_s))


def _tolerance(subject: Subject, descent: Descent) -> Any:
    r"""Return the largest error of the polynomial, $\epsilon'\lVert u_T\rVert/(\eta\lVert g\rVert)$.

    Where the update was not measured, what the spectrum leaves of it at least.
    """
    model = read_value(subject, "eps_model") if has_value(subject, "eps_model") else 0.0
    whole = np.asarray(descent.epsilon, dtype=float)
    left = np.where(model > whole / 2, whole / 2, whole - model)
    if _measured_update(subject) is None or not has_value(subject, "grad_norm"):
        return left * _floor(subject, descent)
    step = descent.learning_rate * read_value(subject, "grad_norm", end="high")
    return left * _measured_update(subject) / step


def _update_norm(subject: Subject, descent: Descent) -> Any:
    """Return the norm of the update, or the least that the spectrum allows."""
    measured = _measured_update(subject)
    if measured is not None:
        return measured
    return (
        descent.learning_rate
        * read_value(subject, "grad_norm", end="low")
        * _floor(subject, descent)
    )


def _measured_update(subject: Subject) -> float | None:
    """Return the norm of the last update unless it is itself a guess from the spectrum."""
    if not isinstance(subject, Measurement) or not subject.update_norms:
        return None
    is_guess = any(
        code == "W-LOWER" and "update_norms" in message for code, message in subject.warnings
    )
    return None if is_guess else subject.update_norms[-1]


def _floor(subject: Subject, descent: Descent) -> Any:
    top = read_value(subject, "lambda_max", end="high")
    return value_floor(descent.n_steps, descent.learning_rate, top)


def _growth(subject: Subject, learning_rate: Any) -> np.ndarray:
    ends = (
        read_value(subject, "lambda_min", end="low"),
        read_value(subject, "lambda_max", end="high"),
    )
    low, high = (np.abs(1.0 - np.asarray(learning_rate) * end) for end in ends)
    return np.maximum(low, high)


def _missing(subject: Subject, descent: Descent, names: tuple[str, ...]) -> str:
    """Return why a method for the weights cannot be counted, empty if it can."""
    if descent.target != "weights":
        return "its count bounds the error of the weights, not of the loss"
    if not _is_plain(descent):
        return "the steps are not those of plain full-batch descent"
    if descent.learning_rate is None:
        return "the learning rate is not known"
    if descent.rates and _measured_update(subject) is None:
        return "the learning rate changes, and the norms of the updates are not measured"
    lacking = [name for name in names if not has_value(subject, name)]
    return f"{', '.join(lacking)} not known" if lacking else ""


def _why_no_sampling(subject: Subject, descent: Descent) -> str:
    names = ("gradient_noise", "lambda_min", "lambda_max")
    has_update = _measured_update(subject) is not None
    return _missing(subject, descent, names if has_update else (*names, "grad_norm"))


def _why_no_polynomial(subject: Subject, descent: Descent) -> str:
    if descent.degree != 1:
        return f"the gradient is a polynomial of degree {descent.degree}, not linear"
    if descent.segments != 1:
        return f"the expansion is renewed {descent.segments} times, one polynomial covers one"
    if len(descent.rates) > LONGEST_SCHEDULE:
        return f"it is counted for schedules of at most {LONGEST_SCHEDULE:,} steps"
    return _missing(subject, descent, ("lambda_min", "lambda_max"))


def _why_no_momentum(descent: Descent) -> str:
    if descent.momentum:
        return "it is in the steps that are asked for"
    if descent.target == "loss":
        return "how many of its steps reach this loss is known only by running it"
    return "it ends at another point, whatever the number of its steps"
