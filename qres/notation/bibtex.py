r"""Works as BibTeX: exactly those that formulas rest on, each once, sorted by key.

Accents become accent commands, titles keep their capitals. The version of a preprint stays in
`eprint`, because a statement may stand in one version only, and in `howpublished` where there is no
journal, because the plain styles print no `eprint`. Where every place that is cited is known
from the literature and was not read again, the entry says so in its note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from qres.notation.latex_text import escape
from qres.notation.source import Paper, Source

_ACCENT = re.compile(r"\\(?P<accent>[^A-Za-z]|[A-Za-z]+)\{(?P<letter>\w?)\}")
_KET = re.compile(r"\{\\textbar\}(?P<state>\w+)\{\\textgreater\}")
_JOURNAL = re.compile(r"(?P<journal>.+?) (?P<volume>\d+), (?P<pages>[\w.-]+)")


def entry(paper: Paper, note: str = "") -> str:
    """Return one entry.

    Args:
        paper: the work.
        note: plain text, empty for none.
    """
    printed = _JOURNAL.fullmatch(paper.journal)
    preprint = f"arXiv:{paper.arxiv}" if paper.arxiv else ""
    fields = {
        "author": _authors(paper.authors),
        "title": f"{{{_KET.sub(_ket, _field(paper.title))}}}",
        "year": str(paper.year),
        **({key: _field(value) for key, value in printed.groupdict().items()} if printed else {}),
        "howpublished": "" if printed else _field(paper.journal) or preprint,
        "eprint": paper.arxiv,
        "archivePrefix": "arXiv" if paper.arxiv else "",
        "note": _field(note),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    kind = "article" if printed else "misc"
    return "\n".join([f"@{kind}{{{paper.key},", *lines, "}"]) + "\n"


def bibliography(cited: Iterable[Paper | Source]) -> str:
    """Return the entries of all works among papers and sources; own derivations have none.

    Args:
        cited: papers, or sources, whose standing then shows in the note.
    """
    works: dict[str, Paper] = {}
    read: set[str] = set()
    for item in cited:
        paper = item.paper if isinstance(item, Source) else item
        if paper is not None:
            works[paper.key] = paper
            is_recalled = isinstance(item, Source) and item.standing == "recalled"
            read |= set() if is_recalled else {paper.key}
    return "\n".join(
        entry(works[key], "" if key in read else "recalled from the literature, not read again")
        for key in sorted(works)
    )


def _authors(names: str) -> str:
    """Return `A, B and C` in BibTeX's way, `A and B and C`; `et al.` as `others`."""
    text = re.sub(r" et al\.$", " and others", names)
    people = [name.strip() for name in re.split(r", | and ", text)]
    return " and ".join(
        name if name == "others" or (" " not in name and not name.isupper()) else f"{{{name}}}"
        for name in (_field(name) if name != "others" else name for name in people)
    )


def _field(text: str) -> str:
    r"""Return plain text with accents as BibTeX sorts them: `{\"u}` and not `\"{u}`."""

    def special(found: re.Match[str]) -> str:
        accent, letter = found["accent"], found["letter"]
        blank = " " if accent.isalpha() and letter else ""
        return f"{{\\{accent}{blank}{letter}}}"

    return _ACCENT.sub(special, escape(text))


def _ket(found: re.Match[str]) -> str:
    return rf"$|\mathrm{{{found['state']}}}\rangle$"
