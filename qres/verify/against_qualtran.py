"""Our prices at random choices against Qualtran's `PhysicalCostModel` (version 0.7.0).

Both price a choice that is handed in: machine, layout, distance, factory, number of factories.
Qualtran has no reaction time, so ours is set to 0. Its 15-to-1 error is a difference of numbers near
1, good to 3e-15 a state; that much is allowed on top.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from qres.logical.record import LogicalCost
from qres.physical.estimate import physical_at
from qres.physical.machines import load_machine
from qres.physical.record import Machine
from qres.verify.record import Comparison, Tally

ALLOWED = 1e-9
"""Relative difference that counts as rounding."""
MACHINES = ("superconducting-1e-3", "superconducting-1e-4")
SIZES = ((7, 3, 3), (9, 3, 3), (11, 5, 5), (17, 7, 7), (5, 3, 7))
"""Distances of 15-to-1 that are drawn: each costs Qualtran a density matrix."""
THEIR_NOISE = 3e-15


def compare_qualtran(n_inputs: int, seed: int) -> tuple[Comparison, ...]:
    """Return cycles, hours, qubits and failure probability, ours against Qualtran's.

    Args:
        n_inputs: how many random choices.
        seed: of them.
    """
    rng = np.random.default_rng(seed)
    tallies = {
        name: Tally(name, ALLOWED) for name in ("cycles", "hours", "physical qubits", "failure")
    }
    for _ in range(n_inputs):
        factory = str(rng.choice(["ccz2t", "fifteen-to-one"], p=[0.9, 0.1]))
        machine = _machine(rng, factory)
        choice = _choice(rng, factory)
        counts = {
            "toffoli": int(10 ** rng.uniform(0, 15)),
            "t": int(10 ** rng.uniform(0, 15)),
            "logical_qubits": int(10 ** rng.uniform(0, 8)),
        }
        ours = physical_at(
            LogicalCost(rotations=0, fail_prob=0.1, **counts), machine, factory=factory, **choice
        )
        model, job = _their_model(machine, factory, choice), _their_job(counts)
        states = counts["t"] + 4 * counts["toffoli"]
        noise = THEIR_NOISE * states if factory == "fifteen-to-one" else 0.0
        tallies["cycles"].add(ours.n_cycles, model.n_cycles(job))
        tallies["hours"].add(ours.runtime_s / 3600, model.duration_hr(job))
        tallies["physical qubits"].add(ours.physical_qubits, model.n_phys_qubits(job))
        tallies["failure"].add(ours.fail_prob, model.error(job), noise)
    return tuple(tally.result() for tally in tallies.values())


def _machine(rng: np.random.Generator, factory: str) -> Machine:
    """Return a random machine without reaction limit, on a layout that Qualtran has."""
    error = (
        10 ** rng.uniform(-5, np.log10(5e-3)) if factory == "ccz2t" else rng.choice([1e-3, 1e-4])
    )
    machine = _loaded(str(rng.choice(MACHINES)))
    layout = str(rng.choice(["simple", "compact", "intermediate", "fast"]))
    return replace(machine, reaction_time_s=0.0, layouts=(layout,), physical_error=float(error))


@cache
def _loaded(name: str) -> Machine:
    return load_machine(name)


def _choice(rng: np.random.Generator, factory: str) -> dict[str, Any]:
    first = int(rng.integers(2, 20)) * 2 + 1
    pair = (first, first + 2 * int(rng.integers(1, 10)))
    return {
        "distance": int(rng.integers(1, 25)) * 2 + 1,
        "sizes": pair if factory == "ccz2t" else SIZES[int(rng.integers(len(SIZES)))],
        "n_factories": int(rng.choice([1, 1, 2, 5, 17])),
    }


def _their_model(machine: Machine, factory: str, choice: dict[str, Any]) -> Any:
    from qualtran import surface_code as theirs

    blocks = {
        "simple": theirs.SimpleDataBlock,
        "compact": theirs.CompactDataBlock,
        "intermediate": theirs.IntermediateDataBlock,
        "fast": theirs.FastDataBlock,
    }
    base, count = _their_factory(factory, choice["sizes"]), choice["n_factories"]
    return theirs.PhysicalCostModel(
        physical_params=theirs.PhysicalParameters(
            machine.physical_error, machine.cycle_time_s * 1e6
        ),
        data_block=blocks[machine.layouts[0]](choice["distance"]),
        factory=base if count == 1 else theirs.MultiFactory(base, count),
        qec_scheme=theirs.QECScheme(machine.prefactor, machine.threshold),
    )


@cache
def _their_factory(factory: str, sizes: tuple[int, ...]) -> Any:
    """Return one object for each size: its density matrices are kept with it."""
    from qualtran import surface_code as theirs

    members = {"ccz2t": theirs.CCZ2TFactory, "fifteen-to-one": theirs.FifteenToOne}
    return members[factory](*sizes)


def _their_job(counts: dict[str, int]) -> Any:
    from qualtran.resource_counting import GateCounts
    from qualtran.surface_code import AlgorithmSummary

    gates = GateCounts(t=counts["t"], toffoli=counts["toffoli"])
    return AlgorithmSummary(n_algo_qubits=counts["logical_qubits"], n_logical_gates=gates)
