"""Proofs of solvers as a table, and the constant of the adiabatic walk beside the published ones."""

from __future__ import annotations

from collections.abc import Sequence

from qres.verify.solvers import SolverProof
from qres.verify.walk import PROVEN, WalkConstant

_TITLE = "Solvers simulated on exact completions of random matrices, and what is promised"
_COUNTS = (
    "Uses of U_A: by the published model, and of the circuit; its gates counted three ways agree"
)
_HEAD = (
    f"{'solver':<21}{'runs':>5}{'rows':>5}{'kappa':>6}{'error':>9}{'found':>9}{'fidelity':>10}"
    f"{'flag':>7}{'found':>7}{'model':>9}{'used':>6}{'qubits':>7}{'found':>6}"
)
_CONSTANT = (
    "The adiabatic walk on 20 random 8 x 8 matrices each: constant = distance x steps / kappa"
)
_PUBLISHED = (
    f"published: 1.84 and 1.56 (averages over random matrices), 638 and {PROVEN} (bounds; definite",
    "  and general matrices)",
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
    lines = [_TITLE, _COUNTS, _HEAD]
    for group in groups.values():
        if is_whole:
            lines += [_row(proof, 1) for proof in group]
            continue
        lines.append(_row(max(group, key=lambda proof: proof.epsilon_found), len(group)))
        lines += [_row(proof, 1) for proof in group if not proof.is_equal]
    return "\n".join(lines)


def constants_text(found: Sequence[WalkConstant]) -> str:
    """Return the measured constants as a table, and below it the published ones."""
    return "\n".join([_CONSTANT, _CONSTANT_HEAD, *map(_constant_row, found), *_PUBLISHED])


def _constant_row(found: WalkConstant) -> str:
    weights = "published" if found.is_published else "equal"
    return (
        f"{weights:<12}{found.kappa:>6g}{found.walk_steps:>7}{found.distance:>10.3f}"
        f"{found.flag_prob:>7.2f}{found.constant:>10.2f}"
    )


def _row(proof: SolverProof, count: int) -> str:
    return (
        f"{proof.solver:<21}{count:>5}{proof.rows:>5}{proof.kappa:>6g}"
        f"{proof.epsilon:>9.1e}{proof.epsilon_found:>9.1e}{proof.fidelity:>10.6f}"
        f"{proof.flag_prob:>7.2f}{proof.flag_found:>7.2f}{proof.model:>9.1f}{proof.circuit[0]:>6}"
        f"{proof.qubits[0]:>7}{proof.qubits[1]:>6}"
        f"  {'' if proof.is_equal else 'DIFFERS'}"
    ).rstrip()
