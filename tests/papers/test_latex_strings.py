"""Formulas as they are printed, letter by letter; looked at in print beside their papers."""

from __future__ import annotations

import pytest

from qres.staircase import formula

PRINTED = {
    # Dalzell, Eq. (48): constants before logarithms, the cube on the logarithm
    "solver.shortcut.matrix_queries": r"Q_A = 56 \kappa_{\mathrm{eff}} + 1.05 \kappa_{\mathrm{eff}}"
    r" \ln\frac{\sqrt{1 - \epsilon^{2}}}{\epsilon} + 2.78 \ln^{3}\kappa_{\mathrm{eff}} + 3.17",
    # Brassard et al.: 2k + 1 uses, k = ceil(pi/(4 arcsin sqrt(P)) - 1/2)
    "amplify.exact.invocations": r"2k + 1 = 2 \left\lceil \frac{\pi}{4 \arcsin\sqrt{P}}"
    r" - \frac{1}{2} \right\rceil + 1",
    "access.qroam.toffoli": r"b (K - 1) + \max\left( 0,"
    r" \left\lceil \frac{M}{K} \right\rceil - 2 \right)",
    # a sum over binomials, its upper limit a minimum, letters with an index inside an index
    "carleman.alpha": r"\alpha_M = \sum_{i=0}^{\min(m, N)} \binom{N}{i}"
    r" \left( \eta \sum_{k=0}^{q} \alpha_{F_{k}} \right)^{i}",
    # two sums under each other
    "history.success_prob": r"P = \frac{z_{\mathrm{read}} (p + 1)}{(p + 1) \sum_{j=1}^{N} z_{T}^{j}"
    r" + \sum_{i=0}^{T - 1}\sum_{j=1}^{N} z_{i}^{j}}",
    "history.inverse_norm": r"\lVert L^{-1}\rVert = p \max(1, g^{T}) + \mathcal{G}(g, T)",
    "readout.tomography-kp.copies": r"c = \frac{504 d \ln d}{\epsilon^{2}}",
    "readout.observable.rounds": r"M = \left\lceil \frac{\pi (\sqrt{2 \epsilon + 1} + 1)}{\epsilon}"
    r" \right\rceil",
    # a letter with a star under a power, a fraction in the exponent with a slash
    "code.surface.logical_error": r"p_L = a \left( \frac{p}{p^*} \right)^{(d + 1)/2}",
    "factory.ccz2t.output_error": r"p_2 = 1000 a \left( \frac{p}{p^*} \right)^{(d_2 + 1)/2}"
    r" + 28 \left( 1100 a \left( \frac{p}{p^*} \right)^{(d_1 + 1)/2} + 35 \left( p + 100 a"
    r" \left( \frac{p}{p^*} \right)^{(\lfloor d_1/2\rfloor + 1)/2} \right)^{3} \right)^{2}",
    # 0.53 and 5.3, and not 0.530000 or 53/10
    "rotation.mixed-fallback.t": r"N_T = \left\lceil 0.53 \log_2\frac{1}{\epsilon} + 5.3 \right\rceil",
    "solver.adiabatic-proven.walk_steps": r"C = \kappa_{\mathrm{eff}} \left("
    r" W(\ln(2/\epsilon)/2, \alpha_w, k_r, \epsilon) + \frac{1}{2} \ln\frac{2}{\epsilon} \right)",
}


@pytest.mark.parametrize("name", PRINTED)
def test_it_is_printed_as_in_the_paper(name):
    assert formula(name).latex() == PRINTED[name]
