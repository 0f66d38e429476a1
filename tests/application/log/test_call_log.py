"""What is noted reaches the log in few commits; a database that fails delays nobody and loses nothing uncounted."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.log import call_log
from phonefarm.application.log.call_log import CallLog
from phonefarm.application.log.retention import LogRetention
from phonefarm.application.model.log_entries import EntryKind, LogEntry, LogQuery
from phonefarm.application.model.read_models import HealthCheck, Verdict
from phonefarm.application.ports.push_exchange import PushExchange
from phonefarm.application.ports.storage import StorageFailing
from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.allocation import Order
from phonefarm.domain.calls import Call, CallKind, Outcome, call_at
from phonefarm.domain.health import Health, HealthKind, health
from phonefarm.domain.health_history import PROGRAM, Level, LevelChange
from phonefarm.domain.ids import RentId, SmsId
from phonefarm.domain.pushes import Accepted, Failed, FailureKind, PushOutcome, SoftRefusal
from phonefarm.support.tasks import Tasks
from tests.application.stored_farm import StoredFarm
from tests.builders import MINUTE, NOON, NUMBER, SECOND
from tests.fakes.storage import BrittleStorage
from tests.waiting import until

MISSING = health(HealthKind.KEY_MISSING)


class Log:
    """A call log over a real database that fails when the test says so."""

    def __init__(self, farm: StoredFarm, closure: Health | None = None) -> None:
        self.farm = farm
        self.clock = farm.clock
        self.storage = BrittleStorage(farm.storage)
        self.log = CallLog(self.storage, farm.announcer, farm.clock, closure=lambda: closure, flush_seconds=0.01)

    def call(self, kind: CallKind = CallKind.SERVICES, outcome: Outcome = Outcome.OFFERED, **details: object) -> Call:
        return call_at(self.clock(), kind, outcome, **details)

    async def entries(self, *kinds: EntryKind) -> list[LogEntry]:
        """Newest first."""
        query = LogQuery(limit=10_000, kinds=frozenset(kinds or EntryKind))
        return (await self.farm.storage.read(lambda views: views.log.entries(query))).entries

    async def changes(self) -> list[LevelChange]:
        return await self.farm.storage.read(lambda views: views.log.level_changes(NOON - timedelta(days=9)))


@pytest.fixture
def log(farm: StoredFarm) -> Log:
    return Log(farm)


async def test_calls_that_come_together_are_written_in_one_commit(log: Log) -> None:
    for number in range(50):
        log.log.note(log.call(address=f"10.0.0.{number}"))

    await log.log.flush()

    assert len(await log.entries()) == 50
    assert log.storage.writes == 1


async def test_nothing_is_committed_while_nothing_happens(log: Log) -> None:
    await log.log.flush()

    assert log.storage.writes == 0


async def test_equal_calls_become_one_entry_before_and_after_it_is_written(log: Log) -> None:
    for _ in range(12):
        log.log.note(log.call())
        log.clock.forward(20)
        await log.log.flush()

    (entry,) = await log.entries()
    assert (entry.count, entry.begun_at, entry.at) == (12, NOON, NOON + 220 * SECOND)


async def test_an_equal_call_after_a_long_gap_is_a_new_entry(log: Log) -> None:
    log.log.note(log.call())
    log.clock.forward(301)
    log.log.note(log.call())

    await log.log.flush()

    assert [entry.count for entry in await log.entries()] == [1, 1]


async def test_calls_wait_while_the_database_fails_and_are_written_afterwards(log: Log) -> None:
    log.storage.broken = True
    log.log.note(log.call())
    with pytest.raises(StorageFailing):
        await log.log.flush()
    log.log.note(log.call())

    log.storage.broken = False
    await log.log.flush()

    assert [entry.count for entry in await log.entries()] == [2]
    assert log.log.lost == 0


async def test_what_the_buffer_cannot_hold_is_counted_and_told_in_the_log(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_log, "MOST_BUFFERED", 10)
    log.storage.broken = True
    for number in range(14):
        log.log.note(log.call(address=f"10.0.0.{number}"))
    log.log.note(log.call(address="10.0.0.3"))

    log.storage.broken = False
    await log.log.flush()

    entries = await log.entries()
    lost = [entry for entry in entries if entry.outcome is Outcome.LOST]
    assert log.log.lost == 4
    assert [entry.count for entry in lost] == [4]
    assert sum(entry.count for entry in entries) == 15


async def test_after_a_flood_of_addresses_the_buffer_has_room_again(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_log, "MOST_BUFFERED", 10)
    monkeypatch.setattr(call_log, "MOST_OPEN", 5)
    for number in range(30):
        log.log.note(log.call(CallKind.WRONG_KEY, Outcome.WRONG_KEY, address=f"10.0.0.{number}"))
        await log.log.flush()

    assert log.log.lost == 0
    assert len(await log.entries()) == 30


async def test_a_long_backlog_is_written_in_small_commits(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_log, "MOST_PER_COMMIT", 10)
    for number in range(25):
        log.log.note(log.call(address=f"10.0.0.{number}"))

    written = []
    for _ in range(3):
        await log.log.flush()
        written.append(len(await log.entries()))

    assert written == [10, 20, 25]


async def test_a_refused_order_is_explained_by_the_sims_of_the_farm(log: Log) -> None:
    await log.farm.phones_with_sims(3, mcc_mnc="25501")
    order = Order(country="ukraine", operator="lifecell")
    fields = {"country": "ukraine", "operator": "lifecell"}
    for _ in range(2):
        log.log.note(log.call(CallKind.ORDER, Outcome.NO_NUMBER, order=order, fields=fields))
        await log.log.flush()

    (entry,) = await log.entries(EntryKind.ORDER)
    assert entry.outcome is Outcome.NO_SUCH_SIM
    assert (entry.count, entry.fields["of_country"], entry.fields["operators"]) == (2, 3, "3 vodafone")


async def test_an_order_while_nothing_is_sold_says_why(farm: StoredFarm) -> None:
    log = Log(farm, closure=MISSING)
    log.log.note(log.call(CallKind.ORDER, Outcome.NOT_SELLING))

    await log.log.flush()

    (entry,) = await log.entries()
    assert entry.fields == {"reason": "key missing"}


def an_exchange(number: int, outcome: PushOutcome) -> PushExchange:
    message = PushMessage(
        sms_id=SmsId(number), rent_id=RentId(1000 + number), msisdn=NUMBER, sender="Shop", text="code 4821"
    )
    return PushExchange(
        message=message, outcome=outcome, status=200, milliseconds=12.0, read_request=lambda: '{"text": "text hidden"}'
    )


async def test_an_attempt_is_an_entry_with_its_rent_and_answer(log: Log) -> None:
    log.log.note_push(an_exchange(1, SoftRefusal(token="IGNORED")))
    await log.log.flush()

    (entry,) = await log.entries()
    details = await log.farm.storage.read(lambda views: views.log.call_details(entry.position.number))
    assert (entry.outcome, entry.fields["token"], entry.rent, entry.number) == (
        Outcome.PUSH_REFUSED,
        "IGNORED",
        "1001",
        NUMBER,
    )
    assert details is not None
    assert details.request == '{"text": "text hidden"}'


async def test_a_burst_of_pushes_has_some_entries_and_a_count_of_the_others(log: Log) -> None:
    for number in range(100):
        log.log.note_push(an_exchange(number, Accepted()))
    log.log.note_push(an_exchange(200, Failed(kind=FailureKind.ERROR, detail="HTTP 502", http_status=502)))

    await log.log.flush()

    entries = await log.entries()
    assert len(entries) == call_log.PUSHES_PER_SECOND + 2
    assert [entry.count for entry in entries if entry.outcome is Outcome.MORE_DELIVERED] == [80]
    assert [entry.rent for entry in entries if entry.outcome is Outcome.PUSH_FAILED] == ["1200"]


async def test_the_running_log_writes_by_itself_and_its_stop_writes_the_rest(log: Log) -> None:
    await log.log.start()
    running = Tasks().start(log.log.run(), "log")
    log.log.note(log.call(address="a"))
    log.log.note(log.call(address="b"))

    await log.log.stop()
    await running

    assert {entry.address for entry in await log.entries()} == {"a", "b"}


def check(verdict: Verdict, found: Health, name: str = "market") -> HealthCheck:
    return HealthCheck(name=name, verdict=verdict, health=found, since=NOON)


async def test_changes_of_checks_are_stored_and_their_repetitions_are_not(log: Log) -> None:
    well, slow = health(HealthKind.ACCEPTS), health(HealthKind.PUSH_FAILED)
    for found in (check(Verdict.PASS, well), check(Verdict.PASS, slow), check(Verdict.WARN, slow)):
        log.log.note_check(found)
        log.log.note_check(found)

    await log.log.flush()

    assert [(change.level, change.health) for change in await log.changes()] == [
        (Level.UP, well),
        (Level.WARN, slow),
    ]


async def test_a_run_that_was_ended_is_followed_by_a_gap(log: Log) -> None:
    await log.log.start()
    log.clock.forward(60)
    await log.log.stop()
    log.clock.forward(60)
    await CallLog(log.storage, log.farm.announcer, log.clock).start()

    assert [(change.at, change.level) for change in await log.changes()] == [
        (NOON, Level.UP),
        (NOON + MINUTE, Level.NOT_RUNNING),
        (NOON + 2 * MINUTE, Level.UP),
    ]


async def test_after_a_crash_the_last_heartbeat_is_the_end_of_the_run(log: Log) -> None:
    await log.log.start()
    await log.storage.write(lambda uow: uow.beat(NOON + MINUTE))
    log.clock.forward(3600)

    await CallLog(log.storage, log.farm.announcer, log.clock).start()

    ends = [change.at for change in await log.changes() if change.level is Level.NOT_RUNNING]
    assert ends == [NOON + MINUTE]


async def test_while_the_pc_slept_the_program_did_not_run(log: Log) -> None:
    await log.log.start()
    log.log.note_check(check(Verdict.PASS, health(HealthKind.ACCEPTS)))
    tasks = Tasks()
    tasks.start(log.log.run(), "log")

    async def has_gap() -> bool:
        return any(change.level is Level.NOT_RUNNING for change in await log.changes())

    log.clock.forward(7200)
    await until(has_gap)
    await tasks.stop()

    changes = [(change.at, change.name, change.level) for change in await log.changes()]
    assert (NOON, PROGRAM, Level.NOT_RUNNING) in changes
    assert (NOON + 120 * MINUTE, PROGRAM, Level.UP) in changes
    assert (NOON + 120 * MINUTE, "market", Level.UP) in changes


# Bounds ------------------------------------------------------------------------


def retention(farm: StoredFarm, *, days: int = 30, most_bytes: int = 10**9) -> LogRetention:
    return LogRetention(
        farm.storage,
        farm.announcer,
        farm.clock,
        keep=timedelta(days=days),
        most_bytes=most_bytes,
        step_pause_seconds=0,
    )


async def add(farm: StoredFarm, *calls: Call) -> None:
    await farm.storage.write(lambda uow: uow.log.add_calls(calls))


async def test_entries_older_than_the_setting_are_deleted(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phonefarm.application.log.retention.STEP", 2)
    old = log.call()
    log.clock.forward(timedelta(days=31).total_seconds())
    await add(log.farm, *[replace(old, address=str(n)) for n in range(5)], log.call())

    assert await retention(log.farm).clean() == 5
    assert [entry.at for entry in await log.entries()] == [log.clock()]


async def test_a_log_that_is_too_large_loses_its_oldest_entries(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phonefarm.application.log.retention.STEP", 2)
    await add(
        log.farm, *[replace(log.call(), at=NOON, last_at=NOON + n * SECOND, request="x" * 1000) for n in range(9)]
    )

    await retention(log.farm, most_bytes=5000).clean()

    entries = await log.entries()
    assert [entry.at for entry in entries] == [NOON + n * SECOND for n in (8, 7, 6)]
    assert {entry.kind for entry in entries} == {EntryKind.OFFER}


async def test_noting_a_call_takes_microseconds(log: Log, database: Database) -> None:
    calls = [log.call(address=str(n % 50)) for n in range(2000)]
    loop = asyncio.get_running_loop()

    begun = loop.time()
    for each in calls:
        log.log.note(each)
    seconds = loop.time() - begun

    assert seconds / len(calls) < 200e-6
