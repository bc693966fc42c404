"""The answer to a Newton run: its schedule, its verdict, its warnings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qres.classical.record import Device
from qres.config.record import Scenario
from qres.errors import InputError
from qres.explore.schedule import schedule
from qres.explore.schedule_cautions import find_schedule_cautions
from qres.explore.schedule_verdict import judge_schedule
from qres.explore.solve_circuits import count_circuits
from qres.measurement.record import Measurement
from qres.physical.record import Machine
from qres.pricing.schedule_sums import solves_of


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
        AgreementError: a circuit and its formulas disagree.
    """
    run = measurement.newton
    if run is None:
        raise InputError("measurement: holds no Newton run; measure with algorithm.name: newton")
    parameters: Any = scenario.algorithm
    found = schedule(run, parameters, scenario.error, machines, device, scenario.objective)
    names = [machine.name for machine in machines]
    agreement, n_counted = count_circuits(solves_of(found))
    found = replace(found, n_counted=n_counted)
    return {
        "schedule": found,
        "agreement": agreement,
        "verdict": judge_schedule(found, names),
        "notes": found.assumptions,
        "warnings": (*measurement.warnings, *find_schedule_cautions(found, run, machines)),
    }
