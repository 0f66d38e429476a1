"""The note of a restore, which the window shows: a file, as the restored database does not know of the restore."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from phonefarm.application.model.read_models import Restored
from phonefarm.support.atomic_files import remove_file

NAME = "restored.json"


class RestoreNote:
    """Lies in the data folder until the user has confirmed it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def leave(self, restored: Restored) -> None:
        """Ignores errors of the disk: a restore does not fail because of its note."""
        values = {"at": restored.at.isoformat(), "until": restored.until.isoformat()}
        with suppress(OSError):
            self._path.write_text(json.dumps(values), encoding="utf-8")

    def read(self) -> Restored | None:
        try:
            values = json.loads(self._path.read_text(encoding="utf-8"))
            return Restored(at=datetime.fromisoformat(values["at"]), until=datetime.fromisoformat(values["until"]))
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def forget(self) -> None:
        remove_file(self._path)
