"""Descents that cannot be priced as asked: one line, or a result that says what it rests on."""

from __future__ import annotations

import json

import pytest

from qres.cli.door import run

LINEAR = """schema: qres-model/1
name: descent
model:
  given: {n_params: 100, n_active: 8, n_samples: 10, sparsity: 3, max_entry: 1, frobenius_norm: 3,
          lambda_max: 2, lambda_min: 0.1, grad_norm: 0.5, eps_model: 0.001%s}
algorithm: {name: carleman-gd, n_steps: 4, learning_rate: 0.1}
hardware: [superconducting-1e-4]
"""
TENSORS = ", t3_frobenius: %s, t3_max_entry: %s, t3_sparsity: 9, t4_frobenius: 0.1"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """An empty folder to stand in, with a store of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QRES_CACHE", str(tmp_path / "store"))
    (tmp_path / "linear.yaml").write_text(LINEAR % "")
    (tmp_path / "weak.yaml").write_text(LINEAR % (TENSORS % (0.1, 0.1)))
    (tmp_path / "strong.yaml").write_text(LINEAR % (TENSORS % (30, 1)))
    (tmp_path / "wild.yaml").write_text(LINEAR % (TENSORS % (1e120, 1)))
    return tmp_path


def estimate(capsys, name, *settings):
    """Return exit status, JSON result (strict: no Infinity, no NaN) and standard error."""

    def refuse(constant):
        raise AssertionError(constant)

    words = [word for setting in settings for word in ("--set", f"algorithm.{setting}")]
    status = run(["estimate", f"{name}.yaml", "--json", *words])
    out, err = capsys.readouterr()
    return status, json.loads(out, parse_constant=refuse) if out else None, err


def stated(result):
    return {item["code"]: item["message"] for item in result["warnings"]}


def budget(result):
    return {item["name"]: item for item in result["budget"]}


@pytest.mark.parametrize(
    ("name", "setting", "text"),
    [
        (
            "linear",
            "segment_steps=0",
            "segment_steps: expected auto or a whole number >= 1, found 0",
        ),
        ("linear", "segment_steps=5", "segment_steps: expected at most n_steps (4), found 5"),
        ("linear", "degree=2", "algorithm.degree: 2 needs t3_frobenius"),
        ("linear", "truncation_order=3", "algorithm.truncation_order: 3 needs t3_frobenius"),
        ("weak", "degree=3 sparse", "sparse at degree 3 needs t4_max_entry, t4_sparsity"),
        ("weak", "degree=3 dense", "dense at degree 3 needs t4_max_entry"),
    ],
)
def test_bad_input_is_one_line(capsys, name, setting, text):
    first, *encoding = setting.split()
    settings = [first, *(f"encoding={name}" for name in encoding)]
    status, result, err = estimate(capsys, name, *settings)
    assert (status, result) == (2, None)
    assert text in err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err


def test_an_encoding_that_lacks_the_fourth_derivative_is_passed_over(capsys):
    status, result, _ = estimate(capsys, "weak", "degree=3")
    assert status == 0
    assert result["logical"]["toffoli"]["value"] > 0


def test_a_learning_rate_beyond_stability_is_priced_as_growth(capsys):
    """|1 - 10 * 2| = 19 a step: with four steps a number, with three hundred none any more."""
    status, result, _ = estimate(capsys, "linear", "learning_rate=10")
    assert status == 0
    assert result["logical"]["toffoli"]["value"] > 0
    _, stable, _ = estimate(capsys, "linear")
    assert result["logical"]["toffoli"]["value"] > stable["logical"]["toffoli"]["value"]
    status, result, err = estimate(capsys, "linear", "learning_rate=10", "n_steps=300")
    assert status == 0
    reason = stated(result)["W-INFEASIBLE"]
    assert "19^300" in reason
    assert "smaller learning_rate or fewer n_steps" in reason
    assert "Traceback" not in err


def test_a_typed_order_that_misses_is_priced_and_assumed(capsys):
    """The tensor is three hundred times that of the weak one, for which order 2 suffices."""
    _, kept, _ = estimate(capsys, "weak", "degree=2", "truncation_order=2")
    assert "W-ORDER" not in stated(kept)
    status, result, _ = estimate(
        capsys, "strong", "degree=2", "truncation_order=2", "segment_steps=4"
    )
    assert status == 0
    assert "truncation order 2" in stated(result)["W-ORDER"]
    assert budget(result)["eps_truncation"]["kind"] == "assumed"
    assert budget(result)["eps_truncation"]["share"] > 0.1 / 7
    assert any("truncation order 2" in text for text in result["assumptions"])
    assert result["logical"]["toffoli"]["value"] > 0


def test_an_order_that_suffices_is_found_instead(capsys):
    status, result, _ = estimate(capsys, "strong", "degree=2", "segment_steps=4")
    assert status == 0
    assert "W-ORDER" not in stated(result)
    assert budget(result)["eps_truncation"]["share"] <= 0.1 / 7


def test_a_series_without_end_is_infeasible_or_unknown_and_valid_json(capsys):
    status, result, _ = estimate(capsys, "wild", "degree=2", "segment_steps=4")
    assert status == 0
    assert "does not converge within segments of 4 steps" in stated(result)["W-INFEASIBLE"]
    status, result, _ = estimate(
        capsys, "wild", "degree=2", "segment_steps=4", "truncation_order=2"
    )
    assert status == 0
    assert "does not converge within segments of 4 steps" in stated(result)["W-INFEASIBLE"]
