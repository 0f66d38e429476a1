"""The lock and mode of the data folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from phonefarm.config.data_folder import DataFolder
from phonefarm.domain.errors import KnownError


def test_folder_is_made_and_for_its_owner_only(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "deep" / "farm")

    folder.take()

    assert (tmp_path / "deep" / "farm").is_dir()
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "deep" / "farm").stat().st_mode) == 0o700
    folder.release()


def test_second_phonefarm_on_the_folder_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    first.take()

    with pytest.raises(KnownError, match="Another phonefarm is running"):
        second.take()

    first.release()
    second.take()
    second.release()


def test_folder_that_cannot_be_created_is_reported_with_the_cause(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(KnownError, match="cannot be used: "):
        DataFolder(tmp_path / "file" / "farm").take()


def test_release_may_be_called_twice(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.take()

    folder.release()
    folder.release()
