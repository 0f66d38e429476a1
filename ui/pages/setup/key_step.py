"""Step 1: the key is pasted, checked for its form, and kept; it is never shown again."""

from __future__ import annotations

from phonefarm.application.model.setup_state import FactKind, SetupState, StepName, StepState
from phonefarm.wording.setup import KEY_PLACES, fact_text
from ui.engine.actions import Actions
from ui.pages.setup.checks import CauseBox, Check, CheckList
from ui.pages.setup.step_body import StepBody, field, show_problem
from ui.style.tokens import Tone
from ui.text.words import tr
from ui.widgets.basics import Label, button

KEY = "api_key"


class KeyStep(StepBody):
    def __init__(self, actions: Actions) -> None:
        super().__init__(actions)
        layout, self.key, self.problem = field(tr("Key"), tr("Paste the key here"), is_secret=True)
        self.form.addLayout(layout)
        about = tr("It is kept as soon as you leave the field, is checked, and is not shown again.")
        self.form.addWidget(Label(about, "caption", wrap=True))
        self.form.addStretch(1)
        self.checks = CheckList()
        self.keep_in_file = button(tr("Keep in file"), "main")
        self.cause = CauseBox(self.keep_in_file)
        self.found.addWidget(self.checks)
        self.found.addWidget(self.cause)
        self.found.addStretch(1)
        self._key_for_file = ""
        self.key.editingFinished.connect(self._apply)
        self.keep_in_file.clicked.connect(self._keep_in_file)

    def focus_first(self) -> None:
        self.key.setFocus()

    def show_state(self, state: SetupState) -> None:
        step = state.step(StepName.KEY)
        is_kept = "place" in step.fields
        place = str(step.fields.get("place", ""))
        kept = tr(KEY_PLACES.get(place, place)) if is_kept else tr("no key yet")
        answers = {
            FactKind.KEY_ACCEPTED: (tr("accepts it"), Tone.OK),
            FactKind.KEY_REFUSED: (tr("refuses it"), Tone.BAD),
        }
        answer, tone = answers.get(step.fact, (tr("the test in step 2 tells"), None))
        self.checks.show_checks(
            [
                Check(tr("Key"), kept, Tone.OK if is_kept else None),
                Check(tr("Onlinesim"), answer, tone),
            ]
        )
        is_fixed = place == "environment"
        self.key.setEnabled(not is_fixed)
        if self._key_for_file:
            return
        if step.state is StepState.FAILED:
            self.cause.show_cause(fact_text(step, tr))
            self.keep_in_file.hide()
        else:
            self.cause.hide()

    def _apply(self) -> None:
        key = self.key.text().strip()
        if key:
            self.key.clear()
            self.run(lambda: self._save(key), tr("saving the key"))

    async def _save(self, key: str) -> None:
        problems = await self._actions.ask(tr("saving the key"), lambda desk: desk.save_settings({KEY: key}))
        if problems is None:
            return
        problem = next((found for found in problems if found.name == KEY), None)
        if problem is not None and problem.offers_key_file:
            self._key_for_file = key
            self.keep_in_file.show()
            self.cause.show_cause(
                tr("The keyring of this PC does not take the key"),
                tr("It can be kept in a file of the data folder that only your user account can read."),
                Tone.WARN,
            )
            return
        show_problem(self.key, self.problem, "" if problem is None else problem.problem)

    def _keep_in_file(self) -> None:
        key, self._key_for_file = self._key_for_file, ""
        self.run(lambda: self._save_in_file(key), tr("saving the key"))

    async def _save_in_file(self, key: str) -> None:
        problems = await self._actions.ask(
            tr("saving the key"), lambda desk: desk.save_settings({KEY: key}, key_in_file=True)
        )
        if problems:
            self.cause.show_cause(tr("The file could not be written"), problems[0].problem)
            self.keep_in_file.hide()
