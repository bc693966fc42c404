r"""Steps of a lifted matrix: weights, which factor sits where, how cells move to it and back.

See `qres.bloqs.carleman_lift` for what they are for and how many they are. A flag that stays is set by
a Toffoli gate, not by an `And`: backwards it is set again, not erased.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from qualtran.bloqs.basic_gates import CNOT, Toffoli, ZGate
from qualtran.bloqs.mcmt import And

from qres.bloqs.conjunction import reaches
from qres.bloqs.history_matrix import TimeLimit, TimeShift, flagged
from qres.bloqs.steps import Bits, Step, backwards, exchange
from qres.bloqs.turn import Turn

Steps = list[Step]

SCRATCH = Bits("carries", 0)
"""Fresh qubits that are zero again before a look-up comes; named as those of `flagged`."""


class Shelf:
    """A register that is handed out slice by slice. Mutated by `take`."""

    def __init__(self, name: str, low: int = 0) -> None:
        self.name, self.low = name, low

    def take(self, width: int) -> Bits:
        """The next slice of this width."""
        self.low += width
        return Bits(self.name, width, self.low - width)


class Routing:
    """The registers of a lift, and the steps on them. Mutated while steps are written.

    Args:
        lift: a `LiftedMatrix` whose sizes are numbers.
        branches: qubits of a cell above its index.
    """

    def __init__(self, lift: Any, branches: int = 0) -> None:
        self.lift, order, most = lift, lift.truncation_order, lift.most
        width = lift.cell_bitsize + branches
        self.shelf = shelf = Shelf("ancilla")
        self.choice, mask = shelf.take(1), shelf.take(order)
        self.mask = {place: mask[place - 1] for place in range(1, order + 1)}
        self.sits = {
            (place, s): shelf.take(1)
            for place in range(1, order + 1)
            for s in range(1, min(place, most) + 1)
        }
        run = shelf.take(most)
        self.run = {s: run[s - 1] for s in range(1, most + 1)}
        self.kind = {s: shelf.take(lift.degree) for s in self.run}
        self.active, self.high = shelf.take(lift.degree), shelf.take(self._high)
        self.late, self.beyond = shelf.take(1), shelf.take(order - 1)
        self.invalid = shelf.take(2 * lift.is_padded)
        system = [Bits("system", width, (order - place) * width) for place in self.mask]
        self.cells = [*system, *(shelf.take(width) for _ in range(lift.spare_cells))]
        self.inner = {s: shelf.take(lift.inner_ancillas) for s in self.run}
        self.block = Bits("system", lift.block_bitsize, order * width)
        self.time = Bits("system", lift.time_bitsize, order * width + lift.block_bitsize)
        self.move = Bits("move", 1) if lift.num_controls else self.choice
        self._at = dict.fromkeys(self.run, 0)

    @property
    def _high(self) -> int:
        return self.lift.extended_bitsize - self.lift.block_bitsize

    # ------------------------------------------------------------------ weights and positions

    def weights(self, weights: Sequence[float] | None, stay: float = 1.0) -> Steps:
        """Prepare the sum: the shift or not, positions of factors, their kinds.

        Args:
            weights: of F_0, F_1, ..., times the learning rate and the rescaling; all angles are zero
                without them.
            stay: weight of a position without a factor.
        """
        lift, angles = self.lift, Angles(self.lift, weights, stay)
        steps = [Step(Turn(angles.choice), {"target": self.choice})]
        if lift.num_controls:
            wires = {"ctrl": (Bits("ctrl", 1), self.choice), "target": self.move}
            steps.append(Step(And(), wires))
        for place, bit in self.mask.items():
            steps += self._masked(bit, angles.mask(place))
            steps += self._seat(place)
        for kind in self.kind.values():
            steps += [
                Step(Turn(angle), {"target": kind[e]}) for e, angle in enumerate(angles.kinds)
            ]
        return steps

    def _masked(self, bit: Bits, angles: Sequence[float]) -> Steps:
        """Rotate by an angle for each number of factors so far; their bits turn the later signs."""
        flips = [Step(CNOT(), {"ctrl": self.run[s], "target": bit}) for s in range(1, len(angles))]
        turns = [Step(Turn(angle), {"target": bit}) for angle in spread(angles)]
        rest = [step for pair in zip(flips, turns[1:], strict=True) for step in pair]
        return [turns[0], *rest, *flips]

    def _seat(self, place: int) -> Steps:
        """Factor s sits at a place that is marked where s - 1 are before it."""
        steps: Steps = []
        for s in range(1, min(place, self.lift.most) + 1):
            before = self.run[s - 1] if s > 1 else self.move
            exactly = Step(CNOT(), {"ctrl": self.run[s], "target": before})
            wires = {"ctrl": (self.mask[place], before), "target": self.sits[place, s]}
            steps += [exactly, Step(And(), wires), exactly]
        for s in range(1, min(place, self.lift.most) + 1):
            steps += self.goto(s, place)
        return steps

    def goto(self, s: int, cell: int) -> Steps:
        """Let the bit of factor s say whether it sits at this cell or before."""
        cell = min(cell, self.lift.truncation_order)
        low, high = sorted((self._at[s], cell))
        self._at[s] = cell
        return [
            Step(CNOT(), {"ctrl": self.sits[place, s], "target": self.run[s]})
            for place in range(low + 1, high + 1)
            if (place, s) in self.sits
        ]

    def everywhere(self, *factors: int) -> Steps:
        """Let the bits of these factors say whether they are there at all."""
        chosen = factors or tuple(self.run)
        return [step for s in chosen for step in self.goto(s, len(self.cells))]

    # ------------------------------------------------------------------ moves

    def swap(self, low: int, high: int, control: Bits) -> Steps:
        """Exchange two cells, numbered from 1."""
        return list(exchange(self.cells[low - 1], self.cells[high - 1], control))

    def _gated(self, low: int, high: int, s: int, extra: int) -> Steps:
        """Exchange two cells where factor s sits at the lower one or before and takes this many."""
        gate = SCRATCH[0]
        pair = (self.run[s], self.active[extra - 1])
        join = Step(And(), {"ctrl": pair, "target": gate})
        return [join, *self.swap(low, high, gate), join.adjoint()]

    def fetch(self, s: int) -> Steps:
        """Bring the cells of factor s to the last places; put the result of the one before back."""
        last, steps = len(self.cells), []
        if s == 1:
            for cell in reversed(range(1, last)):
                steps += [*self.goto(s, cell), *self._gated(cell, last, s, 1)]
        else:
            for cell in range(s - 1, last):
                steps += [*self.goto(s - 1, cell), *self.goto(s, cell)]
                over = Step(CNOT(), {"ctrl": self.run[s - 1], "target": SCRATCH[0]})
                join, *swaps, leave = self._gated(cell, last, s, 1)
                steps += [join, over, *swaps, over, leave]
        for extra in range(2, self.lift.degree + 1):
            for cell in reversed(range(s, last - extra + 1)):
                steps += self.goto(s, cell)
                steps += self._gated(cell, last - extra + 1, s, extra)
        return steps

    def put_back(self) -> Steps:
        """Put the result of the last factor back."""
        steps, s, last = [], self.lift.most, len(self.cells)
        for cell in range(s, last):
            steps += [*self.goto(s, cell), *self.swap(cell, last, self.run[s])]
        return steps

    def activate(self, s: int) -> Steps:
        """Find out whether factor s, if it is there, takes 1, 2, ... cells."""
        steps, above = [], self.run[s]
        for extra in range(self.lift.degree):
            wires = {"ctrl": (above, self.kind[s][extra]), "target": self.active[extra]}
            steps.append(Step(And(), wires))
            above = self.active[extra]
        return steps

    def of_kind(self, s: int, kind: int, act: Callable[[Bits], Steps]) -> Steps:
        """Do something where factor s is there and is exactly of this kind."""
        bits = [self.run[s], *(self.active[e] for e in range(self.lift.degree))]
        if kind == self.lift.degree:
            return act(bits[kind])
        only = Step(CNOT(), {"ctrl": bits[kind + 1], "target": bits[kind]})
        return [only, *act(bits[kind]), only]

    def count(self, s: int) -> Steps:
        """Change the block index: one more for F_0, one less for each cell beyond the first."""
        shift, block = TimeShift(self.lift.extended_bitsize), (self.high, self.block)

        def up(bit: Bits) -> Steps:
            return [Step(shift, {"addend": bit, "time": block})]

        downs = [up(self.active[e])[0].adjoint() for e in range(1, self.lift.degree)]
        return [*self.of_kind(s, 0, up), *downs]

    # ------------------------------------------------------------------ time, flags, sign

    def travel(self) -> Steps:
        """Go on in time; flag what leaves the last row, factors in idle rows, blocks beyond."""
        lift = self.lift
        limit = TimeLimit(lift.time_bitsize, (lift.n_steps + lift.padding, lift.n_steps))
        go = Step(TimeShift(lift.time_bitsize), {"addend": self.move, "time": self.time})
        steps = [*self.everywhere(1), go]
        steps += flagged(limit, self.move, self.run[1], self.time, self.late)
        if lift.is_padded:
            compare, over = reaches(
                self.block, lift.truncation_order, SCRATCH.part(self.block.width)
            )
            wires = {"ctrl": (self.move, over), "target": self.invalid[0]}
            steps += [*compare, Step(Toffoli(), wires), *backwards(compare)]
        return steps

    def arrive(self, settle: Callable[[dict[int, Bits]], Steps] = lambda reach: []) -> Steps:
        """Flag blocks beyond the order and factors beyond the block; the sign of the shift.

        Args:
            settle: what else needs the qubits "the block index is at least i", by i.
        """
        order, values = self.lift.truncation_order, 2**self.block.width
        steps, reach = thermometer(self.block, values, min(order, values - 1))
        undo = backwards(steps)
        for place in range(2, order + 1):
            here = [self.sits[place, s] for s in range(1, min(place, self.lift.most) + 1)]
            join = [Step(CNOT(), {"ctrl": bit, "target": here[0]}) for bit in here[1:]]
            flag = self.beyond[place - 2]
            within = {"ctrl": (here[0], reach[place - 1]), "target": flag}
            mark = Step(CNOT(), {"ctrl": here[0], "target": flag})
            steps += [*join, mark, Step(Toffoli(), within), *backwards(join)]
        if self.lift.is_padded:
            wires = {"ctrl": (self.move, reach[order]), "target": self.invalid[1]}
            steps.append(Step(Toffoli(), wires))
        return [*steps, *settle(reach), *undo, Step(ZGate(), {"q": self.move})]


def thermometer(index: Bits, values: int, top: int) -> tuple[Steps, dict[int, Bits]]:
    r"""Return the steps that fill qubits "index is at least i", $i = 1, \ldots,$ `top`.

    They are sums of products of the $\nu$ qubits. A product that stands for no value, as no value has
    all its bits, is left out: $V - 1 - \lceil\log_2 V\rceil$ `And` gates for $V$ values.

    Args:
        index: $\nu$ qubits.
        values: $V$, how many values from 0 on the index may have.
        top: the largest i.
    """
    products = {1 << place: index[place] for place in range(index.width)}
    steps, words = [], [word for word in range(1, values) if word & (word - 1)]
    for place, word in enumerate(words):
        low = word & -word
        products[word] = SCRATCH[place]
        wires = {"ctrl": (products[low], products[word ^ low]), "target": products[word]}
        steps.append(Step(And(), wires))
    found = {bound: SCRATCH[len(words) + bound - 1] for bound in range(1, top + 1)}
    for bound, target in found.items():
        terms = _as_products(np.arange(2**index.width) >= bound)[:values]
        chosen = [products[word] for word in np.flatnonzero(terms).tolist()]
        steps += [Step(CNOT(), {"ctrl": bit, "target": target}) for bit in chosen]
    return steps, found


def _as_products(truth: np.ndarray) -> np.ndarray:
    """Which products of bits add to a function of them: the transform of Moebius."""
    size = 1
    while size < len(truth):
        pairs = truth.reshape(-1, 2, size)
        pairs[:, 1] ^= pairs[:, 0]
        size *= 2
    return truth


def spread(angles: Sequence[float]) -> list[float]:
    """Return the angles of a chain: number i counts with sign (-1)^min(i, s) at number s."""
    count = np.arange(len(angles))
    signs = (-1.0) ** np.minimum(count[None, :], count[:, None])
    return np.linalg.solve(signs, np.asarray(angles, dtype=float)).tolist()


class Angles:
    """Angles of the weights of a lift; all of them are zero without weights.

    Args:
        lift: a `LiftedMatrix` whose sizes are numbers.
        weights: see `Routing.weights`.
        stay: weight of a position without a factor.
    """

    def __init__(self, lift: Any, weights: Sequence[float] | None, stay: float) -> None:
        self._order, self._most, self._stay = lift.truncation_order, lift.most, stay
        self._degree, self._weights = lift.degree, weights
        self._factor = sum(weights or ())

    @property
    def choice(self) -> float:
        """Of the qubit that chooses the shift, 1 against the sum of all sets of positions."""
        return 2 * math.atan(math.sqrt(self._rest(0, 0))) if self._weights else 0.0

    @property
    def kinds(self) -> list[float]:
        """One for "at least e", where it is at least e - 1."""
        if not self._weights:
            return [0.0] * self._degree
        tails = np.cumsum(self._weights[::-1])[::-1]
        return [
            2 * math.atan2(math.sqrt(more), math.sqrt(one))
            for one, more in zip(self._weights, tails[1:], strict=False)
        ]

    def mask(self, place: int) -> list[float]:
        """For each number of factors so far, that the position carries the next one."""
        if not self._weights:
            return [0.0] * min(place, self._most)
        return [
            2
            * math.atan2(
                math.sqrt(self._factor * self._rest(place, so_far + 1)),
                math.sqrt(self._stay * self._rest(place, so_far)),
            )
            for so_far in range(min(place, self._most))
        ]

    def _rest(self, place: int, so_far: int) -> float:
        """Weight of all ways to go on beyond a position."""
        rest, free = self._order - place, self._most - so_far
        return math.fsum(
            math.comb(rest, i) * self._factor**i * self._stay ** (rest - i) for i in range(free + 1)
        )
