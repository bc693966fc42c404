"""A stand-in for the staircase: the commands are tested without the storeys below them."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest
import sympy

import qres
from qres.cli.door import run
from qres.config.load import load_scenario
from qres.errors import InputError, nearest
from qres.files import write_atomic
from qres.measurement.record import Measurement
from qres.notation.formula import Condition, Formula
from qres.notation.quantity import Quantity
from qres.notation.source import DALZELL_2024, Source
from qres.notation.symbols import symbols


class Report:
    """What `estimate` returns, as far as the command line looks at it."""

    def table(self, width: int) -> str:
        return f"table of {width} columns\n"

    def sources_text(self) -> str:
        return "sources\n"

    def frontier_text(self) -> str:
        return "frontier\n"

    def defaults_text(self) -> str:
        return "defaults\n"

    def to_dict(self) -> dict[str, Any]:
        return {"schema": "qres-result/1", "unknown": None}

    def save(self, path: Path) -> None:
        write_atomic(path, "saved")


def toy_formula() -> Formula:
    """Return a formula of two symbols, one of which only bounds where it holds."""
    kappa, epsilon = symbols("kappa_eff epsilon")
    return Formula(
        name="solver.toy.queries",
        meaning="queries",
        expression=kappa / 2,
        inputs=("kappa_eff", "epsilon"),
        source=Source("Eq. (1)", DALZELL_2024),
        kind="proven",
        bound="upper",
        conditions=(Condition(sympy.And(epsilon > 0, epsilon < 1), "0 < epsilon < 1"),),
    )


class Stub(types.ModuleType):
    """Records how the verbs were called; `action` may raise in the middle of the work."""

    def __init__(self) -> None:
        super().__init__("qres.staircase")
        self.seen: dict[str, Any] = {}
        self.action: Any = lambda: None

    def load(self, model: Any, overrides: Any = ()) -> Any:
        return load_scenario(model, overrides=overrides)

    def estimate(self, scenario: Any, **options: Any) -> Report:
        self.seen = {"scenario": scenario, **options}
        options["progress"]("training", 1, 2)
        options["progress"]("training", 2, 2)
        self.action()
        return Report()

    def measure(self, scenario: Any, **options: Any) -> Measurement:
        self.seen = {"scenario": scenario, **options}
        self.action()
        value = Quantity(value=1.5, low=1, high=2, kind="measured")
        unknown = Quantity(value=None, method="not asked for")
        return Measurement(
            subject="given",
            values={"lambda_max": value, "kappa": unknown},
            warnings=(("W-MODEL", "careful"),),
        )

    def formulas(self, prefix: str = "") -> list[Formula]:
        return [toy_formula()] if "solver.toy.queries".startswith(prefix) else []

    def formula(self, name: str) -> Formula:
        if name != "solver.toy.queries":
            raise InputError(f"no formula '{name}'{nearest(name, ['solver.toy.queries'])}")
        return toy_formula()

    def list_names(self, what: str) -> list[tuple[str, str]]:
        return [(f"a-{what}", "a text"), ("b", "")]

    def list_notes(self, what: str) -> list[str]:
        return []


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    module = Stub()
    monkeypatch.setitem(sys.modules, "qres.staircase", module)
    monkeypatch.setattr(qres, "staircase", module, raising=False)
    return module


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]):
    """Run a command line in this process: exit code, stdout, stderr."""

    def invoke(*arguments: str) -> tuple[int, str, str]:
        code = run(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return invoke
