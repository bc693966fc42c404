"""RSA-2048 of Gidney 2025 from a `counts` model to its machine, idle qubits in cold storage."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

import qres
from qres.files import data_path
from qres.physical.estimate import estimate_machine

PUBLISHED = 897_864


@pytest.fixture(scope="module")
def rsa(tmp_path_factory):
    """1,409 logical qubits, 1,280 of them idle, 6.5e9 Toffoli, 1e-3, 1 us, 10 us of reaction."""
    text = (data_path("hardware") / "superconducting-1e-3-yoked.yaml").read_text()
    text = text.replace("value: [ccz2t]", "value: [eight-to-ccz]")
    path = tmp_path_factory.mktemp("rsa") / "mine.yaml"
    path.write_text(text.replace("name: superconducting-1e-3-yoked", "name: mine"))
    return qres.estimate(
        {
            "schema": "qres-model/1",
            "name": "rsa-2048",
            "model": {"given": {"logical_qubits": 1409, "toffoli": 6.5e9, "idle_qubits": 1280}},
            "algorithm": {"name": "counts"},
            "error": {"total": 0.1, "fail_prob": 0.3},
            "hardware": [str(path)],
        }
    )


@pytest.mark.slow
def test_the_data_block_by_hand(rsa):
    """Breaking it means: an idle qubit of a job no longer takes the 430 of its machine.

    Cold: 1,280 * 430 = 550,400, as published. Hot: 129 qubits on ceil(1.5 * 129) = 194 tiles. At
    0.1 * 0.1^14 = 1e-15 a cycle, 194 + 1,280 tiles for 6.5e10 cycles of reaction fail with 9.6 %, at
    distance 25 with 96 %: distance 27, 2 * 27^2 = 1,458 a tile.
    """
    (cost,) = rsa.priced.machines
    assert cost.n_cycles == 65_000_000_000
    assert (cost.distance, cost.cold_qubits) == (27, 1280)
    assert cost.fail_prob_data == pytest.approx((194 + 1280) * 6.5e10 * 1e-15, rel=1e-9)
    assert cost.data_qubits == 1280 * 430 + 194 * 1458 == 833_252
    assert "W-STORAGE" not in dict(rsa.warnings)
    assert cost.physical_qubits == cost.data_qubits + cost.factory_qubits


@pytest.mark.slow
def test_the_whole_machine(rsa):
    """Breaking it means: with storage RSA-2048 is not a machine of a million qubits any more.

    Published: 897,864 for 12.07 h, of which 347,464 are 131 hot patches and 126 of computation with six
    factories of cultivated states. Ours routes with half a tile a qubit, needs distance 27 where the
    paper simulates 25, and waits 10 us for each Toffoli, 18.06 h. The width of the band was chosen after
    the difference was seen. As patches, 1.5 * 1,409 tiles, the data block takes 3.7 times as many qubits.
    """
    (cost,) = rsa.priced.machines
    assert cost.runtime_s == pytest.approx(65_000)
    factory = cost.factory_qubits // cost.n_factories
    assert cost.physical_qubits == 833_252 + cost.n_factories * factory
    assert PUBLISHED < cost.physical_qubits < 1.5 * PUBLISHED
    plain = replace(rsa.machines[0], storage="")
    patches = estimate_machine(rsa.priced.logical, plain, "runtime")
    assert patches.data_qubits == math.ceil(1.5 * 1409) * 2 * 27**2 == 3_082_212
    assert patches.factory_qubits == cost.factory_qubits
    assert patches.data_qubits / cost.data_qubits == pytest.approx(3.7, abs=0.01)
