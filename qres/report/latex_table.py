r"""A `Sheet` as a LaTeX table: booktabs, units in the head, kinds as footnotes.

Packages: booktabs, array, tabularx. A column called `kind` becomes a mark beside the first cell,
with what the mark means under the table; names of symbols become their letters.
"""

from __future__ import annotations

from qres.notation.latex_text import escape
from qres.notation.meanings import sentence, text_latex
from qres.notation.quantity import KINDS, MEANINGS
from qres.notation.symbols import CATALOGUE
from qres.report.grid import Sheet

KIND = "kind"


def latex_table(sheet: Sheet, caption: str) -> str:
    """Return a sheet as a `table*`: as wide as the text, over both columns where there are two.

    Args:
        sheet: the table.
        caption: LaTeX, not escaped again.
    """
    marks = footnotes(sheet)
    plain = sheet.only([name for name in sheet.columns if name != KIND])
    lines = [
        r"\begin{table*}[!htbp]",
        rf"\caption{{{caption}}}",
        r"\centering\footnotesize",
        *_tabular(plain, [marks.get(kind, "") for kind in _kinds(sheet)]),
        *_notes(sheet, marks),
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"


def footnotes(sheet: Sheet) -> dict[str, str]:
    """Return the mark of each kind in a sheet, from the strongest on: `a`, `b`, `c`."""
    found = _kinds(sheet)
    return dict(zip((kind for kind in KINDS if kind in found), "abcdefg", strict=False))


def _kinds(sheet: Sheet) -> list[str]:
    """Return the kind of each row, empty where the sheet has none."""
    if KIND not in sheet.columns:
        return [""] * len(sheet.rows)
    place = sheet.columns.index(KIND)
    return [row[place] for row in sheet.rows]


def _tabular(sheet: Sheet, marks: list[str]) -> list[str]:
    has_text = sheet.wide > 0
    begin = r"\begin{tabularx}{\linewidth}" if has_text else r"\begin{tabular}"
    lines = [f"{begin}{{@{{}}{''.join(_columns(sheet))}@{{}}}}", r"\toprule", *_head(sheet)]
    for index, (row, mark) in enumerate(zip(sheet.rows, marks, strict=True)):
        if index in sheet.rules:
            lines.append(r"\midrule")
        lines.append(" & ".join(_cells(sheet, row, mark)) + r" \\")
    return [*lines, r"\bottomrule", r"\end{tabularx}" if has_text else r"\end{tabular}"]


def _columns(sheet: Sheet) -> list[str]:
    """Return the column types: the wide one takes what is left, symbols have a meaning beside."""
    text = r">{\raggedright\arraybackslash}"
    found = []
    for index in range(len(sheet.columns)):
        if index == 0 and sheet.has_symbols:
            found += ["l", text + r"p{0.27\linewidth}"]
        elif index == sheet.wide and index > 0:
            found.append(text + "X")
        else:
            found.append("l" if index == 0 else "r")
    return found


def _head(sheet: Sheet) -> list[str]:
    if not any(sheet.columns):
        return []
    units = sheet.units or ("",) * len(sheet.columns)
    names = list(map(_head_cell, sheet.columns))
    below = [_head_cell(f"[{unit}]") if unit else "" for unit in units]
    if sheet.has_symbols:
        names, below = ["symbol", "quantity", *names[1:]], ["", *below]
    rows = [names, below] if any(units) else [names]
    return [*(" & ".join(row) + r" \\" for row in rows), r"\midrule"]


def _head_cell(name: str) -> str:
    return f"{{{escape(name)}}}"


def _cells(sheet: Sheet, row: tuple[str, ...], mark: str) -> list[str]:
    raised = rf"\textsuperscript{{{mark}}}" if mark else ""
    first = _symbol(row[0]) if sheet.has_symbols else [sentence(row[0])]
    place = next(index for index, cell in enumerate([*first, "end"]) if cell)
    first[place] += raised
    return [*first, *map(sentence, row[1:])]


def _symbol(name: str) -> list[str]:
    """Return letter and meaning of a symbol; what follows the name is kept."""
    word, _, rest = name.partition(" ")
    info = CATALOGUE.get(word)
    tail = f" {escape(rest)}" if rest else ""
    if info is None:
        return ["", rf"\texttt{{{escape(word)}}}{tail}"]
    return [f"${info.latex}$", f"{text_latex(info.meaning)}{tail}"]


def _notes(sheet: Sheet, marks: dict[str, str]) -> list[str]:
    texts = [
        rf"\textsuperscript{{{mark}}}\,{kind}: {escape(MEANINGS[kind])}"
        for kind in KINDS
        if (mark := marks.get(kind))
    ]
    lines = ["; ".join(texts) + "."] if texts else []
    lines += [sentence(note) for note in sheet.notes if note]
    body = r"\\ ".join(lines)
    box = rf"\par\smallskip\parbox{{\linewidth}}{{\scriptsize\raggedright {body}}}"
    return [box] if lines else []
