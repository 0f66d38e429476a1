"""The commands `backup` and `restore`, and the check for a damaged database."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from phonefarm.adapters.storage.restore_note import RestoreNote
from phonefarm.adapters.storage.sqlite.backup import FOLDER, Backup, backups_in, make_backup, make_backup_in
from phonefarm.adapters.storage.sqlite.database_file import database_path
from phonefarm.adapters.storage.sqlite.integrity import Contents, integrity_problem, verify
from phonefarm.adapters.storage.sqlite.restore import restore
from phonefarm.application.model.read_models import Restored
from phonefarm.config.data_folder import DataFolder
from phonefarm.config.settings import Settings
from phonefarm.domain.errors import KnownError


def back_up(settings: Settings, target: Path | None) -> str:
    """Make a backup; returns the report for the user."""
    database = database_path(settings.resolved_database_url)
    if target is None:
        path, contents = make_backup_in(settings.data_dir / FOLDER, database, datetime.now(UTC))
    elif target.exists():
        raise KnownError(f"{target} already exists: name another file.")
    else:
        path, contents = target, make_backup(database, target)
    return f"Backup {path} made and verified: {contents}."


@dataclass(frozen=True, kw_only=True)
class DatabaseDamage:
    """A damaged database; its text is shown in a dialog."""

    database: Path
    problem: str
    backups: Path
    sound_backup: tuple[Backup, Contents] | None
    """The newest backup that passes verification, and its contents."""

    def __str__(self) -> str:
        problem = f"The database {self.database} is damaged ({self.problem})."
        if self.sound_backup is not None:
            return problem
        return (
            f"{problem} There is no sound backup in {self.backups}. To begin with an empty database, close this, move "
            "the damaged file to another folder and start phonefarm again."
        )


def find_damage(settings: Settings) -> DatabaseDamage | None:
    """Check the database; None if it is sound."""
    database, backups = database_path(settings.resolved_database_url), settings.data_dir / FOLDER
    problem = integrity_problem(database)
    if problem is None:
        return None
    return DatabaseDamage(
        database=database, problem=problem, backups=backups, sound_backup=_newest_sound_backup(backups)
    )


def _newest_sound_backup(folder: Path) -> tuple[Backup, Contents] | None:
    for backup in backups_in(folder):
        with suppress(KnownError):
            return backup, verify(backup.path)
    return None


def restore_backup(settings: Settings, backup: Path) -> str:
    """Restore a backup while no phonefarm runs on the data folder; returns the report for the user."""
    folder, now = DataFolder(settings.data_dir), datetime.now(UTC)
    folder.take()
    try:
        contents, former_database = restore(backup, database_path(settings.resolved_database_url), now)
        until = contents.last_heartbeat
        written = datetime.fromtimestamp(backup.stat().st_mtime, UTC)
        RestoreNote(settings.data_dir).leave(Restored(at=now, until=until or written))
    finally:
        folder.release()
    report = [f"Restored {backup}: {contents}."]
    if until is not None:
        report.append(f"It ends {until.astimezone().strftime('%Y-%m-%d %H:%M:%S')}; what came later is not in it.")
    if former_database is not None:
        report.append(f"The former database is {former_database}.")
    return " ".join(report)
