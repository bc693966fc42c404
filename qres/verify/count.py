"""Gates of a circuit by its decomposition, down to leaves that everybody counts alike."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any

from qualtran import Bloq
from qualtran.bloqs.basic_gates import Toffoli, TwoBitCSwap
from qualtran.bloqs.data_loading.qrom import QROM
from qualtran.bloqs.mcmt import And

from qres.bloqs.circuit import Circuit
from qres.bloqs.controlled_hadamard import ControlledHadamard
from qres.bloqs.dense_block import DenseBlock
from qres.bloqs.dense_vector import DenseVector
from qres.bloqs.turn import Turn

TOFFOLI, ROTATIONS = "toffoli", "rotations"
MATRICES, VECTORS = "uses of U_A", "uses of U_b"
_OPAQUE = {DenseBlock: MATRICES, DenseVector: VECTORS}
_ONE = {Toffoli, TwoBitCSwap, ControlledHadamard}
_FREE = ("qualtran.bloqs.basic_gates", "qualtran.bloqs.bookkeeping")


def decomposed_counts(bloq: Bloq) -> Counter[str]:
    """Return Toffoli-like gates, rotations and uses of what is known as a matrix, step by step.

    Raises:
        DecomposeTypeError: a circuit in it is known by its counts alone.
    """
    return Counter(_counts(bare(bloq)))


def bare(bloq: Bloq) -> Bloq:
    """A QROM without its data, which do not change the number of its gates."""
    if isinstance(bloq, QROM):
        return QROM.build_from_bitsize(
            bloq.data_shape, bloq.target_bitsizes, num_controls=bloq.num_controls
        )
    return bloq


@lru_cache(maxsize=100_000)
def _counts(bloq: Bloq) -> dict[str, int]:
    if isinstance(bloq, And):
        return {} if bloq.uncompute else {TOFFOLI: 1}
    if type(bloq) in _OPAQUE:
        return {_OPAQUE[type(bloq)]: 1}
    if type(bloq) in _ONE:
        return {TOFFOLI: 1}
    if isinstance(bloq, Turn):
        controls: Any = bloq.num_controls
        return {ROTATIONS: 1 + controls}
    if type(bloq).__module__.startswith(_FREE):
        return {}
    found: Counter[str] = Counter()
    for part, times in _parts(bloq).items():
        for name, number in _counts(bare(part)).items():
            found[name] += times * number
    return dict(found)


def _parts(bloq: Bloq) -> Counter[Bloq]:
    if isinstance(bloq, Circuit):
        return Counter(step.bloq for step in bloq.sequence() if step.bloq is not None)
    if isinstance(bloq, QROM):
        entries = int(bloq.data_shape[0])
        # words that are all different: where they repeat, the tree is pruned
        bloq = QROM.build_from_data(
            range(entries), target_bitsizes=(entries,), num_controls=bloq.num_controls
        )
    return Counter(instance.bloq for instance in bloq.decompose_bloq().bloq_instances)
