"""Checks a running farm against the market's acceptance list."""
