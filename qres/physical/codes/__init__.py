"""Error-correcting codes, one a file, each with a module-level `MEMBER`."""
