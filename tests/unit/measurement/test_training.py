"""Training, pruning, checkpoints: seeded, masked, and refused in one line when they go wrong."""

import pytest
import safetensors.torch
import torch

from qres.config.record import Architecture, DataSource
from qres.errors import InputError
from qres.measurement.checkpoints import (
    load_checkpoint,
    pack_weights,
    unpack_weights,
)
from qres.measurement.data import load_dataset
from qres.measurement.networks import (
    build_network,
    call_build,
    count_correct,
    count_outputs,
    find_loss,
)
from qres.measurement.training import (
    prune_network,
    shuffle_samples,
    train_network,
)


def _build(seed=0, hidden=(6,), **changes):
    architecture = Architecture(kind="mlp", hidden=hidden, **changes)
    generator = torch.Generator().manual_seed(seed)
    return build_network(architecture, n_features=30, n_classes=2, generator=generator)


def _train(module, seed=0, learning_rate=0.1, mask=None):
    data = load_dataset(DataSource(kind="breast-cancer"))
    train_network(
        module,
        shuffle_samples(data.inputs, data.targets, 64),
        find_loss(2),
        epochs=4,
        learning_rate=learning_rate,
        weight_decay=0.0,
        generator=torch.Generator().manual_seed(seed),
        mask=mask,
    )
    return data


def test_data_is_standardised_and_split():
    for name, shape, classes in (("digits", (1438, 64), 10), ("breast-cancer", (456, 30), 2)):
        data = load_dataset(DataSource(kind=name))
        assert tuple(data.inputs.shape) == shape
        assert data.n_classes == classes
        assert float(data.inputs.mean(dim=0).abs().max()) < 1e-12
        scale = data.inputs.var(dim=0, correction=0)
        assert bool(((scale - 1).abs() < 1e-9).logical_or(scale == 0).all())
    with pytest.raises(InputError, match="did you mean 'digits'"):
        load_dataset(DataSource(kind="digit"))


def test_training_learns_and_leaves_the_global_generator_alone():
    torch.manual_seed(7)
    before = torch.get_rng_state()
    module = _build()
    data = _train(module)
    assert torch.equal(before, torch.get_rng_state())
    accuracy = count_correct(module(data.held_out_inputs), data.held_out_targets)
    assert accuracy > 0.9 * len(data.held_out_targets)


def test_same_seed_same_bytes():
    packed = []
    for _ in range(2):
        module = _build()
        _train(module)
        packed.append(pack_weights(module, prune_network(module, 0.5)))
    assert packed[0] == packed[1]
    other = _build(seed=1)
    assert pack_weights(other, {}) != packed[0]


def test_tied_weights_are_packed_and_come_back_tied():
    first, second = (torch.nn.Linear(3, 3).double() for _ in range(2))
    second.weight = first.weight
    module = torch.nn.Sequential(first, second)
    row = torch.arange(3.0, dtype=torch.float64)
    first.register_buffer("row", row)
    second.register_buffer("part", row[1:])  # a part of the same memory
    mask = {"0.weight": torch.eye(3, dtype=torch.bool)}
    packed = pack_weights(module, mask)
    before = {name: item.clone() for name, item in module.state_dict().items()}
    with torch.no_grad():
        for item in module.parameters():
            item.zero_()
    found = unpack_weights(module, packed)
    assert found.keys() == mask.keys()
    assert torch.equal(found["0.weight"], mask["0.weight"])
    assert second.weight is first.weight
    after = module.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert bool(before["0.weight"].all())


def test_pruning_keeps_the_largest_of_all_parameters_together():
    module = _build()
    before = torch.cat([p.detach().flatten().clone() for p in module.parameters()])
    mask = prune_network(module, 0.9)
    after = torch.cat([p.detach().flatten() for p in module.parameters()])
    kept = torch.cat([keep.flatten() for keep in mask.values()])
    n_kept = len(before) - round(0.9 * len(before))
    assert int(kept.sum()) == n_kept
    assert torch.equal(after, before * kept)
    assert float(before[kept].abs().min()) >= float(before[~kept].abs().max())


def test_mask_stays_frozen_while_retraining():
    module = _build()
    mask = prune_network(module, 0.8)
    before = [p.detach().clone() for p in module.parameters()]
    _train(module, mask=mask)
    for name, parameter in module.named_parameters():
        assert not bool(parameter[~mask[name]].any())
    assert any(not torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))


def test_fully_pruned_and_diverging_are_refused():
    with pytest.raises(InputError, match="leaves none"):
        prune_network(_build(), 1.0)
    with pytest.raises(InputError, match="diverges"):
        _train(_build(activation="softplus"), learning_rate=1e200)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_first_weights_that_are_no_numbers_are_named(number):
    """No step size can mend them."""
    module = _build()
    name, weight = list(module.named_parameters())[2]
    weight.data.view(-1)[1] = number
    with pytest.raises(InputError, match=f"first weights are not finite .'{name}'.") as caught:
        _train(module)
    assert "diverges" not in str(caught.value)


@pytest.mark.parametrize(
    ("activation", "message"), [("hardtanh", "twice differentiable"), ("tahn", "'tanh'")]
)
def test_activations_that_do_not_serve(activation, message):
    with pytest.raises(InputError, match=message):
        _build(activation=activation)


def test_network_that_would_fill_the_memory():
    with pytest.raises(InputError, match="parameters, at most"):
        _build(hidden=(10**6, 10**6))


def test_loss_by_the_number_of_outputs():
    """Softmax of logits (0, z) is the logistic of z: both losses and their labels agree."""
    logit, target = torch.tensor([[0.3], [-1.2], [2.0]]), torch.tensor([1, 0, 0])
    pair = torch.cat([torch.zeros_like(logit), logit], dim=1)
    assert float(find_loss(2, 2)(pair, target)) == pytest.approx(
        float(find_loss(2, 1)(logit, target))
    )
    assert float(find_loss(2)(logit, target)) == float(find_loss(2, 1)(logit, target))
    assert count_correct(pair, target) == count_correct(logit, target) == 2


def test_outputs_are_counted_on_one_sample():
    sample = torch.ones(1, 30, dtype=torch.float64)
    normed = torch.nn.Sequential(torch.nn.BatchNorm1d(30), torch.nn.Linear(30, 2)).double()
    normed[1].eval()
    assert count_outputs(normed, sample, n_classes=2, place="net") == 2
    assert normed.training
    assert normed[0].training
    assert not normed[1].training
    assert not bool(normed.state_dict()["0.running_mean"].any())
    line = torch.nn.Linear(30, 10).double()
    assert count_outputs(line, sample, n_classes=10, place="net") == 10


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([(30, 3)], r"output of shape \(1, 1\) or \(1, 2\), found output of shape \(1, 3\)"),
        ([(64, 2)], r"RuntimeError: .*; expected input of shape \(1, 30\)"),
        ([(30, 1), "flat"], r"found output of shape \(1,\)"),
        ([(30, 1), "many"], "found output of type tuple"),
    ],
)
def test_outputs_that_no_loss_fits(layers, message):
    class Flat(torch.nn.Module):
        def forward(self, x):
            return x.squeeze(-1)

    class Many(torch.nn.Module):
        def forward(self, x):
            return x, x

    named = {"flat": Flat, "many": Many}
    made = [named[at]() if isinstance(at, str) else torch.nn.Linear(*at) for at in layers]
    sample = torch.ones(1, 30, dtype=torch.float64)
    with pytest.raises(InputError, match=message) as caught:
        count_outputs(
            torch.nn.Sequential(*made).double(),
            sample,
            n_classes=2,
            place="architecture.build: m:f",
        )
    assert str(caught.value).startswith("architecture.build: m:f")
    assert "\n" not in str(caught.value)


def test_packed_weights_come_back():
    module = _build()
    mask = prune_network(module, 0.5)
    other = _build(seed=3)
    found = unpack_weights(other, pack_weights(module, mask))
    assert all(torch.equal(found[name], mask[name]) for name in mask)
    for a, b in zip(module.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_checkpoint_round_trip(tmp_path, suffix):
    module, path = _build(), tmp_path / f"weights{suffix}"
    save = safetensors.torch.save_file if suffix == ".safetensors" else torch.save
    save(module.state_dict(), path)
    other = _build(seed=3)
    load_checkpoint(other, path)
    for a, b in zip(module.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def _spoil(kind, state):
    if kind == "shape":
        return state | {"output.weight": torch.zeros(3, 6)}
    if kind == "missing":
        return {name: item for name, item in state.items() if name != "output.bias"}
    if kind == "extra":
        return state | {"more": torch.zeros(1)}
    return state | {"output.bias": torch.full_like(state["output.bias"], float("nan"))}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("shape", r"'output.weight' has shape \(3, 6\), the network needs \(1, 6\)"),
        ("missing", "no tensor 'output.bias'"),
        ("extra", "'more' is no tensor"),
        ("nan", "NaN"),
    ],
)
def test_checkpoint_that_does_not_fit(tmp_path, kind, message):
    path = tmp_path / "weights.safetensors"
    safetensors.torch.save_file(_spoil(kind, dict(_build().state_dict())), path)
    with pytest.raises(InputError, match=message):
        load_checkpoint(_build(), path)


class _Evil:
    def __reduce__(self):
        return (print, ("executed",))


def test_checkpoint_executes_nothing(tmp_path, capsys):
    path = tmp_path / "weights.pt"
    torch.save({"hidden1.weight": _Evil()}, path)
    with pytest.raises(InputError, match="tensors only"):
        load_checkpoint(_build(), path)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["gone.pt", "weights.bin", "text.safetensors", "text.pt"])
def test_checkpoint_that_is_none(tmp_path, name):
    for file in ("weights.bin", "text.safetensors", "text.pt"):
        (tmp_path / file).write_text("no tensors")
    with pytest.raises(InputError) as caught:
        load_checkpoint(_build(), tmp_path / name)
    assert "\n" not in str(caught.value)


def test_build_of_the_users_own(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import torch\ndef net():\n    return torch.nn.Linear(2, 1)\ndef bad():\n    return 1 / 0\n"
    )
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first, second = (call_build("mine:net", folder=tmp_path, seed=5) for _ in range(2))
    assert torch.equal(first.weight, second.weight)
    assert torch.equal(before, torch.get_rng_state())
    for build, message in (
        ("mine", "package.module:function"),
        ("mine:gone", "no function 'gone'"),
        ("mine:bad", "ZeroDivisionError"),
        ("not_there_at_all:net", "cannot import"),
    ):
        with pytest.raises(InputError, match=message):
            call_build(build, folder=tmp_path, seed=5)
