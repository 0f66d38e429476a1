"""The world's errors, as opposed to ours: a KnownError carries a sentence fit for a person."""

from __future__ import annotations


class KnownError(Exception):
    """What happened, why, and what to do next, in one plain sentence; anything else that is raised is a bug."""
