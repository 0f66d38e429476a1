"""The left rail: pages with live counts, an amber count of what needs action, health checks at its foot."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from phonefarm.application.model.read_models import HealthCheck, Overview, Topic, Verdict
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.text import formats
from ui.text.words import PAGES, VERDICTS, check_sentence, counted, tr
from ui.widgets.basics import ElidedLabel, KeyboardRing, connect_call, empty_layout, hairline, plain_tooltip
from ui.widgets.timeline import Dot

WIDTH = 220
ITEM_HEIGHT = 34
ALWAYS_SHOWN = frozenset({"webhooks", "tunnel", "market", "adb", "storage"})
"""The other checks are shown while something is wrong with them; the page "Health and log" has them all."""
PILL_HEIGHT = 19


class RailItem(QAbstractButton):
    """One page: its name, its number of rows, and in an amber pill how many need action."""

    def __init__(self, theme: Theme, text: str) -> None:
        super().__init__()
        self._theme = theme
        self._count = ""
        self._needing = 0
        self._unsaved = 0
        self._ring = KeyboardRing(self)
        self.setText(text)
        self.setAccessibleName(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(WIDTH - 16, ITEM_HEIGHT)

    def show_count(self, count: int | None, needing: int, whole: int | None = None) -> None:
        """`whole`: the total, shown if it is more than `count`."""
        self._count = "" if count is None else formats.part(count, whole)
        self._needing = needing
        self._tell()

    def show_unsaved(self, count: int) -> None:
        """How many changes on the page wait to be saved."""
        self._unsaved = count
        self._tell()

    def count_text(self) -> str:
        """What stands at the right edge: the number of rows, or of unsaved changes, in words where they fit."""
        if not self._unsaved:
            return self._count
        words = counted(self._unsaved, "1 change", "%n changes")
        name = QFontMetrics(self._theme.font(bold=True)).horizontalAdvance(self.text())
        room = self.width() - 24 - name - QFontMetrics(self._theme.font(12)).horizontalAdvance(words)
        return words if room >= 12 else f"• {formats.number(self._unsaved)}"

    def _tell(self) -> None:
        need = counted(self._needing, "1 needs action", "%n need action") if self._needing else ""
        unsaved = counted(self._unsaved, "1 change is not saved", "%n changes are not saved") if self._unsaved else ""
        self.setAccessibleName(", ".join(filter(None, (self.text(), self._count, need, unsaved))))
        self.setToolTip(plain_tooltip("\n".join(filter(None, (need, unsaved)))))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = self.rect()
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked() or self.underMouse():
            painter.setBrush(self._theme.colour("selection" if self.isChecked() else "hover"))
            painter.drawRoundedRect(rect, 6, 6)
        if self._ring.is_on:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(self._theme.colour("accent"))
            painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        inside = rect.adjusted(12, 0, -12, 0)
        inside.setRight(self._paint_count(painter, inside))
        font = self._theme.font(bold=self.isChecked())
        painter.setFont(font)
        painter.setPen(self._theme.colour("accent" if self.isChecked() else "text"))
        name = QFontMetrics(font).elidedText(self.text(), Qt.TextElideMode.ElideRight, inside.width())
        painter.drawText(inside, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), name)
        painter.end()

    def _paint_count(self, painter: QPainter, rect: QRect) -> int:
        """From the right edge; returns the right edge left for the name."""
        right = rect.right()
        if count := self.count_text():
            font = self._theme.font(12)
            painter.setFont(font)
            painter.setPen(self._theme.colour("dim"))
            painter.drawText(rect, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), count)
            right -= QFontMetrics(font).horizontalAdvance(count) + 8
        if self._needing:
            font = self._theme.font(12, bold=True)
            text = formats.number(self._needing)
            width = max(PILL_HEIGHT + 3, QFontMetrics(font).horizontalAdvance(text) + 12)
            pill = QRectF(right - width + 1, rect.center().y() - PILL_HEIGHT / 2 + 0.5, width, PILL_HEIGHT)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.fill(Tone.WARN))
            painter.drawRoundedRect(pill, PILL_HEIGHT / 2, PILL_HEIGHT / 2)
            painter.setFont(font)
            painter.setPen(self._theme.ink(Tone.WARN))
            painter.drawText(pill, int(Qt.AlignmentFlag.AlignCenter), text)
            right -= width + 8
        return right


class Rail(QFrame):
    """Navigation between pages, and the health of the farm."""

    page_chosen = Signal(object)
    """A Topic."""

    def __init__(self, theme: Theme, title: str) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setFixedWidth(WIDTH)
        self._theme = theme
        self._current_checks: tuple[HealthCheck, ...] = ()
        self._items = {topic: RailItem(theme, tr(name)) for topic, name in PAGES.items()}
        self._group = QButtonGroup(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 16, 8, 16)
        layout.setSpacing(2)
        name = ElidedLabel(title, "name")
        name.setContentsMargins(12, 0, 12, 10)
        layout.addWidget(name)
        for place, (topic, item) in enumerate(self._items.items()):
            self._group.addButton(item, place)
            connect_call(item.clicked, self.page_chosen.emit, topic)
            layout.addWidget(item)
        layout.addStretch(1)
        layout.addWidget(hairline())
        self._checks = QVBoxLayout()
        self._checks.setContentsMargins(12, 10, 8, 0)
        self._checks.setSpacing(4)
        layout.addLayout(self._checks)

    def mark_current(self, topic: Topic) -> None:
        self._items[topic].setChecked(True)

    def item(self, topic: Topic) -> RailItem:
        return self._items[topic]

    def show_overview(self, overview: Overview) -> None:
        counts = {
            Topic.PHONES: overview.counts.phones,
            Topic.SIMS: overview.counts.sims,
            Topic.RENTS: overview.counts.rents_open,
            Topic.MESSAGES: overview.sms_today,
            Topic.PUSHES: overview.counts.pushes_waiting,
            Topic.BANS: overview.counts.bans,
        }
        for topic, item in self._items.items():
            whole = overview.phones_of_farm if topic is Topic.PHONES else None
            needing = 0 if topic is Topic.OVERVIEW else _count_needing_action(overview, topic)
            item.show_count(counts.get(topic), needing, whole)
        checks = tuple(
            each for each in overview.checks if each.name in ALWAYS_SHOWN or each.verdict is not Verdict.PASS
        )
        if checks != self._current_checks:
            self._current_checks = checks
            self._show_checks(checks)

    def _show_checks(self, checks: tuple[HealthCheck, ...]) -> None:
        empty_layout(self._checks)
        for check in checks:
            verdict = VERDICTS[check.verdict]
            sentence = check_sentence(check)
            row = QHBoxLayout()
            row.setSpacing(8)
            text = ElidedLabel(sentence, "caption")
            text.setAccessibleName(f"{sentence}, {verdict.label()}")
            holder = QWidget()
            holder.setToolTip(
                plain_tooltip(f"{sentence}\n{verdict.label()}, {formats.since(check.since, check.since)}")
            )
            row.setContentsMargins(0, 0, 0, 0)
            row.addWidget(Dot(self._theme, verdict.tone))
            row.addWidget(text, 1)
            holder.setLayout(row)
            self._checks.addWidget(holder)


def _count_needing_action(overview: Overview, topic: Topic) -> int:
    """The same count as on the page; 1 if the page as a whole needs action."""
    return len(overview.needing(topic)) or int(any(need.topic is topic for need in overview.attention))
