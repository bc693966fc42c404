"""A journal gives back what was computed, in order, whatever happened in between."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from qres.measurement import journal_files
from qres.measurement.journal import Journal, find_journal, opened_journal


class _Work:
    """Questions in order; counts what is really computed, and may stop at one."""

    def __init__(self, stop=None):
        self.stop, self.made = stop, []

    def _make(self, number):
        if number == self.stop:
            raise KeyboardInterrupt
        self.made.append(number)
        return [np.full(3, number, dtype=np.float64), np.arange(number, dtype=np.float32)]

    def __call__(self, journal):
        rng, found = np.random.default_rng(0), []
        for number in range(3):
            found += journal.keep("call", [np.array([number])], lambda n=number: self._make(n))

        def phase():
            inner = [
                journal.keep("inner", [], lambda n=number: self._make(n)) for number in (3, 4, 5)
            ]
            return [float(item[0][0]) for item in inner] + [float(rng.random())]

        found.append(journal.phase("phase", phase, rng=rng))
        found.append(rng.random())
        found += journal.keep("last", [], lambda: self._make(6))
        return found


def _same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("stop", range(7))
@pytest.mark.parametrize("flush_s", [0.0, 60.0])
def test_goes_on_where_it_was(tmp_path, monkeypatch, stop, flush_s):
    monkeypatch.setattr(journal_files, "FLUSH_S", flush_s)
    folder = tmp_path / "journal"
    first, second = _Work(stop), _Work()
    with pytest.raises(KeyboardInterrupt), opened_journal(folder) as journal:
        first(journal)
    with opened_journal(folder) as journal:
        found = second(journal)
    assert _same(found, _Work()(Journal()))
    assert first.made + second.made == list(range(7))
    assert not folder.exists()


@pytest.mark.parametrize("cut", [1, 20, 100])
def test_a_torn_tail_is_cut_off(tmp_path, monkeypatch, cut):
    monkeypatch.setattr(journal_files, "FLUSH_S", 0.0)
    folder = tmp_path / "journal"
    with pytest.raises(KeyboardInterrupt), opened_journal(folder) as journal:
        _Work(6)(journal)
    file = folder / "0"
    file.write_bytes(file.read_bytes()[:-cut])
    again = _Work()
    with opened_journal(folder) as journal:
        found = again(journal)
    assert _same(found, _Work()(Journal()))
    assert again.made[-1] == 6
    assert len(again.made) > 1


def test_a_damaged_answer_and_another_question_are_not_believed(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_files, "FLUSH_S", 0.0)
    folder = tmp_path / "journal"
    with pytest.raises(KeyboardInterrupt), opened_journal(folder) as journal:
        _Work(3)(journal)
    file = folder / "0"
    content = bytearray(file.read_bytes())
    content[60] ^= 1
    file.write_bytes(content)
    again = _Work()
    with opened_journal(folder) as journal:
        assert _same(again(journal), _Work()(Journal()))
    assert again.made == list(range(7))
    with pytest.raises(KeyboardInterrupt), opened_journal(folder) as journal:
        _Work(1)(journal)
    with opened_journal(folder) as journal:
        (found,) = journal.keep("call", [np.array([1])], lambda: [np.ones(1)])
    assert found == 1


class _Sum:
    """A state: the sum of the rounds, and one vector that is wanted only until the end."""

    def __init__(self):
        self.total, self.vector, self.done, self.made = np.zeros(1), np.zeros(1000), 0, []

    def pack(self, *, is_last):
        return [self.total] if is_last else [self.total, self.vector]

    def unpack(self, arrays):
        self.total = arrays[0]
        self.vector = arrays[1] if len(arrays) > 1 else self.vector

    def advance(self, number, stop=None):
        if number == stop:
            raise KeyboardInterrupt
        inner = find_journal().keep("inner", [], lambda: [np.ones(1000)])  # not written down
        self.vector = self.vector + inner[0]
        self.total = self.total + number * self.vector[0]
        self.made.append(number)
        self.done = number + 1


def _loop(journal, stop=None):
    state = _Sum()
    journal.loop("loop", [np.ones(2)], 6, lambda number: state.advance(number, stop), state)
    return state


@pytest.mark.parametrize("stop", range(6))
@pytest.mark.parametrize("flush_s", [-1.0, 60.0])
def test_a_loop_goes_on_from_its_last_round(tmp_path, monkeypatch, stop, flush_s):
    monkeypatch.setattr(journal_files, "FLUSH_S", flush_s)
    whole, folder = _loop(Journal()), tmp_path / "journal"
    with pytest.raises(KeyboardInterrupt), opened_journal(folder) as journal:
        _loop(journal, stop)
    if stop:
        (file,) = folder.glob("*.state")
        assert file.stat().st_size < 9000  # one vector, however many rounds
    with pytest.raises(KeyboardInterrupt), opened_journal(folder) as journal:  # noqa: PT012
        rest = _loop(journal)
        assert rest.made == list(range(stop, 6))
        assert not list(folder.glob("*.state"))
        raise KeyboardInterrupt
    assert rest.total == whole.total
    assert (folder / "0").stat().st_size < 500  # the vector is not kept
    with opened_journal(folder) as journal:
        again = _loop(journal)
    assert again.made == []
    assert again.total == whole.total


def test_a_damaged_state_is_not_believed(tmp_path):
    folder = tmp_path / "journal"
    with pytest.raises(KeyboardInterrupt), opened_journal(folder) as journal:
        _loop(journal, 3)
    (file,) = folder.glob("*.state")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with opened_journal(folder) as journal:
        assert _loop(journal).made == list(range(6))


def test_two_processes_do_not_share_a_folder(tmp_path):
    with opened_journal(tmp_path / "journal") as one, opened_journal(tmp_path / "journal") as two:
        assert one.is_open
        assert not two.is_open
        assert find_journal() is one
    assert not find_journal().is_open


MODEL = """
schema: qres-model/1
model:
  network:
    architecture: {kind: mlp, hidden: [4]}
    dataset: {kind: digits}
    train: {epochs: 2, learning_rate: 0.1, batch_size: 64, seed: 0}
    prune: {fraction: 0.5, retrain_epochs: 1}
measure: {lanczos_steps: 12, probes: 2, precision: float32}
algorithm: {name: carleman-gd, n_steps: 8, learning_rate: 0.1}
error: {total: 0.1}
"""

RUN = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background ignores it
from qres.measurement import journal_files
journal_files.FLUSH_S = 0.2
from qres.cli.door import run
sys.exit(run(["measure", sys.argv[1], "--trust", "-o", sys.argv[2]]))
"""

OWN = MODEL.replace("{kind: mlp, hidden: [4]}", "{kind: python, build: 'mine:build'}")
BUILD = """
import torch
def build():
    return torch.nn.Sequential(torch.nn.Linear(64, 4), torch.nn.Tanh(), torch.nn.Linear(4, 10))
"""


def _start(model, output, cache):
    environment = {**os.environ, "QRES_CACHE": str(cache), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", RUN, str(model), str(output)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def _measure_files(cache):
    """Return the bytes of all journals."""
    files = [path for path in cache.glob("*.journal/*") if path.name != "lock"]
    return sum(path.stat().st_size for path in files if path.exists())


def _wait_for_growth(cache, process):
    """Wait until a process has written a good piece of its journal, or has ended."""
    start, deadline = _measure_files(cache), time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if _measure_files(cache) > start + 10_000:
            return
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model_text", "signal_number"),
    [(MODEL, signal.SIGKILL), (MODEL, signal.SIGINT), (OWN, signal.SIGKILL)],
    ids=["killed", "interrupted", "own code killed"],
)
def test_a_killed_measurement_goes_on_to_the_same_bits(tmp_path, model_text, signal_number):
    model = tmp_path / "model.yaml"
    model.write_text(model_text)
    (tmp_path / "mine.py").write_text(BUILD)
    whole = _start(model, tmp_path / "whole.json", tmp_path / "one")
    _, text = whole.communicate(timeout=300)
    assert whole.returncode == 0, text
    cache, cut = tmp_path / "two", tmp_path / "cut.json"
    kills = 0
    for _ in range(2):
        process = _start(model, cut, cache)
        _wait_for_growth(cache, process)
        if process.poll() is None:
            process.send_signal(signal_number)
            kills += 1
        _, text = process.communicate(timeout=120)
        if signal_number == signal.SIGINT and process.returncode != 0:
            assert process.returncode == 130, text
            assert "the same command goes on" in text
            partial = json.loads(next(cache.glob("*.partial.json")).read_text())
            assert partial["details"]["partial"] is True
            assert partial["warnings"][0][0] == "W-PARTIAL"
            assert {"n_params", "n_active"} <= set(partial["values"])
        assert not cut.exists()
    assert kills == 2
    assert list(cache.glob("*.journal/0*"))
    last = _start(model, cut, cache)
    _, text = last.communicate(timeout=300)
    assert last.returncode == 0, text
    assert cut.read_bytes() == (tmp_path / "whole.json").read_bytes()
    assert not list(cache.glob("*.journal")) + list(cache.glob("*.partial.json"))
