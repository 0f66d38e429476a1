"""Step 5: the numbers of the SIMs, looked at before they are taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout

from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.model.row_queries import NUMBER_TASKS, SIMS
from phonefarm.application.model.setup_state import NumberDraft
from ui.dialogs.left_out_dialog import LeftOutDialog
from ui.engine.actions import Actions
from ui.pages.setup.number_grid import GridLine, NumberGrid
from ui.pages.setup.step_body import StepBody
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.table.row_index import natural
from ui.text.words import counted, tr
from ui.widgets.basics import Label, button, restyle

TABLE_FILES = "CSV, XLSX (*.csv *.txt *.xlsx);;All files (*)"
READING, TAKING = "reading a file of numbers", "taking numbers"
BAD_LINES_SHOWN = 4


class NumbersStep(StepBody):
    def __init__(self, actions: Actions, theme: Theme) -> None:
        super().__init__(actions, is_wide=True)
        self.grid = NumberGrid(theme)
        self.about = Label(
            tr("Type numbers, paste a column from a spreadsheet (Ctrl+V), or drop a CSV or XLSX file here."), "caption"
        )
        self.about.setWordWrap(True)
        self.take = button(tr("Take the numbers"), "main")
        self.undo = button(tr("Undo"))
        self.use_found = button(tr("Use the found numbers"))
        self.open_file = button(tr("Open a file…"))
        self.said = Label("", "caption", wrap=True)
        self.file_said = Label("", "caption", wrap=True)
        self.file_said.hide()
        self.file_take = button(tr("Take the file"), "main")
        self.file_drop = button(tr("Leave it"))
        self.file_path = ""
        self._lay_out()
        self.grid.changed.connect(self._check)
        self.grid.file_dropped.connect(self.preview_file)
        self.take.clicked.connect(self._take)
        self.undo.clicked.connect(self.grid.take_back)
        self.use_found.clicked.connect(self._use_found)
        self.open_file.clicked.connect(self._choose_file)
        self.file_take.clicked.connect(self._take_file)
        self.file_drop.clicked.connect(self._leave_file)
        self._show_buttons()

    def _lay_out(self) -> None:
        for widget in (self.about, self.grid, self.said, self.file_said):
            self.found.addWidget(widget)
        row = QHBoxLayout()
        row.setSpacing(8)
        for each in (self.take, self.undo, self.file_take, self.file_drop, self.use_found, self.open_file):
            row.addWidget(each)
        row.addStretch(1)
        self.found.addLayout(row)
        self.found.setSpacing(8)

    # Called by the page --------------------------------------------------------------

    async def refresh(self) -> None:
        sims = await self._actions.ask(tr("reading the SIMs"), lambda desk: desk.rows(SIMS))
        tasks = await self._actions.ask(tr("reading the numbers"), lambda desk: desk.rows(NUMBER_TASKS))
        if sims is None or tasks is None:
            return
        found = {task.sim_id: task.found for task in tasks if task.found and not task.found_on}
        seated = [sim for sim in sims if sim.phone_id]
        seated.sort(key=lambda sim: (bool(sim.msisdn), natural(sim.phone_label), sim.slot or 0))
        self.grid.show_lines([GridLine(sim, found.get(sim.sim_id, "")) for sim in seated])
        self._show_buttons()

    def focus_first(self) -> None:
        self.grid.setFocus()
        empty = next((row for row, line in enumerate(self.grid.lines) if not line.sim.msisdn), 0)
        self.grid.setCurrentCell(empty, 4)

    # Numbers that were typed ---------------------------------------------------------

    def _found(self) -> dict[str, str]:
        drafts = self.grid.drafts()
        return {
            line.sim.sim_id: f"+{line.found}"
            for line in self.grid.lines
            if line.found and not line.sim.msisdn and line.sim.sim_id not in drafts
        }

    def _use_found(self) -> None:
        self.grid.put(self._found())

    def _check(self) -> None:
        """What is wrong is said before anything is taken."""
        self._show_buttons()
        self._actions.start(self._run_check, tr("checking numbers"))

    async def _run_check(self) -> None:
        drafts = self.grid.drafts()
        problems: Mapping[str, str] | None = {}
        if drafts:
            problems = await self._actions.ask(tr("checking numbers"), lambda desk: desk.check_numbers(drafts))
        if problems is not None and drafts == self.grid.drafts():
            self.grid.show_problems(problems)
            self._show_buttons()

    def _take(self) -> None:
        self.run(self._take_drafts, tr(TAKING))

    async def _take_drafts(self) -> None:
        drafts = self.grid.drafts()
        problems = await self._actions.ask(tr("checking numbers"), lambda desk: desk.check_numbers(drafts))
        if problems is None:
            return
        self.grid.show_problems(problems)
        good = {sim_id: number for sim_id, number in drafts.items() if sim_id not in problems}
        taken = 0
        for sim_id, number in good.items():
            if await self._set_number(sim_id, number):
                taken += 1
        await self.refresh()
        if taken:
            self._actions.notice(Tone.OK, counted(taken, "1 number taken", "%n numbers taken"))

    async def _set_number(self, sim_id: str, number: str) -> bool:
        async def command(desk: FarmDesk) -> bool:
            await desk.set_number(sim_id, number)
            return True

        return bool(await self._actions.ask(tr(TAKING), command))

    # A file --------------------------------------------------------------------------

    def _choose_file(self) -> None:
        dialog = QFileDialog(self, tr("Open a file of numbers"), "", tr(TABLE_FILES))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.preview_file)
        dialog.open()

    def preview_file(self, path: str) -> None:
        self.run(lambda: self._preview(path), tr(READING))

    async def _preview(self, path: str) -> None:
        drafts = await self._actions.ask(tr(READING), lambda desk: desk.preview_numbers(path))
        if drafts is None:
            return
        self.file_path = path
        self._show_file(drafts)

    def _show_file(self, drafts: Sequence[NumberDraft]) -> None:
        good = sum(not draft.problem for draft in drafts)
        bad = [draft for draft in drafts if draft.problem]
        lines = [counted(good, "1 line of the file can be taken", "%n lines of the file can be taken") + "."]
        lines += [tr("Line {line}: {problem}").format(line=d.line, problem=d.problem) for d in bad[:BAD_LINES_SHOWN]]
        if len(bad) > BAD_LINES_SHOWN:
            left = len(bad) - BAD_LINES_SHOWN
            lines.append(counted(left, "1 more line is left out.", "%n more lines are left out."))
        self.file_said.setText("\n".join(lines))
        restyle(self.file_said, "ink", str(Tone.BAD if bad else Tone.OK))
        self.file_take.setEnabled(good > 0)
        self._show_buttons()

    def _leave_file(self) -> None:
        self.file_path = ""
        self._show_buttons()

    def _take_file(self) -> None:
        path, self.file_path = self.file_path, ""
        self.run(lambda: self._import(path), tr(TAKING))

    async def _import(self, path: str) -> None:
        report = await self._actions.ask(tr(TAKING), lambda desk: desk.import_numbers(path))
        self._show_buttons()
        if report is None:
            return
        self._actions.notice(Tone.WARN if report.left_out else Tone.OK, report.summary)
        if report.left_out:
            LeftOutDialog(self, report.summary, report.left_out).open()
        await self.refresh()

    def _show_buttons(self) -> None:
        drafts = self.grid.drafts()
        good = sum(sim_id not in self.grid.problems for sim_id in drafts)
        bad = len(drafts) - good
        has_file = bool(self.file_path)
        for widget in (self.file_said, self.file_take, self.file_drop):
            widget.setVisible(has_file)
        self.take.setVisible(not has_file)
        self.undo.setVisible(bool(drafts) and not has_file)
        self.take.setEnabled(good > 0)
        self.take.setText(counted(good, "Take 1 number", "Take %n numbers") if good else tr("Take the numbers"))
        self.use_found.setVisible(bool(self._found()) and not has_file)
        text = counted(bad, "1 number cannot be taken as it is.", "%n numbers cannot be taken as they are.")
        self.said.setText(text if bad else tr("Nothing is taken yet.") if drafts else "")
        self.said.setVisible(bool(self.said.text()))
        restyle(self.said, "ink", str(Tone.BAD) if bad else "")
