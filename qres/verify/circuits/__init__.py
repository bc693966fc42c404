"""The circuits of `qres.bloqs` as lists of leaves, with real data in their tables."""
