"""A drawing of a phone's settings that shows where the switch for USB debugging is, by make."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.text.words import tr

WIDTH, HEIGHT = 236, 196
ROW = 30
ABOUT, SYSTEM = "About phone", "System"
_STOCK = (
    ("Settings", "About phone"),
    ("Build number", "tap 7 times"),
    ("System, Developer options", ""),
    ("USB debugging", "on"),
)
_BY_MAKE = {
    "samsung": (
        ("About phone, Software information", ""),
        ("Build number", "tap 7 times"),
        ("Developer options", ""),
        ("USB debugging", "on"),
    ),
    "xiaomi": (
        ("About phone", ""),
        ("MIUI or OS version", "tap 7 times"),
        ("Additional settings, Developer options", ""),
        ("USB debugging", "on"),
    ),
    "huawei": (
        ("About phone", ""),
        ("Build number", "tap 7 times"),
        ("System and updates, Developer options", ""),
        ("USB debugging", "on"),
    ),
    "oppo": (
        ("About device, Version", ""),
        ("Build number", "tap 7 times"),
        ("Additional settings, Developer options", ""),
        ("USB debugging", "on"),
    ),
}
_SAME_AS = {"redmi": "xiaomi", "poco": "xiaomi", "honor": "huawei", "realme": "oppo", "oneplus": "oppo"}


def steps_of(make: str) -> tuple[tuple[str, str], ...]:
    """What to tap, in sequence, on phones of this make; the usual way for others."""
    name = make.casefold()
    return _BY_MAKE.get(_SAME_AS.get(name, name), _STOCK)


class SwitchPicture(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._make = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)
        self.show_make("")

    def show_make(self, make: str) -> None:
        self._make = make
        words = "; ".join(f"{tr(row)} {tr(value)}".strip() if value else tr(row) for row, value in steps_of(make))
        self.setAccessibleName(words)
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(WIDTH, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(0.5, 0.5, WIDTH - 1, HEIGHT - 1)
        painter.setPen(QPen(self._theme.colour("dim"), 1))
        painter.setBrush(self._theme.colour("background"))
        painter.drawRoundedRect(frame, 14, 14)
        painter.setFont(self._theme.font(12, bold=True))
        painter.setPen(self._theme.colour("text"))
        painter.drawText(QRectF(14, 10, WIDTH - 28, 20), Qt.AlignmentFlag.AlignVCenter, tr("Settings"))
        for place, (row, value) in enumerate(steps_of(self._make)):
            self._paint_row(painter, QRectF(8, 38 + place * (ROW + 7), WIDTH - 16, ROW), place + 1, tr(row), value)
        painter.end()

    def _paint_row(self, painter: QPainter, box: QRectF, number: int, text: str, value: str) -> None:
        is_switch = value == "on"
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.fill(Tone.OK) if is_switch else self._theme.colour("panel"))
        painter.drawRoundedRect(box, 6, 6)
        painter.setFont(self._theme.font(11))
        painter.setPen(self._theme.colour("dim"))
        painter.drawText(box.adjusted(8, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, str(number))
        painter.setPen(self._theme.colour("text"))
        note = "" if is_switch or not value else tr(value)
        room = box.adjusted(24, 0, -44 if is_switch else -8, 0)
        if note:
            width = painter.fontMetrics().horizontalAdvance(note)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, note)
            room = room.adjusted(0, 0, -width - 8, 0)
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, int(room.width()))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, shown)
        if is_switch:
            track = QRectF(box.right() - 38, box.center().y() - 8, 28, 16)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.ink(Tone.OK))
            painter.drawRoundedRect(track, 8, 8)
            painter.setBrush(self._theme.colour("panel"))
            painter.drawEllipse(track.adjusted(14, 2, -2, -2))
