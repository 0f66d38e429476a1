"""Commands for privacy: edit the blocked senders, erase the texts of a number."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtWidgets import QWidget

from phonefarm.application.model.read_models import SettingProblem
from ui.dialogs.questions import confirm
from ui.dialogs.senders_dialog import SendersDialog
from ui.engine.actions import Actions
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.text import formats
from ui.text.words import counted, tr


class PrivacyCommands:
    def __init__(self, actions: Actions, parent: QWidget, theme: Theme) -> None:
        self._actions = actions
        self._parent = parent
        self._theme = theme

    def edit_senders(self, sender: str = "") -> None:
        """`sender` is tested at once against the list."""
        self._actions.start(partial(self._edit_senders, sender), tr("editing blocked senders"))

    async def _edit_senders(self, sender: str) -> None:
        what = tr("reading the blocked senders")
        senders = await self._actions.ask(what, lambda desk: desk.blocked_senders())
        built_in = await self._actions.ask(what, lambda desk: desk.built_in_blocked_senders())
        if senders is None or built_in is None:
            return
        dialog = SendersDialog(self._parent, self._theme, senders, built_in)
        dialog.sender_field.setText(sender)
        dialog.save_requested.connect(
            lambda: self._actions.start(partial(self._save_senders, dialog), tr("saving blocked senders"))
        )
        dialog.open()

    async def _save_senders(self, dialog: SendersDialog) -> None:
        wanted = dialog.senders()
        problems: Sequence[SettingProblem] | None = await self._actions.ask(
            tr("saving blocked senders"), lambda desk: desk.save_blocked_senders(wanted)
        )
        if problems is None or not dialog.isVisible():
            return
        if problems:
            dialog.show_problems(problems)
            return
        dialog.accept()
        saved = counted(len(wanted), "1 blocked sender saved", "%n blocked senders saved")
        self._actions.notice(Tone.OK, saved if wanted else tr("The built-in list of blocked senders is used again"))

    def erase_number(self, msisdn: str) -> None:
        confirm(
            self._parent,
            tr("Erase the texts of {number}").format(number=formats.grouped_msisdn(msisdn)),
            tr(
                "The texts of all SMS to this number are deleted from this PC. This cannot be undone.\n\n"
                "Time, sender, rent and delivery of each SMS stay stored. Texts that are not delivered yet, or whose "
                "SIM you have not chosen yet, are kept until then. The phone keeps its own copy."
            ),
            tr("Erase texts"),
            lambda: self._actions.start(partial(self._erase, msisdn), tr("erasing texts")),
            danger=True,
        )

    async def _erase(self, msisdn: str) -> None:
        report = await self._actions.ask(tr("erasing texts"), lambda desk: desk.erase_number(msisdn))
        if report is not None:
            self._actions.notice(Tone.OK, report)
