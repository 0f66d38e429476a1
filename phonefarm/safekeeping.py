"""What `backup` and `restore` do."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from phonefarm.adapters.storage.backup import (
    FOLDER,
    Backup,
    Contents,
    backups_in,
    database_path,
    make_backup,
    name_at,
    problem_of,
    restore,
    verified,
)
from phonefarm.data_folder import DataFolder
from phonefarm.domain.errors import KnownError
from phonefarm.settings import Settings


def back_up(settings: Settings, target: Path | None) -> str:
    """Make a backup by hand; returns what to tell the user."""
    path = target or settings.data_dir / FOLDER / name_at(datetime.now(UTC))
    if path.exists():
        raise KnownError(f"{path} is there already: name another file.")
    contents = make_backup(database_path(settings.resolved_database_url), path)
    return f"Backup {path} made and verified: {contents}."


def way_back(settings: Settings) -> tuple[Backup, Contents] | None:
    """Where the database is damaged: the newest backup that is sound, and what it holds."""
    if problem_of(database_path(settings.resolved_database_url)) is None:
        return None
    for backup in backups_in(settings.data_dir / FOLDER):
        with suppress(KnownError):
            return backup, verified(backup.path)
    return None


def go_back(settings: Settings, backup: Path) -> str:
    """Restore a backup while no phonefarm runs on the data folder; returns what to tell the user."""
    folder = DataFolder(settings.data_dir)
    folder.take()
    try:
        contents, aside = restore(backup, database_path(settings.resolved_database_url), datetime.now(UTC))
    finally:
        folder.release()
    until = contents.last_heartbeat
    said = [f"Restored {backup}: {contents}."]
    if until is not None:
        said.append(f"It ends {until.astimezone().strftime('%Y-%m-%d %H:%M:%S')}; what came later is not in it.")
    if aside is not None:
        said.append(f"The former database is {aside}.")
    return " ".join(said)
