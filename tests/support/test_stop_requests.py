"""Every way to request a stop: none returns to the system before the program has shut down."""

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
from phonefarm.support.stop_requests import Endings, StopRequests, asked_by_signals, stop_requests_from
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


def has_shut_down(settings: Settings) -> bool:
    """Whether the data folder and the database are free again."""
    folder, database = DataFolder(settings.data_dir), Database(settings.resolved_database_url)
    folder.take()
    database.open()
    database.close()
    folder.release()
    return True


# The program ----------------------------------------------------------------------


def test_program_without_a_window_shuts_down_before_it_answers_the_system(settings: Settings, system: System) -> None:
    def tell(engine: EngineThread) -> None:
        system.end(lambda: has_shut_down(settings))

    run_headless(settings, SecretFilter(), tell, system.endings)

    assert system.answered.result(PATIENCE) is True


def test_request_waits_also_if_the_loop_of_a_listener_has_ended() -> None:
    loop, stop = asyncio.new_event_loop(), stop_requests.StopRequests()
    loop.close()
    stop.mark_shut_down()

    with stop.notifying(lambda: loop.call_soon_threadsafe(print)):
        assert stop.request_and_wait() is True


class Window:
    """A window that is shown until a stop is requested."""

    def __init__(self, shown: Callable[[], None]) -> None:
        self._shown = shown

    def raise_first(self, data_folder: Path) -> bool:
        return False

    def run(self, engine: RunningEngine, stop: StopRequests, warning: str, data_folder: Path) -> None:
        self._shown()
        assert stop.wait(PATIENCE)

    def show_error(self, sentence: str) -> None:
        raise AssertionError(sentence)

    def show_bug(self, bug: str, log: Path | None) -> None:
        raise AssertionError(bug)

    def confirm_restore(self, *_: object) -> bool:
        raise AssertionError


def test_program_with_a_window_shuts_down_before_it_answers_the_system(settings: Settings, system: System) -> None:
    window = Window(lambda: system.end(lambda: has_shut_down(settings)))

    run_with_window(window, lambda: (settings, SecretFilter()), system.endings)

    assert system.answered.result(PATIENCE) is True


def test_request_does_not_wait_for_ever_for_a_hanging_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop_requests, "HELD_WITHIN_SECONDS", 0.05)

    assert StopRequests().request_and_wait() is False


def test_close_message_requests_a_stop_and_does_not_wait() -> None:
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


# Events that end nothing -------------------------------------------------------------------


def test_ctrl_c_is_left_to_python() -> None:
    stop = StopRequests()

    assert console_event(stop, ConsoleEvent.CTRL_C) is False
    assert not stop.is_asked


def test_ctrl_break_requests_a_stop_and_a_second_one_is_left_to_python() -> None:
    stop = StopRequests()

    assert console_event(stop, ConsoleEvent.CTRL_BREAK) is True
    assert (stop.is_asked, stop.is_last_call) == (True, False)
    assert console_event(stop, ConsoleEvent.CTRL_BREAK) is False


def test_logoff_is_ignored_and_not_left_to_python() -> None:
    stop = StopRequests()

    assert console_event(stop, ConsoleEvent.LOGOFF) is True
    assert not stop.is_asked


def test_session_end_that_is_only_asked_or_cancelled_stops_nothing() -> None:
    stop = StopRequests()

    assert window_message(stop, WindowMessage.QUERY_END_SESSION, 0) == 1
    assert window_message(stop, WindowMessage.END_SESSION, 0) == 0
    assert not stop.is_asked


def test_other_messages_are_answered_by_windows() -> None:
    assert window_message(StopRequests(), WM_PAINT, 0) is None


# Requests and listeners ---------------------------------------------------------------


def no_endings() -> Endings:
    return System(lambda stop: None).endings


def test_request_wakes_the_waiting_thread() -> None:
    stop = StopRequests()
    threading.Thread(target=stop.ask).start()

    assert stop.wait(PATIENCE)
    assert stop.wait(0.0)


def test_wait_without_a_request_times_out() -> None:
    assert not StopRequests().wait(0.0)


def test_listener_gets_earlier_requests_and_none_after_it_left() -> None:
    stop = StopRequests()
    notified: list[str] = []
    stop.ask()

    with stop.notifying(lambda: notified.append("late")):
        stop.ask()
    stop.ask()

    assert notified == ["late", "late"]


def test_waiting_request_is_released_when_the_program_ends_by_a_bug() -> None:
    with pytest.raises(ZeroDivisionError), stop_requests_from(no_endings()) as stop:
        raise ZeroDivisionError

    assert stop.request_and_wait() is True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_requests_a_stop_and_its_handler_is_restored(number: signal.Signals) -> None:
    before, stop = signal.getsignal(number), StopRequests()

    with asked_by_signals(stop):
        signal.raise_signal(number)
        stop.wait_until_asked()

    assert stop.is_asked
    assert signal.getsignal(number) == before
