"""The public verbs; `estimate` names each stage once.

`qres` resolves them lazily, so `import qres` loads none of what stands below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qres.errors import HypothesisError, InfeasibleError, InputError, nearest
from qres.verify.front import circuits as circuits
from qres.verify.front import draw_circuits as draw_circuits
from qres.verify.front import prove as prove
from qres.verify.front import simulate as simulate

if TYPE_CHECKING:
    from qres.config.record import Scenario
    from qres.measurement.record import Measurement
    from qres.notation.formula import Formula
    from qres.report.figures.elasticities import Elasticities
    from qres.report.figures.solvers import SolverComparison
    from qres.report.report import Report

Progress = Callable[[str, int, int], None]


def load(source: str | Path | Mapping[str, Any], *, overrides: Iterable[Any] = ()) -> Scenario:
    """Return the checked, frozen scenario of a `model.yaml`, a shipped name, or a dict.

    Args:
        source: path, name or content.
        overrides: `"a.b=v"` strings or (dotted path, value) pairs.

    Raises:
        InputError: what is wrong, where, and what would be right.
    """
    from qres.algorithms.access.qrom import BLOCK_LIMITS
    from qres.algorithms.encodings.base import encodings
    from qres.algorithms.solvers.base import solvers
    from qres.config.load import load_scenario

    members = {
        "solver": ["all", *solvers()],
        "encoding": ["auto", *encodings()],
        "data_access": BLOCK_LIMITS,
    }
    return load_scenario(source, overrides=overrides, members=members)


def measure(
    subject: Any,
    *,
    loss: Callable[..., Any] | None = None,
    batches: Iterable[Any] | None = None,
    mask: Mapping[str, Any] | None = None,
    n_probes: int = 8,
    seed: int = 0,
    learning_rate: float = 0.01,
    n_steps: int = 50,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
    momentum_restart: bool = False,
    n_batches: int = 1,
    lanczos_steps: int = 64,
    trust: bool = False,
    progress: Progress | None = None,
    no_measure: bool = False,
) -> Measurement:
    """Measure a scenario, or a live `torch.nn.Module` with its loss and batches; or read a file.

    Args:
        subject: a `Scenario` (its settings decide; interrupted, it goes on), a module (in one go:
            nothing is kept), or the path or shipped name of a measurement, `FILE.json`.
        loss: (output, target) to a scalar tensor, mean over samples; for a module.
        batches: iterable of (input, target) tensors; for a module.
        mask: parameter name to a Boolean tensor of active weights, None for all; for a module.
        n_probes: random probes of stochastic estimates; for a module.
        seed: of all randomness; for a module.
        learning_rate: of the training steps that are asked about; for a module.
        n_steps: how many steps; for a module.
        weight_decay: added to every eigenvalue; for a module.
        momentum: of the steps; for a module.
        momentum_restart: whether it starts anew with every segment; for a module.
        n_batches: batches in fixed order that the steps cycle through; for a module.
        lanczos_steps: at least this many; for a module.
        trust: allow the scenario to import the user's code.
        progress: called as progress(task, done, total).
        no_measure: take a stored measurement or stop; for a scenario.

    Raises:
        InputError: the model cannot be measured as asked.
    """
    from qres.config.record import Scenario

    if isinstance(subject, Scenario):
        from qres.measurement.measure import measure_scenario

        return measure_scenario(subject, trust=trust, progress=progress, is_stored_only=no_measure)
    if isinstance(subject, str | Path):
        from qres.config.measured import measurement_path
        from qres.measurement.measure import read_measurement

        return read_measurement(measurement_path(subject))
    from qres.measurement.measure import measure_module

    if loss is None or batches is None:
        raise InputError("measure: a module needs loss and batches")
    return measure_module(
        subject,
        loss=loss,
        batches=batches,
        mask=mask,
        n_probes=n_probes,
        seed=seed,
        learning_rate=learning_rate,
        n_steps=n_steps,
        weight_decay=weight_decay,
        momentum=momentum,
        momentum_restart=momentum_restart,
        n_batches=n_batches,
        lanczos_steps=lanczos_steps,
        progress=progress,
    )


def estimate(
    scenario: Any,
    *,
    measurement: Measurement | None = None,
    trust: bool = False,
    progress: Progress | None = None,
    no_measure: bool = False,
    **overrides: Any,
) -> Report:
    """Estimate what a scenario takes on quantum machines and on a GPU.

    Args:
        scenario: a `Scenario`, or what `load` takes. With a measurement a dict may leave out
            `model`, and the training steps that were measured.
        measurement: use this one instead of measuring.
        trust: allow the scenario to import the user's code.
        progress: called as progress(task, done, total).
        no_measure: take a stored measurement or stop.
        overrides: changes of the scenario, dots written as double underscores
            (`algorithm__n_steps=20`).

    Raises:
        InputError: what is wrong, where, and what would be right.
    """
    from qres.algorithms.descent.target import settle_error
    from qres.classical.devices import load_device
    from qres.config.record import Scenario
    from qres.physical.machines import load_machine
    from qres.report.report import Report

    if overrides or not isinstance(scenario, Scenario):
        source = scenario.source if isinstance(scenario, Scenario) else scenario
        if measurement is not None and isinstance(source, Mapping):
            source = _with_live(source, measurement)
        dotted = [(name.replace("__", "."), value) for name, value in overrides.items()]
        scenario = load(source, overrides=dotted)
    machines = tuple(load_machine(name, scenario.limits) for name in scenario.hardware)
    device = load_device(scenario.device)
    if measurement is None:
        measurement = measure(scenario, trust=trust, progress=progress, no_measure=no_measure)
    else:
        scenario = _handed_over(scenario, measurement)
    scenario = settle_error(scenario, measurement)
    question = {
        "scenario": scenario,
        "measurement": measurement,
        "machines": machines,
        "device": device,
        "versions": versions(),
    }
    try:
        return Report(**question, **_answer(scenario, measurement, machines, device))
    except (InfeasibleError, HypothesisError) as refused:
        return Report(**question, **_refusal(measurement, refused))


def _with_live(source: Mapping[str, Any], measurement: Measurement) -> dict[str, Any]:
    """Return a dict whose model is the measurement, steps as measured where it leaves them out."""
    from qres.measurement.measure import DESCENT

    filled = {"model": {"measurement": "live"}, **source}
    algorithm = filled.get("algorithm")
    if isinstance(algorithm, Mapping) and algorithm.get("name") == "carleman-gd":
        steps = {key: measurement.details[key] for key in DESCENT[:2] if key in measurement.details}
        filled["algorithm"] = {**steps, **algorithm}
    return filled


def _handed_over(scenario: Scenario, measurement: Measurement) -> Scenario:
    """Return the scenario with an identity that includes the measurement; refuse a misfit."""
    import hashlib
    import json
    from dataclasses import replace

    from qres.measurement.measure import check_fits, check_values

    check_fits(measurement, scenario.algorithm, "measurement")
    check_values(measurement, scenario.algorithm, "measurement")
    content = json.dumps([scenario.scenario_id, measurement.to_dict()], sort_keys=True)
    return replace(scenario, scenario_id=hashlib.sha256(content.encode()).hexdigest()[:16])


def _answer(scenario: Any, measurement: Any, machines: Any, device: Any) -> dict[str, Any]:
    from dataclasses import replace

    from qres.algorithms.base import algorithm
    from qres.algorithms.descent.target import convert_target
    from qres.explore.caution import cautions
    from qres.explore.choose import choose
    from qres.explore.claims import claims
    from qres.explore.intervals import intervals
    from qres.explore.rivals import rivals
    from qres.explore.verdict import classical_task, judge
    from qres.logical.circuit import compare
    from qres.pricing.price import price

    if scenario.algorithm.name == "newton":
        from qres.explore.training import answer_newton

        return answer_newton(scenario, measurement, machines, device)
    module = algorithm(scenario.algorithm.name)
    target = convert_target(scenario, measurement)
    scenario = replace(scenario, error=target.error)
    chosen = choose(
        module, scenario.algorithm, measurement, scenario.error, machines, scenario.objective
    )
    task = classical_task(scenario, measurement, chosen.job)
    priced = price(
        chosen.job,
        chosen.budget,
        machines,
        device,
        task=task,
        objective=scenario.objective,
        splits=chosen.splits,
    )
    spread = intervals(chosen.job, chosen.budget, machines, scenario.objective, chosen.splits)
    return {
        "job": chosen.job,
        "budget": chosen.budget,
        "priced": priced,
        "agreement": compare(chosen.job, priced.logical, priced.numbers.get("synthesis_t", 0)),
        "verdict": judge(scenario, chosen.job, priced, machines, device, task, spread),
        "intervals": spread,
        "weights_error": target.weights_error,
        "notes": target.assumptions,
        "rivals": rivals(chosen),
        "claims": claims(module, scenario, measurement, chosen),
        "warnings": cautions(scenario, measurement, chosen.job, priced, machines),
    }


def _refusal(measurement: Any, refused: InfeasibleError | HypothesisError) -> dict[str, Any]:
    stage = refused.hypothesis if isinstance(refused, HypothesisError) else refused.stage
    reason = str(refused).removeprefix(f"{stage}: ")
    code = ("W-INFEASIBLE", f"{stage}: {reason}")
    return {"failure": (stage, reason), "warnings": (*measurement.warnings, code)}


def differentiate(report: Report, *, symbols: Iterable[str] | None = None) -> Elasticities:
    r"""Return by which power each symbol enters the cost, $d\ln\text{cost}/d\ln x$.

    Args:
        report: of an estimate.
        symbols: which, inputs or derived ones; without them every input that the cost rests on.

    Raises:
        InputError: a symbol is unknown, zero or no number; a Newton run, which is many jobs.
        InfeasibleError: the report has no price.
    """
    from qres.explore.elasticities import elasticities, refusal
    from qres.report.figures.elasticities import Elasticities

    if report.job is None or report.verdict is None:
        raise refusal(report.schedule, report.failure)
    index, is_floor = report.verdict.machine, report.verdict.is_floor
    rows = elasticities(
        report.job,
        report.scenario.error,
        None if index is None or is_floor else report.machines[index],
        report.device,
        symbols=symbols,
        objective=report.scenario.objective,
    )
    return Elasticities(name=report.scenario.name, rows=rows)


def compare_solvers(kappa_eff: Any, *, epsilon: float, xi: float = 1.0) -> SolverComparison:
    r"""Return what each linear solver asks over condition numbers, and where the cheapest changes.

    Args:
        kappa_eff: array of condition numbers as the solver sees them, rising, each at least `xi`.
        epsilon: error of the solution in state norm.
        xi: norm(A^-1) norm(b) / norm(x); 1 is the best case of solvers by a polynomial.

    Raises:
        InputError: a number is out of range.
    """
    from qres.explore.crossover import find_crossovers, solver_curves
    from qres.report.figures.solvers import SolverComparison, sure

    curves = solver_curves(kappa_eff, epsilon, xi)
    return SolverComparison(
        kappa_eff=kappa_eff,
        epsilon=epsilon,
        xi=xi,
        curves=curves,
        crossovers=find_crossovers(kappa_eff, sure(curves)),
    )


def use_style() -> None:
    """Draw this session's matplotlib figures like those of qres: colours, sizes, text in vectors."""
    from qres.report.figures import style

    style.use_style()


def formula(name: str) -> Formula:
    """Return the formula of that name.

    Raises:
        InputError: there is none; the nearest names are given.
    """
    import qres.algorithms
    import qres.physical
    from qres.algorithms.whole import IDLES, WHOLE
    from qres.notation.catalogue import find_nearby

    whole = {**WHOLE, **IDLES}
    if name in whole:
        return whole[name]()
    for package in (qres.algorithms, qres.physical):
        found = find_nearby(package, name)
        if found is not None:
            return found
    known = {item.name: item for item in _leaves()}
    if name not in known:
        raise InputError(f"unknown formula '{name}'{nearest(name, [*known, *whole])}")
    return known[name]


def formulas(prefix: str = "") -> list[Formula]:
    """Return all formulas whose name starts with `prefix`, in alphabetical order."""
    from qres.algorithms.whole import IDLES, WHOLE

    found = [item for item in _leaves() if item.name.startswith(prefix)]
    found += [build() for name, build in {**WHOLE, **IDLES}.items() if name.startswith(prefix)]
    return sorted(found, key=lambda item: item.name)


def _leaves() -> list[Formula]:
    """Return the formulas that stand beside what they describe, whole algorithms apart."""
    import qres.algorithms
    import qres.physical
    from qres.notation.catalogue import collect

    return [*collect(qres.algorithms), *collect(qres.physical)]


def list_names(what: str) -> list[tuple[str, str]]:
    """Return (name, one line) of what there is: models, measurements, hardware, ..."""
    if what == "formulas":
        return [(item.name, item.meaning) for item in formulas()]
    from qres.explore.names import names_of

    return names_of(what)


def list_notes(what: str) -> list[str]:
    """Return what stands below a list: of the hardware, which machines were left out and why."""
    from qres.physical.left_out import LEFT_OUT

    if what != "hardware":
        return []
    head = "error of a physical operation, time of a code cycle, code, kinds of factory"
    return [head, *(f"left out: {name}: {why}" for name, why in LEFT_OUT)]


def versions() -> dict[str, str]:
    """Return the versions of qres and of what its numbers depend on, without importing it."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from qres._version import __version__

    found = {"qres": __version__, "python": platform.python_version()}
    for package in ("qualtran", "sympy", "numpy", "scipy", "torch", "scikit-learn"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
