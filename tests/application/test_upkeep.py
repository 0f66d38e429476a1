"""What happens by the clock alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from phonefarm.adapters.storage.database import Database
from phonefarm.application import upkeep
from phonefarm.application.health import ENGINE, STORAGE, HealthBoard
from phonefarm.application.read_models import SimStanding, Verdict, Vital
from phonefarm.application.storage import NumberEntry
from phonefarm.application.tasks import Tasks
from phonefarm.application.upkeep import Upkeep
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import SimId
from tests.application.books import Books
from tests.builders import HOUR, ICCID, OTHER_NUMBER, a_seen_sim
from tests.fakes.storage import BrittleStorage
from tests.waiting import until


class Household:
    def __init__(self, database: Database) -> None:
        self.storage = BrittleStorage(database)
        self.books = Books(self.storage)
        self.health = HealthBoard(self.books.clock, lambda: None)
        self.files: list[Sequence[NumberEntry] | KnownError] = []
        self.bugs: list[BaseException] = []
        self.tasks = Tasks(lambda name, error: self.bugs.append(error))
        self.upkeep = Upkeep(
            self.storage,
            self.books.rentals,
            self.books.inventory,
            self.books.announcer,
            self.health,
            self._read_numbers,
        )

    async def _read_numbers(self) -> Sequence[NumberEntry] | None:
        """The file's state at this look; each is shown once, like by a file that changes."""
        if not self.files:
            return None
        found = self.files.pop(0)
        if isinstance(found, KnownError):
            raise found
        return found

    def start(self) -> None:
        self.tasks.start(self.upkeep.run(), "upkeep")

    def vital(self, name: str) -> Vital:
        return next(vital for vital in self.health.vitals() if vital.name == name)


@pytest.fixture
async def household(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Household]:
    monkeypatch.setattr(upkeep, "EVERY", 0.01)
    household = Household(database)
    yield household
    await household.tasks.stop()
    assert household.bugs == []


async def test_ban_ends_by_itself(household: Household) -> None:
    books = household.books
    await books.seat(a_seen_sim())
    await books.rentals.set_ban(SimId(ICCID), HOUR)
    household.start()

    books.clock.now += HOUR

    async def is_back() -> bool:
        sim = await books.one_sim(ICCID)
        return sim.standing is SimStanding.ON_OFFER and sim.banned_until is None

    await until(is_back)


async def test_numbers_file_is_used_when_it_changes(household: Household) -> None:
    await household.books.seat(a_seen_sim())
    household.start()

    household.files.append([NumberEntry(iccid=ICCID, msisdn=OTHER_NUMBER)])

    async def is_used() -> bool:
        return (await household.books.one_sim(ICCID)).msisdn == OTHER_NUMBER

    await until(is_used)
    assert household.vital(ENGINE).verdict is Verdict.PASS


async def test_bad_numbers_file_is_a_warning_and_the_former_numbers_stay(household: Household) -> None:
    await household.books.seat(a_seen_sim())
    household.files += [
        [NumberEntry(iccid=ICCID, msisdn=OTHER_NUMBER)],
        KnownError("numbers.csv, line 3: the ICCID is wrong"),
    ]

    household.start()
    await until(lambda: household.vital(ENGINE).verdict is Verdict.WARN and not household.files)

    assert "line 3" in household.vital(ENGINE).detail
    assert (await household.books.one_sim(ICCID)).msisdn == OTHER_NUMBER


async def test_failing_disk_is_said_and_taken_back_when_it_is_well(household: Household) -> None:
    household.storage.broken = True
    household.start()
    await until(lambda: household.vital(STORAGE).verdict is Verdict.FAIL)

    household.storage.broken = False

    await until(lambda: household.vital(STORAGE).verdict is Verdict.PASS)


async def test_numbers_file_that_met_a_failing_disk_is_used_later(household: Household) -> None:
    await household.books.seat(a_seen_sim())
    original = household.books.inventory.use_numbers_file

    async def fails_once(entries: Sequence[NumberEntry]) -> None:
        household.storage.broken = not household.storage.refused
        await original(entries)

    household.books.inventory.use_numbers_file = fails_once  # type: ignore[method-assign]
    household.files.append([NumberEntry(iccid=ICCID, msisdn=OTHER_NUMBER)])
    household.start()
    await until(lambda: household.storage.refused)
    household.storage.broken = False

    async def is_used() -> bool:
        return (await household.books.one_sim(ICCID)).msisdn == OTHER_NUMBER

    await until(is_used)
