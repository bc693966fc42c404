"""Statistics of batch norms: means over the batches, of the network that is measured."""

import torch

from qres.measurement.norms import fix_statistics

FIRST = torch.tensor([[1.0, 0.0], [3.0, 4.0]], dtype=torch.float64)
SECOND = torch.tensor([[5.0, 2.0], [5.0, 2.0], [8.0, 2.0]], dtype=torch.float64)


def test_statistics_are_means_over_the_batches_with_dropout_off():
    """Means (2, 2) and (6, 2); variances 2/1 and 16/2 = 8 of the first, 6/2 = 3 and 0 of the second."""
    layers = (torch.nn.Dropout(0.5), torch.nn.BatchNorm1d(2))
    module = torch.nn.Sequential(*layers).double()
    torch.manual_seed(0)
    before = torch.get_rng_state()
    fix_statistics(module, [FIRST, SECOND])
    found = module.state_dict()
    assert found["1.running_mean"].tolist() == [4.0, 2.0]
    assert found["1.running_var"].tolist() == [2.5, 4.0]
    assert torch.equal(torch.get_rng_state(), before)
    assert not any(layer.training for layer in module.modules())


def test_layers_without_statistics_are_only_put_into_eval_mode():
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout(0.5))
    fix_statistics(module, [FIRST])
    assert not any(layer.training for layer in module.modules())
