"""Every circuit is shown: one small instance of each class, which decomposes and can be drawn."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import nbformat
import numpy as np
import pytest

import qres
from qres.verify.drawing import COLUMNS, LINES
from qres.verify.gallery import GROUPS


@pytest.fixture(scope="module")
def gallery():
    """What the public verb returns."""
    return qres.circuits()


@pytest.mark.slow
def test_what_is_drawn_is_the_decomposition(gallery):
    """A line of text for each of the first lines, a title for each circuit."""
    import matplotlib.pyplot as plt

    shown = gallery["solvers"] | gallery["tables"]
    figure = qres.draw_circuits(shown)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert [title.split(" (")[0] for title in titles] == list(shown)
    long = next(title for title in titles if title.startswith("AdiabaticRun"))
    assert "its beginning" in long
    for axes in figure.axes:
        boxes = [text.get_text() for text in axes.texts]
        assert boxes
        assert all(text.get_position()[0] <= COLUMNS for text in axes.texts)
        assert all(text.get_position()[1] >= -LINES for text in axes.texts)
    plt.close(figure)


@pytest.mark.slow
def test_the_simulated_block_is_the_matrix(gallery):
    matrix = np.array([[0.9, -0.4, 0.0], [0.2, 0.6, -0.7], [-0.5, 0.1, 0.8]])
    alpha = float(np.linalg.norm(matrix))
    circuit = attrs.evolve(gallery["encodings"]["FrobeniusEncoding"], alpha=alpha)
    bloq = circuit.with_matrix(matrix)
    found = alpha * qres.simulate(bloq)[:3, :3]
    # four levels of rotations (two trees of two), each off by at most 2 pi/2^5
    assert 1e-6 < np.linalg.norm(found - matrix, 2) < alpha * 4 * 2 * np.pi / 32


@pytest.mark.slow
def test_proofs_come_by_name():
    found = qres.prove("gram")
    assert {proof.form for proof in found} == {"plain", "adjoint", "controlled"}
    assert all(proof.is_equal for proof in found)
    with pytest.raises(qres.InputError, match=r"no circuit to simulate for 'gran'.*gram"):
        qres.prove("gran")


def test_every_group_is_drawn_in_the_notebook():
    """With the law above: each class is drawn."""
    path = Path(__file__).parents[3] / "notebooks" / "03_circuits.ipynb"
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    drawn = [re.findall(r'draw_circuits\(gallery\["(.+?)"\]\)', cell) for cell in cells]
    assert [name for names in drawn for name in names] == list(GROUPS)
