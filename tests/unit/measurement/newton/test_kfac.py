"""K-FAC solves with the Kronecker product of factors that loops over samples and places find."""

import copy
import math

import numpy as np
import pytest
import torch

import qres
from qres.config.record import Damping
from qres.measurement.measure import measure_scenario
from qres.measurement.newton.cautions import find_plain_part
from qres.measurement.newton.kfac import (
    _find_factors,
    count_factors,
    list_preconditioned,
    precondition,
)
from qres.measurement.newton.setup import Trainee
from qres.measurement.store import Store

ABSOLUTE = Damping(kind="absolute", value=0.25, decay=0.5)
RELATIVE = Damping(kind="relative", value=0.1, decay=1.0)


def draw(*shape, seed=0):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def fill(module, seed=1):
    """Return the module in double precision, its weights drawn."""
    module = module.double()
    with torch.no_grad():
        for number, parameter in enumerate(module.parameters()):
            parameter.copy_(draw(*parameter.shape, seed=seed + number))
    return module


def halve_squares(output, target):
    """Return a mean over samples; the gradient of a sample's part is output - target."""
    return (output - target).square().sum() / 2 / len(target)


def cross_entropy(output, target):
    """Return the mean over all labels; the classes come last."""
    return torch.nn.functional.cross_entropy(output.flatten(0, -2), target.flatten())


def find_gradient(module, loss, batch):
    value = loss(module(batch[0]), batch[1])
    trained = [item for item in module.parameters() if item.requires_grad]
    return torch.autograd.grad(value, trained)


def solve_kronecker(omega, gamma, slope, damping):
    """Return the damped solution by the dense Kronecker product, rows of the weights one by one."""
    root, (after, before) = math.sqrt(damping), slope.shape
    ratio = math.sqrt((np.trace(omega) / before) / (np.trace(gamma) / after))
    whole = np.kron(gamma + root / ratio * np.eye(after), omega + ratio * root * np.eye(before))
    return np.linalg.solve(whole, slope.ravel()).reshape(slope.shape)


def test_linear_layers_solve_with_the_kronecker_product(trainee):
    module, batch = trainee.module, (trainee.inputs, trainee.targets)
    steps = precondition(module, trainee.loss, batch, ABSOLUTE, 1)
    last = module[2]
    inputs = torch.tanh(module[0](batch[0])).detach().numpy()
    inputs = np.concatenate([inputs, np.ones((24, 1))], axis=1)
    slopes = torch.softmax(module(batch[0]), dim=1).detach().numpy()
    slopes -= np.eye(3)[batch[1].numpy()]
    factors = inputs.T @ inputs / 24, slopes.T @ slopes / 24
    wanted = solve_kronecker(*factors, slopes.T @ inputs / 24, 0.25 * 0.5)
    np.testing.assert_allclose(steps[last.weight].numpy(), wanted[:, :3], rtol=1e-10)
    np.testing.assert_allclose(steps[last.bias].numpy(), wanted[:, 3], rtol=1e-10)


@pytest.mark.parametrize("damping", [ABSOLUTE, RELATIVE], ids=["absolute", "relative"])
def test_a_convolution_of_single_pixels_is_a_linear_layer(damping):
    layer = fill(torch.nn.Conv2d(3, 5, 1))
    flat = torch.nn.Linear(3, 5).double()
    with torch.no_grad():
        flat.weight.copy_(layer.weight.flatten(1))
        flat.bias.copy_(layer.bias)
    inputs, targets = draw(7, 3), draw(7, 5, seed=9)
    batch = inputs[:, :, None, None], targets[:, :, None, None]
    found = precondition(layer, halve_squares, batch, damping, 0)
    wanted = precondition(flat, halve_squares, (inputs, targets), damping, 0)
    torch.testing.assert_close(
        found[layer.weight].flatten(1), wanted[flat.weight], rtol=1e-12, atol=1e-14
    )
    torch.testing.assert_close(found[layer.bias], wanted[flat.bias], rtol=1e-12, atol=1e-14)


def list_patches(image, kernel, stride, padding, dilation):
    """Return the patch of each place, channel by channel and row by row, and a 1."""
    channels, height, width = image.shape
    reach = [step * (size - 1) for size, step in zip(kernel, dilation, strict=True)]
    found = []
    for top in range(-padding[0], height + padding[0] - reach[0], stride[0]):
        for left in range(-padding[1], width + padding[1] - reach[1], stride[1]):
            patch = []
            for channel in range(channels):
                for i in range(kernel[0]):
                    for j in range(kernel[1]):
                        y, x = top + i * dilation[0], left + j * dilation[1]
                        is_inside = 0 <= y < height and 0 <= x < width
                        patch.append(image[channel, y, x] if is_inside else 0.0)
            found.append(np.array([*patch, 1.0]))
    return found


ONE_PLACE = {"kernel": (3, 2), "stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)}
"""On images of 3 x 2."""

MANY_PLACES = {"kernel": (2, 3), "stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)}
"""On images of 4 x 3: 3 rows of 3 places."""


@pytest.mark.parametrize(
    ("shape", "form", "places"),
    [((3, 2), ONE_PLACE, (1, 1)), ((4, 3), MANY_PLACES, (3, 3))],
    ids=["one place", "nine places"],
)
def test_a_convolution_has_the_factors_of_a_loop_over_patches(shape, form, places):
    layer = fill(
        torch.nn.Conv2d(2, 4, **{"kernel_size" if k == "kernel" else k: v for k, v in form.items()})
    )
    images, targets = draw(6, 2, *shape), draw(6, 4, *places, seed=9)
    matrix = np.concatenate(
        [layer.weight.detach().numpy().reshape(4, -1), layer.bias.detach().numpy()[:, None]], axis=1
    )
    width = matrix.shape[1]
    omega, gamma, slope = np.zeros((width, width)), np.zeros((4, 4)), np.zeros((4, width))
    count = places[0] * places[1]
    for image, target in zip(images.numpy(), targets.numpy(), strict=True):
        patches = list_patches(image, **form)
        assert len(patches) == count
        for place, patch in enumerate(patches):
            error = matrix @ patch - target.reshape(4, -1)[:, place]
            omega += np.outer(patch, patch) / 6
            gamma += np.outer(error, error) / (6 * count)
            slope += np.outer(error, patch) / 6
    _, ((_, factors),) = _find_factors(layer, halve_squares, (images, targets))
    np.testing.assert_allclose(factors.omega.numpy(), omega, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(factors.gamma.numpy(), gamma, rtol=1e-12, atol=1e-13)
    steps = precondition(layer, halve_squares, (images, targets), ABSOLUTE, 0)
    wanted = solve_kronecker(omega, gamma, slope, 0.25)
    np.testing.assert_allclose(steps[layer.weight].flatten(1).numpy(), wanted[:, :-1], rtol=1e-9)
    np.testing.assert_allclose(steps[layer.bias].numpy(), wanted[:, -1], rtol=1e-9)


def test_a_sequence_with_a_label_has_the_factors_of_a_loop_over_its_places():
    """The mean over 4 places is scored: a place of sample b has a quarter of its gradient."""
    layer = fill(torch.nn.Linear(3, 5))
    inputs, targets = draw(6, 4, 3), draw(6, 5, seed=9)
    matrix, shift = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    omega, gamma = np.zeros((4, 4)), np.zeros((5, 5))
    for sample, target in zip(inputs.numpy(), targets.numpy(), strict=True):
        error = np.mean([matrix @ place + shift for place in sample], axis=0) - target
        for place in sample:
            row = np.append(place, 1.0)
            omega += np.outer(row, row) / 6
            gamma += np.outer(error / 4, error / 4) / (6 * 4)

    def loss(output, target):
        return halve_squares(output.mean(dim=1), target)

    _, ((_, factors),) = _find_factors(layer, loss, (inputs, targets))
    np.testing.assert_allclose(factors.omega.numpy(), omega, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(factors.gamma.numpy(), gamma, rtol=1e-12, atol=1e-13)


def test_the_product_of_the_factors_is_the_fisher_matrix_where_places_are_independent():
    """The gradient of a place is its target, drawn apart from the inputs; 40,000 samples of 4 places."""
    layer = fill(torch.nn.Linear(2, 2))
    inputs, targets = draw(40_000, 4, 2) + 0.5, draw(40_000, 4, 2, seed=9)

    def loss(output, target):
        return (output * target).sum() / len(target)

    _, ((_, factors),) = _find_factors(layer, loss, (inputs, targets))
    rows = np.concatenate([inputs.numpy(), np.ones((40_000, 4, 1))], axis=2)
    slopes = np.einsum("bto,bti->boi", targets.numpy(), rows).reshape(40_000, 6)
    fisher = slopes.T @ slopes / 40_000
    found = np.kron(factors.gamma.numpy(), factors.omega.numpy())
    assert np.linalg.norm(found - fisher) < 0.05 * np.linalg.norm(fisher)


@pytest.mark.parametrize("damping", [ABSOLUTE, RELATIVE], ids=["absolute", "relative"])
def test_a_sequence_with_a_label_at_every_place_is_as_many_samples(damping):
    layer = fill(torch.nn.Linear(3, 5))
    inputs = draw(3, 4, 3)
    labels = torch.randint(5, (3, 4), generator=torch.Generator().manual_seed(2))
    spread = precondition(layer, cross_entropy, (inputs, labels), damping, 0)
    batch = inputs.reshape(12, 3), labels.reshape(12)
    flat = precondition(layer, cross_entropy, batch, damping, 0)
    for item in (layer.weight, layer.bias):
        torch.testing.assert_close(spread[item], flat[item], rtol=1e-12, atol=0)


class Twice(torch.nn.Module):
    """Calls its layer at the first and at the second place."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, inputs):
        return torch.stack([self.layer(inputs[:, 0]), self.layer(inputs[:, 1])], dim=1)


def test_two_calls_of_a_layer_are_two_places():
    layer = fill(torch.nn.Linear(3, 5))
    batch = draw(6, 2, 3), draw(6, 2, 5, seed=9)
    found = precondition(Twice(layer), halve_squares, batch, ABSOLUTE, 0)
    wanted = precondition(layer, halve_squares, batch, ABSOLUTE, 0)
    for item in (layer.weight, layer.bias):
        torch.testing.assert_close(found[item], wanted[item], rtol=1e-12, atol=0)


def test_an_activation_that_overwrites_its_input_changes_nothing():
    module = fill(
        torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2))
    )
    other = copy.deepcopy(module)
    other[1].inplace = True
    batch = draw(6, 3), draw(6, 2, seed=9)
    wanted = precondition(module, halve_squares, batch, ABSOLUTE, 0)
    found = precondition(other, halve_squares, batch, ABSOLUTE, 0)
    for one, two in zip(wanted.values(), found.values(), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-12, atol=0)


def test_a_frozen_bias_is_none():
    layer, bare = (fill(torch.nn.Linear(3, 5, bias=has)) for has in (True, False))
    layer.bias.requires_grad_(False).zero_()
    batch = draw(6, 3), draw(6, 5, seed=9)
    found = precondition(layer, halve_squares, batch, ABSOLUTE, 0)
    wanted = precondition(bare, halve_squares, batch, ABSOLUTE, 0)
    assert list(found) == [layer.weight]
    torch.testing.assert_close(found[layer.weight], wanted[bare.weight], rtol=1e-12, atol=0)


def tie():
    """Return two layers with one weight."""
    module = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Tanh(), torch.nn.Linear(3, 3))
    module[2].weight = module[0].weight
    return module


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (torch.nn.LayerNorm(4), (6, 4)),
        (torch.nn.Conv2d(4, 2, 2, groups=2), (6, 4, 3, 3)),
        (torch.nn.Conv2d(4, 2, 3, padding=1, padding_mode="reflect"), (6, 4, 3, 3)),
        (torch.nn.Conv2d(4, 2, 3, padding="same"), (6, 4, 3, 3)),
        (torch.nn.Conv1d(4, 2, 2), (6, 4, 3)),
        (tie(), (6, 3)),
    ],
    ids=["norm", "groups", "reflected", "named padding", "one dimension", "tied"],
)
def test_what_is_not_preconditioned_takes_the_plain_gradient(module, shape):
    fill(module)
    inputs = draw(*shape)
    batch = inputs, torch.zeros_like(module(inputs)).detach()
    steps = precondition(module, halve_squares, batch, ABSOLUTE, 0)
    for step, slope in zip(
        steps.values(), find_gradient(module, halve_squares, batch), strict=True
    ):
        torch.testing.assert_close(step, slope, rtol=1e-12, atol=1e-14)
    assert list_preconditioned(module, inputs) == []
    assert count_factors(module, inputs) == 0


def test_operations_of_two_linear_layers(trainee):
    # layers (4 + 1) x 3 and (3 + 1) x 3: factors, Cholesky, solves
    by_hand = 2 * 24 * (25 + 9) + (125 + 27) / 3 + 2 * 15 * 8
    by_hand += 2 * 24 * (16 + 9) + (64 + 27) / 3 + 2 * 12 * 7
    assert count_factors(trainee.module, trainee.inputs) == pytest.approx(by_hand)


def test_operations_of_a_convolution():
    """3 x 3 patches of 2 channels and the bias are 19 numbers; 5 images have 16 places each, 80 rows.

    Factors 2 * 80 * (19^2 + 3^2) = 59,200; Cholesky (6,859 + 27) / 3; solves 2 * 19 * 3 * 22 = 2,508.
    """
    layer = torch.nn.Conv2d(2, 3, 3, padding=1).double()
    found = count_factors(layer, draw(5, 2, 4, 4))
    assert found == pytest.approx(59_200 + 6_886 / 3 + 2_508)


def test_operations_of_a_layer_on_sequences_count_its_places():
    """64 x 64 and a bias on 8 sequences of 128 places, 1,024 rows.

    Factors 2 * 1,024 * (65^2 + 64^2) = 17,041,408; Cholesky (274,625 + 262,144) / 3 = 178,923;
    solves 2 * 65 * 64 * 129 = 1,073,280.
    """
    layer = torch.nn.Linear(64, 64).double()
    found = count_factors(layer, torch.zeros(8, 128, 64, dtype=torch.float64))
    assert found == pytest.approx(17_041_408 + 178_923 + 1_073_280)


def test_a_part_that_takes_the_plain_gradient_is_said():
    """Of 2 * 3 * 4 + 3 weights of the convolution 5 are pruned, the norm has 6: 22 of 28."""
    module = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 2), torch.nn.GroupNorm(1, 3)).double()
    keep = torch.ones(3, 2, 2, 2, dtype=torch.bool)
    keep[0, 0], keep[1, 0, 0, 0] = False, False
    batch = draw(6, 2, 3, 3), draw(6, 3, 2, 2, seed=9)
    trainee = Trainee(module, halve_squares, [batch], {"0.weight": keep})
    ((code, text),) = find_plain_part(trainee, batch[0])
    assert code == "W-KFAC"
    assert text.startswith("k-fac preconditions 22 of 28 parameters")


def test_nothing_is_said_where_all_is_preconditioned(trainee):
    assert find_plain_part(trainee, trainee.inputs) == ()


def test_a_layer_that_does_not_run_is_said_to_take_the_plain_gradient(trainee):
    trainee.module.register_module("unused", torch.nn.Linear(2, 2).double())
    trainee.module.forward = lambda inputs: trainee.module[2](
        trainee.module[1](trainee.module[0](inputs))
    )
    ((_, text),) = find_plain_part(trainee, trainee.inputs)
    assert text.startswith("k-fac preconditions 27 of 33 parameters")
    steps = precondition(
        trainee.module, trainee.loss, (trainee.inputs, trainee.targets), ABSOLUTE, 0
    )
    assert not steps[trainee.module.unused.weight].any()


def test_a_layer_whose_gradient_vanishes_does_not_move():
    """The weights behind it are zero, and so is the factor of its slopes."""
    module = fill(torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)))
    with torch.no_grad():
        module[1].weight.zero_()
    batch = draw(6, 3), draw(6, 2, seed=9)
    steps = precondition(module, halve_squares, batch, RELATIVE, 0)
    assert not steps[module[0].weight].any()
    assert steps[module[1].weight].all()


@pytest.mark.slow
def test_slopes_whose_squares_vanish_give_a_step_that_is_no_number():
    """GELU of about -30 has a slope of some 1e-197: it is not zero, its square is."""
    module = fill(
        torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.GELU(), torch.nn.Linear(4, 2))
    )
    with torch.no_grad():
        module[0].bias.fill_(-30.0)
    batch = draw(8, 3).clamp(-1, 1), torch.arange(8) % 2
    damping = Damping(kind="absolute", value=1e-2, decay=1.0)
    steps = precondition(module, cross_entropy, batch, damping, 0)
    assert any(bool(step.isnan().any()) for step in steps.values())


def test_a_layer_that_is_called_by_keyword_is_seen():
    class Named(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(3, 2, dtype=torch.float64)

        def forward(self, inputs):
            return self.layer(input=inputs)

    module = fill(Named())
    plain = torch.nn.Sequential(copy.deepcopy(module.layer))
    batch = draw(8, 3), torch.arange(8) % 2
    damping = Damping(kind="absolute", value=0.1, decay=1.0)
    for one, other in zip(
        precondition(module, cross_entropy, batch, damping, 0).values(),
        precondition(plain, cross_entropy, batch, damping, 0).values(),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_a_recorded_run_warns_of_the_plain_part(tmp_path):
    """12 characters, context 4, width 4, one tied block.

    Linear layers of the block: 12 * 4^2 weights and 9 * 4 biases, 228; embeddings (12 + 4) * 4 = 64; norms
    3 * 2 * 4 = 24.
    """
    (tmp_path / "t.txt").write_text("the lazy dog. " * 4)
    shape = {"kind": "gpt", "layers": 1, "heads": 2, "width": 4, "context": 4, "tied": True}
    network = {
        "architecture": shape | {"activation": "gelu"},
        "dataset": {"kind": "text", "path": str(tmp_path / "t.txt")},
        "train": {"epochs": 1, "batch_size": 4, "learning_rate": 0.1},
    }
    algorithm = {"name": "newton", "n_steps": 1, "blocks": "layer", "damping": {"value": 0.1}}
    scenario = qres.load(
        {"model": {"network": network}, "measure": {"lanczos_steps": 4}, "algorithm": algorithm}
    )
    found = measure_scenario(scenario, store=Store(tmp_path / "store"))
    (text,) = (text for code, text in found.warnings if code == "W-KFAC")
    assert text.startswith("k-fac preconditions 228 of 316 parameters")
