"""The commented `model.yaml` that `qres init` writes."""

from __future__ import annotations

STARTER = """\
# A question to qres. Run it with: qres estimate {file}
# Every key that is left out has a default, which the report lists (--show defaults).
# The JSON Schema of this file: qres schema
schema: qres-model/1
name: my-network

model:                            # exactly one of: network, matrix, given, measurement
  network:
    architecture: {kind: mlp, hidden: [32, 32], activation: tanh}    # mlp | logistic | python
    # architecture: {kind: resnet, depth: 32, width: 4}  # resnet-32-4; basic or bottleneck blocks
    # architecture: {kind: gpt, layers: 2, heads: 2, width: 64, context: 64, tied: true}
                                  # activation: tanh | sigmoid | softplus | gelu | silu
                                  #             | relu (kinked; usual in a resnet)
    dataset: {kind: digits}       # digits (resize: 32 for a resnet) | breast-cancer
    # dataset: {kind: cifar10, path: cifar-10-python.tar.gz}    # or cifar100; or binary, or a folder
    # dataset: {kind: csv, path: table.csv, target: column}     # text (path), for gpt
    # dataset: {kind: random, shape: [3, 32, 32]}               # python (build: "package.module:f")
    train: {epochs: 20, learning_rate: 0.1, batch_size: 128, seed: 0}    # precision: float32
    prune: {fraction: 0.9}        # global magnitude pruning, the mask frozen; retrain_epochs: 5
                                  # rounds: 3 (in equal parts), retrain_learning_rate: 0.01
  # matrix: {file: A.mtx, rhs: b.npy}       # for algorithm linear-system; .mtx, .npz or .npy
  # given:                                  # typed numbers, or {value, low, high, source, kind}
  #   n_params: 1e8
  #   sparsity: {value: 100, kind: assumed}
  # measurement: my-network.json            # from: qres measure {file} -o my-network.json

# measure: {at_steps: [0, 100, 500]}        # after so many updates of the training too: curves

algorithm:
  name: carleman-gd               # carleman-gd | linear-system | newton | counts
  n_steps: 50                     # training steps of the run
  learning_rate: 0.01
  optimizer: {kind: gd, momentum: 0.0, weight_decay: 0.0}
  # optimizer: {schedule: {kind: step, at: [25, 40], factor: 0.1}}     # or {kind: cosine, final: 0}
  # optimizer: {momentum: 0.9, momentum_restart: true}   # velocity 0 at the start of each segment
  # optimizer: {kind: sgd, n_batches: 4}                 # in a fixed order; each at any degree
  degree: auto                    # of the polynomial gradient: auto | 1 | 2 | 3
  segment_steps: auto             # steps until the weights are read out and uploaded again
  truncation_order: auto          # of the lift, above degree 1: auto | 1 to 6
  map: auto                       # auto | exact | first-order | order 2 .. order 6
  rescaling: auto                 # of the lifted variables: auto | a number
  padding: auto                   # idle rows: auto | none | sqrt | full | a whole number
  encoding: auto                  # auto | sparse | dense | frobenius | gram; computed for matrices
  data_access: qroam              # qrom | qroam | qram (charged) | qram-free (assumed)
  solver: shortcut                # see: qres list solvers; all compares them and takes the best
  readout: {kind: tomography, norm: l2, access: coherent}   # norm: linf; access: sampling
  # readout: {kind: observable, of: loss}   # or linear (weight_norm), quadratic (operator_alpha,
                                            # operator_toffoli); or {kind: state}

error: {total: 0.1, fail_prob: 0.05}        # relative error of the weights, chance to miss it;
                                            # total left out: the measured read-out tolerance
                                            # target: loss makes it the error of the loss
hardware: [superconducting-1e-3, superconducting-1e-4]      # see: qres list hardware
# limits: {max_qubits: 1e6, max_runtime: 30 days}           # of each machine; any may be left out
                                            # machines: 8 share the shots of a read-out by sampling
classical: {device: h200}                   # see: qres list devices
objective: runtime                          # runtime | qubits | volume
"""


def starter_text(file: str = "model.yaml") -> str:
    """Return the text; `file` is the name that its comments mention."""
    return STARTER.replace("{file}", file)
