"""What the market did and got as an answer is in the log of a running farm, and the command line shows it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.checkout import CHECKOUT
from tests.farm.app_process import KEY
from tests.farm.harness import Harness, until

pytestmark = pytest.mark.farm

TEXT = "Your code is 482913"
STRANGERS_KEY = "key-of-a-stranger"


def post(url: str, body: dict[str, Any]) -> int:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def calls(harness: Harness, *options: str) -> list[dict[str, Any]]:
    """What `phonefarm calls --json` says, beside the running app."""
    done = subprocess.run(
        [sys.executable, "-m", "phonefarm", "calls", "--json", "--limit", "200", *options],
        env=os.environ | harness.app.environment(),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert TEXT not in done.stdout
    assert KEY not in done.stdout
    assert STRANGERS_KEY not in done.stdout
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def outcomes(found: list[dict[str, Any]]) -> list[str]:
    return [call["outcome"] for call in found]


def test_orders_pushes_finishes_and_strangers_are_in_the_log(harness: Harness) -> None:
    harness.open_app()
    webhooks = harness.app.webhooks
    rent = harness.order()
    harness.send(rent.msisdn, TEXT)
    harness.until_texts(rent, TEXT)
    order = {"action": "GET_NUMBER", "service": "rent", "sum": 100, "country": "atlantis", "key": KEY}
    assert post(f"{webhooks}/getNumberRent", order) == 200
    for _ in range(3):
        assert post(f"{webhooks}/getServicesRent", {"action": "GET_SERVICES", "key": STRANGERS_KEY}) == 401

    until(lambda: "wrong key" in outcomes(calls(harness)), what="the strangers' calls in the log")
    found = calls(harness)

    refused = next(call for call in found if call["outcome"] == "no such sim")
    assert refused["sentence"] == "Refused: no SIM of atlantis"
    assert json.loads(refused["request"])["key"] == "key hidden"
    issued = next(call for call in found if call["outcome"] == "issued")
    assert (issued["key"], issued["number"]) == (str(rent.rent_id), rent.msisdn)
    pushed = next(call for call in found if call["outcome"] == "delivered")
    assert json.loads(pushed["request"])["text"] == "text hidden"
    assert pushed["status"] == 200
    strangers = [call for call in found if call["kind"] == "wrong-key"]
    assert [(call["count"], call["request"]) for call in strangers] == [(3, "")]


def test_a_killed_farm_leaves_a_gap_in_the_strips_and_keeps_its_log(harness: Harness) -> None:
    harness.open_app()
    harness.order()
    until(lambda: "issued" in outcomes(calls(harness)), what="the order in the log")

    harness.app.kill()
    harness.open_app()
    harness.app.stop()

    levels = harness.folder / "data" / "phonefarm.db"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sqlite3, sys; print([level for level, in sqlite3.connect(sys.argv[1]).execute("
            "\"SELECT level FROM health_changes WHERE name = '' ORDER BY change_id\")])",
            str(levels),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout.strip() == "['up', 'not running', 'up', 'not running']"
    assert "issued" in outcomes(calls(harness))
