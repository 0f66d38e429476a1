"""Step 3: a tunnel or a URL of one's own; beside it the panel of the public address, with its test from outside."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from phonefarm.application.model.read_models import TunnelKind
from phonefarm.support.tasks import Tasks
from ui.engine.actions import Actions
from ui.engine.engine_link import Keys
from ui.pages.setup.step_body import StepBody, field, show_problem
from ui.panels.public_address_panel import PublicAddressPanel
from ui.text.words import setting_name, tr
from ui.text.words.access import TUNNELS
from ui.widgets.basics import Label
from ui.widgets.wheel_guard import guarded

TUNNEL = "tunnel"
FIELDS: Mapping[TunnelKind, tuple[str, ...]] = {
    TunnelKind.NONE: (),
    TunnelKind.URL: ("public_url",),
    TunnelKind.SSH: ("ssh_server", "ssh_forward", "public_url"),
    TunnelKind.CLOUDFLARED: (),
    TunnelKind.CLOUDFLARED_NAMED: ("tunnel_name", "public_url"),
    TunnelKind.NGROK: (),
    TunnelKind.TUNA: (),
    TunnelKind.LOCALTONET: (),
    TunnelKind.COMMAND: ("tunnel_command", "tunnel_url_pattern"),
}
OPTIONAL = frozenset({"tunnel_url_pattern", "ssh_forward"})
PLACEHOLDERS = {
    "public_url": "https://farm.example.com",
    "ssh_server": "me@farm.example.com",
    "ssh_forward": "127.0.0.1:8080",
    "tunnel_name": "phonefarm",
    "tunnel_command": "frpc -c frpc.toml",
    "tunnel_url_pattern": "https://[a-z0-9.-]+",
}
HINTS = {
    TunnelKind.CLOUDFLARED: "A quick tunnel gets a new address at each start, and Onlinesim must be told each time. "
    "For months, take a named tunnel or your own server.",
    TunnelKind.SSH: "A web server there puts https before the forwarded port. Only the key of phonefarm is used.",
    TunnelKind.URL: "A server of yours, or a tunnel that you keep running yourself, leads to the port of the webhooks.",
}
SAVING = "saving the public address"
CHOICE_MS = 400
"""Passing the list by keyboard starts no tunnel on the way."""


class AddressStep(StepBody):
    def __init__(self, actions: Actions, tasks: Tasks) -> None:
        super().__init__(actions)
        caption = Label(tr("Tunnel"), "caption")
        self.kind = guarded(QComboBox())
        for kind, text in TUNNELS.items():
            self.kind.addItem(tr(text), kind)
        self.kind.setAccessibleName(tr("Tunnel"))
        self.hint = Label("", "caption", wrap=True)
        self.form.addWidget(caption)
        self.form.addWidget(self.kind)
        self.form.addWidget(self.hint)
        self.lines: dict[str, QLineEdit] = {}
        self.problems: dict[str, Label] = {}
        self._holders: dict[str, QWidget] = {}
        for name, placeholder in PLACEHOLDERS.items():
            self._add_field(name, placeholder)
        self.form.addStretch(1)
        self.panel = PublicAddressPanel(actions, tasks)
        self.found.addWidget(self.panel)
        self.found.addStretch(1)
        self._saved: dict[str, str] = {}
        self._chosen_timer = QTimer(self, singleShot=True, interval=CHOICE_MS)
        self._chosen_timer.timeout.connect(self._apply)
        self.kind.activated.connect(lambda _: self._choose())
        self._show_fields()

    def _add_field(self, name: str, placeholder: str) -> None:
        layout, line, problem = field(setting_name(name), placeholder)
        holder = QWidget()
        layout.setContentsMargins(0, 2, 0, 0)
        holder.setLayout(layout)
        self.form.addWidget(holder)
        self.lines[name], self.problems[name], self._holders[name] = line, problem, holder
        line.editingFinished.connect(self._apply)

    # Called by the page --------------------------------------------------------------

    def focus_first(self) -> None:
        self.kind.setFocus()

    def wake(self) -> None:
        self.panel.feed.wake()

    def sleep(self) -> None:
        self.panel.feed.sleep()

    def note_change(self, keys: Keys) -> None:
        self.panel.feed.mark_stale(None)

    async def refresh(self) -> None:
        settings = await self._actions.ask(tr("reading the settings"), lambda desk: desk.settings())
        if settings is None:
            return
        found = {one.name: one.value for one in settings if one.name == TUNNEL or one.name in self.lines}
        if found == self._saved or self._chosen_timer.isActive():
            return
        for name, line in self.lines.items():
            if line.text() == self._saved.get(name, "") and name in found:
                line.setText(found[name])
        if TUNNEL in found and (not self._saved or found[TUNNEL] != self._saved.get(TUNNEL)):
            self.kind.setCurrentIndex(self.kind.findData(TunnelKind(found[TUNNEL])))
        self._saved = found
        self._show_fields()

    # Choosing and saving -------------------------------------------------------------

    @property
    def chosen(self) -> TunnelKind:
        return TunnelKind(self.kind.currentData())

    def _choose(self) -> None:
        self._show_fields()
        self._chosen_timer.start()

    def _show_fields(self) -> None:
        names = FIELDS[self.chosen]
        for name, holder in self._holders.items():
            holder.setVisible(name in names)
        hint = HINTS.get(self.chosen, "")
        self.hint.setText(tr(hint) if hint else "")
        self.hint.setVisible(bool(hint))

    def _apply(self) -> None:
        """Save as soon as all that the tunnel needs is entered; half of it would be refused."""
        names = FIELDS[self.chosen]
        values = {name: self.lines[name].text().strip() for name in names}
        if any(not value for name, value in values.items() if name not in OPTIONAL):
            return
        wanted = {TUNNEL: self.chosen.value, **{name: value for name, value in values.items() if value}}
        changes = {name: value for name, value in wanted.items() if value != self._saved.get(name, "")}
        if changes:
            self.run(lambda: self._save(changes), tr(SAVING))

    async def _save(self, changes: Mapping[str, str]) -> None:
        problems = await self._actions.ask(tr(SAVING), lambda desk: desk.save_settings(changes))
        if problems is None:
            return
        by_name = {found.name: found.problem for found in problems}
        for name, line in self.lines.items():
            show_problem(line, self.problems[name], by_name.get(name, ""))
        if not problems:
            self._saved = {**self._saved, **changes}
        self.panel.feed.mark_stale(None)
