"""How the job is done: the plan under the first screen, one line a part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qres.report.grid import Sheet, grid
from qres.report.record import Result
from qres.report.units import count, number

MODES = {
    "coherent": "amplified",
    "repeat": "repeated until it succeeds",
    "direct": "used as it is",
}
"""State preparation in words."""

OPTIMIZER = {"momentum": "momentum", "weight_decay": "weight decay"}
"""Keys of the optimizer that are shown where they are not 0."""

Known = Mapping[str, Any]

REGISTERS: dict[str, tuple[Callable[[Known], int], str]] = {
    "index_bits": (lambda known: known["dim"], "components"),
    "time_bits": (
        lambda known: known["segment_steps"] + known["padding"] + 1,
        "rows of the history",
    ),
    "slot_bits": (lambda known: _slots(known, "sparsity", 1), "entries of a row"),
    "row_slot_bits": (lambda known: _slots(known, "row_sparsity", 1), "entries of a row"),
    "column_slot_bits": (lambda known: _slots(known, "column_sparsity", 1), "entries of a column"),
    "t3_slot_bits": (lambda known: _slots(known, "t3_sparsity", 2), "entries of a row of T3"),
    "t4_slot_bits": (lambda known: _slots(known, "t4_sparsity", 3), "entries of a row of T4"),
    "sample_bits": (lambda known: known["gram_rows"], "rows of the Jacobian"),
    "step_bits": (lambda known: known["segment_steps"], "steps of the right-hand side"),
    "batch_bits": (lambda known: known["n_batches"], "batches"),
}
"""Qubits of a register: what they number, and its name."""

DIAGONALS = {"slot_bits": (lambda known: known["n_diagonals"], "diagonals")}
"""The same where the matrix is computed from its diagonals: a slot numbers one of them."""


def plan(report: Result) -> list[Sheet]:
    """Return the plan of a job that was chosen; nothing where there was nothing to choose."""
    choices = report.job.choices if report.job else {}
    if not choices:
        return []
    table = grid("Plan", "", "", wide=1, keep=True)
    system = (*_system(choices), *_padded(report, choices))
    parts = (*_descent(report, choices), *system, *_error(report, choices))
    for name, text in parts:
        table.add_row(name, text)
    return [table]


def map_text(order: int, truncation_order: int) -> str:
    """Return the map of a step in words."""
    if order == truncation_order:
        return "exact map"
    return "first-order map" if order == 1 else f"map of order {order}"


def _descent(report: Result, choices: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return model and lift of a descent; nothing for a linear system."""
    if "degree" not in choices:
        return []
    count, steps = choices["segments"], choices["segment_steps"]
    pieces = "1 segment" if count == 1 else f"{count} segments"
    model = f"gradient of degree {choices['degree']}, {pieces} of {steps} steps"
    where = "at its first weights" if count == 1 else "at the first weights of each"
    order = choices["truncation_order"]
    lift = [f"truncation order {order}", map_text(choices["map_order"], order)]
    if choices["degree"] == 1:
        lift = ["truncation order 1, which is exact at degree 1"]
    else:
        lift.append(f"rescaling {number(float(choices['rescaling']))}")
    lift.append(f"{choices['padding']} idle rows")
    rows = [("model", f"{model}, expanded {where}"), ("lift", ", ".join(lift))]
    extras = {name: getattr(report.scenario.algorithm, name, 0) for name in OPTIMIZER}
    words = [f"{text} {extras[name]:g}" for name, text in OPTIMIZER.items() if extras[name]]
    is_restarted = getattr(report.scenario.algorithm, "momentum_restart", False)
    words += ["restarted with every segment"] if is_restarted else []
    batches = getattr(report.scenario.algorithm, "n_batches", 1)
    words += [f"{batches} batches in a fixed order"] if batches > 1 else []
    schedule = getattr(report.scenario.algorithm, "schedule", None)
    words += [str(schedule)] if schedule else []
    return [("optimizer", ", ".join(["gradient descent", *words])), *rows] if words else rows


def _system(choices: Mapping[str, Any]) -> list[tuple[str, str]]:
    state = MODES[choices["state preparation"]]
    return [
        ("matrix", f"encoding {choices['encoding']}, data access {choices['data_access']}"),
        ("solver", f"{choices['solver']}, its state {state}"),
        ("read-out", f"{choices['readout']}, {choices['failure rule']}"),
    ]


def _padded(report: Result, choices: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the sizes that do not fill their registers, and those of the registers."""
    known: dict[str, Any] = {name: item.value for name, item in report.pedigrees().items()}
    blocks = choices.get("truncation_order", 1)
    found = padded_sizes(known, blocks)
    return [("padded", f"to powers of two: {', '.join(found)}")] if found else []


def padded_sizes(known: Mapping[str, Any], blocks: int = 1) -> list[str]:
    """Return each size that does not fill its register, and that of the register.

    Args:
        known: number of each symbol of a job.
        blocks: of the lift; 1 is none.
    """
    registers = REGISTERS | (DIAGONALS if "n_diagonals" in known else {})
    sizes = [
        (size(known), known[bits], text)
        for bits, (size, text) in registers.items()
        if bits in known
    ]
    sizes.append((blocks, (blocks - 1).bit_length(), "blocks of the lift"))
    return [
        f"{count(size)} {text} to {count(2**bits)}" for size, bits, text in sizes if size < 2**bits
    ]


def _slots(known: Mapping[str, Any], name: str, order: int) -> int:
    """Return the entries that a row of a tensor has tables for."""
    return min(known[name], known["dim"] ** order)


def _origin(report: Result) -> str:
    """Say where an error comes from that was left to us and measured."""
    found = report.measurement.values.get("readout_tolerance")
    if not report.scenario.is_error_open or found is None or found.value is None:
        return ""
    word = "is" if float(found) == report.scenario.error.total else "lies below"
    return f"; left out, it {word} the read-out tolerance that was measured"


def _error(report: Result, choices: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what `error.total` is of, and what it is turned into."""
    total, relative = report.scenario.error.total, choices["error.total is relative to"]
    if report.weights_error is not None:
        allowed = number(report.weights_error.value)
        text = f"error.total {total:g} is of the loss; the weights may be off by {allowed} of {relative}"
    elif relative.startswith("nothing"):
        text = f"error.total {total:g} is absolute, of what is read out"
    else:
        text = f"error.total {total:g} is relative to {relative}{_origin(report)}"
    return [("error", text)]
