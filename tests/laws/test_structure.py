"""The house: light doors, one direction, small files, a docstring on every module."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import qres

PACKAGE = Path(qres.__file__).parent
ROOT = PACKAGE.parent
FILES = sorted(PACKAGE.rglob("*.py"))
HEAVY = ("torch", "qualtran", "sympy", "scipy", "cirq", "pydantic", "pandas", "sklearn")


def python(code: str, *arguments: str) -> str:
    """Return what a fresh interpreter prints."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_by(code: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter has loaded after `code`."""
    tail = "\nimport sys; print('\\nLOADED', *{name.split('.')[0] for name in sys.modules})"
    return set(python(code + tail).rsplit("LOADED", 1)[1].split())


RUN = """
import contextlib, io
from qres.cli.door import run
with contextlib.redirect_stdout(io.StringIO()):
    assert run({arguments}) == 0
"""


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import qres; dir(qres)", HEAVY),
        (RUN.format(arguments=["--help"]), HEAVY),
        (
            "import qres; qres.formula('solver.shortcut.matrix_queries')(kappa_eff=1e3, epsilon=0.1)",
            ("torch", "qualtran", "cirq", "pandas", "pydantic"),
        ),
        (
            RUN.format(
                arguments=["formula", "solver.shortcut.matrix_queries", "--format", "latex"]
            ),
            ("torch", "qualtran", "cirq", "pandas", "scipy", "ruamel"),
        ),
        ("import qres; qres.load('poisson-2d')", ("torch", "qualtran", "cirq", "pandas")),
    ],
    ids=["import", "help", "formula", "print", "load"],
)
def test_a_light_door_stays_light(code, heavy):
    assert loaded_by(code) & set(heavy) == set()


PRINT = """
import contextlib, io, sys
from qres.cli.door import run
for name in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()):
        assert run(["formula", name, "--format", "latex"]) == 0
print(*(name for name in sys.modules if name.startswith("qres.")))
"""


def test_a_printed_formula_is_found_without_what_plans_and_measures():
    names = ("linear-system.toffoli", "carleman-gd.toffoli", "lift.degree-2.toffoli")
    loaded = set(python(PRINT, *names).split())
    assert {"qres.algorithms.whole", "qres.algorithms.descent.blueprint"} <= loaded
    algorithms = {f"qres.algorithms.{name}" for name in ("linear_system", "carleman_gd", "counts")}
    planning = {f"qres.algorithms.{name}" for name in ("descent.plan", "rules.base", "access.qrom")}
    assert not loaded & (algorithms | planning)
    assert not [name for name in loaded if name.startswith(("qres.physical.", "qres.pricing"))]


WALK = """
import importlib, pkgutil, sys, qres
names = [name for name in qres.__all__ if not name.startswith("__")]
first = {name: getattr(qres, name) for name in names}
for info in getattr(pkgutil, sys.argv[1])(qres.__path__, "qres."):
    if not info.name.endswith("__main__"):
        importlib.import_module(info.name)
second = {name: getattr(qres, name) for name in names}
assert all(callable(item) for item in second.values()), second
assert first == second
print(*names)
"""


@pytest.mark.parametrize(
    "modules", ["iter_modules", pytest.param("walk_packages", marks=pytest.mark.slow)]
)
def test_every_front_door_name_resolves_twice(modules):
    """Only a module directly under `qres` becomes an attribute of it; the slow run imports all."""
    names = set(python(WALK, modules).split())
    assert {"estimate", "formula", "formulas", "load", "measure"} <= names


def test_every_name_of_the_front_door_exists():
    assert sorted(dir(qres)) == sorted(qres.__all__)
    for name in qres.__all__:
        assert getattr(qres, name) is getattr(qres, name)
    with pytest.raises(AttributeError, match="no attribute 'estimates'"):
        qres.estimates  # noqa: B018


def test_no_public_function_has_the_name_of_a_module():
    modules = {info.name for info in pkgutil.iter_modules(qres.__path__)}
    staircase = importlib.import_module("qres.staircase")
    verbs = {name for name, item in vars(staircase).items() if callable(item)}
    assert modules & {*qres.__all__, *verbs} == set()


def test_imports_only_go_down():
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def parts(path: Path) -> str:
    """Return the path inside the package."""
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", FILES, ids=parts)
def test_a_module_opens_with_a_docstring(path):
    text = path.read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring
    assert docstring[0].isupper() or docstring.startswith("`")
    assert len(text.splitlines()) <= 400


def test_no_drawer_for_odds_and_ends():
    names = {part for path in FILES for part in path.relative_to(PACKAGE).with_suffix("").parts}
    assert names & {"utils", "util", "helpers", "helper", "common", "misc", "tools"} == set()
    assert max(len(path.relative_to(PACKAGE).parts) for path in FILES) <= 3


@cache
def imports_of(path: Path) -> set[str]:
    """Return the modules that a file imports at module level, type checking apart."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("torch", ("measurement",)),
        ("qualtran", ("bloqs", "verify")),
        ("cirq", ("bloqs",)),
        ("pydantic", ("config",)),
        ("pydantic_core", ("config",)),
        ("typer", ("cli",)),
        ("pandas", ()),
        ("matplotlib", ()),
    ],
)
def test_a_heavy_library_lives_in_one_storey(library, homes):
    using = {
        path.relative_to(PACKAGE).parts[0]
        for path in FILES
        if any(name.split(".")[0] == library for name in imports_of(path))
    }
    assert using <= set(homes)


def test_circuits_use_no_formula_of_ours():
    forbidden = ("qres.notation.formula", "qres.notation.named", "qres.notation.catalogue")
    text = {
        path.name: path.read_text(encoding="utf-8") for path in (PACKAGE / "bloqs").glob("*.py")
    }
    assert text
    assert [name for name, body in text.items() for item in forbidden if item in body] == []
