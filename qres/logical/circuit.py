"""A job counted from its circuit, and the comparison with its formulas.

The point estimate of a report is the count from the circuit. Where the two disagree the run stops:
that is a bug of ours, and no number is worth printing.
"""

from __future__ import annotations

from typing import Any

from qres.algorithms.record import Job
from qres.errors import AgreementError
from qres.logical.record import Agreement, LogicalCost

KNOWN_GATES = frozenset(
    {"t", "toffoli", "cswap", "and_bloq", "clifford", "rotation", "measurement"}
)


def count_bloq(bloq: Any) -> tuple[int, int, int, int]:
    """Return (Toffoli, T, rotations, qubits) of a bloq from its call graph.

    And gates and controlled swaps count as Toffoli gates. Anything that cannot be decomposed raises.

    Raises:
        AgreementError: a count is no whole number, negative, or of a kind that is not known here.
    """
    from qualtran.resource_counting import QECGatesCost, QubitCount, get_cost_value

    counts = get_cost_value(bloq, QECGatesCost())
    unknown = set(counts.asdict()) - KNOWN_GATES
    toffoli = counts.toffoli + counts.and_bloq + counts.cswap
    found = (toffoli, counts.t, counts.rotation, get_cost_value(bloq, QubitCount()))
    if unknown or min(found) < 0 or any(int(number) != number for number in found):
        raise AgreementError(f"unexpected count of {bloq}: {found}, gates {sorted(unknown)}")
    toffoli, t, rotations, qubits = (int(number) for number in found)
    return toffoli, t, rotations, qubits


def compare(job: Job, cost: LogicalCost, synthesis_t: int) -> Agreement:
    """Return how the circuit's count and the formulas' compare.

    Args:
        job: with every value filled in.
        cost: the count by formulas, scalars.
        synthesis_t: T gates per rotation.

    Raises:
        AgreementError: they differ.
    """
    bloq = job.bloq()
    if bloq is None:
        return Agreement(status="formula-only")
    toffoli, t, rotations, qubits = count_bloq(bloq)
    found = (toffoli, t + rotations * synthesis_t, rotations, qubits)
    claimed = (cost.toffoli, cost.t, cost.rotations, cost.logical_qubits)
    if found != claimed:
        names = ("Toffoli", "T", "rotations", "qubits")
        differ = [
            f"{name}: circuit {ours}, formula {theirs}"
            for name, ours, theirs in zip(names, found, claimed, strict=True)
            if ours != theirs
        ]
        raise AgreementError(f"{job.name}: circuit and formula disagree ({'; '.join(differ)})")
    return Agreement(
        status="exact",
        factor=1.0,
        toffoli_counted=toffoli,
        t_counted=found[1],
        rotations_counted=rotations,
        qubits_counted=qubits,
    )
