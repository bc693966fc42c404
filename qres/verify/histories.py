r"""Histories and their right-hand sides against their claims: $L$ densely from its definition.

As `qres.verify.proofs` for a single matrix. Normalisation, angle error, Toffoli gates and ancillas are
those that the pipeline charges; what is found comes from the circuit with data in its tables. Row $t$
is held as $t - 1$ modulo $2^\tau$; on rows beyond $T + p$ the matrix is the identity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import attrs
import numpy as np

from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings.base import encoding
from qres.algorithms.history import history_matrix, repeated_vector
from qres.algorithms.rules.batched_history import ENCODINGS, batched_matrix, batched_vector
from qres.algorithms.rules.momentum_history import momentum_matrix, momentum_vector
from qres.algorithms.rules.scheduled_history import scheduled_matrix, scheduled_vector
from qres.algorithms.system import Part
from qres.logical.circuit import count_bloq
from qres.verify.count import TOFFOLI, decomposed_counts
from qres.verify.descents import (
    BITS,
    Descent,
    descent_values,
    history_of,
    make_descent,
    momentum_rows,
    momentum_step,
    plain_step,
    repeated_rows,
    weighted_rows,
)
from qres.verify.factors import amplitudes, put_in
from qres.verify.flatten import flatten
from qres.verify.gates import Program
from qres.verify.instances import MATRICES
from qres.verify.peak import counted_qubits
from qres.verify.proofs import FORMS, Proof

SPANS = ((1, 0), (2, 0), (2, 1), (3, 3))
"""Steps and idle rows: 2, 3, 4 and 7 rows, a power of two and not, with and without idle ones."""

SIZES = (1, 2, 3, 4)
"""Weights: no to two qubits of an index, padded and not."""


@dataclass(frozen=True)
class Piece:
    """A matrix or its right-hand side.

    Args:
        part: encoding to what the pipeline charges, with its circuit without data.
        with_data: circuit and descent to the circuit with data.
    """

    part: Callable[[str], Part]
    with_data: Callable[[Any, Descent], Any]


@dataclass(frozen=True)
class History:
    """A history with its right-hand side.

    Args:
        matrix: the history.
        step: descent and step from 0 to the matrix of the step; the identity in idle rows.
        source: the right-hand side.
        rows: descent to its amplitudes, one row a step, of any norm.
        leaves_times: whether it leaves its times superposed where it is switched off.
        batches: how many there are.
        encodings: that can hold it.
        width: amplitudes of a weight.
    """

    matrix: Piece
    step: Callable[[Descent, int], np.ndarray]
    source: Piece
    rows: Callable[[Descent], np.ndarray]
    leaves_times: bool = False
    batches: int = 1
    encodings: tuple[str, ...] = ("frobenius", "sparse", "dense")
    width: int = 1


# ------------------------------------------------------------------ circuits with data


def _in_step(bloq: Any, change: Callable[[Any], Any]) -> Any:
    return attrs.evolve(bloq, step_encoding=change(bloq.step_encoding))


def _plain_data(bloq: Any, descent: Descent) -> Any:
    return _in_step(bloq, lambda step: step.with_matrix(descent.matrices[0]))


def _scheduled_data(bloq: Any, descent: Descent) -> Any:
    def change(damped: Any) -> Any:
        step = damped.step.with_matrix(descent.matrices[0])
        return attrs.evolve(damped.with_rates(descent.rates), step=step)

    return _in_step(bloq, change)


def _batched_data(bloq: Any, descent: Descent) -> Any:
    return _in_step(
        bloq, lambda step: attrs.evolve(step, step=step.step.with_matrices(descent.matrices))
    )


def _momentum_data(bloq: Any, descent: Descent) -> Any:
    return attrs.evolve(bloq, factor=bloq.factor.with_tensor(descent.matrices[0]))


def _repeated_data(bloq: Any, descent: Descent) -> Any:
    return attrs.evolve(bloq, vector=bloq.vector.with_vectors(descent.vectors[0][None]))


def _momentum_source(bloq: Any, descent: Descent) -> Any:
    return attrs.evolve(bloq, repeated=_repeated_data(bloq.repeated, descent))


def _scheduled_source(bloq: Any, descent: Descent) -> Any:
    weights = bloq.weights.with_vectors(np.array(descent.rates)[None])
    return attrs.evolve(_repeated_data(bloq, descent), weights=weights)


def _batched_source(bloq: Any, descent: Descent) -> Any:
    norms = np.linalg.norm(repeated_rows(descent), axis=1)
    times = bloq.times.with_vectors(norms[None])
    return attrs.evolve(
        bloq, times=times, vector=bloq.vector.with_vectors(np.array(descent.vectors))
    )


_BATCHED = (
    Piece(batched_matrix, _batched_data),
    plain_step,
    Piece(lambda _: batched_vector(), _batched_source),
    repeated_rows,
)

HISTORIES = {
    "history": History(
        Piece(lambda name: history_matrix(encoding(name)), _plain_data),
        plain_step,
        Piece(lambda _: repeated_vector(), _repeated_data),
        repeated_rows,
        leaves_times=True,
    ),
    "schedule": History(
        Piece(lambda name: scheduled_matrix(name, 1), _scheduled_data),
        plain_step,
        Piece(lambda _: scheduled_vector(1), _scheduled_source),
        weighted_rows,
    ),
    "2 batches": History(*_BATCHED, batches=2, encodings=ENCODINGS),
    "3 batches": History(*_BATCHED, batches=3, encodings=ENCODINGS),
    "momentum": History(
        Piece(momentum_matrix, _momentum_data),
        momentum_step,
        Piece(lambda _: momentum_vector(), _momentum_source),
        momentum_rows,
        leaves_times=True,
        width=2,
    ),
}
"""Name of a history to what it is."""


# ------------------------------------------------------------------ proofs


def built(
    piece: Piece, descent: Descent, name: str, form: str, *, has_momentum: bool
) -> tuple[Any, Part, dict[str, Any]]:
    """Return the circuit with its data, what is charged for it, and the values put in."""
    values = descent_values(descent, name, has_momentum=has_momentum)
    part = piece.part(name)
    bloq = piece.with_data(part.bloq(values, Blocks(values)), descent)
    bloq = bloq.with_controls(int(form == "controlled"))
    return bloq.adjoint() if form == "adjoint" else bloq, part, values


def prove_history(title: str, name: str, descent: Descent, kind: str, form: str) -> Proof:
    """Build, simulate and count the circuit of one history.

    Args:
        title: of the history.
        name: of the encoding.
        descent: numbers of it.
        kind: what to call its matrix.
        form: `plain`, `adjoint` or `controlled`.
    """
    history, controls = HISTORIES[title], int(form == "controlled")
    found = built(history.matrix, descent, name, form, has_momentum=history.width == 2)
    program = flatten(found[0], gradient="resource")
    target, columns = history_of(descent, history.step, history.width)
    if form == "adjoint":
        turned = target[columns].T
        target = np.zeros_like(target)
        target[columns] = turned
    block = amplitudes(program, {"system": columns, "ctrl": columns * 0 + controls})
    idle = 0.0
    if controls:
        rest = amplitudes(program, {"system": columns, "ctrl": columns * 0})
        rest[columns, range(len(columns))] -= 1
        idle = float(np.linalg.norm(rest, 2))
    names = {"encoding": f"{title} {name}", "matrix": kind, "form": form}
    return _proof(names, found, found[2]["alpha"], (block, target, idle))


def prove_source(title: str, descent: Descent, form: str) -> Proof:
    """Build, simulate and count the circuit of one right-hand side.

    The state may have a phase of its own. Switched off, a superposition of equal times leaves its
    Hadamard gates behind, which its adjoint takes back; another right-hand side leaves zeros.

    Args:
        title: of the history.
        descent: numbers of it.
        form: `plain`, `adjoint` or `controlled`.
    """
    history, controls = HISTORIES[title], int(form == "controlled")
    name = history.encodings[0]
    found = built(history.source, descent, name, form, has_momentum=history.width == 2)
    program = flatten(found[0], gradient="phase_gradient")
    state, off = prepared(program, controls, is_back=form == "adjoint")
    steps, shape = len(descent.rates), (history.width, 2 ** found[2]["index_bits"])
    rows = np.zeros((2 ** found[2]["step_bits"], *shape))
    rows[:steps, :, : descent.size] = history.rows(descent).reshape(steps, history.width, -1)
    left = np.zeros_like(rows)
    left[: len(left) if history.leaves_times else 1, 0, 0] = 1
    target, rest = (item.reshape(-1, 1) / np.linalg.norm(item) for item in (rows, left))
    overlap = np.vdot(target, state)
    claim = (state * abs(overlap) / overlap, target, controls * float(np.linalg.norm(off - rest)))
    names = {"encoding": f"{title} source", "matrix": "vector", "form": form}
    return _proof(names, found, 1.0, claim)


def prepared(program: Program, controls: int, *, is_back: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return what is prepared, as a column, and what is prepared with the control off.

    Args:
        program: of a preparation, all registers but the control together the state.
        controls: 0 or 1.
        is_back: whether it is the adjoint.
    """
    places = [place for name, place in program.registers.items() if name != "ctrl"]
    low = min((shift for shift, _ in places), default=0)
    whole = (low, sum(width for _, width in places))
    wide = Program({**program.registers, "system": whole}, program.width, program.gates)
    columns = np.arange(2 ** whole[1] if is_back else 1)
    found = amplitudes(wide, {"system": columns, "ctrl": columns * 0 + controls})
    off = amplitudes(wide, {"system": columns, "ctrl": columns * 0}) if controls else found
    return (found[0].conj()[:, None] if is_back else found), off


def _proof(
    names: dict[str, str],
    circuit: tuple[Any, Part, dict[str, Any]],
    alpha: float,
    claim: tuple[np.ndarray, np.ndarray, float],
) -> Proof:
    """What is charged for a circuit beside what was found."""
    (bloq, part, values), (found, target, idle) = circuit, claim
    controls = int(names["form"] == "controlled")
    return Proof(
        **names,
        rows=values["dim"],
        alpha=float(alpha),
        alpha_found=float(np.vdot(found, target).real / np.vdot(found, found).real),
        epsilon=float(put_in(part.angle_weight, values)) * 2.0**-BITS,
        epsilon_found=float(np.linalg.norm(alpha * found - target, 2)) + alpha * idle,
        toffoli=int(put_in(part.toffoli(controls), values)),
        toffoli_call_graph=count_bloq(bloq)[0],
        toffoli_circuit=decomposed_counts(bloq)[TOFFOLI],
        qubits=counted_qubits(bloq),
    )


def history_cases() -> list[tuple[str, str, tuple[int, int], int, str]]:
    """Return title, encoding, steps with idle rows, weights, and kind of matrix of every proof."""
    kinds = list(MATRICES)
    found = [
        (title, name, span, size)
        for title, history in HISTORIES.items()
        for name in history.encodings
        for span in SPANS
        for size in SIZES
    ]
    return [(*case, kinds[place % len(kinds)]) for place, case in enumerate(found)]


def prove_histories(
    *, seed: int = 0, progress: Callable[[str, int, int], None] | None = None
) -> Iterator[Proof]:
    """Prove every history and right-hand side, in every form.

    Args:
        seed: of the numbers.
        progress: called as progress(task, done, total).
    """
    cases, rng = history_cases(), np.random.default_rng(seed)
    for done, (title, name, span, size, kind) in enumerate(cases):
        varies, batches = title == "schedule", HISTORIES[title].batches
        descent = make_descent(rng, kind, size, span, batches, varies=varies)
        for form in FORMS:
            yield prove_history(title, name, descent, kind, form)
            if name == HISTORIES[title].encodings[0]:
                yield prove_source(title, descent, form)
        if progress:
            progress("simulating histories", done + 1, len(cases))
