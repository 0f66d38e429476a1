"""Tiles with one figure each, and cards with a head, for Overview and Money."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from ui.widgets.basics import Card, ElidedLabel, Label, heading_row, plain_tooltip


class Tile(Card):
    """A caption, one figure, one line beneath."""

    def __init__(self, caption: str, meaning: str = "") -> None:
        super().__init__(margins=14, spacing=2)
        self.setToolTip(plain_tooltip(meaning))
        self._caption = caption
        self._figure = Label("", "figure")
        self._note = ElidedLabel("", "caption")
        self.content.addWidget(ElidedLabel(caption, "caption"))
        self.content.addWidget(self._figure)
        self.content.addWidget(self._note)

    def show_figure(self, figure: str, note: str) -> None:
        self._figure.setText(figure)
        self._note.show_text(note)
        self.setAccessibleName(f"{self._caption}: {figure}, {note}")


def arrange_tiles(grid: QGridLayout, tiles: Collection[Tile], columns: int) -> None:
    """In rows of `columns` tiles, all of the same width."""
    for place, tile in enumerate(tiles):
        grid.addWidget(tile, place // columns, place % columns)
    for column in range(len(tiles)):
        grid.setColumnStretch(column, 1 if column < columns else 0)


def titled_card(title: str, caption: str | QLabel, content: QWidget) -> Card:
    card = Card(margins=16, spacing=10)
    head, _, note = heading_row(title, caption if isinstance(caption, str) else "")
    if isinstance(caption, QLabel):
        head.addWidget(caption)
        note.hide()
        head.insertStretch(1, 1)
    card.content.addLayout(head)
    card.content.addWidget(content, 1)
    return card
