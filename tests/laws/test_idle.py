"""True of every job: some of the peak may be idle, never all of it, and the formula says how much."""

from __future__ import annotations

import numpy as np
import pytest

import qres
from qres.algorithms.whole import IDLES
from qres.logical.formulas import count_stages, total


@pytest.mark.slow
def test_idle_qubits_and_shots(member):
    """Work and idle qubits fit into the peak at every stage; only sampling has shots to share."""
    numbers = member.job.evaluate()
    stages = [item for item in count_stages(member.job, numbers) if not item.is_classical]
    cost = total(tuple(stages), numbers)
    most = max(item.active_qubits for item in stages)
    assert 0 <= cost.idle_qubits < cost.logical_qubits
    assert cost.idle_qubits == max(0, cost.logical_qubits - most)
    is_sampled = "sign circuits" in [item.name for item in stages]
    assert (cost.shots > 1) == is_sampled
    if is_sampled:
        assert cost.shots == numbers["copies"]
        assert 0 < cost.serial_part < 1
        parts = [cost.busiest_part(n) for n in (1, 2, 4, 8, 10**6)]
        assert parts[0] == pytest.approx(1, rel=1e-15)
        assert (np.diff(parts) <= 0).all()
    else:
        assert cost.busiest_part(1000) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", IDLES)
def test_the_formula_by_name(name):
    formula = qres.formula(name)
    assert formula.name == name
    assert formula.unit == "qubits"
    assert formula in qres.formulas(name)
