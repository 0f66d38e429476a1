"""What is kept of the public address survives the program, and a damaged file assumes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from phonefarm.adapters.tunnel.kept_texts import HOST_KEYS_FILE, REPORTED_URL_FILE, HostKeysFile, ReportedUrlFile
from phonefarm.domain.errors import KnownError


def test_reported_url_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert ReportedUrlFile(tmp_path).read() == ""

    ReportedUrlFile(tmp_path).write("https://a.example.com")

    assert ReportedUrlFile(tmp_path).read() == "https://a.example.com"


def test_host_keys_are_kept_by_server(tmp_path: Path) -> None:
    keys = HostKeysFile(tmp_path)
    keys.write("a@one:22", "SHA256:1")
    keys.write("a@two:22", "SHA256:2")

    assert [HostKeysFile(tmp_path).read(server) for server in ("a@one:22", "a@two:22", "b@one:22")] == [
        "SHA256:1",
        "SHA256:2",
        "",
    ]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff\xfe", b'{"a@one:22": 7}'])
def test_damaged_file_confirms_no_key(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / HOST_KEYS_FILE).write_bytes(damage)

    assert HostKeysFile(tmp_path).read("a@one:22") == ""
    HostKeysFile(tmp_path).write("a@one:22", "SHA256:1")
    assert HostKeysFile(tmp_path).read("a@one:22") == "SHA256:1"


def test_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / REPORTED_URL_FILE).mkdir()

    with pytest.raises(KnownError, match="cannot be written"):
        ReportedUrlFile(tmp_path).write("https://a.example.com")
