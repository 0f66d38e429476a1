"""The health checks, each with its state now, its strip of the last day, and its last fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from phonefarm.application.model.log_entries import HealthHistory, Interval
from phonefarm.application.model.read_models import HealthCheck, Verdict
from phonefarm.wording.health import health_text
from ui.pages.health.strip import Strip, length_of, text_of
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.text import formats
from ui.text.safe_text import one_line
from ui.text.words import CHECK_NAMES, VERDICTS, counted, tr
from ui.text.words.log import earlier_faults_text, interval_text, last_fault, no_fault_text
from ui.widgets.basics import Card, ElidedLabel, Label, hairline, heading_row, restyle
from ui.widgets.timeline import Dot

WIDTH = 428
ROW_HEIGHT = 65
ORDER = ("webhooks", "tunnel", "market", "calls", "adb", "storage", "disk", "clock", "keyring", "backups", "engine")
"""As the page shows them; any other comes last."""


class CheckRow(QWidget):
    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.setMinimumHeight(ROW_HEIGHT)
        self._title = Label(tr(CHECK_NAMES.get(name, name.capitalize())), "heading")
        self._state = ElidedLabel("")
        self._state.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._dot = Dot(theme, Tone.IDLE)
        self.strip = Strip(theme, tr("{check}, last 24 hours").format(check=self._title.text()))
        self.strip.pointed.connect(self._show_pointed)
        self._sentence = ElidedLabel("", "caption")
        self._usual_sentence = ""
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._dot)
        head.addWidget(self._title)
        head.addWidget(self._state, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 6, 16, 5)
        layout.setSpacing(1)
        layout.addLayout(head)
        layout.addWidget(self.strip)
        layout.addWidget(self._sentence)

    def show_check(self, check: HealthCheck) -> None:
        verdict = VERDICTS[check.verdict]
        self._dot.show_tone(verdict.tone)
        self._state.show_text(one_line(health_text(check.health, tr), 120) or verdict.label())
        restyle(self._state, "ink", {Verdict.PASS: "idle", Verdict.WARN: "warn", Verdict.FAIL: "bad"}[check.verdict])
        self.setAccessibleName(f"{self._title.text()}: {self._state.whole_text()}, {verdict.label()}")

    def show_intervals(self, found: Sequence[Interval]) -> None:
        self.strip.show_intervals(found)
        self._usual_sentence = _sentence_of(found)
        self._sentence.show_text(self._usual_sentence)

    def _show_pointed(self, interval: Interval | None) -> None:
        """The interval that is pointed at, instead of the last fault."""
        self._sentence.show_text(self._usual_sentence if interval is None else text_of(interval))

    def words(self) -> tuple[str, str]:
        """The state now, and the sentence below the strip."""
        return self._state.whole_text(), self._sentence.whole_text()


def _sentence_of(found: Sequence[Interval]) -> str:
    fault = last_fault(found)
    if fault is None:
        return no_fault_text(found)
    told = interval_text(fault, formats.hour_minute(fault.begin), length_of(fault))
    earlier = earlier_faults_text(found)
    return f"{told}. {earlier}" if earlier else told


class ChecksPanel(Card):
    interval_chosen = Signal(object)
    """An Interval in which a check was not well."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(margins=1, spacing=0)
        self._theme = theme
        self.rows: dict[str, CheckRow] = {}
        head, _title, self._needs = heading_row(tr("Checks"), "")
        head.setContentsMargins(16, 12, 16, 4)
        self._times = [Label("", "caption") for _ in range(3)]
        times = QHBoxLayout()
        times.setContentsMargins(16, 0, 16, 4)
        sides = (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight)
        for label, side in zip(self._times, sides, strict=True):
            label.setAlignment(side)
            times.addWidget(label, 1)
        holder = QWidget()
        self._list = QVBoxLayout(holder)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        self._list.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(holder)
        self.content.addLayout(head)
        self.content.addLayout(times)
        self.content.addWidget(scroll, 1)

    def show_checks(self, checks: Sequence[HealthCheck]) -> None:
        places = {name: place for place, name in enumerate(ORDER)}
        for check in sorted(checks, key=lambda each: places.get(each.name, len(places))):
            if check.name not in self.rows:
                self._add(check.name)
            self.rows[check.name].show_check(check)
        need = sum(check.verdict is not Verdict.PASS for check in checks)
        whole = formats.number(len(checks))
        told = counted(need, "1 of {all} needs action", "%n of {all} need action").format(all=whole)
        self._needs.show_text(told if need else tr("all {all} in order").format(all=whole))

    def show_history(self, history: HealthHistory) -> None:
        middle = history.begin + (history.end - history.begin) / 2
        texts = (formats.day_time(history.begin, history.end), formats.hour_minute(middle), tr("now"))
        for label, text in zip(self._times, texts, strict=True):
            label.setText(text)
        checks: Mapping[str, Sequence[Interval]] = history.checks
        for name, row in self.rows.items():
            row.show_intervals(checks.get(name, []))

    def _add(self, name: str) -> None:
        row = CheckRow(self._theme, name)
        row.strip.chosen.connect(self.interval_chosen)
        self.rows[name] = row
        end = self._list.count() - 1
        self._list.insertWidget(end, hairline())
        self._list.insertWidget(end + 1, row)
