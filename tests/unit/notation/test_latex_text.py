"""Plain text as LaTeX: the expected strings are written by hand."""

from __future__ import annotations

import pytest

from qres.notation.latex_text import escape, typeset


@pytest.mark.parametrize(
    ("plain", "tex"),
    [
        ("50% of $x & #1", r"50\% of \$x \& \#1"),
        ("kappa_eff", r"kappa\_\allowbreak{}eff"),
        (r"\input{a}", r"\textbackslash{}input\{a\}"),
        ("a^b ~ c", r"a\textasciicircum{}b \textasciitilde{} c"),
        ("<x> | \"y\" 'z' `w`", r"\textless{}x\textgreater{} \textbar{}"
         r" \textquotedbl{}y\textquotedbl{} \textquotesingle{}z\textquotesingle{}"
         r" \textasciigrave{}w\textasciigrave{}"),
        ("--set ---", "-{}-set -{}-{}-"),
        ("Subaşı, Gilyén, Høyer, Németh", r"Suba\c{s}\i{}, Gily\'{e}n, H\o{}yer, N\'{e}meth"),
        ("λ Λ", r"\ensuremath{\lambda} \ensuremath{\Lambda}"),
        ("漢\x07", "[U+6F22][U+0007]"),
        ("two\nlines", "two lines"),
        ("x" * 25, r"xxxxxxxx\allowbreak{}" * 3 + "x"),
    ],
)  # fmt: skip
def test_escape(plain, tex):
    assert escape(plain) == tex


@pytest.mark.parametrize(
    ("plain", "tex"),
    [
        ("2.48e15", r"$2.48\times 10^{15}$"),
        ("needs 4.9e-18, now", r"needs $4.9\times 10^{-18}$, now"),
        ("3,466", "3,466"),
        ("-0.006462", "$-0.006462$"),
        ("0.6709..4.295", "[0.6709, 4.295]"),
        ("-1e-9..2", r"[$-1\times 10^{-9}$, 2]"),
        ("20.3 us on one h200", r"$20.3\,\mu\mathrm{s}$ on one h200"),
        ("superconducting-1e-4", "superconducting-1e-4"),
        ("arXiv:2303.03428", "arXiv:2303.03428"),
        ("1e-05: x", r"$1\times 10^{-5}$: x"),
    ],
)
def test_typeset(plain, tex):
    assert typeset(plain) == tex


def test_no_character_can_break_a_document():
    """Of every character below 0x250 nothing is left that TeX would act on."""
    for code in range(1, 0x250):
        shown = escape(chr(code)).replace(r"\allowbreak{}", "")
        assert shown.isascii(), code
        assert shown.startswith("\\") or not set(shown) & set("$&#%_~^{}\\"), code
