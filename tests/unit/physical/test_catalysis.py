"""T gates from CCZ states: the search pays for each pair what a price at a given choice pays."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from qres.logical.record import LogicalCost
from qres.physical.estimate import OBJECTIVES, estimate_machine, physical_at
from qres.physical.machines import load_machine
from qres.physical.registry import find_code, find_factory

NAMES = ("eight-to-ccz", "ccz2t")
COUNTS = np.floor(10.0 ** np.arange(4, 15, 0.25))


def machine_of(name, layout="simple"):
    """Return a machine with this factory alone; T states wait for nothing but the factory."""
    machine = load_machine("superconducting-1e-3-open")
    return replace(machine, factories=(name,), layouts=(layout,), reaction_time_s=2e-6)


def t_only(t):
    return LogicalCost(toffoli=0, t=t, rotations=0, logical_qubits=50, fail_prob=0.01)


def choice_of(found, index):
    """Return the choice that a search made for one job, as `physical_at` takes it."""
    name = found.factory[index].split()[0]
    numbers = re.findall(r"(?<=[=(,x])\d+", found.factory[index].removeprefix(name))
    return {
        "factory": name,
        "sizes": [int(number) for number in numbers],
        "distance": int(found.distance[index]),
        "n_factories": int(found.n_factories[index]),
    }


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_found_costs_what_its_choice_costs(name, objective):
    machine = machine_of(name)
    found = estimate_machine(t_only(COUNTS), machine, objective)
    n_priced = 0
    for index in np.flatnonzero(found.is_feasible)[::3]:
        choice = choice_of(found, index)
        again = physical_at(t_only(int(COUNTS[index])), machine, **choice)
        assert again.n_cycles == found.n_cycles[index]
        assert again.physical_qubits == found.physical_qubits[index]
        assert again.fail_prob <= 0.01 * (1 + 1e-12)
        if objective == "runtime":
            choice["n_factories"] += 1
            more = physical_at(t_only(int(COUNTS[index])), machine, **choice)
            assert more.n_cycles == again.n_cycles
        n_priced += 1
    assert n_priced > 5


@pytest.mark.parametrize("name", NAMES)
def test_no_pair_overspends_the_budget(name):
    """Counts so fine that some end where the best size is only just accurate enough."""
    found = estimate_machine(
        t_only(np.floor(10.0 ** np.arange(4, 14, 0.01))), machine_of(name), "qubits"
    )
    parts = found.fail_prob_data + found.fail_prob_magic + found.fail_prob_events
    assert (parts <= 0.01 * (1 + 1e-12))[found.is_feasible].all()
    assert parts[found.is_feasible].max() > 0.0099


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_no_size_of_one_factory_is_smaller(name):
    """One size in many, at the distance that is found and at the one below."""
    machine = machine_of(name)
    sizes = find_factory(name).grid(machine, find_code(machine.code))
    jobs = t_only(COUNTS[8:25:8])
    found = estimate_machine(jobs, machine, "qubits")
    assert found.is_feasible.all()
    for size in sizes[:: 1 + len(sizes) // 40]:
        whole = [int(number) for number in np.trim_zeros(size, "b")]
        for distance in {int(d) + step for d in found.distance for step in (-2, 0)}:
            one = physical_at(jobs, machine, factory=name, sizes=whole, distance=distance)
            smaller = one.physical_qubits < found.physical_qubits
            assert not (smaller & (one.fail_prob <= 0.01)).any(), (whole, distance)
