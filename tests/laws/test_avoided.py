"""Names that are right elsewhere and wrong here: nobody may start to use one without reading why.

Each stands for a trap of a library. Where a test beside it holds the library to its present
behaviour, that test says when the name may be used.
"""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import re
from pathlib import Path

import pytest

import qres

PACKAGE = Path(qres.__file__).parent
ROOT = PACKAGE.parent

LEFT_ALONE = {
    "total_t_count": "11 T a rotation whatever its precision; T comes from `synthesis_t`",
    "total_t_and_ccz_count": "11 T a rotation whatever its precision",
    "total_beverland_count": "11 T a rotation whatever its precision",
    "total_toffoli_only": "raises where a swap is booked as T",
    "t_complexity": "the old way to count, with swaps of 7 T",
    "BloqCount": "what has no gates counts as none",
    "get_bloq_callee_counts": "what does not decompose has no callees",
    "QROAMClean": "swaps are booked as T; see tests/unit/bloqs/test_qualtran_traps.py",
    "QROAMCleanAdjoint": "divides in floats; bloqs/tables.py",
    "SelectSwapQROM": "takes dirty qubits unless told not to; bloqs/tables.py",
    "LinearCombination": "wrong error, no symbols, leaves its resource dirty; bloqs/encoding_sum.py",
    "ChebyshevPolynomial": "counts a reflection too few",
    "LCUBlockEncoding": "its error is 0",
    "SelectBlockEncoding": "its error is 0",
    "SparseMatrix": "its error is what the caller says, no signs, no control",
    "GeneralizedQSP": "forgets its precision; bloqs/qsvt.py",
    "HamiltonianSimulationByGQSP": "its degree may be 1",
    "degree_jacobi_anger_approximation": "stops at a zero of a Bessel function",
    "SparseStatePreparationAliasSampling": "too few bits; bloqs/sparse_state.py",
    "StatePreparationAliasSampling": "no signs, garbage; bloqs/rotation_tree.py",
    "PrepareUniformSuperposition": "symbols hide a power of two; bloqs/right_hand_side.py",
    "AddIntoPhaseGrad": "booked without a circuit; `phase_addition` of bloqs/circuit.py",
    "bloq_autotester": "a wrong count is an expected failure there",
    "simplify": "takes longest of all and shortens nothing; `factor` and `cse` do",
    "eig": "torch has none any more",
}
"""Name to the reason; a definition of our own would have another name."""

NUMPY_MAY = {("eig", "np"), ("eig", "numpy"), ("eig", "linalg")}


@functools.cache
def texts() -> dict[Path, str]:
    """Every source file of the package."""
    return {path: path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}


def names(tree: ast.AST) -> set[tuple[str, str]]:
    """Every name that code uses, with what it is an attribute of."""
    found: set[tuple[str, str]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add((node.id, ""))
        elif isinstance(node, ast.Attribute):
            owner = node.value
            found.add((node.attr, getattr(owner, "attr", getattr(owner, "id", ""))))
        elif isinstance(node, ast.alias):
            found.add((node.name.rpartition(".")[2], ""))
    return found


def test_names_are_found_where_they_are_used():
    text = "from a import simplify as s\nx.total_t_count()\n'BloqCount'\ny = np.linalg.eig"
    found = names(ast.parse(text))
    assert {("simplify", ""), ("total_t_count", "x"), ("eig", "linalg")} <= found
    assert not [pair for pair in found if pair[0] == "BloqCount"]


def test_what_is_left_alone():
    words = re.compile(rf"\b({'|'.join(LEFT_ALONE)})\b")
    wrong = []
    for path, text in texts().items():
        if words.search(text):
            used = {name for name, _ in names(ast.parse(text)) - NUMPY_MAY}
            wrong += [f"{path.name}: {name}: {LEFT_ALONE[name]}" for name in used & {*LEFT_ALONE}]
    assert wrong == []


def test_heavy_peers_are_asked_in_one_place():
    """The estimator of qdk wraps around, Qualtran's model takes no arrays: both only compare."""
    asks = r"^\s*(?:from qdk|import qdk|from qualtran(?:\.surface_code| import surface_code))"
    asked = re.compile(asks, re.MULTILINE)
    found = {path.name for path, text in texts().items() if asked.search(text)}
    assert found == {"against_qdk.py", "against_qualtran.py"}


@pytest.mark.parametrize(
    "name", ["bartiq", "qref", "pyliqtr", "benchq", "pyhessian", "torchvision"]
)
def test_what_cannot_share_our_environment_is_no_dependency(name):
    """Qualtran pins two of them, two want another Qualtran, two bring a torch that does not load."""
    asked = importlib.metadata.requires("qres-estimator") or []
    assert len(asked) > 10
    assert [item for item in asked if item.lower().startswith(name)] == []


def test_qualtran_pins_its_own_formats():
    pins = {item for item in importlib.metadata.requires("qualtran") or [] if "==" in item}
    advice = "mended: bartiq and qref may be dependencies of ours at other versions"
    assert {"qref==0.11.0", "bartiq==0.12.1"} <= pins, advice


def test_no_test_imports_another():
    """Dependencies install a package called `tests` too; what is shared is a fixture of a conftest."""
    there = Path(pytest.__file__).parents[1] / "tests"
    assert there.is_dir(), "mended: `--import-mode=importlib` in pyproject.toml may go"
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for name in imported(ast.parse(path.read_text(encoding="utf-8")))
        if name.split(".")[0] == "tests"
    }
    assert found == set()


def imported(tree: ast.AST) -> set[str]:
    """Every module that code imports by its whole name."""
    nodes = list(ast.walk(tree))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    parts = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return plain | {name for name in parts if name}


def test_imports_are_found_inside_functions_too():
    text = "import a.b\ndef f():\n    from tests.laws import x\n    from . import y"
    assert imported(ast.parse(text)) == {"a.b", "tests.laws"}
