"""Quantum linear solvers, one a file; each offers `SOLVER` and its `FORMULAS`."""
