"""Thousands of simultaneous messages to one number: all reach the market in order, none twice."""

from __future__ import annotations

import pytest

from phonefarm.simulation.farm import VirtualFarm
from tests.farm.harness import Harness, until

pytestmark = pytest.mark.farm

FLOOD = 2_500


def test_flood_on_one_number_reaches_the_market_whole_and_in_order(harness: Harness) -> None:
    harness.open_app()
    rent = harness.order()

    async def flood(farm: VirtualFarm) -> None:
        phone, slot = farm.find(rent.msisdn)
        now_ms = int(phone.handset.now() * 1000)
        for number in range(FLOOD):
            phone.restore_sms("Telegram", f"flood {number}", slot, date_ms=now_ms + number // 50)
        await phone.deliver_sms("Telegram", "the last one", slot)

    harness.farm.run(flood)

    until(lambda: len(harness.texts(rent)) > FLOOD, 90, "the flood at the market")
    assert harness.texts(rent) == [*(f"flood {number}" for number in range(FLOOD)), "the last one"]
