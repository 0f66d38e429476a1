"""The log loses no line while other programs hold its files, and a blocked terminal does not block the farm."""

from __future__ import annotations

import io
import logging
import os
import threading
from pathlib import Path

import pytest

from phonefarm.support.log_files import RotatingLog, TerminalLog


def a_record(text: str) -> logging.LogRecord:
    return logging.LogRecord("test", logging.INFO, __file__, 1, text, None, None)


def all_lines(folder: Path) -> list[str]:
    return sorted(line for path in folder.iterdir() for line in path.read_text(encoding="utf-8").splitlines())


def test_every_line_is_kept_while_another_program_prevents_the_rotation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RotatingLog(tmp_path / "phonefarm.log", max_bytes=200, kept=5)

    def refuse(_self: Path, _target: object) -> Path:
        raise PermissionError(13, "The process cannot access the file because it is being used by another process")

    monkeypatch.setattr(Path, "rename", refuse)
    for number in range(120):
        log.handle(a_record(f"line {number:04}"))
    log.close()

    assert all_lines(tmp_path) == [f"line {number:04}" for number in range(120)]


def test_file_is_rotated_once_it_is_free_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phonefarm.support.log_files.ROTATION_RETRY_BYTES", 100)
    log = RotatingLog(tmp_path / "phonefarm.log", max_bytes=200, kept=50)
    with monkeypatch.context() as held:
        held.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(PermissionError(13, "held")))
        for number in range(40):
            log.handle(a_record(f"line {number:04}"))
    assert len(list(tmp_path.iterdir())) == 1

    for number in range(40, 80):
        log.handle(a_record(f"line {number:04}"))
    log.close()

    assert len(list(tmp_path.iterdir())) > 1
    assert all_lines(tmp_path) == [f"line {number:04}" for number in range(80)]


def test_oldest_files_are_removed_first_and_those_of_old_versions_before_all(tmp_path: Path) -> None:
    (tmp_path / "phonefarm.log.1").write_text("old", encoding="utf-8")
    log = RotatingLog(tmp_path / "phonefarm.log", max_bytes=20, kept=3)

    for number in range(20):
        log.handle(a_record(f"line {number:04}"))
    log.close()

    names = [path.name for path in tmp_path.iterdir()]
    assert len(names) == 4
    assert "phonefarm.log.1" not in names
    assert "line 0019" in all_lines(tmp_path)


def test_only_the_owner_can_read_the_log(tmp_path: Path) -> None:
    log = RotatingLog(tmp_path / "phonefarm.log", max_bytes=200, kept=3)
    log.handle(a_record("line"))
    log.close()

    assert os.name == "nt" or (tmp_path / "phonefarm.log").stat().st_mode & 0o077 == 0


class StuckTerminal(io.StringIO):
    """A terminal after Ctrl-S: writes block until it continues."""

    def __init__(self) -> None:
        super().__init__()
        self.continues = threading.Event()

    def write(self, text: str, /) -> int:
        self.continues.wait(30)
        return super().write(text)


def test_blocked_terminal_does_not_block_the_logger() -> None:
    terminal = StuckTerminal()
    log = TerminalLog(terminal)
    log.setFormatter(logging.Formatter("%(message)s"))
    logged = threading.Event()

    def log_much() -> None:
        for number in range(5_000):
            log.handle(a_record(f"line {number}"))
        logged.set()

    threading.Thread(target=log_much, daemon=True).start()

    assert logged.wait(20)
    terminal.continues.set()
    log.close()
    assert terminal.getvalue().startswith("line 0\nline 1\n")


def test_closed_terminal_is_ignored() -> None:
    terminal = io.StringIO()
    terminal.close()
    log = TerminalLog(terminal)

    log.handle(a_record("line"))

    log.close()
