"""Expressions, sentences and lines as they are printed."""

from __future__ import annotations

import pytest
import sympy

from qres.errors import InputError
from qres.notation.block import block
from qres.notation.breaking import Breaker
from qres.notation.formula import Condition, Formula
from qres.notation.latex import to_latex
from qres.notation.latex_table import formula_table
from qres.notation.markdown import markdown
from qres.notation.meanings import sentence, text_latex
from qres.notation.named import ceil_log2, geometric, look
from qres.notation.pieces import number_latex
from qres.notation.source import DALZELL_2024, Source
from qres.notation.symbols import symbols
from qres.notation.widths import width_of

D, S, EPS, KAPPA = symbols("dim sparsity epsilon kappa")


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("z_t = norm(u_t)^2 / gamma^2", r"$z_{t} = \lVert u_{t}\rVert^{2} / \gamma ^{2}$"),
        ("as an r by r^2 matrix", "as an $r$ by $r^{2}$ matrix"),
        ("O(T^2 polylog)", r"O(T\textsuperscript{2} polylog)"),
        ("2.5e-07 of u_t", r"$2.5\times 10^{-7}$ of u\_\allowbreak{}t"),
        ("a^{2} & b", r"a\textasciicircum{}\{2\} \& b"),
        (
            "x^2^3 y_ ^z",
            r"x\textsuperscript{2}\textsuperscript{3} y\_\allowbreak{} \textasciicircum{}z",
        ),
    ],
)
def test_a_sentence_that_anybody_may_have_typed(typed, printed):
    assert sentence(typed) == printed


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        (sympy.Float("0.30"), "0.3"),
        (sympy.Float("1.0") * D, "d"),
        (sympy.Float("2.5e-7"), r"2.5\times 10^{-7}"),
        (sympy.Integer(10) ** 9, r"10^{9}"),
        (sympy.Rational(1741, 500) * D, "3.482 d"),
        (1 - EPS**2, r"1 - \epsilon^{2}"),
        (D - 1, "d - 1"),
        ((D + 1) / 2, r"\frac{d + 1}{2}"),
        (-D / 2, r"-\frac{d}{2}"),
        (3 * sympy.Integer(2) ** D, r"3 \cdot 2^{d}"),
        (sympy.sqrt(2) * sympy.sqrt(D), r"\sqrt{2 d}"),
        (sympy.sqrt(D) / EPS, r"\frac{\sqrt{d}}{\epsilon}"),
        (sympy.cbrt(D), r"\sqrt[3]{d}"),
        (EPS ** (-(D + 1) / 2), r"\frac{1}{\epsilon^{(d + 1)/2}}"),
        (D * sympy.log(D) ** 2, r"d \ln^{2} d"),
        (sympy.log(2 / EPS), r"\ln\frac{2}{\epsilon}"),
        (sympy.log(D + 1), r"\ln(d + 1)"),
        (sympy.log(D, 2), r"\log_2 d"),
        (2 ** ceil_log2(D), r"2^{\lceil\log_2 d\rceil}"),
        (ceil_log2(D) ** 2, r"\lceil\log_2 d\rceil^{2}"),
        (geometric(EPS, D) * (D + 1), r"(d + 1) \mathcal{G}(\epsilon, d)"),
        (look(D, 1, 0, 63), r"\operatorname{look}(d, 1, 0)"),
        (look(D, 1, 0, -2), r"\operatorname{look}_{\mathrm{free}}(d, 1, 0)"),
        (sympy.Max(D, 1, evaluate=False), r"\max(1, d)"),
        (sympy.Piecewise((D, D > S), (0, True)) + 1, r"[d > s]\, d + 1"),
        (sympy.Piecewise((D, D > S), (S, True)), r"\begin{cases} d & \text{if } d > s"
         r" \\ s & \text{otherwise} \end{cases}"),
        (sympy.And(EPS > 0, EPS <= 1), r"0 < \epsilon \le 1"),
        (KAPPA * (D - S) * (D + S), r"\kappa (d + s) (d - s)"),
    ],
)  # fmt: skip
def test_an_expression(expression, printed):
    assert to_latex(expression) == printed


def test_numbers():
    assert number_latex(100000) == "100000"
    assert number_latex(1e12) == "10^{12}"
    assert number_latex(0.00012) == r"1.2\times 10^{-4}"
    assert number_latex(-2.50) == "-2.5"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("norm(A^-1) of the part E", r"$\lVert A^{-1}\rVert$ of the part $E$"),
        ("norm of u_0, start", "norm of $u_{0}$, start"),
        ("solver's state, 50 %", r"solver's state, 50 \%"),
        ("F_2 = -T_3/2", "$F_{2} = -T_{3}/2$"),
        ("Theorem 12 with k = 1", "Theorem 12 with $k = 1$"),
        ("a row of the learning_rate", r"a row of the $\eta$"),
        ("Appendix C", "Appendix C"),
        ("max over k >= 2 of (g_k/g_1)^(1/(k-1))",
         r"max over $k \ge 2$ of $(g_{k}/g_{1})^{1/(k-1)}$"),
    ],
)  # fmt: skip
def test_a_sentence(text, printed):
    assert text_latex(text) == printed


MEASURED = {
    r"\frac{504 d \ln d}{\epsilon^{2}}": 39.5,
    r"a + b": 21.8,
    r"\left\lceil \frac{\pi}{4 \arcsin\sqrt{P}} - \frac{1}{2} \right\rceil": 83.8,
    r"\sum_{i=0}^{\min(m, N)} \binom{N}{i} \alpha_{F_{k}}^{i}": 77.9,
    r"\operatorname{look}(d s', b_A, c)": 62.8,
    r"Q_A = 56 \kappa_{\mathrm{eff}} + 2.78 \ln^{3}\kappa_{\mathrm{eff}}": 114.1,
    r"\lVert L^{-1}\rVert = p \max(1, g^{T})": 94.8,
    r"N_{\mathrm{Tof}} \approx X_{10}": 50.7,
}
"""Widths of boxes in display style that TeX reports for article at 10 points."""


@pytest.mark.parametrize("tex", MEASURED)
def test_widths_are_those_of_tex_or_a_little_more(tex):
    assert MEASURED[tex] - 1 < width_of(tex) < 1.2 * MEASURED[tex]


def test_a_long_sum_is_broken_between_terms():
    terms = [D**k for k in range(20, 2, -1)]
    breaker = Breaker()
    lines = breaker.lines("x =", sympy.Add(*terms))
    assert len(lines) > 1
    assert all(line.startswith("+ ") for line in lines[1:])
    assert all(width_of(line) <= 246 for line in lines)
    assert " ".join(lines).replace("x = ", "").split(" + ") == [
        f"d^{{{k}}}" for k in range(20, 2, -1)
    ]
    assert breaker.definitions == []


def test_a_term_that_is_too_wide_gets_an_abbreviation():
    inner = sympy.Add(*(S**k for k in range(2, 20)))
    whole = sympy.sqrt(D) * sympy.log(inner) + 1
    breaker = Breaker()
    lines = breaker.lines("x =", whole)
    assert lines == [r"x = \sqrt{d} \ln X_1 + 1"]
    (name, found), = breaker.definitions  # fmt: skip
    assert (name, found) == ("X_1", inner)
    assert breaker.defined()[0][0].startswith("X_1 = s^{19} + s^{18}")


def toy(**changes):
    fields = {
        "name": "toy.cost.value",
        "meaning": "cost of a toy at precision epsilon",
        "expression": 2 * D / EPS,
        "inputs": ("dim", "epsilon"),
        "source": Source("Eq. (2)", DALZELL_2024, "recalled"),
        "kind": "proven",
        "bound": "upper",
        "unit": "Toffoli",
        "conditions": (Condition(sympy.And(EPS > 0, EPS < 1), "0 < epsilon < 1"),),
    }
    return Formula(**fields | changes)


def test_a_formula_in_a_paper():
    assert block(toy(letter="c")) == (
        "\\[\n  c = \\frac{2 d}{\\epsilon}\n\\]\n"
        "{\\raggedright\\noindent\n"
        "Here $d$: dimension of the real vector that is read out, or of the matrix; "
        "$\\epsilon$: precision.\n"
        "Valid for $0 < \\epsilon < 1$.\n"
        "Proven, upper bound; \\cite[{Eq. (2)}]{dalzell2024} (recalled).\\par}\n"
    )


def test_parts_are_printed_below_and_put_in():
    part = toy(name="toy.part.xi", expression=D**2, inputs=("dim",), conditions=())
    whole = toy(
        expression=symbols("xi")[0] * 3, inputs=("dim",), parts=(("xi", part),), conditions=()
    )
    assert "where\n\\[\n  \\xi = d^{2}\n\\]" in block(whole)
    assert "3 \\xi" in whole.latex()
    assert whole.latex("full") == "3 d^{2}"
    assert "where" not in block(whole, "full")
    with pytest.raises(InputError, match=r"toy\.cost\.value: has no headline form"):
        block(whole, "headline")
    with pytest.raises(InputError, match="depth: 'ful' is not known; did you mean 'full'"):
        whole.latex("ful")


def test_a_table_has_units_kinds_and_citations():
    table = formula_table([toy(letter="c"), toy(name="toy.b.value", kind="assumed")], "Two toys")
    assert table.count("\\begin{table*}") == 1
    assert "\\caption{Two toys}" in table
    assert "cost of a toy at precision $\\epsilon$\\textsuperscript{a}" in table
    assert "\\textsuperscript{b} assumed, upper bound: " in table
    assert table.count("Toffoli & \\cite[{Eq. (2)}]{dalzell2024}") == 2
    assert table.index("\\toprule") < table.index("\\midrule") < table.index("\\bottomrule")


def test_a_formula_on_a_page():
    page = markdown(toy())
    assert page.startswith("### `toy.cost.value`\n\nCost of a toy at precision epsilon.\n\n$$\n")
    assert "| $\\epsilon$ | `epsilon` | precision | 1 |" in page
    assert "Source: Dalzell (2024), arXiv:2406.12086v2, Eq. (2) (recalled)." in page
