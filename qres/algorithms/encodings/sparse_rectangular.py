r"""Sparse encoding by rows and columns apart: normalisation $\sqrt{s'_r s'_c} \max|A_{ij}|$.

With at most $s_r$ non-zeros in a row and $s_c$ in a column, padded to $s'_r$ and $s'_c$. The
symmetrised pattern of `sparse` has $s \ge \max(s_r, s_c)$ in both, so this normalisation is never the
larger one: a full column beside a diagonal of $r = 8$ rows has $s_r = 2$, $s_c = 8$, and 4 in place
of 8. The circuit is that of $F_1$ in a lift: diffuse over the slots of the column, permute (column,
slot) to (row, slot), rotate a flag by the angle of the entry, diffuse over the slots of the row. In
place of an involution, or of an exchange of names, it reads two tables of $r \max(s'_r, s'_c)$
entries, and angles from one of $r \min(s'_r, s'_c)$; which of the two encodings is cheaper is left
to the choice of the job.

A solver that takes the Hermitian dilation of $A$ uses $U_A$ and its adjoint under a control, with this
normalisation. As a sparse matrix the dilation would have $\max(s_r, s_c)$ non-zeros in its rows and
in its columns: a normalisation that is no smaller, from tables of twice the rows.

Source: Gilyén et al., arXiv:1806.01838v1, Lemma 48; here the look-ups of row and column indices are
one permutation of their places, so that no index is left behind.
"""

from __future__ import annotations

from qres.algorithms.encodings.base import Encoding
from qres.algorithms.encodings.card import (
    alpha_formula,
    ancillas_formula,
    toffoli_formula,
    width_formula,
)
from qres.algorithms.encodings.factors import Tensor
from qres.algorithms.encodings.sparse import slots_factor
from qres.notation.source import derived
from qres.notation.symbols import symbol

NAME = "sparse-rectangular"

TENSOR = Tensor(
    order=1,
    divisor=1,
    alpha="alpha_matrix",
    max_entry="max_entry",
    frobenius="frobenius_norm",
    sparsity="row_sparsity",
    slot_bits="row_slot_bits",
    column_sparsity="column_sparsity",
    column_slot_bits="column_slot_bits",
)
"""The matrix by its own rows and columns."""

_FACTOR = slots_factor(TENSOR)
_SOURCE = derived("circuits of qres.bloqs: permutation of places and value look-up")
_PARTS = _FACTOR.definitions(f"encoding.{NAME}")

ALPHA = alpha_formula(
    NAME,
    dict(_PARTS)["alpha_matrix"].expression,
    "sparse access with padded slots in rows and columns",
    _PARTS[:-1],
)
TOFFOLI = toffoli_formula(
    NAME, "the sparse encoding by rows and columns", _FACTOR.toffoli(symbol("controls")), _SOURCE
)
WIDTH = width_formula(NAME, _FACTOR.width(symbol("controls")))
ANCILLAS = ancillas_formula(NAME, _FACTOR.ancillas)

FORMULAS = (ALPHA, TOFFOLI, WIDTH, ANCILLAS)

ENCODING = Encoding(
    name=NAME,
    needs=_FACTOR.needs,
    definitions=_FACTOR.definitions,
    angle_error=_FACTOR.angle_error,
    toffoli=_FACTOR.toffoli,
    width=_FACTOR.width,
    ancillas=ANCILLAS.expression,
    bloq=_FACTOR.bloq,
    is_norm_access=False,
    hint="rows and columns are counted apart where the pattern is not symmetric; else take sparse",
)
