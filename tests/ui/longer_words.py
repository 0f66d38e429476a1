"""A language whose words are a third longer, as Russian's are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QCoreApplication, QTranslator


class _Longer(QTranslator):
    def translate(self, context: str, source: str, disambiguation: str | None = None, n: int = -1) -> str:
        """Each word of letters gets a third more of them; placeholders stay."""
        return " ".join(_longer(word) for word in source.split(" "))

    def isEmpty(self) -> bool:  # noqa: N802
        return False


def _longer(word: str) -> str:
    if "{" in word or "%" in word or not any(letter.isalpha() for letter in word):
        return word
    letters = word.rstrip(".,:;…")
    return letters + "ж" * -(-len(letters) // 3) + word[len(letters) :]


@contextmanager
def longer_words() -> Iterator[None]:
    translator = _Longer()
    app = QCoreApplication.instance()
    assert app is not None
    assert app.installTranslator(translator)
    try:
        yield
    finally:
        app.removeTranslator(translator)
