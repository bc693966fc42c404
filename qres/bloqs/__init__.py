"""Circuits: the bloqs that Qualtran lacks, one family a file.

A bloq here says what it calls and how often; it knows no theorem and no formula. Every integer
(queries, rounds, block exponents, bit sizes, levels) is handed to it, as a number or as a symbol.
"""
