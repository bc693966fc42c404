"""Whether a network or a loss is smooth is told by what runs, layer of torch or not."""

import pytest
import torch

from qres.measurement.curvature import Curvature


class Applied(torch.nn.Module):
    """An operation between two linear layers, with no layer of its own."""

    def __init__(self, operation):
        super().__init__()
        self.first, self.last = torch.nn.Linear(4, 4), torch.nn.Linear(4, 2)
        self.operation = operation

    def forward(self, x):
        return self.last(self.operation(self.first(x)))


def is_kinked(module):
    batch = (torch.ones(3, 4, dtype=torch.float64), torch.zeros(3, dtype=torch.long))
    loss = torch.nn.functional.cross_entropy
    return Curvature(module.double(), loss=loss, batches=[batch]).is_kinked


KINKED = [torch.relu, torch.nn.functional.leaky_relu, torch.abs, torch.nn.ReLU6(), torch.nn.PReLU()]
KINKED += [torch.nn.ELU(), torch.nn.SELU(), torch.nn.Hardswish(), torch.nn.Threshold(0.1, 0.0)]
KINKED += [
    torch.nn.RReLU().eval(),
    torch.nn.Hardtanh(),
    torch.nn.Softshrink(),
    lambda x: x.clamp(min=0),
]
KINKED += [lambda x: torch.maximum(x, -x), torch.nn.MaxPool1d(1), torch.nn.ReLU(inplace=True)]
# what the weights choose, by no operation that is known for its kinks
KINKED += [lambda x: torch.where(x > 0, x, 0.1 * x), lambda x: x * (x > 0)]
KINKED += [lambda x: x * (x > 0).double(), lambda x: x * ((x > 0) & (x < 1))]
KINKED += [lambda x: x.masked_fill(x < 0, 0.0), lambda x: (x * 1).mul_(x > 0)]
KINKED += [lambda x: x * torch.where(x > 0, 1.0, 0.1), lambda x: x[x.argmax(1) % 2]]
KINKED += [torch.round, torch.sign, torch.floor, torch.frac, lambda x: x * x.long()]

# chosen, cut off or folded by an operation that is smooth with other settings
PLACES = torch.tensor([[0, 0, 1, 1]] * 3)


def reduce_to(x, how):
    return x[:, :2].scatter_reduce(1, PLACES, x, how, include_self=False).repeat(1, 2)


def reduce_rows(x, how):
    return torch.ones_like(x).index_reduce(0, torch.tensor([0, 1, 1]), x, how)


def bag(x, mode):
    pairs = torch.tensor([[0, 1], [1, 2], [2, 0]])
    return torch.nn.functional.embedding_bag(pairs, x, mode=mode)


def sample(x, grid):
    image = x.expand(1, 2, 3, 4)
    return torch.nn.functional.grid_sample(image, grid, align_corners=True)[0, 0]


def scale(x, factor):
    return x * factor


def matrices(x):
    return x.reshape(3, 2, 2)


GRID = torch.linspace(-0.9, 0.9, 24, dtype=torch.float64).reshape(1, 3, 4, 2)
SEGMENTS = torch.tensor([1, 2])
KINKED += [lambda x: reduce_to(x, "amax"), lambda x: reduce_to(x, "amin")]
KINKED += [lambda x: reduce_rows(x, "amax"), lambda x: bag(x, "max")]
KINKED += [lambda x: scale(x, torch.segment_reduce(x, "max", lengths=SEGMENTS, axis=0).sum())]
KINKED += [lambda x: scale(x, x.nanmedian()), lambda x: scale(x, x.mode(1).values[:, None])]
KINKED += [lambda x: scale(x, torch.dist(x, torch.ones_like(x), 1))]
KINKED += [lambda x: scale(x, torch.nn.functional.pairwise_distance(x, 1 - x, p=1)[:, None])]
KINKED += [lambda x: scale(x, torch.linalg.matrix_norm(matrices(x), "nuc")[:, None])]
KINKED += [lambda x: torch.copysign(x, torch.ones_like(x)), lambda x: torch.logit(x, eps=0.1)]
KINKED += [lambda x: torch.renorm(x, 2, 0, 1.0), lambda x: sample(x, GRID * x.sum().sin())]
KINKED += [lambda x: scale(x, x.angle()), lambda x: torch.atan2(x, x - 1), torch.special.i0e]


@pytest.mark.parametrize("operation", KINKED)
def test_kinks_are_seen_in_layers_and_in_functions(operation):
    assert is_kinked(Applied(operation))


F = torch.nn.functional
NORM = torch.linalg.vector_norm
KINKED_LOSSES = [F.l1_loss, F.smooth_l1_loss, F.huber_loss, lambda o, y: NORM(o - y, 1)]
KINKED_LOSSES += [lambda o, y: NORM(o - y, float("inf")), lambda o, y: NORM(o - y, 3)]
KINKED_LOSSES += [
    lambda o, y: torch.cdist(o, y, p=1).mean(),
    lambda o, y: o.cummax(0).values.mean(),
]
SMOOTH_LOSSES = [F.mse_loss, F.binary_cross_entropy_with_logits, lambda o, y: NORM(o - y, 2)]
SMOOTH_LOSSES += [lambda o, y: NORM(o - y), lambda o, y: F.cross_entropy(o, y[:, 0].long())]
SMOOTH_LOSSES += [
    lambda o, y: (o * F.one_hot(y[:, 0].long(), 2)).mean()
]  # asks for the largest label


def is_loss_kinked(loss):
    batch = (torch.ones(3, 4, dtype=torch.float64), torch.zeros(3, 2, dtype=torch.float64))
    return Curvature(Applied(torch.tanh).double(), loss=loss, batches=[batch]).is_kinked


@pytest.mark.parametrize("loss", KINKED_LOSSES)
def test_kinks_of_the_loss_are_seen(loss):
    assert is_loss_kinked(loss)


@pytest.mark.parametrize("loss", SMOOTH_LOSSES)
def test_a_smooth_loss_has_no_kinks(loss):
    assert not is_loss_kinked(loss)


def test_a_loss_that_takes_whole_batches_only_is_looked_at_whole():
    weights = torch.tensor([0.5, 0.2, 0.3])
    assert not is_loss_kinked(lambda o, y: (weights * ((o - y) ** 2).sum(1)).mean())


class Rectified(torch.autograd.Function):
    """A rectifier with a derivative of its own; what runs inside has no gradient."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return (1.0 * x).clamp(min=0)

    @staticmethod
    def backward(context, slope):
        return slope * (context.saved_tensors[0] > 0)


def test_kinks_inside_a_function_of_the_users_are_seen():
    assert is_kinked(Applied(Rectified.apply))


def looked_at(x):
    """An assertion is no part of the function."""
    assert bool((x < 1e9).all())
    return torch.tanh(x)


SMOOTH = [torch.tanh, torch.nn.SiLU(), torch.nn.GELU(), torch.nn.GELU("tanh"), torch.nn.Mish()]
SMOOTH += [torch.nn.Softplus(), torch.nn.LogSigmoid(), torch.nn.Sigmoid(), torch.softmax, looked_at]
SMOOTH += [torch.nn.Dropout(0.0), lambda x: x / x.norm(), lambda x: x - x.logsumexp(1)[:, None]]
# chosen by shapes, by chance, or nowhere but on a null set
SMOOTH += [lambda x: x * (torch.arange(x.shape[1]) > 2), lambda x: x * (torch.rand_like(x) < 2)]
SMOOTH += [lambda x: x.masked_fill(torch.ones_like(x, dtype=torch.bool).tril(), 0.0)]
SMOOTH += [lambda x: torch.where(x == 0, torch.ones_like(x), torch.sin(x) / x)]
SMOOTH += [lambda x: torch.where(x.isnan(), torch.zeros_like(x), x)]
# what has kinks with other settings
SMOOTH += [
    lambda x: reduce_to(x, "mean"),
    lambda x: reduce_rows(x, "mean"),
    lambda x: bag(x, "sum"),
]
SMOOTH += [lambda x: scale(x, torch.segment_reduce(x, "mean", lengths=SEGMENTS, axis=0).sum())]
SMOOTH += [lambda x: scale(x, torch.dist(x, torch.ones_like(x)))]
SMOOTH += [lambda x: scale(x, torch.nn.functional.pairwise_distance(x, 1 - x)[:, None])]
SMOOTH += [lambda x: scale(x, torch.linalg.matrix_norm(x, "nuc"))]
SMOOTH += [lambda x: torch.logit(x.sigmoid()), lambda x: sample(x, GRID)]


@pytest.mark.parametrize("operation", SMOOTH)
def test_what_is_smooth_has_no_kinks(operation):
    smooth = (lambda x: torch.softmax(x, dim=-1)) if operation is torch.softmax else operation
    module = Applied(smooth)
    module.spare = torch.nn.ReLU()  # never runs
    assert not is_kinked(module)


@pytest.mark.parametrize("is_training", [True, False])
@pytest.mark.parametrize("layer", ["LayerNorm", "BatchNorm1d", "RMSNorm"])
def test_norms_are_smooth(layer, is_training):
    assert not is_kinked(Applied(getattr(torch.nn, layer)(4).train(is_training)))


class Attends(torch.nn.Module):
    """A layer of a transformer with a mask of padding that the data decide, and a causal one."""

    def __init__(self, activation):
        super().__init__()
        self.layer = torch.nn.TransformerEncoderLayer(
            2, 1, 4, dropout=0.0, batch_first=True, activation=activation
        )
        self.last = torch.nn.Linear(2, 2)

    def forward(self, x):
        padding = torch.stack([x < -10, x > 10], dim=2).any(dim=2)
        causal = torch.ones(4, 4, dtype=torch.bool).triu(1)
        pairs = torch.stack([x, x.cos()], dim=2)
        return self.last(self.layer(pairs, src_mask=causal, src_key_padding_mask=padding)[:, -1])


@pytest.mark.parametrize("is_training", [True, False])
def test_attention_is_as_smooth_as_its_activation(is_training):
    assert not is_kinked(Attends("gelu").train(is_training))
    assert is_kinked(Attends("relu").train(is_training))
