"""Errors that are no bugs: the world or the user is at fault."""

from __future__ import annotations


class KnownError(Exception):
    """Its message says in one plain sentence what happened, why, and what to do next. Any other exception is a bug."""
