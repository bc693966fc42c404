"""From logical counts to machines: codes, factories, layouts, and the search over all three."""
