"""Measurements of the user's own code: they go on where they were, and never with other code."""

from dataclasses import replace

import pytest
import torch

from qres.config.record import Architecture, DataSource, Training
from qres.errors import InputError
from qres.measurement import journal_files
from qres.measurement.curvature import Curvature
from qres.measurement.fingerprint import identify_code
from qres.measurement.measure import measure_scenario

CODE = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = torch.nn.Linear(5, 3), torch.nn.Linear(3, 3)
    def forward(self, x):
        return self.last(torch.tanh(self.first(x)))

def build():
    return Net()

def samples():
    return torch.randn(12, 5), torch.arange(12) % 3
"""

RANDOM = DataSource(kind="random", shape=(5,), n_classes=3, n_samples=20, seed=0)
TRAIN = Training(epochs=1, learning_rate=0.1, batch_size=8, weight_decay=0.0, seed=0)


@pytest.fixture
def scenario(make, tmp_path):
    (tmp_path / "mine.py").write_text(CODE)
    model = make.network(
        architecture=Architecture(kind="python", build="mine:build"), dataset=RANDOM, train=TRAIN
    )
    found = make.scenario(model, make.algorithm(n_steps=1), folder=tmp_path)
    return replace(found, measure=replace(make.settings, lanczos_steps=4, probes=1, degree=2))


class _Products:
    """Counts the products with the Hessian that are really computed."""

    def __init__(self, monkeypatch):
        self.count, self._graph_of = 0, Curvature._graph_of
        monkeypatch.setattr(Curvature, "_graph_of", lambda *given: self._count(*given))

    def _count(self, *given):
        self.count += 1
        return self._graph_of(*given)


def _stop_at(wanted):
    def tell(task, *_):
        if task == wanted:
            raise KeyboardInterrupt

    return tell


def _measure(scenario, store, stop=None):
    tell = _stop_at(stop) if stop else None
    return measure_scenario(scenario, store=store, trust=True, progress=tell)


def test_it_goes_on_where_it_was_and_leaves_nothing(scenario, store, monkeypatch):
    monkeypatch.setattr(journal_files, "FLUSH_S", 0.0)
    products = _Products(monkeypatch)
    whole = _measure(scenario, store)
    all_products, products.count = products.count, 0
    with pytest.raises(KeyboardInterrupt, match=r"goes on from here; what was .*\.partial\.json"):
        _measure(scenario, store, stop="third derivative")
    done, products.count = products.count, 0
    assert _measure(scenario, store).to_dict() == whole.to_dict()
    assert done > 0.4 * all_products
    # the last round, and the checks that are never read back
    assert products.count < all_products - done + 0.1 * all_products
    assert not list(store.folder.iterdir())


def test_what_is_done_is_not_measured_again_for_what_is_not(scenario, store, monkeypatch):
    scenario = replace(scenario, defaults=(("error.total", 0.1),))
    products = _Products(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        _measure(scenario, store, stop="read-out tolerance")
    done, products.count = products.count, 0
    assert "readout_tolerance" in _measure(scenario, store).values
    assert products.count < 0.1 * done


def test_changed_code_never_goes_on_with_anothers_work(scenario, store, monkeypatch):
    """A comment more changes no number, so nothing but the text tells one from the other."""
    monkeypatch.setattr(journal_files, "FLUSH_S", 0.0)
    products, counts = _Products(monkeypatch), []
    for text in ("", "# changed"):
        (scenario.folder / "mine.py").write_text(CODE + text)
        with pytest.raises(KeyboardInterrupt):
            _measure(scenario, store, stop="third derivative")
        counts, products.count = [*counts, products.count], 0
    assert counts[0] == counts[1] > 0
    assert len(list(store.folder.glob("*.journal"))) == 2


def _identify(scenario, **changes):
    model = replace(scenario.model, **changes)
    return identify_code(model, folder=scenario.folder, trust=True)


def test_what_the_text_does_not_show_is_told_too(scenario, monkeypatch):
    """Behaviour of a module that lies elsewhere, and of data alone."""
    first = _identify(scenario)
    assert _identify(scenario) == first
    with monkeypatch.context() as patch:
        patch.setattr(torch, "tanh", torch.sin)
        assert _identify(scenario) != first
    tanh, few = torch.tanh, 10  # of 16 samples
    with monkeypatch.context() as patch:
        patch.setattr(torch, "tanh", lambda x: torch.cat([tanh(x[:few]), torch.sin(x[few:])]))
        assert _identify(scenario) != first
    with monkeypatch.context() as patch:  # the same numbers, another derivative
        patch.setattr(torch, "tanh", lambda x: torch.tanh_(x.detach() + 0.0) + 0 * x)
        assert _identify(scenario) != first
    assert _identify(scenario) == first
    mine = {
        "architecture": Architecture(kind="logistic"),
        "dataset": DataSource(kind="python", build="mine:samples"),
    }
    found = _identify(scenario, **mine)
    with monkeypatch.context() as patch:
        patch.setattr(torch, "randn", torch.rand)
        assert _identify(scenario, **mine) != found
    assert _identify(scenario, **mine) == found


def test_code_that_fails_on_all_samples_is_told_in_one_line(scenario):
    code = CODE.replace("return self.last(", "assert len(x) < 9, 'too many'; return self.last(")
    (scenario.folder / "mine.py").write_text(code)
    with pytest.raises(InputError, match=r"mine:build fails on its data: AssertionError: too many"):
        _identify(scenario)
