"""Step 6: a made-up SMS goes through the whole chain; each link is green, or red with its cause."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QHBoxLayout

from phonefarm.application.model.read_models import SimRow
from phonefarm.application.model.row_queries import SIMS
from phonefarm.application.model.setup_state import FactKind, Link, LinkResult, SetupState, SmsChainResult, StepName
from phonefarm.wording.setup import LINKS, push_advice, push_text, right_push_text
from ui.engine.actions import Actions
from ui.pages.setup.checks import CauseBox, Check, CheckList
from ui.pages.setup.step_body import StepBody
from ui.style.tokens import Tone
from ui.text import formats
from ui.text.words import tr
from ui.widgets.basics import Label, button
from ui.widgets.wheel_guard import guarded

TESTING = "sending a test SMS"


class SmsStep(StepBody):
    def __init__(self, actions: Actions) -> None:
        super().__init__(actions)
        self.sim = guarded(QComboBox())
        self.sim.setAccessibleName(tr("SIM"))
        self.send = button(tr("Send a test SMS"), "main")
        self.why_not = Label(tr("First a phone must be ready, and its SIM have a number: steps 4 and 5."), "caption")
        self.why_not.setWordWrap(True)
        self.form.addWidget(Label(tr("SIM"), "caption"))
        self.form.addWidget(self.sim)
        about = tr(
            "A made-up SMS of this SIM goes the way of a real one, for a rent that exists for this test alone. No "
            "phone is asked, no customer and no money is in it, and nothing of it is kept."
        )
        self.form.addWidget(Label(about, "caption", wrap=True))
        self.form.addSpacing(4)
        row = QHBoxLayout()
        row.addWidget(self.send)
        row.addStretch(1)
        self.form.addLayout(row)
        self.form.addWidget(self.why_not)
        self.form.addStretch(1)
        self.checks = CheckList()
        self.cause = CauseBox()
        self.found.addWidget(self.checks)
        self.found.addWidget(self.cause)
        self.found.addStretch(1)
        self.send.clicked.connect(self._test)
        self._show_untested()

    def focus_first(self) -> None:
        (self.send if self.send.isEnabled() else self.sim).setFocus()

    async def refresh(self) -> None:
        sims = await self._actions.ask(tr("reading the SIMs"), lambda desk: desk.rows(SIMS))
        if sims is None:
            return
        usable = [sim for sim in sims if sim.phone_id and sim.msisdn and sim.rent_id is None]
        if [sim.sim_id for sim in usable] == [self.sim.itemData(place) for place in range(self.sim.count())]:
            return
        chosen = self.sim.currentData()
        self.sim.clear()
        for sim in usable:
            self.sim.addItem(_name_of(sim), sim.sim_id)
        self.sim.setCurrentIndex(max(self.sim.findData(chosen), 0))
        self._show_whether_possible()

    def show_state(self, state: SetupState) -> None:
        if state.step(StepName.TEST_SMS).fact is FactKind.TEST_NEEDS:
            self._show_untested()
        self._show_whether_possible()

    def _show_whether_possible(self) -> None:
        can_send = self.sim.count() > 0
        self.send.setEnabled(can_send)
        self.sim.setEnabled(can_send)
        self.why_not.setVisible(not can_send)

    def _show_untested(self) -> None:
        self.checks.show_checks([Check(tr(name), tr("not tested")) for name in LINKS.values()])
        self.cause.hide()

    def _test(self) -> None:
        self.run(self._run_test, tr(TESTING), skip_if_busy=True)

    async def _run_test(self) -> None:
        sim_id = self.sim.currentData()
        result = await self._actions.ask(tr(TESTING), lambda desk: desk.test_sms(sim_id))
        if result is not None:
            self.show_result(result)

    def show_result(self, result: SmsChainResult) -> None:
        results = {found.link: found for found in result.links}
        self.checks.show_checks([_check(link, results.get(link)) for link in Link])
        failed = next((found for found in result.links if not found.is_passed), None)
        if failed is None:
            self.cause.hide()
            return
        cause = failed.cause if failed.push is None else push_text(failed.push, tr)
        why = "" if failed.push is None else push_advice(failed.push, tr)
        self.cause.show_cause(tr(cause), why)


def _check(link: Link, result: LinkResult | None) -> Check:
    name = tr(LINKS[link])
    if result is None:
        return Check(name, tr("not reached"))
    if result.push is not None:
        if result.is_passed:
            return Check(name, right_push_text(result.push, tr), Tone.OK)
        return Check(name, push_text(result.push, tr), Tone.BAD)
    return Check(name, tr("passed"), Tone.OK) if result.is_passed else Check(name, tr(result.cause), Tone.BAD)


def _name_of(sim: SimRow) -> str:
    return f"{formats.msisdn(sim.msisdn)} · {formats.phone_and_slot(sim.phone_label, sim.slot)}"
