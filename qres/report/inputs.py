"""What went in: measured and given numbers, what follows from them, and how training dissipates."""

from __future__ import annotations

import math

from qres.notation.quantity import Quantity
from qres.report.grid import Sheet, grid
from qres.report.record import Result
from qres.report.units import number

INPUTS = (
    "n_params",
    "n_active",
    "n_samples",
    "dim",
    "sparsity",
    "row_sparsity",
    "column_sparsity",
    "max_entry",
    "frobenius_norm",
    "n_diagonals",
    "diagonal_sum",
    "lambda_max",
    "lambda_min",
    "grad_norm",
    "largest_grad_norm",
    "eps_model",
    "kink_share",
    "readout_tolerance",
    "norm",
    "smallest_singular_value",
    "kappa",
    "solution_overlap",
    "logical_qubits",
    "idle_qubits",
    "toffoli",
    "t",
    "rotations",
)
"""Measured or given values, in the order of the table."""

DERIVED = ("kappa_eff", "alpha", "inverse_norm", "success_prob", "xi")
"""Derived symbols worth a line."""

DISSIPATION = (
    "contraction_margin",
    "growth_sum",
    "dissipative_share",
    "neutral_share",
    "divergent_share",
    "trajectory_decay",
    "t3_injective",
    "t3_unfolding",
    "t3_frobenius",
    "t3_max_entry",
    "t4_frobenius",
)
"""What says whether the steps damp errors, and how far the gradient is from linear."""

MEANINGS = {
    "contraction_margin": "below 0 some direction grows",
    "growth_sum": "norms of t linear steps, summed",
    "dissipative_share": "of the spectrum decays",
    "neutral_share": "of the spectrum stays",
    "divergent_share": "of the spectrum grows",
    "trajectory_decay": "of the gradient decays",
    "t3_injective": "max |T3(v,v,v)|",
    "t3_unfolding": "spectral norm of T3 as an r by r^2 matrix",
    "t3_frobenius": "bounds both, for certificates",
    "t3_max_entry": "largest entry of T3",
    "t4_frobenius": "of the fourth derivative",
    "finite_horizon_ratio": "r_T, nonlinearity over damping",
}

REFERENCES = {
    "inverse_norm": "inverse_norm (linear)",
    "eps_truncation": "eps_truncation (low)",
    "finite_horizon_ratio": "finite_horizon_ratio",
}
"""Side figures that no total rests on, by the name that the table gives them."""

NOTES = {
    "inverse_norm": "for comparison: of the linear part alone, a lower bound",
    "eps_truncation": "for comparison: with the measured injective and unfolding norms of T3 in place"
    " of its Frobenius norm; these are lower bounds, so this is optimistic",
}


def inputs(report: Result) -> list[Sheet]:
    """Return the table of the numbers that went in and of what the solver sees."""
    table = grid(
        "Inputs",
        "quantity",
        "value",
        "interval",
        "kind",
        "how",
        wide=4,
        keep=True,
        has_symbols=True,
    )
    known, pedigrees = report.measurement.values, report.pedigrees()
    for name in (name for name in INPUTS if name in known):
        quantity = known[name]
        is_typed = report.measurement.subject == "given" and quantity.kind in ("given", "assumed")
        how = _how(quantity, from_source=is_typed)
        if name == "eps_model" and not is_typed and _is_refined(report):
            how = "degree 1 in one segment; that of the plan stands in the error budget"
        table.add_row(*_cells(name, quantity), how)
    if any(name in pedigrees for name in DERIVED):
        table.add_section()
    for name in (name for name in DERIVED if name in pedigrees):
        quantity = pedigrees[name]
        table.add_row(*_cells(name, quantity), _how(quantity, from_source=True))
    for name, quantity in _references(report).items():
        text = NOTES.get(name, quantity.source)
        table.add_row(*_cells(REFERENCES.get(name, name), quantity), text)
    return [table]


def dissipation(report: Result) -> list[Sheet]:
    """Return how much the steps damp, and the size of the higher derivatives; for training only."""
    known = dict(report.measurement.values)
    if "contraction_margin" not in known:
        return []
    if report.job is not None and "finite_horizon_ratio" in report.job.references:
        known["finite_horizon_ratio"] = report.job.references["finite_horizon_ratio"]
    table = grid(
        "Dissipation and nonlinearity",
        *("quantity", "value", "interval", "known as", "meaning"),
        wide=4,
        keep=True,
        has_symbols=True,
    )
    for name in (*DISSIPATION, "finite_horizon_ratio"):
        if name in known:
            quantity = known[name]
            cells = (name, number(quantity.value), interval(quantity), known_as(name, quantity))
            table.add_row(*cells, MEANINGS[name])
    return [table]


def known_as(name: str, quantity: Quantity) -> str:
    """Return in words from which side a number is known, and how."""
    if name == "finite_horizon_ratio":
        return "indicator"
    if quantity.bound != "two-sided":
        return f"{quantity.bound} bound"
    return quantity.kind if interval(quantity) in ("", "sharp") else "interval"


def interval(quantity: Quantity) -> str:
    """Return the interval of a number, empty where there is none."""
    if quantity.low is None or quantity.high is None:
        return ""
    low, high = number(quantity.low), number(quantity.high)
    is_wide = low != high or bool({quantity.low, quantity.high} & {math.inf, -math.inf})
    sign = "-" if quantity.low == -math.inf else ""
    return f"{sign}{low}..{high}" if is_wide else "sharp"


def _is_refined(report: Result) -> bool:
    """Say whether the plan has another model than degree 1 in one segment."""
    choices = report.job.choices if report.job else {}
    return (choices.get("degree", 1), choices.get("segments", 1)) != (1, 1)


def _references(report: Result) -> dict[str, Quantity]:
    """Return the side figures of the job; the indicator stands with the dissipation."""
    found = report.job.references if report.job else {}
    return {name: item for name, item in found.items() if name != "finite_horizon_ratio"}


def _cells(name: str, quantity: Quantity) -> tuple[str, str, str, str]:
    return name, number(quantity.value), interval(quantity), quantity.kind


def _how(quantity: Quantity, *, from_source: bool) -> str:
    """Return where a number comes from, the first clause of it, the bound first."""
    text = quantity.source if from_source else quantity.method
    text = (text or quantity.method or quantity.source).split(";")[0].split("\n")[0]
    bound = "" if quantity.bound == "two-sided" else f"{quantity.bound} bound; "
    return bound + text
