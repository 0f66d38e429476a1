"""Paints the log's entries as lines, and opens one of them in its place."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from phonefarm.application.model.log_entries import CallDetails, LogEntry
from ui.pages.health.entry_details import LINE_HEIGHT, EntryDetails
from ui.pages.health.entry_text import fact, kind_text, sentence
from ui.pages.health.stream_model import StreamModel
from ui.style.theme import Theme
from ui.text import formats
from ui.text.words import tr
from ui.text.words.log import entry_tone

TIME_WIDTH = 66
DOT = 8
KIND_LEFT = 16 + TIME_WIDTH + 14
KIND_WIDTH = 104
LOAD_WITHIN = 600
"""Pixels above the end of the list at which older entries are read."""

Index = QModelIndex | QPersistentModelIndex


class EntryDelegate(QStyledItemDelegate):
    def __init__(self, model: StreamModel, theme: Theme, view: StreamView) -> None:
        super().__init__(view)
        self._model = model
        self._theme = theme
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        entry = self._model.entry_at(index.row())
        is_open = entry is not None and entry.entry_id == self._view.open_id
        return QSize(200, self._view.open_height() if is_open else LINE_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry = self._model.entry_at(index.row())
        if entry is None:
            return
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        is_open = entry.entry_id == self._view.open_id
        if is_open or state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, self._theme.colour("selection"))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, self._theme.colour("hover"))
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), self._theme.colour("line"))
        self._paint_line(painter, QRect(rect.left(), rect.top(), rect.width(), LINE_HEIGHT - 1), entry)
        if state & QStyle.StateFlag.State_HasFocus and self._view.hasFocus():
            painter.setPen(self._theme.colour("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -1.5))

    def _paint_line(self, painter: QPainter, line: QRect, entry: LogEntry) -> None:
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        painter.setFont(self._theme.font())
        painter.setPen(self._theme.colour("dim"))
        left = line.left() + 16
        painter.drawText(QRect(left, line.top(), TIME_WIDTH, line.height()), middle, self._view.time_text(entry))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.ink(entry_tone(entry)))
        painter.drawEllipse(QRectF(left + TIME_WIDTH, line.center().y() - DOT / 2 + 0.5, DOT, DOT))
        painter.setPen(self._theme.colour("dim"))
        painter.drawText(
            QRect(line.left() + KIND_LEFT, line.top(), KIND_WIDTH, line.height()), middle, kind_text(entry)
        )
        small = self._theme.font(12)
        told = fact(entry)
        room = QFontMetrics(small).horizontalAdvance(told)
        painter.setFont(small)
        right = line.right() - 16
        painter.drawText(QRect(right - room, line.top(), room + 2, line.height()), middle, told)
        painter.setFont(self._theme.font())
        painter.setPen(self._theme.colour("text"))
        words = QRect(line.left() + KIND_LEFT + KIND_WIDTH, line.top(), 0, line.height())
        words.setRight(right - room - 12)
        metrics = QFontMetrics(self._theme.font())
        shown = metrics.elidedText(sentence(entry), Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, middle, shown)


class StreamView(QListView):
    """Enter or a click opens an entry, Left, Esc or a second click closes it."""

    open_requested = Signal(object)
    """A LogEntry whose details are wanted."""
    closed = Signal()
    end_neared = Signal()
    """Older entries are wanted."""
    row_requested = Signal(object, str)
    kind_requested = Signal(object)
    copy_requested = Signal(object, object)
    """A LogEntry and its CallDetails or None."""

    def __init__(self, model: StreamModel, theme: Theme) -> None:
        super().__init__()
        self.stream = model
        self._theme = theme
        self.open_id = ""
        self._details: EntryDetails | None = None
        self._today = ""
        self.setObjectName("stream")
        self.setModel(model)
        self.setItemDelegate(EntryDelegate(model, theme, self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("Log"))
        self.clicked.connect(lambda index: self._toggle(index.row()))
        self.verticalScrollBar().valueChanged.connect(self._look_for_end)
        model.rowsInserted.connect(self._keep_open)
        model.rowsRemoved.connect(self._keep_open)
        model.modelReset.connect(self.close_entry)
        theme.changed.connect(self.viewport().update)

    @property
    def details(self) -> EntryDetails | None:
        return self._details

    @property
    def is_at_top(self) -> bool:
        return self.verticalScrollBar().value() == 0

    def time_text(self, entry: LogEntry) -> str:
        """The time, or for another day the day with it."""
        local = entry.at.astimezone()
        is_today = f"{local:%Y-%m-%d}" == self._today
        return formats.time_of_day(entry.at) if is_today else f"{local:%d.%m. %H:%M}"

    def show_today(self, today: str) -> None:
        """The local date as `2026-11-24`."""
        if today != self._today:
            self._today = today
            self.viewport().update()

    # The open entry ---------------------------------------------------------------------

    def open_height(self) -> int:
        return LINE_HEIGHT if self._details is None else self._details.height_at(self.viewport().width())

    def open_entry(self, entry: LogEntry, details: CallDetails | None, *, is_loading: bool = False) -> None:
        """Show the entry open, if it is still listed."""
        row = self.stream.row_of(entry.entry_id)
        if row is None:
            return
        self.close_entry(quietly=True)
        self.open_id = entry.entry_id
        made = EntryDetails(self._theme, entry, details, is_loading=is_loading)
        made.close_requested.connect(self.close_entry)
        made.row_requested.connect(self.row_requested)
        made.kind_requested.connect(self.kind_requested)
        made.copy_requested.connect(lambda: self.copy_requested.emit(entry, details))
        self._details = made
        index = self.stream.index(row)
        self.setIndexWidget(index, made)
        self.scheduleDelayedItemsLayout()
        self.executeDelayedItemsLayout()
        self.scrollTo(index)

    def close_entry(self, *, quietly: bool = False) -> None:
        if not self.open_id:
            return
        row = self.stream.row_of(self.open_id)
        self.open_id, self._details = "", None
        if row is not None:
            self.setIndexWidget(self.stream.index(row), None)  # type: ignore[arg-type]
        self.scheduleDelayedItemsLayout()
        if not quietly:
            self.closed.emit()

    def _toggle(self, row: int) -> None:
        entry = self.stream.entry_at(row)
        if entry is None:
            return
        if entry.entry_id == self.open_id:
            self.close_entry()
        else:
            self.open_requested.emit(entry)

    def _keep_open(self) -> None:
        """An open entry that has left the list is closed."""
        if self.open_id and self.stream.row_of(self.open_id) is None:
            self.close_entry()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        row = self.currentIndex().row()
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Right if row >= 0:
                self._toggle(row)
            case Qt.Key.Key_Left | Qt.Key.Key_Escape if self.open_id:
                self.close_entry()
            case _:
                super().keyPressEvent(event)

    # Paging -----------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()
        self._look_for_end()

    def _look_for_end(self) -> None:
        bar = self.verticalScrollBar()
        if bar.maximum() - bar.value() < LOAD_WITHIN:
            self.end_neared.emit()
