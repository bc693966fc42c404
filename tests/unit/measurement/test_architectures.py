"""Residual networks and transformers: counted by hand, differentiable, and sample by sample."""

import math

import numpy as np
import pytest
import torch

from qres.config.load import load_scenario
from qres.config.record import Architecture, DataSource, Gpt, ResNet
from qres.errors import InputError
from qres.measurement.build import build_module
from qres.measurement.curvature import Curvature
from qres.measurement.data import load_dataset
from qres.measurement.networks import (
    ACTIVATIONS,
    count_correct,
    find_loss,
)
from qres.measurement.norms import fix_statistics, has_batch_norms
from qres.measurement.resnets import ResidualNetwork
from qres.measurement.transformers import Transformer

SMALL = Gpt(layers=2, heads=2, width=16, context=6, activation="gelu", tied=True)


def _count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def _residual(depth, width, block="basic"):
    shape = ResNet(depth=depth, width=width, block=block, activation="relu")
    return ResidualNetwork(shape, torch.nn.ReLU, channels=3, n_outputs=100, device="meta")


def _transformer(shape, n_classes):
    return Transformer(shape, torch.nn.GELU, n_classes=n_classes, device="meta")


def test_resnet_32_4_by_hand():
    """Depth 32 = 6 x 5 + 2, channels 64, 128, 256; every convolution has a norm (2 per channel).

    stem            3*64*9 + 128                                              =     1,856
    stage 1         5 blocks of 2 (64*64*9 + 128)                             =   369,920
    stage 2, first  64*128*9 + 256 + 128*128*9 + 256 + shortcut 64*128 + 256  =   230,144
            others  4 blocks of 2 (128*128*9 + 256)                           = 1,181,696
    stage 3, first  128*256*9 + 512 + 256*256*9 + 512 + shortcut 128*256 + 512
                                                                              =   919,040
            others  4 blocks of 2 (256*256*9 + 512)                           = 4,722,688
    output          256*100 + 100                                             =    25,700
    """
    parts = (1_856, 369_920, 230_144, 1_181_696, 919_040, 4_722_688, 25_700)
    assert _count(_residual(32, 4)) == sum(parts) == 7_451_044


def test_resnet_56_11_by_hand():
    """Depth 56: 9 bottlenecks a stage, inner channels 176, 352, 704, four times as many outside.

    A bottleneck from a to 4c channels has a c + 9 c^2 + 4 c^2 weights and 2c + 2c + 8c of norms.
    stem                3*176*9 + 352                                          =      5,104
    first of stage 1    176, 176: 433,664 + 2,112; shortcut 176*704 + 1,408    =    561,088
    first of stage 2    704, 352: 1,858,560 + 4,224; shortcut 704*1408 + 2,816 =  2,856,832
    first of stage 3    1408, 704: 7,434,240 + 8,448; shortcut 1408*2816 + 5,632
                                                                               = 11,413,248
    others, 8 each      17 c^2 + 12 c: 528,704; 2,110,592; 8,433,920           = 88,585,728
    output              2816*100 + 100                                         =    281,700
    """
    parts = (5_104, 561_088, 2_856_832, 11_413_248, 88_585_728, 281_700)
    assert _count(_residual(56, 11, "bottleneck")) == sum(parts) == 103_703_700


def test_the_file_takes_bottlenecks_where_the_published_class_does():
    for depth, block in ((50, "basic"), (56, "bottleneck")):
        network = {
            "architecture": {"kind": "resnet", "depth": depth, "width": 11},
            "dataset": {"kind": "digits", "resize": 32},
        }
        steps = {"name": "carleman-gd", "n_steps": 1, "learning_rate": 0.1}
        model = load_scenario({"model": {"network": network}, "algorithm": steps}).model
        assert model.architecture.block == block
        assert str(model.architecture) == f"resnet-{depth}-11"


def test_gpt_by_hand():
    """V = 5, C = 6, d = 16, L = 2: 11*16 + 2 (12*256 + 13*16) + 32 = 6,768; untied 5*16 more."""
    assert _count(_transformer(SMALL, 5)) == 176 + 2 * 3_280 + 32 == 6_768
    untied = Gpt(layers=2, heads=2, width=16, context=6, activation="gelu", tied=False)
    assert _count(_transformer(untied, 5)) == 6_768 + 80


def test_gpt_2_small_has_its_published_size():
    shape = Gpt(layers=12, heads=12, width=768, context=1024, activation="gelu", tied=True)
    assert _count(_transformer(shape, 50_257)) == 124_439_808


def _build(architecture, source, context=None, seed=0):
    data = load_dataset(source, context=context)
    module = build_module(architecture, data, torch.Generator().manual_seed(seed))
    return data, module


def _small_residual(activation="gelu", block="basic"):
    shape = ResNet(depth=8, width=1, block=block, activation=activation)
    source = DataSource(kind="random", shape=(3, 8, 8), n_classes=3, n_samples=10)
    return _build(shape, source)


def test_a_residual_network_halves_the_image_twice():
    for block, channels in (("basic", 64), ("bottleneck", 256)):
        data, module = _small_residual(block=block)
        seen = []
        module.output.register_forward_pre_hook(lambda _, inputs, seen=seen: seen.append(inputs[0]))
        module.blocks.register_forward_hook(lambda *found, seen=seen: seen.append(found[2]))
        assert tuple(module(data.inputs).shape) == (8, 3)
        assert tuple(seen[0].shape) == (8, channels, 2, 2)
        assert torch.equal(seen[1], seen[0].mean(dim=(2, 3)))


def test_a_character_sees_none_that_follows():
    source = DataSource(kind="random", n_classes=5, n_samples=10)
    data, module = _build(SMALL, source, context=6)
    first = module(data.inputs)
    assert tuple(first.shape) == (8, 5, 6)
    changed = data.inputs.clone()
    changed[:, 4] = (changed[:, 4] + 1) % 5
    second = module(changed)
    assert torch.equal(first[:, :, :4], second[:, :, :4])
    assert bool((first[:, :, 4:] != second[:, :, 4:]).any(dim=1).all())
    assert float(find_loss(5, 5)(first, data.targets).detach()) == pytest.approx(
        math.log(5), rel=0.05
    )
    assert 0 <= count_correct(first, data.targets) <= 48


def test_attention_is_the_mean_of_the_past_where_all_scores_are_equal():
    """Queries of zero weigh all places alike: place k holds the mean of the values up to k."""
    source = DataSource(kind="random", n_classes=5, n_samples=10)
    _, module = _build(SMALL, source, context=6)
    attention, found = module.blocks[0].attention, torch.randn(2, 6, 16, dtype=torch.float64)
    with torch.no_grad():
        attention.look.weight[:32] = 0  # queries and keys
        values = found @ attention.look.weight[32:].T
        means = values.cumsum(dim=1) / torch.arange(1, 7, dtype=torch.float64)[:, None]
        expected = means @ attention.gather.weight.T
        assert torch.allclose(attention(found), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("make", ["resnet", "gpt"])
def test_higher_derivatives_are_those_of_finite_differences(make):
    """Third derivative along v: (H(theta + h v) - H(theta - h v)) v / 2h, from products alone."""
    if make == "resnet":
        data, module = _small_residual("silu")
        fix_statistics(module, [data.inputs])
        loss, kept = find_loss(3), "output.weight"
    else:
        source = DataSource(kind="random", n_classes=5, n_samples=10)
        data, module = _build(SMALL, source, context=6)
        loss, kept = find_loss(5, 5), "blocks.0.attention.look.weight"
    mask = {name: torch.full(p.shape, name == kept) for name, p in module.named_parameters()}
    if make == "resnet":
        mask["stem.0.weight"][:2] = True
    curvature = Curvature(module, loss=loss, batches=[(data.inputs, data.targets)], mask=mask)
    vector = np.random.default_rng(0).standard_normal(curvature.n_active)
    vector /= np.linalg.norm(vector)
    _, third = curvature.derive(vector, 2)
    step = 3e-4
    ends = [curvature.at(curvature.start + sign * step * vector) for sign in (1, -1)]
    slope = (ends[0].multiply(vector) - ends[1].multiply(vector)) / (2 * step)
    assert np.linalg.norm(third) > 1e-8
    assert np.linalg.norm(third - slope) < 1e-5 * np.linalg.norm(third)


def test_fixed_statistics_are_those_of_the_data_and_uncouple_the_samples():
    data, module = _small_residual()
    assert has_batch_norms(module)
    fix_statistics(module, [data.inputs])
    assert not module.training
    with torch.no_grad():
        maps = module.stem[0](data.inputs)
    norm = module.stem[1]
    assert torch.allclose(norm.running_mean, maps.mean(dim=(0, 2, 3)))
    assert torch.allclose(norm.running_var, maps.var(dim=(0, 2, 3)))
    with torch.no_grad():
        alone = torch.cat([module(image[None]) for image in data.inputs])
        assert torch.allclose(module(data.inputs), alone, rtol=1e-10, atol=1e-12)


def test_kinks_only_where_there_are_any():
    for name in ACTIVATIONS:
        data, module = _small_residual(name)
        loss = torch.nn.functional.cross_entropy
        curvature = Curvature(module, loss=loss, batches=[(data.inputs, data.targets)])
        assert curvature.is_kinked == (name == "relu")


def test_first_weights_come_from_the_generator_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    shape = ResNet(depth=8, width=1, block="basic", activation="gelu")
    source = DataSource(kind="random", shape=(3, 8, 8), n_classes=3, n_samples=10)
    one, same, other = (_build(shape, source, seed=seed)[1] for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(one.blocks[0].path[0][0].weight, same.blocks[0].path[0][0].weight)
    assert not torch.equal(one.output.weight, other.output.weight)


@pytest.mark.parametrize(
    ("architecture", "source", "context", "message"),
    [
        (
            ResNet(depth=8, width=1, block="basic", activation="relu"),
            DataSource(kind="digits"),
            None,
            "resnet takes images; give digits a size: dataset.resize",
        ),
        (SMALL, DataSource(kind="digits"), 6, "gpt takes text or random, found digits"),
        (
            ResNet(depth=56, width=20, block="bottleneck", activation="relu"),
            DataSource(kind="digits", resize=8),
            None,
            "parameters, at most 250,000,000 are trained here",
        ),
    ],
)
def test_networks_that_do_not_fit(architecture, source, context, message):
    with pytest.raises(InputError, match=message):
        _build(architecture, source, context)


def test_a_perceptron_takes_images_flattened():
    source = DataSource(kind="digits", resize=4)
    data, module = _build(Architecture(kind="mlp", hidden=(5,)), source)
    assert data.n_features == 48
    assert [name for name, _ in module.named_parameters()][:1] == ["hidden1.weight"]
    assert tuple(module(data.inputs[:2]).shape) == (2, 10)


def test_attention_and_norm_are_those_of_torch():
    """Its fused kernels and its layer norm have no right higher derivatives, but right values."""
    source = DataSource(kind="random", n_classes=5, n_samples=10)
    _, module = _build(SMALL, source, context=6)
    block, found = module.blocks[1], torch.randn(2, 6, 16, dtype=torch.float64)
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.normal_()
        parts = block.attention.look(found).view(2, 6, 3, 2, 8).permute(2, 0, 3, 1, 4)
        mixed = torch.nn.functional.scaled_dot_product_attention(*parts, is_causal=True)
        expected = block.attention.gather(mixed.transpose(1, 2).reshape(2, 6, 16))
        assert torch.allclose(block.attention(found), expected, rtol=1e-10, atol=1e-10)
        norm = block.first_norm
        expected = torch.nn.functional.layer_norm(found, (16,), norm.weight, norm.bias)
        assert torch.allclose(norm(found), expected, rtol=1e-10, atol=1e-12)


def test_a_block_is_its_path_and_its_shortcut():
    """With the last scale of the path at zero only the shortcut is left: the identity, or its norm."""
    data, module = _small_residual("relu")
    first, second = module.blocks[0], module.blocks[1]
    with torch.no_grad():
        found = module.stem_activation(module.stem(data.inputs))
        for block in (first, second):
            block.path[-1][1].weight.zero_()
        assert torch.equal(first(found), found)  # relu leaves what is positive
        short = torch.nn.functional.conv2d(found, second.shortcut[0].weight, stride=2)
        mean, spread = short.mean(dim=(0, 2, 3)), short.var(dim=(0, 2, 3), correction=0)
        normed = (short - mean[:, None, None]) / torch.sqrt(spread + 1e-5)[:, None, None]
        assert torch.allclose(second(found), normed.clamp(min=0), rtol=1e-9, atol=1e-9)
