"""Units of time, from years to picoseconds."""

SECONDS = {
    "years": 365.25 * 86400,
    "days": 86400.0,
    "h": 3600.0,
    "min": 60.0,
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
    "ns": 1e-9,
    "ps": 1e-12,
}
"""Seconds in each, the longest first; a year is a Julian one."""
