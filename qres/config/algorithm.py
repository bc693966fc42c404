"""`algorithm`: one small parameter class per algorithm, told apart by `name`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from qres.config.check import Real, Whole, refuse, show
from qres.config.choice import Choice, Text
from qres.config.section import Section

Member = Annotated[str, Text(what="the name of a member")]
"""A name that the storey of the algorithms knows; `load_scenario` is told which there are."""


MAX_STEPS = 1_000_000
"""Training steps; given numbers are summed step by step, within seconds up to here."""


class State(Section):
    """The quantum state itself is the result; no classical task equals it."""

    kind: Literal["state"]


class Tomography(Section):
    """All amplitudes are read out as classical numbers."""

    kind: Literal["tomography"] = "tomography"
    norm: Annotated[str, Choice(("l2",))] = "l2"
    """In which norm the read-out error counts."""
    access: Annotated[str, Choice(("coherent", "sampling"))] = "coherent"
    """Whether the preparation is used coherently or only sampled."""


def find_kind(readout: Any) -> str:
    """Return the kind of a read-out; one that names none is tomography."""
    found = readout.get("kind", "tomography") if isinstance(readout, dict) else "tomography"
    return found if isinstance(found, str) else show(found)


Readout = Annotated[
    Annotated[State, Tag("state")] | Annotated[Tomography, Tag("tomography")],
    Discriminator(find_kind),
]


class Optimizer(Section):
    """The update rule that is linearised."""

    kind: Annotated[str, Choice(("gd",), later=("sgd",))] = "gd"
    """Full-batch gradient descent."""
    momentum: Annotated[int, Choice((0,), later_numbers=True)] = 0
    """Of the update rule."""
    weight_decay: Annotated[float, Real(low=0)] = 0.0
    """Added to the Hessian and the gradient."""
    n_batches: Annotated[int, Choice((1,), later_numbers=True)] = 1
    """Distinct batches."""


class CarlemanGd(Section):
    """Gradient descent by discrete Carleman linearisation (arXiv:2303.03428)."""

    name: Literal["carleman-gd"]
    n_steps: Annotated[int, Whole(1, MAX_STEPS)]
    """Training steps of the run."""
    learning_rate: Annotated[float, Real(above=0)]
    """Step size of the run."""
    optimizer: Optimizer = Optimizer()
    """The update rule."""
    truncation_order: Annotated[str | int, Choice(("auto", 1), later=(2, 3, 4, 5, 6))] = "auto"
    """Carleman order N; 1 is exact at degree 1."""
    segment_steps: Annotated[str | int, Choice(("auto",), whole=1)] = "auto"
    """Steps between re-uploads; one segment of n_steps so far."""
    degree: Annotated[str | int, Choice(("auto", 1), later=(2, 3))] = "auto"
    """Degree of the polynomial gradient."""
    map: Annotated[
        str, Choice(("auto", "exact", "first-order"), later=("order 2", "order 3", "order 4"))
    ] = "auto"
    """Which products of the map are kept; all agree at truncation order 1."""
    padding: Annotated[str | int, Choice(("auto", "none", "sqrt", "full"), whole=0)] = "auto"
    """Idle rows after the last step."""
    rescaling: Annotated[str, Choice(("auto",), later_numbers=True)] = "auto"
    """Scale of the lifted variables; without effect at degree 1."""
    expansion: Annotated[str, Choice(("initial",), later=("final",))] = "initial"
    """Weights around which the gradient is expanded."""
    encoding: Member = "auto"
    """Block-encoding of the Hessian."""
    data_access: Member = "qroam"
    """How tables are loaded."""
    solver: Member = "shortcut"
    """Quantum linear-system solver."""
    readout: Readout = Tomography()
    """What leaves the quantum computer."""

    @model_validator(mode="after")
    def _one_segment(self) -> CarlemanGd:
        if self.segment_steps not in ("auto", self.n_steps):
            refuse(
                f"{self.segment_steps} is not available yet; use auto or n_steps ({self.n_steps})",
                at=("segment_steps",),
            )
        return self


class LinearSystem(Section):
    """A quantum linear solver on a matrix or on given numbers."""

    name: Literal["linear-system"]
    encoding: Member = "auto"
    """Block-encoding of the matrix."""
    data_access: Member = "qroam"
    """How tables are loaded."""
    solver: Member = "shortcut"
    """Quantum linear-system solver."""
    readout: Readout = Tomography()
    """What leaves the quantum computer."""


class Counts(Section):
    """No algorithm: logical counts from elsewhere are priced."""

    name: Literal["counts"]


Algorithm = Annotated[CarlemanGd | LinearSystem | Counts, Field(discriminator="name")]

MODELS_OF = {
    "carleman-gd": ("network", "given", "measurement"),
    "linear-system": ("matrix", "given", "measurement"),
    "counts": ("given",),
}
"""Model kinds that each algorithm can take."""

LATER_TAGS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("algorithm",): ("newton", "log-concave", "distributed"),
    ("algorithm", "readout"): ("observable",),
    ("model", "network", "architecture"): ("resnet", "gpt"),
}
"""By path: kinds and names that the design has and this version lacks."""

LATER_KEYS = {
    "newton": ("policy", "damping", "curvature", "blocks", "prune"),
    "log-concave": ("task", "kernel", "rigour", "prior"),
    "distributed": ("task", "workload", "n_parties", "depth", "link"),
}
"""Keys of the algorithms of `LATER_TAGS`."""
