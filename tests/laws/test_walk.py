"""Every member of every family has a formula of its own, and every formula a place it comes from.

The formulas are those that the member itself computes with, not descriptions beside it.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from types import ModuleType

import pytest
import sympy

import qres.algorithms.encodings
import qres.algorithms.readouts
import qres.algorithms.solvers
import qres.physical.codes
import qres.physical.factories
import qres.physical.layouts
from qres.algorithms.access.qrom import BLOCK_LIMITS
from qres.algorithms.encodings.base import encodings
from qres.algorithms.readouts.base import readouts
from qres.algorithms.solvers.base import solvers
from qres.algorithms.totals import QUANTITIES
from qres.notation.formula import Formula
from qres.notation.named import look
from qres.notation.quantity import KINDS
from qres.notation.source import Paper, Source
from qres.notation.symbols import describe, symbol
from qres.physical.registry import members as machine_parts
from qres.staircase import formulas

CATALOGUE = {item.name: item for item in formulas()}

FAMILIES = {
    "solvers": (qres.algorithms.solvers, "SOLVER", solvers),
    "encodings": (qres.algorithms.encodings, "ENCODING", encodings),
    "readouts": (qres.algorithms.readouts, "READOUT", readouts),
    "codes": (qres.physical.codes, "MEMBER", lambda: machine_parts("codes")),
    "factories": (qres.physical.factories, "MEMBER", lambda: machine_parts("factories")),
    "layouts": (qres.physical.layouts, "MEMBER", lambda: machine_parts("layouts")),
}


def homes(package: ModuleType, attribute: str) -> dict[str, ModuleType]:
    """Return the module of each member of a folder, by the member's name."""
    names = (f"{package.__name__}.{info.name}" for info in pkgutil.iter_modules(package.__path__))
    modules = [importlib.import_module(name) for name in names]
    found = [item for item in modules if getattr(item, attribute, None) is not None]
    return {getattr(item, attribute).name: item for item in found}


KIND = {
    "solvers": "solver",
    "encodings": "encoding",
    "readouts": "readout",
    "codes": "code",
    "factories": "factory",
    "layouts": "layout",
}
"""What the names of the formulas of a family begin with."""

HOMES = {
    f"{family}: {name}": module
    for family, (package, attribute, _) in FAMILIES.items()
    for name, module in homes(package, attribute).items()
}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_walk_meets_every_member(family):
    package, attribute, registry = FAMILIES[family]
    assert set(homes(package, attribute)) == set(registry())
    assert len(registry()) >= 1


@pytest.mark.parametrize("place", HOMES)
def test_a_member_has_a_formula_of_its_own(place):
    """One that is put together of others has those of each of them."""
    family, name = place.split(": ")
    own = getattr(HOMES[place], "FORMULAS", ())
    parts = getattr(getattr(HOMES[place], "MEMBER", None), "rests_on", ())
    for part in () if own else parts or (name,):
        start = f"{KIND[family]}.{part}."
        found = [item for key, item in CATALOGUE.items() if key.startswith(start)]
        assert found, f"{place} rests on {part}, which has no formula"
    assert all(CATALOGUE[item.name] is item for item in own)


@pytest.mark.parametrize("name", solvers())
def test_a_solver_computes_with_its_formulas(name):
    member = solvers()[name]
    assert CATALOGUE[f"solver.{name}.matrix_queries"] is member.matrix_queries
    assert CATALOGUE[f"solver.{name}.state_queries"] is member.state_queries


@pytest.mark.parametrize("name", encodings())
def test_an_encoding_computes_with_its_formulas(name):
    member, controls = encodings()[name], symbol("controls")
    used = {
        "toffoli": member.toffoli(controls),
        "width": member.width(controls),
        "ancillas": member.ancillas,
        "alpha": dict(member.definitions("any"))["alpha_matrix"].expression,
    }
    for quantity, expression in used.items():
        named = CATALOGUE[f"encoding.{name}.{quantity}"]
        assert sympy.sympify(expression) == named.expression
    parts = dict(member.definitions("any"))
    for part, formula in CATALOGUE[f"encoding.{name}.alpha"].parts:
        assert parts[part].expression == formula.expression


@pytest.mark.parametrize("name", BLOCK_LIMITS)
@pytest.mark.parametrize(("entries", "bitsize"), [(1, 3), (2, 9), (100, 1), (1000, 12)])
def test_an_access_has_its_formula(name, entries, bitsize):
    counted = CATALOGUE[f"access.{name}.toffoli"](entries=entries, bitsize=bitsize)
    assert counted == look.scalar(entries, bitsize, 0, BLOCK_LIMITS[name])


def algorithms() -> list[str]:
    """Return the name of every module of `qres.algorithms` that offers the two verbs."""
    names = (
        f"qres.algorithms.{item.name}" for item in pkgutil.iter_modules(qres.algorithms.__path__)
    )
    modules = [importlib.import_module(name) for name in names]
    return [module.NAME for module in modules if hasattr(module, "candidates")]


@pytest.mark.parametrize("name", algorithms())
def test_an_algorithm_has_its_totals(name):
    own = [quantity for quantity in QUANTITIES if f"{name}.{quantity}" in CATALOGUE]
    # what `counts` does not synthesise is an input as it stands
    assert own == (["t"] if name == "counts" else [*QUANTITIES])


def all_parts(formula: Formula):
    """Yield a formula and everything behind its symbols."""
    yield formula
    for _, part in formula.parts:
        yield from all_parts(part)


def test_every_formula_and_part_says_where_it_comes_from(formula):
    for item in all_parts(formula):
        assert isinstance(item.source, Source), item.name
        if item.source.paper is None:
            assert item.source.standing == "derived", item.name
            assert str(item.source).startswith("derived: ")
            assert len(item.source.where) > 5, item.name
        else:
            check_paper(item.source.paper)
            assert item.source.standing in ("seen", "recalled")


def check_paper(paper: Paper) -> None:
    """Check that a BibTeX entry can be written."""
    assert re.fullmatch(r"[a-z]+[0-9]*[a-z]*", paper.key), paper
    assert len(paper.authors) > 3, paper.key
    assert len(paper.title) > 10, paper.key
    assert 1980 <= paper.year <= 2030, paper.key
    assert paper.arxiv or paper.journal, paper.key
    if paper.arxiv:
        pattern = r"(quant-ph/\d{7}|\d{4}\.\d{4,5})(v\d+)?"
        assert re.fullmatch(pattern, paper.arxiv), paper.key


def test_every_formula_and_part_is_described(formula):
    for item in all_parts(formula):
        assert len(item.meaning) > 8, item.name
        assert item.unit, item.name
        assert item.kind in KINDS
        assert item.bound in ("two-sided", "upper", "lower")
        for name in (*item.inputs, *dict(item.parts)):
            assert len(describe(name).meaning) > 3, (item.name, name)
            assert describe(name).unit, (item.name, name)


def test_no_two_papers_share_a_key():
    sources = [item.source for formula in CATALOGUE.values() for item in all_parts(formula)]
    papers = {source.paper for source in sources if source.paper is not None}
    assert len({paper.key for paper in papers}) == len(papers)
    assert len(papers) >= 12


SINGULAR = (sympy.log, sympy.asin, sympy.acosh, sympy.atanh)


def is_singular(node: sympy.Basic) -> bool:
    """Say whether a term of input symbols is infinite or undefined somewhere."""
    power = node.is_Pow and not node.exp.is_nonnegative and node.base.free_symbols
    return bool(power or (isinstance(node, SINGULAR) and node.free_symbols))


def test_a_formula_that_can_be_undefined_says_where_it_holds(formula):
    if formula.evaluator is not None:
        return
    expression = sympy.sympify(formula.expression)
    terms = [node for node in sympy.preorder_traversal(expression) if is_singular(node)]
    assert formula.conditions or not terms, terms
