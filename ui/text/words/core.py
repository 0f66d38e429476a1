"""The basis of all texts: translation, plural forms, and the word for a state."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from ui.style.tokens import Tone

CONTEXT = "phonefarm"


def tr(text: str) -> str:
    """The text in the user's language, if a translation is installed."""
    return QCoreApplication.translate(CONTEXT, text)


def counted(count: int, one: str, many: str) -> str:
    """`one` or `many` with `%n` replaced by the count; a translation has its own plural forms."""
    return QCoreApplication.translate(CONTEXT, one if count == 1 else many, "", count)


@dataclass(frozen=True)
class Word:
    """The label of a state, its tone, and its meaning for the user."""

    text: str
    tone: Tone
    meaning: str = ""

    def label(self) -> str:
        return tr(self.text)

    def explanation(self) -> str:
        return tr(self.meaning) if self.meaning else tr(self.text)
