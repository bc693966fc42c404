r"""Read-out circuits against their claims, on runs of a solver whose amplitudes are known exactly.

Chances are sums of the simulated distribution, nothing is drawn, except where a read-out ends in
classical work (`qres.verify.sampling`). The runs invert random matrices (exact unitary completions)
by a polynomial of low degree: what is read is whatever state they prepare.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from qres.algorithms.readouts.estimate import estimate
from qres.algorithms.readouts.tomography_sampling import COPIES
from qres.algorithms.record import Unit
from qres.bloqs.estimation import AmplitudeEstimation, GroverPower, OutcomeZero, WantedRows
from qres.bloqs.fourier import FourierTransform
from qres.bloqs.observable import HadamardTest, ReferenceState
from qres.bloqs.rotation_tree import LoadedRotationTree
from qres.logical.circuit import count_bloq
from qres.notation.compiled import compile_exact
from qres.notation.symbols import symbol
from qres.verify.count import ROTATIONS, TOFFOLI, decomposed_counts
from qres.verify.flatten import flatten
from qres.verify.known_runs import (
    BITS,
    ROUNDING,
    chance_within,
    expectation,
    flagged,
    outcomes,
    overlap,
    row_test,
    simulated,
    solver_run,
)
from qres.verify.peak import counted_qubits
from qres.verify.sampling import allowed_misses, tomography
from qres.verify.simulate import block

ITERATIONS = (3, 4, 7, 12)
TRIALS = 200


@dataclass(frozen=True, kw_only=True)
class ReadoutProof:
    r"""One read-out, claimed and found.

    Args:
        quantity: what is compared.
        rows: of the matrix, or entries of the vector.
        iterations: Grover iterations, 0 where there are none.
        least: smallest value that agrees with the claim.
        most: largest one.
        found: by simulation.
        counts: Toffoli gates and rotations by formula (where one stands for the circuit alone), by
            call graph and by decomposition, and of amplified runs how often the run is used; empty
            where no circuit is counted.
        qubits: claimed by the bloq and found, as in `Proof`; zeros where no circuit is counted.
        false_alarm: chance that a procedure just as good as claimed is found wanting.
    """

    quantity: str
    rows: int
    iterations: int
    least: float
    most: float
    found: float
    counts: tuple[tuple[int, ...], ...] = ()
    qubits: tuple[int, int] = (0, 0)
    false_alarm: float = 0.0

    @property
    def encoding(self) -> str:
        """What to call it beside the proofs of encodings."""
        return f"readouts: {self.quantity}"

    @property
    def is_equal(self) -> bool:
        """Whether the value is as claimed, all counts agree and the qubits are enough."""
        claimed, found = self.qubits
        is_counted = len(set(self.counts)) <= 1 and found <= claimed
        return self.least <= self.found <= self.most and is_counted


def prove_readouts(
    *, seed: int = 0, progress: Callable[[str, int, int], None] | None = None
) -> Iterator[ReadoutProof]:
    """Prove the read-outs.

    Args:
        seed: of matrices, vectors and draws.
        progress: called as progress(task, done, total).
    """
    cases: list[Callable[[np.random.Generator], ReadoutProof]] = [
        *(partial(_transform, bits=bits) for bits in (1, 2, 3, 4)),
        *(partial(_powers, iterations=k) for k in (0, 1, 2, 5)),
        *(partial(_rows_estimated, rows=rows, iterations=m) for rows in (2, 4) for m in ITERATIONS),
        *(partial(_test_estimated, make=make, iterations=7) for make in (overlap, expectation)),
        *(partial(_tested, make=make) for make in (overlap, expectation)),
        _signs,
        *(partial(_tomography, size=size) for size in range(2, 9)),
    ]
    for done, case in enumerate(cases):
        yield case(np.random.default_rng([seed, done]))
        if progress:
            progress("simulating read-outs", done + 1, len(cases))


def counted(bloq: Any) -> tuple[tuple[int, ...], ...]:
    """Toffoli gates and rotations by call graph and by decomposition."""
    toffoli, _, rotations, *_ = count_bloq(bloq)
    found = decomposed_counts(bloq)
    return (toffoli, rotations), (found[TOFFOLI], found[ROTATIONS])


def estimate_counts(bloq: AmplitudeEstimation) -> tuple[tuple[int, ...], ...]:
    """Return the counts of an estimate, the formula first, from those of its test."""
    toffoli, rotations = counted(bloq.test)[0]
    sizes = {reg.name: reg.bitsize for reg in bloq.test.signature if reg.name != "phase_gradient"}
    # both reflections; of one qubit it is a Clifford gate
    reflections = sum(sizes.values()) - 1
    if isinstance(bloq.good, WantedRows):
        reflections += sum(sizes.values()) - 1
    rounds = symbol("norm_rounds")
    unit = estimate(
        Unit(toffoli=toffoli, rotations=rotations, qubits=0, active=0), rounds, reflections, 0
    )
    numbers = [compile_exact((rounds,), x)(bloq.iterations) for x in (unit.toffoli, unit.rotations)]
    return tuple(int(number) for number in numbers), *counted(bloq)


def _transform(rng: np.random.Generator, bits: int) -> ReadoutProof:
    bloq, size = FourierTransform(bits), 2**bits
    found = block(flatten(bloq), ["target"])
    exact = np.exp(2j * np.pi * np.outer(range(size), range(size)) / size) / math.sqrt(size)
    phase = np.vdot(exact, found) / size
    pairs = bits * (bits - 1) // 2
    return ReadoutProof(
        quantity="Fourier transform",
        rows=size,
        iterations=0,
        least=0,
        most=ROUNDING,
        found=float(np.linalg.norm(found - phase / abs(phase) * exact, 2)),
        counts=((pairs, pairs), *counted(bloq)),
        qubits=counted_qubits(bloq),
    )


def _near(value: float, error: float = ROUNDING) -> Mapping[str, Any]:
    return {"least": value - error, "most": value + error}


def _powers(rng: np.random.Generator, iterations: int) -> ReadoutProof:
    test, _ = overlap(rng)
    bloq = GroverPower(test, OutcomeZero(), iterations)
    angle = math.asin(math.sqrt(outcomes(test, "test")[0]))
    return ReadoutProof(
        quantity="Grover power",
        rows=8,
        iterations=iterations,
        **_near(math.sin((2 * iterations + 1) * angle) ** 2),
        found=float(outcomes(bloq, "test")[0]),
        counts=counted(bloq),
        qubits=counted_qubits(bloq),
    )


def _rows_estimated(rng: np.random.Generator, rows: int, iterations: int) -> ReadoutProof:
    test, good, probability = row_test(rng, rows)
    bloq = AmplitudeEstimation(test, good, iterations)
    return _estimated("estimate of rows", rows, bloq, probability)


def _test_estimated(rng: np.random.Generator, make: Any, iterations: int) -> ReadoutProof:
    test, chance = make(rng)
    bloq = AmplitudeEstimation(test, OutcomeZero(), iterations)
    return _estimated(f"estimate of {make.__name__}", 8, bloq, chance)


def _estimated(
    quantity: str, rows: int, bloq: AmplitudeEstimation, probability: float
) -> ReadoutProof:
    return ReadoutProof(
        quantity=quantity,
        rows=rows,
        iterations=int(bloq.iterations),
        least=8 / math.pi**2,
        most=1 + ROUNDING,
        found=chance_within(bloq, probability),
        counts=estimate_counts(bloq),
        qubits=counted_qubits(bloq),
    )


def _tested(rng: np.random.Generator, make: Any) -> ReadoutProof:
    test, chance = make(rng)
    # the reference is off by its angles, each 2 pi 2^-b at most
    error = 2 * math.pi * 2.0**-BITS if make is overlap else ROUNDING
    return ReadoutProof(
        quantity=make.__name__,
        rows=8,
        iterations=0,
        **_near(chance, error),
        found=float(outcomes(test, "test")[0]),
        counts=counted(test),
        qubits=counted_qubits(test),
    )


def _signs(rng: np.random.Generator) -> ReadoutProof:
    """Largest deviation of the sign circuit's outcomes from what tomography draws from."""
    vector, known = rng.normal(size=4), np.abs(rng.normal(size=(1, 4)))
    vector, known = vector / np.linalg.norm(vector), known / np.linalg.norm(known)
    tree = LoadedRotationTree(1, 2, BITS, (0, 0), (0, 0)).with_vectors(known)
    state = solver_run(np.eye(4), vector, terms=1)
    # the identity has nothing to invert: its flagged part is the vector times a number
    scale = flagged(state) @ vector
    test = HadamardTest(state, ReferenceState(tree, 1, 0))
    program, found = simulated(test)
    slots = [program.registers[name] for name in ("ancilla", "solver")]
    is_flagged = found.read(tuple(slots)) == 0
    places = found.read((program.registers["test"], program.registers["index"]))
    chances = np.bincount(places[is_flagged], np.abs(found.amplitude[is_flagged]) ** 2, 8)
    read = np.real(scale) * vector
    both = np.concatenate([(read + known[0]) ** 2, (read - known[0]) ** 2]) / 4
    return ReadoutProof(
        quantity="signs",
        rows=4,
        iterations=0,
        least=0,
        most=4 * math.pi * 2.0**-BITS,
        found=float(np.abs(chances - both).max()),
        counts=counted(test),
        qubits=counted_qubits(test),
    )


def _tomography(rng: np.random.Generator, size: int) -> ReadoutProof:
    """How often the vector is off by more than is promised."""
    epsilon, fail_prob = 0.2, 0.1
    copies = math.ceil(COPIES(dim=size, epsilon=epsilon, fail_prob=fail_prob))
    misses = 0
    for _ in range(TRIALS):
        vector = rng.normal(size=size)
        vector /= np.linalg.norm(vector)
        misses += bool(np.linalg.norm(tomography(rng, vector, copies) - vector) > epsilon)
    allowed, alarm = allowed_misses(TRIALS, fail_prob)
    return ReadoutProof(
        quantity="tomography, misses",
        rows=size,
        iterations=0,
        least=0,
        most=allowed,
        found=misses,
        false_alarm=alarm,
    )
