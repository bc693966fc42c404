"""Look-ups in plain Python: what an exported formula carries. Twins of the evaluators of `qrom`."""

from __future__ import annotations

import math

from qres.notation.named import lookup_at, lookup_block, uncompute_at, uncompute_block


def qroam_toffoli(entries: int, bitsize: int, block: int | None = None) -> int:
    """Return the Toffoli gates of a look-up, at the cheapest block or a given one."""
    exponent = _exponent(block, entries) if block else lookup_block(entries, bitsize, 0)
    return lookup_at(entries, bitsize, 0, exponent)


def qroam_ancillas(entries: int, bitsize: int, block: int | None = None) -> int:
    """Return the clean ancillas of that look-up."""
    exponent = _exponent(block, entries) if block else lookup_block(entries, bitsize, 0)
    blocks = -(-entries >> exponent)
    return (2**exponent - 1) * bitsize + max(0, (blocks - 1).bit_length())


def adjoint_toffoli(entries: int, bitsize: int = 1, block: int | None = None) -> int:
    """Return the Toffoli gates of the uncomputation, whatever the word size."""
    exponent = _exponent(block, entries) if block else uncompute_block(entries, 0)
    return uncompute_at(entries, 0, exponent)


def berry_toffoli(entries: int, bitsize: int, block: int | None = None) -> int:
    """Return the Toffoli gates of a look-up in the convention of Berry et al."""
    top = max(0, (entries - 1).bit_length())
    exponents = [_exponent(block, entries)] if block else range(top + 1)
    return min(math.ceil(entries / 2**k) + (2**k - 1) * bitsize for k in exponents)


def _exponent(block: int, entries: int) -> int:
    if block < 1 or block & (block - 1) or block > max(1, entries):
        raise ValueError(f"block: expected a power of two up to {entries}, found {block}")
    return block.bit_length() - 1
