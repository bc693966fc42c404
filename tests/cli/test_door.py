"""Exit codes, one line for what is wrong, and nothing half-written."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qres.errors import AgreementError, InputError, ToolError

BAD = {
    "no command": (("estmate", "x"), "Did you mean 'estimate'"),
    "no option": (("estimate", "liu-2024-7m", "--jsn"), "--json"),
    "no argument": (("estimate",), "Missing argument 'MODEL'"),
    "no value": (("estimate", "liu-2024-7m", "--set"), "requires an argument"),
    "unknown model": (("estimate", "liu-2024"), "did you mean 'liu-2024-7m'"),
    "no file": (("estimate", "none.yaml"), "none.yaml: no such file"),
    "wrong set": (("estimate", "liu-2024-7m", "--set", "algorithm.n_stps=1"), "'n_steps'"),
    "unknown show": (("estimate", "liu-2024-7m", "--show", "source"), "did you mean 'sources'"),
    "suffix": (("estimate", "liu-2024-7m", "-o", "a.txt"), "-o a.txt: the suffix must be .json or"),
    "folder": (("estimate", "liu-2024-7m", "-o", "none/a.json"), "no such folder: none"),
    "measure suffix": (("measure", "liu-2024-7m", "-o", "a.csv"), "the suffix must be .json"),
}


@pytest.mark.parametrize(("arguments", "fragment"), BAD.values(), ids=BAD)
def test_wrong_input_is_one_line_and_exit_2(stub, call, tmp_path, monkeypatch, arguments, fragment):
    monkeypatch.chdir(tmp_path)
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("qres: ")
    assert err.count("\n") == 1
    assert fragment in err
    assert not stub.seen
    assert not list(tmp_path.iterdir())


def test_an_unwritable_target_is_refused_before_the_work(stub, call, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    code, _, err = call("estimate", "liu-2024-7m", "-o", str(tmp_path / "a.json"))
    assert code == 2
    assert "cannot be written" in err
    assert not stub.seen
    (tmp_path / "b.json").mkdir()
    assert call("estimate", "liu-2024-7m", "-o", str(tmp_path / "b.json"))[0] == 2


def test_a_missing_program_is_refused_before_the_work(stub, call, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    code, out, err = call("estimate", "liu-2024-7m", "-o", str(tmp_path / "paper.pdf"))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "paper.pdf: needs pdflatex; on Debian and Ubuntu: apt install texlive-latex" in err
    assert not stub.seen


def test_a_program_that_fails_is_exit_1_in_one_line(stub, call) -> None:
    stub.action = _raiser(ToolError("pdflatex: Undefined control sequence."))
    code, out, err = call("estimate", "liu-2024-7m")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1] == "qres: pdflatex: Undefined control sequence."
    assert "Traceback" not in err


def test_a_bug_is_exit_1_and_says_so(stub, call, tmp_path) -> None:
    for error in (ZeroDivisionError("x"), AgreementError("count and formula differ")):
        stub.action = _raiser(error)
        code, out, err = call("estimate", "liu-2024-7m", "-o", str(tmp_path / "a.json"))
        assert (code, out) == (1, "")
        assert "Traceback" in err
        assert err.splitlines()[-1].startswith(f"qres: {type(error).__name__}: ")
        assert "bug of qres" in err
        assert not list(tmp_path.iterdir())


def test_an_error_of_the_input_in_the_middle_has_no_traceback(stub, call) -> None:
    stub.action = _raiser(InputError("model.matrix.file: A.mtx: line 3: not a number"))
    code, _, err = call("estimate", "liu-2024-7m")
    assert code == 2
    assert err == "qres: training ...\nqres: model.matrix.file: A.mtx: line 3: not a number\n"


def test_interruption_is_130_and_leaves_nothing(stub, call, tmp_path) -> None:
    stub.action = _raiser(KeyboardInterrupt())
    code, out, err = call("estimate", "liu-2024-7m", "-o", str(tmp_path / "a.json"))
    assert (code, out) == (130, "")
    assert err.endswith("qres: interrupted\n")
    assert not list(tmp_path.iterdir())


def _raiser(error: BaseException):
    def act() -> None:
        raise error

    return act


# ---- real processes -----------------------------------------------------------------------------

HEAVY = ("torch", "qualtran", "sympy", "cirq", "scipy", "numpy", "pydantic", "sklearn")
LOOK = f"""
import sys
import qres, qres.cli.app
from qres.cli.door import run
assert run(sys.argv[1:]) == 0
print([name for name in {HEAVY!r} if name in sys.modules])
"""


def qres(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "qres", *arguments],
        capture_output=True, text=True, timeout=60, **options,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("argument", "allowed"),
    [("--help", ("[]",)), ("--version", ("[]", "['pydantic']"))],  # newer typers load pydantic
)
def test_help_and_version_load_nothing_heavy(argument, allowed) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK, argument], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] in allowed


def test_exit_codes_of_the_process(tmp_path) -> None:
    assert qres("--help").returncode == 0
    wrong = qres("init", "none/model.yaml", cwd=tmp_path)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr == "qres: -o none/model.yaml: no such folder: none\n"


FULL_DISK = """
import errno, io, os, runpy, sys

class FullDisk(io.FileIO):
    def write(self, data):
        if os.fstat(self.fileno()).st_rdev == os.stat(os.devnull).st_rdev:
            return len(data)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

sys.stdout = io.TextIOWrapper(io.BufferedWriter(FullDisk(1, "w", closefd=False)))
sys.argv = ["qres", "schema"]
runpy.run_module("qres", run_name="__main__")
"""
"""A process whose output finds no room, to its end, as it would on /dev/full."""


def test_a_full_disk_and_a_closed_pipe_are_quiet() -> None:
    full = subprocess.run(
        [sys.executable, "-c", FULL_DISK], capture_output=True, text=True, timeout=60
    )
    assert (full.returncode, full.stdout) == (2, "")
    assert full.stderr == f"qres: the output cannot be written ({os.strerror(errno.ENOSPC)})\n"
    program = f"{sys.executable} -m qres schema"
    piped = subprocess.run(
        ["bash", "-c", f"{program} | true; exit ${{PIPESTATUS[0]}}"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (piped.returncode, piped.stderr) == (0, "")


def test_a_target_that_even_root_cannot_write(tmp_path) -> None:
    file, folder = tmp_path / "file", tmp_path / "folder.json"
    file.touch()
    folder.mkdir()
    for target, reason in (
        (file / "a.json", f"no such folder: {file}"),
        (folder, "is a folder, not a file"),
    ):
        done = qres("estimate", "liu-2024-7m", "-o", str(target))
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"qres: -o {target}: {reason}\n"
