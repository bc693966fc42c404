"""The circuits of many linear systems: each counted, compared with its formulas, and summed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qres.errors import AgreementError
from qres.logical.circuit import compare
from qres.logical.formulas import count_stages, total
from qres.logical.record import Agreement
from qres.pricing.schedule import QuantumSolve

MOST_COUNTED = 100
"""Circuits that are counted, those with most gates first; one takes some 20 ms."""

ROUNDING = 1e-9
"""Part of a count that double precision may leave between one system and an array of them."""


def count_circuits(solves: Sequence[QuantumSolve]) -> tuple[Agreement, int]:
    """Return the counts from the circuits, summed, and how many were counted and agree.

    Without a circuit for any of them, as for a solver of which only a query count is known, the
    agreement is `formula-only`. Widths are the largest.

    Args:
        solves: quantum jobs.

    Raises:
        AgreementError: a circuit and its formulas disagree.
    """
    dearest = sorted(solves, key=lambda solve: -solve.gates)[:MOST_COUNTED]
    found = [agreement for solve in dearest if (agreement := _count(solve)) is not None]
    if not found or len(found) < len(dearest):
        return Agreement(status="formula-only"), len(found)
    counted = Agreement(
        status="exact",
        factor=1.0,
        toffoli_counted=sum(item.toffoli_counted or 0 for item in found),
        t_counted=sum(item.t_counted or 0 for item in found),
        rotations_counted=sum(item.rotations_counted or 0 for item in found),
        qubits_counted=max(item.qubits_counted or 0 for item in found),
    )
    return counted, len(found)


def _count(solve: QuantumSolve) -> Agreement | None:
    """Return the count of one circuit; None where there is no circuit."""
    if solve.job is None:
        return None
    numbers = solve.job.evaluate()
    cost = total(count_stages(solve.job, numbers), numbers)
    for name in ("toffoli", "t", "rotations", "logical_qubits"):
        alone, together = float(getattr(cost, name)), getattr(solve, name)
        if not math.isclose(alone, together, rel_tol=ROUNDING):
            raise AgreementError(
                f"{name} of one system: {alone:.17g} alone, {together:.17g} in an array"
            )
    agreement = compare(solve.job, cost, numbers.get("synthesis_t", 0))
    return None if agreement.status == "formula-only" else agreement
