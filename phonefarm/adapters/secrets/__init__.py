"""Stores of the partner key: the OS keyring, or a protected file."""
