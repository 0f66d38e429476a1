"""Frozen values and pure decisions; time is always an argument."""
