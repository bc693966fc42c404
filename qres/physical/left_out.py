"""Machines that do not ship, each with the reason; `data/hardware/METHOD.md` has them too."""

from __future__ import annotations

LEFT_OUT = (
    (
        "Majorana qubits with a surface code (prefactor 0.08, threshold 0.0015)",
        "20 measurements a round where the Floquet code, which ships, takes 3; a profile can state it",
    ),
    (
        "Majorana qubits with the QDK's three-auxiliary code",
        "no source at hand states threshold and prefactor",
    ),
    (
        "gate-based 50/100 ns at 1e-3 with Beverland's constants",
        "superconducting-1e-4 with another physical_error; at 1e-3 Gidney and Fowler's ships",
    ),
    (
        "neutral atoms with transport (the QDK's low-move surface code)",
        "its round grows with the distance, and no source at hand states by how much",
    ),
    ("machines with qLDPC codes", "no source at hand states logical errors and gates of one"),
)
"""What was left out, and why."""
