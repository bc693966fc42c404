"""The public verbs of this storey; nothing heavy is imported before one is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Progress = Callable[[str, int, int], None]


def circuits() -> dict[str, dict[str, Any]]:
    """Return a small circuit of each kind, with data: group to name to a Qualtran bloq."""
    from qres.verify.gallery import gallery

    return gallery()


def draw_circuits(bloqs: Mapping[str, Any]) -> Any:
    """Return a matplotlib figure of circuits, one step down each.

    Args:
        bloqs: title to a bloq that decomposes.
    """
    from qres.verify.drawing import draw_circuits

    return draw_circuits(bloqs)


def simulate(bloq: Any) -> Any:
    r"""Return the block that an encoding holds, a complex matrix: $A/\alpha$ up to its error.

    Args:
        bloq: an encoding with its data, see `circuits`; without a control.

    Raises:
        InputError: too large to simulate.
    """
    from qres.verify.flatten import flatten
    from qres.verify.simulate import block

    return block(flatten(bloq, gradient="resource"), ["system"])


def prove(name: str | None = None, *, seed: int = 0, progress: Progress | None = None) -> list[Any]:
    """Return what `qres verify` finds: claimed against simulated and counted, a record each.

    Args:
        name: an encoding, a solver or a family of circuits; all if left out, which takes minutes.
        seed: of the random instances.
        progress: called as progress(task, done, total).

    Raises:
        InputError: nothing of that name can be simulated.
    """
    from qres.verify.registry import chosen
    from qres.verify.registry import prove as proofs

    return list(proofs(chosen(name), seed=seed, progress=progress))
