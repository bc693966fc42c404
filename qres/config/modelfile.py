"""`model.yaml` as a whole: the schema `qres-model/1`."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, model_validator
from pydantic_core import core_schema

from qres.config.algorithm import Algorithm, CarlemanGd, Switch
from qres.config.check import Real, Whole, refuse, show
from qres.config.choice import Choice, FileName, Listing, Text
from qres.config.given import GivenCounts, GivenMatrix, GivenTraining
from qres.config.network import MAX_SEED, Network
from qres.config.readout import Observable
from qres.config.section import Section
from qres.config.span import Span

SCHEMA = "qres-model/1"
LIVE = "live"
MAX_MACHINES = 10**9
MODEL_KINDS = ("network", "matrix", "given", "measurement")


class GivenValues:
    """A mapping or the name of a file; its keys are checked once the algorithm is known."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        described = handler.generate_schema(GivenTraining | GivenMatrix | GivenCounts | str | None)
        return core_schema.no_info_plain_validator_function(
            self.check, json_schema_input_schema=described
        )

    @staticmethod
    def check(value: Any) -> Any:
        """Return the mapping or the file name."""
        if not isinstance(value, dict | str | None):
            refuse(f"expected a mapping, found {show(value)}")
        return value


class Matrix(Section):
    """A matrix on disk."""

    file: Annotated[str, FileName(suffixes=(".mtx", ".npz", ".npy"))]
    """Matrix Market, scipy sparse .npz, or numpy .npy."""
    rhs: Annotated[str | None, FileName(suffixes=(".npy",), optional=True)] = None
    """Right-hand side, numpy .npy."""


class Model(Section):
    """What is estimated: exactly one of four kinds."""

    network: Network | None = None
    """A network to train, prune and measure."""
    matrix: Matrix | None = None
    """A matrix file."""
    given: Annotated[Any, GivenValues()] = None
    """Typed numbers, or the name of a QDK LogicalCounts JSON."""
    measurement: Annotated[
        str | None, FileName(suffixes=(".json",), words=(LIVE,), optional=True)
    ] = None
    """A measurement stored by `qres measure -o FILE.json`, or `live`: handed over in Python."""

    @model_validator(mode="before")
    @classmethod
    def _exactly_one(cls, data: Any) -> Any:
        if not isinstance(data, dict | None):
            return data
        found = [kind for kind in MODEL_KINDS if (data or {}).get(kind) is not None]
        has_unknown = any(key not in MODEL_KINDS for key in data or {})
        if len(found) > 1 or (not found and not has_unknown):
            what = " and ".join(found) or "none"
            refuse(f"expected exactly one of {', '.join(MODEL_KINDS)}; found {what}")
        return data

    @property
    def kind(self) -> str:
        """Return which of the four kinds this is."""
        return next(kind for kind in MODEL_KINDS if getattr(self, kind) is not None)


PARTS = ("spectrum", "local", "entries", "tensors", "descent")
"""Gradient and spectrum; the density at the gradient; entries, trace and Frobenius norm of the Hessian;
third and fourth derivatives; descent beside its models, and segments."""


class Measure(Section):
    """How hard to measure."""

    lanczos_steps: Annotated[int, Whole(2, 4096)] = 64
    """Steps of each Lanczos run."""
    probes: Annotated[int, Whole(1, 4096)] = 8
    """Random vectors."""
    seed: Annotated[int, Whole(0, MAX_SEED)] = 0
    """Of the random vectors."""
    precision: Annotated[str | None, Choice(("float64", "float32", "bfloat16"))] = None
    """Of products with the Hessian; double if left out."""
    device: Annotated[str | None, Text("a device of torch, such as cuda")] = None
    """Where products are computed; the CPU if left out."""
    threads: Annotated[int | None, Whole(1, 4096)] = None
    """Of the CPU; one if left out. Other numbers change the last bits."""
    micro_batch: Annotated[int | None, Whole(1)] = None
    """Samples at a time; as many as fit if left out."""
    n_samples: Annotated[int | None, Whole(1)] = None
    """The loss that is measured is that of the first so many training samples; all if left out."""
    parts: Annotated[
        tuple[str, ...] | None, Listing(Choice(PARTS), at_most=len(PARTS), single=True)
    ] = None
    """What is measured besides gradient and spectrum, which always are; everything if left out."""
    project: Annotated[int | None, Whole(1, 6)] = None
    """Directions, those that curve most, along which truncated Carleman is followed beside descent."""
    basis: Annotated[str | None, Choice(("memory", "bfloat16", "disk"))] = None
    """Where Lanczos vectors stay; in memory if left out."""
    degree: Annotated[int | None, Whole(1, 3)] = None
    """Largest degree of the models that are measured; three, and four derivatives, if left out."""
    quick: Annotated[bool | None, Switch()] = None
    """Lanczos runs of lanczos_steps and no more, few rows of the Hessian, one segment."""
    at_steps: Annotated[tuple[int, ...] | None, Listing(Whole(0), at_most=100, single=True)] = None
    """Updates of the training after which all is measured too, in order; 0 is its start."""

    @model_validator(mode="after")
    def _in_order(self) -> Measure:
        for position, (before, after) in enumerate(pairwise(self.at_steps or ()), start=1):
            if after <= before:
                refuse(f"expected more than {before}, found {after}", at=("at_steps", position))
        return self


NETWORK_ONLY = (
    *("precision", "device", "threads", "micro_batch", "n_samples", "basis"),
    *("degree", "quick", "parts", "project"),
)
"""Keys of `measure` that concern networks."""


class Error(Section):
    """How exact the result must be."""

    total: Annotated[float, Real(above=0, below=1)] = 0.1
    """Relative error of the result; with target loss the absolute error of the loss."""
    fail_prob: Annotated[float, Real(above=0, below=1)] = 0.05
    """Probability of missing it."""
    target: Annotated[str, Choice(("weights", "loss"))] = "weights"
    """What the error is of: the trained weights (the solution of a linear system), or the loss."""


class Classical(Section):
    """The machine that does the same job without quantum."""

    device: Annotated[str, Text("the name of a device")] = "h200"
    """See `qres list devices`."""


class Limits(Section):
    """The largest machine and the longest run that are of use, and how many machines there are."""

    max_qubits: Annotated[float | None, Real(low=1)] = None
    """Physical qubits of one machine."""
    max_runtime: Annotated[float | None, Span()] = None
    """Of the whole job: seconds, or words like `30 days`."""

    machines: Annotated[int | None, Whole(1, MAX_MACHINES)] = None
    """Machines side by side: they share the independent shots of a read-out by sampling."""

    @model_validator(mode="after")
    def _limits_something(self) -> Limits:
        if (self.max_qubits, self.max_runtime, self.machines) == (None, None, None):
            refuse("expected max_qubits, max_runtime or machines")
        return self


class ModelFile(Section):
    """One question to qres."""

    schema_: Annotated[str, Choice((SCHEMA,)), Field(alias="schema")]
    """Version of this format."""
    name: Annotated[str, Text("a name", max_length=100)]
    """Of the scenario; the name of the file if it is left out."""
    model: Model
    """What is estimated."""
    measure: Measure = Measure()
    """How hard to measure."""
    algorithm: Algorithm
    """Which algorithm, and its parameters."""
    error: Error = Error()
    """How exact the result must be."""
    hardware: Annotated[
        tuple[str, ...],
        Listing(Text("the name of a machine or a .yaml file"), at_most=100, single=True),
    ] = ("superconducting-1e-3", "superconducting-1e-4")
    """Machines to price it on; see `qres list hardware`."""
    limits: Limits | None = None
    """What each machine must stay within; without it, nothing."""
    classical: Classical = Classical()
    """What it is compared with."""
    objective: Annotated[str, Choice(("runtime", "qubits", "volume"))] = "runtime"
    """What the machine is laid out for."""

    @model_validator(mode="after")
    def _has_training(self) -> ModelFile:
        """Refuse snapshots of a training that does not take place, and settings without use."""
        for key in NETWORK_ONLY:
            if getattr(self.measure, key) is not None and self.model.network is None:
                refuse(f"model.{self.model.kind} has no use for it", at=("measure", key))
        if self.measure.at_steps is not None and self.model.network is None:
            refuse(f"model.{self.model.kind} is not trained here", at=("measure", "at_steps"))
        return self

    @model_validator(mode="after")
    def _is_plain(self) -> ModelFile:
        """Refuse what a Newton run does not do: it is many jobs, each with a place of its own."""
        limit = self.limits and self.limits.max_runtime
        if self.algorithm.name == "newton" and limit is not None:
            refuse(
                "newton has no use for it: it limits one job, a run is many; max_qubits limits each",
                at=("limits", "max_runtime"),
            )
        for key in (*NETWORK_ONLY, "at_steps"):
            if self.algorithm.name == "newton" and getattr(self.measure, key) is not None:
                refuse("newton has no use for it", at=("measure", key))
        return self

    @model_validator(mode="after")
    def _has_loss(self) -> ModelFile:
        """Refuse an error of the loss where there is none, or where the error is of a number."""
        if self.error.target == "weights":
            return self
        if not isinstance(self.algorithm, CarlemanGd):
            what = "an error of each step" if self.algorithm.name == "newton" else "no loss"
            refuse(f"{self.algorithm.name} has {what}; use weights", at=("error", "target"))
        readout = self.algorithm.readout
        if isinstance(readout, Observable) and readout.of != "loss":
            refuse(
                f"observable {readout.of} has an error of its own; use weights",
                at=("error", "target"),
            )
        return self
