"""Bucket brigade: hand arithmetic, the tree built node by node, and its moves in time."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from qres.algorithms.access.qram import access_assumptions, access_limit, access_warnings
from qres.algorithms.access.qrom import BLOCK_LIMITS
from qres.bloqs.qram import Memory
from qres.bloqs.tables import TableLookup, TableUncompute
from qres.logical.circuit import count_bloq
from qres.notation.layers import look_layers, tree_layers, unlook_layers
from qres.notation.named import look, tree, unlook, widest
from qres.staircase import formula

BRIGADE, FREE = BLOCK_LIMITS["qram"], BLOCK_LIMITS["qram-free"]


@pytest.mark.parametrize(
    ("entries", "bits", "toffoli", "depth", "qubits"),
    [
        # 8 cells: address bits pass 0 + 1 + 3 branchings, the token 7, its first one free
        (8, 1, 4 + 6, (3 * 3 - 2) + (3 + 0) + (3 * 3 - 2), 7 + 14 + 1),
        (8, 16, 4 + 6, 7 + (3 + 2 * 15) + 7, 7 + 14 + 16),
        # 1000 cells: 1, 2, 4, 8, 16, 31, 62, 125, 250, 500 branchings, less 1 a bit: 989
        (1000, 1, 989 + 998, (3 * 10 - 2) + 10 + (3 * 10 - 2), 999 + 1998 + 1),
        (1000, 16, 989 + 998, 28 + (10 + 2 * 15) + 28, 999 + 1998 + 16),
        (1, 16, 0, 0, 16),
        (2, 1, 0, 1 + 1 + 1, 1 + 2 + 1),
    ],
)
def test_rows_by_hand(entries, bits, toffoli, depth, qubits):
    given = {"entries": entries, "bitsize": bits}
    assert formula("access.qram.toffoli")(**given) == toffoli
    assert formula("access.qram.depth")(**given) == depth
    assert formula("access.qram.qubits")(**given) == qubits


def moves_of(entries):
    """Walk the tree: (address moves, token moves), a move for each branching that is passed.

    A bit moves where both sides lead to a node that it decides, one with cells on both its sides.
    """
    levels = math.ceil(math.log2(entries)) if entries > 1 else 0
    cells = [format(cell, f"0{levels}b") for cell in range(entries)]

    def decided(bit):
        ends = {(cell[:bit], cell[bit]) for cell in cells}
        return {node for node, _ in ends if {(node, "0"), (node, "1")} <= ends}

    def moves(bit):
        targets = decided(bit)
        return sum(
            all(any(t.startswith(node + side) for t in targets) for side in "01")
            for level in range(bit)
            for node in decided(level)
        )

    return sum(moves(bit) for bit in range(levels)), sum(len(decided(b)) for b in range(levels))


@pytest.mark.parametrize("entries", [1, 2, 3, 5, 8, 11, 16, 33, 100, 1000])
@pytest.mark.parametrize("controls", [0, 1])
def test_gates_are_the_moves_of_the_tree(entries, controls):
    address, token = moves_of(entries)
    expected = address + token - 1 + controls if entries > 1 else 0
    assert look.scalar(entries, 7, controls, BRIGADE) == expected
    assert unlook.scalar(entries, controls, BRIGADE) == expected
    for table in (TableLookup, TableUncompute):
        bloq = table(entries, 7, Memory.BRIGADE, num_controls=controls)
        assert count_bloq(bloq)[:3] == (expected, 0, 0)


def read(memory, address, token):
    """Run the tree on bits: route address and token down, return (word, wires left over)."""
    levels = len(address)
    wires: dict[tuple[int, int], int] = {}
    routers: dict[tuple[int, int], int] = {}

    def move_down(depth):
        for level in range(depth):
            for node in range(2**level):
                value, router = wires.pop((level, node), 0), routers[level, node]
                wires[level + 1, 2 * node + 1] = router & value
                wires[level + 1, 2 * node] = value ^ (router & value)

    for level, bit in enumerate(address):
        wires[0, 0] = bit
        move_down(level)
        routers |= {(level, node): wires.pop((level, node), 0) for node in range(2**level)}
    wires[0, 0] = token
    move_down(levels)
    return np.bitwise_xor.reduce([wires[levels, i] * word for i, word in enumerate(memory)])


@pytest.mark.parametrize("levels", [1, 2, 3, 4])
def test_the_token_reaches_its_cell_alone(levels):
    """Breaking it means: one And a move does not read the memory."""
    memory = np.random.default_rng(levels).integers(1, 2**7, size=2**levels)
    for cell in range(2**levels):
        address = [cell >> (levels - 1 - level) & 1 for level in range(levels)]
        assert read(memory, address, 1) == memory[cell]
        assert read(memory, address, 0) == 0


@pytest.mark.parametrize("bits", list(product((0, 1), repeat=4)))
def test_the_way_up_is_clifford(bits):
    """Measured children leave a Z on the wire and a CZ with the router, whatever was measured."""
    router, wire, left_seen, right_seen = bits
    right = router & wire
    left = wire ^ right
    assert left ^ right == wire
    phase = left_seen * left + right_seen * right
    mended = left_seen * wire + (left_seen ^ right_seen) * router * wire
    assert (phase - mended) % 2 == 0


@pytest.mark.parametrize("levels", [1, 2, 3, 7])
def test_moves_two_layers_apart_never_meet(levels):
    """Bit l passes level j in layer 2(l-1) + j + 1; the token is bit n."""
    layer_of = {
        (bit, level): 2 * (bit - 1) + level + 1
        for bit in range(1, levels + 1)
        for level in range(bit)
    }
    assert max(layer_of.values()) == 3 * levels - 2
    for (bit, level), layer in layer_of.items():
        for (other, place), when in layer_of.items():
            if other != bit and when == layer:
                assert abs(place - level) >= 2, "two moves share a wire"
        router_set = layer_of.get((level, level - 1), 0)
        assert router_set < layer, "a router is used before it is set"


def test_layers_are_the_shorter_of_tree_and_line():
    assert look_layers.scalar(1000, 16, 0, BRIGADE) == 28 + (10 + 30) + 28
    assert unlook_layers.scalar(1000, 0, BRIGADE) == 28 + 28
    assert look_layers.scalar(4, 16, 0, BRIGADE) == 3  # 2 * 4 - 3 - 2 gates
    for limit in (0, 63):
        assert look_layers.scalar(1000, 16, 1, limit) == look.scalar(1000, 16, 1, limit)
        assert tree_layers.scalar(9, 5, 7, 1, limit) == tree.scalar(9, 5, 7, 1, limit)
    # levels of 1024 and 2048 cells: two look-ups, two uncomputations, two additions of 8 bits
    expected = (7 * 10 + 16 - 6) + (7 * 11 + 16 - 6) + (6 * 10 - 4) + (6 * 11 - 4) + 2 * 7
    assert tree_layers.scalar(1024, 2, 8, 0, BRIGADE) == expected


@pytest.mark.parametrize("limit", [BRIGADE, FREE, 0, 63])
@pytest.mark.parametrize(
    "function", [look, unlook, widest, tree, look_layers, unlook_layers, tree_layers]
)
def test_scalars_and_arrays_agree(function, limit):
    sizes = [1, 2, 3, 100, 1023, 1024, 10**9 + 7, 2**60]
    for size in sizes:
        rest = {
            look: (9, 1),
            unlook: (1,),
            unlook_layers: (1,),
            widest: (9, 1),
            look_layers: (9, 1),
        }
        point = (size, *rest.get(function, (5, 9, 1)), limit)
        together = function.array(*(np.array([number] * 2, dtype=float) for number in point))
        assert math.isclose(together[1], function.scalar(*point), rel_tol=1e-9)


def test_a_free_memory_holds_the_word_alone():
    assert look.scalar(10**6, 9, 1, FREE) == unlook.scalar(10**6, 1, FREE) == 0
    assert widest.scalar(10**6, 9, 1, FREE) == 9
    bloq = TableLookup(10**6, 9, Memory.FREE)
    assert count_bloq(bloq) == (0, 0, 0, 20 + 9)
    assert tree.scalar(100, 7, 9, 0, FREE) == 7 * 8  # the additions stay


def test_only_the_free_memory_is_assumed():
    for name in BLOCK_LIMITS:
        is_free = name == "qram-free"
        assert (access_limit(name).kind == "assumed") == is_free
        assert bool(access_warnings(name)) == bool(access_assumptions(name)) == is_free
    (assumption,) = access_assumptions("qram-free")
    assert (assumption.factor, assumption.favours) == (None, "quantum")
    assert access_warnings("qram-free")[0][0] == "W-QRAM"
