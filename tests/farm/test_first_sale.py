"""A new user in the real window on the real engine: from an empty data folder to the first order, step by step."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.application.model.read_models import TunnelKind
from phonefarm.application.model.setup_state import Link, SetupState, StepName, StepState
from phonefarm.config.settings import load_settings
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.support.logs import SecretFilter
from tests.farm.app_process import KEY
from tests.farm.harness import Harness
from tests.ui.live import Live, WindowRunner, until
from tests.ui.setup_path import opened, setup_of, start_of, type_into
from ui.pages.setup.address_step import AddressStep
from ui.pages.setup.key_step import KeyStep
from ui.pages.setup.numbers_step import NumbersStep
from ui.pages.setup.push_step import PushStep
from ui.pages.setup.sms_step import SmsStep
from ui.shell.offscreen_fonts import set_font_dir
from ui.style.tokens import Tone

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
set_font_dir(os.environ)

pytestmark = [pytest.mark.farm, pytest.mark.qt_log_ignore("propagateSizeHints")]


@pytest.fixture
def engine(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineThread]:
    """A farm that knows its adb server, and nothing else."""
    for name, value in {
        "DATA_DIR": str(harness.folder / "new-data"),
        "LISTEN": "127.0.0.1:0",
        "ADMIN_LISTEN": "127.0.0.1:0",
        "ADB_SERVERS": f"127.0.0.1:{harness.adb_port}",
        "KEEP_AWAKE": "false",
    }.items():
        monkeypatch.setenv(f"PHONEFARM_{name}", value)
    running = EngineThread(load_settings(), SecretFilter(), MemoryStore(None))
    running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def runner(qapp: QApplication, tmp_path: Path) -> Iterator[WindowRunner]:
    runner = WindowRunner(qapp, tmp_path)
    yield runner
    runner.close()


async def until_done(live: Live, name: StepName) -> None:
    page = await setup_of(live)

    def is_done() -> bool:
        state: SetupState | None = page.state
        page.feed.mark_stale(None)  # as every 15 s
        return state is not None and state.step(name).state is StepState.DONE

    await until(is_done)


def test_new_user_goes_from_nothing_to_the_first_order(
    runner: WindowRunner, engine: EngineThread, harness: Harness
) -> None:
    market = harness.market

    async def scenario(live: Live) -> None:
        page = await setup_of(live)
        assert start_of(live).is_setup_shown

        type_into((await opened(live, StepName.KEY, KeyStep)).key, KEY)
        await until_done(live, StepName.KEY)

        push = await opened(live, StepName.PUSH_URL, PushStep)
        type_into(push.url, market.sim.push_url)
        await until_done(live, StepName.PUSH_URL)
        assert [check.tone for check in push.checks.checks] == [Tone.OK] * 3

        address = await opened(live, StepName.PUBLIC_ADDRESS, AddressStep)
        url = f"http://{engine.farm.listeners.webhooks_address}"
        address.kind.setCurrentIndex(address.kind.findData(TunnelKind.URL))
        address.kind.activated.emit(address.kind.currentIndex())
        type_into(address.lines["public_url"], url)
        await until(address.panel.confirm.isVisible)
        QTest.mouseClick(address.panel.confirm, Qt.MouseButton.LeftButton)
        await until_done(live, StepName.PUBLIC_ADDRESS)

        await until_done(live, StepName.PHONES)

        numbers = await opened(live, StepName.NUMBERS, NumbersStep)
        numbers.preview_file(str(harness.folder / "numbers.csv"))
        await until(numbers.file_take.isVisible)
        QTest.mouseClick(numbers.file_take, Qt.MouseButton.LeftButton)
        await until_done(live, StepName.NUMBERS)

        page.confirmation.setFocus()
        QTest.keyClick(page.confirmation, Qt.Key.Key_Space)
        await until(lambda: page.state is not None and page.state.is_confirmed)

        chain = await opened(live, StepName.TEST_SMS, SmsStep)
        await until(chain.send.isEnabled)
        pushes_before = [push.rent_id for push in harness.record.pushes if push.is_accepted]
        QTest.mouseClick(chain.send, Qt.MouseButton.LeftButton)
        await until(lambda: [check.tone for check in chain.checks.checks] == [Tone.OK] * len(Link))
        await until_done(live, StepName.TEST_SMS)
        assert [push.rent_id for push in harness.record.pushes if push.is_accepted] == pushes_before == []
        assert harness.record.rents == {}

        market.sim.target_url = url
        rent = await market.await_on_simulation(lambda it: it.order())
        assert rent is not None
        await until(lambda: not start_of(live).is_setup_shown)

    runner.live_on(engine, scenario)

    rents = list(harness.record.rents.values())
    assert len(rents) == 1
