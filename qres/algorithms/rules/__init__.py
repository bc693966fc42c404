"""The update rules of training that are linearised, one a file."""
