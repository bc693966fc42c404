"""A small table, its LaTeX written out by hand."""

from __future__ import annotations

from qres.report.grid import grid
from qres.report.latex_table import latex_table


def test_kinds_become_footnotes_and_units_stand_in_the_head():
    sheet = grid("x", "stage", "Toffoli", "kind")
    sheet.units = ("", "gates", "")
    sheet.add_row("a_b", "2.48e15", "assumed")
    sheet.add_row("c", "5", "exact")
    sheet.add_section()
    sheet.add_row("total", "7", "optimistic")
    assert latex_table(sheet, "A caption") == "\n".join(
        [
            r"\begin{table*}[!htbp]",
            r"\caption{A caption}",
            r"\centering\footnotesize",
            r"\begin{tabular}{@{}lr@{}}",
            r"\toprule",
            r"{stage} & {Toffoli} \\",
            r" & {[gates]} \\",
            r"\midrule",
            r"a\_\allowbreak{}b\textsuperscript{b} & $2.48\times 10^{15}$ \\",
            r"c\textsuperscript{a} & 5 \\",
            r"\midrule",
            r"total & 7 \\",
            r"\bottomrule",
            r"\end{tabular}",
            r"\par\smallskip\parbox{\linewidth}{\scriptsize\raggedright"
            r" \textsuperscript{a}\,exact: counted or computed exactly under the stated model;"
            r" \textsuperscript{b}\,assumed: rests on what nobody has shown.}",
            r"\end{table*}",
            "",
        ]
    )


def test_symbols_become_letters():
    sheet = grid("x", "quantity", "value", "kind", "how", wide=3, has_symbols=True)
    sheet.add_row("lambda_max", "2", "measured", "by hand")
    sheet.add_row("no_symbol", "3", "given", "typed")
    rows = latex_table(sheet, "").splitlines()
    first = r"$\lambda_{\max}$\textsuperscript{a} & largest Hessian eigenvalue & 2 & by hand \\"
    assert first in rows
    second = r" & \texttt{no\_\allowbreak{}symbol}\textsuperscript{b} & 3 & typed \\"
    assert second in rows


def test_only_keeps_order_and_the_wide_column():
    sheet = grid("x", "a", "b", "c", wide=2)
    sheet.add_row("1", "2", "3")
    kept = sheet.only(["c", "a"])
    assert (kept.columns, kept.rows, kept.wide) == (("a", "c"), [("1", "3")], 1)
