"""Keeps the mouse wheel from changing a field while the user scrolls past it."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox

Field = TypeVar("Field", bound=QComboBox | QAbstractSpinBox)


def guarded(field: Field) -> Field:
    """The wheel changes the field only while it has the focus; otherwise it scrolls what is around it."""
    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # not by the wheel
    field.installEventFilter(_WheelGuard(field))
    return field


class _WheelGuard(QObject):
    def __init__(self, field: QComboBox | QAbstractSpinBox) -> None:
        super().__init__(field)
        self._field = field

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Wheel and not self._field.hasFocus():
            event.ignore()
            return True
        return False
