"""The counts of a report as the QDK reads them."""

from __future__ import annotations

from qres.errors import InfeasibleError
from qres.report.record import Result
from qres.report.totals import whole


def logical_counts(report: Result) -> dict[str, int]:
    """Return a QDK `LogicalCounts` mapping; rotations are synthesised, so they stand among the T.

    `model: {given: FILE.json}` reads it back. The QDK itself is right below 1e14 gates only.

    Raises:
        InfeasibleError: there is no price.
    """
    if report.priced is None:
        raise InfeasibleError("logical counts", "the job has no price")
    cost = report.priced.logical
    return {
        "numQubits": int(whole(cost.logical_qubits)),
        "tCount": int(whole(cost.t)),
        "rotationCount": 0,
        "rotationDepth": 0,
        "cczCount": int(whole(cost.toffoli)),
        "ccixCount": 0,
        "measurementCount": int(whole(cost.measurements)),
    }
