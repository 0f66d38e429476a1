"""Automatic start: the window at login, and `serve` as a service of the user."""
