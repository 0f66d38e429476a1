"""The names of the periods, and the two fields for custom dates."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import QDate, Signal
from PySide6.QtWidgets import QDateEdit, QHBoxLayout, QWidget

from ui.text.periods import Period, PeriodName
from ui.text.words import tr
from ui.widgets.basics import Label
from ui.widgets.wheel_guard import guarded

PERIODS = {
    PeriodName.TODAY: "Today",
    PeriodName.WEEK: "7 days",
    PeriodName.MONTH: "This month",
    PeriodName.LAST_MONTH: "Last month",
    PeriodName.ALL: "All",
    PeriodName.OWN: "Custom dates",
}
FIELD_WIDTH = 140


class CustomPeriod(QWidget):
    """First and last day. Invariant: first <= last."""

    changed = Signal()

    def __init__(self, period: Period) -> None:
        super().__init__()
        self.first = _field(tr("From"), period.first)
        self.last = _field(tr("To"), period.last)
        self.first.dateChanged.connect(self._keep_in_order)
        self.last.dateChanged.connect(self._keep_in_order)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for name, field in ((tr("From"), self.first), (tr("To"), self.last)):
            caption = Label(name, "dim")
            caption.setBuddy(field)
            row.addWidget(caption)
            row.addWidget(field)
        row.addStretch(1)

    def period(self) -> Period:
        return Period(first=_day(self.first), last=_day(self.last))

    def _keep_in_order(self, chosen: QDate) -> None:
        """Adjust the field that the user did not change."""
        if self.first.date() > self.last.date():
            other = self.last if self.sender() is self.first else self.first
            other.setDate(chosen)
            return
        self.changed.emit()


def _day(field: QDateEdit) -> date:
    chosen = field.date()
    return date(chosen.year(), chosen.month(), chosen.day())


def _field(name: str, day: date) -> QDateEdit:
    field = guarded(QDateEdit())
    field.setCalendarPopup(True)
    field.setDisplayFormat("d MMM yyyy")
    field.setMinimumDate(QDate(2000, 1, 1))
    field.setDate(QDate(day.year, day.month, day.day))
    field.setAccessibleName(name)
    field.setMinimumWidth(FIELD_WIDTH)
    return field
