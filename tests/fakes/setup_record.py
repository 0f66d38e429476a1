"""The notes of the way to the first sale, in memory."""

from __future__ import annotations

from phonefarm.application.model.setup_state import SetupNotes


class NotesInMemory:
    def __init__(self) -> None:
        self.notes = SetupNotes()
        self.writes = 0

    def read(self) -> SetupNotes:
        return self.notes

    def write(self, notes: SetupNotes) -> None:
        self.notes = notes
        self.writes += 1
