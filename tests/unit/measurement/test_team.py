"""Two processes measure what one does: micro-batches shared, and starts shared."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pytest

from qres.measurement.team import Team, find_team

RUN = """
import json, sys
import numpy as np, torch
from qres.measurement.arithmetic import Arithmetic
from qres.measurement.curvature import Curvature
from qres.measurement.spectrum import Explorer
from qres.measurement.team import joined_team
from qres.measurement.trace import estimate_trace

torch.set_num_threads(1)
with joined_team("cpu") as team:
    generator = torch.Generator().manual_seed(0)
    layers = (torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    module = torch.nn.Sequential(*layers).double()
    with torch.no_grad():
        for item in module.parameters():
            item.copy_(torch.randn(item.shape, generator=generator, dtype=torch.float64) / 2)
    x = torch.randn(40, 6, generator=generator, dtype=torch.float64)
    y = torch.randint(0, 3, (40,), generator=generator)
    micro = None if sys.argv[1] == "starts" else 7
    loss = torch.nn.functional.cross_entropy
    arithmetic = Arithmetic(micro_batch=micro)
    curvature = Curvature(
        module, loss=loss, batches=[(x, y)], weight_decay=0.1, arithmetic=arithmetic
    )
    v = np.linspace(-1, 1, curvature.n_active)
    explorer = Explorer(
        multiply=curvature.apply_block, dim=curvature.n_active, steps=12, n_probes=5, seed=0,
        arithmetic=arithmetic, team=curvature.spare_team,
    )
    found = explorer.explore()
    rng = np.random.default_rng(0)
    trace, square = estimate_trace(
        curvature.apply_block, curvature.n_active, n_probes=4, rng=rng
    )
    told = {
        "size": team.size,
        "spare": curvature.spare_team.size,
        "loss": curvature.loss(curvature.start),
        "gradient": curvature.gradient(curvature.start).tolist(),
        "derive": [item.tolist() for item in curvature.derive(v, 3)],
        "mix": curvature.mix(v, v[::-1].copy()).tolist(),
        "ends": [found.extremes.largest.value, found.extremes.smallest.value],
        "nodes": [part.tolist() for part in found.density.nodes],
        "trace": [trace.value, square.value],
    }
    everyone = team.gather(told) if team.size > 1 else [told]
    assert all(item == told for item in everyone), "the processes differ"
    if team.rank == 0:
        with open(sys.argv[2], "w") as stream:
            json.dump(told, stream)
"""


def _run(how, path, processes):
    program = path.with_suffix(".py")
    program.write_text(RUN)
    command = [sys.executable]
    if processes > 1:
        command += ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, str(program), how, str(path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(path.read_text())


@pytest.mark.slow
@pytest.mark.parametrize("how", ["data", "starts"])
def test_two_processes_equal_one(tmp_path, how):
    two, one = (_run(how, tmp_path / f"{count}.json", count) for count in (2, 1))
    assert (two.pop("size"), one.pop("size")) == (2, 1)
    assert (two.pop("spare"), one.pop("spare")) == (2 if how == "starts" else 1, 1)
    for name, value in one.items():
        for a, b in zip(_flat(two[name]), _flat(value), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12, err_msg=name)


MODEL = """
schema: qres-model/1
name: together
model:
  network:
    architecture: {kind: logistic}
    dataset: {kind: breast-cancer}
    train: {epochs: 2, learning_rate: 0.1, batch_size: 64, seed: 0}
measure: {lanczos_steps: 10, probes: 4, quick: true, micro_batch: 50, degree: 1}
algorithm: {name: carleman-gd, n_steps: 5, learning_rate: 0.01}
"""


def _measure(folder, processes):
    """Run `qres measure`, with the read-out tolerance too: `error` is left out."""
    folder.mkdir()
    model, out = folder / "model.yaml", folder / "out.json"
    model.write_text(MODEL)
    command = [sys.executable, "-m"]
    if processes > 1:
        command += ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "QRES_CACHE": str(folder / "cache")}
    done = subprocess.run(
        [*command, "qres", "measure", str(model), "-o", str(out)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text())["values"]


@pytest.mark.slow
def test_the_command_measures_the_same_together(tmp_path):
    two, one = (_measure(tmp_path / str(count), count) for count in (2, 1))
    assert two.keys() == one.keys()
    assert "readout_tolerance" in one
    for name, quantity in one.items():
        # gram_dropped_norm is nothing but rounding
        np.testing.assert_allclose(
            two[name]["value"], quantity["value"], rtol=1e-9, atol=1e-14, err_msg=name
        )


TOGETHER = """
import sys
from qres.measurement import journal_files
journal_files.FLUSH_S = 0.1
from qres.cli.door import run
sys.exit(run(["measure", sys.argv[1], "-o", sys.argv[2]]))
"""

FEW_BATCHES = """
schema: qres-model/1
name: together
model:
  network:
    architecture: {kind: mlp, hidden: [64], activation: tanh}
    dataset: {kind: digits}
    train: {epochs: 1, learning_rate: 0.1, batch_size: 64, seed: 0}
measure: {lanczos_steps: 60, probes: 4, quick: true, degree: 1}
algorithm: {name: carleman-gd, n_steps: 5, learning_rate: 0.01}
error: {total: 0.1}
"""
"""All samples go through at once, so two processes share the starts."""


def _start_both(folder, cache, out):
    """Start two processes as `torchrun` does, which would let them live when it is killed."""
    program, model = folder / "together.py", folder / "model.yaml"
    program.write_text(TOGETHER)
    model.write_text(FEW_BATCHES)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    team = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    shared = {**os.environ, **team, "OMP_NUM_THREADS": "1", "QRES_CACHE": str(cache)}
    return [
        subprocess.Popen(
            [sys.executable, str(program), str(model), str(out)],
            env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]


def _finish(processes):
    for process in processes:
        _, text = process.communicate(timeout=300)
        assert process.returncode == 0, text


def _wait_for_files(processes, cache, pattern):
    """Wait until both have written such a file with something in it, or one has ended."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and all(item.poll() is None for item in processes):
        with suppress(FileNotFoundError):  # a phase that ended between the two looks
            sizes = {path.parent: path.stat().st_size for path in cache.glob(pattern)}
            if len(sizes) == 2 and min(sizes.values()) > 5000:
                return
        time.sleep(0.01)


@pytest.mark.slow
def test_both_of_two_killed_processes_go_on_with_their_own_starts(tmp_path):
    whole, cut, cache = tmp_path / "whole.json", tmp_path / "cut.json", tmp_path / "two"
    _finish(_start_both(tmp_path, tmp_path / "one", whole))
    processes = _start_both(tmp_path, cache, cut)
    _wait_for_files(processes, cache, "*.journal/*.own*")
    for process in processes:
        assert process.poll() is None
        process.kill()
        process.communicate(timeout=60)
    assert len(list(cache.glob("*.journal"))) == 2
    assert not cut.exists()
    _finish(_start_both(tmp_path, cache, cut))
    assert cut.read_bytes() == whole.read_bytes()
    assert not list(cache.glob("*.journal"))


def _flat(value):
    if isinstance(value, list):
        return [item for part in value for item in _flat(part)]
    return [value]


def test_shares():
    parts = [Team(rank, 3).share(list("abcdefg")) for rank in range(3)]
    assert parts == [["a", "d", "g"], ["b", "e"], ["c", "f"]]
    assert Team(1, 3).share(["a", "b"]) == ["a", "b"]
    assert not Team(1, 3).splits(["a", "b"])
    assert not Team().splits(["a", "b"])
    assert Team(0, 2).splits(["a", "b"])
    assert find_team() == Team()
    assert Team().lead(5) == 5
