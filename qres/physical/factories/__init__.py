"""Magic-state factories, one a file, each with a module-level `MEMBER`."""
