"""Two processes whose stores are two folders, as on two machines: all go by what the first one has."""

import os
import shutil
import socket
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

RUN = """
import os, sys
from qres.measurement import course

dies_at, updates, save = int(os.environ["DIES_AT"]), 0, course.Course.save

def count(self, module):
    global updates
    updates += 1
    save(self, module)
    if self.count == dies_at:
        os._exit(9)

course.SAVE_S, course.Course.save = 0.0, count
from qres.cli.door import run
code = run(["measure", sys.argv[1], "-o", sys.argv[2]])
print("updates", updates, file=sys.stderr)
sys.exit(code)
"""

MODEL = """
schema: qres-model/1
name: apart
model:
  network:
    architecture: {kind: logistic}
    dataset: {kind: breast-cancer}
    train: {epochs: 2, learning_rate: 0.1, batch_size: 64, seed: 0}
measure: {lanczos_steps: 10, probes: 4, quick: true, degree: 1}
algorithm: {name: carleman-gd, n_steps: 5, learning_rate: 0.01}
error: {total: 0.1}
"""
UPDATES = 16  # 456 samples in batches of 64, twice


def _start(folder, caches, out, dies_at=-1):
    """Run one process for each store, and return what they leave: exit status and number of updates."""
    program, model = folder / "apart.py", folder / "model.yaml"
    program.write_text(RUN)
    model.write_text(MODEL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    team = {"WORLD_SIZE": str(len(caches)), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    shared = {**os.environ, **team, "OMP_NUM_THREADS": "1", "DIES_AT": str(dies_at)}
    processes = [
        subprocess.Popen(
            [sys.executable, str(program), str(model), str(out)],
            env={**shared, "RANK": str(rank), "LOCAL_RANK": "0", "QRES_CACHE": str(folder / name)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank, name in enumerate(caches)
    ]
    return [_finish(process) for process in processes]


def _finish(process):
    _, text = process.communicate(timeout=300)
    last = text.splitlines()[-1] if text else ""
    return process.returncode, int(last.split()[1]) if last.startswith("updates") else text


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Return a folder in which two processes have measured, with the stores `one` and `two`."""
    folder = tmp_path_factory.mktemp("apart")
    assert _start(folder, ["one", "two"], folder / "whole.json") == [(0, UPDATES)] * 2
    return folder


@pytest.fixture
def folder(done, tmp_path):
    """Return a copy of it."""
    return shutil.copytree(done, tmp_path / "apart")


def test_what_the_first_has_is_told_to_the_others(folder):
    assert _start(folder, ["one", "new"], folder / "again.json") == [(0, 0), (0, 0)]
    assert (folder / "again.json").read_bytes() == (folder / "whole.json").read_bytes()
    assert not list((folder / "new").glob("*"))


def test_trained_weights_are_told_too(folder):
    for path in list((folder / "one").iterdir()):
        if path.read_bytes().partition(b"\n")[2].startswith(b"{"):  # JSON: the measurement
            path.unlink()
    assert len(list((folder / "one").iterdir())) == 1
    assert _start(folder, ["one", "new"], folder / "again.json") == [(0, 0), (0, 0)]
    assert (folder / "again.json").read_bytes() == (folder / "whole.json").read_bytes()


def test_what_only_the_second_has_is_made_by_all(folder):
    assert _start(folder, ["new", "two"], folder / "again.json") == [(0, UPDATES)] * 2
    assert (folder / "again.json").read_bytes() == (folder / "whole.json").read_bytes()


@pytest.mark.parametrize("caches", [["first", "second"], ["first", "first"]])
def test_killed_training_goes_on_from_where_the_first_was(folder, caches):
    cut = folder / "cut.json"
    died = _start(folder, caches, cut, dies_at=5)
    assert [code for code, _ in died] == [9, 9]
    assert not cut.exists()
    left = [path.parent.name for path in folder.glob("*/*.training")]
    assert left == ["first"]
    assert _start(folder, caches, cut) == [(0, UPDATES - 5)] * 2
    assert cut.read_bytes() == (folder / "whole.json").read_bytes()
    assert not list(folder.glob("*/*.training*"))
