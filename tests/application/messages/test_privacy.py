"""Texts are erased when they are not needed any more; messages of blocked senders never leave this PC."""

from __future__ import annotations

from datetime import timedelta

import pytest

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.messages import privacy
from phonefarm.application.messages.intake import SmsIntake
from phonefarm.application.messages.privacy import Privacy
from phonefarm.application.model.read_models import MessageRow, PushState, SmsStanding
from phonefarm.domain.blocklist import BlockedSender
from phonefarm.domain.errors import KnownError
from phonefarm.domain.heard import NOTHING_HEARD
from phonefarm.domain.ids import SmsId
from tests.application.stored_farm import StoredFarm
from tests.builders import NUMBER, OTHER_ICCID, OTHER_NUMBER, a_reading, a_row, a_seen_sim, ms

BANK = BlockedSender(pattern="*bank", what="bank")
KEPT = timedelta(hours=72)
OTHER = a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, msisdn=OTHER_NUMBER)


class House(StoredFarm):
    """StoredFarm with a block list and a rule for texts."""

    def __init__(self, database: Database, *, blocks: bool = True) -> None:
        super().__init__(database)
        self.privacy = Privacy(database, self.announcer, self.clock, [BANK], blocks=blocks, keep_texts=KEPT)
        self.intake = SmsIntake(database, self.announcer, self.clock, self.dispatcher, self.privacy.withholds)

    async def message(self, number: int = -1) -> MessageRow:
        return (await self.messages())[number]

    async def texts(self) -> list[str]:
        return [message.text for message in await self.messages()]

    async def deliver(self, sms_id: SmsId) -> None:
        now = self.clock()
        await self.storage.write(lambda uow: uow.pushes.claim(now, 10))
        await self.storage.write(lambda uow: uow.pushes.close(sms_id, PushState.DELIVERED, now))


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


# Withheld -----------------------------------------------------------------------


async def test_message_of_a_blocked_sender_is_shown_without_its_text_and_pushed_to_nobody(house: House) -> None:
    await house.seat(a_seen_sim())
    await house.rent()

    await house.sms(sender="MegaBank", body="Your code is 1234")

    message = await house.message()
    assert (message.standing, message.sender, message.text, message.is_erased) == (
        SmsStanding.WITHHELD,
        "MegaBank",
        "",
        True,
    )
    assert await house.pushes() == []


async def test_withheld_message_is_seen_once(house: House) -> None:
    await house.seat(a_seen_sim())
    row = a_row(5, sender="MegaBank", date_ms=ms(house.clock()))
    house.clock.forward(1)

    await house.look(row)
    again = await house.intake.accept(
        a_reading([row, a_row(6, date_ms=ms(house.clock()))], at=house.clock.forward(1)), NOTHING_HEARD
    )

    assert len(again.new) == 1
    assert len(await house.messages()) == 2


async def test_old_message_of_a_blocked_sender_loses_its_text_too(house: House) -> None:
    await house.seat(a_seen_sim(), inbox=[a_row(1, sender="MegaBank", body="Balance 17 000")])

    assert ((await house.message()).standing, await house.texts()) == (SmsStanding.BASELINE, [""])


async def test_other_senders_and_a_list_that_is_off_withhold_nothing(database: Database) -> None:
    house = House(database, blocks=False)
    await house.seat(a_seen_sim())
    await house.rent()

    await house.sms(sender="MegaBank", body="Your code is 1234")

    assert ((await house.message()).standing, await house.texts()) == (SmsStanding.FOR_RENT, ["Your code is 1234"])


async def test_list_that_the_user_changed_holds_at_once_and_after_a_restart(house: House, database: Database) -> None:
    own = [BlockedSender(pattern="Casino", what="mine")]

    assert await house.privacy.save_senders(own) == []

    assert house.privacy.withholds("casino")
    assert not house.privacy.withholds("MegaBank")
    later = House(database)
    await later.privacy.start()
    assert later.privacy.withholds("casino")
    assert list(await later.privacy.senders()) == own


async def test_bad_pattern_is_refused_with_its_place_and_changes_nothing(house: House) -> None:
    problems = await house.privacy.save_senders([BlockedSender(pattern="Casino"), BlockedSender(pattern="*")])

    assert [problem.name for problem in problems] == ["1"]
    assert house.privacy.withholds("MegaBank")


async def test_empty_list_brings_the_built_in_one_back(house: House) -> None:
    await house.privacy.save_senders([BlockedSender(pattern="Casino")])

    await house.privacy.save_senders([])

    assert house.privacy.withholds("MegaBank")


# Erased by time -----------------------------------------------------------------


async def test_text_is_erased_some_time_after_its_delivery_and_the_record_stays(house: House) -> None:
    await house.seat(a_seen_sim())
    await house.rent()
    await house.sms(body="delivered late")
    sms_id = SmsId((await house.message()).sms_id)
    house.clock.forward(3600)
    await house.deliver(sms_id)

    house.clock.forward(KEPT.total_seconds() - 10)
    assert await house.privacy.erase_old() == 0
    house.clock.forward(20)
    assert await house.privacy.erase_old() == 1

    message = await house.message()
    assert (message.text, message.is_erased, message.push_state) == ("", True, PushState.DELIVERED)


async def test_text_that_was_never_for_a_rent_is_erased_after_the_same_time(house: House) -> None:
    await house.seat(a_seen_sim(), inbox=[a_row(1, body="older")])
    await house.sms(body="nobody's")

    house.clock.forward(KEPT.total_seconds() + 3600)
    await house.privacy.erase_old()

    assert await house.texts() == ["", ""]


async def test_text_that_is_still_to_be_pushed_or_assigned_stays_however_old(house: House) -> None:
    await house.seat(a_seen_sim(), OTHER)
    await house.rent()
    await house.sms(row_id=1, sub_id=1, body="one")
    await house.sms(row_id=2, sub_id=2, body="two")
    await house.sms(row_id=3, sub_id=None, body="held")
    waiting = {push.sms_id for push in await house.pushes()}

    house.clock.forward(10 * KEPT.total_seconds())
    await house.privacy.erase_old()

    kept = [message for message in await house.messages() if not message.is_erased]
    assert {message.sms_id for message in kept} == waiting | {(await house.message()).sms_id}


async def test_many_texts_are_erased_a_few_at_a_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privacy, "MOST_PER_COMMIT", 2)
    await house.seat(a_seen_sim(), inbox=[a_row(number, body=str(number)) for number in range(1, 6)])
    house.clock.forward(2 * KEPT.total_seconds())

    assert await house.privacy.erase_old() == 5


async def test_message_whose_text_was_erased_is_not_stored_again(house: House) -> None:
    row = a_row(1, body="older")
    await house.seat(a_seen_sim(), inbox=[row])
    house.clock.forward(2 * KEPT.total_seconds())
    await house.privacy.erase_old()

    again = await house.intake.accept(a_reading([row], at=house.clock.forward(60), clock_skew=None), NOTHING_HEARD)

    assert again.new == ()


# Erased on demand -----------------------------------------------------------------


async def test_texts_of_a_number_are_erased_on_demand_and_others_stay(house: House) -> None:
    await house.seat(a_seen_sim(), OTHER)
    await house.sms(row_id=1, sub_id=1, body="this number")
    await house.sms(row_id=2, sub_id=2, body="another")

    said = await house.privacy.erase_number(f"+{NUMBER}")

    assert said == f"1 texts of +{NUMBER} erased."
    assert await house.texts() == ["", "another"]


async def test_text_that_is_still_needed_is_said_to_stay(house: House) -> None:
    await house.seat(a_seen_sim())
    await house.rent()
    await house.sms(body="to be pushed")

    said = await house.privacy.erase_number(NUMBER)

    assert "1 are still to be pushed, or wait for your choice of a SIM" in said
    assert await house.texts() == ["to be pushed"]


async def test_what_is_no_number_is_refused(house: House) -> None:
    with pytest.raises(KnownError, match="no phone number"):
        await house.privacy.erase_number("the red one")
