"""What every encoding of a tabulated matrix offers to the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import qres.algorithms.encodings as folder
from qres.algorithms.blocks import Blocks
from qres.algorithms.encodings.factors import Factor
from qres.errors import InputError
from qres.notation.catalogue import members, one
from qres.notation.formula import Formula


@dataclass(frozen=True, kw_only=True)
class Encoding:
    r"""An encoding as the pipeline sees it.

    Args:
        name: as in `algorithm.encoding`.
        needs: values that must be known besides `dim`.
        definitions: (algorithm name) to derived symbols, `alpha_matrix` among them.
        angle_error: factor $f$ of the angle bits: $b_A = \lceil\log_2(f \eta\alpha/\epsilon_L)\rceil$.
        toffoli: (controls) to the Toffoli gates of one use.
        width: (controls) to the qubits of its largest look-up.
        ancillas: ancilla qubits of the encoding.
        bloq: (values, blocks) to its circuit.
        is_norm_access: whether it samples rows by their norms, as dequantised algorithms do.
        hint: for whom its values are not known, and why.
        factor: (k) to the encoding of $F_k$, $r \times r^k$; None where only $F_1$ can be encoded.
        variants: encodings that its name stands for, too; the cheapest of them is taken.
    """

    name: str
    needs: tuple[str, ...]
    definitions: Callable[[str], tuple[tuple[str, Formula], ...]]
    angle_error: Any
    toffoli: Callable[[Any], Any]
    width: Callable[[Any], Any]
    ancillas: Any
    bloq: Callable[[Mapping[str, Any], Blocks], Any]
    is_norm_access: bool
    hint: str = ""
    factor: Callable[[int], Factor] | None = None
    variants: tuple[str, ...] = ()


@cache
def encodings() -> dict[str, Encoding]:
    """Return every encoding by name: each module of this folder that has an `ENCODING`."""
    return members(folder, "ENCODING")


@cache
def encoding(name: str) -> Encoding:
    """Return the encoding of that name, or refuse it with the nearest names."""
    return one(folder, "ENCODING", name, "algorithm.encoding: unknown encoding")


def usable_encodings(wanted: str, known: Collection[str]) -> list[str]:
    """Return the encodings whose values are known, of all for `auto`, else the wanted one's variants.

    Raises:
        InputError: none is usable; what is missing is named.
    """
    names = list(encodings()) if wanted == "auto" else [wanted, *encoding(wanted).variants]
    usable = [name for name in names if all(need in known for need in encoding(name).needs)]
    if not usable:
        asked = names if wanted == "auto" else [wanted]
        missing = [need for name in asked for need in encoding(name).needs if need not in known]
        hint = "" if wanted == "auto" else encoding(wanted).hint
        tail = f"; {hint}" if hint else ""
        raise InputError(f"algorithm.encoding: {wanted} needs {', '.join(missing)}{tail}")
    return usable
