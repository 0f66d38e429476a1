"""A program that cannot start shows why in a dialog; a damaged database can be replaced by a backup."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLabel

from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.adapters.storage.sqlite.backup import FOLDER, name_at
from phonefarm.application.desk.engine import RunningEngine
from phonefarm.commands.window import run_with_window, start_or_restore
from phonefarm.config.own_environment import PREFIX
from phonefarm.config.settings import Settings, load_settings
from phonefarm.domain.errors import KnownError
from phonefarm.runtime.backups import find_damage
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.support.logs import SecretFilter
from phonefarm.support.stop_requests import StopRequests
from ui.shell.start_dialogs import StartDialog, offer_backup, show_bug, show_start_error

NOW = datetime.now(UTC)


@pytest.fixture
def settings(
    tmp_path: Path, empty_database_file: Path, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Of a farm with two backups."""
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    shutil.copy(empty_database_file, tmp_path / "phonefarm.db")
    (tmp_path / FOLDER).mkdir()
    for hours in (6, 12):
        shutil.copy(empty_database_file, tmp_path / FOLDER / name_at(NOW - timedelta(hours=hours)))
    return load_settings(
        data_dir=tmp_path,
        listen="127.0.0.1:0",
        admin_listen="127.0.0.1:0",
        adb_servers=f"127.0.0.1:{unused_tcp_port}",
        adb_path=str(tmp_path / "no adb here"),
    )


def damage(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + os.urandom(len(whole) - 4096))


class ScriptedUser:
    """ScriptedUser every question with yes or no, and records the questions."""

    def __init__(self, *, yes: bool) -> None:
        self.yes = yes
        self.asked: list[tuple[str, datetime, str]] = []

    def show_error(self, sentence: str) -> None:
        raise AssertionError(sentence)

    def show_bug(self, bug: str, log: Path | None) -> None:
        raise AssertionError(bug)

    def confirm_restore(self, sentence: str, made_at: datetime, contents: str) -> bool:
        self.asked.append((sentence, made_at, contents))
        return self.yes

    def raise_first(self, data_folder: Path) -> bool:
        return False

    def run(self, engine: RunningEngine, stop: StopRequests, warning: str, data_folder: Path) -> None:
        raise AssertionError


def an_engine(settings: Settings) -> EngineThread:
    return EngineThread(settings, SecretFilter(), MemoryStore("key"))


def test_damaged_database_is_replaced_by_the_newest_sound_backup_and_the_farm_starts(settings: Settings) -> None:
    damage(settings.data_dir / "phonefarm.db")
    damage(settings.data_dir / FOLDER / name_at(NOW - timedelta(hours=6)))
    user = ScriptedUser(yes=True)

    engine = start_or_restore(settings, lambda: an_engine(settings), user)

    assert engine is not None
    engine.stop()
    ((sentence, made_at, contents),) = user.asked
    assert "is damaged" in sentence
    assert "phonefarm restore" not in sentence
    assert made_at == (NOW - timedelta(hours=12)).replace(microsecond=0)
    assert contents == "0 SIMs, 0 rents, 0 messages"
    assert list(settings.data_dir.glob("phonefarm.db.before-*"))


def test_nothing_is_restored_without_consent(settings: Settings) -> None:
    damage(settings.data_dir / "phonefarm.db")
    before = (settings.data_dir / "phonefarm.db").read_bytes()

    assert start_or_restore(settings, lambda: an_engine(settings), ScriptedUser(yes=False)) is None
    assert (settings.data_dir / "phonefarm.db").read_bytes() == before


def test_damage_without_a_sound_backup_raises(settings: Settings) -> None:
    damage(settings.data_dir / "phonefarm.db")
    shutil.rmtree(settings.data_dir / FOLDER)

    with pytest.raises(KnownError, match="is damaged") as error:
        start_or_restore(settings, lambda: an_engine(settings), ScriptedUser(yes=True))

    assert "There is no sound backup" in str(error.value)


def test_other_start_errors_offer_no_backup(settings: Settings) -> None:
    other = an_engine(settings)
    other.start()
    user = ScriptedUser(yes=True)

    with pytest.raises(KnownError, match="Another phonefarm is running"):
        start_or_restore(settings, lambda: an_engine(settings), user)

    other.stop()
    assert user.asked == []
    assert find_damage(settings) is None


def when_shown(act: Callable[[StartDialog], None]) -> list[str]:
    """Call `act` with the next dialog; returns a list that its texts are added to."""
    read: list[str] = []

    def look() -> None:
        dialog = next(w for w in QApplication.topLevelWidgets() if isinstance(w, StartDialog) and w.isVisible())
        read.extend(label.text() for label in dialog.findChildren(QLabel))
        act(dialog)

    QTimer.singleShot(50, look)
    return read


def test_start_error_is_shown_in_a_dialog_that_can_only_be_closed(qapp: QApplication) -> None:
    seen: list[bool] = []

    def close(dialog: StartDialog) -> None:
        seen.append(dialog.yes.isVisible())
        dialog.no.click()

    read = when_shown(close)

    show_start_error(qapp, "Port 8080 is taken: <b>close</b> what uses it.")

    assert "Port 8080 is taken: <b>close</b> what uses it." in read
    assert seen == [False]


@pytest.mark.parametrize("yes", [True, False])
def test_backup_is_offered_with_its_time_and_contents(qapp: QApplication, *, yes: bool) -> None:
    buttons: list[str] = []

    def answer(dialog: StartDialog) -> None:
        buttons.append(dialog.yes.text())
        (dialog.yes if yes else dialog.no).click()

    read = when_shown(answer)

    assert offer_backup(qapp, "The database is damaged (x).", NOW - timedelta(days=1), "12 SIMs, 3 rents") is yes
    assert any("12 SIMs, 3 rents" in text for text in read)
    assert any(f"Press “{buttons[0]}”" in text for text in read)
    assert buttons[0].startswith("Restore the backup of yesterday")


def test_wrong_setting_is_shown_in_a_dialog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}LISTEN", "nowhere")
    shown: list[str] = []

    class Reader(ScriptedUser):
        def show_error(self, sentence: str) -> None:
            shown.append(sentence)

    def prepare() -> tuple[Settings, SecretFilter]:
        return load_settings(), SecretFilter()

    with pytest.raises(KnownError) as error:
        run_with_window(Reader(yes=True), prepare)

    assert shown == [str(error.value)]
    assert "listen" in shown[0]


SECRET_TEXT = "your code is 4711"


class Buggy(ScriptedUser):
    """A window that fails on a message."""

    def __init__(self) -> None:
        super().__init__(yes=True)
        self.bugs: list[tuple[str, Path | None]] = []

    def show_bug(self, bug: str, log: Path | None) -> None:
        self.bugs.append((bug, log))

    def run(self, engine: RunningEngine, stop: StopRequests, warning: str, data_folder: Path) -> None:
        raise ValueError(SECRET_TEXT)


def test_bug_is_shown_by_kind_and_place_and_never_with_its_message(settings: Settings) -> None:
    user = Buggy()

    with pytest.raises(ValueError, match="code"):
        run_with_window(user, lambda: (settings, SecretFilter()))

    ((bug, log),) = user.bugs
    assert bug.startswith("ValueError in test_start.py, line ")
    assert SECRET_TEXT not in bug
    assert log == settings.data_dir / "logs" / "phonefarm.log"
    another = an_engine(settings)  # the engine was stopped before the dialog
    another.start()
    another.stop()


class Second(ScriptedUser):
    """The second start on a folder; `is_raised` says whether the first one's window came to the front."""

    def __init__(self, *, is_raised: bool) -> None:
        super().__init__(yes=True)
        self.is_raised = is_raised
        self.errors: list[str] = []

    def raise_first(self, data_folder: Path) -> bool:
        return self.is_raised

    def show_error(self, sentence: str) -> None:
        self.errors.append(sentence)


def test_second_start_ends_quietly_once_the_first_window_is_in_front(settings: Settings) -> None:
    first, second = an_engine(settings), Second(is_raised=True)
    first.start()
    try:
        run_with_window(second, lambda: (settings, SecretFilter()))
    finally:
        first.stop()

    assert (second.errors, second.asked) == ([], [])


def test_second_start_says_what_is_wrong_where_no_window_answers(settings: Settings) -> None:
    first, second = an_engine(settings), Second(is_raised=False)
    first.start()
    try:
        with pytest.raises(KnownError, match="Another phonefarm is running"):
            run_with_window(second, lambda: (settings, SecretFilter()))
    finally:
        first.stop()

    assert [error.split(" on ")[0] for error in second.errors] == ["Another phonefarm is running"]


def test_bug_before_the_settings_are_read_has_no_log() -> None:
    user = Buggy()

    def prepare() -> tuple[Settings, SecretFilter]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run_with_window(user, prepare)

    assert [log for _, log in user.bugs] == [None]


def test_bug_dialog_has_place_log_and_next_step(qapp: QApplication) -> None:
    read = when_shown(lambda dialog: dialog.no.click())

    log = Path("/farm/logs/phonefarm.log")

    show_bug(qapp, "KeyError in bootstrap.py, line 12", log)

    text = "\n".join(read)
    assert "KeyError in bootstrap.py, line 12" in text
    assert str(log) in text
    assert "Start phonefarm again" in text
