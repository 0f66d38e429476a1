"""The periodic tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.model.health_board import ENGINE, STORAGE, HealthBoard
from phonefarm.application.model.read_models import HealthCheck, SimStanding, Verdict
from phonefarm.application.ports.records.numbers import LineProblem, NumberEntry, NumberTable
from phonefarm.application.ports.storage import UnitOfWork
from phonefarm.application.upkeep import housekeeping as upkeep
from phonefarm.application.upkeep.housekeeping import Upkeep
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import Msisdn, SimId, SmsId
from phonefarm.support.tasks import Tasks
from phonefarm.wording.health import health_text
from tests.application.stored_farm import StoredFarm
from tests.builders import HOUR, ICCID, NUMBER, OTHER_NUMBER, SECOND, a_seen_sim
from tests.fakes.storage import BrittleStorage
from tests.waiting import until

SPACING = 10 * SECOND


class Household:
    def __init__(self, database: Database) -> None:
        self.storage = BrittleStorage(database)
        self.farm = StoredFarm(self.storage)
        self.health = HealthBoard(self.farm.clock, lambda: None)
        self.files: list[Sequence[NumberEntry] | NumberTable | KnownError] = []
        self.bugs: list[BaseException] = []
        self.uptime = 0.0
        self.files_asked = 0
        self.sales_watched = 0
        self.tasks = Tasks(lambda name, error: self.bugs.append(error))
        self.upkeep = Upkeep(
            self.storage,
            self.farm.rentals,
            self.farm.inventory,
            self.farm.announcer,
            self.health,
            self._read_numbers,
            self._update_sales,
            self.farm.clock,
            spacing=SPACING,
            monotonic=lambda: self.uptime,
        )

    async def _update_sales(self) -> None:
        self.sales_watched += 1

    async def _read_numbers(self) -> NumberTable | None:
        """The file's next state; each is returned once, as by a file that changes."""
        self.files_asked += 1
        if not self.files:
            return None
        found = self.files.pop(0)
        if isinstance(found, KnownError):
            raise found
        return found if isinstance(found, NumberTable) else NumberTable(entries=tuple(found))

    def start(self) -> None:
        self.tasks.start(self.upkeep.run(), "upkeep")

    def pass_time(self, seconds: float) -> None:
        """Advance both clocks."""
        self.farm.clock.forward(seconds)
        self.uptime += seconds

    async def round(self) -> None:
        """Wait for a round that begins after this call."""
        begun = self.files_asked
        await until(lambda: self.files_asked >= begun + 3)  # the file is read in the middle of a round

    def check(self, name: str) -> HealthCheck:
        return next(check for check in self.health.checks() if check.name == name)


@pytest.fixture
async def household(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Household]:
    monkeypatch.setattr(upkeep, "ROUND_SECONDS", 0.01)
    household = Household(database)
    yield household
    await household.tasks.stop()
    assert household.bugs == []


async def test_ban_ends_by_itself(household: Household) -> None:
    farm = household.farm
    await farm.seat(a_seen_sim())
    await farm.rentals.set_ban(SimId(ICCID), HOUR)
    household.start()

    farm.clock.now += HOUR

    async def is_back() -> bool:
        sim = await farm.one_sim(ICCID)
        return sim.standing is SimStanding.ON_OFFER and sim.banned_until is None

    await until(is_back)


async def test_numbers_file_is_used_when_it_changes(household: Household) -> None:
    await household.farm.seat(a_seen_sim())
    household.start()

    household.files.append([NumberEntry(iccid=ICCID, msisdn=OTHER_NUMBER)])

    await until(lambda: household.check(ENGINE).verdict is Verdict.PASS)
    assert (await household.farm.one_sim(ICCID)).msisdn == OTHER_NUMBER


async def test_bad_numbers_file_is_a_warning_and_the_former_numbers_stay(household: Household) -> None:
    await household.farm.seat(a_seen_sim())
    household.files += [
        [NumberEntry(iccid=ICCID, msisdn=OTHER_NUMBER)],
        KnownError("numbers.csv, line 3: the ICCID is wrong"),
    ]

    household.start()
    await until(lambda: household.check(ENGINE).verdict is Verdict.WARN and not household.files)

    assert "line 3" in health_text(household.check(ENGINE).health)
    assert (await household.farm.one_sim(ICCID)).msisdn == OTHER_NUMBER


async def test_bad_lines_of_the_numbers_file_are_a_warning_and_the_others_are_used(household: Household) -> None:
    await household.farm.seat(a_seen_sim())
    bad = (LineProblem(line=3, problem="the ICCID is missing"), LineProblem(line=7, problem="the number is none"))
    household.files.append(NumberTable(entries=(NumberEntry(iccid=ICCID, msisdn=OTHER_NUMBER),), problems=bad))

    household.start()

    await until(lambda: "left out" in health_text(household.check(ENGINE).health))
    assert household.check(ENGINE).verdict is Verdict.WARN
    assert health_text(household.check(ENGINE).health) == (
        "1 numbers from the file, 2 lines left out: line 3: the ICCID is missing; line 7: the number is none"
    )
    assert (await household.farm.one_sim(ICCID)).msisdn == OTHER_NUMBER


async def test_numbers_file_without_a_good_line_changes_nothing(household: Household) -> None:
    await household.farm.seat(a_seen_sim())
    bad = NumberTable(entries=(), problems=(LineProblem(line=2, problem="the number is none"),))
    household.files += [[NumberEntry(iccid=ICCID, msisdn=OTHER_NUMBER)], bad]

    household.start()

    await until(lambda: "left out" in health_text(household.check(ENGINE).health) and not household.files)
    assert (await household.farm.one_sim(ICCID)).msisdn == OTHER_NUMBER


async def test_failing_disk_is_reported_until_it_works_again(household: Household) -> None:
    household.storage.broken = True
    household.start()
    await until(lambda: household.check(STORAGE).verdict is Verdict.FAIL)

    household.storage.broken = False

    await until(lambda: household.check(STORAGE).verdict is Verdict.PASS)


async def test_numbers_file_that_met_a_failing_disk_is_used_later(household: Household) -> None:
    await household.farm.seat(a_seen_sim())
    original = household.farm.inventory.use_numbers_file

    async def fails_once(entries: Sequence[NumberEntry]) -> list[str]:
        household.storage.broken = not household.storage.refused
        return await original(entries)

    household.farm.inventory.use_numbers_file = fails_once  # type: ignore[method-assign]
    household.files.append([NumberEntry(iccid=ICCID, msisdn=OTHER_NUMBER)])
    household.start()
    await until(lambda: household.storage.refused)
    household.storage.broken = False

    async def is_used() -> bool:
        return (await household.farm.one_sim(ICCID)).msisdn == OTHER_NUMBER

    await until(is_used)


async def test_line_of_the_numbers_file_that_names_a_number_of_another_country_is_a_warning(
    household: Household,
) -> None:
    await household.farm.seat(a_seen_sim())
    household.files.append([NumberEntry(iccid=ICCID, msisdn=Msisdn("380501234567"))])

    household.start()

    await until(lambda: "not used" in health_text(household.check(ENGINE).health))
    assert household.check(ENGINE).verdict is Verdict.WARN
    assert health_text(household.check(ENGINE).health) == (
        f"1 numbers from the file, 1 of them not used: {ICCID}: +380501234567 is a number of ukraine, "
        "but the SIM is of russia"
    )
    assert (await household.farm.one_sim(ICCID)).msisdn == NUMBER


# The database's pulse -------------------------------------------------------------------


async def test_read_only_disk_is_a_failing_database(household: Household, database: Database) -> None:
    """As with a full disk: transactions begin and end, and only a change fails."""

    def refuse_changes(refused: bool) -> None:
        database._writer._open().driver.execute(f"PRAGMA query_only = {int(refused)}")

    household.start()
    await until(lambda: household.check(STORAGE).verdict is Verdict.PASS)

    refuse_changes(True)
    household.pass_time(upkeep.HEARTBEAT_SECONDS)
    await until(lambda: household.check(STORAGE).verdict is Verdict.FAIL)

    refuse_changes(False)
    await until(lambda: household.check(STORAGE).verdict is Verdict.PASS)


async def test_heartbeat_is_written_every_five_seconds(household: Household) -> None:
    beats: list[datetime] = []
    real = household.farm.storage.write

    async def counting(work: Callable[[UnitOfWork], Any], **_options: Any) -> Any:
        def watched(uow: UnitOfWork) -> Any:
            uow.beat = beats.append  # type: ignore[method-assign,assignment]
            return work(uow)

        return await real(watched)

    household.storage.write = counting  # type: ignore[method-assign]
    household.start()
    await household.round()
    household.pass_time(4.9)
    await household.round()
    assert len(beats) == 1

    household.pass_time(0.1)
    await household.round()

    assert len(beats) == 2


async def test_database_that_cannot_grow_is_failing_even_if_updates_in_place_succeed(
    household: Household, database: Database
) -> None:
    """Every order needs new pages of the database."""
    household.start()
    await until(lambda: household.check(STORAGE).verdict is Verdict.PASS)

    def bound(pages: int) -> None:
        database._writer._open().driver.execute(f"PRAGMA max_page_count = {pages}")

    bound(1)
    household.pass_time(upkeep.HEARTBEAT_SECONDS)
    await until(lambda: household.check(STORAGE).verdict is Verdict.FAIL)
    assert "full" in health_text(household.check(STORAGE).health)

    bound(1_000_000)
    await until(lambda: household.check(STORAGE).verdict is Verdict.PASS)


async def test_sales_are_checked_periodically(household: Household) -> None:
    household.start()

    await until(lambda: household.sales_watched == 1)


# Clock steps ------------------------------------------------------------------------------


async def a_push_that_failed_just_now(household: Household) -> SmsId:
    sms_id = await household.farm.queue(1)
    later = household.farm.clock() + SPACING
    await household.storage.write(lambda uow: uow.pushes.reschedule(sms_id, later))
    return sms_id


async def due_in(household: Household) -> timedelta:
    due = await household.storage.read(lambda views: views.next_push_due())
    assert due is not None
    return due - household.farm.clock()


async def test_clock_set_back_does_not_keep_a_push_waiting(household: Household) -> None:
    await a_push_that_failed_just_now(household)
    household.start()
    await household.round()

    household.farm.clock.now -= HOUR
    await household.round()

    assert await due_in(household) == SPACING


async def test_clock_set_back_during_a_disk_failure_is_handled_later(household: Household) -> None:
    await a_push_that_failed_just_now(household)
    household.start()
    await household.round()

    household.storage.broken = True
    household.farm.clock.now -= HOUR
    await until(lambda: household.check(STORAGE).verdict is Verdict.FAIL)
    household.storage.broken = False
    await household.round()

    assert await due_in(household) == SPACING


@pytest.mark.parametrize("step", [-1.9, 0.0, 30.0])
async def test_normal_clock_does_not_reschedule_pushes(household: Household, step: float) -> None:
    await a_push_that_failed_just_now(household)
    household.start()
    await household.round()

    household.pass_time(3.0)
    household.farm.clock.forward(step)
    await household.round()

    assert await due_in(household) == SPACING - timedelta(seconds=3.0 + step)
