"""From a scenario to a recorded Newton run, by way of the result store; loads no torch itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from qres.config.record import NetworkModel, Newton, Scenario
from qres.errors import InputError
from qres.measurement.dependencies import describe_dependencies, is_users_code
from qres.measurement.newton.record import RECORDED_AS, NewtonRun
from qres.measurement.progress import Progress
from qres.measurement.record import Measurement
from qres.measurement.resume import joined, keep_entry, keep_measurement, measure_resumable
from qres.measurement.store import Store, make_key

PRICED = ("name", "policy", "gate_time_s", "encoding", "data_access", "solver", "readout")
"""Keys of the algorithm that a run does not depend on: they are about machines."""


def measure_newton(
    model: NetworkModel,
    algorithm: Newton,
    scenario: Scenario,
    *,
    trust: bool,
    progress: Progress,
    store: Store,
    versions: Mapping[str, str],
    ready: Callable[[], object],
) -> Measurement:
    """Return the recorded run that a scenario asks for, from the store if it is there.

    Args:
        model: the network.
        algorithm: of the scenario.
        scenario: for its error, its effort and its folder.
        trust: whether code of the user's may be imported.
        progress: called as `progress(task, done, total)`.
        store: where results are kept.
        versions: of the libraries that a run depends on.
        ready: loads what measuring a network needs, or says what is missing.

    Raises:
        InputError: the run cannot be made as asked.
    """
    facts = describe_dependencies(model) | {"versions": versions}
    asked = describe_run(algorithm) | {
        "recorded_as": RECORDED_AS,
        "delta": scenario.error.total,
        "lanczos_steps": scenario.measure.lanczos_steps,
        "n_probes": scenario.measure.probes,
        "seed": scenario.measure.seed,
    }
    is_kept = not is_users_code(model)
    if not is_kept and store.is_stored_only:
        raise InputError("--no-measure: a network of the user's own code is never stored")

    def weights(make: Callable[[], bytes]) -> bytes:
        key = make_key(subject="weights", **facts)
        return keep_entry(store, key, make)[0] if is_kept else make()

    def make() -> Measurement:
        ready()
        from qres.measurement.newton.network import run_network  # torch: wanted only here

        return run_network(
            model,
            scenario,
            algorithm,
            trust=trust,
            weights=weights,
            progress=progress,
            versions=versions,
        )

    if not is_kept:
        return make()
    key = make_key(subject="newton", **facts, newton=asked)
    with joined(None):
        again = partial(measure_resumable, store.folder, key, make, device=None)
        return keep_measurement(store, key, again)


def describe_run(algorithm: Newton) -> dict[str, Any]:
    """Return what a run depends on, of the section `algorithm`."""
    return {key: value for key, value in asdict(algorithm).items() if key not in PRICED}


def check_run(run: NewtonRun | None, algorithm: Newton, place: str) -> None:
    """Refuse a measurement that is no run, or that of another question.

    Args:
        run: read from a file, or handed over.
        algorithm: of the scenario.
        place: opens the error message.

    Raises:
        InputError: one line that names what differs.
    """
    if run is None:
        raise InputError(f"{place}: holds no Newton run; measure with algorithm.name: newton")
    found: dict[str, Any] = {
        "n_steps": len(run.steps),
        "learning_rate": run.learning_rate,
        "curvature": run.curvature,
        "blocks": run.blocks,
        "damping": dict(run.damping),
        "prune": run.prune,
        "noise_seeds": run.noise[0].n_seeds if run.noise else 0,
    }
    if algorithm.batch_size is not None:
        found["batch_size"] = run.batch_samples
    asked = describe_run(algorithm)
    for key, value in found.items():
        if value != asked[key]:
            raise InputError(
                f"{place}: was measured with {key} {value}, algorithm.{key} is {asked[key]};"
                " measure again or use the same"
            )


def check_error(run: NewtonRun | None, scenario: Scenario, place: str) -> None:
    """Refuse a run whose solutions had another error than is asked for; None is none.

    Raises:
        InputError: one line that names both.
    """
    total = scenario.error.total
    if run is not None and isinstance(scenario.algorithm, Newton) and run.delta != total:
        raise InputError(
            f"{place}: was measured with error.total {run.delta:g}, asked for is {total:g};"
            " measure again or use the same"
        )
