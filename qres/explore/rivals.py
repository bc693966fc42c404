"""The solvers side by side: what each would ask for the same job."""

from __future__ import annotations

from qres.algorithms.solvers.base import solver
from qres.algorithms.solvers.frame import as_encoded
from qres.explore.choose import Chosen, Offer
from qres.logical.formulas import evaluate
from qres.pricing.record import Rival


def rivals(chosen: Chosen) -> tuple[Rival, ...]:
    """Return one row a solver, the least magic states first; empty where one was asked for."""
    if len(chosen.rivals) < 2:
        return ()
    rows = [_row(name, offer) for name, offer in chosen.rivals.items()]
    return tuple(sorted(rows, key=lambda row: (row.magic_states is None, row.magic_states or 0)))


def _row(name: str, offer: Offer | str) -> Rival:
    if isinstance(offer, str):
        return Rival(solver=name, kind=solver(name).kind, reason=offer)
    numbers, member = offer.job.evaluate(), solver(name)
    names = ("kappa_eff", "kappa_encoded", "eps_solver", "xi")
    values = {name: float(numbers[name]) for name in names}
    expected = float(evaluate(as_encoded(member.expected_queries), values))
    runs = expected / float(numbers["matrix_queries"])
    return Rival(
        solver=name,
        queries=(expected, member.states_per_query * expected + member.states_per_run * runs),
        run_queries=numbers["matrix_queries"],
        flag_prob=float(numbers["flag_prob"]),
        invocations=numbers.get("invocations"),
        magic_states=float(offer.cost.magic_states),
        kind=member.kind,
    )
