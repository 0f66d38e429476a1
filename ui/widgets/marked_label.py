"""A label that marks the words that were searched for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt

from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.widgets.basics import Label


class MarkedLabel(Label):
    """Shows its text literally; what matches a word of the search gets the colour of a marker."""

    def __init__(self, text: str = "", role: str = "") -> None:
        super().__init__(text, role, wrap=True)
        self.plain = text

    def mark(self, words: Sequence[str], theme: Theme) -> None:
        """Mark these words; none removes the marks."""
        found = "|".join(re.escape(word) for word in words)
        if not found or not re.search(found, self.plain, re.IGNORECASE):
            self.setTextFormat(Qt.TextFormat.PlainText)
            self.setText(self.plain)
            return
        style = f"background-color: {theme.fill(Tone.WARN).name()}; color: {theme.ink(Tone.WARN).name()}"
        parts = re.split(f"({found})", self.plain, flags=re.IGNORECASE)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setText(
            "".join(
                f'<span style="{style}">{escape(part)}</span>' if place % 2 else escape(part)
                for place, part in enumerate(parts)
            )
        )
