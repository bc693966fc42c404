"""Proofs of read-outs as a table."""

from __future__ import annotations

from collections.abc import Sequence

from qres.verify.readouts import ReadoutProof
from qres.verify.tables import Row, counts, table, text

_TITLE = "Amplification and read-outs of runs of known amplitudes, simulated: allowed and found"
_HEAD = (
    f"{'rows':>6}{'Grover':>8}{'least':>10}{'most':>10}{'found':>10}"
    f"{'Toffoli':>9}{'rotations':>10}{'qubits':>8}{'alarm':>9}"
)
_COUNTS = (
    "Counts: formula of an estimate, call graph and decomposition of the circuit, which are equal;"
    " qubits: claimed and found; alarm: the chance that a correct circuit misses its bounds"
)


def readouts_text(proofs: Sequence[ReadoutProof]) -> str:
    """Return a table of these proofs; where claimed and found differ a row says so."""
    return "\n".join([*text(_TITLE), *text(_COUNTS), *table(_HEAD, map(_row, proofs))])


def _row(proof: ReadoutProof) -> Row:
    numbers = [f"{number:,}" for number in proof.counts[0][:2]] if proof.counts else ["", ""]
    alarm = f"{proof.false_alarm:.1e}" if proof.false_alarm else ""
    qubits = "/".join(map(str, proof.qubits)) if proof.qubits[0] else ""
    cells = (
        f"{proof.rows:>6}{proof.iterations:>8}"
        f"{proof.least:>10.4g}{proof.most:>10.4g}{proof.found:>10.4g}"
        f"{numbers[0]:>9}{numbers[1]:>10}{qubits:>8}{alarm:>9}"
    )
    ways = zip(
        ("Toffoli", "rotations", "uses of the run"), zip(*proof.counts, strict=True), strict=False
    )
    return Row(cells, proof.is_equal, proof.quantity, counts(*ways))
