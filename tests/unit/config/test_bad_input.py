"""Whatever is wrong in a `model.yaml` gets one line: file, line, path, what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from qres.config.load import load_scenario
from qres.errors import InputError

NETWORK = """\
schema: qres-model/1
model:
  network:
    architecture: {kind: mlp, hidden: [8], activation: tanh}
    dataset: {kind: digits}
    train: {epochs: 2, learning_rate: 0.1}
    prune: {fraction: 0.5}
algorithm:
  name: carleman-gd
  n_steps: 50
  learning_rate: 0.01
"""
GIVEN = """\
schema: qres-model/1
model:
  given: {n_params: 1e8, n_active: 1e7, sparsity: 100}
algorithm: {name: carleman-gd, n_steps: 2, learning_rate: 0.01}
"""
LINEAR = """\
schema: qres-model/1
model:
  given: {dim: 64, sparsity: 5, norm: 2, smallest_singular_value: 0.1}
algorithm:
  name: linear-system
"""
COUNTS = """\
schema: qres-model/1
model:
  given: {logical_qubits: 100, toffoli: 1e25}
algorithm: {name: counts}
"""

# base text, what is replaced, by what, fragments of the message (the first names line and path)
CASES: list[tuple[str, str, str, tuple[str, ...]]] = [
    (NETWORK, "n_steps: 50", "n_step: 50", (":10: algorithm.n_step: unknown key", "'n_steps'")),
    (NETWORK, "n_steps: 50", "n_steps: ten", (":10: algorithm.n_steps: expected a whole number",
                                              "found 'ten'")),
    (NETWORK, "n_steps: 50", "n_steps: 0", (":10: algorithm.n_steps: expected", "found 0")),
    (NETWORK, "n_steps: 50", "n_steps: 5_000_000", (
        ":10: algorithm.n_steps: expected a whole number from 1 to 1000000, found 5000000",)),
    (NETWORK, "n_steps: 50", "n_steps: 2.5", (":10: algorithm.n_steps:", "found 2.5")),
    (NETWORK, "n_steps: 50", "n_steps: true", (":10: algorithm.n_steps:", "found true")),
    (NETWORK, "n_steps: 50", "n_steps:", (":10: algorithm.n_steps:", "found nothing")),
    (NETWORK, "  n_steps: 50\n", "", (":8: algorithm.n_steps: missing; expected a whole",)),
    (NETWORK, "0.01", "0", (":11: algorithm.learning_rate: expected a number > 0, found 0",)),
    (NETWORK, "0.01", "'0.01'", (":11: algorithm.learning_rate: expected", "found '0.01'")),
    (NETWORK, "0.01", ".nan", (":11: .nan: a number must be finite",)),
    (NETWORK, "fraction: 0.5", "fraction: 1", (":7: model.network.prune.fraction:", "< 1")),
    (NETWORK, "fraction: 0.5", "fraction: -1e-3", (":7: model.network.prune.fraction:",)),
    (NETWORK, "epochs: 2", "epochs: -1", (":6: model.network.train.epochs:", "found -1")),
    (NETWORK, "epochs: 2", "epochs: 1e9", (":6: model.network.train.epochs:", "to 100000")),
    (NETWORK, "epochs", "epoch", (":6: model.network.train.epoch: unknown key", "'epochs'")),
    (NETWORK, "kind: mlp", "kind: mpl", (":4: model.network.architecture.kind:", "'mlp'")),
    (NETWORK, "kind: mlp", "kind: resnet", ("architecture.hidden: belongs to mlp, not resnet",)),
    (NETWORK, "{kind: mlp, hidden: [8], activation: tanh}", "{kind: resnet, depth: 33}", (
        ":4: model.network.architecture.depth: expected 6n + 2, such as 32 or 38, found 33",)),
    (NETWORK, "{kind: mlp, hidden: [8], activation: tanh}", "{kind: gpt, width: 64, heads: 3}", (
        ":4: model.network.architecture.heads: expected a divisor of width (64), found 3",)),
    (NETWORK, "kind: mlp, ", "", ("architecture.kind: missing; expected mlp, logistic, resnet, gpt",)),
    (NETWORK, "kind: mlp", "kind: logistic", ("architecture.hidden: belongs to mlp, not log",)),
    (NETWORK, "hidden: [8]", "hidden: [8, 0]", ("architecture.hidden.1: expected", "found 0")),
    (NETWORK, "hidden: [8]", "hidden: 8", ("architecture.hidden: expected a list", "found 8")),
    (NETWORK, "hidden: [8]", "hidden: []", ("architecture.hidden: expected a list", "found 0")),
    (NETWORK, "tanh", "rellu", ("activation: expected tanh", "did you mean 'relu'")),
    (NETWORK, "tanh", "tnah", ("activation: expected tanh", "did you mean 'tanh'")),
    (NETWORK, "kind: digits", "kind: digit", (":5: model.network.dataset.kind:", "'digits'")),
    (NETWORK, "{kind: digits}", "{kind: cifar10}", (
        ":5: model.network.dataset.path: missing; expected the path of the archive (.tar.gz)",)),
    (NETWORK, "{kind: digits}", "{kind: cifar10, path: gone.tar.gz}", (
        ":5: model.network.dataset.path: gone.tar.gz: no such file",)),
    (NETWORK, "{kind: digits}", "{kind: text, path: .}", (
        ":5: model.network.dataset.path: .: no such file",)),
    (NETWORK, "{kind: digits}", "{kind: csv, path: a.txt, target: y}", (
        "dataset.path: expected a file name ending in .csv, found 'a.txt'",)),
    (NETWORK, "{kind: digits}", "{kind: digits, target: y}", (
        "dataset.target: belongs to csv, not digits",)),
    (NETWORK, "{kind: digits}", "{kind: random}", ("dataset.shape: missing",)),
    (NETWORK, "fraction: 0.5", "fraction: 0.5, rounds: 1", (
        "prune.rounds: expected a whole number from 2 to 1000, found 1",)),
    (NETWORK, "epochs: 2", "epochs: 2, precision: half", (
        "train.precision: expected float64 or float32, found 'half'",)),
    (NETWORK, "algorithm:", "measure: {at_steps: [0, 5, 5]}\nalgorithm:", (
        ":8: measure.at_steps.2: expected more than 5, found 5",)),
    (GIVEN, "algorithm:", "measure: {at_steps: [0]}\nalgorithm:", (
        ":4: measure.at_steps: model.given is not trained here",)),
    (NETWORK, "{kind: digits}", "digits", ("dataset: expected a mapping, found 'digits'",)),
    (NETWORK, "prune: {fraction: 0.5}", "checkpoint: w.pt", (
        ":7: model.network.checkpoint: w.pt: no such file",)),
    (NETWORK, "prune: {fraction: 0.5}", "checkpoint: w.pkl", (
        "checkpoint: expected a file name ending in .safetensors or .pt, found 'w.pkl'",)),
    (NETWORK, "network:", "netwrk:", (":3: model.netwrk: unknown key; did you mean 'network'",)),
    (NETWORK, "algorithm:", "  measurement: a.json\nalgorithm:", (
        ":2: model: expected exactly one of", "found network and measurement")),
    (NETWORK, "carleman-gd", "carleman", ("algorithm.name: expected", "'carleman-gd'")),
    (NETWORK, "carleman-gd", "log-concave", (
        ":9: algorithm.name: log-concave is not available yet",)),
    (NETWORK, "carleman-gd", "linear-system", (
        ":10: algorithm.n_steps: belongs to carleman-gd and newton, not linear-system", "(and 1 more)")),
    (NETWORK, "name: carleman-gd", "damping: 1\n  name: carleman-gd", (
        ":9: algorithm.damping: belongs to newton, not carleman-gd",)),
    (NETWORK, "name: carleman-gd", "prior: 1\n  name: carleman-gd", (
        ":9: algorithm.prior: belongs to log-concave, which is not available yet",)),
    (NETWORK, "name: carleman-gd", "policy: fast\n  name: newton", (
        ":9: algorithm.policy: expected honest or paper, found 'fast'",)),
    (NETWORK, "name: carleman-gd", "gate_time: 1 ns\n  name: newton", (
        ":9: algorithm.gate_time: belongs to policy paper",)),
    (NETWORK, "name: carleman-gd", "readout: {kind: state}\n  name: newton", (
        ":9: algorithm.readout.kind: a step is all entries of a vector; use tomography",)),
    (NETWORK, "name: carleman-gd", "damping: {value: -1}\n  name: newton", (
        ":9: algorithm.damping.value: expected a number >= 0, found -1",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  degree: 9", (
        ":11: algorithm.degree: expected auto, 1, 2 or 3, found 9",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  segment_steps: 51", (
        "segment_steps: expected at most n_steps (50), found 51",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  segment_steps: 0", (
        "segment_steps: expected auto or a whole number >= 1, found 0",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  degree: 1\n  truncation_order: 2", (
        "truncation_order: at degree 1 the lift closes at order 1, found 2",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  truncation_order: 2\n  map: order 3", (
        "map: expected at most truncation_order (2), found 3",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  rescaling: 0", (
        "rescaling: expected a number > 0, found 0",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  padding: -1", ("padding: expected auto", "found -1")),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  optimizer: {momentum_restart: true}", (
        "optimizer.momentum_restart: without momentum there is nothing to restart",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  optimizer: {momentum_restart: 1}", (
        "optimizer.momentum_restart: expected true or false, found 1",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  optimizer: {momentum_restart: no}", (
        "optimizer.momentum_restart: expected true or false, found 'no'",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  optimizer: {n_batches: 4}", (
        "optimizer.n_batches: gd takes the whole data set; 4 batches are kind: sgd",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  optimizer: {kind: sgd}", (
        "optimizer.n_batches: sgd needs n_batches >= 2",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  optimizer: {momentum: 1}", (
        "optimizer.momentum: expected a number >= 0 and < 1, found 1",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  readout: {kind: state, norm: l2}", (
        "algorithm.readout.norm: belongs to tomography, not state",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  readout: {kind: observable}", (
        "algorithm.readout.of: missing",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  readout: {kind: observable, of: accuracy}", (
        "accuracy is no polynomial of the weights; read them out (tomography)",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  readout: {kind: observable, of: linear}", (
        "algorithm.readout.weight_norm: missing; observable linear needs it",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  readout: {kind: observable, of: loss, weight_norm: 1}", (
        "algorithm.readout.weight_norm: does not belong to observable loss",)),
    (NETWORK, "n_steps: 50", "n_steps: 50\n  n_steps: 60", (":11: key 'n_steps' appears twice",)),
    (NETWORK, "schema: qres-model/1", "schema: qres-model/2", (":1: schema: expected qres",)),
    (NETWORK, "schema: qres-model/1\n", "", ("schema: missing; expected qres-model/1",)),
    (NETWORK, "algorithm:", "algorithms:", (":8: algorithms: unknown key; did you mean",)),
    (NETWORK, "algorithm:", "error: {total: 1}\nalgorithm:", (":8: error.total:", "> 0 and < 1")),
    (NETWORK, "algorithm:", "error: {total: no}\nalgorithm:", (":8: error.total:", "found 'no'")),
    (NETWORK, "algorithm:", "error: {target: los}\nalgorithm:", (":8: error.target: expected",)),
    (LINEAR, "algorithm:", "error: {target: loss}\nalgorithm:", (
        "error.target: linear-system has no loss; use weights",)),
    (COUNTS, "algorithm:", "error: {target: loss}\nalgorithm:", ("counts has no loss",)),
    (NETWORK, "algorithm:", "error: {target: loss}\nalgorithm:\n"
     "  readout: {kind: observable, of: linear, weight_norm: 1}", (
         "error.target: observable linear has an error of its own",)),
    (NETWORK, "algorithm:", "hardware: []\nalgorithm:", (":8: hardware: expected a list",)),
    (NETWORK, "algorithm:", "hardware: [a, 5]\nalgorithm:", (":8: hardware.1:", "found 5")),
    (NETWORK, "algorithm:", "hardware: mine.yaml\nalgorithm:", ("hardware.0: mine.yaml: no such",)),
    (NETWORK, "algorithm:", "objective: speed\nalgorithm:", (":8: objective: expected runtime",)),
    (NETWORK, "algorithm:", "measure: {probes: 0}\nalgorithm:", (":8: measure.probes:",)),
    (NETWORK, "algorithm:", "measure: 5\nalgorithm:", (":8: measure: expected a mapping, found",)),
    (NETWORK, "algorithm:", "name: ''\nalgorithm:", (":8: name: expected a name, found ''",)),
    (NETWORK, "{kind: mlp, hidden: [8], activation: tanh}", "{kind: python, build: mod.py}", (
        "build: expected a function as 'package.module:function', found 'mod.py'",)),
    (GIVEN, "sparsity", "sparsty", (":3: model.given.sparsty: unknown key", "'sparsity'")),
    (GIVEN, "n_active: 1e7", "n_active: 1e9", ("n_active: expected at most n_params",)),
    (GIVEN, "n_active: 1e7", "n_active: 0", ("given.n_active: expected a whole number >= 1",)),
    (GIVEN, "n_active: 1e7", "n_active: {low: 1}", ("n_active.value: missing; expected a whole",)),
    (GIVEN, "1e7", "{value: 5, low: 6}", ("given.n_active: expected low <= value <= high",)),
    (GIVEN, "1e7", "{value: 5, sorce: x}", ("given.n_active.sorce: unknown key", "'source'")),
    (GIVEN, "1e7", "{value: 5, kind: proven}", ("n_active.kind: expected given or assumed",)),
    (GIVEN, "1e7", "{value: many}", ("n_active.value: expected a whole number", "'many'")),
    (GIVEN, "sparsity: 100", "update_norms: [0, 1]", (
        "update_norms: expected n_steps + 1 = 3 norms", "found 2")),
    (GIVEN, "sparsity: 100", "update_norms: [0, -1, 1]", ("update_norms.1: expected a number",)),
    (GIVEN, "sparsity: 100", "lambda_min: 2, lambda_max: 1", ("lambda_min: expected at most",)),
    (GIVEN, "sparsity: 100", "dim: 5", ("model.given.dim: unknown key",)),
    (GIVEN, "{n_params: 1e8, n_active: 1e7, sparsity: 100}", "counts.json", (
        "model.given: carleman-gd takes a mapping, found 'counts.json'",)),
    (GIVEN, "given: {n_params: 1e8, n_active: 1e7, sparsity: 100}", "matrix: {file: A.mtx}", (
        ":3: model.matrix: carleman-gd takes network or given or measurement",)),
    (GIVEN, "given: {n_params: 1e8, n_active: 1e7, sparsity: 100}", "measurement: m.json", (
        ":3: model.measurement: m.json: no such file",)),
    (LINEAR, "dim: 64", "dim: 4", ("model.given.sparsity: expected at most dim (4), found 5",)),
    (LINEAR, "sparsity: 5", "sparsity: 5, row_sparsity: 3", (
        "model.given.column_sparsity: missing; rows and columns are given together",)),
    (LINEAR, "sparsity: 5", "sparsity: 5, column_sparsity: 6, row_sparsity: 3", (
        "model.given.column_sparsity: expected at most sparsity (5), found 6",)),
    (LINEAR, "sparsity: 5", "sparsity: 6, column_sparsity: 3, row_sparsity: 2", (
        "model.given.sparsity: expected at most row_sparsity + column_sparsity (5), found 6",)),
    (LINEAR, "sparsity: 5", "column_sparsity: 3, row_sparsity: 65", (
        "model.given.row_sparsity: expected at most dim (64), found 65",)),
    (LINEAR, "sparsity: 5", "column_sparsity: 0, row_sparsity: 5", (
        "model.given.column_sparsity: expected a whole number >= 1, found 0",)),
    (LINEAR, "norm: 2", "norm: .01", ("smallest_singular_value: expected at most norm",)),
    (LINEAR, "dim: 64", "dim: 64, solution_overlap: 1.5", ("solution_overlap: expected a number",)),
    (LINEAR, "norm: 2", "norm: 2, n_diagonals: 5", (
        "given.diagonal_sum: missing; encoding computed needs n_diagonals, diagonal_sum",)),
    (LINEAR, "norm: 2", "norm: 2, n_diagonals: 200, diagonal_sum: 8, shift_bits: 6, n_cuts: 1", (
        "given.n_diagonals: expected at most 2 dim - 1 (127), found 200",)),
    (LINEAR, "norm: 2", "norm: 2, n_diagonals: 5, diagonal_sum: 1, shift_bits: 6, n_cuts: 1", (
        "given.norm: expected at most diagonal_sum (1), found 2",)),
    (LINEAR, "norm: 2", "norm: 2, n_diagonals: 5, diagonal_sum: 8, shift_bits: 22, n_cuts: 7", (
        "given.n_cuts: expected at most 5", "found 7")),
    (LINEAR, "norm: 2", "norm: 2, n_diagonals: 5, diagonal_sum: 8, shift_bits: 12, n_cuts: 2", (
        "given.shift_bits: expected 3 to 11, a sum of 2 different numbers from 1 to 6; found 12",)),
    (LINEAR, "given: {dim: 64, sparsity: 5, norm: 2, smallest_singular_value: 0.1}",
     "matrix: {file: A.mtx}", (":3: model.matrix.file: A.mtx: no such file",)),
    (LINEAR, "given: {dim: 64, sparsity: 5, norm: 2, smallest_singular_value: 0.1}",
     "matrix: {file: A.csv}", ("file: expected a file name ending in .mtx or .npz or .npy",)),
    (LINEAR, "given: {dim: 64, sparsity: 5, norm: 2, smallest_singular_value: 0.1}",
     "network:", (":2: model: expected exactly one of", "found none")),
    (COUNTS, "toffoli: 1e25", "toffoli: 0.5", ("given.toffoli: expected a whole number",)),
    (COUNTS, "toffoli", "tofoli", ("given.tofoli: unknown key; did you mean 'toffoli'",)),
    (COUNTS, "name: counts", "name: counts, solver: shortcut", (
        "algorithm.solver: belongs to carleman-gd, linear-system and newton, not counts",)),
    (COUNTS, "{logical_qubits: 100, toffoli: 1e25}", "none.json", ("none.json: no such file",)),
    (COUNTS, "algorithm: {name: counts}", "algorithm: counts", ("algorithm: expected a mapping",)),
    (COUNTS, "algorithm: {name: counts}", "", ("algorithm: missing; expected a mapping",)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("base", "old", "new", "fragments"),
    CASES,
    ids=[f"{new or old}"[:40] for _, old, new, _ in CASES],
)
def test_one_line_says_what_is_wrong(
    tmp_path: Path, base: str, old: str, new: str, fragments: tuple[str, ...]
) -> None:
    assert old in base
    file = tmp_path / "model.yaml"
    file.write_text(base.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        load_scenario(file)
    message = str(caught.value)
    assert message.startswith(f"{file}:")
    assert "\n" not in message
    for fragment in fragments:
        assert fragment in message


@pytest.mark.parametrize("base", [NETWORK, GIVEN, LINEAR, COUNTS])
def test_the_bases_of_the_cases_are_right(tmp_path: Path, base: str) -> None:
    file = tmp_path / "model.yaml"
    file.write_text(base)
    load_scenario(file)
