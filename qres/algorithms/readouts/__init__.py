"""What leaves the quantum computer, one read-out a file."""
