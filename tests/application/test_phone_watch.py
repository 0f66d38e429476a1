"""Phones come, answer, fail and go; states say which, and the offer follows at once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from phonefarm.adapters.storage.database import Database
from phonefarm.application.interfaces import PhoneUnreachable, ServerDown, SmsWithheld
from phonefarm.application.phone_session import PAGE_OVERLAP, WINDOW
from phonefarm.application.phone_watch import PhoneWatch
from phonefarm.application.read_models import PhoneState, Topic, Verdict
from phonefarm.application.tasks import Tasks
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import PhoneId
from tests.application.books import Books
from tests.builders import OTHER_ICCID, OTHER_NUMBER, a_row, a_seen_sim, ms
from tests.fakes.phone_bridge import SERVER, ScriptedPhone, ScriptedPhoneBridge
from tests.fakes.storage import BrittleStorage
from tests.waiting import until

POLL = 60.0
"""So long that whatever is seen sooner was seen through a hint."""


class Site:
    """An adb server with two phones, watched."""

    def __init__(self, database: Database) -> None:
        self.storage = BrittleStorage(database)
        self.books = Books(self.storage)
        self.one = ScriptedPhone("R58M123", sims=[a_seen_sim()])
        self.two = ScriptedPhone("ZY22XYZ", sims=[a_seen_sim(OTHER_ICCID, msisdn=OTHER_NUMBER)])
        self.bridge = ScriptedPhoneBridge(self.books.clock, self.one, self.two)
        self.bugs: list[BaseException] = []
        self.tasks = Tasks(lambda name, error: self.bugs.append(error))
        self.reports: list[tuple[str, Verdict]] = []
        self.watch = self.watch_with(POLL)

    def watch_with(self, poll: float) -> PhoneWatch:
        return PhoneWatch(
            self.storage,
            [self.bridge],
            self.books.inventory,
            self.books.intake,
            self.books.announcer,
            self.books.clock,
            self.tasks,
            poll_seconds=poll,
            rent_poll_seconds=poll,
            report_server=lambda server, verdict, detail: self.reports.append((server, verdict)),
        )

    def id_of(self, phone: ScriptedPhone) -> PhoneId:
        return self.bridge.id_of(phone)

    async def state(self, phone: ScriptedPhone) -> PhoneState | None:
        row = (await self.books.phones()).get(self.id_of(phone))
        return row.state if row else None

    async def reached(self, phone: ScriptedPhone, state: PhoneState) -> None:
        async def is_so() -> bool:
            return await self.state(phone) is state

        await until(is_so)

    async def both_ready(self) -> None:
        await self.watch.start()
        await self.reached(self.one, PhoneState.READY)
        await self.reached(self.two, PhoneState.READY)

    async def message_count(self) -> int:
        return len(await self.books.messages())


@pytest.fixture
async def site(database: Database) -> AsyncIterator[Site]:
    site = Site(database)
    yield site
    await site.tasks.stop()
    assert site.bugs == []


# Coming and going -----------------------------------------------------------


async def test_listed_phones_are_asked_read_and_ready_and_their_numbers_on_offer(site: Site) -> None:
    await site.both_ready()

    phone = (await site.books.phones())[site.id_of(site.one)]
    assert (phone.make, phone.model, phone.android) == ("Xiaomi", "Redmi 12", "13")
    assert phone.last_read_at is not None
    assert await site.books.on_offer() == 2
    assert (SERVER, Verdict.PASS) in site.reports


async def test_unplugged_phone_is_gone_and_off_the_offer_at_once(site: Site) -> None:
    await site.both_ready()

    site.bridge.unplug(site.one)
    await site.reached(site.one, PhoneState.GONE)

    assert await site.books.on_offer() == 1
    assert await site.state(site.two) is PhoneState.READY


async def test_phone_that_comes_back_is_ready_again_and_its_messages_are_new(site: Site) -> None:
    await site.both_ready()
    site.bridge.unplug(site.one)
    await site.reached(site.one, PhoneState.GONE)
    await site.books.storage.write(lambda uow: None)

    site.one.receive(a_row(1, date_ms=ms(site.books.clock.forward(30))))
    site.bridge.plug_in(site.one)
    await site.reached(site.one, PhoneState.READY)

    assert await site.message_count() == 1
    assert [message.standing for message in await site.books.messages()] == ["no rent"]


@pytest.mark.parametrize(
    ("adb_state", "state"),
    [
        ("unauthorized", PhoneState.UNAUTHORIZED),
        ("offline", PhoneState.OFFLINE),
        ("no permissions (udev)", PhoneState.NO_PERMISSIONS),
        ("recovery", PhoneState.OTHER_MODE),
    ],
)
async def test_phone_that_cannot_be_spoken_with_is_named_and_not_asked(
    site: Site, adb_state: str, state: PhoneState
) -> None:
    site.one.adb_state = adb_state

    await site.watch.start()
    await site.reached(site.two, PhoneState.READY)

    assert await site.state(site.one) is state
    assert site.bridge.asked[site.one.serial] == 0
    assert (await site.books.phones())[site.id_of(site.one)].detail == adb_state


async def test_phone_that_goes_offline_leaves_the_offer_with_its_session(site: Site) -> None:
    await site.both_ready()
    site.one.adb_state = "offline"
    site.bridge.change()
    await site.reached(site.one, PhoneState.OFFLINE)
    looks = site.one.looks

    site.one.receive(a_row(1))

    assert await site.books.on_offer() == 1
    assert site.one.looks == looks


async def test_server_that_goes_down_takes_all_its_phones_from_the_offer(site: Site) -> None:
    await site.both_ready()

    site.bridge.server_trouble = ServerDown("adb was killed")
    site.bridge.change()
    await site.reached(site.one, PhoneState.GONE)
    await site.reached(site.two, PhoneState.GONE)

    assert await site.books.on_offer() == 0
    assert site.reports[-1] == (SERVER, Verdict.FAIL)


async def test_server_that_comes_back_brings_its_phones(site: Site) -> None:
    site.bridge.server_trouble = ServerDown("adb was killed")
    await site.watch.start()
    await until(lambda: (SERVER, Verdict.FAIL) in site.reports)

    site.bridge.server_trouble = None

    await site.reached(site.one, PhoneState.READY)
    assert site.reports[-1] == (SERVER, Verdict.PASS)


async def test_presence_of_the_last_run_is_forgotten_at_the_start(site: Site) -> None:
    await site.books.seat(a_seen_sim("89701010000000000001", msisdn="79991112233"), phone=PhoneId("old@elsewhere:1"))
    assert await site.books.on_offer() == 1
    site.bridge.server_trouble = ServerDown("no server")

    await site.watch.start()

    assert await site.books.on_offer() == 0


# Looking --------------------------------------------------------------------


async def test_hint_makes_the_phone_be_read_at_once(site: Site) -> None:
    await site.both_ready()

    site.one.receive(a_row(1))

    await until(lambda: site.one.looks == 2)
    await until(lambda: site.message_count())
    assert site.two.looks == 1


async def test_safety_poll_finds_what_no_hint_announced(site: Site) -> None:
    site.watch = site.watch_with(0.05)
    await site.both_ready()

    site.one.receive(a_row(1), hinted=False)

    await until(lambda: site.message_count())


async def test_phone_whose_messages_come_unannounced_is_shown_as_such(site: Site) -> None:
    site.watch = site.watch_with(0.05)
    await site.both_ready()

    site.one.receive(a_row(1), hinted=False)

    async def is_known() -> bool:
        return (await site.books.phones())[site.id_of(site.one)].hints_working is False

    await until(is_known)


async def test_flood_larger_than_the_window_is_read_to_what_is_known(site: Site) -> None:
    site.one.inbox = [a_row(1)]
    await site.both_ready()
    flood = 2 * WINDOW + 7

    for number in range(flood):
        site.one.receive(a_row(2 + number, body=f"flood {number}"), hinted=number == flood - 1)

    async def all_there() -> bool:
        return await site.message_count() == 1 + flood

    await until(all_there)
    step = WINDOW - PAGE_OVERLAP
    assert site.one.skips[1:4] == [0, step, 2 * step]


async def test_first_look_reads_one_window_of_an_old_phone(site: Site) -> None:
    site.one.inbox = [a_row(number, body=str(number)) for number in range(1, 400)]

    await site.both_ready()

    assert site.one.skips == [0]
    assert await site.message_count() == WINDOW


# Failing --------------------------------------------------------------------


async def test_phone_is_failing_after_its_second_failed_look_and_recovers(site: Site) -> None:
    site.one.trouble = PhoneUnreachable("no answer within 8 s")
    await site.watch.start()
    await site.reached(site.one, PhoneState.FAILING)

    assert site.bridge.asked[site.one.serial] >= 2
    assert (await site.books.phones())[site.id_of(site.one)].detail == "no answer within 8 s"
    assert await site.state(site.two) is PhoneState.READY
    site.one.trouble = None
    await site.reached(site.one, PhoneState.READY)


async def test_one_failed_look_does_not_take_a_phone_from_the_offer(site: Site) -> None:
    await site.both_ready()
    site.one.trouble = PhoneUnreachable("busy")
    asked = site.bridge.asked[site.one.serial]

    site.one.receive(a_row(1))
    await until(lambda: site.bridge.asked[site.one.serial] > asked)
    site.one.trouble = None

    await until(lambda: site.message_count())
    states = [line.title for line in await site.books.story(Topic.PHONES, site.id_of(site.one))]
    assert states == ["Starting", "Ready"]


async def test_phone_that_keeps_its_sms_to_itself_is_withheld_at_once(site: Site) -> None:
    site.one.trouble = SmsWithheld("Permission Denial: reading content://sms")

    await site.watch.start()
    await site.reached(site.one, PhoneState.WITHHELD)

    assert (await site.books.phones())[site.id_of(site.one)].detail.startswith("Permission Denial")


async def test_disk_that_fails_is_no_fault_of_the_phone_and_no_bug(site: Site) -> None:
    await site.both_ready()
    site.storage.broken = True
    site.one.receive(a_row(1))
    await until(lambda: site.storage.refused > 2)

    site.storage.broken = False

    await until(lambda: site.message_count())
    assert await site.state(site.one) is PhoneState.READY


async def test_session_that_begins_on_a_failing_disk_gets_there(site: Site) -> None:
    site.one.adb_state = "offline"
    await site.watch.start()
    await site.reached(site.two, PhoneState.READY)
    site.one.adb_state = "device"
    site.bridge.change()
    site.storage.broken = True
    refused = site.storage.refused
    await until(lambda: site.storage.refused > refused)

    site.storage.broken = False

    await site.reached(site.one, PhoneState.READY)


async def test_reconnect_goes_to_the_phones_own_server(site: Site) -> None:
    await site.watch.reconnect(site.id_of(site.one))

    assert site.one.reconnects == 1
    with pytest.raises(KnownError, match="not in the settings"):
        await site.watch.reconnect(PhoneId("x@elsewhere:5037"))


async def test_poll_is_faster_while_rented_and_fastest_without_hints(database: Database) -> None:
    site = Site(database)
    phone = site.id_of(site.one)
    watch = PhoneWatch(
        site.storage,
        [site.bridge],
        site.books.inventory,
        site.books.intake,
        site.books.announcer,
        site.books.clock,
        site.tasks,
        poll_seconds=10,
        rent_poll_seconds=5,
        report_server=lambda server, verdict, detail: None,
    )
    await site.books.seat(a_seen_sim(), phone=phone)
    assert watch.poll_seconds(phone) == 10

    await site.books.rent()
    await watch.start()

    await until(lambda: watch.poll_seconds(phone) == 5)
    await watch.note_hints(phone, working=False)
    assert watch.poll_seconds(phone) == 3
    await watch.note_hints(phone, working=True)
    assert watch.poll_seconds(phone) == 5
    await site.tasks.stop()
