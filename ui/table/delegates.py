"""Paints table cells: plain text, chips, bars, signals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.table.cell_paint import (
    BAR_WIDTH,
    BOLT_WIDTH,
    SIGNAL_GAP,
    SIGNAL_WIDTH,
    fill_round,
    paint_bolt,
    paint_signal,
    paint_time_bar,
)
from ui.table.row_table import Bar, Chips, Column, RowTable, Signals
from ui.text.words import Word

ROW_HEIGHT = 32
PADDING = 8
CHIP_HEIGHT = 20
CHIP_PADDING = 8
CHIP_GAP = 4
EMPTY_STEP_ALPHA = 64
MIN_NOTE_WIDTH = 48
"""In less room (px) a note would be cut to nothing."""
FOCUS_WIDTH = 3


class CellDelegate(QStyledItemDelegate):
    """Paints each cell as its `Column` describes it; all text is plain."""

    def __init__(self, table: RowTable[Any], theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._theme = theme
        self._load_fonts()
        theme.changed.connect(self._load_fonts)

    def _load_fonts(self) -> None:
        self._text_font = self._theme.font()
        self._mono_font = self._theme.mono()
        self._chip_font = self._theme.font(12, bold=True)
        self._text_metrics = QFontMetrics(self._text_font)
        self._mono_metrics = QFontMetrics(self._mono_font)
        self._chip_metrics = QFontMetrics(self._chip_font)

    def column_width(self, column: Column[Any]) -> int:
        """Wide enough for the column's sample and its title in the present font."""
        title = QFontMetrics(self._theme.font(12, bold=True)).horizontalAdvance(column.title) + 14
        if column.bar is not None:
            content = BAR_WIDTH + 8 + self._text_metrics.horizontalAdvance(column.sample)
        elif column.word is not None or column.chips is not None:
            content = self._chip_metrics.horizontalAdvance(column.sample) + 2 * CHIP_PADDING
        elif column.signals is not None:
            content = SIGNAL_WIDTH + SIGNAL_GAP + self._text_metrics.horizontalAdvance(column.sample)
        else:
            metrics = self._mono_metrics if column.mono else self._text_metrics
            content = metrics.horizontalAdvance(column.sample) + (BOLT_WIDTH + 4 if column.bolt else 0)
        return max(title, content) + 2 * PADDING + 2

    def fits(self, index: QModelIndex | QPersistentModelIndex, width: int) -> bool:
        """Whether the cell's text is not cut."""
        column = self._table.columns[index.column()]
        if column.word is not None or column.bar is not None or column.signals is not None:
            return True
        metrics = self._mono_metrics if column.mono else self._text_metrics
        text = str(index.data() or "")
        return metrics.horizontalAdvance(text) <= width - 2 * PADDING

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802
        return QSize(self.column_width(self._table.columns[index.column()]), ROW_HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row = self._table.row_at(index.row())
        if row is None:
            return
        column = self._table.columns[index.column()]
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setClipRect(rect)
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, self._theme.colour("selection"))
            if self._is_first_of_focused(option, rect):
                painter.fillRect(rect.x(), rect.y(), FOCUS_WIDTH, rect.height() - 1, self._theme.colour("accent"))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, self._theme.colour("line"))
        self._paint_content(painter, rect.adjusted(PADDING, 0, -PADDING, -1), column, row)
        painter.restore()

    def _is_first_of_focused(self, option: QStyleOptionViewItem, rect: QRect) -> bool:
        """Selected rows have a mark at their left edge while the table has the keyboard focus."""
        return rect.x() <= 0 and bool(option.state & QStyle.StateFlag.State_Active) and _has_focus(option.widget)

    def _paint_content(self, painter: QPainter, rect: QRect, column: Column[Any], row: object) -> None:
        now = self._table.clock()
        if column.word is not None:
            self._paint_chip(painter, rect, column.word(row))
        elif column.chips is not None:
            self._paint_chips(painter, rect, column.chips(row))
        elif column.signals is not None:
            self._paint_signals(painter, rect, column.signals(row))
        elif column.bar is not None and (bar := column.bar(row, now)) is not None:
            self._paint_bar(painter, rect, bar)
        else:
            self._paint_text(painter, rect, column, row, now)

    def _paint_text(self, painter: QPainter, rect: QRect, column: Column[Any], row: object, now: datetime) -> None:
        if column.bolt is not None:
            if column.bolt(row):
                paint_bolt(painter, rect.right() - BOLT_WIDTH + 1, rect.center().y(), self._theme.colour("dim"))
            rect = rect.adjusted(0, 0, -BOLT_WIDTH - 4, 0)
        font, metrics = (self._mono_font, self._mono_metrics) if column.mono else (self._text_font, self._text_metrics)
        tone = column.tone(row) if column.tone is not None else None
        ink = self._theme.colour("dim" if column.dim else "text") if tone is None else self._theme.ink(tone)
        side = Qt.AlignmentFlag.AlignRight if column.align_right else Qt.AlignmentFlag.AlignLeft
        text = metrics.elidedText(column.text(row, now), Qt.TextElideMode.ElideRight, rect.width())
        self._draw(painter, rect, text, font, ink, side)

    def _paint_chip(self, painter: QPainter, rect: QRect, word: Word) -> int:
        """Returns the right edge of the chip."""
        room = rect.width() - 2 * CHIP_PADDING
        text = self._chip_metrics.elidedText(word.label(), Qt.TextElideMode.ElideRight, room)
        width = self._chip_metrics.horizontalAdvance(text) + 2 * CHIP_PADDING
        chip = QRect(rect.x(), rect.center().y() - CHIP_HEIGHT // 2 + 1, width, CHIP_HEIGHT)
        fill_round(painter, QRectF(chip), CHIP_HEIGHT / 2, self._theme.fill(word.tone))
        self._draw(painter, chip, text, self._chip_font, self._theme.ink(word.tone), Qt.AlignmentFlag.AlignHCenter)
        return chip.right() + 1

    def _paint_chips(self, painter: QPainter, rect: QRect, chips: Chips) -> None:
        """The first chip always, each further one if all of it fits, the note in the remaining width."""
        left = rect.x()
        for place, word in enumerate(chips.words):
            needed = self._chip_metrics.horizontalAdvance(word.label()) + 2 * CHIP_PADDING
            if place and left + needed > rect.right() + 1:
                return
            left = self._paint_chip(painter, QRect(rect).adjusted(left - rect.x(), 0, 0, 0), word) + CHIP_GAP
        self._paint_note(painter, rect.adjusted(left - rect.x() + CHIP_GAP, 0, 0, 0), chips.note)

    def _paint_signals(self, painter: QPainter, rect: QRect, signals: Signals) -> None:
        left = rect.x()
        for level in signals.levels:
            if level is None:
                place = QRect(left, rect.y(), SIGNAL_WIDTH, rect.height())
                self._draw(painter, place, "–", self._text_font, self._theme.colour("dim"), Qt.AlignmentFlag.AlignLeft)
            else:
                tone = signal_tone(level)
                ink = self._theme.colour("dim") if tone is None else self._theme.ink(tone)
                paint_signal(painter, left, rect.center().y(), level, self._empty_step_colour(), ink)
            left += SIGNAL_WIDTH + SIGNAL_GAP
        self._paint_note(painter, rect.adjusted(left - rect.x(), 0, 0, 0), signals.note)

    def _empty_step_colour(self) -> QColor:
        """Of a signal step that is not reached; visible on a selected row, too."""
        colour = self._theme.colour("dim")
        colour.setAlpha(EMPTY_STEP_ALPHA)
        return colour

    def _paint_note(self, painter: QPainter, rect: QRect, note: str) -> None:
        width = self._text_metrics.horizontalAdvance(note)
        if note and rect.width() >= min(width, MIN_NOTE_WIDTH):
            text = self._text_metrics.elidedText(note, Qt.TextElideMode.ElideRight, rect.width())
            self._draw(painter, rect, text, self._text_font, self._theme.colour("dim"), Qt.AlignmentFlag.AlignLeft)

    def _paint_bar(self, painter: QPainter, rect: QRect, bar: Bar) -> None:
        paint_time_bar(painter, rect, bar.passed, self._theme.colour("track"), self._theme.ink(bar.tone))
        figure = rect.adjusted(BAR_WIDTH + 8, 0, 0, 0)
        text = self._text_metrics.elidedText(bar.figure, Qt.TextElideMode.ElideRight, figure.width())
        self._draw(painter, figure, text, self._text_font, self._theme.colour("text"), Qt.AlignmentFlag.AlignRight)

    def _draw(
        self, painter: QPainter, rect: QRect, text: str, font: QFont, ink: QColor, side: Qt.AlignmentFlag
    ) -> None:
        painter.setFont(font)
        painter.setPen(ink)
        painter.drawText(rect, int(side | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine), text)


def _has_focus(widget: QObject | None) -> bool:
    return isinstance(widget, QWidget) and widget.hasFocus()


def signal_tone(level: int) -> Tone | None:
    """None if the signal is strong enough."""
    return {0: Tone.BAD, 1: Tone.WARN}.get(level)
