"""Unrelated radio lines: written only while a reader is attached."""

from __future__ import annotations

import asyncio

import pytest

from phonefarm.simulation import chatter
from phonefarm.simulation.chatter import Chatter
from phonefarm.simulation.field_profiles import DOOGEE_X5
from phonefarm.simulation.phone import VirtualPhone
from phonefarm.simulation.profiles import PIXEL_8, Profile
from phonefarm.simulation.sims import SimFactory
from tests.simulation.waiting import until


def a_phone(profile: Profile) -> VirtualPhone:
    phone = VirtualPhone(profile, query_seconds=0.0)
    cards = SimFactory(seed=5)
    for slot in range(profile.slots):
        phone.insert_sim(cards.make(), slot)
    return phone


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chatter, "TICK_SECONDS", 0.005)
    monkeypatch.setattr(chatter, "BURST_TICK_SECONDS", 0.001)


async def test_radio_speaks_a_few_lines_at_a_time_and_hundreds_in_a_burst() -> None:
    lines: list[str] = []
    radio = Chatter(lambda tag, text: lines.append(f"{tag} {text}"), lambda: True, 2, "phone")

    radio.start()
    await until(lambda: len(lines) > 400)
    radio.stop()
    number = len(lines)
    await asyncio.sleep(0.02)

    assert len(lines) == number
    assert all(line.startswith("RILJ [") for line in lines)
    assert not any("NEW_SMS" in line for line in lines)


async def test_phone_writes_chatter_only_for_log_readers() -> None:
    phone = a_phone(PIXEL_8)
    await phone.start()
    await asyncio.sleep(0.05)
    unheard = phone.handset.log.open_reader(last_lines=None)
    assert unheard.empty()

    await until(lambda: unheard.qsize() > 20)

    await phone.stop()


async def test_phone_without_chatter_logs_only_messages() -> None:
    phone = a_phone(PIXEL_8)
    phone.chatter(False)
    await phone.start()
    reader = phone.handset.log.open_reader(last_lines=0)
    await asyncio.sleep(0.05)

    assert reader.empty()
    await phone.stop()


async def test_reader_gets_only_lines_that_its_filter_accepts() -> None:
    phone = a_phone(PIXEL_8)
    reader = phone.handset.log.open_reader(None, lambda line: "NEW_SMS" in line.text)

    phone.chatter_burst(300)
    await phone.deliver_sms("Shop", "text")

    assert [reader.get_nowait().tag for _ in range(reader.qsize())] == ["RILJ", "GsmInboundSmsHandler"]
    phone.handset.close()


async def test_mediateks_handler_has_a_tag_for_each_slot() -> None:
    phone = a_phone(DOOGEE_X5)
    reader = phone.handset.log.open_reader(last_lines=0)

    await phone.deliver_sms("Shop", "text", slot=1)

    tags = [reader.get_nowait().tag for _ in range(reader.qsize())]
    assert set(tags) == {"RILJ", "MtkGsmInboundSmsHandler-1"}
    phone.handset.close()


async def test_slow_broadcast_has_another_wording() -> None:
    phone = a_phone(PIXEL_8)
    phone.handset.log.sms_delivered(5000)
    reader = phone.handset.log.open_reader(None)

    text = reader.get_nowait().text

    assert text == "Slow ordered broadcast completion time for android.provider.Telephony.SMS_DELIVER: 5000 ms"
    phone.handset.close()


async def test_flash_message_is_announced_but_not_stored() -> None:
    phone = a_phone(PIXEL_8)
    reader = phone.handset.log.open_reader(last_lines=0)
    await phone.deliver_sms("Shop", "text")
    usual = [reader.get_nowait().text for _ in range(reader.qsize())]

    await phone.deliver_flash()

    assert [reader.get_nowait().text for _ in range(reader.qsize())] == usual
    assert phone.handset.sms.count() == 1
    phone.handset.close()
