"""A `Job` counted two ways: by its formulas and from its circuit."""
