"""Whether a measurement that was read or handed over answers the question that is asked."""

from __future__ import annotations

from qres.config.record import Algorithm, CarlemanGd, LinearSystem, Newton
from qres.errors import InputError, nearest
from qres.measurement.given import (
    check_norms,
    check_numbers,
    check_paths,
    check_range,
    check_segments,
)
from qres.measurement.newton.door import check_run
from qres.measurement.record import Measurement
from qres.notation.quantity import KINDS, Quantity

DESCENT = (
    "n_steps",
    "learning_rate",
    "weight_decay",
    "momentum",
    "momentum_restart",
    "n_batches",
    "schedule",
)
"""What a measurement of training steps depends on."""

UNNAMED = {"momentum": 0, "momentum_restart": False, "n_batches": 1, "schedule": "none"}
"""What a measurement of training steps does not name is this."""


def check_fits(measurement: Measurement, algorithm: Algorithm, place: str) -> None:
    """Refuse a measurement of other training steps than those that are asked about.

    Args:
        measurement: read from a file, or handed over.
        algorithm: of the scenario.
        place: opens the error message.

    Raises:
        InputError: it was measured with another learning rate, weight decay or number of steps.
    """
    if isinstance(algorithm, Newton):
        check_run(measurement.newton, algorithm, place)
    if not isinstance(algorithm, CarlemanGd):
        return
    for key in DESCENT:
        found, wanted = measurement.details.get(key), getattr(algorithm, key)
        wanted = str(wanted or "none") if key == "schedule" else wanted
        if found is None and "n_steps" in measurement.details:
            found = UNNAMED.get(key)
        if found is not None and found != wanted:
            raise InputError(
                f"{place}: was measured with {key} {_say(found)}, algorithm.{key} is {_say(wanted)};"
                " measure again or use the same"
            )


def _say(setting: float | str) -> str:
    return setting if isinstance(setting, str) else f"{setting:g}"


def check_values(measurement: Measurement, algorithm: Algorithm, place: str) -> None:
    """Refuse a measurement that lacks what the algorithm needs, or whose numbers cannot be.

    Args:
        measurement: read from a file, or handed over.
        algorithm: of the scenario.
        place: opens the error message.

    Raises:
        InputError: one line that names the place, the number, and what would be right.
    """
    for key, quantity in measurement.values.items():
        if quantity.kind not in KINDS:
            raise InputError(f"{place}: values.{key}.kind: unknown{nearest(quantity.kind, KINDS)}")
    if isinstance(algorithm, CarlemanGd | LinearSystem):
        check_numbers(measurement.values, algorithm.name, f"{place}: values")
    features = measurement.details.get("n_features")
    if features is not None:
        check_range("n_features", Quantity(value=features), f"{place}: details.n_features")
    if isinstance(algorithm, CarlemanGd):
        check_norms(measurement.update_norms, algorithm.n_steps, f"{place}: update_norms")
        check_paths(measurement.path_norms, algorithm.n_steps, f"{place}: path_norms")
        check_paths(measurement.velocity_norms, algorithm.n_steps, f"{place}: velocity_norms")
        check_segments(measurement.segmentations, algorithm.n_steps, f"{place}: segmentations")
