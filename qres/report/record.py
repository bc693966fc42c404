"""Everything that one estimate found, before it is rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qres.algorithms.record import Job
from qres.classical.record import Device
from qres.config.record import Scenario
from qres.logical.record import Agreement
from qres.measurement.record import Measurement
from qres.notation.quantity import Quantity
from qres.physical.record import Machine
from qres.pricing.record import Claim, Priced, Rival, Verdict
from qres.pricing.schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class Result:
    """One estimate.

    Args:
        scenario: the question.
        measurement: what was measured or given.
        machines: the quantum machines asked about.
        device: the classical device.
        versions: of qres and what it builds on.
        job: stages and values; None where no job could be built.
        budget: shares and failure probabilities.
        priced: costs; None where the job is infeasible before any machine.
        agreement: circuit against formula.
        verdict: the first screen.
        intervals: of totals, from intervals of inputs.
        warnings: (code, message) pairs.
        failure: (stage, reason) where the job is infeasible before any machine.
        rivals: the solvers side by side, where several were asked for.
        claims: published exponents beside those of this estimate.
        weights_error: what `error.total` of the loss allows of the weights, relative to how far
            they move; None where `error.total` is of the result itself.
        notes: what that rests on, one line each.
        schedule: of a Newton run; `job` and `priced` are then None, being many.
    """

    scenario: Scenario
    measurement: Measurement
    machines: tuple[Machine, ...]
    device: Device
    versions: Mapping[str, str]
    job: Job | None = None
    budget: Mapping[str, float] = field(default_factory=dict)
    priced: Priced | None = None
    agreement: Agreement | None = None
    verdict: Verdict | None = None
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    warnings: tuple[tuple[str, str], ...] = ()
    failure: tuple[str, str] | None = None
    rivals: tuple[Rival, ...] = ()
    claims: tuple[Claim, ...] = ()
    weights_error: Quantity | None = None
    notes: tuple[str, ...] = ()
    schedule: Schedule | None = None

    def pedigrees(self) -> dict[str, Quantity]:
        """Return every symbol of the job as a quantity, empty without a job."""
        return {} if self.job is None else self.job.pedigrees()
