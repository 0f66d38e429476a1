"""The commands: exit codes, and one line on stderr for each KnownError."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from phonefarm.commands import cli
from phonefarm.commands.status import as_text, fetch_health
from phonefarm.domain.errors import KnownError
from tests.checkout import CHECKOUT

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def phonefarm(tmp_path: Path, unused_tcp_port_factory: Callable[[], int]) -> Run:
    """Run a command on a temporary data folder, without a running farm and without adb."""
    own = {
        "PHONEFARM_DATA_DIR": str(tmp_path / "data"),
        "PHONEFARM_LISTEN": f"127.0.0.1:{unused_tcp_port_factory()}",
        "PHONEFARM_ADMIN_LISTEN": f"127.0.0.1:{unused_tcp_port_factory()}",
        "PHONEFARM_ADB_SERVERS": f"127.0.0.1:{unused_tcp_port_factory()}",
        "PHONEFARM_ADB_PATH": str(tmp_path / "no adb here"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "PYTHONIOENCODING": "utf-8",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PHONEFARM_")}

    def run(*words: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "phonefarm", *words],
            env=kept | own | changes,
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
        )

    return run


def test_doctor_that_finds_something_wrong_ends_with_one(phonefarm: Run) -> None:
    done = phonefarm("doctor")

    assert done.returncode == 1
    assert "FAIL push URL: not set" in done.stdout
    assert "FAIL key: The system's keyring cannot be read: there is none." in done.stdout
    assert all(line.startswith(("ok   ", "warn ", "FAIL ")) for line in done.stdout.splitlines())
    assert done.stderr == ""


def test_doctor_names_the_port_that_is_taken(phonefarm: Run) -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = phonefarm("doctor", PHONEFARM_LISTEN=f"127.0.0.1:{other.getsockname()[1]}")

    assert "FAIL ports: The webhook server cannot listen on" in done.stdout


def test_status_without_a_farm_is_one_line(phonefarm: Run) -> None:
    done = phonefarm("status")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("phonefarm: No phonefarm answers on ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [["nonsense"], ["demo", "--phones", "0"], ["export", "keys", "x.csv"], ["export"]])
def test_wrong_usage_ends_with_two(phonefarm: Run, words: list[str]) -> None:
    assert phonefarm(*words).returncode == 2


def test_wrong_setting_is_one_line(phonefarm: Run) -> None:
    done = phonefarm("status", PHONEFARM_LISTEN="nonsense")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "phonefarm: A setting is wrong. listen: must be host:port, such as 127.0.0.1:8080"
    ]


def test_version_is_printed_with_exit_code_zero(phonefarm: Run) -> None:
    done = phonefarm("--version")

    assert (done.returncode, done.stdout.split()[0]) == (0, "phonefarm")


def test_import_of_numbers_works_and_export_fails_before_the_first_run(phonefarm: Run, tmp_path: Path) -> None:
    file = tmp_path / "numbers.csv"
    file.write_text("iccid,msisdn\n89701010012345678909,79281234567\n", encoding="utf-8")

    taken = phonefarm("numbers", "import", str(file))
    given = phonefarm("numbers", "export", str(tmp_path / "out.csv"))

    assert taken.returncode == 0
    assert taken.stdout.startswith("1 number kept in ")
    assert (given.returncode, given.stdout) == (1, "")
    assert "no database" in given.stderr


async def test_status_reports_a_rate_limit_as_such() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"error": "Too many requests"}'
        writer.write(b"HTTP/1.1 429 x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
        writer.write(body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()

        with pytest.raises(KnownError, match="Too many requests"):
            await fetch_health(f"{host}:{port}")


def test_status_for_scripts_is_the_same_in_every_code_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    health: dict[str, object] = {
        "status": "warn",
        "checks": {"engine": {"detail": "C:\\Users\\Иван Петров\\номера.csv"}},
    }

    async def answer(admin: str) -> dict[str, object]:
        return health

    monkeypatch.setattr("phonefarm.commands.status.fetch_health", answer)
    monkeypatch.setenv("PHONEFARM_DATA_DIR", str(tmp_path))

    cli.status(as_json=True)

    said = capsys.readouterr().out
    assert said.isascii()
    assert json.loads(said) == health


def test_status_lists_checks_before_counts() -> None:
    text = as_text(
        {
            "status": "fail",
            "checks": {"webhooks": {"status": "fail", "detail": "the push URL is not set"}},
            "counts": {"sims": 3, "sms_received": 12},
            "wrong_keys": {"count": 7, "last_at": "2026-03-14T12:00:00+00:00"},
        }
    )

    assert text.splitlines() == [
        "status: fail",
        "  fail webhooks: the push URL is not set",
        "      3 SIMs",
        "     12 SMS received",
        "      7 calls with a wrong key, the last at 2026-03-14T12:00:00+00:00",
    ]


def test_status_without_refused_calls_has_no_time() -> None:
    text = as_text({"status": "pass", "checks": {}, "counts": {}, "wrong_keys": {"count": 0, "last_at": None}})

    assert text.splitlines() == ["status: pass", "      0 calls with a wrong key"]


def test_alerts_are_listed_and_a_test_without_a_channel_ends_with_one_line(phonefarm: Run) -> None:
    listed = phonefarm("alerts", "list", "--json")
    tested = phonefarm("alerts", "test")

    assert json.loads(listed.stdout)["quiet_hours"] == {"on": True, "begin": "23:00", "end": "08:00"}
    assert (tested.returncode, tested.stdout) == (1, "")
    assert tested.stderr == "phonefarm: No channel is on. Add one on the Settings page, under Alerts.\n"


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_pause_and_resume_without_a_farm_are_one_line(phonefarm: Run, command: str) -> None:
    done = phonefarm(command, "--json")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("phonefarm: No phonefarm runs on ")
    assert len(done.stderr.splitlines()) == 1
