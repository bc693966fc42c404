"""All that `qres verify` proves by simulation, by the name that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from qres.errors import InputError, nearest
from qres.verify.algebra import prove_algebra
from qres.verify.amplified import prove_amplified
from qres.verify.descent_runs import DescentProof, prove_descents
from qres.verify.encoded_runs import prove_encoded_runs
from qres.verify.end_to_end import prove_runs
from qres.verify.factors import prove_factors
from qres.verify.histories import prove_histories
from qres.verify.iterated import prove_iterative
from qres.verify.lifts import prove_lifts
from qres.verify.lookups import prove_tables
from qres.verify.proofs import PROVABLE, Proof, prove_all
from qres.verify.readouts import ReadoutProof, prove_readouts
from qres.verify.references import prove_references
from qres.verify.solver_runs import provable_solvers, random_system
from qres.verify.solvers import SolverProof, prove_solvers
from qres.verify.states import prove_states
from qres.verify.walk import WalkConstant, measure_constants

Progress = Callable[[str, int, int], None]

Found = Proof | ReadoutProof | SolverProof | WalkConstant | DescentProof


def _constants(*, seed: int = 0, progress: Progress | None = None) -> Iterator[WalkConstant]:
    """The constant of the adiabatic walk, with both ways to make its weights."""
    kappas = (10.0, 20.0, 30.0, 40.0, 50.0)
    for done, is_published in enumerate((True, False)):
        yield from measure_constants(
            random_system, is_published=is_published, kappas=kappas, seed=seed
        )
        if progress:
            progress("measuring the adiabatic constant", done + 1, 2)


FAMILIES: dict[str, Callable[..., Iterator[Found]]] = {
    **{name: partial(prove_all, [name]) for name in PROVABLE},
    "tables": prove_tables,
    "algebra": prove_algebra,
    "states": prove_states,
    "histories": prove_histories,
    "factors": prove_factors,
    "lifts": prove_lifts,
    "end-to-end": prove_runs,
    "encoded-runs": prove_encoded_runs,
    **{name: partial(prove_solvers, [name]) for name in provable_solvers()},
    "adiabatic-constant": _constants,
    "amplification": prove_amplified,
    "readouts": prove_readouts,
    "iterative": prove_iterative,
    "references": prove_references,
    "descents": prove_descents,
}
"""Name to its proofs, called with `seed` and `progress`."""


def chosen(name: str | None) -> tuple[str, ...]:
    """Return that name, or all names.

    Raises:
        InputError: nothing to simulate for that name.
    """
    if name is not None and name not in FAMILIES:
        raise InputError(f"verify: no circuit to simulate for '{name}'{nearest(name, FAMILIES)}")
    return tuple(FAMILIES) if name is None else (name,)


def prove(
    names: Sequence[str], *, seed: int = 0, progress: Progress | None = None
) -> Iterator[Found]:
    """Prove these, one after the other.

    Args:
        names: of `FAMILIES`.
        seed: of the random instances.
        progress: called as progress(task, done, total) within each.
    """
    for name in names:
        yield from FAMILIES[name](seed=seed, progress=progress)
