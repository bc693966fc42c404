r"""How undefined functions of printed definitions are set: what an evaluator computes, in letters."""

from __future__ import annotations

from collections.abc import Mapping

CONSTRUCTIONS: Mapping[str, tuple[str, str]] = {
    "varphi_T": (
        r"\varphi^{\circ T}(<0>)",
        r"\varphi(x) = \sum_k \varphi_k x^k",
    ),
    "y_1": (
        "y_1(T)",
        r"y_j(t+1) = \sum_{k \le N} [x^k]\varphi(x)^j\, y_k(t), \quad y_j(0) = x_0^j",
    ),
    "longest": (r"\max\,\{T \le T_{\max} : <0>\}", ""),
    "steepness": (r"\max_{k \ge 2} (\varphi_k/g)^{1/(k-1)}", r"g = \varphi_1"),
    "norm": (r"\lVert <0>\rVert", ""),
    "max": (r"\max_{<1>} <0>", ""),
    "maxnorm": (
        r"\max_\lambda \lVert B_\lambda^{<1>}\rVert",
        r"B_\lambda = \begin{pmatrix} 1 - \eta\lambda & -\eta\beta/\sigma \\"
        r" \sigma\lambda & \beta \end{pmatrix}",
    ),
}
"""Undefined functions that stand for what an evaluator computes: template and definition."""
