r"""A report as a complete LaTeX document: tables, formulas, and the works they rest on.

The document needs one run of pdfLaTeX and the packages of a plain installation: amsmath, amssymb,
array, booktabs, graphicx, geometry, tabularx. Formulas wider than the text are scaled to it. The
tables can be pasted into a paper of one or two columns.
"""

from __future__ import annotations

from collections.abc import Iterator

from qres.notation.latex_text import escape, typeset
from qres.notation.meanings import sentence
from qres.notation.source import Paper
from qres.report.assumptions import assumptions
from qres.report.bibliography import papers
from qres.report.latex_formulas import formulas
from qres.report.latex_table import latex_table
from qres.report.opening import first_screen, question
from qres.report.platforms import classical_lines
from qres.report.record import Result
from qres.report.sheets import identity, sheets
from qres.report.table import SCOPE

PREAMBLE = r"""% Tables need array, booktabs, tabularx, textcomp; they span both columns where there are two.
\documentclass[10pt]{article}
\usepackage[T1]{fontenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage{amsmath,amssymb,array,booktabs,graphicx,tabularx,textcomp}
\usepackage[a4paper,margin=22mm]{geometry}
\setlength{\parindent}{0pt}\setlength{\parskip}{4pt}
\setlength{\tabcolsep}{5pt}\setlength{\emergencystretch}{3em}
\renewcommand{\topfraction}{0.9}\renewcommand{\floatpagefraction}{0.8}
\setlength{\belowcaptionskip}{4pt}
\makeatletter\setlength{\@fptop}{0pt}\setlength{\@fpsep}{14pt}\setlength{\@fpbot}{0pt plus 1fil}
\makeatother
\newcommand{\fitted}[1]{\sbox0{$\displaystyle #1$}%
  \ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi}
"""


def document(report: Result) -> str:
    """Return the LaTeX of the whole document."""
    works = papers(report)
    parts = [
        PREAMBLE + r"\begin{document}",
        rf"{{\Large\bfseries {typeset(question(report))}\par}}",
        *map(typeset, first_screen(report)),
        *_tables(report),
        *_device(report),
        *formulas(report),
        *_list("Assumptions", assumptions(report)),
        *_list("Warnings", [f"{code}: {message}" for code, message in report.warnings]),
        typeset(SCOPE),
        _bibliography(works),
        r"\end{document}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _tables(report: Result) -> Iterator[str]:
    """Yield the tables; scenario and versions stand in the first caption."""
    for index, (sheet, caption) in enumerate(sheets(report)):
        more = f" {escape(identity(report))}" if index == 0 else ""
        yield latex_table(sheet, escape(caption) + more)


def _device(report: Result) -> list[str]:
    lines = classical_lines(report)
    return [typeset(lines[0]), *_list("", lines[1:])] if lines else []


def _list(title: str, texts: list[str]) -> list[str]:
    if not texts:
        return []
    items = "\n".join(rf"\item {sentence(text)}" for text in texts)
    head = [rf"\section*{{{title}}}"] if title else []
    spacing = r"\setlength{\itemsep}{0pt}\raggedright"
    return [*head, f"\\begin{{itemize}}{spacing}\n{items}\n\\end{{itemize}}"]


def _bibliography(works: list[Paper]) -> str:
    if not works:
        return ""
    items = "\n".join(rf"\bibitem{{{work.key}}} {_work(work)}" for work in works)
    return f"\\begin{{thebibliography}}{{99}}\\raggedright\n{items}\n\\end{{thebibliography}}"


def _work(work: Paper) -> str:
    arxiv = f"arXiv:{work.arxiv}" if work.arxiv else ""
    place = ", ".join(escape(text) for text in (work.journal, arxiv) if text)
    return rf"{escape(work.authors)}, \emph{{{escape(work.title)}}}, {place} ({work.year})."
