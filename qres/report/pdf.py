"""A LaTeX document as PDF, where a TeX is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from qres.errors import InputError, ToolError

PROGRAM = "pdflatex"
PACKAGES = "texlive-latex-recommended texlive-fonts-recommended texlive-latex-extra"
OPTIONS = ("-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape")
TIMEOUT_S = 120


def check_tex(target: str) -> None:
    """Refuse where no TeX is installed.

    Args:
        target: what was to be written, for the message.

    Raises:
        InputError: there is no pdflatex; the message names the packages.
    """
    if shutil.which(PROGRAM) is None:
        raise InputError(f"{target}: needs {PROGRAM}; on Debian and Ubuntu: apt install {PACKAGES}")


def make_pdf(tex: str) -> bytes:
    """Return the PDF of a document, the same bytes for the same text.

    Raises:
        InputError: there is no pdflatex.
        ToolError: pdflatex failed; the first line that it complains in.
    """
    check_tex("PDF")
    with tempfile.TemporaryDirectory(prefix="qres-") as name:
        folder = Path(name)
        (folder / "paper.tex").write_text(tex, encoding="utf-8")
        for _ in range(2):  # the second run knows the numbers of tables and citations
            _run(folder)
        return (folder / "paper.pdf").read_bytes()


def _run(folder: Path) -> None:
    clock = {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1"}
    command = [PROGRAM, *OPTIONS, "paper.tex"]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | clock,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ToolError(f"{PROGRAM}: not done after {TIMEOUT_S} s") from None
    if done.returncode != 0:
        lines = done.stdout.decode("utf-8", "replace").splitlines()
        first = next((line for line in lines if line.startswith("!")), "it failed without a word")
        raise ToolError(f"{PROGRAM}: {first.lstrip('! ')}")
