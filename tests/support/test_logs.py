"""Log lines: one for each event, and never with a secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from phonefarm.support.log_files import RotatingLog
from phonefarm.support.logs import HIDDEN, SecretFilter, set_up_logs

SECRET = "planted-partner-key-5e1f"


class LogFile:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "phonefarm.log"

    @property
    def text(self) -> str:
        for handler in logging.getLogger().handlers:
            handler.flush()
        return self.path.read_text(encoding="utf-8")

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def hidden() -> SecretFilter:
    return SecretFilter([SECRET])


@pytest.fixture
def log_file(tmp_path: Path, hidden: SecretFilter) -> Iterator[LogFile]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    raises = logging.raiseExceptions
    for handler in before:
        root.removeHandler(handler)
    set_up_logs(tmp_path, hidden, to_stderr=False)
    yield LogFile(tmp_path)
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    for handler in before:
        root.addHandler(handler)
    root.setLevel(level)
    logging.raiseExceptions = raises
    structlog.reset_defaults()


def test_line_is_json_with_time_level_and_logger(log_file: LogFile) -> None:
    structlog.get_logger("phonefarm.test").info("number issued", rent_id=10_001)

    (line,) = log_file.lines
    assert (line["event"], line["rent_id"], line["level"], line["logger"]) == (
        "number issued",
        10_001,
        "info",
        "phonefarm.test",
    )
    assert line["timestamp"].endswith("Z")


def test_secret_is_hidden_in_every_field(log_file: LogFile) -> None:
    log = structlog.get_logger("phonefarm.test")

    log.info(f"event {SECRET}", value=SECRET, nested={"a": [SECRET]}, error=ValueError(SECRET))
    logging.getLogger("a.library").warning("with %s in %r", SECRET, {"key": SECRET})

    assert SECRET not in log_file.text
    assert log_file.text.count(HIDDEN) == 6


def test_secret_is_hidden_in_tracebacks(log_file: LogFile) -> None:
    try:
        raise ValueError(f"the key is {SECRET}")
    except ValueError as error:
        structlog.get_logger("phonefarm.test").error("a bug", exc_info=error)
        logging.getLogger("a.library").exception("also")

    assert SECRET not in log_file.text
    assert log_file.text.count("ValueError: the key is") == 2


@pytest.mark.parametrize("secret", ['quo"te', "back\\slash", "ключ", "slash/and+plus"])
def test_secret_is_hidden_in_json_and_url_escapes(log_file: LogFile, hidden: SecretFilter, secret: str) -> None:
    from urllib.parse import quote

    hidden.add(secret)

    structlog.get_logger("phonefarm.test").info("x", value=secret, url=f"https://h/?key={quote(secret, safe='')}")

    text = log_file.text
    assert json.dumps(secret)[1:-1] not in text
    assert quote(secret, safe="") not in text
    assert text.count(HIDDEN) == 2


def test_secret_added_later_is_hidden_from_then_on(log_file: LogFile, hidden: SecretFilter) -> None:
    hidden.add("a new key")

    structlog.get_logger("phonefarm.test").info("changed to a new key")

    assert log_file.lines[0]["event"] == f"changed to {HIDDEN}"


def test_empty_text_is_no_secret(hidden: SecretFilter) -> None:
    hidden.add("")

    assert hidden.clean("text") == "text"


def test_longer_secret_with_a_shorter_one_as_prefix_is_hidden_completely() -> None:
    assert SecretFilter(["key", "key-longer"]).clean("key-longer") == HIDDEN


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "\x1b[2Jgone", "a\u2028b", "a\u202eb", "a\x00b", "a\x85b"])
def test_value_cannot_start_a_line_or_control_a_terminal(log_file: LogFile, text: str) -> None:
    structlog.get_logger("phonefarm.test").info("from", cause=text)
    logging.getLogger("a.library").warning(text)

    assert len(log_file.text.splitlines()) == 2
    assert all(character.isprintable() or character == "\n" for character in log_file.text)


def test_debug_and_access_lines_of_libraries_are_left_out(log_file: LogFile) -> None:
    logging.getLogger("hypercorn.access").info("GET /")
    logging.getLogger("phonefarm.debugging").debug("detail")
    logging.getLogger("phonefarm.saying").info("said")

    assert [line["event"] for line in log_file.lines] == ["said"]


def test_failing_log_prints_nothing_on_stderr(
    log_file: LogFile, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_text: str) -> None:
        raise OSError("No space left on device")

    (handler,) = (it for it in logging.getLogger().handlers if isinstance(it, RotatingLog))
    structlog.get_logger("phonefarm.test").info("the file is open")
    assert handler._file is not None
    monkeypatch.setattr(handler._file, "write", refuse)

    structlog.get_logger("phonefarm.test").info("not written")

    assert capfd.readouterr().err == ""
