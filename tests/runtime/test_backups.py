"""The commands `backup` and `restore`."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from phonefarm.adapters.storage.restore_note import RestoreNote
from phonefarm.adapters.storage.sqlite.backup import FOLDER, name_at
from phonefarm.config.data_folder import DataFolder
from phonefarm.config.own_environment import PREFIX
from phonefarm.config.settings import Settings, load_settings
from phonefarm.domain.errors import KnownError
from phonefarm.runtime.backups import back_up, restore_backup
from phonefarm.runtime.farm import Farm
from phonefarm.runtime.listeners import bind_listeners
from phonefarm.support.logs import SecretFilter


@pytest.fixture
def settings(
    tmp_path: Path, empty_database_file: Path, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings of a data folder with an existing database."""
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    shutil.copy(empty_database_file, tmp_path / "phonefarm.db")
    return load_settings(
        data_dir=tmp_path,
        listen="127.0.0.1:0",
        admin_listen="127.0.0.1:0",
        adb_servers=f"127.0.0.1:{unused_tcp_port}",
        adb_path=str(tmp_path / "no adb here"),
    )


def test_backup_goes_to_the_data_folder_and_comes_back(settings: Settings) -> None:
    said = back_up(settings, None)
    (made,) = (settings.data_dir / FOLDER).glob("*.db")

    restored = restore_backup(settings, made)

    assert said == f"Backup {made} made and verified: 0 SIMs, 0 rents, 0 messages."
    assert restored.startswith(f"Restored {made}: 0 SIMs, 0 rents, 0 messages.")
    assert "The former database is" in restored


def test_restore_leaves_a_note_for_the_window_until_it_is_dismissed(settings: Settings) -> None:
    back_up(settings, None)
    (made,) = (settings.data_dir / FOLDER).glob("*.db")
    note = RestoreNote(settings.data_dir)
    assert note.read() is None
    before = datetime.now(UTC)

    restore_backup(settings, made)

    left = note.read()
    assert left is not None
    assert left.until <= before <= left.at
    note.forget()
    assert note.read() is None


def test_unreadable_restore_note_is_ignored(settings: Settings) -> None:
    (settings.data_dir / "restored.json").write_text('{"at": 3}')

    assert RestoreNote(settings.data_dir).read() is None


def test_backup_never_replaces_a_file(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")

    with pytest.raises(KnownError, match="already exists"):
        back_up(settings, tmp_path / "mine.txt")

    assert (tmp_path / "mine.txt").read_text() == "precious"


def test_restore_is_refused_while_a_phonefarm_runs_on_the_folder(settings: Settings, tmp_path: Path) -> None:
    back_up(settings, tmp_path / "copy.db")
    running = DataFolder(settings.data_dir)
    running.take()

    with pytest.raises(KnownError, match="Another phonefarm is running"):
        restore_backup(settings, tmp_path / "copy.db")

    running.release()


async def test_farm_that_finds_its_database_damaged_does_not_start_and_names_the_backup(settings: Settings) -> None:
    copy = settings.data_dir / FOLDER / name_at(datetime.now(UTC))
    back_up(settings, copy)
    (settings.data_dir / "phonefarm.db").write_bytes(b"\x00garbage" * 4_000)
    listeners = bind_listeners(settings)
    farm = Farm(settings, listeners, SecretFilter())

    with pytest.raises(KnownError, match="damaged") as refusal:
        await farm.start()

    listeners.close()
    assert f"phonefarm restore {copy}" in str(refusal.value)
