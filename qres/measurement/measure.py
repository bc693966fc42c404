"""The doors of this storey: measure what a scenario describes, or a live module.

Neither this module nor its imports load torch; `_import_pipeline` does, when a network really has
to be measured. What the result store already knows needs torch only to be installed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from qres.config.record import (
    CarlemanGd,
    GivenModel,
    LinearSystem,
    MatrixModel,
    MeasurementModel,
    NetworkModel,
    Newton,
    Scenario,
)
from qres.errors import InputError
from qres.files import read_text
from qres.measurement.arguments import check_settings
from qres.measurement.dependencies import describe_dependencies, is_users_code
from qres.measurement.fits import DESCENT as DESCENT
from qres.measurement.fits import check_fits as check_fits
from qres.measurement.fits import check_values as check_values
from qres.measurement.given import take_given
from qres.measurement.newton.door import check_error, measure_newton
from qres.measurement.progress import Progress, keep_silent
from qres.measurement.record import Measurement
from qres.measurement.resume import joined, keep_entry, keep_measurement, measure_resumable
from qres.measurement.snapshots import Snapshots, add_readout
from qres.measurement.store import (
    Store,
    explain_missing,
    find_versions,
    hash_file,
    make_key,
)
from qres.measurement.waypoint import train_resumable

LIBRARIES = ("torch", "scikit-learn", "safetensors", "numpy", "scipy")
"""Their versions are part of what a measured network depends on."""

MAX_MEASUREMENT_BYTES = 256 * 2**20


def measure_scenario(
    scenario: Scenario,
    *,
    trust: bool = False,
    progress: Progress | None = None,
    store: Store | None = None,
    is_stored_only: bool = False,
) -> Measurement:
    """Return the measurement that a scenario describes, from the store if it is there.

    Args:
        scenario: its model, measure settings and algorithm decide.
        trust: whether code of the user's may be imported.
        progress: called as `progress(task, done, total)`; None is silent.
        store: where results are kept; None is `$QRES_CACHE` or `~/.cache/qres`.
        is_stored_only: refuse to measure what the store does not have.
    """
    model, say = scenario.model, progress or keep_silent
    store = store or Store.open(is_stored_only=is_stored_only)
    if isinstance(model, GivenModel):
        return take_given(model, scenario.algorithm)
    if isinstance(model, MeasurementModel):
        return _read_measurement(model, scenario)
    if isinstance(model, MatrixModel):
        return _measure_matrix(model, scenario, say, store)
    return _measure_network(model, scenario, trust, say, store)


def measure_module(
    module: Any,
    *,
    loss: Callable[[Any, Any], Any],
    batches: Iterable[tuple[Any, Any]],
    mask: Mapping[str, Any] | None = None,
    learning_rate: float = 0.01,
    n_steps: int = 50,
    weight_decay: float = 0.0,
    lanczos_steps: int = 64,
    n_probes: int = 8,
    seed: int = 0,
    segment_steps: int | None = None,
    momentum: float = 0.0,
    momentum_restart: bool = False,
    n_batches: int = 1,
    progress: Progress | None = None,
) -> Measurement:
    """Measure a live `torch.nn.Module`, which comes back unchanged, in one go.

    Nothing is kept on the way: weights, batches and a loss of a notebook have no name under which
    another process finds them. Work that may be interrupted is that of a `model.yaml`, whose
    `architecture: {kind: python}` takes the same module.

    Args:
        module: in the mode (train or eval) in which it is to be measured.
        loss: callable of (output, y), a mean over the batch.
        batches: iterable of (x, y), the whole data set once.
        mask: name to boolean tensor, True where a parameter is active; names left out are active
            whole. None: every parameter that requires a gradient is active, zero or not.
        learning_rate: of the gradient descent that is modelled.
        n_steps: its steps.
        weight_decay: its weight decay, part of gradient and Hessian.
        lanczos_steps: least number of Lanczos steps.
        n_probes: random vectors, where a derivative is too large to be computed whole.
        seed: of everything random in the measurement.
        segment_steps: a length of segments that is measured besides the usual ones.
        momentum: of the descent; with it there is one segment, unless it restarts.
        momentum_restart: whether training starts every segment with velocity 0.
        n_batches: batches that the steps cycle through in a fixed order; 1 is the whole data set.
        progress: called as `progress(task, done, total)`; None is silent.
    """
    pipeline = _import_pipeline()
    if not hasattr(module, "named_parameters"):
        raise InputError(f"measure: expected a torch.nn.Module, found {type(module).__name__}")
    settings = check_settings(
        {
            "n_steps": n_steps,
            "learning_rate": learning_rate,
            "weight_decay": weight_decay,
            "lanczos_steps": lanczos_steps,
            "n_probes": n_probes,
            "seed": seed,
            "segment_steps": segment_steps,
            "momentum": momentum,
            "momentum_restart": momentum_restart,
            "n_batches": n_batches,
        }
    )
    return pipeline.measure_live(
        module,
        loss=loss,
        batches=pipeline.collect_batches(batches),
        mask=mask,
        probe=pipeline.Probe(**settings),
        progress=progress or keep_silent,
    )


def _measure_network(
    model: NetworkModel, scenario: Scenario, trust: bool, progress: Progress, store: Store
) -> Measurement:
    """Measure a network, resuming from the store where it can."""
    algorithm = scenario.algorithm
    if isinstance(algorithm, Newton):
        return measure_newton(
            model,
            algorithm,
            scenario,
            trust=trust,
            progress=progress,
            store=store,
            versions=find_versions(*LIBRARIES),
            ready=_import_pipeline,
        )
    if not isinstance(algorithm, CarlemanGd):
        raise InputError(f"algorithm.name: '{algorithm.name}' cannot take a network as its model")
    _check_descent(algorithm.learning_rate, algorithm.n_steps)
    versions = find_versions(*LIBRARIES)
    descent = {
        "n_steps": algorithm.n_steps,
        "learning_rate": algorithm.learning_rate,
        "weight_decay": algorithm.weight_decay,
        "lanczos_steps": scenario.measure.lanczos_steps,
        "n_probes": scenario.measure.probes,
        "seed": scenario.measure.seed,
        "segment_steps": None if algorithm.segment_steps == "auto" else algorithm.segment_steps,
    }
    # absent where they change nothing, so that what was measured without them is still found
    if algorithm.momentum:
        descent["momentum"] = algorithm.momentum
        descent["momentum_restart"] = algorithm.momentum_restart
    if algorithm.n_batches > 1:
        descent["n_batches"] = algorithm.n_batches
    if scenario.measure.degree is not None:
        descent["degree"] = scenario.measure.degree
    if scenario.measure.quick:
        descent["is_quick"] = True
    if scenario.measure.parts is not None:
        descent["parts"] = scenario.measure.parts
    if scenario.measure.project is not None:
        descent["project"] = scenario.measure.project
    schedule = {} if algorithm.schedule is None else {"schedule": str(algorithm.schedule)}
    facts = describe_dependencies(model) | {"versions": versions}
    drawn = {name: n for name, n in [("n_samples", scenario.measure.n_samples)] if n is not None}
    settings = {"folder": scenario.folder, "trust": trust, "progress": progress}
    is_own = is_users_code(model)  # which may change unseen: kept only until all is done
    if is_own and store.is_stored_only:
        raise InputError("--no-measure: a network of the user's own code is never stored")
    used = list[str]()

    def name(**of: Any) -> str:
        used.append(make_key(**facts, **of))
        return used[-1]

    def waypoint(**at: Any) -> Path:
        return store.folder / f"{name(subject='weights', **at)}.training"

    def weights(make: Callable[[], bytes], **at: int) -> bytes:
        train = make if at else partial(train_resumable, waypoint(), make)
        return keep_entry(store, name(subject="weights", **at), train)[0]

    def keep(make: Callable[[], Measurement], **at: Any) -> Measurement:
        how = schedule | drawn | scenario.measure.arithmetic
        key, device = name(**at, **descent, **how), scenario.measure.device
        again = partial(measure_resumable, store.folder, key, make, device=device)
        return keep_measurement(store, key, again)

    def run(verb: str, weights: Callable[[Callable[[], bytes]], bytes]) -> Measurement:
        pipeline = _import_pipeline()
        probe = pipeline.Probe(
            **descent,
            schedule=algorithm.schedule,
            arithmetic=pipeline.Arithmetic(**scenario.measure.arithmetic),
        )
        measurement = getattr(pipeline, verb)(model, probe, weights=weights, **drawn, **settings)
        return replace(measurement, details={**measurement.details, "versions": versions})

    def whole(weights: Callable[[Callable[[], bytes]], bytes], **at: Any) -> Measurement:
        found = keep(partial(run, "measure_network", weights), **at)
        if not scenario.is_error_open:
            return found
        at["subject"] = "readout"
        return add_readout(found, keep(partial(run, "measure_readout", weights), **at))

    steps = scenario.measure.at_steps or ()
    fit = partial(_fit_snapshots, model, steps, settings)
    with joined(scenario.measure.device):
        if is_own:
            facts["code"] = _identify(model, scenario.folder, trust)
        snapshots = Snapshots(partial(train_resumable, waypoint(steps=steps), fit), weights)
        # first, because a step that training never reaches is refused here
        curve = {step: whole(snapshots.at(step), subject="snapshot", step=step) for step in steps}
        found = whole(weights, subject="network")
    for key in used if is_own else ():
        store.drop(key)
    return replace(found, snapshots=curve) if curve else found


def _identify(model: NetworkModel, folder: Path, trust: bool) -> str:
    """Return what tells the user's code from any other."""
    pipeline = _import_pipeline()
    with pipeline.on_threads():
        return pipeline.identify_code(model, folder=folder, trust=trust)


def _fit_snapshots(
    model: NetworkModel, steps: tuple[int, ...], settings: dict[str, Any]
) -> dict[int, bytes]:
    """Return packed weights after these numbers of updates."""
    return _import_pipeline().fit_snapshots(model, steps, **settings)


def _measure_matrix(
    model: MatrixModel, scenario: Scenario, progress: Progress, store: Store
) -> Measurement:
    """Measure a matrix file."""
    from qres.measurement.matrices import measure_matrix  # scipy.sparse: 0.2 s, wanted only here

    if not isinstance(scenario.algorithm, LinearSystem):
        name = scenario.algorithm.name
        raise InputError(f"algorithm.name: '{name}' cannot take a matrix as its model")
    key = make_key(
        subject="matrix",
        file=hash_file(model.file),
        file_name=model.file.name,
        rhs=hash_file(model.rhs),
        rhs_name=model.rhs and model.rhs.name,
        settings=_settings(scenario),
        versions=find_versions("numpy", "scipy"),
    )
    return keep_measurement(
        store, key, lambda: measure_matrix(model, scenario.measure, progress=progress)
    )


def _settings(scenario: Scenario) -> dict[str, Any]:
    """Return how hard is measured, without what concerns networks only."""
    return {key: getattr(scenario.measure, key) for key in ("lanczos_steps", "probes", "seed")}


def _read_measurement(model: MeasurementModel, scenario: Scenario) -> Measurement:
    """Return a measurement from its file, if it fits the algorithm."""
    if model.file is None:
        raise InputError("model.measurement: live: hand it over, estimate(..., measurement=...)")
    measurement = read_measurement(model.file)
    with _blame(model.file):
        check_fits(measurement, scenario.algorithm, str(model.file))
        check_error(measurement.newton, scenario, str(model.file))
        check_values(measurement, scenario.algorithm, str(model.file))
    return measurement


def read_measurement(file: Path) -> Measurement:
    """Return what `qres measure -o FILE.json` wrote, whatever it may be used for.

    Raises:
        InputError: not such a file, or of a measurement that was not finished.
    """
    with _blame(file):
        data = json.loads(read_text(file, limit=MAX_MEASUREMENT_BYTES))
        measurement = Measurement.from_dict(data.get("measurement", data))
        if measurement.details.get("partial"):
            raise InputError(f"{file}: a partial measurement; 'qres measure' completes it")
    return measurement


@contextmanager
def _blame(file: Path) -> Iterator[None]:
    """Report content of another shape in one line."""
    try:
        yield
    except json.JSONDecodeError as error:
        raise InputError(f"{file}:{error.lineno}: not JSON ({error.msg})") from None
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InputError(f"{file}: not a measurement written by 'qres measure'") from None


def _check_descent(learning_rate: float, n_steps: int) -> None:
    """Refuse a descent that does not move."""
    if not learning_rate > 0:
        raise InputError(f"learning_rate: must be positive, found {learning_rate:g}")
    if n_steps < 1:
        raise InputError(f"n_steps: must be at least 1, found {n_steps}")


def _import_pipeline() -> ModuleType:
    """Import everything that needs torch and scikit-learn."""
    try:
        from qres.measurement import pipeline
    except ModuleNotFoundError as error:
        name = (error.name or "torch").partition(".")[0]
        if name == "qres":
            raise
        raise explain_missing(name) from None
    return pipeline
