"""Figures in one style: each returns a matplotlib figure that can be shown or saved as vectors."""
