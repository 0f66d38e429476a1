"""Structured logs in the data folder and on stderr, with secrets removed from every line."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import structlog

from phonefarm.support.log_files import RotatingLog, TerminalLog

FOLDER = "logs"
"""In the data folder."""
LOG_BYTES = 5_000_000
LOG_FILES = 5
HIDDEN = "[hidden]"


class SecretFilter:
    """Replaces known secrets in log lines; secrets may be added at any time."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        if secret:
            escaped = json.dumps(secret, ensure_ascii=False)[1:-1]
            self._secrets |= {secret, escaped, json.dumps(secret)[1:-1], quote(secret, safe="")}

    def clean(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return text


class _CleanFormatter(structlog.stdlib.ProcessorFormatter):
    """Formats a record with its traceback, then removes the secrets."""

    def __init__(
        self,
        secrets: SecretFilter,
        processors: list[structlog.typing.Processor],
        foreign_pre_chain: list[structlog.typing.Processor],
    ) -> None:
        super().__init__(processors=processors, foreign_pre_chain=foreign_pre_chain)
        self._secrets_filter = secrets

    def format(self, record: logging.LogRecord) -> str:
        return self._secrets_filter.clean(super().format(record))


def log_file(folder: Path) -> Path:
    return folder / "phonefarm.log"


def set_up_logs(folder: Path | None, secrets: SecretFilter, *, to_stderr: bool, level: int = logging.INFO) -> None:
    """Route everything, libraries too, to a rotating file of JSON lines and, if wanted, to stderr."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _escape_control_characters,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    logging.raiseExceptions = False  # a full disk must not flood stderr with the log's own errors
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    if folder is not None:
        with suppress(OSError):  # reported in one line by the code that opens the data folder
            folder.mkdir(parents=True, exist_ok=True)
        to_file = RotatingLog(log_file(folder), max_bytes=LOG_BYTES, kept=LOG_FILES)
        to_file.setFormatter(_formatter(secrets, shared, structlog.processors.JSONRenderer(ensure_ascii=False)))
        root.addHandler(to_file)
    if to_stderr and sys.stderr is not None:
        to_terminal = TerminalLog(sys.stderr)
        to_terminal.setFormatter(_formatter(secrets, shared, structlog.processors.LogfmtRenderer()))
        root.addHandler(to_terminal)
    root.setLevel(level)
    for noisy in ("hypercorn.access", "aiohttp.access", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _formatter(
    secrets: SecretFilter, shared: list[structlog.typing.Processor], renderer: structlog.typing.Processor
) -> _CleanFormatter:
    return _CleanFormatter(
        secrets,
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )


def _escape_control_characters(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Prevents log injection: a sender's name or an adb answer must not start a line of its own."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable() and name != "exception":
            event[name] = value.encode("unicode_escape").decode("ascii")
    return event
