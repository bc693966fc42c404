"""The answer to a Newton run: its schedule, its verdict, its warnings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qres.classical.record import Device
from qres.config.record import Scenario
from qres.errors import InputError
from qres.explore.schedule import schedule
from qres.explore.schedule_cautions import find_schedule_cautions
from qres.explore.schedule_verdict import judge_schedule
from qres.measurement.record import Measurement
from qres.physical.record import Machine


def answer_newton(
    scenario: Scenario,
    measurement: Measurement,
    machines: Sequence[Machine],
    device: Device,
) -> dict[str, Any]:
    """Return what a report holds of a priced Newton run.

    Args:
        scenario: the question.
        measurement: with the recorded run.
        machines: quantum machines.
        device: the classical device.

    Raises:
        InputError: the measurement holds no run.
    """
    run = measurement.newton
    if run is None:
        raise InputError("measurement: holds no Newton run; measure with algorithm.name: newton")
    parameters: Any = scenario.algorithm
    found = schedule(run, parameters, scenario.error, machines, device, scenario.objective)
    names = [machine.name for machine in machines]
    return {
        "schedule": found,
        "verdict": judge_schedule(found, names),
        "notes": found.assumptions,
        "warnings": (*measurement.warnings, *find_schedule_cautions(found, run, names)),
    }
