"""The pause of all selling survives in its file; a damaged file still means paused."""

from __future__ import annotations

from pathlib import Path

import pytest

from phonefarm.adapters.storage.pause_file import NAME, PauseFile
from phonefarm.application.model.read_models import BY_USER, Pause
from phonefarm.domain.errors import KnownError
from tests.builders import NOON


def test_pause_is_read_as_it_was_written_until_removed(tmp_path: Path) -> None:
    file = PauseFile(tmp_path)
    assert file.read() is None

    file.write(Pause(since=NOON, by="the user"))
    assert PauseFile(tmp_path).read() == Pause(since=NOON, by="the user")

    file.remove()
    assert file.read() is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"since": "never", "by": "x"}', '{"since": "2026-01-01T00:00:00"}'])
def test_damaged_file_means_paused_and_not_selling(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text, encoding="utf-8")

    pause = PauseFile(tmp_path).read()

    assert pause is not None
    assert (pause.by, pause.since.tzinfo is not None) == (BY_USER, True)


def test_folder_that_is_gone_is_a_known_error(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="cannot be written"):
        PauseFile(tmp_path / "gone").write(Pause(since=NOON, by=BY_USER))


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    PauseFile(tmp_path).remove()
