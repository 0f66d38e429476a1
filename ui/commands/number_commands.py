"""Commands of the Numbers page: accept found numbers, import a file, name a network, edit number templates."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from phonefarm.application.model.read_models import NumberPattern, NumberTask, SettingProblem
from phonefarm.application.model.row_queries import NETWORKS
from ui.dialogs.left_out_dialog import LeftOutDialog
from ui.dialogs.number_dialogs import NetworkDialog, PatternsDialog
from ui.dialogs.questions import confirm
from ui.engine.actions import Actions, for_each
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.text import formats
from ui.text.safe_text import one_line
from ui.text.words import counted, tr

TABLE_FILES = "CSV, XLSX (*.csv *.txt *.xlsx);;All files (*)"


class NumberCommands:
    def __init__(self, actions: Actions, parent: QWidget, theme: Theme) -> None:
        self._actions = actions
        self._parent = parent
        self._theme = theme

    def accept(self, tasks: Sequence[NumberTask]) -> None:
        """Ask first for several, or where SMS conflict: anybody can send such an SMS."""
        if len(tasks) == 1 and not tasks[0].found_others:
            self._accept(tasks)
            return
        lines = [_found_line(task) for task in tasks]
        shown = "\n".join(lines[:12] + (["…"] if len(lines) > 12 else []))
        confirm(
            self._parent,
            counted(len(tasks), "Accept this number", "Accept %n numbers"),
            tr("Anybody can send such an SMS. Under a wrong number no rent receives its code.") + f"\n\n{shown}",
            tr("Accept"),
            lambda: self._accept(tasks),
        )

    def _accept(self, tasks: Sequence[NumberTask]) -> None:
        self._actions.run(
            tr("accepting a number"),
            for_each(tasks, lambda desk, task: desk.accept_number(task.sim_id, task.found)),
            lambda count: counted(count, "Number accepted", "%n numbers accepted"),
        )

    # Files -----------------------------------------------------------------

    def choose_file(self) -> QFileDialog:
        dialog = QFileDialog(self._parent, tr("Import numbers"), "", tr(TABLE_FILES))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.import_file)
        dialog.open()
        return dialog

    def import_file(self, path: str) -> None:
        self._actions.start(partial(self._import, path), tr("importing numbers"))

    async def _import(self, path: str) -> None:
        report = await self._actions.ask(tr("importing numbers"), lambda desk: desk.import_numbers(path))
        if report is None:
            return
        if not report.left_out:
            self._actions.notice(Tone.OK, report.summary)
            return
        self._actions.notice(Tone.WARN, f"{report.summary} {tr('Some lines were left out.')}")
        LeftOutDialog(self._parent, report.summary, report.left_out).open()

    # Networks --------------------------------------------------------------

    def name_network(self, mcc_mnc: str = "") -> None:
        self._actions.start(partial(self._name_network, mcc_mnc), tr("naming a network"))

    async def _name_network(self, mcc_mnc: str) -> None:
        networks = await self._actions.ask(tr("reading the networks"), lambda desk: desk.rows(NETWORKS))
        if networks is None:
            return
        if not networks:
            self._actions.notice(Tone.INFO, tr("No SIM has reported its network yet."))
            return
        dialog = NetworkDialog(self._parent, networks, mcc_mnc)
        dialog.named.connect(partial(self._save_network, dialog))
        dialog.open()

    def _save_network(self, dialog: NetworkDialog, mcc_mnc: str, country: str, operator: str) -> None:
        self._actions.run(
            tr("naming a network"),
            [lambda desk: desk.name_network(mcc_mnc, country, operator)],
            lambda _: (
                tr("Network {code} is now {place}").format(code=mcc_mnc, place=formats.place(country, operator))
                if country
                else tr("Network {code} has its built-in name again").format(code=mcc_mnc)
            ),
            dialog,
        )

    # Patterns --------------------------------------------------------------

    def edit_patterns(self) -> None:
        self._actions.start(self._edit_patterns, tr("editing number templates"))

    async def _edit_patterns(self) -> None:
        patterns = await self._actions.ask(tr("reading the number templates"), lambda desk: desk.number_patterns())
        built_in = await self._actions.ask(
            tr("reading the number templates"), lambda desk: desk.built_in_number_patterns()
        )
        if patterns is None or built_in is None:
            return
        dialog = PatternsDialog(self._parent, self._theme, patterns, built_in)
        dialog.save_requested.connect(
            lambda: self._actions.start(partial(self._save_patterns, dialog), tr("saving number templates"))
        )
        dialog.open()

    async def _save_patterns(self, dialog: PatternsDialog) -> None:
        wanted: list[NumberPattern] = dialog.patterns()
        problems: Sequence[SettingProblem] | None = await self._actions.ask(
            tr("saving number templates"), lambda desk: desk.save_number_patterns(wanted)
        )
        if problems is None or not dialog.isVisible():
            return
        if problems:
            dialog.show_problems(problems)
            return
        dialog.accept()
        self._actions.notice(Tone.OK, counted(len(wanted), "1 number template saved", "%n number templates saved"))


def _found_line(task: NumberTask) -> str:
    place = formats.phone_and_slot(task.phone_label, task.slot)
    return f"{place}: {formats.msisdn(task.found)} ({one_line(task.found_sender, 24)})"
