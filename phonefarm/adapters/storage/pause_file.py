"""The pause of all selling, in a file of its own: it holds also while the database is damaged or restored."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from phonefarm.application.model.read_models import BY_USER, Pause
from phonefarm.domain.errors import KnownError
from phonefarm.support.atomic_files import atomic_write, remove_file
from phonefarm.support.os_errors import cause_of

NAME = "selling-paused.json"


class PauseFile:
    """Fulfils `PauseStore`: the file is there while selling is paused."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def read(self) -> Pause | None:
        if not self._path.exists():
            return None
        try:
            values = json.loads(self._path.read_text(encoding="utf-8"))
            since = datetime.fromisoformat(values["since"])
            if since.tzinfo is None:
                raise ValueError(values["since"])
            return Pause(since=since, by=str(values["by"]))
        except (OSError, ValueError, LookupError, TypeError):
            return Pause(since=self._written_at(), by=BY_USER)

    def write(self, pause: Pause) -> None:
        draft = self._path.with_suffix(".new")
        try:
            with atomic_write(self._path, draft):
                draft.write_text(json.dumps({"since": pause.since.isoformat(), "by": pause.by}), encoding="utf-8")
        except OSError as error:
            raise KnownError(f"{self._path} cannot be written: {cause_of(error)}.") from error

    def remove(self) -> None:
        try:
            remove_file(self._path)
        except OSError as error:
            raise KnownError(
                f"Selling stays paused: {self._path} cannot be removed: {cause_of(error)}. Remove it, then try again."
            ) from error

    def _written_at(self) -> datetime:
        try:
            return datetime.fromtimestamp(self._path.stat().st_mtime, UTC)
        except OSError:
            return datetime.now(UTC)
