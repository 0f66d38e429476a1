"""A farm without phones: real database, intake, push worker, push channel and webhooks on one event loop."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import structlog

from bench._environment import KEY
from phonefarm.adapters.http.http_connection import has_disconnected, was_delivered
from phonefarm.adapters.http.server import bind
from phonefarm.adapters.http.supervised_server import SupervisedServer
from phonefarm.adapters.onlinesim.call_reports import CallReporter
from phonefarm.adapters.onlinesim.push_channel import OnlinesimPushChannel
from phonefarm.adapters.onlinesim.webhooks import PROBE_PATH, Webhooks
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.log.call_log import CallLog
from phonefarm.application.messages.intake import SmsIntake
from phonefarm.application.messages.push_worker import PushWorker
from phonefarm.application.model.events import Announcer
from phonefarm.application.ports.storage import UnitOfWork
from phonefarm.application.sims.inventory import SimInventory
from phonefarm.application.trade.rentals import Rentals
from phonefarm.domain.allocation import Order
from phonefarm.domain.heard import NOTHING_HEARD
from phonefarm.domain.ids import Msisdn, PhoneId, SimId
from phonefarm.domain.networks import Network, NetworkNames
from phonefarm.domain.phones import PhoneState
from phonefarm.domain.sims import SeenSim, SlotState
from phonefarm.domain.sms import Reading, SmsRow
from phonefarm.runtime.engine_thread import tune_interpreter_for_latency
from phonefarm.support.tasks import Tasks

_NAMES = NetworkNames({"25001": Network(country="russia", operator="mts")}, {"250": "russia"})


def now() -> datetime:
    return datetime.now(UTC)


def phone_id_of(number: int) -> PhoneId:
    return PhoneId(f"bench{number}@127.0.0.1:5037")


@dataclass(frozen=True, kw_only=True)
class Outbox:
    intake: SmsIntake
    rentals: Rentals
    pushes: PushWorker
    database: Database
    path: Path
    webhooks: str

    def has_open_pushes(self) -> bool:
        with closing(sqlite3.connect(self.path)) as connection:
            open_pushes = "SELECT EXISTS (SELECT 1 FROM pushes WHERE state IN ('waiting', 'sending'))"
            return bool(connection.execute(open_pushes).fetchone()[0])

    async def insert_sims(self, inventory: SimInventory, sims: int) -> None:
        for number in range(sims):
            phone = phone_id_of(number)
            await self.database.write(partial(_store_ready, phone=phone))
            await inventory.take_stock(phone, [_sim(number)])
            await self.intake.accept(_reading(phone, []), NOTHING_HEARD)

    async def rent(self, count: int) -> dict[int, PhoneId]:
        """Open `count` rents; returns the phones by rent id."""
        rented: dict[int, PhoneId] = {}
        for _ in range(count):
            issued = await self.rentals.issue(Order(), Decimal(320), now())
            assert issued is not None
            await self.rentals.answered(issued.rent_id)
            rented[issued.rent_id] = phone_id_of(int(issued.msisdn) - 79_280_000_000)
        return rented


def reading_of(phone: PhoneId, texts: Sequence[str], first_row: int) -> Reading:
    """A reading of the inbox with these messages."""
    date = int(time.time() * 1000)
    return _reading(
        phone,
        [
            SmsRow(row_id=first_row + n, date_ms=date, date_sent_ms=0, sub_id=1, sender="Bench", body=text)
            for n, text in enumerate(texts)
        ],
    )


def _store_ready(uow: UnitOfWork, phone: PhoneId) -> None:
    uow.phones.note(phone, PhoneState.READY, "", now())


def _sim(number: int) -> SeenSim:
    iccid = f"8970{number:016d}"
    return SeenSim(
        sim_id=SimId(iccid),
        iccid=iccid,
        slot=0,
        sub_id=1,
        mcc_mnc="25001",
        slot_state=SlotState.READY,
        msisdn=Msisdn(str(79_280_000_000 + number)),
    )


def _reading(phone: PhoneId, rows: list[SmsRow]) -> Reading:
    at = now()
    return Reading(phone_id=phone, rows=tuple(reversed(rows)), begun_at=at, ended_at=at, clock_skew=timedelta(0))


@asynccontextmanager
async def outbox(folder: Path, sink: str, *, sims: int, history: int = 0) -> AsyncIterator[Outbox]:
    """Run the farm with `sims` numbers on offer and `history` old rents, messages and pushes."""
    tune_interpreter_for_latency()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    path = folder / "bench.db"
    database = Database(f"sqlite:///{path}")
    database.open()
    if history:
        await asyncio.to_thread(insert_history, path, history)
    announcer, tasks = Announcer(), Tasks()
    rentals = Rentals(database, announcer, now, selling=lambda: True, tasks=tasks, retire_after_sale=False)
    calls = CallLog(database, announcer, now)
    channel = OnlinesimPushChannel(sink, lambda: KEY, "rent", report=calls.note_push)
    await channel.open()
    await calls.start()
    pushes = PushWorker(
        database, channel, announcer, now, tasks, spacing=timedelta(seconds=10), report_market=lambda *_: None
    )
    intake = SmsIntake(database, announcer, now, pushes, withholds=lambda sender: False)
    listener = bind("127.0.0.1", 0, "bench")
    webhooks = Webhooks(
        rentals,
        lambda: KEY,
        now,
        {"7": "russia"},
        require_bearer=False,
        was_delivered=was_delivered,
        has_disconnected=has_disconnected,
        reporter=CallReporter(calls.note, lambda: KEY, now),
    )
    server = SupervisedServer(webhooks.app, listener, "bench", lambda _: None, probe_path=PROBE_PATH)
    stop = asyncio.Event()
    tasks.start(server.run(stop), "webhooks")
    tasks.start(pushes.run(), "pushes")
    tasks.start(calls.run(), "log")
    parts = Outbox(
        intake=intake,
        rentals=rentals,
        pushes=pushes,
        database=database,
        path=path,
        webhooks=f"http://127.0.0.1:{listener.getsockname()[1]}",
    )
    await parts.insert_sims(SimInventory(database, announcer, _NAMES, now), sims)
    try:
        yield parts
    finally:
        stop.set()
        await pushes.stop(2.0)
        await calls.stop()
        await tasks.stop(2.0)
        await channel.close()
        database.close()


def insert_history(path: Path, rows: int) -> None:
    """Insert finished rents, messages and delivered pushes of years, and sync them to the disk."""
    micro = 1_000_000
    begin = int((now() - timedelta(days=700)).timestamp()) * micro
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.executemany(
            "INSERT INTO rents (rent_id, sim_id, msisdn, phone_id, country, operator, expected, ordered_at, answered, "
            "accepted_sms, finished_at, finish_status, credited, credited_is_estimate) "
            "VALUES (?, ?, ?, 'old@x:1', 'russia', 'mts', 3200000, ?, 1, 1, ?, 3, 3200000, 0)",
            (
                (-n - 1, f"8970{n % 2000:016d}", str(79_280_000_000 + n % 2000), begin + n * micro, begin + n * micro)
                for n in range(rows)
            ),
        )
        connection.executemany(
            "INSERT INTO sms (sms_id, phone_id, handset, fingerprint, row_id, sim_id, msisdn, sender, body, "
            "arrived_at, standing, rent_id, sim_mark) "
            "VALUES (?, 'old@x:1', ?, ?, ?, ?, '79', 'Old', '', ?, 'for rent', ?, '')",
            (
                (-n - 1, f"bench{n % 2000}", n.to_bytes(8, "big"), n, f"8970{n % 2000:016d}", begin + n * micro, -n - 1)
                for n in range(rows)
            ),
        )
        connection.executemany(
            "INSERT INTO pushes (sms_id, rent_id, msisdn, sender, state, attempts, soft_refusals, uncertain, "
            "is_last_chance, last_answer, created_at, arrived_at, ended_at) "
            "VALUES (?, ?, ?, 'Old', 'delivered', 1, 0, 0, 0, 'HTTP 200', ?, ?, ?)",
            ((-n - 1, -n - 1, str(79_280_000_000 + n % 2000), *(begin + n * micro,) * 3) for n in range(rows)),
        )
    for file_path in (path, path.with_name(f"{path.name}-wal")):
        with file_path.open("rb+") as file:
            os.fsync(file.fileno())  # else the system writes them back during the measurement


def queue_backlog(path: Path, rents: list[int], count: int) -> None:
    """Queue pushes as after an outage, round-robin over the rents; texts are `backlog NUMBER PLACE`."""
    at = int(now().timestamp()) * 1_000_000
    with closing(sqlite3.connect(path, timeout=60)) as connection, connection:
        numbers = dict(connection.execute("SELECT rent_id, msisdn FROM rents WHERE finished_at IS NULL"))
        first = connection.execute("SELECT max(value) FROM sequences WHERE name <> 'heartbeat'").fetchone()[0] + 1
        connection.execute("UPDATE sequences SET value = value + ? WHERE name <> 'heartbeat'", (count,))
        rows = [(first + n, rents[n % len(rents)], n // len(rents)) for n in range(count)]
        connection.executemany(
            "INSERT INTO sms (sms_id, phone_id, handset, fingerprint, row_id, sim_id, msisdn, sender, body, "
            "arrived_at, standing, rent_id, sim_mark) "
            "VALUES (?, 'b@x:1', 'b', ?, ?, '', ?, 'Old', ?, ?, 'for rent', ?, '')",
            (
                (sms_id, sms_id.to_bytes(8, "big"), sms_id, numbers[rent], f"backlog {numbers[rent]} {place}", at, rent)
                for sms_id, rent, place in rows
            ),
        )
        connection.executemany(
            "INSERT INTO pushes (sms_id, rent_id, msisdn, sender, state, attempts, soft_refusals, uncertain, is_free, "
            "is_last_chance, last_answer, next_at, created_at, arrived_at) "
            "VALUES (?, ?, ?, 'Old', 'waiting', 1, 0, 0, ?, 0, 'no connection', ?, ?, ?)",
            ((sms_id, rent, numbers[rent], place == 0, at, at, at) for sms_id, rent, place in rows),
        )
