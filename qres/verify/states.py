r"""Prepared states against their vectors: dense, sparse with known places, and one for each row.

The claimed error is $2 \pi n 2^{-b}$ for $n$ levels of loaded rotations, in the norm of the state
(a table of rows: for each row). Toffoli gates are claimed by the formula of a tree, and for a sparse
state its look-up and the iteration over its places beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from qres.algorithms.access.qrom import BLOCK_LIMITS
from qres.algorithms.blocks import Blocks
from qres.bloqs.sparse_state import SparseState
from qres.logical.circuit import count_bloq
from qres.notation.named import look, tree, uncompute_block, unlook
from qres.verify.count import TOFFOLI, decomposed_counts
from qres.verify.factors import amplitudes
from qres.verify.flatten import flatten
from qres.verify.gates import Program
from qres.verify.peak import counted_qubits
from qres.verify.proofs import FORMS, Proof

BITS = 14
"""Bits of an angle."""

SIZES = (2, 3, 5, 8, 13, 16)
"""Amplitudes of a dense state, or entries of a sparse one."""

INDEX_BITS = 7
"""Qubits of an index of a sparse state."""


@dataclass(frozen=True)
class State:
    """A preparation with what is claimed of it.

    Args:
        bloq: the circuit, without a control.
        rows: register of the row to the rows that it prepares; empty if there is one.
        vectors: normalised, one column for each row.
        levels: of its tree.
        toffoli: (controls, is it the adjoint) to Toffoli gates.
    """

    bloq: Any
    rows: str
    vectors: np.ndarray
    levels: int
    toffoli: Callable[[int, bool], int]


def _tree(rows: int, levels: int, access: str) -> Any:
    limit = BLOCK_LIMITS[access]
    values = {"dim": rows, "block_limit": limit, "index_bits": levels}
    return Blocks(values).tree("state", rows, values, BITS)


def dense_state(rng: np.random.Generator, size: int, access: str, rows: int = 1) -> State:
    """Random signed vectors; one of several rows is empty but for its first entry."""
    vectors = rng.normal(size=(rows, size))
    if rows > 1:
        vectors[0] = np.eye(size)[0]
    levels, limit = (size - 1).bit_length(), BLOCK_LIMITS[access]
    padded = np.zeros((2**levels, rows))
    padded[:size] = (vectors / np.linalg.norm(vectors, axis=1)[:, None]).T
    bloq = _tree(rows, levels, access).with_vectors(vectors)
    name = "selection" if rows > 1 else ""
    toffoli = lambda c, _: tree.scalar(rows, levels, BITS, c, limit)  # noqa: E731
    return State(bloq, name, padded, levels, toffoli)


def sparse_state(rng: np.random.Generator, size: int, access: str) -> State:
    """Random signed entries at random places."""
    places = rng.choice(2**INDEX_BITS, size, replace=False)
    entries = rng.normal(size=size)
    levels, limit = (size - 1).bit_length(), BLOCK_LIMITS[access]
    vector = np.zeros((2**INDEX_BITS, 1))
    vector[places, 0] = entries / np.linalg.norm(entries)
    block = uncompute_block(size, 0)
    bloq = SparseState(_tree(1, levels, access), size, INDEX_BITS, block)

    def toffoli(controls: int, is_back: bool) -> int:
        table = unlook.scalar(size, controls) if is_back else look.scalar(size, 1, controls, 0)
        gates = tree.scalar(1, levels, BITS, controls, limit) + table
        return gates + max(0, size - 2 + controls)

    return State(bloq.with_entries(places.tolist(), entries.tolist()), "", vector, levels, toffoli)


STATES: dict[str, Callable[[np.random.Generator, int, str], State]] = {
    "state dense": dense_state,
    "state sparse": sparse_state,
    "state of 3 rows": lambda rng, size, access: dense_state(rng, size, access, 3),
}
"""Name to (generator, entries, data access) to a state."""


def _columns(program: Program, state: State, control: int) -> np.ndarray:
    """What is prepared from zero, one column for each row."""
    place = program.registers["target"]
    wide = Program({**program.registers, "system": place}, program.width, program.gates)
    zeros = np.zeros(state.vectors.shape[1], dtype=int)
    values = {"system": zeros, "ctrl": zeros + control}
    if state.rows:
        values[state.rows] = np.arange(len(zeros))
    return amplitudes(wide, values)


def prove_state(title: str, state: State, form: str) -> Proof:
    """Build, simulate and count one preparation.

    Backwards it is shown on what is prepared, which must go back to zero: no other state has a claim.

    Args:
        title: its name.
        state: the circuit and what is claimed.
        form: `plain`, `adjoint` or `controlled`.
    """
    controls, is_back = int(form == "controlled"), form == "adjoint"
    bloq = state.bloq.with_controls(controls)
    program = flatten(bloq, gradient="phase_gradient")
    found, rest = _columns(program, state, controls), 0.0
    if controls:
        rest = _from_zero(_columns(program, state, 0))
    if is_back:
        bloq = bloq.adjoint()
        back = flatten(bloq, gradient="phase_gradient")
        both = (*program.gates, *back.gates)
        width = max(program.width, back.width)
        rest = _from_zero(_columns(Program(program.registers, width, both), state, 0))
    return Proof(
        encoding=title,
        matrix="vector",
        rows=int(np.count_nonzero(state.vectors.any(axis=1))),
        form=form,
        alpha=1.0,
        alpha_found=float(np.vdot(found, state.vectors).real / np.vdot(found, found).real),
        epsilon=2 * np.pi * state.levels * 2.0**-BITS,
        epsilon_found=float(np.linalg.norm(found - state.vectors, axis=0).max()) + rest,
        toffoli=state.toffoli(controls, is_back),
        toffoli_call_graph=count_bloq(bloq)[0],
        toffoli_circuit=decomposed_counts(bloq)[TOFFOLI],
        qubits=counted_qubits(bloq),
    )


def _from_zero(columns: np.ndarray) -> float:
    return float(np.linalg.norm(columns - np.eye(len(columns))[:, :1], axis=0).max())


def prove_states(
    *, seed: int = 0, progress: Callable[[str, int, int], None] | None = None
) -> Iterator[Proof]:
    """Prove every kind and size of state, in every form, under every data access.

    Args:
        seed: of the vectors.
        progress: called as progress(task, done, total).
    """
    accesses = ("qroam", "qrom", "qram")
    cases = [(title, size) for title in STATES for size in SIZES]
    rng = np.random.default_rng(seed)
    for done, (title, size) in enumerate(cases):
        state = STATES[title](rng, size, accesses[done % len(accesses)])
        for form in FORMS:
            yield prove_state(title, state, form)
        if progress:
            progress("simulating states", done + 1, len(cases))
