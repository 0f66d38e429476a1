"""Senders whose messages are never pushed: banks, payment, government. The market refuses them anyway."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LONGEST_PATTERN = 40
"""Characters."""
MOST_PATTERNS = 2_000


@dataclass(frozen=True, kw_only=True)
class BlockedSender:
    """A sender's name as phones show it; `*` at either end matches any text. Case and blanks are ignored."""

    pattern: str
    what: str = ""
    """`bank`, `payment`, `government` or the user's own word; for the reader only."""


def problem_of(pattern: str) -> str | None:
    """What is wrong with a pattern, or None."""
    core = pattern.strip().strip("*")
    if not _folded(core):
        return "Write a sender's name: this would withhold every message."
    if len(pattern) > LONGEST_PATTERN:
        return f"A sender's name is no longer than {LONGEST_PATTERN} characters."
    if "*" in core:
        return "The star stands for anything at the beginning or the end, not in the middle."
    if "*" in pattern and len(_folded(core)) < 3:
        return "With a star, write at least three characters: fewer would withhold too much."
    return None


class BlockList:
    """Finds the entry for a sender: one look-up, and one comparison for each pattern with a star."""

    def __init__(self, entries: Iterable[BlockedSender]) -> None:
        self._exact: dict[str, BlockedSender] = {}
        self._starts: list[tuple[str, BlockedSender]] = []
        self._ends: list[tuple[str, BlockedSender]] = []
        self._holds: list[tuple[str, BlockedSender]] = []
        for entry in entries:
            self._add(entry)

    def _add(self, entry: BlockedSender) -> None:
        text = entry.pattern.strip()
        core = _folded(text.strip("*"))
        if not core:
            return
        match text.startswith("*"), text.endswith("*"):
            case True, True:
                self._holds.append((core, entry))
            case True, False:
                self._ends.append((core, entry))
            case False, True:
                self._starts.append((core, entry))
            case _:
                self._exact[core] = entry

    def entry_for(self, sender: str) -> BlockedSender | None:
        """The entry that withholds this sender's messages, or None."""
        name = _folded(sender)
        if (entry := self._exact.get(name)) is not None:
            return entry
        for core, entry in self._starts:
            if name.startswith(core):
                return entry
        for core, entry in self._ends:
            if name.endswith(core):
                return entry
        return next((entry for core, entry in self._holds if core in name), None)


def _folded(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
