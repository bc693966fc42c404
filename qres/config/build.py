"""From the checked sections to the frozen records that the storeys above read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from qres.config import algorithm as sections
from qres.config import record
from qres.config.given import GivenTraining
from qres.config.modelfile import Limits, Model, ModelFile
from qres.config.network import Gpt, Mlp, Network, ResNet, UserCode
from qres.config.section import Section, keys_of
from qres.notation.quantity import Quantity

BOTTLENECK_DEPTH = 54
"""From this depth on the residual networks of Liu et al. take bottlenecks (`network/res_net.py`)."""


def build_scenario(
    checked: ModelFile, given: Section | None, files: Mapping[str, Path], folder: Path
) -> record.Scenario:
    """Return the scenario of a checked file.

    Args:
        checked: the file.
        given: its `model.given`, checked against its algorithm.
        files: by YAML path, the files that it names.
        folder: of the file.
    """
    raw = _plain(checked)
    if given is not None:
        raw["model"]["given"] = _plain(given)
    return record.Scenario(
        name=checked.name,
        model=_model(checked.model, given, files),
        measure=record.MeasureSettings(**checked.measure.model_dump()),
        algorithm=_algorithm(checked.algorithm),
        error=record.ErrorTarget(**checked.error.model_dump()),
        hardware=tuple(
            str(files.get(f"hardware.{position}", machine))
            for position, machine in enumerate(checked.hardware)
        ),
        device=checked.classical.device,
        objective=cast(record.Objective, checked.objective),
        defaults=tuple(_defaults(checked, "")),
        scenario_id=_content_id(raw, files),
        folder=folder,
        raw=raw,
        limits=_limits(checked.limits),
    )


def _limits(section: Limits | None) -> record.Limits:
    """Return the limits that are set; the others are infinite."""
    found = {} if section is None else section.model_dump(exclude_none=True)
    names = {"max_qubits": "max_qubits", "max_runtime": "max_runtime_s", "machines": "n_machines"}
    return record.Limits(**{names[key]: value for key, value in found.items()})


def _plain(value: Any) -> Any:
    """Return sections, quantities and tuples as JSON data; what is None is left out."""
    if isinstance(value, Section):
        return {
            key: _plain(getattr(value, name))
            for key, name in keys_of(type(value)).items()
            if getattr(value, name) not in (None, ())
        }
    if isinstance(value, Quantity):
        parts = {key: getattr(value, key) for key in ("value", "low", "high", "kind", "source")}
        return {key: part for key, part in parts.items() if part not in (None, "")}
    return list(value) if isinstance(value, tuple) else value


def _defaults(section: Section, prefix: str) -> list[tuple[str, Any]]:
    """Return the path and value of each key that the file left to us."""
    found: list[tuple[str, Any]] = []
    for key, name in keys_of(type(section)).items():
        value = getattr(section, name)
        if isinstance(value, Section):
            found += _defaults(value, f"{prefix}{key}.")
        elif name not in section.model_fields_set and value is not None:
            found.append((prefix + key, value))
    return found


def _content_id(raw: dict[str, Any], files: Mapping[str, Path]) -> str:
    """Return 16 hex digits for the content: names do not count, the bytes of the files do."""
    content = {key: value for key, value in raw.items() if key != "name"}
    content["files"] = {key: _digest(path) for key, path in sorted(files.items())}
    text = json.dumps(content, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _digest(path: Path) -> str:
    if path.is_dir():
        parts = {file.name: _digest(file) for file in sorted(path.iterdir()) if file.is_file()}
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _model(model: Model, given: Section | None, files: Mapping[str, Path]) -> record.Model:
    if model.network is not None:
        return _network(model.network, files)
    if model.matrix is not None:
        rhs = files.get("model.matrix.rhs")
        return record.MatrixModel(file=files["model.matrix.file"], rhs=rhs)
    if given is None:
        return record.MeasurementModel(file=files.get("model.measurement"))
    quantities = {
        name: value for name in keys_of(type(given)) if (value := getattr(given, name)) is not None
    }
    quantities.pop("update_norms", None)
    norms = given.update_norms if isinstance(given, GivenTraining) else ()
    return record.GivenModel(values=quantities, update_norms=norms)


def _network(network: Network, files: Mapping[str, Path]) -> record.NetworkModel:
    data: dict[str, Any] = network.dataset.model_dump(exclude_none=True)
    if "path" in data:
        data["path"] = files["model.network.dataset.path"]
    return record.NetworkModel(
        architecture=_architecture(network),
        dataset=record.DataSource(**data),
        train=record.Training(**network.train.model_dump(exclude_none=True)),
        prune=record.Pruning(**network.prune.model_dump(exclude_none=True)),
        checkpoint=files.get("model.network.checkpoint"),
    )


def _architecture(network: Network) -> record.Architecture | record.ResNet | record.Gpt:
    built = network.architecture
    if isinstance(built, Mlp):
        return record.Architecture(kind="mlp", hidden=built.hidden, activation=built.activation)
    if isinstance(built, UserCode):
        return record.Architecture(kind="python", build=built.build)
    if isinstance(built, ResNet):
        auto = "bottleneck" if built.depth >= BOTTLENECK_DEPTH else "basic"
        shape: dict[str, Any] = built.model_dump()
        return record.ResNet(**{**shape, "block": auto if built.block == "auto" else built.block})
    if isinstance(built, Gpt):
        return record.Gpt(**built.model_dump())
    return record.Architecture(kind="logistic")


def _algorithm(
    chosen: sections.CarlemanGd | sections.LinearSystem | sections.Newton | sections.Counts,
) -> record.Algorithm:
    if isinstance(chosen, sections.Counts):
        return record.Counts(name="counts")
    shared: dict[str, Any] = {
        "encoding": chosen.encoding,
        "data_access": chosen.data_access,
        "solver": chosen.solver,
        "readout": record.Readout(**chosen.readout.model_dump()),
    }
    if isinstance(chosen, sections.LinearSystem):
        return record.LinearSystem(name="linear-system", **shared)
    if isinstance(chosen, sections.Newton):
        return _newton(chosen, shared)
    return record.CarlemanGd(
        name="carleman-gd",
        n_steps=chosen.n_steps,
        learning_rate=chosen.learning_rate,
        weight_decay=chosen.optimizer.weight_decay,
        momentum=float(chosen.optimizer.momentum),
        momentum_restart=chosen.optimizer.momentum_restart,
        n_batches=chosen.optimizer.n_batches,
        schedule=_schedule(chosen),
        degree=cast(Any, chosen.degree),
        truncation_order=cast(Any, chosen.truncation_order),
        map_order=cast(Any, chosen.map_order),
        segment_steps=cast(Any, chosen.segment_steps),
        rescaling=cast(Any, chosen.rescaling),
        padding=cast(Any, chosen.padding),
        **shared,
    )


def _newton(chosen: sections.Newton, shared: dict[str, Any]) -> record.Newton:
    names = ("n_steps", "learning_rate", "curvature", "blocks", "prune", "policy", "noise_seeds")
    return record.Newton(
        name="newton",
        batch_size=None if chosen.batch_size == "full" else cast(int, chosen.batch_size),
        damping=record.Damping(**chosen.damping.model_dump()),
        gate_time_s=chosen.gate_time,
        **{name: getattr(chosen, name) for name in names},
        **shared,
    )


def _schedule(chosen: sections.CarlemanGd) -> record.Schedule | None:
    schedule = chosen.optimizer.schedule
    if schedule is None:
        return None
    return record.Schedule(n_steps=chosen.n_steps, **schedule.model_dump())
