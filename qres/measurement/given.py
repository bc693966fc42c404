"""Typed numbers as a measurement: checked, completed, and each assumption said aloud."""

from __future__ import annotations

import math
from collections.abc import Mapping

from qres.config.record import Algorithm, CarlemanGd, GivenModel, LinearSystem
from qres.errors import InputError
from qres.measurement.dissipation import describe_dissipation
from qres.measurement.record import Measurement
from qres.notation.quantity import Quantity

REQUIRED = {
    "carleman-gd": ("n_params", "n_active", "lambda_max", "lambda_min", "grad_norm", "n_samples"),
    "linear-system": ("dim", "smallest_singular_value"),
}
"""What each algorithm cannot do without, besides `max_entry` or `frobenius_norm`."""

SIGNED = ("lambda_max", "lambda_min")
"""The only given numbers that may be negative."""

MAY_BE_ZERO = (*SIGNED, "eps_model", "smallest_singular_value")

MAX_STEPS = 10_000_000
"""Longer straight lines of update norms are not written down."""

Warnings = tuple[tuple[str, str], ...]


def take_given(model: GivenModel, algorithm: Algorithm) -> Measurement:
    """Return the given numbers as a measurement, with what `algorithm` needs filled in.

    Raises:
        InputError: numbers are missing (all are named), out of range, or contradict each other.
    """
    values = dict(model.values)
    if isinstance(algorithm, CarlemanGd):
        _check_given(values, algorithm.name)
        return _complete_training(values, model.update_norms, algorithm)
    if isinstance(algorithm, LinearSystem):
        _check_given(values, algorithm.name)
        return Measurement(subject="given", values=_complete_system(values))
    return Measurement(subject="given", values=values)


def _check_given(values: Mapping[str, Quantity], name: str) -> None:
    """Refuse missing numbers, all at once, and numbers out of range."""
    missing = [key for key in REQUIRED[name] if key not in values]
    if "max_entry" not in values and "frobenius_norm" not in values:
        missing.append("max_entry (or frobenius_norm)")
    if missing:
        raise InputError(f"model.given: {name} also needs {', '.join(missing)}")
    for key, quantity in values.items():
        number = quantity.value
        if number is None or not math.isfinite(number):
            raise InputError(f"model.given.{key}: must be a finite number, found {number}")
        if key not in SIGNED and number < 0:
            raise InputError(f"model.given.{key}: must not be negative, found {number:g}")
        if key not in MAY_BE_ZERO and number == 0:
            raise InputError(f"model.given.{key}: must be positive, found 0")


def _check_order(values: Mapping[str, Quantity], smaller: str, larger: str) -> None:
    """Refuse two numbers in the wrong order."""
    if smaller in values and larger in values and float(values[smaller]) > float(values[larger]):
        found = f"{float(values[smaller]):g} > {float(values[larger]):g}"
        raise InputError(f"model.given.{smaller}: must not exceed {larger}, found {found}")


def _complete_training(
    values: dict[str, Quantity], update_norms: tuple[float, ...], algorithm: CarlemanGd
) -> Measurement:
    """Fill in what `carleman-gd` needs and may assume."""
    for smaller, larger in (
        ("n_active", "n_params"),
        ("lambda_min", "lambda_max"),
        ("sparsity", "n_active"),
    ):
        _check_order(values, smaller, larger)
    warnings: Warnings = ()
    if "sparsity" not in values:
        values["sparsity"] = _assume(values["n_active"].value, "every entry may be non-zero")
    if "eps_model" not in values:
        values["eps_model"] = _assume(0, "nobody has measured the degree-1 model's error")
        warnings += (("W-MODEL", "eps_model was not given and is assumed to be 0"),)
    norms, note = _complete_norms(values, update_norms, algorithm)
    values |= describe_dissipation(
        values["lambda_min"],
        values["lambda_max"],
        learning_rate=algorithm.learning_rate,
        n_steps=algorithm.n_steps,
    )
    return Measurement(subject="given", values=values, update_norms=norms, warnings=warnings + note)


def _complete_norms(
    values: Mapping[str, Quantity], update_norms: tuple[float, ...], algorithm: CarlemanGd
) -> tuple[tuple[float, ...], Warnings]:
    """Return the norms of the updates as given, or along a straight line."""
    needed = algorithm.n_steps + 1
    if not update_norms and needed > MAX_STEPS:
        raise InputError(f"algorithm.n_steps: at most {MAX_STEPS:,} without update_norms")
    if not update_norms:
        step = algorithm.learning_rate * float(values["grad_norm"])
        line = tuple(number * step for number in range(needed))
        text = "update_norms were not given: assumed to grow by learning_rate grad_norm each step"
        return line, (("W-LOWER", text),)
    if len(update_norms) != needed:
        raise InputError(
            f"model.given.update_norms: has {len(update_norms)} values, algorithm.n_steps "
            f"{algorithm.n_steps} needs {needed} (t = 0..{algorithm.n_steps})"
        )
    if any(not math.isfinite(norm) or norm < 0 for norm in update_norms):
        raise InputError("model.given.update_norms: every value must be finite and not negative")
    if update_norms[-1] == 0:
        raise InputError("model.given.update_norms: the last value is 0, so training goes nowhere")
    return update_norms, ()


def _complete_system(values: dict[str, Quantity]) -> dict[str, Quantity]:
    """Fill in what `linear-system` needs and may assume."""
    for smaller, larger in (
        ("sparsity", "dim"),
        ("smallest_singular_value", "norm"),
        ("max_entry", "norm"),
    ):
        _check_order(values, smaller, larger)
    if "sparsity" not in values:
        values["sparsity"] = _assume(values["dim"].value, "every entry may be non-zero")
    overlap = values.setdefault(
        "solution_overlap", _assume(1, "the right-hand side that costs least")
    )
    if float(overlap) > 1:
        raise InputError(
            f"model.given.solution_overlap: must lie in (0, 1], found {float(overlap):g}"
        )
    return values


def _assume(value: float | int | None, reason: str) -> Quantity:
    """Return a number that nobody has shown."""
    return Quantity(value=value, kind="assumed", source="not given", method=reason)
