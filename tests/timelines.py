"""Timelines as sentences, as the user sees them."""

from __future__ import annotations

from collections.abc import Iterable

from phonefarm.application.model.timeline import Happening, TimelineEntry, TimelineKind
from ui.text.words import timeline_sentence


def sentences(entries: Iterable[TimelineEntry]) -> list[str]:
    return [timeline_sentence(entry) for entry in entries]


def a_text(text: str) -> Happening:
    """An entry of an older version, which is plain text."""
    return Happening(kind=TimelineKind.TEXT, fields={"text": text})
