"""Many jobs are searched with few sizes, or few T gates a rotation, first; the answer is that of all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qres.logical.record import LogicalCost
from qres.physical import split, sweep
from qres.physical.estimate import OBJECTIVES, Asked, estimate_machine
from qres.physical.machines import load_machine, machine_names
from qres.physical.tables import LEVEL, coarse_above, machine_tables

N_JOBS = 300
MUCH = 1e5
"""Times the budget: so much rounding that many jobs are searched twice; the answer is the same."""


def random_jobs() -> LogicalCost:
    rng = np.random.default_rng(17)
    counts = np.floor(10.0 ** rng.uniform(0, 16, (2, N_JOBS)))
    return LogicalCost(
        toffoli=counts[0] * (rng.random(N_JOBS) < 0.8),
        t=counts[1] * (rng.random(N_JOBS) < 0.8),
        rotations=0,
        logical_qubits=np.floor(10.0 ** rng.uniform(0, 6, N_JOBS)),
        fail_prob=10.0 ** rng.uniform(-6, -0.3, N_JOBS),
    )


def found(machine) -> np.ndarray:
    costs = [estimate_machine(random_jobs(), machine, name) for name in OBJECTIVES]
    return np.array([(cost.n_cycles, cost.physical_qubits) for cost in costs])


def found_with_all_sizes(machine, patch) -> np.ndarray:
    every = np.arange(len(machine_tables(machine).kind))
    patch.setattr(sweep, "coarse_above", lambda machine, decade: (machine_tables(machine), every))
    patch.setattr(sweep, "rows_above", lambda machine, decade: every)
    return found(machine)


def test_two_searches_find_what_one_over_all_sizes_finds(monkeypatch):
    machine = load_machine("superconducting-1e-3-open")
    monkeypatch.setattr(sweep, "COARSE", MUCH)
    quick = found(machine)
    with monkeypatch.context() as patch:
        # whoever believes the first search is wrong somewhere among these jobs
        patch.setattr(sweep, "is_kept", lambda views, choice: np.ones(N_JOBS, dtype=bool))
        assert (found(machine) != quick).any()
    assert (found_with_all_sizes(machine, monkeypatch) == quick).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", machine_names())
def test_two_searches_find_what_one_over_all_sizes_finds_on_every_machine(name, monkeypatch):
    machine = load_machine(name)
    monkeypatch.setattr(sweep, "COARSE", MUCH)
    quick = found(machine)
    assert (found_with_all_sizes(machine, monkeypatch) == quick).all()


def found_split(machine, patch, n_counts: int) -> np.ndarray:
    patch.setattr(split, "COUNTS", n_counts)
    rotations = np.floor(10.0 ** np.random.default_rng(4).uniform(0, 14, N_JOBS))
    cost = replace(random_jobs(), rotations=rotations)
    splits = [split.find_split(cost, machine, name) for name in OBJECTIVES]
    return np.array(
        [(s.t_per_rotation, s.machine.n_cycles, s.machine.factory_index) for s in splits]
    )


def test_few_numbers_of_t_gates_at_once_find_what_many_find(monkeypatch):
    machine = load_machine("superconducting-1e-3")
    many = found_split(machine, monkeypatch, 12)
    assert (found_split(machine, monkeypatch, 2) == many).all()
    with monkeypatch.context() as patch:
        # whoever takes the bound of all that follow for a price is wrong somewhere among these jobs
        patch.setattr(Asked, "holds", lambda asked, choice: np.ones(len(choice.row), dtype=bool))
        assert (found_split(machine, patch, 2) != many).any()


@pytest.mark.parametrize("decade", [-6, -9, -14])
def test_rounded_tables_are_never_worse_and_few_rows_are_left_in_them(decade):
    machine = load_machine("superconducting-1e-3-open")
    coarse, rows = coarse_above(machine, decade)
    table, rounded = machine_tables(machine).table, coarse.table
    pairs = [item.error + item.catalysis.error for item in (rounded, table)]
    assert (rounded.error <= table.error).all()
    assert (pairs[0] <= pairs[1]).all()
    is_above = table.error > 10.0**decade
    assert (rounded.error[is_above] * (1.0 + LEVEL) >= table.error[is_above]).all()
    assert (rounded.error[~is_above] == 0.0).all()
    # of the rows that round to the same error none that is kept is matched by another kept one
    kind = machine_tables(machine).kind
    for unit, error, pair in set(zip(kind[rows], rounded.error[rows], pairs[0][rows], strict=True)):
        is_same = (kind[rows] == unit) & (rounded.error[rows] == error) & (pairs[0][rows] == pair)
        own = rows[is_same]
        cost = np.stack([table.qubits[own], table.cycles[own]])
        added = cost + np.stack([table.catalysis.qubits[own], table.catalysis.cycles[own]])
        both = np.concatenate([cost, added])
        matches = (both[:, :, None] <= both[:, None, :]).all(axis=0)
        assert (matches.sum(axis=0) == 1).all()


def test_sizes_that_hardly_differ_in_error_are_searched_as_one():
    """Of 241 sizes of `ccz2t` 200 have errors between 3.4e-14 and 1e-13."""
    machine = load_machine("superconducting-1e-3")
    error = machine_tables(machine).table.error
    assert ((error > 1e-14) & (error < 1e-13)).sum() == 200
    assert len(coarse_above(machine, -15)[1]) < len(error) / 3
