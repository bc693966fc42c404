"""The finite-horizon mathematics of the Carleman lift: certificates, norms, choices.

`majorant` bounds the truncation error before a step is run, `certificate` bounds truncation and
map error together along a known path, `history` turns both into what the solver and the read-out
are charged, `describe` does all of it in one call, `choose` picks orders and rescaling.
"""
