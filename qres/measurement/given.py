"""Typed numbers as a measurement: checked, completed, and each assumption said aloud.

The rules of range and order live here; a measurement that comes from a file, or is handed over,
obeys the same ones (`measure.check_values`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from qres.config.record import Algorithm, CarlemanGd, GivenModel, LinearSystem
from qres.errors import InputError
from qres.measurement.dissipation import describe_dissipation, find_growths, find_worst_growth
from qres.measurement.record import Measurement, Segment
from qres.notation.quantity import Quantity

REQUIRED = {
    "carleman-gd": ("n_params", "n_active", "lambda_max", "lambda_min", "grad_norm", "n_samples"),
    "linear-system": ("dim", "smallest_singular_value"),
}
"""What each algorithm cannot do without, besides `max_entry` or `frobenius_norm`."""

ORDERED = {
    "carleman-gd": (
        ("n_active", "n_params"),
        ("lambda_min", "lambda_max"),
        ("sparsity", "n_active"),
        ("t3_injective", "t3_unfolding"),
        ("t3_injective", "t3_frobenius"),
        ("t3_unfolding", "t3_frobenius"),
        ("t3_max_entry", "t3_frobenius"),
        ("t4_injective", "t4_frobenius"),
        ("t4_max_entry", "t4_frobenius"),
    ),
    "linear-system": (
        ("sparsity", "dim"),
        ("row_sparsity", "sparsity"),
        ("column_sparsity", "sparsity"),
        ("smallest_singular_value", "norm"),
        ("max_entry", "norm"),
        ("norm", "diagonal_sum"),
        ("max_entry", "diagonal_sum"),
    ),
}
"""Pairs of which the first may not exceed the second."""

COUNTED = (
    *("n_params", "n_active", "n_samples", "dim", "sparsity", "nnz", "n_features"),
    *("row_sparsity", "column_sparsity", "t3_sparsity", "t4_sparsity", "n_outputs"),
    *("n_diagonals", "shift_bits", "n_cuts"),
)
"""Whole numbers."""

SIGNED = ("lambda_max", "lambda_min", "contraction_margin", "trace")
"""The only numbers that may be negative."""

MAY_BE_ZERO = (
    *SIGNED,
    "eps_model",
    "grad_norm",
    "smallest_singular_value",
    *("final_distance", "final_grad_norm"),
    *("t3_injective", "t3_unfolding", "t3_frobenius", "t3_max_entry", "t3_sparsity"),
    *("t4_injective", "t4_frobenius", "t4_max_entry", "t4_sparsity"),
    *("jacobian_frobenius", "output_hessian_norm", "gram_dropped_norm", "growth"),
    "gradient_noise",
    *("kink_share", "dissipative_share", "neutral_share", "divergent_share", "trajectory_decay"),
    "projected_share",
    *(f"projected_error_{order}" for order in range(1, 5)),
)

AT_MOST_ONE = (
    *("solution_overlap", "kink_share", "readout_tolerance"),
    *("dissipative_share", "neutral_share", "divergent_share", "trajectory_decay"),
    "projected_share",
)

MAY_BE_UNKNOWN = (
    *("kappa", "growth_sum", "readout_tolerance"),
    *(f"projected_error_{order}" for order in range(1, 5)),
)
"""Derived numbers that may be infinite or below all that was tried, which a file writes as null; no
algorithm rests on them."""

ROUNDING = 1e-9
"""Two numbers of a measurement that differ by less, relatively, are not out of order."""

LARGEST = 1e150
"""Numbers above have no square in float64."""

MAX_STEPS = 10_000_000
"""Longer lines of assumed update norms are not written down."""

Warnings = tuple[tuple[str, str], ...]


def take_given(model: GivenModel, algorithm: Algorithm) -> Measurement:
    """Return the given numbers as a measurement, with what `algorithm` needs filled in.

    Raises:
        InputError: numbers are missing (all are named), out of range, or contradict each other.
    """
    values = dict(model.values)
    if isinstance(algorithm, CarlemanGd):
        check_numbers(values, algorithm.name, "model.given")
        return complete_training(values, model.update_norms, algorithm)
    if isinstance(algorithm, LinearSystem):
        check_numbers(values, algorithm.name, "model.given")
        return Measurement(subject="given", values=_complete_system(values))
    return Measurement(subject="given", values=values)


def check_numbers(values: Mapping[str, Quantity], name: str, place: str) -> None:
    """Refuse missing numbers, all at once, numbers out of range, and pairs in the wrong order.

    Args:
        values: typed, or measured.
        name: of the algorithm that needs them.
        place: opens the error message.

    Raises:
        InputError: one line that names the place, the number, and what would be right.
    """
    missing = [key for key in REQUIRED[name] if key not in values]
    if "max_entry" not in values and "frobenius_norm" not in values:
        missing.append("max_entry (or frobenius_norm)")
    if missing:
        raise InputError(f"{place}: {name} also needs {', '.join(missing)}")
    for key, quantity in values.items():
        check_range(key, quantity, f"{place}.{key}")
    for smaller, larger in ORDERED[name]:
        _check_order(values, smaller, larger, place)


def check_norms(norms: tuple[float, ...], n_steps: int, place: str) -> None:
    """Refuse norms of the updates that are not one finite, non-negative number for each step."""
    if len(norms) != n_steps + 1:
        raise InputError(
            f"{place}: has {len(norms)} values, algorithm.n_steps "
            f"{n_steps} needs {n_steps + 1} (t = 0..{n_steps})"
        )
    if any(not math.isfinite(norm) or norm < 0 for norm in norms):
        raise InputError(f"{place}: every value must be finite and not negative")


def check_segments(
    segmentations: tuple[tuple[Segment, ...], ...], n_steps: int, place: str
) -> None:
    """Refuse segments that do not follow each other from step 0 to `n_steps`, or cannot be.

    Raises:
        InputError: one line that names the place, the segment, and what would be right.
    """
    for first, segments in enumerate(segmentations):
        step = 0
        for second, segment in enumerate(segments):
            here = f"{place}[{first}][{second}]"
            if segment.start_step != step or segment.n_steps < 1:
                found = f"{segment.n_steps} steps from step {segment.start_step}"
                raise InputError(f"{here}: must begin at step {step}, found {found}")
            check_paths(segment.path_norms, segment.n_steps, f"{here}.path_norms")
            check_paths(segment.velocity_norms, segment.n_steps, f"{here}.velocity_norms")
            for degree, distance in segment.model_distances.items():
                if not distance >= 0:
                    raise InputError(f"{here}.model_distances.{degree}: must not be negative")
            for key, quantity in segment.values.items():
                check_range(key, quantity, f"{here}.values.{key}")
            step += segment.n_steps
        if step != n_steps:
            raise InputError(f"{place}[{first}]: covers {step} steps, needs {n_steps}")


def check_paths(paths: Mapping[int, tuple[float, ...]], n_steps: int, place: str) -> None:
    """Refuse norms that are not one number for each step; above degree 1 they may be infinite."""
    for degree, norms in paths.items():
        if len(norms) != n_steps + 1:
            raise InputError(f"{place}.{degree}: has {len(norms)} values, needs {n_steps + 1}")
        if not all(norm >= 0 for norm in norms):
            raise InputError(f"{place}.{degree}: every value must be at least 0")


def check_range(key: str, quantity: Quantity, place: str) -> None:
    """Refuse a number, or an end of its interval, that cannot be."""
    number = quantity.value
    if key in MAY_BE_UNKNOWN and (number is None or number == math.inf):
        return
    if number is None or not _is_finite(number):
        raise InputError(f"{place}: must be a finite number, found {number}")
    if abs(number) > LARGEST:
        raise InputError(f"{place}: must be at most {LARGEST:g} in size, found {number:g}")
    if key not in SIGNED and number < 0:
        raise InputError(f"{place}: must not be negative, found {number:g}")
    if key not in MAY_BE_ZERO and number == 0:
        raise InputError(f"{place}: must be positive, found 0")
    if key in COUNTED and number != int(number):
        raise InputError(f"{place}: must be a whole number, found {number:g}")
    if key in AT_MOST_ONE and number > 1:
        opening = "[" if key in MAY_BE_ZERO else "("
        raise InputError(f"{place}: must lie in {opening}0, 1], found {number:g}")
    low = number if quantity.low is None else quantity.low
    high = number if quantity.high is None else quantity.high
    if (low < 0 and key not in SIGNED) or _exceeds(low, number) or _exceeds(number, high):
        raise InputError(
            f"{place}: needs {'' if key in SIGNED else '0 <= '}low <= value <= high,"
            f" found {low:g}, {number:g}, {high:g}"
        )


def _is_finite(number: float | int) -> bool:
    """Say whether a float holds the number."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _exceeds(first: float | int, second: float | int) -> bool:
    """Say whether the first is larger by more than rounding."""
    return first > second and not math.isclose(first, second, rel_tol=ROUNDING)


def _check_order(values: Mapping[str, Quantity], smaller: str, larger: str, place: str) -> None:
    """Refuse two numbers in the wrong order, wherever they lie in their intervals."""
    if smaller not in values or larger not in values:
        return
    first, second = values[smaller], values[larger]
    low = first.value if first.low is None else first.low
    high = second.value if second.high is None else second.high
    if low is not None and high is not None and _exceeds(low, high):
        found = f"{float(low):g} > {float(high):g}"
        raise InputError(f"{place}.{smaller}: must not exceed {larger}, found {found}")


class Descent(Protocol):
    """Steps of training, whoever describes them."""

    @property
    def n_steps(self) -> int:
        """Number of steps."""
        ...

    @property
    def learning_rate(self) -> float:
        """Of the first step."""
        ...

    @property
    def n_batches(self) -> int:
        """Batches in turn; 1 is the whole data set."""
        ...

    @property
    def rates(self) -> tuple[float, ...]:
        """Rate of every step; empty where all are the same."""
        ...


def complete_training(
    values: dict[str, Quantity], update_norms: tuple[float, ...], algorithm: Descent
) -> Measurement:
    """Return the numbers with what `carleman-gd` needs and may assume filled in.

    Args:
        values: typed, or measured without a descent.
        update_norms: of the degree-1 model, t = 0..n_steps; empty assumes them.
        algorithm: the steps.

    Raises:
        InputError: the norms are not those of the steps, or there are too few samples.
    """
    warnings: Warnings = ()
    samples = float(values["n_samples"])
    if algorithm.n_batches > samples:
        raise InputError(
            f"algorithm.optimizer.n_batches: {algorithm.n_batches} batches of {samples:,.0f} samples"
        )
    if "sparsity" not in values:
        values["sparsity"] = _assume(values["n_active"].value, "every entry may be non-zero")
    if "eps_model" not in values:
        values["eps_model"] = _assume(0, "nobody has measured the degree-1 model's error")
        warnings += (("W-MODEL", "eps_model was not given and is assumed to be 0"),)
    values |= _complete_tensors(values)
    norms, note = _complete_norms(values, update_norms, algorithm)
    values |= describe_dissipation(
        values["lambda_min"],
        values["lambda_max"],
        learning_rate=algorithm.learning_rate,
        n_steps=algorithm.n_steps,
        rates=algorithm.rates,
    )
    return Measurement(subject="given", values=values, update_norms=norms, warnings=warnings + note)


def _complete_tensors(values: Mapping[str, Quantity]) -> dict[str, Quantity]:
    r"""Return bounds on the norms of tensors that follow from those that are given.

    For a symmetric $T$ of order $d$ over $r$ coordinates, injective <= unfolding <= Frobenius,
    unfolding <= $\sqrt r$ injective, Frobenius <= $\sqrt r$ unfolding (a matrix of rank at most
    $r$), hence Frobenius <= $r^{(d-1)/2}$ injective; no entry exceeds the injective norm (Banach).
    """
    dim, found = float(values["n_active"]), dict[str, Quantity]()

    def fill(name: str, **factors: float) -> None:
        known = {**found, **values}
        bounds = [
            _bound(known[other], other, factor)
            for other, factor in factors.items()
            if other in known
        ]
        if name not in values and bounds:
            found[name] = min(bounds, key=float)

    fill("t3_unfolding", t3_frobenius=1.0, t3_injective=math.sqrt(dim))
    fill("t3_injective", t3_unfolding=1.0)
    fill("t3_frobenius", t3_unfolding=math.sqrt(dim))
    fill("t3_max_entry", t3_injective=1.0)
    fill("t4_injective", t4_frobenius=1.0)
    fill("t4_frobenius", t4_injective=dim**1.5)
    if "t3_injective" in {**values, **found} and "t3_sparsity" not in values:
        found["t3_sparsity"] = _assume(int(dim) ** 2, "every entry may be non-zero")
    return found


def _bound(known: Quantity, name: str, factor: float) -> Quantity:
    """Return the upper bound that is `factor` times a known norm."""
    method = f"at most {factor:.6g} {name}, for any symmetric tensor of this size"
    return replace(known.with_value(factor * float(known)), bound="upper", method=method)


def _complete_norms(
    values: Mapping[str, Quantity], update_norms: tuple[float, ...], algorithm: Descent
) -> tuple[tuple[float, ...], Warnings]:
    """Return the norms of the updates as given, or as an assumption."""
    if update_norms:
        check_norms(update_norms, algorithm.n_steps, "model.given.update_norms")
        if update_norms[-1] == 0:
            raise InputError(
                "model.given.update_norms: the last value is 0, so training goes nowhere"
            )
        return update_norms, ()
    if algorithm.n_steps + 1 > MAX_STEPS:
        raise InputError(f"algorithm.n_steps: at most {MAX_STEPS:,} without update_norms")
    return _assume_norms(values, algorithm)


def _assume_norms(
    values: Mapping[str, Quantity], algorithm: Descent
) -> tuple[tuple[float, ...], Warnings]:
    r"""Return a straight line, or less where the spectrum does not allow so much.

    $u_t = -\eta \sum_{k<t} (I - \eta H)^k \nabla f$, so that
    $\|u_t\| \le \eta \|\nabla f\| \sum_{k<t} g^k$ with $g = \max|1 - \eta\lambda|$; the line has
    $t$ in place of the sum, which is the larger wherever $g < 1$ and $t > 1$.
    """
    if algorithm.rates:
        return _assume_scheduled(values, algorithm.rates)
    step = algorithm.learning_rate * float(values["grad_norm"])
    growth = find_worst_growth(values["lambda_min"], values["lambda_max"], algorithm.learning_rate)
    text = "update_norms were not given: assumed to grow by learning_rate grad_norm each step"
    steps = range(algorithm.n_steps)
    if growth >= 1 or algorithm.n_steps == 1:
        return tuple(number * step for number in (*steps, algorithm.n_steps)), (("W-LOWER", text),)
    sums = itertools.accumulate(steps, lambda total, _: 1 + growth * total, initial=0.0)
    text += (
        ", but capped at what the spectrum allows, learning_rate grad_norm"
        f" (1 + g + ... + g^(t-1)) with g = max|1 - learning_rate lambda| = {growth:.6g}"
    )
    return tuple(step * total for total in sums), (("W-LOWER", text),)


def _assume_scheduled(
    values: Mapping[str, Quantity], rates: Sequence[float]
) -> tuple[tuple[float, ...], Warnings]:
    """Return the same where the rate changes: the rate of each step, its own factor below 1."""
    norms, slope = [0.0], float(values["grad_norm"])
    growths = find_growths(values["lambda_min"], values["lambda_max"], rates)
    for rate, growth in zip(rates, growths, strict=True):
        norms.append(rate * slope + min(1.0, growth) * norms[-1])
    text = (
        "update_norms were not given: assumed to grow by the rate of each step times grad_norm, less"
        " what a step contracts"
    )
    return tuple(norms), (("W-LOWER", text),)


def _complete_system(values: dict[str, Quantity]) -> dict[str, Quantity]:
    """Fill in what `linear-system` needs and may assume."""
    if "sparsity" not in values:
        values["sparsity"] = _assume(values["dim"].value, "every entry may be non-zero")
    values.setdefault("solution_overlap", _assume(1, "the right-hand side that costs least"))
    return values


def _assume(value: float | int | None, reason: str) -> Quantity:
    """Return a number that nobody has shown."""
    return Quantity(value=value, kind="assumed", source="not given", method=reason)
