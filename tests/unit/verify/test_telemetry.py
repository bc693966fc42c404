"""The QDK is asked with its telemetry off, whatever the surroundings say."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

ASK = """
from qres.verify.against_qdk import ask_qdk
assert ask_qdk("qubit_gate_ns_e3", {"numQubits": 100, "tCount": 10000}, 1e-3)["physicalCounts"]
from qdk import telemetry
assert not telemetry.TELEMETRY_ENABLED
"""


@pytest.mark.slow
def test_nothing_is_sent():
    """A fresh interpreter: the QDK reads its setting once, when it is loaded."""
    # should it be on after all, this address takes nothing
    surroundings = {**os.environ, "QSHARP_PYTHON_AI_URL": "http://127.0.0.1:9"}
    surroundings["QDK_PYTHON_TELEMETRY"] = "enabled"
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=surroundings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
