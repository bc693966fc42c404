r"""Block encoding of the history of momentum, and its right-hand side.

**State.** Time ($\tau$ qubits), a branch $b$ (0 holds $u$, 1 holds $\sigma v$), an index of $n$ qubits.

**Sum.** $I - \text{shift} \otimes (A_1 \otimes I + B_1 \otimes F)$ with, for $F = H$,
$$ A_1 = \begin{pmatrix} 1 & -\eta\beta/\sigma \\ 0 & \beta \end{pmatrix},\qquad
   B_1 = \begin{pmatrix} -\eta & 0 \\ \sigma & 0 \end{pmatrix}
       = \sqrt{\eta^2 + \sigma^2}\,|w\rangle\langle 0| , $$
and the identity in place of the bracket in idle rows. A qubit $h$ chooses the shift, $g$ within it
the term with $F$; the weights are $1$, $\lVert A_1\rVert \ge 1$ and
$\sqrt{\eta^2 + \sigma^2}\,\alpha_F$. Gates of one use:

1. *Weights*, before and after: $h$ one rotation, $g$ a controlled one (two). 6 rotations. An outer
   control acts on $h$ alone (two rotations in place of one): with $h$ off, all that follows does
   nothing.
2. *Idle and last*: two comparisons of the time with a constant, $\tau$ each; "$h$ in the last row or
   beyond" is flagged, 1 Toffoli.
3. *Who acts*: $x_F = g \wedge \neg\text{idle}$ and $x = (h \oplus g) \wedge \neg\text{idle}$, 2 gates;
   $g \oplus x_F$ (an idle row) is flagged by CNOTs.
4. $A_1 = \lVert A_1\rVert\,R_1\,\mathrm{diag}(1, \beta/\lVert A_1\rVert^2)\,R_2^T$ (its determinant is
   $\beta$): $R_2^T$ on $b$ under $x$, a rotation of an ancilla under $x \wedge b$ (1 gate), $R_1$ on $b$
   under $x$; in idle rows the ancilla is rotated for $1/\lVert A_1\rVert$. Four controlled rotations, 8.
5. $B_1$: $x_F \wedge b$ is flagged, 1 Toffoli; then $b$ is rotated from $|0\rangle$ to $|w\rangle$
   under $x_F$, 2 rotations.
6. $F$ under the control $x_F$.
7. *Time*: an addition of $h$, $\tau - 1$ gates, when everything above is undone but for the flags.

Together $3\tau + 4$ Toffoli gates beside those of $F$, 16 rotations, 18 if controlled.

**Ancillas**: $h$, $g$; the one that is rotated; 3 flags; idle, $x$, $x_F$, $x \wedge b$; those of $F$.
"""

from __future__ import annotations

import attrs
from qualtran import Signature
from qualtran.bloqs.basic_gates import Toffoli
from qualtran.bloqs.mcmt import And
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import Circuit, EncodingCircuit, registers, rotations, uncontrolled
from qres.bloqs.factor_encoding import FactorEncoding
from qres.bloqs.history_matrix import TimeShift
from qres.bloqs.integers import as_integer, at_least, ceil_log2, tally
from qres.bloqs.right_hand_side import RepeatedVector
from qres.errors import InputError

ANCILLAS = 10
"""Weights 2, rotated ancilla 1, flags 3, conditions 4."""

WEIGHT_ROTATIONS = 2
"""Those of h, before and after: the ones that an outer control doubles."""

OTHER_ROTATIONS = 14
"""Those of g, before and after (4), of A_1 (8) and of B_1 (2)."""


@attrs.frozen
class MomentumMatrix(EncodingCircuit):
    r"""Encodes $I - \sum_t |t\rangle\langle t-1| \otimes M$, $M = A_1 \otimes I + B_1 \otimes F$.

    Args:
        factor: encoding of $F_1$, without a control of its own.
        time_bitsize: qubits that hold the time, $\tau$.
        alpha: $1 + \lVert A_1\rVert + \sqrt{\eta^2 + \sigma^2}\,\alpha_F$.
        epsilon: absolute error, in units of the matrix.

    Registers:
        ctrl: the control, if there is one.
        system: time, branch and index.
        ancilla: see the module.
        resource: the phase gradient.
    """

    factor: FactorEncoding = attrs.field(validator=uncontrolled)
    time_bitsize: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(1))

    def __attrs_post_init__(self) -> None:
        if self.factor.order != 1:
            raise InputError(f"MomentumMatrix.factor is F_{self.factor.order}; expected F_1")

    @property
    def system_bitsize(self) -> SymbolicInt:
        """Time, branch and index."""
        return self.time_bitsize + 1 + self.factor.system_bitsize

    @property
    def ancilla_bitsize(self) -> SymbolicInt:
        """Weights, flags, conditions, and the ancillas of the factor."""
        return ANCILLAS + self.factor.ancilla_bitsize

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.factor.resource_bitsize

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return self.factor.with_controls(1).workspace

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Weights, conditions, both terms, time."""
        conditions = 2 * self.time_bitsize + 3
        return tally(
            [
                (self.factor.with_controls(1), 1),
                (TimeShift(self.time_bitsize), 1),
                (And(), conditions),
                (And().adjoint(), conditions),
                (Toffoli(), 2),
                *rotations(OTHER_ROTATIONS, 0),
                *rotations(WEIGHT_ROTATIONS, self.num_controls),
            ]
        )


@attrs.frozen
class MomentumVector(Circuit):
    r"""Prepares $T^{-1/2} \sum_{t<T} |t\rangle |w\rangle |b\rangle$, $w \propto (-\eta, \sigma)$.

    Args:
        repeated: the same vector at every step, without a control of its own.

    Registers:
        ctrl: the control, if there is one.
        target: the vector, $n$ qubits.
        branch: 1 qubit, one rotation; two if controlled.
        time: $\lceil \log_2 T \rceil$ qubits.
        phase_gradient: that of the vector.
    """

    repeated: RepeatedVector = attrs.field(validator=uncontrolled)

    @property
    def resource_bitsize(self) -> SymbolicInt:
        """Bits of the phase gradient."""
        return self.repeated.resource_bitsize

    @property
    def signature(self) -> Signature:
        """Registers."""
        return registers(
            ctrl=self.num_controls,
            target=self.repeated.vector.levels,
            branch=1,
            time=ceil_log2(self.repeated.steps),
            phase_gradient=self.resource_bitsize,
        )

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return self.repeated.workspace

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """The vector at every step, and the branch."""
        c = self.num_controls
        return tally([(self.repeated.with_controls(c), 1), *rotations(1, c)])
