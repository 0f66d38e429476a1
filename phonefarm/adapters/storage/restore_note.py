"""What a restore leaves for the window to say, in a file of its own: the books themselves know nothing of it."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from phonefarm.application.model.read_models import Restored
from phonefarm.support.atomic_files import remove_file

NAME = "restored.json"


class RestoreNote:
    """Kept in the data folder until the user has taken note of it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def leave(self, restored: Restored) -> None:
        """A restore that has succeeded does not fail for want of its note."""
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
