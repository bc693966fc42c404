"""Every report as files: LaTeX that compiles, exactly the works it rests on, HTML that parses."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import qres
from qres.errors import InputError, ToolError
from qres.report.formats import SUFFIXES, content
from qres.report.pdf import PACKAGES, make_pdf
from qres.report.units import count, number

TRAP = r"50% of \input{x} & $y_1 <b> ~^#{ ünïcode $\frac{$"
SCALED = r"\resizebox{\linewidth}{!}{\usebox0}"

needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason=f"apt install {PACKAGES}")


def power(text: str) -> str:
    """A number of the tables as LaTeX, by hand."""
    head, mark, tail = text.partition("e")
    return rf"${head}\times 10^{{{tail}}}$" if mark else text


def test_latex_has_balanced_environments_and_every_number(report, data):
    tex = content(report, ".tex")
    stack = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+\*?)\}", tex):
        if kind == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert stack == []
    for stage in data["stages"]:
        assert stage["name"].split()[0] in tex
        if stage["toffoli"]:
            assert power(count(stage["toffoli"])) in tex
    for row in data["physical"]:
        if row["status"] == "ok":
            assert power(number(row["runtime_s"]["value"])) in tex
    assert report.scenario.scenario_id in tex
    assert f"qres {report.versions['qres']}" in tex


def test_works_are_exactly_those_used(report):
    """Cited, listed and exported are the same works but for those of machines and claims."""
    tex, bib = content(report, ".tex"), content(report, ".bib")
    listed = re.findall(r"\\bibitem\{(\w+)\}", tex)
    assert listed == sorted(set(listed))
    assert re.findall(r"^@\w+\{(\w+),", bib, re.MULTILINE) == listed
    cited = set(re.findall(r"\\cite(?:\[.*?\]\}?)?\]?\{(\w+)\}", tex))
    assert cited <= {*listed}
    job = report.job
    if job is None:
        assert listed == []
        return
    papers = {stage.source.paper for stage in job.stages}
    papers |= {formula.source.paper for name, formula in job.definitions if name in job.used}
    keys = {paper.key for paper in papers if paper is not None}
    assert keys <= {*listed}
    machines = [qres.formulas(family) for family in ("code.", "factory.", "layout.")]
    others = {item.source.paper.key for found in machines for item in found if item.source.paper}
    assert {*listed} - keys <= others | {"liu2024"}


class Reader(HTMLParser):
    """Checks that every tag is closed, and that nothing is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "link", "iframe", "img")
        assert not {name for name, _ in attrs} & {"src", "onload", "onclick"}
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag not in ("script", "link", "iframe", "img")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_html_parses_and_shows_the_numbers(report, data):
    reader = Reader()
    page = content(report, ".html")
    reader.feed(page)
    assert reader.open == []
    text = "".join(reader.words)
    for stage in data["stages"]:
        assert stage["name"] in text
    for item in (*data["assumptions"], *(row["message"] for row in data["warnings"])):
        assert item.split()[0] in text
    assert report._repr_html_() in page


def test_names_of_users_are_escaped(of):
    report = of("system")
    trap = replace(report, scenario=replace(report.scenario, name=TRAP))
    assert "<b>" not in content(trap, ".html").split("<svg")[0]
    refused = replace(of("singular"), failure=("solver", TRAP), warnings=(("W-X", TRAP),))
    assert "<b>" not in content(refused, ".html")
    tex = content(trap, ".tex")
    assert r"\input" not in tex.replace(r"\textbackslash{}input", "")
    assert tex.isascii()


@pytest.mark.slow
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_same_report_same_bytes(suffix, of):
    if suffix == ".pdf" and shutil.which("pdflatex") is None:
        pytest.skip(f"apt install {PACKAGES}")
    assert content(of("system"), suffix) == content(of("system"), suffix)


def test_pictures_are_pictures(of):
    assert content(of("system"), ".png").startswith(b"\x89PNG")
    assert b"<svg" in content(of("system"), ".svg")
    with pytest.raises(InputError, match="nothing to draw: solver: nothing bounds kappa"):
        content(of("singular"), ".svg")


@needs_tex
def test_an_error_of_tex_is_one_line():
    with pytest.raises(ToolError, match=r"^pdflatex: Undefined control sequence\.$"):
        make_pdf(r"\documentclass{article}\begin{document}\nothing\end{document}")


@needs_tex
@pytest.mark.slow
@pytest.mark.parametrize("name", ["poisson-2d", "descent", "descent-sampling", "singular", "trap"])
def test_documents_compile_without_overfull_boxes(name, of, tmp_path):
    report = of("system" if name == "trap" else name)
    if name == "trap":
        scenario = replace(report.scenario, name=TRAP + "x" * 200)
        report = replace(report, scenario=scenario, warnings=(("W-X", f"{TRAP} " * 20),))
    tex = content(report, ".tex")
    assert SCALED in tex
    # no formula is wider than the text: the rescue is taken out
    (tmp_path / "paper.tex").write_text(tex.replace(SCALED, r"\usebox0"), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    for _ in range(2):
        subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=120)
    log = (tmp_path / "paper.log").read_text(errors="replace")
    complaints = [
        line for line in log.splitlines() if "Overfull" in line or "LaTeX Warning" in line
    ]
    assert complaints == []


TWO_COLUMNS = r"""\documentclass[10pt,twocolumn]{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath,array,booktabs,tabularx,textcomp}
\usepackage[textwidth=510pt,textheight=690pt,columnsep=18pt]{geometry}
\begin{document}
"""


@needs_tex
@pytest.mark.slow
@pytest.mark.parametrize("name", ["poisson-2d", "descent"])
def test_tables_can_be_pasted_into_two_columns(name, of, tmp_path):
    found = re.findall(
        r"\\begin\{table\*\}.*?\\end\{table\*\}", content(of(name), ".tex"), re.DOTALL
    )
    assert len(found) > 5
    tex = "\n\n".join([TWO_COLUMNS, *found, r"\end{document}"])
    (tmp_path / "paper.tex").write_text(tex, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=120)
    log = (tmp_path / "paper.log").read_text(errors="replace")
    assert [line for line in log.splitlines() if "Overfull" in line] == []
