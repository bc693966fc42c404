"""One way to count in these tests: Toffoli-like gates, T, rotations, qubits."""

import pytest
from qualtran.resource_counting import QECGatesCost, QubitCount, get_cost_value


def count_bloq(bloq):
    gates = get_cost_value(bloq, QECGatesCost(), costs_cache={})
    toffoli = gates.toffoli + gates.and_bloq + gates.cswap
    return toffoli, gates.t, gates.rotation


@pytest.fixture
def count():
    """Return (Toffoli-like, T, rotations) of a bloq."""
    return count_bloq


@pytest.fixture
def toffoli():
    """Return the Toffoli-like gates of a bloq that must have no other."""

    def only_toffoli(bloq):
        found, t, rotations = count_bloq(bloq)
        assert (t, rotations) == (0, 0)
        return found

    return only_toffoli


@pytest.fixture
def qubits():
    """Return the qubits of a bloq, by Qualtran's own query."""
    return lambda bloq: get_cost_value(bloq, QubitCount(), costs_cache={})
