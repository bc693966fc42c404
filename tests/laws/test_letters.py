"""Letters: in one formula, and in one job, no two symbols share one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from qres.notation.symbols import describe


def names_in(formula: Any) -> Iterator[str]:
    yield from formula.inputs
    for name, part in formula.parts:
        yield name
        yield from names_in(part)


def shared(names: Iterable[str]) -> dict[str, set[str]]:
    """Return the letters that stand for more than one of the names."""
    found = defaultdict(set)
    for name in names:
        found[describe(name).latex].add(name)
    return {letter: group for letter, group in found.items() if len(group) > 1}


def test_no_two_symbols_of_a_formula_share_a_letter(formula):
    assert shared(names_in(formula)) == {}


def test_the_left_hand_side_is_no_input(formula):
    own = formula.name.rpartition(".")[2]
    assert formula.letter not in {describe(name).latex for name in names_in(formula)} - {own}


def test_no_two_symbols_of_a_job_share_a_letter(member):
    job = member.job
    assert shared({*job.values, *(name for name, _ in job.definitions)}) == {}
