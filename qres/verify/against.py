"""The tools that our physical models are held against, and the comparison as text."""

from __future__ import annotations

from collections.abc import Sequence

from qres.errors import InputError, nearest
from qres.verify.record import Comparison
from qres.verify.tables import Row, table

PEERS = ("qualtran", "qdk")


def compare_with(peer: str, *, n_inputs: int = 500, seed: int = 0) -> tuple[Comparison, ...]:
    """Return every quantity of ours against the same of another tool, over random inputs.

    Args:
        peer: `qualtran` or `qdk`.
        n_inputs: how many inputs.
        seed: of the inputs.

    Raises:
        InputError: unknown tool, no inputs, or the tool is not installed.
    """
    if peer not in PEERS:
        raise InputError(f"--against: '{peer}' is not known{nearest(peer, PEERS)}")
    if n_inputs < 1:
        raise InputError(f"inputs: expected 1 or more, found {n_inputs}")
    if peer == "qdk":
        from qres.verify.against_qdk import compare_qdk

        return compare_qdk(n_inputs, seed)
    from qres.verify.against_qualtran import compare_qualtran

    return compare_qualtran(n_inputs, seed)


def comparison_text(peer: str, found: Sequence[Comparison]) -> str:
    """Return a table of what was compared: claimed by us, found there, where they differ most."""
    head = (
        f"{'quantity':<17}{'inputs':>8}{'largest':>10}{'allowed':>10}{'claimed':>14}{'found':>14}"
    )
    rows = (
        Row(
            f"{item.quantity:<17}{item.n_inputs:>8,}{item.worst:>10.1e}{item.allowed:>10.1e}"
            f"{item.ours:>14.6g}{item.theirs:>14.6g}",
            item.is_equal,
        )
        for item in found
    )
    title = f"qres against {peer}; claimed and found where they differ most"
    return "\n".join([title, *table(head, rows)])
