"""End-to-end claims: theorem, hypotheses, and stages as formulas."""
