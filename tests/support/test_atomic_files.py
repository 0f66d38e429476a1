"""A file is replaced as soon as another program closes it; after two seconds FileHeld is raised and nothing is lost."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from phonefarm.support import atomic_files
from phonefarm.support.atomic_files import FileHeld, atomic_write, remove_file, replace_file
from tests.checkout import CHECKOUT
from tests.fakes.held_file import Holder, refusal


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "настройки.toml"
    path.write_text("before", encoding="utf-8")
    return path


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "настройки.new"
    path.write_text("after", encoding="utf-8")
    return path


def test_file_that_is_closed_in_time_is_replaced(held: Holder, draft: Path, target: Path) -> None:
    held.hold(target, pauses=3)

    replace_file(draft, target)

    assert target.read_text(encoding="utf-8") == "after"
    assert held.waited == pytest.approx(0.15)


def test_error_names_the_file_that_stays_held_for_two_seconds(held: Holder, draft: Path, target: Path) -> None:
    held.hold(target)

    with pytest.raises(FileHeld) as raised:
        replace_file(draft, target)

    assert str(raised.value).startswith(f"{target} is held open by another program: close it there and try again.")
    assert held.waited == pytest.approx(2.0)
    assert target.read_text(encoding="utf-8") == "before"


def test_error_names_the_source_if_there_is_no_target(held: Holder, target: Path) -> None:
    held.hold(target)

    with pytest.raises(FileHeld, match=r"настройки\.toml is held"):
        replace_file(target, target.with_name("aside"))


def test_file_is_removed_as_soon_as_it_is_closed(held: Holder, target: Path) -> None:
    held.hold(target, pauses=2)

    remove_file(target)
    remove_file(target)

    assert not target.exists()


def test_atomic_write_replaces_the_target(tmp_path: Path, target: Path) -> None:
    new = tmp_path / "new"
    with atomic_write(target, new):
        new.write_text("after", encoding="utf-8")

    assert target.read_text(encoding="utf-8") == "after"
    assert not new.exists()


def test_failed_atomic_write_keeps_the_target_and_removes_the_draft(held: Holder, draft: Path, target: Path) -> None:
    held.hold(target)
    with pytest.raises(FileHeld), atomic_write(target, draft):
        pass
    held.let_go()
    draft.write_text("half", encoding="utf-8")
    with pytest.raises(ZeroDivisionError), atomic_write(target, draft):
        raise ZeroDivisionError

    assert target.read_text(encoding="utf-8") == "before"
    assert not draft.exists()


def test_failed_atomic_write_without_a_draft_raises_the_original_error(tmp_path: Path, target: Path) -> None:
    with pytest.raises(ZeroDivisionError), atomic_write(target, tmp_path / "never"):
        raise ZeroDivisionError


def test_other_errors_are_not_retried(held: Holder, tmp_path: Path, target: Path) -> None:
    with pytest.raises(FileNotFoundError):
        replace_file(tmp_path / "nothing", target)

    assert held.waited == 0


@pytest.mark.parametrize(("mode", "error"), [(0o600, FileHeld), (0o400, PermissionError)])
def test_denied_access_is_retried_unless_the_file_is_read_only(
    mode: int,
    error: type[Exception],
    held: Holder,
    draft: Path,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Windows says "access denied", code 5, in both cases."""

    def deny(source: Path, target: Path) -> None:
        raise refusal(5)

    target.chmod(mode)
    monkeypatch.setattr(os, "replace", deny)

    with pytest.raises(error):
        replace_file(draft, target)

    assert (held.waited > 0) is (error is FileHeld)


def test_lacking_permission_is_not_retried_on_other_systems(
    held: Holder, draft: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(source: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", deny)

    with pytest.raises(PermissionError):
        replace_file(draft, target)

    assert held.waited == 0


def test_all_code_replaces_files_with_this_module() -> None:
    sources = {path for room in ("phonefarm", "ui") for path in (CHECKOUT / room).rglob("*.py")}
    theirs = sources - {Path(atomic_files.__file__)}

    assert len(theirs) == len(sources) - 1
    assert [path.name for path in theirs if re.search(r"\bos\.(replace|rename)\(", path.read_text("utf-8"))] == []
