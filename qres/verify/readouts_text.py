"""Proofs of read-outs as a table."""

from __future__ import annotations

from collections.abc import Sequence

from qres.verify.readouts import ReadoutProof

_TITLE = "Read-outs simulated on runs of known amplitudes; what is allowed and what was found"
_HEAD = (
    f"{'read-out':<25}{'rows':>5}{'Grover':>8}{'least':>10}{'most':>10}{'found':>10}"
    f"{'Toffoli':>9}{'rotations':>11}{'qubits':>7}{'found':>6}{'false alarm':>13}"
)
_COUNTS = (
    "Counts: formula of an estimate, call graph and decomposition of the circuit, which are equal"
)


def readouts_text(proofs: Sequence[ReadoutProof]) -> str:
    """Return a table of these proofs; where claimed and found differ a row says so."""
    return "\n".join([_TITLE, _COUNTS, _HEAD, *(_row(proof) for proof in proofs)])


def _row(proof: ReadoutProof) -> str:
    columns = [
        "/".join(f"{number:,}" for number in sorted({count[place] for count in proof.counts}))
        for place in (0, 1)
    ]
    alarm = f"{proof.false_alarm:.1e}" if proof.false_alarm else ""
    qubits = f"{proof.qubits[0]:>7}{proof.qubits[1]:>6}" if proof.qubits[0] else " " * 13
    return (
        f"{proof.quantity:<25}{proof.rows:>5}{proof.iterations:>8}"
        f"{proof.least:>10.4g}{proof.most:>10.4g}{proof.found:>10.4g}"
        f"{columns[0]:>9}{columns[1]:>11}{qubits}{alarm:>13}  {'' if proof.is_equal else 'DIFFERS'}"
    ).rstrip()
