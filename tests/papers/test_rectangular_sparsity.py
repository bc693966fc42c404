r"""Rows and columns of different sparsity: Lemma 48 of arXiv:1806.01838v1, and gates by hand.

$\alpha = \sqrt{s'_r s'_c} \max|A|$. The arrow of $r$ rows, a full column beside a diagonal, has $s_r = 2$
and $s_c = r$; its symmetrised pattern is full. Look-ups of $M$ entries of $b$ bits by blocks of $K$
cost $\lceil M/K \rceil - 2 + (K-1) b$, uncomputations $\lceil M/K \rceil + K - 4$, one more each under
a control.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qres
from qres.bloqs.factor_tables import FactorSlots
from qres.verify import proofs

ARROW = np.diag(np.full(8, 2.0))
ARROW[1:, 0] = 1.0


def isometry(groups, slots, places):
    """Columns sum over the places (index, slot of the other side) of their entries."""
    found = np.zeros((len(places) + len(groups) * slots, len(groups)))
    for index, members in enumerate(groups):
        for slot in range(slots):
            padding = len(places) + index * slots + slot
            row = places[members[slot]] if slot < len(members) else padding
            found[row, index] = slots**-0.5
    return found


@settings(max_examples=15, deadline=None, derandomize=True)
@given(size=st.integers(2, 12), share=st.floats(0.05, 0.9), seed=st.integers(0, 2**32 - 1))
def test_the_lemma(size, share, seed):
    """Breaking it means: the normalisation that is charged is not that of rows and columns apart.

    The states of rows and columns meet in the entries that they share, each with its amplitude.
    """
    rng = np.random.default_rng(seed)
    matrix = np.where(rng.random((size, size)) < share, rng.normal(size=(size, size)), 0)
    matrix[rng.integers(size), rng.integers(size)] = 1.5
    entries = [(int(i), int(j)) for i, j in np.argwhere(matrix)]
    places = {entry: number for number, entry in enumerate(entries)}
    rows = [[entry for entry in entries if entry[0] == i] for i in range(size)]
    columns = [[entry for entry in entries if entry[1] == j] for j in range(size)]
    counts = [max(map(len, sides)) for sides in (rows, columns)]
    padded = [2 ** (count - 1).bit_length() for count in counts]
    left, right = (
        isometry(side, slots, places) for side, slots in zip((rows, columns), padded, strict=True)
    )
    amplitudes = [matrix[entry] / np.abs(matrix).max() for entry in entries]
    block = left[: len(entries)].T @ np.diag(amplitudes) @ right[: len(entries)]
    alpha = qres.formula("encoding.sparse-rectangular.alpha")(
        dim=size,
        row_sparsity=counts[0],
        column_sparsity=counts[1],
        max_entry=float(np.abs(matrix).max()),
    )
    assert alpha * block == pytest.approx(matrix, abs=1e-12)


def test_the_normalisation_of_an_arrow():
    """8 x 8, largest entry 2: 16 by 8 slots in rows and columns; sqrt(2 * 8) * 2 = 8 apart."""
    known = {"dim": 8, "max_entry": 2.0}
    assert qres.formula("encoding.sparse.alpha")(**known, sparsity=8) == 16
    apart = qres.formula("encoding.sparse-rectangular.alpha")
    assert apart(**known, row_sparsity=2, column_sparsity=8) == 8
    assert apart(**known, row_sparsity=8, column_sparsity=2) == 8
    assert apart(**known, row_sparsity=3, column_sparsity=2) == pytest.approx(8**0.5 * 2, rel=1e-15)


@pytest.mark.parametrize("is_row", [False, True])
@pytest.mark.parametrize(
    ("size", "plain", "controlled"),
    [
        # angles of 10 bits, 8 * 2: 14, by fours 4 + 4 - 4; addition 9; moves of 6 bits, 8 * 8: by
        # fours 14 + 18, by eights 8 + 8 - 4. A control: four tables and two diffusions
        (8, (14 + 4) + 9 + (32 + 12), 6),
        # angles, 5 * 2: 8, by pairs 5 + 2 - 4; addition 9; moves of 6 bits, 5 * 8, always under the
        # comparison: by pairs 18 + 6 + 1, uncomputed by eights 5 + 8 - 4 + 1; two comparisons with 5
        # of 2. A control: two tables, two diffusions, and that it joins the comparison
        (5, (8 + 3) + 9 + (25 + 10) + 4, 5),
        # angles, 2 * 2: 2, by pairs 2 + 2 - 4; addition 9; moves of 2 bits: by pairs 0 + 2, 2 + 2 - 4.
        # A control: four tables
        (2, (2 + 0) + 9 + (2 + 0), 4),
    ],
)
def test_gates_of_an_arrow(size, plain, controlled, is_row):
    """Rows and columns exchanged, it costs the same: angles are looked up on the side with fewer."""
    matrix = ARROW[:size, :size].T if is_row else ARROW[:size, :size]
    for form, toffoli in (("plain", plain), ("adjoint", plain), ("controlled", plain + controlled)):
        proof = proofs.prove("sparse-rectangular", matrix, form=form, bits=10)
        assert proof.is_equal
        assert proof.toffoli == toffoli


def linear_system(tmp_path, **keys):
    np.save(tmp_path / "arrow.npy", ARROW)
    content = {
        "schema": "qres-model/1",
        "name": "arrow",
        "model": {"matrix": {"file": str(tmp_path / "arrow.npy")}},
        "algorithm": {"name": "linear-system", "readout": {"kind": "state"}, **keys},
        "error": {"total": 0.1},
    }
    return qres.estimate(qres.load(content))


@pytest.mark.slow
def test_the_price_of_an_arrow(tmp_path, monkeypatch):
    """alpha = 8 in the job; under the control of the solver 67 + b gates a query of b-bit angles.

    15 + 5 for the angles, b - 1 to add one, 33 + 13 for the moves, two diffusions.
    """
    monkeypatch.setenv("QRES_CACHE", str(tmp_path / "cache"))
    report = linear_system(tmp_path, encoding="sparse")
    job, numbers = report.job, report.priced.numbers
    assert job.choices["encoding"] == "sparse-rectangular"
    assert job.values["row_sparsity"].value == 2
    assert job.values["column_sparsity"].value == 8
    assert numbers["alpha_matrix"] == 8
    circuits = [item for item in job.bloq().call_graph()[0] if isinstance(item, FactorSlots)]
    assert {circuit.alpha for circuit in circuits} == {8}
    smallest = np.linalg.svd(ARROW, compute_uv=False)[-1]
    assert numbers["kappa_eff"] == pytest.approx(8 / smallest, rel=1e-9)
    assert numbers["matrix_bits"] >= 8  # below, blocks of two angles would be cheaper
    assert numbers["query_toffoli"] == 67 + numbers["matrix_bits"]
    assert report.to_dict()["logical"]["agreement"]["status"] == "exact"
