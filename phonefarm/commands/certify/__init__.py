"""Plays the market's acceptance list against a running farm."""
