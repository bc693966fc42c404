r"""What is added to the diagonal: $\lambda_{\mathrm{reg}} = v\, q^t \max_{ij}|H_{ij}|$, or $v\, q^t$.

The first is the rule of Q-Newton (arXiv:2405.00252; `normalization_epsilon`, 5e-3 in its code), with a
decay that its code does not have. For a positive semidefinite matrix the largest entry lies on the
diagonal, so $\lambda_{\max} \le N \max|H|$ and $\kappa \le 1 + N / v$.
"""

from __future__ import annotations

from qres.config.record import Damping
from qres.errors import InputError


def find_damping(damping: Damping, index: int, largest_entry: float | None, *, block: str) -> float:
    """Return what is added to the diagonal of a block at a step.

    Args:
        damping: the schedule.
        index: of the step, 0 for the first.
        largest_entry: largest absolute value of the matrix; None where it is not known.
        block: name and size, for the error message.

    Raises:
        InputError: relative damping, and the largest entry is not known.
    """
    value = damping.value * damping.decay**index
    if damping.kind == "absolute":
        return value
    if largest_entry is None:
        raise InputError(
            f"algorithm.damping.kind: block {block} is too large to be formed, its largest entry is"
            " not known; take absolute (it works by products), gauss-newton or blocks: layer"
        )
    return value * largest_entry
