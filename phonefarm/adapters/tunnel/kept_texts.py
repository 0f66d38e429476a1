"""Small facts of the public address that outlive the program: the URL that Onlinesim was told, SSH host keys."""

from __future__ import annotations

import json
from pathlib import Path

from phonefarm.domain.errors import KnownError
from phonefarm.support.atomic_files import atomic_write
from phonefarm.support.os_errors import cause_of
from phonefarm.support.text_files import read_text

REPORTED_URL_FILE = "public-url.txt"
HOST_KEYS_FILE = "ssh-host-keys.json"


class ReportedUrlFile:
    """Fulfils `ReportedUrl`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / REPORTED_URL_FILE

    def read(self) -> str:
        return _read(self._path).strip()

    def write(self, url: str) -> None:
        _write(self._path, url + "\n")


class HostKeysFile:
    """Fulfils `HostKeys`: fingerprints by server, as JSON."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / HOST_KEYS_FILE

    def read(self, server: str) -> str:
        fingerprint = self._all().get(server, "")
        return fingerprint if isinstance(fingerprint, str) else ""

    def write(self, server: str, fingerprint: str) -> None:
        _write(self._path, json.dumps({**self._all(), server: fingerprint}, indent=1) + "\n")

    def _all(self) -> dict[str, object]:
        try:
            kept = json.loads(_read(self._path) or "{}")
        except ValueError:
            return {}  # no key is confirmed then: the user is asked again
        return kept if isinstance(kept, dict) else {}


def _read(path: Path) -> str:
    """Empty where the file is missing or cannot be read: the user is asked again, and nothing is assumed."""
    try:
        return read_text(path)
    except (OSError, UnicodeDecodeError):
        return ""


def _write(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    try:
        with atomic_write(path, draft):
            draft.write_text(text, encoding="utf-8")
    except OSError as error:
        raise KnownError(f"{path} cannot be written: {cause_of(error)}. Check the disk's free space.") from error
