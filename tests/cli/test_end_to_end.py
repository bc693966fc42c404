"""The commands on the real staircase, in one process: results, files, and bad input."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse

from qres.cli.door import run

EXAMPLE = Path(__file__).with_name("example-result.json")
GIVEN = """schema: qres-model/1
name: tiny
model:
  given: {n_params: 100, n_active: 8, n_samples: 10, sparsity: 3, max_entry: 1, lambda_max: 2,
          lambda_min: 0.1, grad_norm: 0.5, eps_model: 0.01}
algorithm: {name: carleman-gd, n_steps: 4, learning_rate: 0.1}
hardware: [superconducting-1e-4]
"""
MATRIX = """schema: qres-model/1
name: matrix
model: {matrix: {file: A.mtx}}
algorithm: {name: linear-system}
hardware: [superconducting-1e-4]
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """An empty folder to stand in, with a store of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QRES_CACHE", str(tmp_path / "store"))
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "tiny.yaml").write_text(GIVEN)
    (tmp_path / "matrix.yaml").write_text(MATRIX)
    return tmp_path


def write_matrix(matrix) -> None:
    scipy.io.mmwrite("A.mtx", scipy.sparse.coo_matrix(matrix))


def shape(data):
    """The structure of JSON data: keys of objects, the first element of lists, nothing of values."""
    if isinstance(data, dict):
        return {key: shape(value) for key, value in data.items()}
    if isinstance(data, list):
        return [shape(data[0])] if data else []
    return None


QUANTITY = {"value", "low", "high", "unit", "kind", "bound", "source", "method"}


def test_result_has_the_shape_of_the_example(capsys) -> None:
    write_matrix(np.diag([1.0, 2.0, 3.0, 4.0]))
    assert run(["estimate", "matrix.yaml", "--json"]) == 0
    found, example = json.loads(capsys.readouterr().out), json.loads(EXAMPLE.read_text())
    for part in ("logical", "classical", "verdict", "stages", "budget", "warnings"):
        assert shape(found[part]) == shape(example[part]), part
    assert set(found) == set(example)


def test_quantities_stand_where_the_contract_says(capsys) -> None:
    assert run(["estimate", "tiny.yaml", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    quantities = [*found["measurement"].values()]
    quantities += [found["logical"][name] for name in ("toffoli", "t", "rotations")]
    quantities += [found["logical"]["logical_qubits"], found["verdict"]["ratio"]]
    quantities += [found["classical"]["runtime_s"], found["classical"]["energy_j"]]
    quantities += [found["physical"][0][name] for name in ("physical_qubits", "runtime_s")]
    assert all(set(quantity) == QUANTITY for quantity in quantities)
    assert isinstance(found["logical"]["toffoli"]["value"], int)
    assert found["schema"] == "qres-result/1"
    assert found["logical"]["agreement"]["status"] == "exact"


def laplacian(n: int):
    """The 5-point Laplacian on an n x n grid."""
    line = scipy.sparse.diags([-1.0, 2.0, -1.0], [-1, 0, 1], shape=(n, n))
    return scipy.sparse.kron(line, np.eye(n)) + scipy.sparse.kron(np.eye(n), line)


def test_typed_diagonals_are_the_matrix_itself(place, capsys) -> None:
    """Offsets 0, +-1, +-8 of 4, -1, -1, -1, -1 on 64 rows; +-1 is cut at 8 = 2^3, +-8 at 64 = 2^6."""
    write_matrix(laplacian(8))
    end = 4 * np.sin(np.pi / 18) ** 2 * 2  # smallest eigenvalue, in closed form
    given = f"dim: 64, smallest_singular_value: {end}, sparsity: 5, max_entry: 4, " + (
        "n_diagonals: 5, diagonal_sum: 8, shift_bits: 9, n_cuts: 2"
    )
    text = MATRIX.replace("matrix: {file: A.mtx}", f"given: {{{given}}}")
    (place / "typed.yaml").write_text(text)
    found = []
    for name in ("matrix.yaml", "typed.yaml"):
        assert run(["estimate", name, "--set", "algorithm.encoding=computed", "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    totals = [
        [row["toffoli"] for row in data["stages"]] + [data["logical"]["logical_qubits"]["value"]]
        for data in found
    ]
    assert totals[0] == totals[1]


RELU = """schema: qres-model/1
name: kinked
model:
  network:
    architecture: {kind: mlp, hidden: [3], activation: relu}
    dataset: {kind: breast-cancer}
    train: {epochs: 1, batch_size: 64}
    prune: {fraction: 0.8, retrain_epochs: 1}
algorithm: {name: carleman-gd, n_steps: 3, learning_rate: 0.1, degree: 1, segment_steps: 3}
hardware: [superconducting-1e-4]
"""


def test_kinks_are_shown_and_trusted_less(place, capsys) -> None:
    (place / "relu.yaml").write_text(RELU)
    assert run(["estimate", "relu.yaml", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert 0 <= found["measurement"]["kink_share"]["value"] <= 1
    assert found["measurement"]["eps_model"]["kind"] == "assumed"
    assert next(row for row in found["budget"] if row["name"] == "eps_model")["kind"] == "assumed"
    assert "W-KINK" in [item["code"] for item in found["warnings"]]
    assert run(["estimate", "relu.yaml"]) == 0
    assert " kink_share " in capsys.readouterr().out


def test_same_question_same_bytes(capsys) -> None:
    texts = []
    for _ in range(2):
        assert run(["estimate", "tiny.yaml", "--json"]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]


def test_files_are_written(place, capsys) -> None:
    assert run(["estimate", "tiny.yaml", "-o", "r.json", "-o", "s.csv"]) == 0
    assert json.loads((place / "r.json").read_text())["name"] == "tiny"
    header, *rows = (place / "s.csv").read_text().splitlines()
    assert header.startswith("name,calls,toffoli")
    assert any(row.startswith("matrix queries,") for row in rows)


def test_a_paper_is_written_whatever_the_suffix(place, capsys) -> None:
    files = ["r.tex", "r.bib", "r.html", "r.svg", "r.png"]
    assert run(["estimate", "tiny.yaml", *(word for file in files for word in ("-o", file))]) == 0
    starts = [b"% Tables need", b"@", b"<!DOCTYPE html>", b"<?xml", b"\x89PNG"]
    for file, start in zip(files, starts, strict=True):
        assert (place / file).read_bytes().startswith(start), file
    assert capsys.readouterr().err.count("qres: wrote ") == len(files)


def test_first_screen(capsys) -> None:
    assert run(["estimate", "tiny.yaml", "--show", "sources,defaults"]) == 0
    out = capsys.readouterr().out
    first = "\n".join(out.splitlines()[:9])
    for words in ("wins by", "Dominated by", "One change:", "Weakest link:"):
        assert words in first
    assert "Sources" in out
    assert "error.total = 0.1" in out
    assert max(len(line) for line in out.split("Sources")[0].splitlines()) <= 100


def test_stored_measurement_serves_again(place, capsys) -> None:
    write_matrix(np.diag([1.0, 2.0, 3.0, 4.0]))
    assert run(["estimate", "matrix.yaml", "--no-measure"]) == 2
    assert "--no-measure" in capsys.readouterr().err
    assert run(["measure", "matrix.yaml", "-o", "m.json"]) == 0
    assert run(["estimate", "matrix.yaml", "--no-measure"]) == 0
    (place / "again.yaml").write_text(
        MATRIX.replace("matrix: {file: A.mtx}", "measurement: m.json")
    )
    capsys.readouterr()
    assert run(["estimate", "again.yaml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["measurement"]["dim"]["value"] == 4


def test_singular_matrix_is_a_result(capsys) -> None:
    write_matrix(np.diag([1.0, 2.0, 0.0, 4.0]))
    assert run(["estimate", "matrix.yaml", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["physical"][0]["status"] == "infeasible"
    assert "singular" in found["physical"][0]["reason"]
    assert found["logical"]["toffoli"] is None
    assert any("singular" in item["message"] for item in found["warnings"])
    assert run(["estimate", "matrix.yaml"]) == 0
    assert "Infeasible" in capsys.readouterr().out


def test_growth_beyond_numbers_is_a_result(capsys) -> None:
    arguments = ["--set", "model.given.lambda_min=-1e9", "--set", "algorithm.n_steps=400"]
    assert run(["estimate", "tiny.yaml", *arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["physical"][0]["status"] == "infeasible"
    assert "learning_rate" in found["physical"][0]["reason"]


BAD = (
    (["estimate", "tiny.yaml", "--set", "algorithm.solver=shortcutt"], "did you mean 'shortcut'"),
    (["estimate", "tiny.yaml", "--set", "algorithm.encoding=spars"], "did you mean 'sparse'?"),
    (["estimate", "tiny.yaml", "--set", "algorithm.data_access=qrm"], "'qrom'"),
    (["estimate", "tiny.yaml", "--set", "hardware=[superconductin-1e-3]"], "superconducting-1e-3"),
    (["estimate", "tiny.yaml", "--set", "classical.device=h20"], "h200"),
    (["formula", "solver.shortcut.matrix_querie"], "solver.shortcut.matrix_queries"),
    (["formula", "amplify.exact.rounds", "--set", "success_prob=0"], "0 < success_prob"),
    (["formula", "amplify.exact.rounds", "--set", "succes_prob=1"], "success_prob"),
    (["formula", "access.qroam.toffoli", "--set", "entries=2.5", "--set", "bitsize=3"], "whole"),
    (["estimate", "digits-mpl"], "digits-mlp"),
    (["estimate", "tiny.yaml", "-o", "missing/r.json"], "missing"),
    (["estimate", "tiny.yaml", "-o", "r.docx"], ".json"),
    (["estimate", "tiny.yaml", "--set", "algorithm.degree=2"], "degree"),
    (["estimate", "tiny.yaml", "--set", "algorithm.segment_steps=5"], "at most n_steps"),
    (["estimate", "matrix.yaml"], "A.mtx"),
    (["estimat", "tiny.yaml"], "estimate"),
)


@pytest.mark.parametrize(("arguments", "words"), BAD)
def test_bad_input_gets_one_line(arguments, words, place, capsys) -> None:
    before = sorted(place.rglob("*"))
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = [line for line in captured.err.splitlines() if not line.endswith(" ...")]
    assert len(lines) == 1, lines
    assert words in lines[0]
    assert sorted(place.rglob("*")) == before, "bad input must leave nothing behind"


MATRICES = (
    ("%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 1\n", "A.mtx"),
    ("not a matrix\n", "A.mtx"),
    ("%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 nan\n", "A.mtx"),
    ("%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 inf\n", "A.mtx"),
    ("%%MatrixMarket matrix coordinate real general\n2 3 1\n1 1 1\n", "square"),
    ("%%MatrixMarket matrix coordinate real general\n2 2 0\n", "A.mtx"),
    ("%%MatrixMarket matrix coordinate real general\n0 0 0\n", "A.mtx"),
)


@pytest.mark.parametrize(("text", "words"), MATRICES)
def test_bad_matrix_gets_one_line(text, words, place, capsys) -> None:
    (place / "A.mtx").write_text(text)
    assert run(["estimate", "matrix.yaml"]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.endswith(" ...")]
    assert len(lines) == 1
    assert words in lines[0]


def test_no_torch_names_the_extra(monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [name for name in sys.modules if name.startswith("qres.measurement.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("importlib.metadata.version", _no_torch(__import__("importlib.metadata")))
    assert run(["estimate", "digits-mlp"]) == 2
    assert "measure]" in capsys.readouterr().err


def _no_torch(importlib):
    original = importlib.metadata.version

    def version(name):
        if name == "torch":
            raise importlib.metadata.PackageNotFoundError(name)
        return original(name)

    return version


def test_cache_that_cannot_be_written(place, monkeypatch, capsys) -> None:
    write_matrix(np.eye(2))
    (place / "file").write_text("in the way")
    monkeypatch.setenv("QRES_CACHE", str(place / "file"))
    assert run(["estimate", "matrix.yaml"]) == 2
    assert "QRES_CACHE" in capsys.readouterr().err


@pytest.mark.slow
def test_interrupt_leaves_nothing_half_written(place) -> None:
    command = [sys.executable, "-m", "qres", "estimate", "digits-mlp", "-o", "r.json"]
    # a background job ignores Ctrl-C, and so would what it starts
    process = subprocess.Popen(
        command,
        cwd=place,
        env=os.environ,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    for line in process.stderr:
        if b"train" in line:
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert not (place / "r.json").exists()
    assert not [file for file in place.rglob(".*") if file.is_file()], "a temporary file is left"
