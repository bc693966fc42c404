r"""Amplification of a run whose amplitude is off: exact where it is known, else to a fixed point.

A run is amplified exactly where its probability is known, and by a fixed-point sequence where only a
lower bound is. That bound, and the probability with which a repeated run succeeds, are those of the
run with all its errors, see `amplitude_error`.

**Exact.** Known is the amplitude $a \ge s = \sin\theta$, $\theta = \frac{\pi}{2L}$, $L = 2k + 1$ uses of
the run; errors make it $a(1 + \delta)$, $\lvert\delta\rvert \le \eta \le \frac12$. Then a state fails
with `fail_state` $= 4\eta^2$ at most, and the phase of what succeeds moves by $2\eta$ at most. Without a
round, $k = 0$, a unit vector within $\eta$ of another keeps $1 - \eta^2$ of it. Else phases make the
failures' amplitude (`qres.bloqs.chebyshev_filter`)
$F = T_L(x)/T_L(\beta)$, $x = \beta\sqrt{1 - a^2(1+\delta)^2}$, $\beta\sqrt{1-a^2} = \cos\theta$,
$\beta = \cosh\mu$; it is 0 at $\delta = 0$. With $q = (1+\delta)^2 - 1$ and $w = x^2$,
$w = (1+q)\cos^2\theta - q\beta^2$.

1. *Rounds without phases*, $\mu = 0$: the angle is off by $f_0 =
   L\,\lvert\arcsin s(1+\delta) - \theta\rvert \le 2\lvert\delta\rvert$. The arcsine is convex, so
   $f_0/\lvert\delta\rvert$ is largest at $\delta = \frac12$, where $f_0 \le 1$ says
   $\frac32 \le \sin((1 + \frac{\pi}{2})/L)/\sin\theta$; that falls with $1/L$ and is 1.511 at $L = 3$.
2. *An amplitude too small*, $\delta < 0$: $w$ lies between $w_0 = \cos^2\theta$ and $\beta^2$.
   $T_L(\sqrt w)$ is 0 at $w_0$ and convex beyond: as $\sqrt w\prod(w - w_j)$ its second derivative over
   itself is at least $\frac1w(\sum\frac{1}{w - w_j} - \frac{1}{4w}) > 0$. So
   $F \le -q = 2\lvert\delta\rvert - \delta^2$.
3. *An amplitude too large*, $\delta > 0$: $x = \cos\theta'$,
   $\sin^2\theta' = (1+q)s^2 + q\sinh^2\mu$, and $\lvert T_L(x)\rvert = \lvert\sin f\rvert$,
   $f = L(\theta' - \theta)$. By 1, $f \le 2\delta$ at $\mu = 0$. While
   $f \le 2\delta\cosh L\mu \le 1$, $f$ grows more slowly than $2\delta\cosh L\mu$:
   $\frac{df}{d\mu} = \frac{Lq\sinh 2\mu}{\sin 2\theta'} \le 2\delta L\sinh L\mu$, because
   $2\theta'$ is between $\frac{\pi}{L}$ and $\frac{\pi + 2}{L} < \pi - \frac{\pi}{L}$, hence
   $\sin 2\theta' \ge \sin\frac{\pi}{L}$, and
   $\frac{\sinh L\mu}{\sinh 2\mu} \ge \frac L2 \ge \frac{1 + \delta/2}{\sin(\pi/L)}$, as
   $\frac L2\sin\frac{\pi}{L} \ge 1.299$. Beyond, $\lvert T_L\rvert \le 1 < 2\delta T_L(\beta)$. So
   $\lvert F\rvert \le 2\delta$.
4. *Phase.* $L$ uses move the state by $L\,\lvert\arcsin a(1+\delta) - \arcsin a\rvert$ at most. The
   rounds are the fewest, $a < \sin\frac{\pi}{2(L-2)}$. For $L \ge 11$ that is $2\lvert\delta\rvert$ at
   most, as in 1: $\frac1L \ge \frac{9}{11}\frac{1}{L-2}$, and
   $\sin\frac{\pi/2 + 9/11}{9}/\sin\frac{\pi}{18} = 1.511$.
   For $L < 11$ the state that succeeds has the phase of $\prod_j(a^2(1+q) - z_j)$, $j = 1 \dots k$,
   $z_j = (1 + \tau^2)\sin^2\alpha_j - (-1)^j i\tau\sin 2\alpha_j$, $\alpha_j = \frac{\pi j}{L}$,
   $\tau = \tanh\mu$: a root of $1 - F^2$ from each conjugate pair. For $L = 3$ that moves by
   $\arctan\frac{\sqrt3\,\tau q}{2 - q}$, for $\delta < 0$ less than $\sqrt3\,\lvert\delta\rvert$, and
   for $\delta > 0$ most where $a(1+\delta) = 1$, there by $f_0$. For $L = 5, 7, 9$ its slope in
   $\delta$, bounded box by box in the tests, is below 2.

Shots that fail show it and are made again; a single state has a sequence that fails with its share.
Inside one circuit the wanted part is smaller by $\sqrt{1 - 4\eta^2}\cos 2\eta$, which the shares of
the error hold beside everything else.

**Fixed point.** The sequence fails with `fail_state` a state: $\delta_a/c$ where $c$ states are
measured, and $(\delta_a/c)^2/2$ where $c$ uses stand in one circuit, because the amplitudes
$\sqrt{2\delta}$ of the failures add up there.
"""

from __future__ import annotations

from typing import Any

import sympy

from qres.algorithms.amplification import FIXED_POINT, ROUNDS
from qres.algorithms.readouts.base import Mode, Readout
from qres.algorithms.system import NOISE, Definitions, System
from qres.notation.formula import define
from qres.notation.source import derived
from qres.notation.symbols import symbol, symbols

_ROUNDS, _PROB, _FLAG = symbols("rounds success_prob flag_prob")


def is_fixed_point(system: System, member: Readout, mode: Mode) -> bool:
    """Return whether only a lower bound of a run is known, or none replaces a state that fails."""
    states = member.amplified(mode)
    return states != 0 and (states == 1 or not system.is_exact)


def is_amplified_exactly(system: System, member: Readout, mode: Mode) -> bool:
    """Return whether runs are amplified at a known probability."""
    return member.amplified(mode) != 0 and not is_fixed_point(system, member, mode)


def amplification_definitions(system: System, member: Readout, mode: Mode) -> Definitions:
    """Return rounds, invocations and failure of one amplified state, none where there is none."""
    if member.amplified(mode) == 0:
        return ()
    if is_fixed_point(system, member, mode):
        return _fixed_point(system, member, mode)
    return _exact(system, member)


def _exact(system: System, member: Readout) -> Definitions:
    joint = sympy.Min(1, _PROB * _FLAG * (1 + NOISE))
    return (
        define(
            f"{system.name}.rounds",
            "amplification rounds of the joint event: flag and wanted block",
            ROUNDS.at(success_prob=joint),
            ROUNDS.source,
            kind="proven",
        ),
        define(
            f"{system.name}.invocations",
            "solver runs in one amplified state",
            2 * _ROUNDS + 1,
            ROUNDS.source,
            kind="proven",
        ),
        define(
            f"{system.name}.fail_state",
            "failure probability of one amplified state",
            (2 * amplitude_error(system, member)) ** 2,
            derived("errors of a run move the angle of a round"),
            kind="proven",
        ),
    )


def _fixed_point(system: System, member: Readout, mode: Mode) -> Definitions:
    part = symbol("fail_amplification") / (member.amplified(mode) * system.segments)
    joint = sympy.Min(1, _PROB * _FLAG * (1 - amplitude_error(system, member)) ** 2)
    length = FIXED_POINT.at(success_prob=joint, fail_prob=symbol("fail_state"))
    return (
        define(
            f"{system.name}.fail_state",
            "failure probability of one amplified state",
            part**2 / 2 if member.is_coherent else part,
            derived("amplitudes of failures add up" if member.is_coherent else "union bound"),
            kind="proven",
        ),
        define(
            f"{system.name}.invocations",
            "solver runs in one amplified state, at any probability from the bound up",
            length,
            FIXED_POINT.source,
            kind="proven",
        ),
        define(
            f"{system.name}.rounds",
            "pairs of reflections with phases in one amplified state",
            (symbol("invocations") - 1) / 2,
            FIXED_POINT.source,
            kind="proven",
        ),
    )


def amplitude_error(system: System, member: Readout) -> Any:
    r"""Return $\eta$: errors of a run leave an amplitude within $\sqrt{P p}\,(1 \pm \eta)$.

    Errors of matrix, right-hand side and solver move the flagged state by
    $\epsilon \le \mathrm{share}\,\mathrm{root}/2$, rotations the whole run by $\sqrt p$ times that, so
    the amplitude of the wanted part is
    $\sqrt p\,(\sqrt P \pm \frac{\mathrm{root}}{2}\sum\mathrm{share})$.
    """
    shares = sympy.Add(*symbols("share_encoding share_solver share_rotation"))
    return shares * member.root(system) / (2 * system.stretch * sympy.sqrt(_PROB))
