"""A wheel, installed in an empty environment, estimates a shipped model by name from anywhere."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_wheel_estimates_by_name(tmp_path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    options = shlex.split(os.environ.get("PIP_ARGS", ""))
    install = [python, "-m", "pip", "install", "--quiet", *options, "-c", ROOT / "constraints.txt"]
    subprocess.run([*install, f"{wheel}[measure]"], check=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {**os.environ, "QRES_CACHE": str(tmp_path / "store")}
    environment.pop("PYTHONPATH", None)
    found = subprocess.run(
        [python.parent / "qres", "estimate", "digits-mlp"],
        cwd=elsewhere,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.startswith("digits-mlp: carleman-gd")
    assert "counted from circuit, formula agrees" in found.stdout
    where = [python, "-c", "import qres.files as f; print(f.data_path('models'))"]
    data = subprocess.run(where, cwd=elsewhere, check=True, capture_output=True, text=True)
    assert str(tmp_path) in data.stdout, "the data must come from the wheel"
