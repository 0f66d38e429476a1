"""Messages in which an operator tells a SIM its own number, recognised by patterns that the user may edit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class NumberPattern:
    """Words with `{number}` where the number stands, as `Ваш номер {number}`; never a regular expression."""

    text: str
    sender: str = ""
    """Only messages of this sender; empty for any."""
