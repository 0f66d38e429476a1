"""adb servers that are killed, freeze or never start: phones recover, nothing is lost, the app stops in time."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.farm.app_process import AppProcess, running
from tests.farm.harness import Harness, isolate_adb_servers, until

pytestmark = pytest.mark.farm

STOP_LIMIT_SECONDS = 5.0
PROCESS_MARGIN_SECONDS = 1.5
"""Allowance for the end of the interpreter and a busy machine."""
OFF_OFFER_TIMEOUT_SECONDS = 15.0

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals and shell scripts")


@pytest.fixture
def reviving(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> Iterator[Harness]:
    with isolate_adb_servers(harness, monkeypatch):
        yield harness


def seconds_to_stop(app: AppProcess) -> float:
    begun = time.monotonic()
    code = app.stop()
    took = time.monotonic() - begun
    assert code == 0
    return took


def is_listening(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
        return True
    return False


def test_killed_adb_server_is_started_anew_and_its_phones_and_their_sms_come_back(reviving: Harness) -> None:
    harness = reviving
    harness.open_app()
    rent = harness.order()

    harness.adb.process.kill()
    harness.adb.process.wait(5)
    harness.send(rent.msisdn, "sent while there was no adb server")

    harness.until_texts(rent, "sent while there was no adb server", within=40)
    until(lambda: harness.app.counts()["phones_ready"] == 3, 40, "all phones ready again")
    assert is_listening(harness.adb_port)
    assert harness.app.health()["checks"]["adb"]["status"] == "pass"
    assert harness.app.health()["checks"]["engine"]["status"] == "pass"


@posix_only
def test_phones_of_a_frozen_adb_server_leave_the_offer_and_come_back_with_it(reviving: Harness) -> None:
    harness = reviving
    harness.open_app()
    rent = harness.order()
    harness.adb.process.send_signal(signal.SIGSTOP)
    try:
        until(lambda: harness.app.counts()["phones_ready"] == 0, OFF_OFFER_TIMEOUT_SECONDS, "an empty offer")
        assert harness.app.counts()["numbers_on_offer"] == 0
        harness.send(rent.msisdn, "sent while adb was frozen")
    finally:
        harness.adb.process.send_signal(signal.SIGCONT)

    until(lambda: harness.app.counts()["phones_ready"] == 3, 60, "all phones ready again")
    harness.until_texts(rent, "sent while adb was frozen")


@posix_only
def test_app_on_a_frozen_adb_server_stops_in_time(reviving: Harness) -> None:
    harness = reviving
    harness.open_app()
    harness.adb.process.send_signal(signal.SIGSTOP)
    try:
        took = seconds_to_stop(harness.app)
    finally:
        harness.adb.process.send_signal(signal.SIGCONT)

    assert took < STOP_LIMIT_SECONDS + PROCESS_MARGIN_SECONDS


@posix_only
def test_app_whose_adb_never_starts_stops_in_time(tmp_path: Path, unused_tcp_port: int) -> None:
    begun = tmp_path / "begun"
    hanging = tmp_path / "adb"
    hanging.write_text(f"#!/bin/sh\necho $$ > {begun}.new && mv {begun}.new {begun}\nexec sleep 600\n")
    hanging.chmod(0o755)
    app = AppProcess(tmp_path / "data", {"ADB_PATH": str(hanging), "ADB_SERVERS": f"127.0.0.1:{unused_tcp_port}"})
    try:
        with running(app):
            until(begun.exists, what="the start of adb")

            took = seconds_to_stop(app)
    finally:
        if begun.exists():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(begun.read_text()), signal.SIGKILL)

    assert took < STOP_LIMIT_SECONDS + PROCESS_MARGIN_SECONDS


def test_app_whose_database_is_locked_by_another_stops_in_time(harness: Harness) -> None:
    harness.open_app()
    rent = harness.order()
    other = sqlite3.connect(harness.folder / "data" / "phonefarm.db", isolation_level=None)
    with contextlib.closing(other):
        other.execute("BEGIN IMMEDIATE")
        harness.send(rent.msisdn, "cannot be recorded yet")

        took = seconds_to_stop(harness.app)

    assert took < STOP_LIMIT_SECONDS + PROCESS_MARGIN_SECONDS
    harness.open_app()
    harness.until_texts(rent, "cannot be recorded yet")
