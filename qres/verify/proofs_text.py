"""Proofs of circuits as a table."""

from __future__ import annotations

from collections.abc import Sequence

from qres.verify.descent_runs import DescentProof, descents_text
from qres.verify.proofs import Proof
from qres.verify.readouts import ReadoutProof
from qres.verify.readouts_text import readouts_text
from qres.verify.registry import Found
from qres.verify.solvers import SolverProof
from qres.verify.solvers_text import constants_text, solvers_text
from qres.verify.tables import Row, counts, table, text
from qres.verify.walk import WalkConstant

_HEAD = (
    f"  {'form':<10}{'runs':>4} {'matrix':<11}{'rows':>4}"
    f"{'alpha':>7}{'found':>7}{'epsilon':>8}{'found':>8}{'Toffoli':>8}{'qubits':>8}"
)
_TITLE = "Circuits simulated on random matrices; alpha and epsilon claimed and found"
_COUNTS = (
    "Toffoli: formula, call graph and decomposition of the circuit, which are equal; qubits:"
    " claimed, and the most that are alive at one step of the circuit. A matrix whose rows are no"
    " power of two is padded with zeros to the next one"
)


def proofs_text(proofs: Sequence[Found], *, is_whole: bool) -> str:
    """Return tables of proofs; where claimed and found differ a row says so.

    Args:
        proofs: at least one.
        is_whole: every circuit; else for each encoding and form the one that comes nearest to its
            epsilon, and all that differ.
    """
    encoded = [proof for proof in proofs if isinstance(proof, Proof)]
    read = [proof for proof in proofs if isinstance(proof, ReadoutProof)]
    solved = [proof for proof in proofs if isinstance(proof, SolverProof)]
    measured = [proof for proof in proofs if isinstance(proof, WalkConstant)]
    trained = [proof for proof in proofs if isinstance(proof, DescentProof)]
    tables = [_encoded_text(encoded, is_whole)] if encoded else []
    tables += [solvers_text(solved, is_whole=is_whole)] if solved else []
    tables += [constants_text(measured)] if measured else []
    tables += [descents_text(trained)] if trained else []
    return "\n\n".join([*tables, *([readouts_text(read)] if read else [])])


def _encoded_text(proofs: Sequence[Proof], is_whole: bool) -> str:
    groups: dict[tuple[str, str], list[Proof]] = {}
    for proof in proofs:
        groups.setdefault((proof.encoding, proof.form), []).append(proof)
    rows = []
    for group in groups.values():
        if is_whole:
            rows += [_row(proof, 1) for proof in group]
            continue
        rows.append(_row(max(group, key=_nearness), len(group)))
        rows += [_row(proof, 1) for proof in group if not proof.is_equal]
    return "\n".join([*text(_TITLE), *text(_COUNTS), *table(_HEAD, rows)])


def _nearness(proof: Proof) -> float:
    return proof.epsilon_found / proof.epsilon


def _row(proof: Proof, count: int) -> Row:
    found = (proof.toffoli, proof.toffoli_call_graph, proof.toffoli_circuit)
    cells = (
        f"  {proof.form:<10}{count:>4} {proof.matrix:<11}{proof.rows:>4}"
        f"{proof.alpha:>7.4g}{proof.alpha_found:>7.4g}"
        f"{proof.epsilon:>8.1e}{proof.epsilon_found:>8.1e}{proof.toffoli:>8,}"
        f"{'/'.join(map(str, proof.qubits)):>8}"
    )
    return Row(cells, proof.is_equal, proof.encoding, counts(("Toffoli", found)))
