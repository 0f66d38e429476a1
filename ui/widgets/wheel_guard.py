"""Keeps the mouse wheel from changing a field that it only scrolls over."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox

Field = TypeVar("Field", bound=QComboBox | QAbstractSpinBox)


def guarded(field: Field) -> Field:
    """The field, which the wheel changes only while it has the focus; else what lies around it scrolls."""
    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the wheel itself must not give it the focus
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
