"""The log: chips, search and dates above, entries in the middle, how much there is below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QLineEdit, QStackedWidget, QWidget

from phonefarm.application.model.log_entries import EntryKind, Interval, LogBatch, LogQuery, LogSummary
from ui.pages.health.log_range import AROUND_FAULT, IN_RANGE, RANGES, LogRange, range_begin
from ui.pages.health.stream_model import StreamModel
from ui.pages.health.stream_view import StreamView
from ui.style.theme import Theme
from ui.text import formats
from ui.text.periods import Period, PeriodName, period_of
from ui.text.words import counted, tr
from ui.text.words.log import CHIPS, happenings_named, outcomes_named
from ui.widgets.basics import Card, ElidedLabel, Label, button, hairline
from ui.widgets.flow_layout import FlowLayout
from ui.widgets.page_head import EmptyView
from ui.widgets.period_choice import CustomPeriod
from ui.widgets.wheel_guard import guarded

SEARCH_DELAY_MS = 250


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the user has chosen to see."""

    kind: EntryKind | None = None
    """None: all."""
    text: str = ""
    dates: LogRange = LogRange.DAY
    own: Period | None = None
    fault: Interval | None = None
    """Only what happened around it."""

    @property
    def is_narrow(self) -> bool:
        """Whether it may hide entries of the last day."""
        return self.kind is not None or bool(self.text) or self.fault is not None or self.dates is LogRange.HOUR

    def query(self, now: datetime) -> LogQuery:
        since, until = range_begin(self.dates, now), None
        if self.dates is LogRange.OWN and self.own is not None:
            since, until = self.own.begin, self.own.end
        if self.fault is not None:
            since, until = self.fault.begin - AROUND_FAULT, self.fault.end + AROUND_FAULT
        return LogQuery(
            kinds=frozenset(EntryKind) if self.kind is None else frozenset({self.kind}),
            text=self.text,
            outcomes=outcomes_named(self.text) if self.text else frozenset(),
            happenings=happenings_named(self.text) if self.text else frozenset(),
            since=since,
            until=until,
        )


class StreamPanel(Card):
    choice_changed = Signal()
    export_requested = Signal()
    settings_requested = Signal()
    retry_requested = Signal()

    def __init__(self, theme: Theme, today: Callable[[], datetime]) -> None:
        super().__init__(margins=1, spacing=0)
        self._now = today
        self.choice = Choice()
        self.model = StreamModel(self)
        self.view = StreamView(self.model, theme)
        self.empty = EmptyView()
        self.chips = QButtonGroup(self)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search number, address, rent, sentence"))
        self.search.setAccessibleName(tr("Search the log"))
        self.search.setClearButtonEnabled(True)
        self.dates = guarded(QComboBox())
        self.dates.setAccessibleName(tr("Dates of the log"))
        for name, text in RANGES.items():
            self.dates.addItem(tr(text), name)
        self.dates.setCurrentIndex(list(RANGES).index(LogRange.DAY))
        self.custom = CustomPeriod(period_of(PeriodName.WEEK, today().astimezone().date()))
        self.custom.hide()
        self.export = button(tr("Export…"), tooltip=tr("Save the chosen entries as CSV"))
        self.fault = button("", "filter", tooltip=tr("Show all times again"))
        self.fault.setCheckable(True)
        self.fault.hide()
        self.news = button("", "main")
        self.news.hide()
        self._search_timer = QTimer(self, singleShot=True, interval=SEARCH_DELAY_MS)
        self._foot = ElidedLabel("", "caption")
        self._bounds = Label("", "caption")
        self._change = button(tr("Change"), "quiet", tooltip=tr("Open the settings of the log"))
        self._failure = QWidget()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.content.addWidget(self._make_chips())
        row = QHBoxLayout()
        row.setContentsMargins(16, 8, 16, 10)
        row.setSpacing(8)
        row.addWidget(self.search, 1)
        row.addWidget(self.fault)
        row.addWidget(self.dates)
        row.addWidget(self.export)
        self.content.addLayout(row)
        self.custom.setContentsMargins(16, 0, 16, 10)
        self.content.addWidget(self.custom)
        self.content.addWidget(hairline())
        self.content.addWidget(self.news)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.empty)
        self.content.addWidget(self._stack, 1)
        failure = QHBoxLayout(self._failure)
        failure.setContentsMargins(16, 6, 16, 6)
        failure.addWidget(Label(tr("Could not read the log."), "dim"))
        self.retry = button(tr("Try again"))
        failure.addWidget(self.retry)
        failure.addStretch(1)
        self._failure.hide()
        self.content.addWidget(self._failure)
        self.content.addWidget(hairline())
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 4, 12, 4)
        foot.addWidget(self._foot, 1)
        foot.addWidget(self._bounds)
        foot.addWidget(self._change)
        self.content.addLayout(foot)

    def _make_chips(self) -> QWidget:
        holder = QWidget()
        flow = FlowLayout(holder, spacing=6)
        flow.setContentsMargins(16, 10, 16, 0)
        for place, text in enumerate([tr("All"), *map(tr, CHIPS.values())]):
            chip = button(text, "filter", name=tr("Show {name}").format(name=text))
            chip.setCheckable(True)
            chip.setChecked(not place)
            self.chips.addButton(chip, place)
            flow.addWidget(chip)
        return holder

    def _connect(self) -> None:
        self.chips.idClicked.connect(lambda place: self.choose_kind(([None, *CHIPS])[place]))
        self.search.textChanged.connect(lambda _text: self._search_timer.start())
        self._search_timer.timeout.connect(lambda: self._choose(text=" ".join(self.search.text().split())))
        self.dates.activated.connect(lambda place: self.choose_dates(list(RANGES)[place]))
        self.custom.changed.connect(lambda: self._choose(own=self.custom.period()))
        self.export.clicked.connect(self.export_requested)
        self.fault.clicked.connect(lambda: self._choose(fault=None))
        self._change.clicked.connect(self.settings_requested)
        self.retry.clicked.connect(self.retry_requested)
        self.empty.button_pressed.connect(self._leave_empty)
        self.view.kind_requested.connect(self.choose_kind)

    # Choosing ------------------------------------------------------------------------

    def choose_kind(self, kind: EntryKind | None) -> None:
        self.chips.button([None, *CHIPS].index(kind)).setChecked(True)
        self._choose(kind=kind)

    def choose_dates(self, name: LogRange) -> None:
        self.dates.setCurrentIndex(list(RANGES).index(name))
        self.custom.setVisible(name is LogRange.OWN)
        self._choose(dates=name, own=self.custom.period(), fault=None)

    def choose_fault(self, fault: Interval) -> None:
        """Only what happened around it."""
        self._choose(fault=fault)

    def show_all(self) -> None:
        self.search.clear()
        self._search_timer.stop()
        self.chips.button(0).setChecked(True)
        self.dates.setCurrentIndex(list(RANGES).index(LogRange.ALL))
        self.custom.hide()
        self._choose(kind=None, text="", dates=LogRange.ALL, fault=None)

    def _choose(self, **changes: object) -> None:
        choice = replace(self.choice, **changes)  # type: ignore[arg-type]
        fault = choice.fault
        self.fault.setVisible(fault is not None)
        self.fault.setChecked(fault is not None)
        if fault is not None:
            begin, end = (formats.hour_minute(at) for at in (fault.begin, fault.end))
            times = begin if begin == end else tr("{begin} to {end}").format(begin=begin, end=end)
            self.fault.setText(f"{times}  ×")
            self.fault.setAccessibleName(tr("Only {times}: show all times again").format(times=times))
        if choice != self.choice:
            self.choice = choice
            self.choice_changed.emit()

    def _leave_empty(self) -> None:
        if self.choice.is_narrow or self.choice.dates is not LogRange.ALL:
            self.show_all()
        else:
            self.settings_requested.emit()

    # Showing -------------------------------------------------------------------------

    def show_first(self, batch: LogBatch) -> None:
        self.model.replace_all(batch.entries)
        self.view.scrollToTop()

    def show_failure(self, *, visible: bool) -> None:
        self._failure.setVisible(visible)

    def show_news(self, count: int) -> None:
        """While an entry is open or older ones are looked at, the list does not move by itself."""
        self.news.setVisible(count > 0)
        self.news.setText(counted(count, "1 new entry", "%n new entries"))
        self.news.setAccessibleName(self.news.text())

    def show_summary(self, summary: LogSummary) -> None:
        chip = self.chips.button([None, *CHIPS].index(EntryKind.WRONG_KEY))
        name = tr(CHIPS[EntryKind.WRONG_KEY])
        chip.setText(f"{name} {formats.number(summary.wrong_keys)}" if summary.wrong_keys else name)
        where = tr("around this fault") if self.choice.fault is not None else tr(IN_RANGE[self.choice.dates])
        told = counted(summary.entries, "1 entry", "%n entries").replace(
            str(summary.entries), formats.number(summary.entries)
        )
        lost = counted(summary.lost, "1 call could not be logged", "%n calls could not be logged")
        self._foot.show_text(f"{told} {where}" + (f", {lost}" if summary.lost else ""))
        bounds = tr("kept for {days} days or {megabytes} MB")
        self._bounds.setText(bounds.format(days=summary.kept_days, megabytes=summary.kept_megabytes))

    def show_state(self, *, is_loaded: bool, is_searching: bool, has_called: bool) -> None:
        """Entries, or why there are none."""
        if self.model.rowCount():
            self._stack.setCurrentWidget(self.view)
            return
        self._stack.setCurrentWidget(self.empty)
        if not is_loaded:
            self.empty.show_text("", "")
        elif is_searching:
            self.empty.show_text(tr("Searching older entries…"), "")
        elif self.choice.is_narrow:
            self.empty.show_text(tr("Nothing in the log matches"), "", tr("Show all"))
        elif not has_called:
            self.empty.show_text(
                tr("No call from Onlinesim yet"),
                tr("Onlinesim calls when its support has your three addresses and your tunnel is up."),
                tr("Open the settings"),
            )
        elif self.choice.dates is not LogRange.ALL:
            self.empty.show_text(tr("Nothing happened on these dates"), "", tr("Show all"))
        else:
            self.empty.show_text(tr("Nothing has happened yet"), "")

    def foot_text(self) -> str:
        return self._foot.whole_text()
