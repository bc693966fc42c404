r"""Amplified runs against what amplification promises: certainty, or all but $\delta$.

The rounds are those of the pipeline's formulas. A known probability is brought to one exactly; of a
bound, here 1.7 times too low, the fixed-point sequence leaves at most $\delta$. Uses of the run are
counted in the decomposed circuit: each prepares its right-hand side once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from qres.algorithms.amplification import FIXED_POINT, INVOCATIONS
from qres.bloqs.amplification import AmplifiedState
from qres.bloqs.chebyshev_filter import chebyshev_phases, exact_stretch, fixed_point_stretch
from qres.bloqs.qsvt import InversionRun
from qres.verify.count import VECTORS, decomposed_counts
from qres.verify.known_runs import ROUNDING, flagged, random_run
from qres.verify.peak import counted_qubits
from qres.verify.readouts import ReadoutProof, counted

FAIL_PROB = 0.05

TOO_LOW = 1.7
"""How many times the probability is its bound, where only that is known."""

KINDS = ("exactly", "to a fixed point")


def amplified(run: InversionRun, first: int, kind: str) -> tuple[AmplifiedState, int]:
    """Return the amplified run with its phases, and how many uses of the run are claimed.

    Args:
        run: the run.
        first: first of the wanted rows; 0 for every row.
        kind: one of `KINDS`.
    """
    prob = float(np.linalg.norm(flagged(run)[first:]) ** 2)
    if kind == "exactly":
        length = int(INVOCATIONS(success_prob=prob))
        stretch = exact_stretch(length, prob)
    else:
        length = int(FIXED_POINT(success_prob=prob / TOO_LOW, fail_prob=FAIL_PROB))
        stretch = fixed_point_stretch(length, FAIL_PROB)
    bits: Any = run.index_bitsize if first else 0
    phases = chebyshev_phases(length, stretch)
    bloq = AmplifiedState(run, length // 2, row_bitsize=bits, first_row=first, phases=phases)
    return bloq, length


def prove_amplified(
    *, seed: int = 0, progress: Callable[[str, int, int], None] | None = None
) -> Iterator[ReadoutProof]:
    """Prove amplification of runs on random matrices, of all rows and of the upper half of them.

    Args:
        seed: of the matrices.
        progress: called as progress(task, done, total).
    """
    cases = list(product(KINDS, (2, 4), (False, True)))
    for done, (kind, rows, is_half) in enumerate(cases):
        rng = np.random.default_rng([seed, done])
        yield _proof(kind, random_run(rng, rows), rows, rows // 2 if is_half else 0)
        if progress:
            progress("simulating amplified runs", done + 1, len(cases))


def _proof(kind: str, run: InversionRun, rows: int, first: int) -> ReadoutProof:
    bloq, claimed = amplified(run, first, kind)
    uses = decomposed_counts(bloq)[VECTORS]
    counts = counted(bloq)
    return ReadoutProof(
        quantity=f"amplified {kind}",
        rows=rows,
        iterations=int(bloq.rounds),
        least=1 - (ROUNDING if kind == "exactly" else FAIL_PROB),
        most=1 + ROUNDING,
        found=float(np.linalg.norm(flagged(bloq)[first:]) ** 2),
        counts=((*counts[0], claimed), (*counts[1], uses)),
        qubits=counted_qubits(bloq),
    )
