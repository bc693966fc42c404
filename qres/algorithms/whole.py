r"""Whole algorithms as formulas: what one representative choice costs, from its inputs to gates.

`<algorithm>.toffoli`, `.t`, `.rotations` and `.logical_qubits`, from the very stages and definitions
of the job: no measurement, the defaults of a model file (shortcut solver, QROAM, coherent $l_2$
tomography). `linear-system` has the sparse encoding; `carleman-gd` the row-state encoding of the
Hessian at degree 1, all steps in one segment. `block_limit` may be set to price another memory.

The headlines need tables without a limit on their blocks, and ranges in which tables are large.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any

import sympy

from qres.algorithms.record import Stage
from qres.algorithms.totals import IDLE, QUANTITIES, Parts, describe_total, total_formula
from qres.config.record import Readout
from qres.notation.extremes import compared_by_sign
from qres.notation.formula import Condition, Formula, define
from qres.notation.headline import Headline
from qres.notation.named import UNLIMITED
from qres.notation.source import derived
from qres.notation.symbols import symbol

SOLVER = "shortcut"
READOUT = Readout(kind="tomography", norm="l2", access="coherent")

_BUDGET = {
    "share_encoding": (1e-3, 0.03),
    "share_solver": (1e-3, 0.03),
    "share_rotation": (1e-3, 0.03),
    "share_readout": (1e-3, 0.03),
    "fail_tomography": (1e-3, 0.02),
    "fail_norm": (1e-3, 0.02),
    "fail_amplification": (1e-3, 0.02),
}
"""Ranges of the even split of usual targets."""

_COUNTS = ("dim", "sparsity", "n_active", "n_steps")
_POSITIVE = (
    *("learning_rate", "grad_norm", "frobenius_norm", "update_norm"),
    *("max_entry", "smallest_singular_value"),
)

_SHARES = {name: -1 for name in _BUDGET if name.startswith("share_")}

_LINEAR_SYSTEM: dict[str, Any] = {
    "limit": "dim and kappa_eff to infinity and the shares of the error to 0, at fixed sparsity",
    "ranges": {
        "dim": (1e5, 1e12),
        "sparsity": (4, 1000),
        "max_entry": (0.1, 10.0),
        "smallest_singular_value": (1e-9, 1e-3),
        "solution_overlap": (1e-3, 1.0),
        **_BUDGET,
    },
    "powers": {"dim": 1, "kappa_eff": 1, **_SHARES},
    "qubits": {"index_bits": 1},
    "kept": ("index_bits", "slots", "kappa_eff", "guess_bits"),
    "replaced": {"max_entry": "kappa_eff"},
}

_CARLEMAN_GD: dict[str, Any] = {
    "limit": "n_active and kappa_eff to infinity, success_prob and the shares of the error to 0",
    "ranges": {
        "n_active": (1e5, 1e12),
        "n_steps": (100, 1e4),
        "learning_rate": (0.01, 1.0),
        "lambda_max": (0.1, 1.0),
        "lambda_min": (1e-3, 0.1),
        "grad_norm": (1e-2, 1.0),
        "frobenius_norm": (1.0, 1e3),
        "update_norm": (0.1, 1.0),
        "path_energy": (100.0, 1e4),
        "padding": (1, 30),
        **_BUDGET,
    },
    "powers": {
        "n_active": 1,
        "kappa_eff": 1,
        "inverse_norm": 1,
        "success_prob": -1,
        **_SHARES,
    },
    "qubits": {"index_bits": 1},
    "kept": ("index_bits", "inverse_norm", "kappa_eff", "success_prob", "guess_bits"),
}


@cache
def _linear_system(algorithm: str) -> tuple[tuple[Stage, ...], Parts]:
    """Return stages and definitions; nothing is projected out."""
    from qres.algorithms.base import Choice
    from qres.algorithms.linear_blueprint import blueprint

    choice = Choice(encoding="sparse", solver=SOLVER)
    _, stages, definitions = blueprint(choice, READOUT)
    certain = define(
        f"{algorithm}.success_prob", "nothing is projected out", 1, derived("definition")
    )
    return stages, (certain, *definitions)


@cache
def _carleman_gd(algorithm: str) -> tuple[tuple[Stage, ...], Parts]:
    """Return stages and definitions; all steps are one segment."""
    from qres.algorithms.descent.blueprint import blueprint
    from qres.algorithms.rules.equations import Equations

    _, stages, definitions = blueprint(
        "frobenius",
        SOLVER,
        READOUT,
        "whole run",
        "coherent",
        1,
        Equations(),
        is_plain=True,
        is_known=True,
    )
    steps = ("segment_steps", "steps of the one segment", symbol("n_steps"))
    once = ("segments", "one segment", 1)
    fixed = [
        define(f"{algorithm}.{name}", meaning, value, derived("definition"))
        for name, meaning, value in (steps, once)
    ]
    return stages, (*fixed, *(item for item in definitions if item[0] != "segments"))


Blueprint = Callable[[str], tuple[tuple[Stage, ...], Parts]]

_CHOICES: dict[str, tuple[Blueprint, str, dict[str, Any]]] = {
    "linear-system": (
        _linear_system,
        "a linear system read out: sparse encoding, QROAM, shortcut solver, coherent l2 tomography",
        _LINEAR_SYSTEM,
    ),
    "carleman-gd": (
        _carleman_gd,
        "gradient descent at degree 1 in one segment: row-state (frobenius) encoding, QROAM,"
        " shortcut solver, coherent l2 tomography",
        _CARLEMAN_GD,
    ),
}
"""By the name of the algorithm; what a formula rests on is imported when it is built."""


def _build(algorithm: str, quantity: str) -> Formula:
    blueprint, what, limit = _CHOICES[algorithm]
    with compared_by_sign():
        stages, definitions = blueprint(algorithm)
        plain = total_formula(
            algorithm, stages, definitions, quantity, f"{describe_total(quantity)} of {what}"
        )
        folded = _folded(plain)
    defaults = {"block_limit": UNLIMITED} if "block_limit" in plain.inputs else {}
    plain = replace(folded, conditions=_conditions(plain.inputs), defaults=defaults)
    if quantity == IDLE:
        return plain
    ranges = {name: limit["ranges"][name] for name in plain.inputs if name not in defaults}
    words = limit["limit"]
    if "kappa_eff" not in dict(plain.parts):
        words = words.replace(" and kappa_eff", "")
    stated = {**limit, "ranges": ranges, "limit": words}
    return replace(plain, headline=Headline(formula=plain, **stated))


def _conditions(inputs: tuple[str, ...]) -> tuple[Condition, ...]:
    """Return where the inputs may lie: counts from 1, norms above 0, shares between 0 and 1."""
    found = []
    for name in inputs:
        item = symbol(name)
        if name.startswith(("share_", "fail_")):
            found.append(Condition((item > 0) & (item < 1), f"0 < {name} < 1"))
        elif name in _COUNTS:
            found.append(Condition(sympy.Ge(item, 1), f"{name} >= 1"))
        elif name in _POSITIVE:
            found.append(Condition(item > 0, f"{name} > 0"))
    if "solution_overlap" in inputs:
        overlap = symbol("solution_overlap")
        found.append(Condition((overlap > 0) & (overlap <= 1), "0 < solution_overlap <= 1"))
    return tuple(found)


def _folded(formula: Formula) -> Formula:
    """Return the formula without the parts that only rename a symbol or a number.

    What is assumed stays, so that it is seen.
    """
    known: dict[Any, Any] = {}
    kept = []
    for name, part in formula.parts:
        expression = sympy.sympify(part.expression).xreplace(known)
        if expression.is_Atom and part.kind != "assumed":
            known[symbol(name)] = expression
        else:
            kept.append((name, _rewritten(part, known)))
    return replace(formula, expression=formula.expression.xreplace(known), parts=tuple(kept))


def _rewritten(part: Formula, known: dict[Any, Any]) -> Formula:
    """Return a part with symbols replaced."""
    if known.keys().isdisjoint(sympy.sympify(part.expression).free_symbols):
        return part
    expression = part.expression.xreplace(known)
    inputs = tuple(sorted(str(item) for item in expression.free_symbols))
    replaced = (replace(c, expression=c.expression.xreplace(known)) for c in part.conditions)
    return replace(part, expression=expression, inputs=inputs, conditions=tuple(replaced))


WHOLE: dict[str, Callable[[], Formula]] = {
    f"{algorithm}.{quantity}": cache(partial(_build, algorithm, quantity))
    for algorithm in _CHOICES
    for quantity in QUANTITIES
}
"""The formulas by name; each is built when it is asked for."""

IDLES: dict[str, Callable[[], Formula]] = {
    f"{algorithm}.{IDLE}": cache(partial(_build, algorithm, IDLE)) for algorithm in _CHOICES
}
"""The idle qubits likewise; a difference of two peaks has no headline."""
