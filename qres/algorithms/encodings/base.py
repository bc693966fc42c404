"""What every encoding of a tabulated matrix offers to the pipeline."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import qres.algorithms.encodings as members
from qres.algorithms.blocks import Blocks
from qres.errors import InputError, nearest
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
        note: what the encoding asks of the data, for the report.
    """

    name: str
    needs: tuple[str, ...]
    definitions: Callable[[str], tuple[tuple[str, Formula], ...]]
    angle_error: Any
    toffoli: Callable[[Any], Any]
    width: Callable[[Any], Any]
    ancillas: Any
    bloq: Callable[[Mapping[str, Any], Blocks], Any]
    note: str


@cache
def encodings() -> dict[str, Encoding]:
    """Return every encoding by name: each module of this folder that has an `ENCODING`."""
    modules = (
        importlib.import_module(f"{members.__name__}.{info.name}")
        for info in pkgutil.iter_modules(members.__path__)
    )
    found = [module.ENCODING for module in modules if hasattr(module, "ENCODING")]
    return {encoding.name: encoding for encoding in found}


def encoding(name: str) -> Encoding:
    """Return the encoding of that name.

    Raises:
        InputError: there is none; the nearest names are given.
    """
    try:
        return encodings()[name]
    except KeyError:
        raise InputError(
            f"algorithm.encoding: unknown encoding '{name}'{nearest(name, encodings())}"
        ) from None
