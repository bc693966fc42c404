"""`algorithm.readout`: what leaves the quantum computer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag, model_validator

from qres.config.check import Real, Whole, refuse, show
from qres.config.choice import Choice
from qres.config.section import Section


class State(Section):
    """The quantum state itself is the result; no classical task equals it."""

    kind: Literal["state"]


class Tomography(Section):
    """All amplitudes are read out as classical numbers."""

    kind: Literal["tomography"] = "tomography"
    norm: Annotated[str, Choice(("l2", "linf"))] = "l2"
    """In which norm the read-out error counts; linf bounds every entry by error.total times the
    l2 norm of the vector."""
    access: Annotated[str, Choice(("coherent", "sampling"))] = "coherent"
    """Whether the preparation is used coherently or only sampled."""


class Functional(Choice):
    """The kind of an observable; what is no polynomial of the weights is refused with a reason."""

    def check(self, value: Any) -> str | int:
        """Return the kind."""
        if value == "accuracy":
            refuse(
                "accuracy is no polynomial of the weights; read them out (tomography) and evaluate"
            )
        return super().check(value)


OBSERVABLE_KEYS = {
    "linear": ("weight_norm",),
    "quadratic": ("operator_alpha", "operator_toffoli"),
    "loss": (),
}
"""Numbers that each observable needs; it takes no other."""


class Observable(Section):
    """One number of the result is estimated, none of its entries.

    `error.total` is relative to weight_norm times the norm of the vector (linear), to
    operator_alpha times its square (quadratic), and absolute for the loss.
    """

    kind: Literal["observable"]
    of: Annotated[str, Functional(tuple(OBSERVABLE_KEYS))]
    """linear: w.u; quadratic: u.O.u; loss: its change."""
    weight_norm: Annotated[float | None, Real(above=0)] = None
    """Norm of the weights w of a linear observable."""
    operator_alpha: Annotated[float | None, Real(above=0)] = None
    """Normalisation of the block-encoding of a quadratic observable's operator."""
    operator_toffoli: Annotated[int | None, Whole(0)] = None
    """Toffoli gates of one controlled use of that block-encoding."""

    @model_validator(mode="after")
    def _consistent(self) -> Observable:
        needed = OBSERVABLE_KEYS[self.of]
        for key in (key for keys in OBSERVABLE_KEYS.values() for key in keys):
            is_given = getattr(self, key) is not None
            if key in needed and not is_given:
                refuse(f"missing; observable {self.of} needs it", at=(key,))
            if key not in needed and is_given:
                refuse(f"does not belong to observable {self.of}", at=(key,))
        return self


def find_kind(readout: Any) -> str:
    """Return the kind of a read-out; one that names none is tomography."""
    found = readout.get("kind", "tomography") if isinstance(readout, dict) else "tomography"
    return found if isinstance(found, str) else show(found)


Readout = Annotated[
    Annotated[State, Tag("state")]
    | Annotated[Tomography, Tag("tomography")]
    | Annotated[Observable, Tag("observable")],
    Discriminator(find_kind),
]
