r"""Tomography of every entry to $\epsilon\lVert u\rVert$ from samples: $16\ln(6d/\delta)/\epsilon^2$.

With $\eta = \epsilon/4$ and $N = \ln(6d/\delta)/\eta^2$ executions of each family:

- A frequency $\hat p$ of $N$ draws has $|\sqrt{\hat p} - \sqrt p| \le \eta$ but for
  $2e^{-N\eta^2}$: Chernoff's exponent is $N\,\mathrm{KL}(\hat p\,\|\,p)$, and
  $\mathrm{KL}(q\,\|\,p) \ge -2\ln(\sqrt{qp} + \sqrt{(1-q)(1-p)}) \ge (\sqrt q - \sqrt p)^2$.
- Plain family: $a_i = \sqrt{\hat p_i}$, $d$ frequencies, $||x_i| - a_i| \le \eta$.
- Sign family: $(|0\rangle|x\rangle + |1\rangle|a\rangle)/\sqrt2$ and a Hadamard gate have the
  amplitudes $(x_i \pm a_i)/2$, $2d$ frequencies; the larger root gives the sign. It is wrong only if
  $\min(|x_i|, a_i) < 2\eta$.
- Entries with $a_i < 3\eta$ become 0, off by less than $4\eta$; the others have $|x_i| \ge 2\eta$, the
  right sign, and error $\eta$.

All $3d$ frequencies fail with at most $6d e^{-N\eta^2} = \delta$. The count of Kerenidis, Landman and
Prakash, $36\ln d/\epsilon^2$, is offered for comparison.
"""

from __future__ import annotations

import sympy

from qres.algorithms.readouts.tomography import INPUTS, RANGE, sampled_tomography
from qres.notation.formula import Formula
from qres.notation.source import Paper, Source, derived
from qres.notation.symbols import symbols

KERENIDIS_LANDMAN_PRAKASH = Paper(
    key="kerenidis2020cnn",
    authors="Kerenidis, Landman and Prakash",
    title="Quantum algorithms for deep convolutional neural networks",
    year=2020,
    arxiv="1911.01117",
)

_DIM, _EPS, _FAIL = symbols("dim epsilon fail_prob")

COPIES = Formula(
    name="readout.tomography-linf-sampling.copies",
    meaning="executions of one circuit family (plain, or controlled) for every entry to epsilon",
    expression=16 * sympy.log(6 * _DIM / _FAIL) / _EPS**2,
    inputs=INPUTS,
    source=derived("Chernoff bound on roots of frequencies, small entries set to 0"),
    kind="proven",
    bound="upper",
    unit="states",
    letter="c",
    conditions=RANGE,
)

KLP_COPIES = Formula(
    name="readout.tomography-klp.copies",
    meaning="executions of one circuit family for every entry to epsilon, as published",
    expression=36 * sympy.log(_DIM) / _EPS**2,
    inputs=INPUTS,
    source=Source("36 ln d / delta^2", KERENIDIS_LANDMAN_PRAKASH, "recalled"),
    kind="assumed",
    bound="upper",
    unit="states",
    letter="c",
    defaults={"fail_prob": 0.5},
    conditions=RANGE,
)

FORMULAS = (COPIES, KLP_COPIES)

READOUT = sampled_tomography("tomography-linf-sampling", "linf", COPIES)
