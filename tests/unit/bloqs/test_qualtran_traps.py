"""What Qualtran 0.7.0 does that our bloqs work around: if one of these fails, it has changed."""

import pytest
import sympy
from qualtran import DecomposeTypeError
from qualtran.bloqs.basic_gates import Rz
from qualtran.bloqs.data_loading.qroam_clean import QROAMClean, QROAMCleanAdjoint
from qualtran.bloqs.data_loading.qrom import QROM
from qualtran.bloqs.rotations.phase_gradient import AddIntoPhaseGrad
from qualtran.bloqs.state_preparation import PrepareUniformSuperposition
from qualtran.resource_counting import QECGatesCost, get_cost_value


def gates(bloq):
    return get_cost_value(bloq, QECGatesCost())


def test_qrom_of_one_entry_has_a_negative_count():
    assert gates(QROM.build_from_bitsize(1, (3,))).and_bloq == -1


def test_qrom_counts_entries_minus_2_plus_controls():
    assert gates(QROM.build_from_bitsize(10**21, (3,))).and_bloq == 10**21 - 2
    assert gates(QROM.build_from_bitsize(11, (3,), num_controls=1)).and_bloq == 10


def test_qroam_books_swaps_as_t():
    found = gates(QROAMClean.build_from_bitsize(11, (3,), log_block_sizes=2))
    assert (found.and_bloq, found.cswap, found.t) == (1, 0, 4 * 3 * 3)


@pytest.mark.parametrize("table", [QROM, QROAMClean])
def test_controlled_tables_raise(table):
    with pytest.raises(DecomposeTypeError, match="And is atomic"):
        gates(table.build_from_bitsize(11, (3,)).controlled())


def test_qroam_adjoint_divides_in_floats():
    entries = 2**60 + 1
    found = gates(QROAMCleanAdjoint.build_from_bitsize(entries, (3,), log_block_sizes=3))
    assert found.toffoli == 2**57 + 8 - 4  # one block short


def test_addition_into_a_phase_gradient_is_booked_without_a_circuit():
    assert gates(AddIntoPhaseGrad(5, 5)).toffoli == 5 - 2


def test_symbolic_superposition_does_not_see_a_power_of_two():
    n = sympy.Symbol("n", positive=True, integer=True)
    symbolic = gates(PrepareUniformSuperposition(n))
    assert (symbolic.rotation, gates(PrepareUniformSuperposition(8)).rotation) == (2, 0)


def test_rotations_by_a_symbol_count_as_rotations():
    assert gates(Rz(sympy.Symbol("theta"))).rotation == 1
    assert gates(Rz(0.3).controlled()).rotation == 2
