"""The encodings whose circuits can be built with data, and the leaves under their bloqs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from qres.algorithms.encodings import dense, frobenius, sparse
from qres.algorithms.encodings.base import Encoding
from qres.notation.formula import Formula
from qres.verify.circuits.frobenius import frobenius_circuit
from qres.verify.circuits.sparse import sparse_circuit
from qres.verify.gates import GateList


@dataclass(frozen=True, kw_only=True)
class Provable:
    """An encoding whose circuit can be built with data.

    Args:
        encoding: what the pipeline uses.
        alpha: its normalisation as a formula.
        toffoli: its Toffoli gates as a formula.
        circuit: (bloq, matrix) to its gates.
    """

    encoding: Encoding
    alpha: Formula
    toffoli: Formula
    circuit: Callable[[Any, np.ndarray], GateList]


PROVABLE = {
    member.encoding.name: member
    for member in (
        Provable(
            encoding=frobenius.ENCODING,
            alpha=frobenius.ALPHA,
            toffoli=frobenius.TOFFOLI,
            circuit=frobenius_circuit,
        ),
        Provable(
            encoding=sparse.ENCODING,
            alpha=sparse.ALPHA,
            toffoli=sparse.TOFFOLI,
            circuit=sparse_circuit,
        ),
        Provable(
            encoding=dense.ENCODING,
            alpha=dense.ALPHA,
            toffoli=dense.TOFFOLI,
            circuit=sparse_circuit,
        ),
    )
}


def call_graph_leaves(bloq: Any) -> Counter[tuple[str | int, ...]]:
    """Return tables and additions under a bloq, as `GateList.leaves` names them."""
    from qualtran.bloqs.arithmetic import Add

    from qres.bloqs.tables import TableLookup, TableUncompute

    _, sigma = bloq.call_graph(keep=lambda b: isinstance(b, TableLookup | TableUncompute | Add))
    found: Counter[tuple[str | int, ...]] = Counter()
    for leaf, count in sigma.items():
        if isinstance(leaf, Add):
            found["addition", leaf.a_dtype.num_qubits] += count
        elif isinstance(leaf, TableLookup | TableUncompute):
            name = "load" if isinstance(leaf, TableLookup) else "unload"
            shape: Any = (leaf.entries, leaf.bitsize, leaf.log_block, leaf.num_controls)
            found[name, *shape] += count
    return found
