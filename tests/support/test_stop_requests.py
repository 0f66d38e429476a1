"""Every way in which a program is asked to stop: none returns to a system that ends it before all is put down."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.desk.engine import RunningEngine
from phonefarm.commands import cli
from phonefarm.commands.demo import run, terminal
from phonefarm.commands.headless import run_headless
from phonefarm.commands.window import run_with_window
from phonefarm.config.data_folder import DataFolder
from phonefarm.config.own_environment import PREFIX
from phonefarm.config.settings import Settings, load_settings
from phonefarm.domain.errors import KnownError
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.support import stop_requests, windows_endings
from phonefarm.support.logs import SecretFilter
from phonefarm.support.stop_requests import Endings, StopRequests, asked_by_signals, heard
from phonefarm.support.windows_endings import ConsoleEvent, WindowMessage, console_event, window_message
from tests.fakes.ending_system import LAST_CALLS, System

WM_PAINT = 0x000F
PATIENCE = 20.0


@pytest.fixture(params=LAST_CALLS)
def system(request: pytest.FixtureRequest) -> System:
    return System(LAST_CALLS[request.param])


@pytest.fixture
def settings(tmp_path: Path, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    return load_settings(
        data_dir=tmp_path / "farm",
        api_key=SecretStr("key"),
        listen="127.0.0.1:0",
        admin_listen="127.0.0.1:0",
        adb_servers=f"127.0.0.1:{unused_tcp_port}",
        adb_path=str(tmp_path / "no adb here"),
    )


def is_put_down(settings: Settings) -> bool:
    """Whether nobody holds the data folder or has the database open any more."""
    folder, database = DataFolder(settings.data_dir), Database(settings.resolved_database_url)
    folder.take()
    database.open()
    database.close()
    folder.release()
    return True


# The program ----------------------------------------------------------------------


def test_without_a_window_all_is_put_down_before_the_system_has_its_answer(settings: Settings, system: System) -> None:
    def tell(engine: EngineThread) -> None:
        system.end(lambda: is_put_down(settings))

    run_headless(settings, SecretFilter(), tell, system.endings)

    assert system.answered.result(PATIENCE) is True


def test_system_is_held_also_where_the_loop_that_hears_has_ended_meanwhile() -> None:
    loop, stop = asyncio.new_event_loop(), stop_requests.StopRequests()
    loop.close()
    stop.all_is_put_down()

    with stop.telling(lambda: loop.call_soon_threadsafe(print)):
        assert stop.hold() is True


class Window:
    """A window that is shown until somebody asks to stop."""

    def __init__(self, shown: Callable[[], None]) -> None:
        self._shown = shown

    def run(self, engine: RunningEngine, stop: StopRequests, warning: str) -> None:
        self._shown()
        assert stop.wait(PATIENCE)

    def show_error(self, sentence: str) -> None:
        raise AssertionError(sentence)

    def show_bug(self, bug: str, log: Path | None) -> None:
        raise AssertionError(bug)

    def confirm_restore(self, *_: object) -> bool:
        raise AssertionError


def test_with_a_window_too(settings: Settings, system: System) -> None:
    window = Window(lambda: system.end(lambda: is_put_down(settings)))

    run_with_window(window, lambda: (settings, SecretFilter()), system.endings)

    assert system.answered.result(PATIENCE) is True


def test_an_engine_that_hangs_keeps_the_system_waiting_no_longer_than_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop_requests, "HELD_WITHIN", 0.05)

    assert StopRequests().hold() is False


def test_a_window_of_ours_that_is_asked_to_close_asks_and_does_not_wait() -> None:
    stop = StopRequests()

    assert window_message(stop, WindowMessage.CLOSE, 0) == 0

    assert stop.is_asked
    assert not stop.is_last_call


def test_demo_that_the_system_ends_does_not_wait_for_its_summary(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    def show(engine: object, seconds: float | None, stop: StopRequests) -> None:
        system.end()
        assert stop.wait(PATIENCE)

    def play(shown: Callable[[object, float | None], None], **_: object) -> None:
        shown(object(), None)
        raise AssertionError("the demo is judged")

    monkeypatch.setattr(windows_endings, "system_endings", system.endings)
    monkeypatch.setattr(terminal, "show_in_terminal", show)
    monkeypatch.setattr(run, "run_demo", play)

    with pytest.raises(KnownError, match="before its summary"):
        cli._run_demo(headless=True, phones=1, seconds=None, screenshots=None)

    system.answered.result(PATIENCE)


# What is no end -------------------------------------------------------------------


def test_ctrl_c_is_left_to_python() -> None:
    stop = StopRequests()

    assert console_event(stop, ConsoleEvent.CTRL_C) is False
    assert not stop.is_asked


def test_ctrl_break_asks_and_who_presses_it_again_does_not_want_to_wait() -> None:
    stop = StopRequests()

    assert console_event(stop, ConsoleEvent.CTRL_BREAK) is True
    assert (stop.is_asked, stop.is_last_call) == (True, False)
    assert console_event(stop, ConsoleEvent.CTRL_BREAK) is False


def test_a_service_goes_on_when_some_user_logs_off_and_python_does_not_hear_of_it() -> None:
    stop = StopRequests()

    assert console_event(stop, ConsoleEvent.LOGOFF) is True
    assert not stop.is_asked


def test_a_farm_goes_on_while_the_end_of_the_session_may_still_be_called_off_and_when_it_is() -> None:
    stop = StopRequests()

    assert window_message(stop, WindowMessage.QUERY_END_SESSION, 0) == 1
    assert window_message(stop, WindowMessage.END_SESSION, 0) == 0
    assert not stop.is_asked


def test_other_messages_are_answered_by_windows() -> None:
    assert window_message(StopRequests(), WM_PAINT, 0) is None


# Asking and hearing ---------------------------------------------------------------


def no_endings() -> Endings:
    return System(lambda stop: None).endings


def test_whoever_asks_wakes_the_one_that_waits() -> None:
    stop = StopRequests()
    threading.Thread(target=stop.ask).start()

    assert stop.wait(PATIENCE)
    assert stop.wait(0.0)


def test_nobody_asks() -> None:
    assert not StopRequests().wait(0.0)


def test_a_listener_hears_what_was_asked_before_it_came_and_nothing_after_it_left() -> None:
    stop = StopRequests()
    heard_by: list[str] = []
    stop.ask()

    with stop.telling(lambda: heard_by.append("late")):
        stop.ask()
    stop.ask()

    assert heard_by == ["late", "late"]


def test_who_holds_is_let_go_also_when_the_program_ends_by_a_bug() -> None:
    with pytest.raises(ZeroDivisionError), heard(no_endings()) as stop:
        raise ZeroDivisionError

    assert stop.hold() is True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_and_has_its_former_handler_afterwards(number: signal.Signals) -> None:
    before, stop = signal.getsignal(number), StopRequests()

    with asked_by_signals(stop):
        signal.raise_signal(number)
        stop.wait_until_asked()

    assert stop.is_asked
    assert signal.getsignal(number) == before
