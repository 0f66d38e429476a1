"""The public address as the user sees it: whether it answers, what Onlinesim must be told, whose key to trust."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from phonefarm.application.model.read_models import PublicAddress, TunnelKind, Verdict
from phonefarm.support.tasks import Tasks
from phonefarm.wording.health import health_text
from ui.engine.actions import Actions
from ui.engine.engine_link import Keys
from ui.engine.feed import Feed
from ui.style.tokens import Tone
from ui.text.words import tr
from ui.text.words.access import address_sentence, address_state, support_message
from ui.widgets.basics import Card, Chip, Label, button
from ui.widgets.flow_layout import FlowLayout


class PublicAddressPanel(Card):
    """Reads the desk while it is awake; every button is a command to the desk or a text to copy."""

    def __init__(self, actions: Actions, tasks: Tasks) -> None:
        super().__init__()
        self._actions = actions
        self.address: PublicAddress | None = None
        self.feed = Feed(self._refresh, tasks, tr("the public address"), self)
        self.state = Chip()
        self.url = Label(role="mono", selectable=True, wrap=True)
        self.found = Label(role="dim", wrap=True)
        self.told = Label(wrap=True)
        self.key = Label(wrap=True, selectable=True)
        self.test = button(tr("Test now"))
        self.copy_message = button(tr("Copy message for support"))
        self.confirm = button(tr("Onlinesim has it"), "main")
        self.restart = button(tr("Restart tunnel"))
        self.copy_key = button(tr("Copy SSH key"), tooltip=tr("The line for authorized_keys on your server."))
        self.trust = button(tr("Trust this key"), "main")
        self.test.clicked.connect(self._test)
        self.copy_message.clicked.connect(self._copy_message)
        self.confirm.clicked.connect(self._confirm)
        self.restart.clicked.connect(self._restart)
        self.copy_key.clicked.connect(self._copy_key)
        self.trust.clicked.connect(self._trust)
        head = QWidget()
        row = FlowLayout(head)
        row.addWidget(self.state)
        row.addWidget(self.url)
        buttons = QWidget()
        flow = FlowLayout(buttons)
        for each in (self.test, self.copy_message, self.confirm, self.restart, self.copy_key, self.trust):
            flow.addWidget(each)
        for widget in (head, self.found, self.told, self.key, buttons):
            self.content.addWidget(widget)
        for widget in (self.told, self.key, self.confirm, self.restart, self.copy_key, self.trust):
            widget.hide()

    def show_address(self, address: PublicAddress) -> None:
        self.address = address
        is_answered = address.verdict is Verdict.PASS and address.kind is not TunnelKind.NONE
        self.state.show_word(address_state(address))
        self.url.setText(address.url or tr("No public URL yet"))
        self.found.setText(address_sentence(address))
        self.test.setEnabled(bool(address.url))
        self.copy_message.setEnabled(is_answered)
        self.copy_message.setToolTip("" if is_answered else tr("First the address has to answer from outside."))
        self._show_what_onlinesim_knows(address, is_answered=is_answered)
        self.restart.setVisible(address.kind not in (TunnelKind.NONE, TunnelKind.URL))
        self.copy_key.setVisible(address.kind is TunnelKind.SSH)
        self.key.setVisible(bool(address.host_key))
        self.trust.setVisible(bool(address.host_key))
        shown = tr("{host} shows the key {key}. Compare it on the server before you trust it.")
        self.key.setText(shown.format(host=address.host, key=address.host_key))

    def _show_what_onlinesim_knows(self, address: PublicAddress, *, is_answered: bool) -> None:
        is_news = bool(address.url) and address.url != address.reported_url
        self.confirm.setVisible(is_news and is_answered)
        self.told.setVisible(is_news)
        if address.reported_url:
            text = tr("Onlinesim was told {url}. Send support the new addresses; until then no call arrives.")
            self.told.setText(text.format(url=address.reported_url))
        else:
            self.told.setText(tr("Send the addresses to Onlinesim's support, then confirm it here."))

    async def _refresh(self, _keys: Keys) -> bool:
        address = await self._actions.ask(tr("reading the public address"), lambda desk: desk.public_address())
        if address is not None:
            self.show_address(address)
        return address is not None

    def _test(self) -> None:
        self._actions.start(self._run_test, tr("testing the public address"))

    async def _run_test(self) -> None:
        self.test.setEnabled(False)
        found = await self._actions.ask(tr("testing the public address"), lambda desk: desk.test_public_address())
        if found is not None:
            self._actions.notice(Tone.INFO, tr("Test: {result}").format(result=health_text(found, tr)))
        self.test.setEnabled(True)
        self.feed.mark_stale(None)

    def _copy_message(self) -> None:
        if self.address is not None:
            QGuiApplication.clipboard().setText(support_message(self.address.url))
            self._actions.notice(Tone.OK, tr("Copied. Send it to Onlinesim's support."))

    def _confirm(self) -> None:
        self._actions.run(
            tr("confirming the URL"),
            [lambda desk: desk.confirm_public_url()],
            lambda _: tr("Noted. If the URL changes, you are told."),
        )

    def _restart(self) -> None:
        self._actions.run(
            tr("restarting the tunnel"), [lambda desk: desk.restart_tunnel()], lambda _: tr("The tunnel restarts.")
        )

    def _trust(self) -> None:
        address = self.address
        if address is None:
            return
        fingerprint = address.host_key
        self._actions.run(
            tr("trusting the key"),
            [lambda desk: desk.confirm_ssh_host_key(fingerprint)],
            lambda _: tr("Trusted. The tunnel connects."),
        )

    def _copy_key(self) -> None:
        self._actions.start(self._copy_public_key, tr("copying the SSH key"))

    async def _copy_public_key(self) -> None:
        line = await self._actions.ask(tr("copying the SSH key"), lambda desk: desk.ssh_public_key())
        if line is not None:
            QGuiApplication.clipboard().setText(line)
            self._actions.notice(Tone.OK, tr("Copied. Add it to authorized_keys on the server."))
