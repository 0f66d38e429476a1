"""The path to the first sale: a confirmation and seven steps, one of them open."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from phonefarm.application.model.read_models import Overview, Remedy, Topic
from phonefarm.application.model.setup_state import FactKind, SetupState, Step, StepName
from phonefarm.support.tasks import Tasks
from phonefarm.wording.setup import NO_CALL_YET, STEP_NAMES, fact_text
from ui.dialogs.questions import Question
from ui.engine.actions import Actions
from ui.engine.engine_link import Keys
from ui.engine.feed import Feed
from ui.listing.page import ScrollPage
from ui.pages.setup.address_step import AddressStep
from ui.pages.setup.key_step import KeyStep
from ui.pages.setup.numbers_step import NumbersStep
from ui.pages.setup.order_step import OrderStep
from ui.pages.setup.phones_step import PhonesStep, next_click
from ui.pages.setup.push_step import PushStep
from ui.pages.setup.rules import confirmation_text, rules_text
from ui.pages.setup.sms_step import SmsStep
from ui.pages.setup.step_body import StepBody
from ui.pages.setup.step_row import StepRow
from ui.style.theme import Theme
from ui.table.row_table import utc_now
from ui.text import formats
from ui.text.words import counted, tr
from ui.widgets.basics import Card, ElidedLabel, Label, button, hairline
from ui.widgets.page_head import HEIGHT as HEAD_HEIGHT

REFRESH_PAUSE_SECONDS = 0.5
SECONDS_BETWEEN_LOOKS = 15
"""What changes without an announcement, such as the last call, is looked at again."""
CONFIRM_HEIGHT = 44
_TOPICS = frozenset({Topic.OVERVIEW, Topic.PHONES, Topic.SIMS, Topic.NUMBERS, Topic.SETTINGS, Topic.RENTS})
LAYOUT_NOTE = (
    "Take the steps in any sequence and stop at any point: each is kept as soon as it is done. After the first sale "
    "this list makes room for the overview; Settings opens it again."
)


class SetupPage(ScrollPage):
    """Emits `state_shown` with each state, and `closed` when the user wants the overview."""

    state_shown = Signal(object)
    closed = Signal()

    def __init__(self, actions: Actions, tasks: Tasks, theme: Theme) -> None:
        super().__init__(Topic.OVERVIEW)
        self.scroll_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._actions = actions
        self.state: SetupState | None = None
        self.feed = Feed(self._refresh, tasks, tr("Ready to sell"), self, pause_seconds=REFRESH_PAUSE_SECONDS)
        phones = PhonesStep(actions, theme)
        phones.phones_requested.connect(lambda: self.row_requested.emit(Topic.PHONES, ""))
        self._order = OrderStep(actions)
        bodies: dict[StepName, StepBody] = {
            StepName.KEY: KeyStep(actions),
            StepName.PUSH_URL: PushStep(actions),
            StepName.PUBLIC_ADDRESS: AddressStep(actions, tasks),
            StepName.PHONES: phones,
            StepName.NUMBERS: NumbersStep(actions, theme),
            StepName.TEST_SMS: SmsStep(actions),
            StepName.FIRST_ORDER: self._order,
        }
        self.rows = {
            name: StepRow(name, number, tr(STEP_NAMES[name]), body)
            for number, (name, body) in enumerate(bodies.items(), 1)
        }
        self.summary = ElidedLabel("", "dim")
        self.confirmation = QCheckBox()
        self.rules = button(tr("What the rules say"), "quiet")
        self.overview_button = button(tr("Show the overview"))
        self._seconds = 0
        self._is_awake = False
        self._was_chosen = False
        """Whether the user has opened or closed a step; before, the next one to do is open."""
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(24, 16, 24, 20)
        layout.setSpacing(12)
        head = QHBoxLayout()
        head.setSpacing(10)
        title = Label(tr("Ready to sell"), "title")
        title.setFixedHeight(HEAD_HEIGHT)
        head.addWidget(title)
        head.addWidget(self.summary, 1)
        head.addWidget(self.overview_button)
        layout.addLayout(head)
        confirm = Card(margins=0, spacing=0)
        confirm.setFixedHeight(CONFIRM_HEIGHT)
        row = QHBoxLayout()
        row.setContentsMargins(16, 0, 8, 0)
        row.addWidget(self.confirmation, 1)
        row.addWidget(self.rules)
        confirm.content.addLayout(row)
        layout.addWidget(confirm)
        steps = Card(margins=0, spacing=0)
        for place, step in enumerate(self.rows.values()):
            if place:
                steps.content.addWidget(hairline())
            steps.content.addWidget(step)
        layout.addWidget(steps)
        layout.addWidget(Label(tr(LAYOUT_NOTE), "caption", wrap=True))
        layout.addStretch(1)
        self.scroll_area.setWidget(inside)

    def _connect(self) -> None:
        self.confirmation.clicked.connect(self._confirm)
        self.rules.clicked.connect(self._show_rules)
        self.overview_button.clicked.connect(self.closed)
        for name, row in self.rows.items():
            row.toggled.connect(lambda name=name: self._toggle(name))
            row.walked.connect(lambda steps, name=name: self._walk(name, steps))
            row.body.done_something.connect(lambda: self.feed.mark_stale(None))
        close = QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self._close_open)
        close.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    # Called by the shell -------------------------------------------------------------

    def wake(self) -> None:
        self._is_awake = True
        self.feed.wake()
        if (row := self.open_row) is not None:
            row.body.wake()

    def sleep(self) -> None:
        self._is_awake = False
        self.feed.sleep()
        if (row := self.open_row) is not None:
            row.body.sleep()

    def note_change(self, topic: Topic, keys: Keys) -> None:
        if topic in _TOPICS:
            self.feed.mark_stale(None)
            if (row := self.open_row) is not None:
                row.body.note_change(keys)

    def tick(self) -> None:
        self._seconds += 1
        if self._seconds % SECONDS_BETWEEN_LOOKS == 0:
            self.feed.mark_stale(None)

    def show_overview(self, overview: Overview) -> None:
        self._order.show_overview(overview)

    async def wait_until_idle(self) -> None:
        await self.feed.wait_until_idle()

    async def _refresh(self, keys: Keys) -> bool:
        state = await self._actions.ask(tr("reading the steps"), lambda desk: desk.setup())
        if state is None:
            return False
        self.show_state(state)
        if (row := self.open_row) is not None:
            await row.body.refresh()
        return True

    # Showing -------------------------------------------------------------------------

    @property
    def open_row(self) -> StepRow | None:
        return next((row for row in self.rows.values() if row.is_open), None)

    def show_state(self, state: SetupState) -> None:
        self.state = state
        done = tr("{done} of {steps} done").format(done=state.done, steps=len(state.steps))
        left = counted(state.minutes_left, "about 1 minute left", "about %n minutes left")
        self.summary.show_text(f"{done} · {left}" if state.minutes_left else done)
        self.confirmation.setText(confirmation_text(state.countries))
        self.confirmation.setChecked(state.is_confirmed)
        self.confirmation.setEnabled(not state.is_over)
        for step in state.steps:
            row = self.rows[step.name]
            row.show_step(step.state, _fact(step))
            row.body.show_state(state)
        if not self._was_chosen and self.open_row is None and state.next_step is not None and not state.is_over:
            self._open(state.next_step.name)
        self.state_shown.emit(state)

    def open_step(self, name: StepName) -> None:
        """Open a step and close the others."""
        self._was_chosen = True
        self._open(name)
        self.rows[name].body.focus_first()

    def _open(self, name: StepName) -> None:
        for other, row in self.rows.items():
            if row.is_open and other is not name:
                row.set_open(False)
                row.body.sleep()
        row = self.rows[name]
        row.set_open(True)
        if self._is_awake:
            row.body.wake()
            self._actions.start(row.body.refresh, tr("reading a step"))

    def _toggle(self, name: StepName) -> None:
        self._was_chosen = True
        row = self.rows[name]
        if row.is_open:
            self._close(row)
        else:
            self.open_step(name)

    def _close_open(self) -> None:
        if (row := self.open_row) is not None:
            self._was_chosen = True
            self._close(row)

    def _close(self, row: StepRow) -> None:
        row.set_open(False)
        row.body.sleep()
        row.head.setFocus()

    def _walk(self, name: StepName, steps: int) -> None:
        names = list(self.rows)
        place = min(max(names.index(name) + steps, 0), len(names) - 1)
        self.rows[names[place]].head.setFocus()

    # The confirmation ----------------------------------------------------------------

    def _confirm(self) -> None:
        is_confirmed = self.confirmation.isChecked()

        async def work() -> None:
            await self._actions.ask(
                tr("keeping the confirmation"), lambda desk: desk.confirm_own_sims(is_confirmed=is_confirmed)
            )
            self.feed.mark_stale(None)

        self._actions.start(work, tr("keeping the confirmation"))

    def _show_rules(self) -> None:
        countries = self.state.countries if self.state is not None else ()
        question = Question(self, tr("What the rules say"), rules_text(countries), tr("Close"))
        question.open()


def _fact(step: Step) -> str:
    text = fact_text(step, tr, lambda remedy: next_click(Remedy(remedy)))
    if step.fact is FactKind.ORDER_AWAITED and step.at is None:
        return f"{text}. {tr(NO_CALL_YET)}"
    if step.fact is FactKind.ORDER_AWAITED and step.at is not None:
        called = formats.day_time(step.at, utc_now())
        return f"{text}. {tr('Last call from Onlinesim: {when}').format(when=called)}"
    return text
