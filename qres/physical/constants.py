"""The numbers that enter a price beside a machine's fields and the formulas, each with its origin.

A constant stands in the module that uses it; here is what it means and where it comes from. A law holds
that no number of the storey is left out. Numbers of a formula have the source of the formula.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from qres.notation.quantity import Kind
from qres.notation.source import (
    BEVERLAND_2022,
    CULTIVATION_2024,
    GIDNEY_2025,
    GIDNEY_FOWLER,
    LITINSKI_2019,
    LITINSKI_GAME,
    Source,
    derived,
)
from qres.physical.factories.concatenated import level_labels, listed
from qres.physical.factories.cultivation import simulations
from qres.physical.record import Machine, MachineCost
from qres.physical.registry import find_code, find_factory


@dataclass(frozen=True)
class Constant:
    """A number of the storey.

    Args:
        owner: what brings it in: `every machine`, or family and name of a code, layout, factory or
            storage, such as `factory ccz2t`.
        place: module under `qres.physical` and attribute, such as `factories.ccz2t:LEVEL_1_CELLS`.
        meaning: in one line.
        source: where it comes from.
        kind: how far it can be trusted.
    """

    owner: str
    place: str
    meaning: str
    source: Source
    kind: Kind = "given"

    @property
    def name(self) -> str:
        """Attribute in its module."""
        return self.place.split(":")[1].removeprefix("MEMBER.")

    @property
    def value(self) -> Any:
        """The number that is used."""
        module, attribute = self.place.split(":")
        return attrgetter(attribute)(importlib.import_module(f"qres.physical.{module}"))


_SEARCH = derived("bound of the search")
_TILE = Source("2 d^2 qubits a tile", BEVERLAND_2022)
_STATES = Source("equation D4", BEVERLAND_2022)
_ROTATION = Source("appendix D", BEVERLAND_2022)
_SHEET = Source("section 3 and the spreadsheet", GIDNEY_FOWLER)
_BLOCK = Source("table 1 and supplement, as in Qualtran FifteenToOne", LITINSKI_2019)
_LEVELS = Source("section 4, two levels", LITINSKI_2019, "recalled")
_FIT = derived("fitted to the six published two-level rows of arXiv:1905.06903")
_COLD = Source("footprint of the machine for RSA-2048", GIDNEY_2025)
_RUN = derived("what 1,409 qubits need to get through 12.07 hours with 6 %")
_STEPS, _PACE = (
    "MEMBER.steps_per_magic_state",
    "logical steps to consume a magic state, 0: no limit",
)


def _game(figure: str) -> Source:
    return Source(figure, LITINSKI_GAME)


Row = tuple[str, str, Source, Kind]


def _of(owner: str, module: str, *rows: Row) -> tuple[Constant, ...]:
    """Return the constants of one owner in one module."""
    return tuple(
        Constant(owner, f"{module}:{name}", meaning, source, kind)
        for name, meaning, source, kind in rows
    )


CONSTANTS: tuple[Constant, ...] = (
    *_of(
        "every machine",
        "tables",
        ("SMALLEST_DISTANCE", "smallest distance of the data block", _SEARCH, "assumed"),
    ),
    *_of(
        "every machine",
        "record",
        ("MAX_DISTANCE", "largest distance of the data block", _SEARCH, "assumed"),
    ),
    *_of(
        "code rotated-surface",
        "codes.rotated_surface",
        ("QUBITS_PER_SITE", "physical qubits of a site, d^2 a tile", _TILE, "proven"),
    ),
    *_of("layout compact", "layouts.compact", (_STEPS, _PACE, _game("figure 9"), "proven")),
    *_of(
        "layout intermediate",
        "layouts.intermediate",
        (_STEPS, _PACE, _game("figure 13a"), "proven"),
    ),
    *_of("layout fast", "layouts.fast", (_STEPS, _PACE, _game("figure 13b"), "proven")),
    *_of("layout simple", "layouts.simple", (_STEPS, _PACE, _SHEET, "assumed")),
    *_of(
        "factory ccz2t",
        "factories.ccz2t",
        ("LEVEL_1_FACTORIES", "factories of level 1 below one of 8-to-CCZ", _SHEET, "exact"),
        ("FLOOR_TILES", "tiles of the floor plan of either level", _SHEET, "fitted"),
        ("INJECTION_CELLS", "unit cells to inject, move and use a T state", _SHEET, "fitted"),
        ("LEVEL_1_CELLS", "unit cells of a level-1 T state and of its way", _SHEET, "fitted"),
        ("LEVEL_1_TRIPLES", "undetected triples of faulty T in 15-to-1", _SHEET, "exact"),
        ("LEVEL_2_CELLS", "unit cells of a CCZ or of the catalysis", _SHEET, "fitted"),
        ("LEVEL_2_PAIRS", "undetected pairs of faulty T in 8-to-CCZ", _SHEET, "exact"),
        ("LEVEL_2_INPUTS", "T states of one run of 8-to-CCZ", _SHEET, "exact"),
        (
            "ROUNDS_PER_CCZ",
            "rounds of a CCZ, overlapping its neighbours, none thrown away",
            _SHEET,
            "fitted",
        ),
        ("CATALYSIS_ROUNDS", "rounds more of a pair of T from a CCZ", _SHEET, "fitted"),
    ),
    *_of(
        "factory fifteen-to-one",
        "factories.fifteen_to_one",
        ("ROUNDS", "rounds of d_m cycles of one attempt", _BLOCK, "exact"),
        ("SCHEDULE", "groups of rotations between two waits", _BLOCK, "exact"),
        ("LENGTHS", "lengths of ancilla patches of measurements", _BLOCK, "fitted"),
        ("BUS", "lengths along which the output is exposed, by wait", _BLOCK, "fitted"),
        ("T_PER_TOFFOLI", "T states of one Toffoli gate", _STATES, "proven"),
    ),
    *_of(
        "factory fifteen-to-one",
        "noise",
        ("ANGLES", "angles of a faulty rotation", _BLOCK, "exact"),
    ),
    *_of(
        "factory concatenated",
        "factories.fifteen_to_one",
        ("T_PER_TOFFOLI", "T states of one Toffoli gate", _STATES, "proven"),
    ),
    *_of(
        "factory cultivation",
        "factories.fifteen_to_one",
        ("T_PER_TOFFOLI", "T states of one Toffoli gate", _STATES, "proven"),
    ),
    *_of(
        "factory concatenated",
        "distillation",
        ("INPUTS_PER_STEP", "inputs consumed in d_m cycles", _LEVELS, "given"),
        ("ONE_LEVEL_WAITS", "waits of d_m cycles on level 1", _BLOCK, "exact"),
        ("FIFTEEN_WAITS", "waits of a patch in 15-to-1 above level 1", _FIT, "fitted"),
        ("CCZ_WAITS", "waits of a patch in 8-to-CCZ above level 1", _FIT, "fitted"),
        ("FIFTEEN_TO_ONE.inputs", "T states that 15-to-1 takes", _LEVELS, "exact"),
        ("FIFTEEN_TO_ONE.checks", "patches that 15-to-1 checks", _LEVELS, "exact"),
        ("EIGHT_TO_CCZ.inputs", "T states that 8-to-CCZ takes", _LEVELS, "exact"),
        ("EIGHT_TO_CCZ.checks", "patches that 8-to-CCZ checks", _LEVELS, "exact"),
    ),
    *_of(
        "factory eight-to-ccz",
        "factories.ccz2t",
        ("FLOOR_TILES", "tiles of a last level with catalysis", _SHEET, "fitted"),
        ("LEVEL_2_CELLS", "unit cells of the catalysis", _SHEET, "fitted"),
    ),
    *_of(
        "storage yoked",
        "storage",
        ("COLD_QUBITS", "physical qubits of an idle logical one", _COLD, "fitted"),
        ("COLD_PHYSICAL_ERROR", "physical error that they hold for", _COLD, "fitted"),
        ("COLD_ERROR", "error per tile and cycle down to which they hold", _RUN, "fitted"),
    ),
    *_of(
        "synthesis split",
        "beverland",
        ("SLOPE", "T gates per bit of precision", _ROTATION, "fitted"),
        ("INTERCEPT", "T gates at precision 1", _ROTATION, "fitted"),
    ),
)


def constants_of(machine: Machine, cost: MachineCost, *, is_split: bool) -> Iterator[Constant]:
    """Yield the constants that the price of a job on a machine rests on.

    Those of the chosen layout and factory; where nothing fits, of all that were tried.

    Args:
        machine: which.
        cost: a single job on it.
        is_split: whether the failure budget was split between synthesis and hardware.
    """
    owners = {"every machine", f"code {machine.code}"}
    names = machine.factories
    layouts = machine.layouts
    if cost.is_feasible:
        names = () if cost.factory == "none" else (cost.factory.split()[0],)
        layouts = (cost.layout,)
    owners |= {f"layout {name}" for name in layouts}
    for name in names:
        owners |= {f"factory {part}" for part in (name, *find_factory(name).rests_on)}
    owners |= {f"storage {machine.storage}"} if machine.storage else set()
    owners |= {"synthesis split"} if is_split else set()
    seen: set[str] = set()
    for constant in CONSTANTS:
        if constant.owner in owners and constant.place not in seen:
            seen.add(constant.place)
            yield constant


@dataclass(frozen=True)
class TableRow:
    """A row of a data file that a price rests on: file, what it says, where it comes from."""

    file: str
    text: str
    source: Source


def rows_of(machine: Machine, cost: MachineCost) -> Iterator[TableRow]:
    """Yield the rows of `factories.csv` and `cultivation.csv` that the chosen factory is made of."""
    if not cost.is_feasible or cost.factory == "none":
        return
    name = cost.factory.split()[0]
    factory: Any = find_factory(name)
    rests_on = factory.rests_on
    index = -1
    if "concatenated" in rests_on:
        sizes = listed(name)
        row = sizes[level_labels(name, sizes, factory.bottom).index(cost.factory)]
        numbers = [str(number) for number in row[: len(row) - _zeros(row)]]
        made = derived("generated as data/hardware/METHOD.md says, no published factory")
        yield TableRow("factories.csv", ",".join((name, *numbers)), made)
        index = int(row[1])
    if "cultivation" in rests_on:
        table = simulations()
        index = _simulation(machine, cost.factory) if index < 0 else index
        text = ",".join(f"{number:.7g}" for number in table[index])
        where = "simulations, doi:10.5281/zenodo.13777072, as qdk 1.33.1 ships them"
        yield TableRow("cultivation.csv", text, Source(where, CULTIVATION_2024))


def _zeros(row: Any) -> int:
    """Return how many zeros fill up a size at its end."""
    return next((place for place, number in enumerate(reversed(row)) if number), len(row))


def _simulation(machine: Machine, label: str) -> int:
    """Return the row of the simulations that a label of `cultivation` stands for."""
    factory, code = find_factory("cultivation"), find_code(machine.code)
    table = factory.tabulate(machine, code, factory.grid(machine, code))
    known = (index for index, name in enumerate(table.labels) if name == label)
    return next(index for index in known if table.error[index] < 1.0)
