"""Proofs: circuits simulated with real data, and our physical models beside other tools."""
