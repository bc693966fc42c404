r"""Tables gate by gate: loaded, measured, mended. Elsewhere a look-up is one leaf of the simulation.

A word and its junk are loaded on every address at once and measured in the $X$ basis. An outcome $m$
leaves the sign $(-1)^{m \cdot w_i}$ on address $i$; the phase table of these bits, or a token that meets
a $Z$ at their cells, takes it away. What is left after any outcome is the address alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qualtran.bloqs.basic_gates import Hadamard, MeasureX, ZGate
from qualtran.bloqs.basic_gates.discard import Discard

from qres.algorithms.access.qrom import BLOCK_LIMITS
from qres.bloqs.phase_table import PhaseTable
from qres.bloqs.qram import BucketBrigade, Memory
from qres.bloqs.steps import Bits, Step
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.bloqs.words import reached
from qres.logical.circuit import count_bloq
from qres.notation.named import look, lookup_block, uncompute_block, unlook
from qres.verify.count import TOFFOLI, decomposed_counts
from qres.verify.flatten import flatten
from qres.verify.gates import Slot
from qres.verify.leaves import LEAVES
from qres.verify.listed import Listed
from qres.verify.peak import counted_qubits
from qres.verify.proofs import Proof
from qres.verify.simulate import State, run, start

SIZES = ((2, 3), (3, 2), (5, 2), (6, 1), (8, 2), (11, 1), (13, 1))
"""Entries and bits of the tables."""

MOST_OUTCOMES = 64
"""Outcomes of a measurement that are looked at; of more, random ones."""

ROUNDING = 1e-9

_GATES = {kind: gate for kind, gate in LEAVES.items() if kind is not TableLookup}


@dataclass(frozen=True)
class Table:
    """A table and the circuits that load and erase it.

    Args:
        load: the look-up, with its data.
        unload: the uncomputation.
    """

    load: TableLookup
    unload: TableUncompute

    @property
    def controls(self) -> int:
        """Number of controls."""
        return int(self.load.num_controls)

    @property
    def width(self) -> int:
        """Qubits of the address."""
        return (int(self.load.entries) - 1).bit_length()

    @property
    def words(self) -> list[str]:
        """Registers that are measured: the word and its junk."""
        block = self.load.log_block
        count = 1 if isinstance(block, Memory) else 2 ** int(block)
        return ["target", *(f"junk{place}" for place in range(1, count))]

    @property
    def sizes(self) -> dict[str, int]:
        """Qubits of control, address and all that is measured."""
        held = {"ctrl": self.controls, "selection": self.width}
        found = held | dict.fromkeys(self.words, int(self.load.bitsize))
        return {name: size for name, size in found.items() if size}


def make_table(
    rng: np.random.Generator, entries: int, bits: int, access: str, controls: int
) -> Table:
    """Return random words with the blocks that the pipeline would choose.

    Args:
        rng: of the words.
        entries: number of words, at least 2.
        bits: of a word.
        access: `qrom`, `qroam` or `qram`.
        controls: 0 or 1.
    """
    limit = BLOCK_LIMITS[access]
    blocks: tuple[Any, Any] = (Memory.BRIGADE, Memory.BRIGADE)
    if limit >= 0:
        blocks = (
            lookup_block(entries, bits, controls, limit),
            uncompute_block(entries, controls, limit),
        )
    data = tuple(int(word) for word in rng.integers(0, 2**bits, entries))
    load = TableLookup(entries, bits, blocks[0], data=data, num_controls=controls)
    return Table(load, TableUncompute(entries, bits, blocks[1], num_controls=controls))


def mended(rng: np.random.Generator, table: Table) -> np.ndarray:
    """Return what is left of each address after each outcome, over what it was: ones if all is well.

    Args:
        rng: of the outcomes, where there are too many.
        table: what is loaded and erased.

    Raises:
        RuntimeError: a word that is loaded is not that of its address.
    """
    steps = tuple(s for s in table.load.steps() if not isinstance(s.bloq, MeasureX | Discard))
    words = _words(table, steps)
    bits = int(table.load.bitsize)
    basis = [Step(Hadamard(), {"q": Bits(n, 1, i)}) for n in table.words for i in range(bits)]
    measured = _run(table, (*steps, *basis), _columns(table))
    found = []
    for outcome in _outcomes(rng, bits, len(table.words)):
        hit = np.ones(len(measured[1].index), dtype=bool)
        for name, value in zip(table.words, outcome, strict=True):
            hit &= measured[1].read(measured[0][name]) == value
        left = State(measured[1].index[hit], measured[1].amplitude[hit])
        pairs = zip(outcome, words, strict=True)
        signs = np.sum([_parities(mask, word) for mask, word in pairs], axis=0) % 2
        program = flatten(Listed(table.sizes, _mending(table, signs)), leaves=_GATES)
        left = run(left, program.gates)
        found.append(left.amplitude * 2 ** (bits * len(table.words) / 2))
    return np.array(found)


def _columns(table: Table) -> dict[str, np.ndarray]:
    """Every address, with the control off and on."""
    columns = np.arange(2 ** (table.width + table.controls))
    control = {"ctrl": columns >> table.width} if table.controls else {}
    return {"selection": columns % 2**table.width} | control


def _run(
    table: Table, steps: Sequence[Step], values: dict[str, np.ndarray]
) -> tuple[dict[str, Slot], State]:
    program = flatten(Listed(table.sizes, tuple(steps)), leaves=_GATES)
    slots = {name: (place,) for name, place in program.registers.items()}
    return slots, run(start(program, values), program.gates)


def _words(table: Table, steps: Sequence[Step]) -> list[np.ndarray]:
    """What word and junk hold at each address, with the control on."""
    values = {name: column[-(2**table.width) :] for name, column in _columns(table).items()}
    slots, state = _run(table, steps, values)
    order = np.argsort(state.read(slots["selection"]))
    found = [state.read(slots[name])[order] for name in table.words]
    data: Any = table.load.data
    wanted = np.asarray(data)[reached(np.arange(2**table.width), len(data))]
    if not np.array_equal(found[0], wanted):
        raise RuntimeError("a word that is loaded is not that of its address")
    return found


def _outcomes(rng: np.random.Generator, bits: int, registers: int) -> list[tuple[int, ...]]:
    every = list(itertools.product(range(2**bits), repeat=registers))
    if len(every) <= MOST_OUTCOMES:
        return every
    return [every[i] for i in rng.choice(len(every), MOST_OUTCOMES, replace=False)]


def _parities(mask: int, words: np.ndarray) -> np.ndarray:
    return np.array([(mask & int(word)).bit_count() for word in words])


def _mending(table: Table, signs: np.ndarray) -> tuple[Step, ...]:
    """What stands in the uncomputation for these signs, by address."""
    entries, controls = int(table.load.entries), table.controls
    wires = {"ctrl": Bits("ctrl", 1), "selection": Bits("selection", table.width)}
    block = table.unload.log_block
    if not isinstance(block, Memory):
        data = tuple(int(sign) for sign in signs)
        return (Step(PhaseTable(entries, block, data=data, num_controls=controls), wires),)
    brigade = BucketBrigade(entries, num_controls=controls)
    there = Step(brigade, wires | {"tree": Bits("tree", brigade.tree_bitsize)})
    marked = [cell for cell, sign in zip(brigade.cells(), signs, strict=False) if sign]
    return (there, *(Step(ZGate(), {"q": cell}) for cell in marked), there.adjoint())


def prove_table(rng: np.random.Generator, table: Table, access: str) -> Proof:
    """Load, measure and mend one table, and count both circuits.

    Args:
        rng: of the outcomes, where there are too many.
        table: what is loaded and erased.
        access: how its blocks were chosen.
    """
    left, pair = mended(rng, table), (table.load, table.unload)
    entries, bits, controls = int(table.load.entries), int(table.load.bitsize), table.controls
    limit, qubits = BLOCK_LIMITS[access], [counted_qubits(bloq) for bloq in pair]
    gates = look.scalar(entries, bits, controls, limit) + unlook.scalar(entries, controls, limit)
    return Proof(
        encoding=f"table {access}",
        matrix="words",
        rows=entries,
        form="controlled" if controls else "plain",
        alpha=1.0,
        alpha_found=float(np.mean(left).real),
        epsilon=ROUNDING,
        epsilon_found=float(np.abs(left - 1).max()),
        toffoli=gates,
        toffoli_call_graph=sum(count_bloq(bloq)[0] for bloq in pair),
        toffoli_circuit=sum(decomposed_counts(bloq)[TOFFOLI] for bloq in pair),
        qubits=min(qubits, key=lambda both: both[0] - both[1]),
    )


def prove_tables(
    *, seed: int = 0, progress: Callable[[str, int, int], None] | None = None
) -> Iterator[Proof]:
    """Prove tables of every size and data access, without and with a control.

    Args:
        seed: of words and outcomes.
        progress: called as progress(task, done, total).
    """
    accesses = ("qrom", "qroam", "qram")
    cases = [(*size, access) for access in accesses for size in SIZES]
    rng = np.random.default_rng(seed)
    for done, (entries, bits, access) in enumerate(cases):
        for controls in (0, 1):
            yield prove_table(rng, make_table(rng, entries, bits, access, controls), access)
        if progress:
            progress("simulating tables", done + 1, len(cases))
