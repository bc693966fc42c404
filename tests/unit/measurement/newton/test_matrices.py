"""Blocks of the curvature against dense autograd, written out here a second way."""

import numpy as np
import pytest
import torch

from qres.errors import InputError
from qres.measurement.newton.blocks import list_blocks
from qres.measurement.newton.curvature import form_matrix
from qres.measurement.newton.setup import Trainee

KINDS = ("hessian", "gauss-newton", "fisher")
FORMS = {"dense": {}, "rows": {"dense_dim": 0}, "products": {"dense_dim": 0, "max_rows": 0}}


def twin(trainee, kind):
    """The whole matrix, 27 x 27, by torch.func on the flat vector of the weights."""
    names = [name for name, _ in trainee.module.named_parameters()]
    shapes = [item.shape for item in trainee.module.parameters()]
    flat = torch.cat([item.detach().flatten() for item in trainee.module.parameters()])

    def outputs(point):
        parts = point.split([shape.numel() for shape in shapes])
        tensors = {
            name: part.view(shape) for name, part, shape in zip(names, parts, shapes, strict=True)
        }
        return torch.func.functional_call(trainee.module, tensors, (trainee.inputs,))

    def loss(point):
        return trainee.loss(outputs(point), trainee.targets)

    if kind == "hessian":
        return torch.func.hessian(loss)(flat).numpy()
    jacobian = torch.func.jacrev(outputs)(flat)
    chances = torch.softmax(outputs(flat), dim=1)
    if kind == "fisher":
        slopes = chances - torch.nn.functional.one_hot(trainee.targets, 3)
        rows = torch.einsum("bc,bcr->br", slopes, jacobian)
        return (rows.T @ rows / len(rows)).numpy()
    middle = torch.diag_embed(chances) - chances[:, :, None] * chances[:, None, :]
    found = torch.einsum("bcr,bcd,bds->rs", jacobian, middle, jacobian)
    return (found / len(jacobian)).numpy()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", ["full", "layer"])
def test_a_block_is_that_part_of_the_whole(trainee, kind, form, cut):
    whole = twin(trainee, kind)
    blocks = list_blocks(trainee.module, None, cut)
    assert [block.name for block in blocks] == (["all"] if cut == "full" else ["0", "2"])
    for block in blocks:
        part = whole[np.ix_(block.positions, block.positions)]
        curvature = trainee.curvature((trainee.inputs, trainee.targets), block.mask)
        matrix = form_matrix(curvature, kind, **FORMS[form])
        is_square = kind != "hessian"
        assert matrix.form == ("products" if form == "rows" and not is_square else form)
        vector = np.random.default_rng(1).standard_normal(block.dim)
        np.testing.assert_allclose(matrix.multiply(vector), part @ vector, atol=1e-13)
        if form == "dense":
            np.testing.assert_allclose(matrix.dense, part, atol=1e-13)
        if matrix.rows is not None:
            np.testing.assert_allclose(matrix.rows.T @ matrix.rows, part, atol=1e-13)
        if is_square or form == "dense":
            assert matrix.largest_entry == pytest.approx(np.max(np.abs(part)))
            assert matrix.trace == pytest.approx(np.trace(part))
        assert matrix.factor_rows == {"hessian": 0, "gauss-newton": 72, "fisher": 24}[kind]


def test_a_mask_leaves_its_entries_only(trainee):
    keep = torch.zeros(3, 4, dtype=torch.bool)
    keep[1, 2] = keep[2, 0] = True
    (block, *_) = list_blocks(trainee.module, {"0.weight": keep}, "layer")
    whole = twin(trainee, "gauss-newton")
    at = [6, 8, 12, 13, 14]  # row by row: 4 + 2, 8 + 0; then the bias
    curvature = trainee.curvature((trainee.inputs, trainee.targets), block.mask)
    matrix = form_matrix(curvature, "gauss-newton")
    np.testing.assert_allclose(matrix.dense, whole[np.ix_(at, at)], atol=1e-13)
    assert block.positions.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("loss", "kind", "words"),
    [
        (lambda output, target: output.mean() ** 2, "gauss-newton", "couples samples"),
        (lambda output, target: -(output**2).sum(dim=1).mean(), "gauss-newton", "not convex"),
    ],
)
def test_what_is_no_square_is_refused(trainee, loss, kind, words):
    other = Trainee(trainee.module, loss, [(trainee.inputs, trainee.targets)])
    with pytest.raises(InputError, match=words):
        form_matrix(other.curvature((other.inputs, other.targets), None), kind)
