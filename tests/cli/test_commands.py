"""Each command: data to stdout, the rest to stderr, files where they were asked for."""

from __future__ import annotations

import json

import pytest

from qres.config.load import load_scenario, model_names
from qres.measurement.record import Measurement


def test_estimate_prints_the_table(stub, call) -> None:
    code, out, err = call("estimate", "liu-2024-7m")
    assert (code, err) == (0, "qres: training ...\n")
    assert out.startswith("table of ")
    assert stub.seen["trust"] is False
    assert stub.seen["no_measure"] is False


def test_estimate_hands_everything_on(stub, call) -> None:
    arguments = ("--set", "algorithm.n_steps=7", "--set", "error.total=0.2", "--trust")
    code, out, _ = call("estimate", "liu-2024-7m", *arguments, "--no-measure", "--show", "defaults")
    assert code == 0
    assert out.rstrip().endswith("defaults")
    assert stub.seen["scenario"].algorithm.n_steps == 7
    assert stub.seen["scenario"].error.total == 0.2
    assert stub.seen["trust"]
    assert stub.seen["no_measure"]


def test_estimate_json_is_only_json(stub, call) -> None:
    code, out, _ = call("estimate", "liu-2024-7m", "--json", "--show", "sources")
    assert (code, json.loads(out)["schema"]) == (0, "qres-result/1")


def test_estimate_writes_each_file(stub, call, tmp_path) -> None:
    files = [tmp_path / "a.json", tmp_path / "b.csv"]
    code, out, err = call("estimate", "liu-2024-7m", "-o", str(files[0]), "-o", str(files[1]))
    assert code == 0
    assert out.startswith("table")
    assert all(file.read_text() == "saved" for file in files)
    assert f"wrote {files[1]}" in err


def test_the_table_fits_the_terminal(stub, call, monkeypatch) -> None:
    for columns, width in (("80", 80), ("300", 100), ("20", 80)):
        monkeypatch.setenv("COLUMNS", columns)
        assert call("estimate", "liu-2024-7m")[1] == f"table of {width} columns\n"


def test_measure_prints_and_stores(stub, call, tmp_path) -> None:
    file = tmp_path / "m.json"
    code, out, err = call("measure", "liu-2024-7m", "-o", str(file))
    assert code == 0
    assert "lambda_max  1.5 [1, 2]  measured" in out
    assert "kappa       unknown" in out
    assert "W-MODEL: careful" in err
    stored = Measurement.from_dict(json.loads(file.read_text()))
    assert stored.values["lambda_max"].high == 2
    code, out, _ = call("measure", "liu-2024-7m", "--json")
    assert json.loads(out)["subject"] == "given"


NAME = "solver.toy.queries"
VALUES = ("--set", "kappa_eff=1e3", "--set", "epsilon=1e-2")


def test_formula_list_print_and_value(stub, call) -> None:
    assert call("formula")[1] == f"{NAME}  queries\n"
    assert json.loads(call("formula", "--json")[1])[0]["name"] == NAME
    text = call("formula", NAME)[1]
    assert f"{NAME} = kappa_eff/2" in text
    assert "arXiv:2406.12086v2, Eq. (1)" in text
    assert "valid for  0 < epsilon < 1" in text
    assert call("formula", NAME, *VALUES)[1] == "500\n"
    assert json.loads(call("formula", NAME, *VALUES, "--json")[1]) == {
        "name": NAME,
        "value": 500,
        "kind": "proven",
        "bound": "upper",
        "unit": "1",
        "symbols": ["kappa_eff", "epsilon"],
        "source": "Dalzell (2024), arXiv:2406.12086v2, Eq. (1)",
    }


def test_formula_in_each_style(stub, call) -> None:
    latex = call("formula", NAME, "--format", "latex")[1]
    assert r"\text{value} = \frac{\kappa_{\mathrm{eff}}}{2}" in latex
    assert r"\cite[{Eq. (1)}]{dalzell2024}" in latex
    assert (
        "def solver_toy_queries(kappa_eff, epsilon):" in call("formula", NAME, "--format=python")[1]
    )
    assert call("formula", NAME, "--format=markdown")[1].startswith(f"### `{NAME}`\n")
    assert call("formula", "solver.", "--json")[1].startswith("[")
    assert call("formula", NAME, "--depth", "full")[1] == call("formula", NAME)[1]


def test_formula_writes_by_suffix(stub, call, tmp_path) -> None:
    heads = {".tex": "\\[", ".py": "import math", ".md": "### ", ".bib": "@misc{dalzell2024,"}
    heads |= {".json": "{", ".txt": NAME}
    files = [tmp_path / f"a{suffix}" for suffix in heads]
    code, out, err = call("formula", NAME, *(word for file in files for word in ("-o", str(file))))
    assert (code, out) == (0, "")
    for file, head in zip(files, heads.values(), strict=True):
        assert file.read_text().startswith(head)
        assert f"wrote {file}" in err


def test_a_number_from_outside_is_printed_and_marked(stub, call) -> None:
    outside = ("--set", "kappa_eff=3", "--set", "epsilon=2")
    code, out, err = call("formula", NAME, *outside)
    assert (code, out) == (0, "1.5\n")
    assert err == f"qres: outside its range: {NAME}: holds for 0 < epsilon < 1, found epsilon=2\n"
    found = json.loads(call("formula", NAME, *outside, "--json")[1])
    assert (found["value"], found["outside"]) == (1.5, "holds for 0 < epsilon < 1, found epsilon=2")


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (("solver.toy.querys",), "did you mean 'solver.toy.queries'"),
        (("solver.toy.queries", "--set", "kappa_eff=x"), "expected a number"),
        (("solver.toy.queries", "--set", "kappa_eff=true"), "expected a number"),
        (("solver.toy.queries", "--set", "kappa_eff=.nan"), "must be finite"),
        (("solver.toy.queries", "--set", "kappa_eff"), "expected name=value"),
        (("solver.toy.queries", "--set", "epsilon=1"), "missing kappa_eff (condition number"),
        (("solver.toy.queries", "--set", "kappa=1"), "did you mean 'kappa_eff'?; the symbols are"),
        (("solver.toy.queries", "--set", "kappa_eff=10 us"), "kappa_eff has no unit"),
        (("solver.toy.queries", "--set", "cycle_time_s=1 us"), "cycle_time_s is in s, give"),
        (("solver.toy.queries", "--depth", "headline"), "has no headline form"),
        (("solver.toy.queries", "--depth", "ful"), "did you mean 'full'"),
        (("solver.toy.queries", "-o", "a.doc"), "the suffix must be .tex or .py"),
        (("solvr.",), "no formulas under 'solvr.'; did you mean 'solver.'"),
        (("solver.", "--set", "kappa_eff=1"), "--set needs the NAME"),
        (("solver.toy.queries", "--format", "latx"), "did you mean 'latex'"),
        (("--set", "kappa_eff=1"), "--set needs the NAME"),
    ],
)
def test_formula_refuses(stub, call, arguments, fragment) -> None:
    code, out, err = call("formula", *arguments)
    assert (code, out) == (2, "")
    assert fragment in err
    assert err.count("\n") == 1


def test_list_all_or_one(stub, call) -> None:
    code, out, _ = call("list")
    assert code == 0
    assert "hardware\n  a-hardware  a text\n  b\n" in out
    assert call("list", "solvers")[1] == "a-solvers  a text\nb\n"
    assert json.loads(call("list", "models", "--json")[1]) == {
        "models": {"a-models": "a text", "b": ""}
    }
    code, _, err = call("list", "solver")
    assert code == 2
    assert "did you mean 'solvers'" in err


def test_schema_is_a_json_schema(call) -> None:
    code, out, _ = call("schema")
    assert code == 0
    assert "algorithm" in json.loads(out)["properties"]


def test_init_writes_a_model_that_loads_and_overwrites_nothing(call, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = call("init")
    assert (code, out) == (0, "")
    assert "qres estimate model.yaml" in err
    assert load_scenario("model.yaml").name == "my-network"
    (tmp_path / "model.yaml").write_text("mine")
    code, _, err = call("init")
    assert (code, (tmp_path / "model.yaml").read_text()) == (2, "mine")
    assert "exists already" in err
    assert call("init", "a.txt")[0] == 2
    assert call("init", "none/model.yaml")[0] == 2


def test_version_is_that_of_the_results(call) -> None:
    from qres import staircase

    code, out, _ = call("--version")
    rows = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert code == 0
    assert rows.pop("data").endswith("data")
    assert rows == staircase.versions()


def test_help(call) -> None:
    for arguments in ((), ("--help",), ("-h",)):
        code, out, _ = call(*arguments)
        assert code == 0
        for command in ("estimate", "measure", "formula", "list", "schema", "init"):
            assert f"\n  {command}  " in out
    for command in ("estimate", "measure", "formula", "list", "schema", "init"):
        assert call(command, "--help")[0] == 0


def test_there_are_models_to_name() -> None:
    assert "liu-2024-7m" in model_names()
