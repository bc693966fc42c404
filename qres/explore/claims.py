r"""The published claims about training by Carleman linearisation beside what this estimate does.

A local exponent is $d\ln\text{cost}/d\ln x$, the slope between $x/2$ and $2x$ (tables have sizes in
powers of two; a shorter step would see their stairs), the choices of the estimate kept. Cost is the
number of magic states, Toffoli + T/2. The factors tell where an exponent comes from.

Claims: Liu et al., arXiv:2303.03428: $O(T\,\mathrm{polylog}(n, 1/\epsilon))$ if the model is fully
dissipative, $O(T^2\,\mathrm{polylog}(n, 1/\epsilon))$ if almost; a co-author's text has
$s^3T^2/\epsilon^2$ with further logarithms. What "fully" and "almost" mean is in the supplement, which
was not available here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from qres.algorithms.base import AlgorithmModule
from qres.algorithms.descent.segmentation import first_steps
from qres.algorithms.record import Job
from qres.config.record import Scenario
from qres.errors import InfeasibleError, InputError
from qres.explore.budget import even_split
from qres.explore.choose import Chosen
from qres.logical.formulas import count_stages, total
from qres.measurement.record import Measurement
from qres.pricing.record import Claim

NAME = "carleman-gd"

FACTORS = {
    "segments": "segments",
    "copies": "states prepared",
    "invocations": "runs in a state",
    "matrix_queries": "queries in a run",
    "query_toffoli": "Toffoli in a query",
}
"""Symbols whose product is most of the cost, with what they count."""

Point = Callable[[float], Job]


def claims(
    module: AlgorithmModule, scenario: Scenario, measurement: Measurement, chosen: Chosen
) -> tuple[Claim, ...]:
    """Return one row for each variable of the claims; none for another algorithm."""
    if scenario.algorithm.name != NAME:
        return ()
    job, error = chosen.job, scenario.error

    def scaled(name: str) -> Point:
        value = float(job.values[name])
        is_whole = isinstance(job.values[name].value, int)
        return lambda factor: _moved(job, name, value * factor, is_whole, factor)

    def tightened(factor: float) -> Job:
        split = even_split(job, total=error.total * factor, fail_prob=error.fail_prob)
        return job.with_budget(split)

    def lasting(factor: float) -> Job:
        return _longer(module, scenario, measurement, chosen, factor)

    rows = [
        _claim("n_steps", "T", "1 (fully dissipative), 2 (almost)", lasting, (0.5, 1.0)),
        _claim("n_active", "n", "0 (polylog)", scaled("n_active"), (0.5, 2.0)),
        _claim("error.total", "1/eps", "0 (polylog), or 2", tightened, (2.0, 0.5)),
    ]
    if job.choices["encoding"] == "sparse":
        rows.insert(2, _claim("sparsity", "s", "3", scaled("sparsity"), (0.5, 2.0)))
    else:
        text = f"the encoding '{job.choices['encoding']}' does not use it"
        rows.insert(2, Claim(symbol="sparsity", letter="s", claimed="3", reason=text))
    return tuple(rows)


def _claim(
    symbol: str, letter: str, claimed: str, point: Point, ends: tuple[float, float]
) -> Claim:
    """Return the exponent between two factors of a variable; the first is where it is small."""
    try:
        (low, small), (high, large) = (_counts(point(end)) for end in ends)
    except (InfeasibleError, InputError) as refused:
        return Claim(symbol=symbol, letter=letter, claimed=claimed, reason=str(refused))
    step = abs(math.log(ends[1] / ends[0]))
    slopes = {name: math.log(high[name] / low[name]) / step for name in low if low[name] > 0}
    return Claim(
        symbol=symbol,
        letter=letter,
        claimed=claimed,
        exponent=slopes.pop("magic_states"),
        factors=tuple((FACTORS[name], slope) for name, slope in slopes.items()),
        stage=max(large, key=lambda name: large[name] - small.get(name, 0.0)),
    )


def _counts(job: Job) -> tuple[dict[str, float], dict[str, float]]:
    """Return the magic states of a job with the factors that make most of them, and by stage."""
    numbers = job.evaluate()
    stages = count_stages(job, numbers)
    known = {name: float(numbers[name]) for name in FACTORS if name in numbers}
    parts = {item.name: float(item.magic_states) for item in stages if not item.is_classical}
    return {"magic_states": float(total(stages, numbers).magic_states), **known}, parts


def _moved(job: Job, name: str, value: float, is_whole: bool, factor: float) -> Job:
    """Return the job with another value of an input; rows of F_k thin out like those of F_1 to the k."""
    number: Any = max(1, round(value)) if is_whole else value
    values: dict[str, Any] = {**job.values, name: replace(job.values[name], value=number)}
    if name == "sparsity":
        for power, other in ((2, "t3_sparsity"), (3, "t4_sparsity")):
            if other in values:
                moved = max(1, round(float(values[other]) * factor**power))
                values[other] = replace(values[other], value=moved)
    return replace(job, values=values)


def _longer(
    module: AlgorithmModule,
    scenario: Scenario,
    measurement: Measurement,
    chosen: Chosen,
    factor: float,
) -> Job:
    """Return the job of the first part of the steps, at the same choices; 1 is all of them.

    The number of segments stays; where there are several, each is taken like the first.

    Raises:
        InputError: too few steps are left to compare.
    """
    algorithm: Any = scenario.algorithm
    steps = round(algorithm.n_steps * factor)
    if steps < 2:
        raise InputError("too few steps to compare")
    share = steps / algorithm.n_steps
    length = math.ceil(steps / chosen.job.choices.get("segments", 1))
    choice = replace(
        chosen.best.choice,
        padding=round(chosen.best.choice.padding * share),
        segment_steps=length,
    )
    shorter = replace(algorithm, n_steps=steps, segment_steps=length, map_order=choice.map_order)
    job = module.build(shorter, first_steps(measurement, steps), scenario.error, choice)
    split = even_split(job, total=scenario.error.total, fail_prob=scenario.error.fail_prob)
    return job.with_budget(split)
