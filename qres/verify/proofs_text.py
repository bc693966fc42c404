"""Proofs of circuits as a table."""

from __future__ import annotations

from collections.abc import Sequence

from qres.verify.proofs import Proof

_HEAD = (
    f"{'encoding':<11}{'form':<11}{'circuits':>8}  {'matrix':<11}{'rows':>4}"
    f"{'alpha':>10}{'found':>10}{'epsilon':>9}{'found':>9}{'Toffoli':>9}"
)
_TITLE = "Circuits simulated on random matrices; alpha and epsilon claimed and found"
_COUNTS = "Toffoli: formula, call graph and decomposition of the circuit, which are equal"


def proofs_text(proofs: Sequence[Proof], *, is_whole: bool) -> str:
    """Return a table of proofs; where claimed and found differ a row says so.

    Args:
        proofs: at least one.
        is_whole: every circuit; else for each encoding and form the one that comes nearest to its
            epsilon, and all that differ.
    """
    groups: dict[tuple[str, str], list[Proof]] = {}
    for proof in proofs:
        groups.setdefault((proof.encoding, proof.form), []).append(proof)
    lines = [_TITLE, _COUNTS, _HEAD]
    for group in groups.values():
        if is_whole:
            lines += [_row(proof, 1) for proof in group]
            continue
        lines.append(_row(max(group, key=_nearness), len(group)))
        lines += [_row(proof, 1) for proof in group if not proof.is_equal]
    return "\n".join(lines)


def _nearness(proof: Proof) -> float:
    return proof.epsilon_found / proof.epsilon


def _row(proof: Proof, count: int) -> str:
    counts = (proof.toffoli, proof.toffoli_call_graph, proof.toffoli_circuit)
    toffoli = f"{counts[0]:,}" if len(set(counts)) == 1 else "/".join(map(str, counts))
    return (
        f"{proof.encoding:<11}{proof.form:<11}{count:>8,}  {proof.matrix:<11}{proof.rows:>4}"
        f"{proof.alpha:>10.5g}{proof.alpha_found:>10.5g}"
        f"{proof.epsilon:>9.1e}{proof.epsilon_found:>9.1e}{toffoli:>9}"
        f"  {'' if proof.is_equal else 'DIFFERS'}"
    ).rstrip()
