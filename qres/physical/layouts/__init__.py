"""Layouts of the data block, one a file, each with a module-level `MEMBER`."""
