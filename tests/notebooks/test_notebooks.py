"""Every notebook runs as a stranger would run it, and is stored as a diff can be read."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

import qres

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SECONDS_PER_CELL = 90
MACHINE_PATH = re.compile(
    r"(?<![\w.])/(home|Users|work|tmp|root|mnt|opt|var|private)/|\b[A-Z]:\\|file://"
)

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path):
    notebook = nbformat.read(path, as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def syntax_nodes(path):
    for cell in code_cells(path):
        yield from ast.walk(ast.parse(cell.source, filename=f"{path.name}:{cell.id}"))


def check_outputs(cell):
    """Nothing on stderr; what a cell shows it shows once, and it is not empty."""
    outputs = cell.get("outputs", ())
    assert [output.text for output in outputs if output.get("name") == "stderr"] == [], cell.id
    shown = [output.data for output in outputs if "data" in output]
    assert len(shown) <= 1, f"{cell.id}: shown in {len(shown)} pieces"
    for data in shown:
        if "text/html" in data:
            assert re.sub(r"<[^>]*>", "", data["text/html"]).strip(), f"{cell.id}: shown empty"


@pytest.fixture
def bare_jupyter(tmp_path, monkeypatch):
    """No settings or kernels of the user: `python3` is then the Python that runs the tests."""
    for name in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))
    monkeypatch.delenv("JUPYTER_PATH", raising=False)
    monkeypatch.delenv("MPLBACKEND", raising=False)  # else pictures are drawn and shown nowhere
    monkeypatch.setenv("QRES_CACHE", str(tmp_path / "cache"))


@pytest.mark.slow
@every_notebook
def test_runs_and_ends_in_a_picture(path, tmp_path, bare_jupyter):
    from nbclient import NotebookClient

    work = tmp_path / "work"
    work.mkdir()
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=SECONDS_PER_CELL,
        resources={"metadata": {"path": str(work)}},
    )
    client.execute()  # raises CellExecutionError with the cell and its traceback
    last = [cell for cell in notebook.cells if cell.cell_type == "code"][-1]
    assert any("image/png" in output.get("data", {}) for output in last.outputs)
    assert list(work.iterdir()) == [], "a notebook leaves nothing behind"
    for cell in notebook.cells:
        check_outputs(cell)


@every_notebook
def test_is_valid_and_for_any_python(path):
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert "version" not in notebook.metadata.get("language_info", {})


@every_notebook
def test_is_stored_without_outputs(path):
    for cell in code_cells(path):
        assert cell.outputs == [], cell.id
        assert cell.execution_count is None, cell.id


@every_notebook
def test_defines_nothing(path):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert [ast.unparse(node) for node in syntax_nodes(path) if isinstance(node, kinds)] == []


@every_notebook
def test_uses_the_front_door_only(path):
    for node in syntax_nodes(path):
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] != "qres", ast.unparse(node)
        elif isinstance(node, ast.Import):
            assert not any(name.name.startswith("qres.") for name in node.names), ast.unparse(node)
        elif isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_"), ast.unparse(node)
            if isinstance(node.value, ast.Name) and node.value.id == "qres":
                assert node.attr in qres.__all__, ast.unparse(node)


@every_notebook
def test_names_no_place_of_a_machine(path):
    found = MACHINE_PATH.search(path.read_text(encoding="utf-8"))
    assert found is None, found


@every_notebook
def test_opens_with_a_title(path):
    first = nbformat.read(path, as_version=4).cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
