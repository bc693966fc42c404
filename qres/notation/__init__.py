"""What a symbol, a number, a source and a formula are."""
