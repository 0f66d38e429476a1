"""With few open files allowed, unauthenticated connections leave enough for the farm."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from phonefarm.support.file_limit import NO_LIMIT, WANTED, admin_connections_within, connections_within
from tests.farm.app_process import KEY, AppProcess
from tests.farm.harness import until

pytestmark = [
    pytest.mark.farm,
    pytest.mark.skipif(sys.platform == "win32", reason="sockets are no files there"),
]

LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
sys.argv[1:] = ["serve"]
runpy.run_module("phonefarm", run_name="__main__")
"""
RAISED = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
from phonefarm.support.file_limit import raise_file_limit
raised = raise_file_limit()
print(raised, *resource.getrlimit(resource.RLIMIT_NOFILE))
"""
STRANGERS = 150


@pytest.mark.parametrize(("soft", "hard", "then"), [(64, 512, 512), (256, 4096, 4096), (300, 300, 300)])
def test_soft_limit_is_raised_as_far_as_is_allowed(soft: int, hard: int, then: int) -> None:
    said = subprocess.run(
        [sys.executable, "-c", RAISED.format(soft=soft, hard=hard)], capture_output=True, text=True, check=True
    )

    assert said.stdout.splitlines()[-1] == f"{then} {then} {hard}"


@pytest.mark.parametrize(
    ("limit", "webhooks", "admin"),
    [(NO_LIMIT, 256, 256), (WANTED, 256, 256), (1024, 128, 32), (256, 32, 8), (64, 8, 4), (16, 4, 4)],
)
def test_connections_follow_the_limit(limit: int, webhooks: int, admin: int) -> None:
    assert (connections_within(limit, 256), admin_connections_within(limit, 256)) == (webhooks, admin)


@pytest.fixture
def strangers() -> Iterator[ExitStack]:
    with ExitStack() as connections:
        yield connections


@pytest.mark.parametrize("limit", [64, 96, 256])
def test_unauthenticated_connections_do_not_block_calls_of_the_market(
    tmp_path: Path, strangers: ExitStack, limit: int
) -> None:
    app = AppProcess(tmp_path, {"ADB_SERVERS": "192.0.2.1:5037", "PUSH_URL": "http://127.0.0.1:9/push"})
    app.command = [sys.executable, "-c", LIMITED, str(limit), str(limit)]
    app.start()
    try:
        for _ in range(STRANGERS):
            strangers.enter_context(connected(app.webhooks))
            strangers.enter_context(connected(app.admin))

        answers = [services(app) for _ in range(8)]
        until(lambda: app.health()["checks"]["storage"]["status"] == "pass", what="a database that is written to")
    finally:
        app.stop()

    assert answers == [{"status": "SUCCESS", "countryList": []}] * 8


def connected(url: str) -> socket.socket:
    host, _, port = url.removeprefix("http://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=5)


def services(app: AppProcess) -> Any:
    body = json.dumps({"action": "GET_SERVICES", "key": KEY}).encode()
    request = urllib.request.Request(f"{app.webhooks}/getServicesRent", data=body)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read())
    except (urllib.error.URLError, OSError) as error:
        return repr(error)
