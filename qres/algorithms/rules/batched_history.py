r"""Mini-batches in a frozen order: the history of degree 1 with another matrix at every step.

$L = I - \sum_t |t\rangle\langle t-1| \otimes M_t$, $M_t = I - \eta H_{b(t)}$, $b(t) = t \bmod n_b$.
Every table is addressed by the batch as well, which comes from the time register: its low bits where
$n_b$ is a power of two, else a table of T entries that is erased after use. A row has $n$ qubits of its
own, so tables of rows have $R = (n_b - 1) 2^n + r$. All batches share one normalisation, that of the
largest. Gates of one use beside $2\tau + 2c$ of the history (see `history`), with $r$ weights, $n$ and
$\tau$ qubits, $[\cdot]$ for "no power of two"; the encoding always stands under one control:

| part | Toffoli |
|---|---|
| `frobenius`, rows | $\mathrm{tree}(R, n, b_A, 1) + \mathrm{tree}(n_b, n, b_A, 1) + n$ |
| `frobenius`, one norm | $\mathrm{look}(n_b, b_A, 1) + \mathrm{unlook}(n_b, 1) + b_A - 1$ |
| `sparse` | that of one matrix with look-ups of $R s'$ entries in place of $r s'$ |
| batch | $[n_b]\,(\mathrm{look}(T, \lceil\log_2 n_b\rceil) + \mathrm{unlook}(T))$ |
| right-hand side | $\mathrm{tree}(n_b, n, b_b) + \mathrm{tree}(1, \lceil\log_2 T\rceil, b_b)$ + batch |

Products of k steps have norm at most $g^k$ with g the largest $|1-\eta\lambda|$ over all batches, so
the bound on the inverse is that of one matrix with the outer ends of all spectra. With `grad_norm`
the root mean square over the steps, $\lVert b\rVert = \eta\sqrt{T}$ `grad_norm`.

Writing the tables down takes as many gradients as for one matrix: $n_b$ tables, each from products
over $1/n_b$ of the samples. Numbers that are typed in place of a measurement are those of the
largest batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from qres.algorithms.access.width import angle_width
from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings.factors import tree_bloq
from qres.algorithms.history import (
    LCU_ANCILLAS,
    LCU_ROTATIONS,
    STEP_CONTROL,
    beside_limit,
    beside_step,
)
from qres.algorithms.system import Definitions, Part
from qres.notation.formula import Formula, at_least_one, define
from qres.notation.named import ceil_log2, look, tree, uniform_toffoli, unlook, widest
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

ENCODINGS = ("frobenius", "sparse")
"""Those that can hold several matrices."""

_DIM, _LEVELS, _BITS, _RHS, _LIMIT = symbols("dim index_bits matrix_bits rhs_bits block_limit")
_BATCHES, _BATCH_BITS, _STEP_BITS = symbols("n_batches batch_bits step_bits")
_T, _SLOT_BITS = symbols("segment_steps slot_bits")
_ROWS = (_BATCHES - 1) * 2**_LEVELS + _DIM
HAS_BATCH_TABLE = sympy.Min(1, uniform_toffoli(_BATCHES))
"""1 where the number of batches is no power of two, else 0."""

_CARD = derived("gates and registers of the circuits in qres.bloqs")

Bloq = Callable[[Mapping[str, Any], Blocks], Any]

BATCH_TOFFOLI = Formula(
    name="batches.toffoli",
    meaning="Toffoli gates that load the batch of a step and erase it",
    expression=HAS_BATCH_TABLE * (look(_T, _BATCH_BITS, 0, _LIMIT) + unlook(_T, 0, _LIMIT)),
    inputs=("n_batches", "batch_bits", "segment_steps", "block_limit"),
    source=_CARD,
    unit="Toffoli",
    defaults={"block_limit": 63},
    conditions=at_least_one("n_batches", "segment_steps"),
)

FORMULAS = (BATCH_TOFFOLI,)


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The encoding of all batches together.

    Args:
        toffoli: (controls) to the gates of one use.
        width: (controls) to the qubits of its largest look-up.
        ancillas: of the encoding.
        angle_error: as of an encoding.
        bloq: (values, blocks) to its circuit.
    """

    toffoli: Callable[[Any], Any]
    width: Callable[[Any], Any]
    ancillas: Any
    angle_error: Any
    bloq: Bloq


def _trees() -> Tables:
    def toffoli(controls: Any) -> Any:
        trees = (tree(rows, _LEVELS, _BITS, controls, _LIMIT) for rows in (_ROWS, _BATCHES))
        scale = look(_BATCHES, _BITS, controls, _LIMIT) + unlook(_BATCHES, controls, _LIMIT)
        return sympy.Add(*trees) + scale + _BITS - 1 + controls * _LEVELS

    def width(controls: Any) -> Any:
        rows = angle_width(_ROWS * 2 ** sympy.Max(_LEVELS - 1, 0), _BITS, controls, _LIMIT)
        scale = angle_width(_BATCHES, _BITS, controls, _LIMIT)
        return sympy.Max(sympy.Min(1, _LEVELS) * rows, scale)

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.batched_encoding import BatchedTrees, batched_rows

        bits, batches = values["matrix_bits"], values["n_batches"]
        rows = batched_rows(batches, values["index_bits"], values["dim"])
        return BatchedTrees(
            row_tree=blocks.tree("row", rows, values, bits),
            norm_tree=blocks.tree("norm", batches, values, bits),
            scale_blocks=(
                blocks.lookup("scale", batches, bits),
                blocks.uncompute("scale_un", batches),
            ),
            alpha=values["alpha_matrix"],
            epsilon=values["eps_matrix"],
        )

    # two trees of n levels, and the rotation of the flag
    error = 4 * sympy.pi * sympy.Max(_LEVELS, 1) + 2 * sympy.pi
    return Tables(toffoli=toffoli, width=width, ancillas=_LEVELS + 1, angle_error=error, bloq=bloq)


def _slots() -> Tables:
    entries, target = _ROWS * symbol("slots"), _LEVELS + _SLOT_BITS
    is_full = symbol("is_full")
    has_range = sympy.Min(1, 2**_LEVELS - _DIM)

    def pair(bits: Any, controls: Any) -> Any:
        return look(entries, bits, controls, _LIMIT) + unlook(entries, controls, _LIMIT)

    def toffoli(controls: Any) -> Any:
        exchange = is_full * (controls + has_range) * _LEVELS
        return pair(_BITS, controls) + _BITS - 1 + (1 - is_full) * pair(target, controls) + exchange

    def width(controls: Any) -> Any:
        involution = (1 - is_full) * widest(entries, target, controls, _LIMIT)
        return sympy.Max(angle_width(entries, _BITS, controls, _LIMIT), involution)

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.batched_encoding import BatchedSlots, batched_rows

        levels, slots, bits = (values[key] for key in ("index_bits", "slot_bits", "matrix_bits"))
        count = batched_rows(values["n_batches"], levels, values["dim"]) * 2**slots
        uncompute = blocks.uncompute("unload", count)
        return BatchedSlots(
            n_batches=values["n_batches"],
            rows=values["dim"],
            system_bitsize=levels,
            slot_bitsize=slots,
            bits=bits,
            is_full=bool(values["is_full"]),
            angle_blocks=(blocks.lookup("angle", count, bits), uncompute),
            target_blocks=(blocks.lookup("target", count, levels + slots), uncompute),
            alpha=values["alpha_matrix"],
            epsilon=values["eps_matrix"],
        )

    return Tables(
        toffoli=toffoli,
        width=width,
        ancillas=_SLOT_BITS + 1 + is_full * has_range,
        angle_error=2 * sympy.pi,
        bloq=bloq,
    )


def tables_of(encoding_name: str) -> Tables:
    """Return the encoding of all batches; the names are `ENCODINGS`."""
    return {"frobenius": _trees, "sparse": _slots}[encoding_name]()


def batch_held() -> Any:
    """Return the qubits of the batch beside the time: those of a table, or what the time has not."""
    spare = sympy.Max(0, _BATCH_BITS - ceil_log2(_T))
    return HAS_BATCH_TABLE * _BATCH_BITS + (1 - HAS_BATCH_TABLE) * spare


def batch_width() -> Any:
    """Return the qubits of the look-up of the batch."""
    return HAS_BATCH_TABLE * widest(_T, _BATCH_BITS, 0, _LIMIT)


def batch_bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
    """Return the circuit that loads the batch of a step."""
    from qres.bloqs.batched_step import BatchOfStep

    steps = values["segment_steps"]
    return BatchOfStep(
        steps=steps,
        n_batches=values["n_batches"],
        blocks=(
            blocks.lookup("batch", steps, values["batch_bits"]),
            blocks.uncompute("batch_un", steps),
        ),
    )


def batched_matrix(encoding_name: str) -> Part:
    """Return U_A of the history of mini-batches, truncation order 1."""
    tables = tables_of(encoding_name)

    def width(controls: Any) -> Any:
        step = tables.width(1) + batch_held()
        return beside_limit(sympy.Max(step, batch_width()), controls) + STEP_CONTROL

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.batched_step import BatchedStep
        from qres.bloqs.history_matrix import HistoryMatrix

        step, batch = tables.bloq(values, blocks), batch_bloq(values, blocks)
        return HistoryMatrix(
            step_encoding=BatchedStep(step, batch, alpha=step.alpha, epsilon=step.epsilon),
            time_bitsize=values["time_bits"],
            n_steps=values["segment_steps"],
            padding=values["padding"],
            alpha=values["alpha"],
            epsilon=values["eps_matrix"],
        )

    return Part(
        toffoli=lambda c: tables.toffoli(1) + BATCH_TOFFOLI.expression + beside_step(c),
        rotations=lambda controls: LCU_ROTATIONS,
        width=width,
        bloq=bloq,
        ancillas=LCU_ANCILLAS + tables.ancillas,
        angle_weight=tables.angle_error * symbol("learning_rate") * symbol("alpha_matrix"),
    )


def batched_vector() -> Part:
    """Return U_b: the gradient of the batch at each of T steps, weighted by its norm."""

    def toffoli(controls: Any) -> Any:
        vector = tree(_BATCHES, _LEVELS, _RHS, controls, _LIMIT)
        return vector + tree(1, _STEP_BITS, _RHS, controls, _LIMIT) + BATCH_TOFFOLI.expression

    def width(controls: Any) -> Any:
        def of(rows: Any, levels: Any) -> Any:
            table = angle_width(rows * 2 ** sympy.Max(levels - 1, 0), _RHS, controls, _LIMIT)
            return sympy.Min(1, levels) * table

        vector = of(_BATCHES, _LEVELS) + batch_held()
        return sympy.Max(vector, of(1, _STEP_BITS), batch_width())

    def bloq(values: Mapping[str, Any], blocks: Blocks) -> Any:
        from qres.bloqs.batched_step import BatchedVector

        bits = values["rhs_bits"]
        return BatchedVector(
            times=tree_bloq(blocks, "times", 1, values["step_bits"], bits),
            vector=blocks.tree("rhs", values["n_batches"], values, bits),
            batch=batch_bloq(values, blocks),
        )

    return Part(
        toffoli=toffoli,
        rotations=lambda controls: 0,
        width=width,
        bloq=bloq,
        angle_weight=2 * sympy.pi * (sympy.Max(_LEVELS, 1) + _STEP_BITS),
    )


def batch_definitions(name: str) -> Definitions:
    """Return the registers of batch and step; `name` is that of the algorithm."""
    return (
        define(f"{name}.batch_bits", "qubits of the batch index", ceil_log2(_BATCHES), _CARD),
        define(f"{name}.step_bits", "qubits of a step of the training", ceil_log2(_T), _CARD),
    )
