"""Step 2: the push URL is pasted, kept, and tested by a real request whose answer is explained."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout

from phonefarm.application.model.setup_state import PushAnswer, PushTest, SetupState
from phonefarm.wording.setup import push_advice, push_text, right_push_text
from ui.engine.actions import Actions
from ui.pages.setup.checks import CauseBox, Check, CheckList
from ui.pages.setup.step_body import StepBody, field, show_problem
from ui.style.tokens import Tone
from ui.text.words import tr
from ui.widgets.basics import Label, button

PUSH_URL = "push_url"
TESTING = "testing the push URL"
_REACHED = frozenset(PushAnswer) - {
    PushAnswer.HOST_UNKNOWN,
    PushAnswer.SILENT,
    PushAnswer.CERTIFICATE,
    PushAnswer.NOT_SENT,
}


class PushStep(StepBody):
    def __init__(self, actions: Actions) -> None:
        super().__init__(actions)
        layout, self.url, self.problem = field(tr("Push URL"), "https://…/PUSH_SMS_RENT")
        self.form.addLayout(layout)
        about = tr("Where phonefarm sends each SMS. Onlinesim's support gives it to you. The test tells no customer.")
        self.form.addWidget(Label(about, "caption", wrap=True))
        self.send_test = button(tr("Send test"))
        self.form.addSpacing(4)
        row = QHBoxLayout()
        row.addWidget(self.send_test)
        row.addStretch(1)
        self.form.addLayout(row)
        self.form.addStretch(1)
        self.checks = CheckList()
        self.cause = CauseBox()
        self.found.addWidget(self.checks)
        self.found.addWidget(self.cause)
        self.found.addStretch(1)
        self._saved = ""
        self.url.editingFinished.connect(self._apply)
        self.send_test.clicked.connect(self._test)
        self.send_test.setEnabled(False)
        self._show_untested()

    def focus_first(self) -> None:
        self.url.setFocus()

    async def refresh(self) -> None:
        settings = await self._actions.ask(tr("reading the settings"), lambda desk: desk.settings())
        found = next((one for one in settings or () if one.name == PUSH_URL), None)
        if found is None:
            return
        if not self.url.hasFocus() or self.url.text() == self._saved:
            self.url.setText(found.value)
        self._saved = found.value
        self.url.setReadOnly(found.source == "environment")
        self.send_test.setEnabled(bool(found.value))

    def show_state(self, state: SetupState) -> None:
        if state.push_test is None:
            self._show_untested()
        else:
            self.show_test(state.push_test)

    def show_test(self, test: PushTest) -> None:
        is_reached = test.answer in _REACHED
        text = push_text(test, tr)
        key = {True: Check(tr("Key"), tr("accepted"), Tone.OK), False: Check(tr("Key"), tr("not tested"))}[
            test.is_right
        ]
        if test.answer is PushAnswer.KEY_REFUSED:
            key = Check(tr("Key"), tr("refused"), Tone.BAD)
        connection = tr("answers in {ms} ms").format(ms=test.milliseconds)
        self.checks.show_checks(
            [
                Check(tr("Connection"), connection if is_reached else text, Tone.OK if is_reached else Tone.BAD),
                key,
                self._answer(test) if is_reached else Check(tr("Answer"), tr("none")),
            ]
        )
        if advice := push_advice(test, tr):
            self.cause.show_cause(text, advice)
        else:
            self.cause.hide()

    @staticmethod
    def _answer(test: PushTest) -> Check:
        if test.is_right:
            return Check(tr("Answer"), right_push_text(test, tr), Tone.OK)
        return Check(tr("Answer"), push_text(test, tr), Tone.BAD)

    def _show_untested(self) -> None:
        names = (tr("Connection"), tr("Key"), tr("Answer"))
        self.checks.show_checks([Check(name, tr("not tested")) for name in names])
        self.cause.hide()

    def _apply(self) -> None:
        url = self.url.text().strip()
        if url != self._saved:
            self.run(lambda: self._save_and_test(url), tr("saving the push URL"))

    async def _save_and_test(self, url: str) -> None:
        problems = await self._actions.ask(tr("saving the push URL"), lambda desk: desk.save_settings({PUSH_URL: url}))
        if problems is None:
            return
        show_problem(self.url, self.problem, problems[0].problem if problems else "")
        if problems:
            return
        self._saved = url
        self.send_test.setEnabled(bool(url))
        if url:
            await self._run_test()
        else:
            self._show_untested()

    def _test(self) -> None:
        self.run(self._run_test, tr(TESTING), skip_if_busy=True)

    async def _run_test(self) -> None:
        test = await self._actions.ask(tr(TESTING), lambda desk: desk.test_push_url())
        if test is not None:
            self.show_test(test)
