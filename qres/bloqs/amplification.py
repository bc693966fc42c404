r"""Amplitude amplification of a solver run."""

from __future__ import annotations

import attrs
from qualtran import Signature
from qualtran.resource_counting import BloqCountDictT, SympySymbolAllocator
from qualtran.symbolics import SymbolicInt

from qres.bloqs.circuit import Circuit, uncontrolled
from qres.bloqs.integers import as_integer, at_least, tally
from qres.bloqs.linear_solver import SolverRun


@attrs.frozen
class AmplifiedState(Circuit):
    r"""$k$ rounds of amplitude amplification: $2k + 1$ runs (or adjoints) and $2k$ reflections.

    With a control, every look-up, rotation and reflection inside has it.

    Args:
        run: the run whose flagged part is amplified, without a control of its own.
        rounds: number of rounds $k$; 0 is the run itself.

    Registers:
        ctrl: the control, if there is one; the others are those of the run.

    References:
        [Quantum Amplitude Amplification and Estimation](https://arxiv.org/abs/quant-ph/0005055).
        Brassard et al. (2000). Section 2.
    """

    run: SolverRun = attrs.field(validator=uncontrolled)
    rounds: SymbolicInt = attrs.field(converter=as_integer, validator=at_least(0))

    @property
    def signature(self) -> Signature:
        """Registers of the run."""
        return self._controlled_run().signature

    @property
    def workspace(self) -> SymbolicInt:
        """The largest table alive."""
        return self.run.workspace

    def _controlled_run(self) -> SolverRun:
        return self.run.with_controls(self.num_controls)

    def build_call_graph(self, ssa: SympySymbolAllocator) -> BloqCountDictT:
        """Runs, and two reflections a round."""
        run = self._controlled_run()
        return tally([(run, 2 * self.rounds + 1), (run.reflection, 2 * self.rounds)])
