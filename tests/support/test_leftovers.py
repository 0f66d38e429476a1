"""The next start removes what a crash left behind, and keeps the user's files."""

from __future__ import annotations

import os
from pathlib import Path

from phonefarm.config.data_folder import DataFolder
from phonefarm.support import leftovers
from phonefarm.support.leftovers import remove_stale


def make_old(path: Path) -> Path:
    os.utime(path, (0, 0))
    return path


def test_start_removes_half_written_files_of_the_data_folder(tmp_path: Path) -> None:
    kept = tmp_path / "settings.toml"
    for name in ("settings.toml", "settings.new", "numbers.new", "partner.new", "phonefarm.db.draft", "doctor.tmp"):
        (tmp_path / name).write_text("secret", encoding="utf-8")
    folder = DataFolder(tmp_path)

    folder.take()
    folder.release()

    assert {path.name for path in tmp_path.iterdir()} - {"phonefarm.lock"} == {kept.name}


def test_start_keeps_the_users_files_and_folders_in_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "photos.tmp").mkdir()
    (tmp_path / "photos.tmp" / "a.jpg").write_text("x", encoding="utf-8")
    names = ("accounts.new", "letter.draft", "sheet.tmp", "phonefarm-20240101T000000Z.db")
    for name in names:
        (tmp_path / name).write_text("x", encoding="utf-8")
    folder = DataFolder(tmp_path)

    folder.take()
    folder.release()

    assert {*names, "photos.tmp"} <= {path.name for path in tmp_path.iterdir()}
    assert (tmp_path / "photos.tmp" / "a.jpg").exists()


def test_only_entries_a_day_old_are_removed_from_a_shared_folder(tmp_path: Path) -> None:
    (tmp_path / "phonefarm-demo-a").mkdir()
    (tmp_path / "phonefarm-demo-a" / "phonefarm.db").write_text("x", encoding="utf-8")
    (tmp_path / "phonefarm-demo-b").mkdir()
    (tmp_path / "other").mkdir()
    make_old(tmp_path / "phonefarm-demo-a")
    make_old(tmp_path / "other")

    remove_stale(tmp_path, "phonefarm-demo-*")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "phonefarm-demo-b"]


def test_link_is_removed_and_its_target_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "file").write_text("x", encoding="utf-8")
    link = tmp_path / "settings.new"
    try:
        link.symlink_to(target, target_is_directory=True)
    except OSError:  # Windows without the right to make one
        return

    leftovers.remove_drafts(tmp_path)

    assert (target / "file").exists()
    assert not link.exists()
