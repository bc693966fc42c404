r"""Norms of the velocity in a segment, or what the norms of the updates leave of them.

Where only $\lVert u_t\rVert$ is known, $v_{t+1} = (u_t - u_{t+1})/\eta$ lies between the difference and
the sum of two of them over $\eta$.
"""

from __future__ import annotations

import itertools

from qres.errors import InputError
from qres.measurement.record import Norms, Segment


def velocity_bounds(segment: Segment, degree: int, learning_rate: float) -> tuple[Norms, Norms]:
    r"""Return lower and upper bounds on $\lVert v_t\rVert$; the same numbers where they are measured.

    Args:
        segment: with the norms of the updates.
        degree: of the model.
        learning_rate: $\eta$.

    Raises:
        InputError: the norms of the velocity do not fit those of the updates.
    """
    path, speeds = segment.path_norms[degree], segment.velocity_norms.get(degree, ())
    if speeds:
        if len(speeds) != len(path):
            raise InputError(
                f"velocity_norms: expected as many as update_norms, {len(path)}, found {len(speeds)}"
            )
        return speeds, speeds
    pairs = list(itertools.pairwise(path))
    least = tuple(abs(after - before) / learning_rate for before, after in pairs)
    return (0.0, *least), (0.0, *((after + before) / learning_rate for before, after in pairs))
