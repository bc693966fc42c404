"""Proofs of solvers as a table, and the constant of the adiabatic walk beside the published ones."""

from __future__ import annotations

from collections.abc import Sequence

from qres.verify.solvers import SolverProof
from qres.verify.tables import Row, counts, table, text
from qres.verify.walk import PROVEN, WalkConstant

_TITLE = "Solvers simulated on exact completions of random matrices, and what is promised"
_COUNTS = (
    "Uses of U_A: by the published model, and of the circuit; its gates counted three ways agree;"
    " qubits: claimed, and the most that are alive at one step of the circuit"
)
_HEAD = (
    f"{'runs':>5}{'rows':>5}{'kappa':>6}{'error':>9}{'found':>9}{'fidelity':>10}"
    f"{'flag':>6}{'found':>6}{'model':>9}{'used':>7}{'qubits':>8}"
)
_CONSTANT = (
    "The adiabatic walk on 20 random 8 x 8 matrices each: constant = distance x steps / kappa"
)
_PUBLISHED = (
    f"published: 1.84 and 1.56 (averages over random matrices), 638 and {PROVEN} (bounds; definite"
    " and general matrices)"
)
_CONSTANT_HEAD = (
    f"{'weights':<12}{'kappa':>6}{'steps':>7}{'distance':>10}{'flag':>7}{'constant':>10}"
)


def solvers_text(proofs: Sequence[SolverProof], *, is_whole: bool) -> str:
    """Return a table of runs; where claimed and found differ a row says so.

    Args:
        proofs: at least one.
        is_whole: every run; else for each solver the one that comes nearest to its error, and all
            that differ.
    """
    groups: dict[str, list[SolverProof]] = {}
    for proof in proofs:
        groups.setdefault(proof.solver, []).append(proof)
    rows = []
    for group in groups.values():
        if is_whole:
            rows += [_row(proof, 1) for proof in group]
            continue
        rows.append(_row(max(group, key=lambda proof: proof.epsilon_found), len(group)))
        rows += [_row(proof, 1) for proof in group if not proof.is_equal]
    return "\n".join([*text(_TITLE), *text(_COUNTS), *table(_HEAD, rows)])


def constants_text(found: Sequence[WalkConstant]) -> str:
    """Return the measured constants as a table, and below it the published ones."""
    rows = map(_constant_row, found)
    return "\n".join([*text(_CONSTANT), *table(_CONSTANT_HEAD, rows), *text(_PUBLISHED)])


def _constant_row(found: WalkConstant) -> Row:
    weights = "published" if found.is_published else "equal"
    cells = (
        f"{weights:<12}{found.kappa:>6g}{found.walk_steps:>7}{found.distance:>10.3f}"
        f"{found.flag_prob:>7.2f}{found.constant:>10.2f}"
    )
    return Row(cells, found.is_equal)


def _row(proof: SolverProof, count: int) -> Row:
    cells = (
        f"{count:>5}{proof.rows:>5}{proof.kappa:>6g}"
        f"{proof.epsilon:>9.1e}{proof.epsilon_found:>9.1e}{proof.fidelity:>10.6f}"
        f"{proof.flag_prob:>6.2f}{proof.flag_found:>6.2f}{proof.model:>9.1f}{proof.circuit[0]:>7}"
        f"{'/'.join(map(str, proof.qubits)):>8}"
    )
    ways = zip(proof.formula, proof.call_graph, proof.circuit, strict=True)
    names = ("uses of U_A", "uses of U_b", "Toffoli", "rotations")
    return Row(cells, proof.is_equal, proof.solver, counts(*zip(names, ways, strict=True)))
