"""`phonefarm calls` reads the log beside a running farm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.model import timeline
from phonefarm.application.model.read_models import Topic
from phonefarm.commands.calls import parse_since
from phonefarm.commands.cli import app
from phonefarm.domain.calls import Call, CallKind, Outcome, call_at
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import RentId
from tests.builders import HOUR, NOON

REFUSED = call_at(
    NOON,
    CallKind.ORDER,
    Outcome.NO_SUCH_SIM,
    fields={"country": "ukraine", "operator": "lifecell", "of_country": 2, "operators": "2 vodafone"},
    address="198.51.100.24",
    status=200,
    milliseconds=4.2,
    request='{"key": "key hidden"}',
    response='{"error": "NO_NUMBERS"}',
)
ISSUED = call_at(NOON + HOUR, CallKind.ORDER, Outcome.ISSUED, fields={"number": "7928"}, rent_id=RentId(10_001))
OFFERED = call_at(NOON, CallKind.SERVICES, Outcome.OFFERED, fields={"numbers": 3, "countries": 1})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHONEFARM_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def database(folder: Path) -> Iterator[Database]:
    """Of a farm that runs meanwhile."""
    database = Database(f"sqlite:///{folder / 'phonefarm.db'}")
    database.open()
    yield database
    database.close()


async def add(database: Database, *calls: Call) -> None:
    def work(uow: object) -> None:
        uow.log.add_calls(calls)  # type: ignore[attr-defined]
        uow.journal.note(NOON, Topic.SIMS, "89", timeline.paused("x"))  # type: ignore[attr-defined]

    await database.write(work)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["calls", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


async def test_calls_are_told_oldest_first_with_the_reason_of_a_refusal(database: Database) -> None:
    await add(database, ISSUED, REFUSED)

    lines = run().splitlines()

    assert "Refused: no SIM of ukraine, lifecell (HTTP 200, 4 ms, from 198.51.100.24)" in lines[0]
    assert lines[1].strip() == "You have 2 SIMs of ukraine: 2 vodafone; none of lifecell."
    assert "Rent 10001 issued: +7928" in lines[2]


async def test_kind_since_and_limit_choose_calls(database: Database) -> None:
    await add(database, OFFERED, ISSUED, REFUSED)

    assert run("--kind", "offer").count("\n") == 1
    assert "issued" in run("--limit", "1")
    assert run("--limit", "1").count("\n") == 1
    recent = run("--since", (NOON + HOUR / 2).isoformat())
    assert ("issued" in recent, "Refused" in recent) == (True, False)


async def test_json_has_request_and_response(database: Database) -> None:
    await add(database, REFUSED)

    (call,) = json.loads(run("--json"))

    assert (call["kind"], call["outcome"], call["status"]) == ("order", "no such sim", 200)
    assert json.loads(call["request"]) == {"key": "key hidden"}
    assert call["reason"].startswith("You have 2 SIMs")


async def test_an_empty_log_says_so(database: Database) -> None:
    await database.write(lambda uow: uow.beat(NOON))

    assert "No call" in run()
    assert json.loads(run("--json")) == []


def test_without_a_database_the_error_is_a_sentence(folder: Path) -> None:
    result = CliRunner().invoke(app, ["calls"])

    assert isinstance(result.exception, KnownError)
    assert "no database" in str(result.exception)


@pytest.mark.parametrize(("text", "ago"), [("90m", timedelta(minutes=90)), ("2h", 2 * HOUR), ("7D", timedelta(days=7))])
def test_time_may_be_as_long_ago(text: str, ago: timedelta) -> None:
    assert parse_since(text, NOON) == NOON - ago


def test_time_may_be_a_date_of_this_pcs_clock() -> None:
    assert parse_since("2026-03-14 12:00", NOON) == datetime(2026, 3, 14, 12, 0).astimezone()
    with pytest.raises(KnownError, match="no time"):
        parse_since("yesterday", NOON)
