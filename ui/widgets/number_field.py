"""A number with its unit inside the field and two arrows; any text can be typed, so that it can be explained."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QValidator
from PySide6.QtWidgets import QAbstractSpinBox, QLineEdit

from ui.style.theme import Theme

WIDTH, HEIGHT = 148, 32
ARROWS_WIDTH = 24
UNIT_GAP = 5
INDENT = 8
TEXT_MARGIN = 2
"""Of Qt's line edit, inside its content."""


class _UnitLine(QLineEdit):
    """Shows the unit right behind what is typed."""

    def __init__(self, theme: Theme, unit: str) -> None:
        super().__init__()
        self._theme = theme
        self.unit = unit
        self.setTextMargins(INDENT, 0, 0, 0)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(self._theme.colour("dim"))
        left = INDENT + TEXT_MARGIN + self.fontMetrics().horizontalAdvance(self.text()) + UNIT_GAP
        place = self.rect().adjusted(left, 0, 0, 0)
        painter.drawText(place, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), self.unit)
        painter.end()


class NumberField(QAbstractSpinBox):
    """Arrows, arrow keys and the wheel step within the limits. What is typed is never corrected silently."""

    changed = Signal()

    def __init__(
        self, theme: Theme, unit: str, minimum: float | None, maximum: float | None, *, is_whole: bool
    ) -> None:
        super().__init__()
        self._minimum = -math.inf if minimum is None else minimum
        self._maximum = math.inf if maximum is None else maximum
        self._is_whole = is_whole
        self.setLineEdit(_UnitLine(theme, unit))
        self.lineEdit().textChanged.connect(self.changed)
        self.setProperty("role", "number")
        self.setFixedHeight(HEIGHT)

    def show_value(self, text: str) -> None:
        if text != self.value():
            self.lineEdit().setText(text)
            self.lineEdit().setCursorPosition(0)

    def value(self) -> str:
        """What is typed, with a point for the decimals."""
        return self.lineEdit().text().strip().replace(",", ".")

    def number(self) -> float | None:
        try:
            number = float(self.value())
        except ValueError:
            return None
        return number if math.isfinite(number) else None

    # Called by Qt ----------------------------------------------------------

    def sizeHint(self) -> QSize:  # noqa: N802
        longest = f"{self._maximum:g}" if math.isfinite(self._maximum) else "0000"
        line = self.lineEdit()
        unit = line.unit if isinstance(line, _UnitLine) else ""
        text = self.fontMetrics().horizontalAdvance(longest + unit) + UNIT_GAP + INDENT + 2 * TEXT_MARGIN
        return QSize(max(WIDTH, text + ARROWS_WIDTH + INDENT), HEIGHT)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return self.sizeHint()

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        return QValidator.State.Acceptable, text, position

    def stepBy(self, steps: int) -> None:  # noqa: N802
        number = self.number()
        if number is None:
            return
        base = math.floor(number) if steps > 0 else math.ceil(number)
        stepped = min(max(base + steps, self._minimum), self._maximum)
        if stepped > 0 or self._minimum < 0:  # a minimum of 0 is an excluded one
            self.lineEdit().setText(f"{stepped:g}")
            self.lineEdit().selectAll()

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:  # noqa: N802
        flags = QAbstractSpinBox.StepEnabledFlag.StepNone
        number = self.number()
        if number is None or self.isReadOnly():
            return flags
        if number < self._maximum:
            flags |= QAbstractSpinBox.StepEnabledFlag.StepUpEnabled
        if number > self._minimum:
            flags |= QAbstractSpinBox.StepEnabledFlag.StepDownEnabled
        return flags
