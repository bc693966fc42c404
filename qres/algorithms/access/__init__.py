"""How data reach the circuit."""
