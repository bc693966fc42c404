"""Operations of a block that was not formed, by hand."""

import numpy as np
import pytest

from qres.measurement.newton.curvature import BlockMatrix
from qres.measurement.newton.examine import examine_block
from qres.measurement.newton.singular import Effort
from qres.measurement.newton.work import count_work

GRADIENT = 1e6


def count(matrix, n_probes):
    found = count_work(
        matrix,
        gradient=GRADIENT,
        share=1.0,
        lanczos_steps=5,
        n_probes=n_probes,
        is_relative=False,
        is_pruned=False,
    )
    return found["frobenius"]


@pytest.mark.parametrize(
    ("matrix", "scale", "damp"),
    [
        # 3 rows a sample: (1 + 2 * 3)/3 gradients for half of the parameters, and 2 * 30 * 20
        ({"factor_rows": 30, "rows_per_sample": 3}, 1e6 * 7 / 3 / 2 + 1200, 20 + 1200),
        (
            {"factor_rows": 30, "rows_per_sample": 3, "dense": np.eye(20)},
            1e6 * 7 / 6 + 1200,
            20 + 400,
        ),
        # a Hessian: 20 products of 2.5 gradients
        ({"dense": np.eye(20)}, 20 * 2.5e6, 20 + 400),
    ],
    ids=["square by products", "square", "hessian"],
)
def test_a_damping_relative_to_the_largest_entry_asks_for_it(matrix, scale, damp):
    block = BlockMatrix(dim=20, multiply=abs, **matrix)
    settings = {"gradient": 1e6, "share": 0.5, "lanczos_steps": 5, "n_probes": 4}
    relative, absolute = (
        count_work(block, **settings, is_relative=is_relative, is_pruned=False)
        for is_relative in (True, False)
    )
    assert (relative["scale"], relative["damp"]) == (pytest.approx(scale), damp)
    assert (absolute["scale"], absolute["damp"]) == (0, 20)


@pytest.mark.parametrize(("n_probes", "products"), [(4, 12), (9, 27), (10, 20), (30, 20)])
def test_the_frobenius_norm_of_products_is_charged_as_many_as_it_takes(n_probes, products):
    """Dimension 20: three products a probe, or every column where that is enough; 2.5 gradients each."""
    rows, calls = np.random.default_rng(0).standard_normal((30, 20)), []

    def multiply(vector):
        calls.append(1)
        return rows.T @ (rows @ vector)

    matrix = BlockMatrix(dim=20, multiply=multiply, factor_rows=30, trace=float(np.sum(rows**2)))
    assert count(matrix, n_probes) == products * 2.5 * GRADIENT
    found = examine_block(
        matrix,
        10.0,
        np.ones(20),
        prune=0.0,
        n_samples=30,
        effort=Effort(lanczos_steps=5, n_probes=n_probes, seed=(0,)),
        place="here",
    )
    assert found.lanczos_steps == 5
    iterations = len(calls) - 5 - products  # of conjugate gradients
    assert 0 < iterations <= 20
    exact = np.linalg.norm(rows.T @ rows + 10 * np.eye(20))
    assert found.values["frobenius_norm"].low <= exact <= found.values["frobenius_norm"].high


def test_the_frobenius_norm_of_a_factor_takes_its_small_square():
    """7 rows of 20 columns: 2 * 49 * 20; of a matrix that was formed nothing."""
    rows = np.ones((7, 20))
    matrix = BlockMatrix(dim=20, multiply=rows.__matmul__, rows=rows, factor_rows=7)
    assert count(matrix, 3) == 1960
    formed = BlockMatrix(dim=20, multiply=rows.__matmul__, dense=np.eye(20), factor_rows=7)
    assert count(formed, 3) == 0
