"""Dialogs for a program that cannot start: a user who double-clicked it sees no terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QEventLoop, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QDialog, QHBoxLayout, QVBoxLayout

from ui.style.theme import Theme, app_icon
from ui.text import formats
from ui.text.safe_text import visible
from ui.text.words import tr
from ui.widgets.basics import Label, button

WIDTH = 520


class StartDialog(QDialog):
    """A sentence, an explanation, and one or two buttons; it has no parent window."""

    def __init__(self, title: str, sentence: str, explanation: str, yes: str = "") -> None:
        super().__init__()
        self.setWindowTitle("phonefarm")
        self.setMinimumWidth(WIDTH)
        self._content = layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 20)
        layout.setSpacing(12)
        layout.addWidget(Label(title, "name", wrap=True))
        layout.addWidget(Label(visible(sentence), wrap=True, selectable=True))
        if explanation:
            layout.addWidget(Label(explanation, "dim", wrap=True))
        layout.addStretch(1)
        layout.addSpacing(8)
        self.yes = button(yes, "main")
        self.no = button(tr("Close"), "" if yes else "main")
        self.yes.setVisible(bool(yes))
        first = self.yes if yes else self.no
        first.setDefault(True)
        self.yes.clicked.connect(self.accept)
        self.no.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(self.no)
        row.addWidget(self.yes)
        layout.addLayout(row)
        first.setFocus()

    def fit_height(self) -> None:
        """To the text in the current font."""
        self.resize(WIDTH, self._content.totalHeightForWidth(WIDTH))


def show_start_error(app: QApplication, sentence: str) -> None:
    _run_dialog(app, StartDialog(tr("phonefarm cannot start"), sentence, ""))


def show_bug(app: QApplication, bug: str, log: Path | None) -> None:
    """`bug`: its kind and place; never its message, which may hold a secret."""
    sentence = tr("phonefarm crashed (our bug: {bug}). Your data is safe.").format(bug=bug)
    if log is not None:
        sentence += "\n\n" + tr("The details are at the end of the log: {log}").format(log=log)
    explanation = tr(
        "Start phonefarm again. Nothing stored is lost, and SMS that arrive meanwhile stay on the phones and are read "
        "then. If it crashes again, send the end of the log to the person who maintains your phonefarm."
    )
    wants_log = _run_dialog(
        app, StartDialog(tr("A bug in phonefarm"), sentence, explanation, tr("Open the log") if log else "")
    )
    if wants_log:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(log)))


def offer_backup(app: QApplication, sentence: str, made_at: datetime, contents: str) -> bool:
    """Whether the user wants it restored; closing the dialog means no."""
    when = formats.day_time(made_at, datetime.now(UTC))
    yes = tr("Restore the backup of {when}").format(when=when)
    explanation = tr(
        "Press “{yes}” to go on with the last verified backup; “Close” changes nothing.\n\n"
        "The backup holds {contents}. Later rents and SMS are missing. Nothing is sent twice: SMS that waited are "
        "stopped, and SMS on the phones that may belong to an open rent are held for your decision. "
        "The damaged file is kept beside the new one."
    ).format(yes=yes, contents=contents)
    return _run_dialog(app, StartDialog(tr("The database is damaged"), sentence, explanation, yes))


def _run_dialog(app: QApplication, dialog: StartDialog) -> bool:
    """In an event loop of its own: nothing else runs yet. Returns whether it was accepted."""
    theme = Theme()
    theme.apply_to(app)
    app.setWindowIcon(app_icon())
    dialog.fit_height()
    loop = QEventLoop()
    dialog.finished.connect(loop.quit)
    dialog.open()
    loop.exec()
    theme.detach()
    return dialog.result() == QDialog.DialogCode.Accepted
