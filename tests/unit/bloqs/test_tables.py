"""Look-up and uncomputation: hand arithmetic, and Qualtran's circuits as the independent twin."""

import numpy as np
import pytest
from qualtran.bloqs.data_loading.qroam_clean import QROAMClean, QROAMCleanAdjoint
from qualtran.resource_counting import QECGatesCost, get_cost_value

from qres.bloqs.tables import TableLookup, TableUncompute
from qres.errors import InputError


@pytest.mark.parametrize(
    ("entries", "bits", "log_block", "controls", "expected"),
    [
        (1, 3, 0, 0, 0),
        (1, 3, 0, 1, 0),
        (2, 3, 0, 0, 2 - 2),
        (2, 3, 0, 1, 2 - 2 + 1),
        (11, 3, 0, 0, 11 - 2),
        (11, 3, 1, 0, 6 - 2 + 1 * 3),
        (11, 3, 1, 1, 6 - 2 + 1 + 1 * 3),
        (11, 3, 2, 0, 3 - 2 + 3 * 3),
        (11, 3, 3, 0, 2 - 2 + 7 * 3),
        (10**7, 16, 10, 0, 9766 - 2 + 1023 * 16),  # 26,132: the science sheet, section 6.2
        (10**21 + 1, 40, 30, 0, 931322574616 - 2 + (2**30 - 1) * 40),
    ],
)
def test_lookup_by_hand(toffoli, entries, bits, log_block, controls, expected):
    assert toffoli(TableLookup(entries, bits, log_block, num_controls=controls)) == expected


@pytest.mark.parametrize(
    ("entries", "log_block", "controls", "expected"),
    [
        (1, 0, 0, 0),
        (1, 0, 1, 0),
        (2, 0, 0, 0),
        (2, 1, 0, 0),
        (2, 1, 1, 1 + 2 - 4 + 1),
        (11, 0, 0, 11 + 1 - 4),
        (11, 1, 0, 6 + 2 - 4),
        (11, 2, 0, 3 + 4 - 4),
        (11, 2, 1, 3 + 4 - 4 + 1),
        (11, 3, 0, 2 + 8 - 4),
        (10**7, 12, 0, 2442 + 4096 - 4),  # 6,534: the science sheet, section 6.2
    ],
)
def test_uncompute_by_hand(toffoli, entries, log_block, controls, expected):
    assert toffoli(TableUncompute(entries, 5, log_block, num_controls=controls)) == expected


def _normalised(bloq):
    """Qualtran's count with its swaps (booked as 4 T each) back as Toffoli-like gates."""
    gates = get_cost_value(bloq, QECGatesCost())
    return gates.toffoli + gates.and_bloq + gates.cswap + gates.t / 4


@pytest.mark.parametrize("entries", [2, 3, 5, 8, 11, 16, 33])
@pytest.mark.parametrize("controls", [0, 1])
def test_equal_to_qualtran_for_every_block(toffoli, entries, controls):
    for log_block in range(entries.bit_length()):
        options = {"log_block_sizes": log_block, "num_controls": controls}
        if 2**log_block < entries:
            theirs = QROAMClean.build_from_bitsize(entries, (3,), **options)
            ours = TableLookup(entries, 3, log_block, num_controls=controls)
            assert toffoli(ours) == _normalised(theirs)
        if 2**log_block <= entries:
            theirs = QROAMCleanAdjoint.build_from_bitsize(entries, (3,), **options)
            ours = TableUncompute(entries, 3, log_block, num_controls=controls)
            assert toffoli(ours) == _normalised(theirs)


@pytest.mark.parametrize(("entries", "log_block"), [(5, 0), (11, 1), (11, 2), (16, 2)])
def test_lookup_equals_a_decomposed_circuit(toffoli, entries, log_block):
    data = np.arange(entries) % 8
    circuit = QROAMClean.build_from_data(data, target_bitsizes=(3,), log_block_sizes=log_block)
    assert toffoli(TableLookup(entries, 3, log_block)) == _normalised(circuit.decompose_bloq())


def test_qubits_by_hand(qubits):
    # 11 entries: 4 address qubits; block of 4: 4 entries of 3 bits, 2 qubits for the 3 blocks
    assert qubits(TableLookup(11, 3, 2)) == 4 + 4 * 3 + 2
    assert qubits(TableLookup(11, 3, 2, num_controls=1)) == 1 + 4 + 4 * 3 + 2
    assert qubits(TableUncompute(11, 3, 2)) == 4 + 4 + 2
    assert qubits(TableLookup(2**39, 1, 0)) == 39 + 1 + 39
    assert qubits(TableLookup(2**39 + 1, 1, 0)) == 40 + 1 + 40


def test_adjoint_is_the_other_table():
    look = TableLookup(11, 3, 2, num_controls=1)
    assert look.adjoint() == TableUncompute(11, 3, 2, num_controls=1)
    assert look.adjoint().adjoint() == look


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: TableLookup(0, 3, 0), "entries is 0"),
        (lambda: TableLookup(8.0, 3, 0), "entries is 8.0"),
        (lambda: TableLookup(8, 0, 0), "bitsize is 0"),
        (lambda: TableLookup(8, 3, -1), "log_block is -1"),
        (lambda: TableLookup(8, 3, 3), "log_block is 3 for 8 entries"),
        (lambda: TableLookup(1, 3, 1), "log_block is 1 for 1 entries"),
        (lambda: TableLookup(8, 3, 0, num_controls=2), "num_controls is 2"),
        (lambda: TableUncompute(8, 3, 4), "log_block is 4 for 8 entries"),
    ],
)
def test_bad_arguments_name_their_value(build, words):
    with pytest.raises(InputError, match=words):
        build()
