"""Our search against the QDK's classic estimator (qdk 1.33.1), the factory taken from its answer.

What is compared is `estimate_machine` on a machine with the factory of the answer, whose states are
without error, since their part of the budget is the estimator's own. One convention is theirs: a tile
fails with p_L(d) in a step of d cycles, where ours fails with that in every cycle (`PerStep`); so at
equal counts our own machines may need the next distance. Depth and T states are those of
`physical.beverland`; the number of factories follows from whole runs, which is theirs too.

The estimator counts in 64 bits: the nanoseconds of a run wrap around silently from 2^64 on, so
nothing is asked above half of that, nor above 1e14 gates. Where factories dwarf the job it may
stretch the run to save some (one answer in hundreds), to the longest that the distance allows and a
rounding beyond: like the factory, stretched depth and distance are then taken from its answer, and
the depth before stretching is compared. Jobs of fewer than 10 qubits or 1,000 T states, where one
factory run outlasts the job, are left out. It sends telemetry unless told not to, which is done
before it is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from qres.errors import InputError, nearest
from qres.logical.record import LogicalCost
from qres.physical.beverland import QDK_INTERCEPT, logical_share, t_states, time_steps
from qres.physical.estimate import estimate_machine, physical_at
from qres.physical.layouts.fast import TILES
from qres.physical.machines import load_machine
from qres.physical.record import Machine, MachineCost
from qres.physical.registry import find_code
from qres.verify.qdk_machine import AnsweredFactory, PerStep
from qres.verify.record import Comparison, Tally

PRESETS = {
    "qubit_gate_ns_e3": ("superconducting-1e-4", 1e-3),
    "qubit_gate_ns_e4": ("superconducting-1e-4", 1e-4),
    "qubit_gate_us_e3": ("ion-1e-3", 1e-3),
    "qubit_gate_us_e4": ("ion-1e-4", 1e-4),
    "qubit_maj_ns_e4": ("majorana-1e-4", 1e-4),
    "qubit_maj_ns_e6": ("majorana-1e-6", 1e-6),
}
"""Their qubits, and the machine of ours with the same constants at a physical error."""
KEYS = (
    "numQubits",
    "tCount",
    "rotationCount",
    "rotationDepth",
    "cczCount",
    "ccixCount",
    "measurementCount",
)
LARGEST_COUNT = 10**14
LARGEST_NS = 2**63
LARGEST_EXACT = 2**53
FEWEST_QUBITS, FEWEST_STATES = 10, 1000
QUANTITIES = (
    "code distance",
    "logical depth",
    "T states",
    "algorithm qubits",
    "runtime (ns)",
    "factories",
    "physical qubits",
)


def compare_qdk(n_inputs: int, seed: int) -> tuple[Comparison, ...]:
    """Return every quantity, ours against the estimator's: equality is exact.

    Args:
        n_inputs: how many random logical counts.
        seed: of them.

    Raises:
        InputError: the estimator is not installed.
    """
    rng = np.random.default_rng(seed)
    tallies = {name: Tally(name, 0.0) for name in QUANTITIES}
    n_done = 0
    while n_done < n_inputs:
        preset, counts = str(rng.choice(list(PRESETS))), _random_counts(rng)
        budget = float(10 ** rng.uniform(-4, -0.5))
        if reject(preset, counts, budget) or _is_beyond_floats(preset, counts, budget):
            continue
        answer = ask_qdk(preset, counts, budget)
        ours = predict(preset, counts, budget, answer)
        for name, theirs in read_answer(answer).items():
            tallies[name].add(ours[name], theirs)
        n_done += 1
    return tuple(tally.result() for tally in tallies.values())


def predict(
    preset: str, counts: Mapping[str, int], budget: float, answer: Mapping[str, Any]
) -> dict[str, int]:
    """Return what our search finds, given the estimator's factory and whether it stretches."""
    size, theirs = _size(counts, budget), answer["tfactory"]
    clock = round(_machine(preset).cycle_time_s * 1e9)
    runs = -(-size["states"] // theirs["numTstates"])
    factory = AnsweredFactory(runs, theirs["physicalQubits"], theirs["runtime"] / clock)
    found = _found(preset, counts["numQubits"], size, factory, answer)
    runtime = found.n_cycles * clock
    n_factories = -(-runs // (runtime // theirs["runtime"]))
    return {
        "code distance": found.distance,
        "logical depth": size["depth"],
        "T states": size["states"],
        "algorithm qubits": size["tiles"],
        "runtime (ns)": runtime,
        "factories": n_factories,
        "physical qubits": found.data_qubits + n_factories * theirs["physicalQubits"],
    }


def _found(
    preset: str,
    qubits: int,
    size: Mapping[str, Any],
    factory: AnsweredFactory,
    answer: Mapping[str, Any],
) -> MachineCost:
    """Return our price: the fastest machine, or at the estimator's distance where it stretches."""
    machine = _machine(preset)
    machine = replace(
        machine,
        code=PerStep(find_code(machine.code)),
        factories=(factory,),
        layouts=("fast",),
        reaction_time_s=0.0,
        max_factories=LARGEST_NS,
    )
    parts = answer["physicalCounts"]["breakdown"]
    is_stretched = parts["logicalDepth"] > parts["algorithmicLogicalDepth"]
    depth = parts["logicalDepth"] if is_stretched else size["depth"]
    # the layout consumes one state a step, so that many gates take that many steps
    cost = LogicalCost(
        toffoli=0, t=depth, rotations=0, logical_qubits=qubits, fail_prob=size["share"]
    )
    if not is_stretched:
        return estimate_machine(cost, machine, "runtime")
    distance, number = answer["logicalQubit"]["codeDistance"], parts["numTfactories"]
    return physical_at(
        cost, machine, distance=distance, factory=factory, sizes=(0,), n_factories=number
    )


def read_answer(answer: Mapping[str, Any]) -> dict[str, int]:
    """Return the compared quantities of an answer."""
    counts = answer["physicalCounts"]
    parts = counts["breakdown"]
    return {
        "code distance": answer["logicalQubit"]["codeDistance"],
        "logical depth": parts["algorithmicLogicalDepth"],
        "T states": parts["numTstates"],
        "algorithm qubits": parts["algorithmicLogicalQubits"],
        "runtime (ns)": counts["runtime"],
        "factories": parts["numTfactories"],
        "physical qubits": counts["physicalQubits"],
    }


def ask_qdk(preset: str, counts: Mapping[str, int], budget: float) -> Mapping[str, Any]:
    """Return the estimator's answer, telemetry off.

    Raises:
        InputError: it is not installed, refuses, or would be asked beyond where it is right.
    """
    problem = reject(preset, counts, budget)
    if problem:
        raise InputError(f"qdk: {problem}")
    os.environ["QDK_PYTHON_TELEMETRY"] = "none"
    try:
        from qdk.estimator import EstimatorError, LogicalCounts
    except ImportError:
        raise InputError("qdk is not installed; pip install qdk==1.33.1") from None
    given: dict[str, Any] = {"qubitParams": {"name": preset}, "errorBudget": budget}
    if find_code(_machine(preset).code).name == "floquet":
        given["qecScheme"] = {"name": "floquet_code"}
    try:
        return LogicalCounts(dict(counts)).estimate(given)
    except EstimatorError as error:
        raise InputError(f"qdk: {' '.join(str(error).split())}") from None


def reject(preset: str, counts: Mapping[str, int], budget: float) -> str:
    """Return why the estimator is not asked, empty where it is right."""
    if preset not in PRESETS:
        return f"unknown qubits '{preset}'{nearest(preset, PRESETS)}"
    for key, value in counts.items():
        if key not in KEYS:
            return f"unknown key '{key}'{nearest(key, KEYS)}, which it would ignore silently"
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            return f"{key}: expected a whole number from 0 on, found {value!r}"
        if value >= LARGEST_COUNT:
            return f"{key}: it wraps around or hangs above {LARGEST_COUNT:.0e}, found {value:.3g}"
    if not 0 < budget < 1:
        return f"error budget: expected a number between 0 and 1, found {budget}"
    if counts.get("numQubits", 0) < FEWEST_QUBITS:
        return f"numQubits: expected {FEWEST_QUBITS} or more: one factory run outlasts smaller jobs"
    size = _size(counts, budget)
    if size["states"] < FEWEST_STATES:
        return f"expected {FEWEST_STATES} T states or more: one factory run outlasts such a job"
    machine = _machine(preset)
    runtime = size["depth"] * _distance(machine, size) * machine.cycle_time_s * 1e9
    if runtime >= LARGEST_NS:
        return f"a run of {runtime:.3g} ns is beyond its 64 bits"
    return ""


def _is_beyond_floats(preset: str, counts: Mapping[str, int], budget: float) -> bool:
    """Whether our arrays no longer tell one cycle from the next; equality is meant to be exact."""
    size = _size(counts, budget)
    return size["depth"] * _distance(_machine(preset), size) >= LARGEST_EXACT


@cache
def _machine(preset: str) -> Machine:
    name, error = PRESETS[preset]
    return replace(load_machine(name), physical_error=error)


def _size(counts: Mapping[str, int], budget: float) -> dict[str, Any]:
    """Return tiles, depth, T states, and the share of the budget for logical errors."""
    toffoli = counts.get("cczCount", 0) + counts.get("ccixCount", 0)
    gates = {
        "t": counts.get("tCount", 0),
        "toffoli": toffoli,
        "rotations": counts.get("rotationCount", 0),
        "epsilon": budget,
    }
    depth = time_steps(
        measurements=counts.get("measurementCount", 0),
        rotation_depth=counts.get("rotationDepth", 0),
        intercept=QDK_INTERCEPT,
        **gates,
    )
    tiles = TILES(logical_qubits=counts["numQubits"])
    return {
        "tiles": tiles,
        "depth": depth,
        "states": t_states(intercept=QDK_INTERCEPT, **gates),
        "share": logical_share(**gates),
    }


def _distance(machine: Machine, size: Mapping[str, Any]) -> int:
    budget = size["share"] / (size["tiles"] * max(size["depth"], 1))
    found = find_code(machine.code).distance(machine, np.array([budget]))
    return int(found[0])


def _random_counts(rng: np.random.Generator) -> dict[str, int]:
    """Return log-uniform counts up to 1e13 gates and 1e5 qubits; each kind may be absent."""
    most = rng.uniform(4, 13)

    def draw() -> int:
        return int(10 ** rng.uniform(0, most)) if rng.random() < 0.7 else 0

    rotations = draw()
    return {
        "numQubits": int(10 ** rng.uniform(1, 5)),
        "tCount": draw(),
        "cczCount": draw(),
        "ccixCount": draw(),
        "measurementCount": draw(),
        "rotationCount": rotations,
        "rotationDepth": int(rng.integers(1, rotations + 1)) if rotations else 0,
    }
