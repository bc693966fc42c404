"""What a comparison with another tool found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One quantity, ours against another tool's, over many inputs.

    Args:
        quantity: which.
        n_inputs: how many inputs were compared.
        allowed: largest relative difference that still counts as equal; 0 where it must be exact.
        worst: largest relative difference that was found.
        ours: our value where the difference is largest (the first input if all are equal).
        theirs: the other tool's value there.
        n_unequal: inputs beyond what is allowed.
    """

    quantity: str
    n_inputs: int
    allowed: float
    worst: float
    ours: float
    theirs: float
    n_unequal: int

    @property
    def is_equal(self) -> bool:
        """Whether no input is beyond what is allowed; a comparison of nothing is not equal."""
        return self.n_unequal == 0 and self.n_inputs > 0


class Tally:
    """Gathers pairs of one quantity; mutated by `add`.

    Args:
        quantity: which.
        allowed: relative difference that counts as equal.
    """

    def __init__(self, quantity: str, allowed: float) -> None:
        self.quantity, self.allowed = quantity, allowed
        self.n_inputs = self.n_unequal = 0
        self.worst, self.pair = -1.0, (0.0, 0.0)

    def add(self, ours: float, theirs: float, noise: float = 0.0) -> None:
        """Add a pair; `noise` is an absolute rounding error of the other tool."""
        gap = abs(ours - theirs)
        scale = max(abs(ours), abs(theirs))
        relative = float(gap / scale) if gap else 0.0
        self.n_inputs += 1
        if not gap <= self.allowed * scale + noise:
            self.n_unequal += 1
        elif relative > self.allowed:
            relative = self.allowed
        if not relative <= self.worst:
            self.worst, self.pair = relative, (ours, theirs)

    def result(self) -> Comparison:
        """Return what was found."""
        return Comparison(
            quantity=self.quantity,
            n_inputs=self.n_inputs,
            allowed=self.allowed,
            worst=max(self.worst, 0.0),
            ours=self.pair[0],
            theirs=self.pair[1],
            n_unequal=self.n_unequal,
        )
