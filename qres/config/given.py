"""`model.given`: numbers that the user types, each with the pedigree that it deserves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from qres.config.algorithm import MAX_STEPS
from qres.config.check import Check, Real, Whole, as_number, refuse, show
from qres.config.choice import Listing
from qres.config.section import Section
from qres.errors import InputError, nearest
from qres.files import read_text
from qres.notation.quantity import Quantity

PARTS = ("value", "low", "high", "source", "kind")


@dataclass(frozen=True)
class Given(Check):
    """A number, or `{value, low, high, source, kind}`; stored as a `Quantity`.

    `kind: assumed`, or a source that begins with the word assumed, marks what nobody has shown.
    """

    number: Check
    unit: str = "1"

    @property
    def expected(self) -> str:
        """What is right, in words."""
        return f"{self.number.expected} (or {{value, low, high, source, kind}})"

    def check(self, value: Any) -> Quantity:
        """Return the number with its pedigree."""
        if isinstance(value, Quantity):
            value = {key: part for key in PARTS if (part := getattr(value, key)) is not None}
            value["kind"] = "assumed" if value["kind"] == "assumed" else "given"
        if not isinstance(value, dict):
            return Quantity(value=self.number.check(value), unit=self.unit, kind="given")
        for key in value:
            if key not in PARTS:
                refuse(f"unknown key{nearest(str(key), PARTS)}", at=(key,))
        if "value" not in value:
            refuse(f"missing; expected {self.number.expected}", at=("value",))
        return self._quantity(**value)

    def _quantity(
        self, value: Any, low: Any = None, high: Any = None, source: Any = "", kind: Any = None
    ) -> Quantity:
        point = self._part("value", value)
        low = None if low is None else self._part("low", low)
        high = None if high is None else self._part("high", high)
        if (low is not None and low > point) or (high is not None and high < point):
            refuse(f"expected low <= value <= high, found {low}, {point}, {high}")
        if not isinstance(source, str) or (source and not source.isprintable()):
            refuse(f"expected text of one line, found {show(source)}", at=("source",))
        if kind not in (None, "given", "assumed"):
            refuse(f"expected given or assumed, found {show(kind)}", at=("kind",))
        is_assumed = kind == "assumed" or source.lower().startswith("assumed")
        return Quantity(
            value=point,
            low=low,
            high=high,
            unit=self.unit,
            kind="assumed" if is_assumed else "given",
            source=source,
        )

    def _part(self, name: str, value: Any) -> Any:
        try:
            return self.number.check(value)
        except PydanticCustomError as error:
            refuse(error.message(), at=(name,))

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value."""
        number = self.number.json_schema()
        parts = dict.fromkeys(("value", "low", "high"), number)
        parts |= {"source": {"type": "string"}, "kind": {"enum": ["given", "assumed"]}}
        full = {
            "type": "object",
            "properties": parts,
            "required": ["value"],
            "additionalProperties": False,
        }
        return {"anyOf": [number, full]}


WHOLE = Given(Whole(1))
COUNT = Given(Whole(0))
POSITIVE = Given(Real(above=0))
NOT_NEGATIVE = Given(Real(low=0))
ANY_REAL = Given(Real())


def check_order(section: Section, small: str, large: str) -> None:
    """Refuse a `small` above the `large`, where both are given."""
    low, high = getattr(section, small), getattr(section, large)
    if low is not None and high is not None and low.value > high.value:
        refuse(f"expected at most {large} ({high.value:g}), found {low.value:g}", at=(small,))


TRAINING_ORDER = (
    ("n_active", "n_params"),
    ("sparsity", "n_active"),
    ("lambda_min", "lambda_max"),
    ("t3_injective", "t3_unfolding"),
    ("t3_injective", "t3_frobenius"),
    ("t3_unfolding", "t3_frobenius"),
    ("t3_max_entry", "t3_frobenius"),
    ("t4_injective", "t4_frobenius"),
)
"""Pairs of which the first may not exceed the second."""


class GivenTraining(Section):
    """Numbers for `carleman-gd`, all of the active weights, weight decay included."""

    n_params: Annotated[Quantity | None, WHOLE] = None
    """Parameters of the network."""
    n_active: Annotated[Quantity | None, WHOLE] = None
    """Unpruned parameters: what is read out."""
    sparsity: Annotated[Quantity | None, WHOLE] = None
    """Non-zeros per row of the Hessian; n_active if it is left out."""
    max_entry: Annotated[Quantity | None, POSITIVE] = None
    """Largest absolute entry of the Hessian."""
    frobenius_norm: Annotated[Quantity | None, POSITIVE] = None
    """Frobenius norm of the Hessian."""
    lambda_max: Annotated[Quantity | None, ANY_REAL] = None
    """Largest eigenvalue of the Hessian."""
    lambda_min: Annotated[Quantity | None, ANY_REAL] = None
    """Smallest eigenvalue of the Hessian."""
    grad_norm: Annotated[Quantity | None, POSITIVE] = None
    """Norm of the gradient at the initial weights."""
    final_grad_norm: Annotated[Quantity | None, NOT_NEGATIVE] = None
    """Norm of the gradient after the last step; for error.target loss, grad_norm if left out."""
    update_norms: Annotated[tuple[float, ...], Listing(Real(low=0), at_most=MAX_STEPS + 1)] = ()
    """Norm of the change of the weights after t = 0..n_steps steps."""
    eps_model: Annotated[Quantity | None, NOT_NEGATIVE] = None
    """Relative error of the polynomial model at the last step."""
    n_samples: Annotated[Quantity | None, WHOLE] = None
    """Training samples."""
    t3_injective: Annotated[Quantity | None, POSITIVE] = None
    """Injective norm of the third derivative of the loss, max |T(v, v, v)| over unit v."""
    t3_unfolding: Annotated[Quantity | None, POSITIVE] = None
    """Spectral norm of the third derivative as a matrix of n_active x n_active^2."""
    t3_frobenius: Annotated[Quantity | None, POSITIVE] = None
    """Frobenius norm of the third derivative."""
    t3_max_entry: Annotated[Quantity | None, POSITIVE] = None
    """Largest absolute entry of the third derivative."""
    t3_sparsity: Annotated[Quantity | None, WHOLE] = None
    """Non-zeros per row of the third derivative, among n_active^2 columns."""
    t4_injective: Annotated[Quantity | None, POSITIVE] = None
    """Injective norm of the fourth derivative."""
    t4_frobenius: Annotated[Quantity | None, POSITIVE] = None
    """Frobenius norm of the fourth derivative."""
    t4_max_entry: Annotated[Quantity | None, POSITIVE] = None
    """Largest absolute entry of the fourth derivative."""
    t4_sparsity: Annotated[Quantity | None, WHOLE] = None
    """Non-zeros per row of the fourth derivative, among n_active^3 columns."""
    n_outputs: Annotated[Quantity | None, WHOLE] = None
    """Outputs of the network for one sample."""
    jacobian_frobenius: Annotated[Quantity | None, POSITIVE] = None
    """Frobenius norm of the Jacobian of all outputs of all samples."""
    output_hessian_norm: Annotated[Quantity | None, POSITIVE] = None
    """Largest spectral norm, over samples, of the Hessian of the loss in the outputs."""
    gram_dropped_norm: Annotated[Quantity | None, POSITIVE] = None
    """Spectral norm of the Hessian minus its Gauss-Newton part."""

    @model_validator(mode="after")
    def _consistent(self) -> GivenTraining:
        for small, large in TRAINING_ORDER:
            check_order(self, small, large)
        return self


SYSTEM_ORDER = (
    ("sparsity", "dim"),
    ("row_sparsity", "dim"),
    ("column_sparsity", "dim"),
    ("row_sparsity", "sparsity"),
    ("column_sparsity", "sparsity"),
    ("smallest_singular_value", "norm"),
    ("max_entry", "diagonal_sum"),
    ("norm", "diagonal_sum"),
    ("smallest_singular_value", "diagonal_sum"),
)
"""Likewise; the norm of a sum of shifts is at most the sum of its weights."""

COUNTED_DIAGONALS = ("n_diagonals", "shift_bits", "n_cuts")
DIAGONALS = ("n_diagonals", "diagonal_sum", "shift_bits", "n_cuts")
"""All of them or none."""


class GivenMatrix(Section):
    """Numbers for `linear-system`."""

    dim: Annotated[Quantity | None, WHOLE] = None
    """Rows of the matrix."""
    sparsity: Annotated[Quantity | None, WHOLE] = None
    """Non-zeros per row and column, those of A and of its transpose together."""
    row_sparsity: Annotated[Quantity | None, WHOLE] = None
    """Non-zeros per row, where columns have another number; for encoding sparse."""
    column_sparsity: Annotated[Quantity | None, WHOLE] = None
    """Non-zeros per column; both of them or none."""
    max_entry: Annotated[Quantity | None, POSITIVE] = None
    """Largest absolute entry."""
    frobenius_norm: Annotated[Quantity | None, POSITIVE] = None
    """Frobenius norm."""
    norm: Annotated[Quantity | None, POSITIVE] = None
    """Spectral norm."""
    smallest_singular_value: Annotated[Quantity | None, NOT_NEGATIVE] = None
    """Smallest singular value; 0 is a singular matrix."""
    solution_overlap: Annotated[Quantity | None, Given(Real(above=0, high=1))] = None
    """Norm of the solution over its largest possible value, ||x|| / (||A^-1|| ||b||)."""
    n_diagonals: Annotated[Quantity | None, WHOLE] = None
    """Diagonals that hold an entry, each constant; for encoding computed, like the next three."""
    diagonal_sum: Annotated[Quantity | None, POSITIVE] = None
    """Sum over the diagonals of the absolute value of each."""
    shift_bits: Annotated[Quantity | None, WHOLE] = None
    """Sum, over the different lengths 2^k at which diagonals are cut, of k; a diagonal that is not
    cut counts as one of length 2^k >= dim."""
    n_cuts: Annotated[Quantity | None, WHOLE] = None
    """Number of these lengths."""

    @model_validator(mode="after")
    def _consistent(self) -> GivenMatrix:
        for small, large in SYSTEM_ORDER:
            check_order(self, small, large)
        self._check_sides()
        self._check_diagonals()
        return self

    def _check_sides(self) -> None:
        """Refuse non-zeros of rows without those of columns, and more of both together than of each."""
        sides = {"row_sparsity": self.row_sparsity, "column_sparsity": self.column_sparsity}
        known = [float(item) for item in sides.values() if item is not None]
        if len(known) == 1:
            missing = next(name for name, item in sides.items() if item is None)
            refuse("missing; rows and columns are given together", at=(missing,))
        if known and self.sparsity is not None and float(self.sparsity) > sum(known):
            refuse(
                f"expected at most row_sparsity + column_sparsity ({sum(known):g}), found"
                f" {float(self.sparsity):g}",
                at=("sparsity",),
            )

    def _check_diagonals(self) -> None:
        """Refuse diagonals that no matrix of this size has."""
        known = {name: getattr(self, name) for name in DIAGONALS}
        missing = [name for name, item in known.items() if item is None]
        if len(missing) == len(known):
            return
        if missing:
            refuse(f"missing; encoding computed needs {', '.join(DIAGONALS)}", at=(missing[0],))
        if self.dim is None:
            return
        dim, n_diagonals, shift_bits, n_cuts = (
            int(float(item)) for item in (self.dim, *(known[name] for name in COUNTED_DIAGONALS))
        )
        levels = (dim - 1).bit_length()
        if n_diagonals > 2 * dim - 1:
            refuse(
                f"expected at most 2 dim - 1 ({2 * dim - 1}), found {n_diagonals}",
                at=("n_diagonals",),
            )
        if n_cuts > min(levels, n_diagonals):
            most = min(levels, n_diagonals)
            refuse(
                f"expected at most {most}, one length a diagonal and a qubit; found {n_cuts}",
                at=("n_cuts",),
            )
        least, most = n_cuts * (n_cuts + 1) // 2, n_cuts * (2 * levels - n_cuts + 1) // 2
        if not least <= shift_bits <= most:
            refuse(
                f"expected {least} to {most}, a sum of {n_cuts} different numbers from 1 to"
                f" {levels}; found {shift_bits}",
                at=("shift_bits",),
            )


class GivenCounts(Section):
    """Logical counts for `counts`."""

    logical_qubits: Annotated[Quantity | None, WHOLE] = None
    """Peak width."""
    t: Annotated[Quantity | None, COUNT] = None
    """T gates; those of `rotations` not included."""
    toffoli: Annotated[Quantity | None, COUNT] = None
    """Toffoli or CCZ gates."""
    rotations: Annotated[Quantity | None, COUNT] = None
    """Rotations that are still to be synthesised."""
    rotation_depth: Annotated[Quantity | None, COUNT] = None
    """Layers that hold a rotation."""
    measurements: Annotated[Quantity | None, COUNT] = None
    """Logical measurements."""
    idle_qubits: Annotated[Quantity | None, COUNT] = None
    """Of `logical_qubits`, those that are held and not at work, for machines with cold storage."""

    @model_validator(mode="after")
    def _consistent(self) -> GivenCounts:
        check_order(self, "rotation_depth", "rotations")
        check_order(self, "idle_qubits", "logical_qubits")
        return self


GIVEN_OF: dict[str, type[Section]] = {
    "carleman-gd": GivenTraining,
    "linear-system": GivenMatrix,
    "counts": GivenCounts,
}
"""By algorithm."""

QDK_KEYS = {
    "numQubits": "logical_qubits",
    "tCount": "t",
    "rotationCount": "rotations",
    "rotationDepth": "rotation_depth",
    "cczCount": "toffoli",
    "ccixCount": "toffoli",
    "measurementCount": "measurements",
}
"""Keys of a LogicalCounts JSON of the QDK, with our names; CCZ and CCiX gates are added."""

QDK_UNPRICED = ("numComputeQubits", "readFromMemoryCount", "writeToMemoryCount")
"""Keys that the QDK adds where a program splits its `numQubits` into compute and memory."""


def read_counts(path: Path) -> dict[str, Any]:
    """Read a QDK LogicalCounts JSON as the keys of `GivenCounts`.

    Raises:
        InputError: not such a file.
    """
    data = _read_json(path)
    counts: dict[str, int | float] = {}
    for key, value in data.items():
        if key not in (*QDK_KEYS, *QDK_UNPRICED):
            raise InputError(f"{path}: {key}: unknown key{nearest(key, QDK_KEYS)}")
        if key in QDK_UNPRICED and value is None:
            continue
        number = as_number(value)
        if number is None:
            raise InputError(f"{path}: {key}: expected a number, found {show(value)}")
        if key in QDK_UNPRICED:
            _check_unpriced(path, key, number)
            continue
        counts[QDK_KEYS[key]] = counts.get(QDK_KEYS[key], 0) + number
    at_work = as_number(data.get("numComputeQubits"))
    if at_work is not None and "logical_qubits" in counts:
        counts["idle_qubits"] = counts["logical_qubits"] - at_work
    source = f"QDK LogicalCounts, {path.name}"
    return {name: {"value": number, "source": source} for name, number in counts.items()}


def _check_unpriced(path: Path, key: str, number: float) -> None:
    """Refuse traffic with a memory; the memory of `numQubits` is what cold storage may hold."""
    if key != "numComputeQubits" and number != 0:
        raise InputError(
            f"{path}: {key}: memory reads and writes are not priced yet; expected 0, found {number}"
        )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(read_text(path))
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not valid JSON ({error})") from None
    if not isinstance(data, dict):
        raise InputError(f"{path}: expected a mapping of keys to numbers")
    return data
