"""Block-encodings of a tabulated matrix, one a file; each offers an `ENCODING` and `FORMULAS`."""
