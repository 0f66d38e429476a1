"""Step 7: waiting for the first order, and what Onlinesim has asked so far."""

from __future__ import annotations

from phonefarm.application.model.read_models import Overview
from phonefarm.application.model.setup_state import SetupState, StepName, StepState
from ui.engine.actions import Actions
from ui.pages.setup.checks import Check, CheckList
from ui.pages.setup.step_body import StepBody
from ui.style.tokens import Tone
from ui.table.row_table import utc_now
from ui.text import formats
from ui.text.words import counted, tr
from ui.widgets.basics import Label


class OrderStep(StepBody):
    def __init__(self, actions: Actions) -> None:
        super().__init__(actions)
        about = tr(
            "Onlinesim asks which numbers there are as soon as its support has entered your three URLs. That may take "
            "them a while. You may leave this page: the first order shows up here and on the Rents page."
        )
        self.form.addWidget(Label(about, "", wrap=True))
        self.form.addStretch(1)
        self.checks = CheckList()
        self.found.addWidget(self.checks)
        self.found.addStretch(1)
        self._state: SetupState | None = None
        self._on_offer = 0

    def show_state(self, state: SetupState) -> None:
        self._state = state
        self._show()

    def show_overview(self, overview: Overview) -> None:
        self._on_offer = overview.counts.numbers_on_offer
        self._show()

    def _show(self) -> None:
        state = self._state
        if state is None:
            return
        step = state.step(StepName.FIRST_ORDER)
        called = formats.day_time(step.at, utc_now()) if step.at is not None else tr("never")
        offer = counted(self._on_offer, "1 number", "%n numbers") if self._on_offer else tr("nothing")
        has_order = step.state is StepState.DONE
        order = tr("has come") if has_order else tr("not yet")
        self.checks.show_checks(
            [
                Check(
                    tr("Confirmation"),
                    tr("given") if state.is_confirmed else tr("missing: tick it at the top"),
                    Tone.OK if state.is_confirmed else Tone.BAD,
                ),
                Check(tr("For sale"), offer, Tone.OK if self._on_offer else Tone.WARN),
                Check(tr("Last call"), called, Tone.OK if step.at is not None else None),
                Check(tr("First order"), order, Tone.OK if has_order else None),
            ]
        )
