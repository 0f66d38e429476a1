"""What the way to the first sale remembers, in a file of its own: a restored backup changes nothing of it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from phonefarm.application.model.setup_state import Link, PushAnswer, PushTest, SetupNotes
from phonefarm.domain.errors import KnownError
from phonefarm.support.atomic_files import atomic_write
from phonefarm.support.os_errors import cause_of
from phonefarm.support.text_files import read_text

NAME = "setup.json"


class SetupNotesFile:
    """Fulfils `SetupRecord`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def read(self) -> SetupNotes:
        try:
            values = json.loads(read_text(self._path))
            return SetupNotes(
                confirmed_at=_moment(values.get("confirmed_at")),
                push_test=_push_test(values.get("push_test")),
                test_passed_at=_moment(values.get("test_passed_at")),
                test_failed_link=Link(values["test_failed_link"]) if values.get("test_failed_link") else None,
                last_call_at=_moment(values.get("last_call_at")),
            )
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return SetupNotes()  # the user is asked and tests again: nothing is assumed

    def write(self, notes: SetupNotes) -> None:
        test = notes.push_test
        values = {
            "confirmed_at": _text(notes.confirmed_at),
            "push_test": None
            if test is None
            else {
                "url": test.url,
                "at": test.at.isoformat(),
                "answer": test.answer.value,
                "detail": test.detail,
                "milliseconds": test.milliseconds,
            },
            "test_passed_at": _text(notes.test_passed_at),
            "test_failed_link": None if notes.test_failed_link is None else notes.test_failed_link.value,
            "last_call_at": _text(notes.last_call_at),
        }
        draft = self._path.with_suffix(".new")
        try:
            with atomic_write(self._path, draft):
                draft.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise KnownError(
                f"{self._path} cannot be written: {cause_of(error)}. Check the disk's free space."
            ) from error


def _push_test(values: Any) -> PushTest | None:
    if not values:
        return None
    return PushTest(
        url=str(values["url"]),
        at=datetime.fromisoformat(values["at"]),
        answer=PushAnswer(values["answer"]),
        detail=str(values["detail"]),
        milliseconds=int(values["milliseconds"]),
    )


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
