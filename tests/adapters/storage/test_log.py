"""The log in the database: one stream of calls and journal in batches, its search, its bounds, and health changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from phonefarm.adapters.storage import log_rows
from phonefarm.application.model import timeline
from phonefarm.application.model.log_entries import EntryKind, LogBatch, LogEntry, LogQuery, Position
from phonefarm.application.model.read_models import Topic
from phonefarm.application.ports.storage import UnitOfWork
from phonefarm.domain.calls import Call, CallKind, Outcome, call_at
from phonefarm.domain.health import HealthKind, health
from phonefarm.domain.health_history import PROGRAM, Level, LevelChange
from phonefarm.domain.ids import RentId
from tests.adapters.storage.conftest import Store
from tests.builders import HOUR, ICCID, MINUTE, NOON, NUMBER, SECOND, a_rent


def an_order(minutes: float, country: str = "ukraine", **details: object) -> Call:
    fields = {"country": country, "operator": "lifecell"}
    whole: dict[str, object] = {"fields": fields, "address": "198.51.100.24", "status": 200}
    return call_at(NOON + minutes * MINUTE, CallKind.ORDER, Outcome.NO_SUCH_SIM, **(whole | details))


async def add(store: Store, *calls: Call) -> list[int]:
    return await store.database.write(lambda uow: uow.log.add_calls(calls))


async def note(store: Store, *notes: Callable[[UnitOfWork], object]) -> None:
    def work(uow: UnitOfWork) -> None:
        for each in notes:
            each(uow)

    await store.database.write(work)


def paused_at(at: datetime, reason: str = "repair") -> Callable[[UnitOfWork], None]:
    return lambda uow: uow.journal.note(at, Topic.SIMS, ICCID, timeline.paused(reason))


async def read(store: Store, query: LogQuery | None = None) -> LogBatch:
    return await store.database.read(lambda views: views.log.entries(query or LogQuery()))


async def read_all(store: Store, query: LogQuery) -> list[LogEntry]:
    """Batch by batch to the end."""
    found: list[LogEntry] = []
    before: Position | None = None
    for _ in range(1000):
        batch = await read(store, replace(query, before=before))
        found += batch.entries
        if (before := batch.next_before) is None:
            return found
    raise AssertionError("the log has no end")


async def test_calls_and_journal_are_one_stream_newest_first(store: Store) -> None:
    await add(store, an_order(0), an_order(2))
    await note(store, paused_at(NOON + MINUTE))

    batch = await read(store)

    assert [entry.kind for entry in batch.entries] == [EntryKind.ORDER, EntryKind.USER, EntryKind.ORDER]
    assert batch.next_before is None


async def test_a_call_is_read_as_it_was_stored(store: Store) -> None:
    call = replace(an_order(0), count=3, milliseconds=4.2, request='{"key": "key hidden"}', response="{}")
    (call_id,) = await add(store, call)

    (entry,) = (await read(store)).entries
    details = await store.database.read(lambda views: views.log.call_details(call_id))

    assert (entry.at, entry.count, entry.outcome, entry.address) == (NOON, 3, Outcome.NO_SUCH_SIM, "198.51.100.24")
    assert (entry.status, entry.milliseconds, entry.fields["country"]) == (200, 4.2, "ukraine")
    assert details is not None
    assert (details.request, details.response, details.text) == ('{"key": "key hidden"}', "{}", None)


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
async def test_batches_hold_every_entry_once_even_at_the_same_instant(store: Store, limit: int) -> None:
    await add(store, *(an_order(n // 3) for n in range(10)))
    await note(store, *(paused_at(NOON + (n // 3) * MINUTE) for n in range(10)))

    entries = await read_all(store, LogQuery(limit=limit))

    assert len({entry.entry_id for entry in entries}) == len(entries) == 20
    assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)


async def test_an_entry_that_grows_moves_to_the_time_of_its_last_call(store: Store) -> None:
    first, _second = await add(store, an_order(0), an_order(1))

    await note(store, lambda uow: uow.log.update_call(first, replace(an_order(0), last_at=NOON + HOUR, count=2)))

    entries = (await read(store)).entries
    assert (entries[0].position.number, entries[0].count) == (first, 2)
    assert entries[0].begun_at == NOON


async def test_kinds_and_dates_choose_entries(store: Store) -> None:
    offer = call_at(NOON, CallKind.SERVICES, Outcome.OFFERED)
    await add(store, offer, an_order(10), an_order(20))
    await note(store, paused_at(NOON + 10 * MINUTE))

    orders = await read(store, LogQuery(kinds=frozenset({EntryKind.ORDER})))
    users = await read(store, LogQuery(kinds=frozenset({EntryKind.USER})))
    middle = LogQuery(since=NOON + 5 * MINUTE, until=NOON + 20 * MINUTE)
    in_range = await read(store, middle)

    assert [entry.kind for entry in orders.entries] == [EntryKind.ORDER] * 2
    assert [entry.kind for entry in users.entries] == [EntryKind.USER]
    assert {entry.kind for entry in in_range.entries} == {EntryKind.ORDER, EntryKind.USER}
    assert await store.database.read(lambda views: views.log.count(middle)) == 2


@pytest.mark.parametrize("text", ["Lifecell", "198.51.100.24", "repair", "14567", "key hidden"])
async def test_a_search_finds_any_value(store: Store, text: str) -> None:
    wanted = an_order(0, rent_id=RentId(14567), request='{"key": "key hidden"}')
    others = [an_order(n, country="russia", fields={}, address="203.0.113.7") for n in range(3)]
    await add(store, wanted, *others)
    await note(store, paused_at(NOON), paused_at(NOON, "holidays"))

    found = await read_all(store, LogQuery(text=text))

    assert len(found) == 1


async def test_a_number_is_found_in_any_spelling_also_where_only_its_rent_names_it(store: Store) -> None:
    rent = a_rent(expected=Decimal(1))
    await note(store, lambda uow: uow.rents.add(rent))
    await add(store, call_at(NOON, CallKind.FINISH, Outcome.FINISHED, rent_id=rent.rent_id), an_order(0))

    (entry,) = await read_all(store, LogQuery(text="+7 928 123-45-67"))

    assert (entry.kind, entry.number, entry.topic, entry.key) == (
        EntryKind.FINISH,
        NUMBER,
        Topic.RENTS,
        str(rent.rent_id),
    )


async def test_words_of_an_outcome_find_it(store: Store) -> None:
    await add(store, an_order(0), call_at(NOON, CallKind.ORDER, Outcome.ISSUED))

    found = await read_all(store, LogQuery(text="refused", outcomes=frozenset({Outcome.NO_SUCH_SIM})))

    assert [entry.outcome for entry in found] == [Outcome.NO_SUCH_SIM]


async def test_a_search_goes_on_batch_by_batch_and_loses_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_rows, "ROWS_SEARCHED", 4)
    await add(store, *(an_order(n, country="ukraine" if n % 5 == 0 else "russia") for n in range(20)))
    await note(store, *(paused_at(NOON + n * MINUTE, "ukraine" if n % 7 == 0 else "x") for n in range(20)))

    found = await read_all(store, LogQuery(text="ukraine"))

    assert len(found) == len({entry.entry_id for entry in found}) == 4 + 3


async def test_wrong_keys_are_counted_by_calls_not_by_rows(store: Store) -> None:
    wrong = call_at(NOON, CallKind.WRONG_KEY, Outcome.WRONG_KEY, count=3)
    await add(store, wrong, replace(wrong, at=NOON + HOUR, last_at=NOON + HOUR, count=2))

    assert await store.database.read(lambda views: views.log.wrong_keys(NOON + MINUTE)) == 2
    assert await store.database.read(lambda views: views.log.wrong_keys(None)) == 5


async def test_old_entries_are_dropped_in_small_steps_and_the_last_change_of_a_check_stays(store: Store) -> None:
    await add(store, *(an_order(n) for n in range(10)))
    changes = [LevelChange(at=NOON + n * MINUTE, name="adb", level=Level.UP) for n in range(3)]
    await note(store, lambda uow: uow.log.add_changes(changes))

    dropped = [await store.database.write(lambda uow: uow.log.drop_before(NOON + 8 * MINUTE, 5)) for _ in range(3)]

    assert dropped == [5 + 2, 3, 0]
    assert len((await read(store)).entries) == 2
    kept = await store.database.read(lambda views: views.log.level_changes(NOON + HOUR))
    assert [change.at for change in kept] == [NOON + 2 * MINUTE]


async def test_the_oldest_calls_go_first_when_room_is_short(store: Store) -> None:
    await add(store, *(an_order(n, request="x" * 1000) for n in range(4)))
    before = await store.database.read(lambda views: views.log.call_bytes())

    await note(store, lambda uow: uow.log.drop_oldest_calls(3))

    after = await store.database.read(lambda views: views.log.call_bytes())
    assert [entry.at for entry in (await read(store)).entries] == [NOON + 3 * MINUTE]
    assert 4000 < before == 4 * after


async def test_changes_of_health_checks_are_read_with_what_held_before(store: Store) -> None:
    down = health(HealthKind.ERRORS, http_status=502)
    changes = [
        LevelChange(at=NOON, name="market", level=Level.UP, health=health(HealthKind.ACCEPTS)),
        LevelChange(at=NOON + MINUTE, name="market", level=Level.DOWN, health=down),
        LevelChange(at=NOON + HOUR, name="adb", level=Level.UP, health=health(HealthKind.RUNNING)),
    ]
    await note(store, lambda uow: uow.log.add_changes(changes))

    found = await store.database.read(lambda views: views.log.level_changes(NOON + 2 * MINUTE))

    assert found == changes[1:]


async def test_the_log_knows_whether_the_last_run_was_ended(store: Store) -> None:
    async def is_running() -> bool:
        return await store.database.write(lambda uow: uow.log.is_running())

    assert not await is_running()
    await note(store, lambda uow: uow.log.add_changes([LevelChange(at=NOON, name=PROGRAM, level=Level.UP)]))
    assert await is_running()
    end = LevelChange(at=NOON + SECOND, name=PROGRAM, level=Level.NOT_RUNNING)
    await note(store, lambda uow: uow.log.add_changes([end]), lambda uow: uow.beat(NOON))
    assert not await is_running()
    assert await store.database.write(lambda uow: uow.log.last_beat()) == NOON
