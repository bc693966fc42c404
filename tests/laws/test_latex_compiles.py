"""All formulas in one document: pdfLaTeX takes them, and nothing sticks out of a column."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from typing import Any

import pytest

from qres.notation.bibtex import bibliography
from qres.notation.block import DEPTHS
from qres.notation.latex_table import formula_table
from qres.staircase import formulas

PACKAGES = "texlive-latex-recommended texlive-fonts-recommended texlive-latex-extra"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("pdflatex"), reason=f"needs pdflatex: {PACKAGES}"),
]

HEAD = r"""\documentclass[10pt,twocolumn]{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath,array,booktabs}
\usepackage[textwidth=512pt,textheight=690pt,columnsep=20pt]{geometry}
\allowdisplaybreaks
\begin{document}
"""


def compiled(bodies: dict[str, str], folder: Any) -> list[str]:
    """Return what pdfLaTeX complains about, each with the name of the body it was in."""
    marked = (rf"\typeout{{AT {name}}}" + "\n" + body for name, body in bodies.items())
    (folder / "all.tex").write_text(HEAD + "\n\n".join(marked) + "\n\\end{document}\n")
    command = ["pdflatex", "-interaction=nonstopmode", "-no-shell-escape", "all.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    assert (folder / "all.pdf").exists()
    return list(complaints(done.stdout.decode(errors="replace").splitlines()))


def complaints(log: Iterable[str]) -> Iterable[str]:
    at = ""
    for line in log:
        at = line if line.startswith("AT ") else at
        if line.startswith("!") or r"Overfull \hbox" in line or "Float too large" in line:
            yield f"{at}: {line}"


def column(body: str) -> str:
    """Return a body in a column of 246 points."""
    return rf"\noindent\begin{{minipage}}[t]{{246pt}}{body}\end{{minipage}}\par"


def test_every_formula_fits_a_column(tmp_path):
    bodies = {}
    for item in formulas():
        for depth in DEPTHS[::2] if item.headline else DEPTHS[:1]:
            bodies[f"{item.name} {depth}"] = column(item.block(depth))
    assert len(bodies) > 90
    assert compiled(bodies, tmp_path) == []


def test_every_table_fits_a_page(tmp_path):
    families = {item.name.partition(".")[0] for item in formulas()}
    bodies = {family: formula_table(formulas(f"{family}.")) + r"\clearpage" for family in families}
    assert compiled(bodies, tmp_path) == []


def test_a_line_that_is_too_wide_is_seen(tmp_path):
    wide = column(rf"\[ {' + '.join(['x'] * 60)} \]")
    assert "Overfull" in compiled({"wide": wide}, tmp_path)[0]
    assert "Undefined control sequence" in compiled({"wrong": r"\nosuchcommand"}, tmp_path)[0]


@pytest.mark.skipif(not shutil.which("bibtex"), reason="needs bibtex: texlive-binaries")
def test_the_bibliography_is_read_by_bibtex(tmp_path):
    (tmp_path / "all.bib").write_text(bibliography(item.source for item in formulas()))
    body = r"\nocite{*}\bibliographystyle{plain}\bibliography{all}"
    compiled({"bib": "x" + body}, tmp_path)
    done = subprocess.run(["bibtex", "all"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    assert b"Warning" not in done.stdout.replace(b"Warning--empty journal", b"")
    assert compiled({"bib": "x" + body}, tmp_path) == []
