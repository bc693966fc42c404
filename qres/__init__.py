"""Quantum resource estimation for machine learning (front door to be filled)."""
