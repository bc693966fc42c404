"""Renderings of a result: table, JSON, CSV."""
