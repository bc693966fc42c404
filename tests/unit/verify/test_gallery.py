"""Every circuit is shown: one small instance of each class, which decomposes and can be drawn."""

from __future__ import annotations

import importlib
import inspect
import itertools
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest

import qres
import qres.bloqs
from qres.bloqs.circuit import Circuit
from qres.verify import histories, lifts, registry
from qres.verify.drawing import COLUMNS, LINES
from qres.verify.flatten import Writer
from qres.verify.gallery import GROUPS
from qres.verify.solver_runs import provable_solvers

WITHOUT_STEPS = {"SolverRun", "GivenOperator", "ReadoutJob", "DenseBlock", "DenseVector"}
"""Known by their counts alone, or as a matrix."""


def classes() -> set[str]:
    """Every class of circuit that can be made."""
    for module in pkgutil.iter_modules(qres.bloqs.__path__):
        importlib.import_module(f"qres.bloqs.{module.name}")

    def below(parent: type) -> Iterator[type]:
        for child in parent.__subclasses__():
            yield child
            yield from below(child)

    mine = {item for item in below(Circuit) if item.__module__.startswith("qres.bloqs.")}
    kept = {getattr(importlib.import_module(item.__module__), item.__name__) for item in mine}
    return {item.__name__ for item in kept if not inspect.isabstract(item)}


@pytest.fixture(scope="module")
def gallery():
    """What the public verb returns."""
    return qres.circuits()


@pytest.mark.slow
def test_every_class_with_steps_is_shown_once(gallery):
    names = [name for group in gallery.values() for name in group]
    assert set(names) == classes() - WITHOUT_STEPS
    assert len(names) == len(set(names))
    assert list(gallery) == list(GROUPS)
    assert all(gallery.values())


COUNTED_ALONE = {"SolverRun", "GivenOperator", "ReadoutJob"}
"""A run without steps, what the user typed, a sum of jobs: there is nothing to simulate."""


@pytest.mark.slow
def test_every_class_is_simulated_by_a_proof(monkeypatch):
    """Each takes part in what `qres verify` simulates, and in what agrees; also what is a leaf elsewhere.

    Of histories and lifts the first of each title and encoding, of solvers the first matrix; left out
    is what is long and made of the same circuits.
    """
    seen: set[str] = set()
    write = Writer.write

    def noted(self, bloq, slots, free):
        seen.add(type(bloq).__name__)
        write(self, bloq, slots, free)

    monkeypatch.setattr(Writer, "write", noted)
    few = {case[:2]: case for case in reversed(histories.history_cases())}
    monkeypatch.setattr(histories, "history_cases", lambda: list(few.values()))
    monkeypatch.setattr(lifts, "CASES", tuple({c.title: c for c in reversed(lifts.CASES)}.values()))
    long = {
        "adiabatic-proven",
        "adiabatic-constant",
        "descents",
        "end-to-end",
        "factors",
        "iterative",
    }
    for name in registry.FAMILIES.keys() - long:
        proofs = registry.prove([name])
        if name in provable_solvers():
            proofs = itertools.islice(proofs, 1)
        assert all(proof.is_equal for proof in proofs), name
    assert seen & classes() == classes() - COUNTED_ALONE


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
    bloq = gallery["encodings"]["FrobeniusEncoding"].with_matrix(matrix)
    alpha = np.linalg.norm(matrix)
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
