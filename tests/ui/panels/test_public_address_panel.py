"""The panel says whether the address answers, and asks the user for what only the user can do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from phonefarm.application.model.read_models import PublicAddress, TunnelKind, Verdict
from phonefarm.domain.health import HealthKind, health
from tests.builders import NOON
from tests.fakes.desk import NO_ADDRESS, FakeDesk
from tests.ui.live import Live, WindowRunner, until
from ui.panels.public_address_panel import PublicAddressPanel

URL = "https://farm.example.com"
ANSWERING = PublicAddress(
    kind=TunnelKind.SSH,
    verdict=Verdict.PASS,
    health=health(HealthKind.PUBLIC_ADDRESS_ANSWERS, milliseconds=84),
    url=URL,
    reported_url=URL,
    answered_at=NOON,
    restarts=0,
)
SILENT = replace(
    ANSWERING, verdict=Verdict.FAIL, health=health(HealthKind.PUBLIC_ADDRESS_SILENT, cause="connection refused")
)


async def shown(live: Live, address: PublicAddress) -> PublicAddressPanel:
    """The panel, awake, on top of the window, showing this address."""
    live.desk.address = address
    panel = PublicAddressPanel(live.actions, live.actions._tasks)
    panel.setParent(live.window)
    panel.resize(700, 240)
    panel.show()
    panel.feed.wake()
    await until(lambda: panel.address == address)
    return panel


def click(button: Any) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_answering_address_says_so_and_needs_nothing(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        panel = await shown(live, ANSWERING)

        assert (panel.state.text(), panel.url.text()) == ("Works", URL)
        assert panel.found.text() == "Answers in 84 ms."
        assert not panel.confirm.isVisible()
        assert not panel.told.isVisible()

    runner.live(desk, scenario)


def test_without_an_address_nothing_can_be_tested_or_copied(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        panel = await shown(live, NO_ADDRESS)

        assert panel.state.text() == "Not set"
        assert not panel.test.isEnabled()
        assert not panel.copy_message.isEnabled()
        assert not panel.restart.isVisible()

    runner.live(desk, scenario)


def test_message_for_support_can_be_copied_once_the_address_answers(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        panel = await shown(live, SILENT)
        assert not panel.copy_message.isEnabled()
        assert "answer from outside" in panel.copy_message.toolTip()

        panel.show_address(ANSWERING)
        click(panel.copy_message)

        copied = QGuiApplication.clipboard().text()
        assert [line.rpartition(" ")[2] for line in copied.splitlines()[1:]] == [
            f"{URL}/getServicesRent",
            f"{URL}/getNumberRent",
            f"{URL}/finishActivationRent",
        ]

    runner.live(desk, scenario)


def test_new_url_is_told_until_the_user_confirms_that_onlinesim_has_it(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        panel = await shown(live, replace(ANSWERING, reported_url="https://old.example.com"))
        assert "https://old.example.com" in panel.told.text()

        click(panel.confirm)
        await until(lambda: ("confirm_public_url",) in live.desk.commands)
        panel.feed.mark_stale(None)
        await until(lambda: not panel.told.isVisible())

        assert not panel.confirm.isVisible()

    runner.live(desk, scenario)


def test_key_of_the_server_is_trusted_by_a_click_on_just_that_key(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        asking = replace(SILENT, host="me@host:22", host_key="SHA256:abc")
        panel = await shown(live, asking)
        assert "SHA256:abc" in panel.key.text()

        click(panel.trust)

        await until(lambda: ("confirm_ssh_host_key", "SHA256:abc") in live.desk.commands)

    runner.live(desk, scenario)


def test_test_now_tells_its_result(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        panel = await shown(live, SILENT)

        click(panel.test)
        await until(lambda: live.notices)

        assert "answers in 84 ms" in live.notices[0].text
        await until(panel.test.isEnabled)

    runner.live(desk, scenario)


def test_ssh_key_is_copied_as_a_line_for_the_server(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        panel = await shown(live, ANSWERING)

        click(panel.copy_key)
        await until(lambda: QGuiApplication.clipboard().text().startswith("ssh-ed25519 "))

    runner.live(desk, scenario)


@pytest.mark.parametrize("kind", [TunnelKind.URL, TunnelKind.NGROK])
def test_only_a_tunnel_of_ours_can_be_restarted(runner: WindowRunner, desk: FakeDesk, kind: TunnelKind) -> None:
    async def scenario(live: Live) -> None:
        panel = await shown(live, replace(ANSWERING, kind=kind))

        assert panel.restart.isVisible() is (kind is TunnelKind.NGROK)
        assert not panel.copy_key.isVisible()

    runner.live(desk, scenario)
