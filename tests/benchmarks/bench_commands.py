"""Medians of whole commands, side by side with the same interpreter doing nothing.

Not a test: nothing passes or fails. Run with `make bench`.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

QRES = [str(Path(sys.executable).parent / "qres")]
WHOLE = (
    *("linear-system.toffoli", "linear-system.rotations", "linear-system.idle_qubits"),
    *("carleman-gd.toffoli", "carleman-gd.rotations", "carleman-gd.idle_qubits"),
)
"""The formulas that take longest to build and to print."""

COMMANDS = (
    ("python -c pass", [sys.executable, "-c", "pass"], 5),
    ("qres --help", [*QRES, "--help"], 5),
    (
        "qres formula NAME",
        [
            *QRES,
            "formula",
            "solver.shortcut.matrix_queries",
            "--set",
            "kappa_eff=1e3",
            "--set",
            "epsilon=1e-2",
        ],
        5,
    ),
    ("python -c 'import sympy'", [sys.executable, "-c", "import sympy"], 5),
    *((f"qres formula {name}", [*QRES, "formula", name, "--format", "latex"], 5) for name in WHOLE),
    ("qres list models", [*QRES, "list", "models"], 5),
    ("python -c 'import qualtran'", [sys.executable, "-c", "import qualtran"], 3),
    ("qres estimate liu-2024-7m", [*QRES, "estimate", "liu-2024-7m"], 3),
    ("qres measure digits-mlp, empty store", [*QRES, "measure", "digits-mlp"], 3),
)


def seconds(command: list[str]) -> float:
    """Run once with an empty result store and return the wall time."""
    with tempfile.TemporaryDirectory() as store:
        start = time.perf_counter()
        environment = {**os.environ, "QRES_CACHE": store}
        subprocess.run(command, check=True, capture_output=True, env=environment)
        return time.perf_counter() - start


def main() -> None:
    """Print median seconds, and the ratio to an empty interpreter."""
    empty = None
    for name, command, runs in COMMANDS:
        median = statistics.median(seconds(command) for _ in range(runs))
        empty = empty or median
        print(f"{name:40s} {median:8.3f} s {median / empty:8.1f} x an empty interpreter")


if __name__ == "__main__":
    main()
