"""The same job on one GPU: floating-point operations, bytes, seconds and joules."""
