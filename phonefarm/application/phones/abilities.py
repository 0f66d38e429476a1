"""What one phone's SMS provider takes: remembered for its firmware, and tried again now and then."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import structlog

from phonefarm.application.phones.health import PhoneHealth
from phonefarm.application.ports.world import PhoneBridge, PhoneUnreachable, Probe, SmsWithheld
from phonefarm.domain.ids import PhoneId, serial_of
from phonefarm.domain.phones import PhoneFacts

log = structlog.get_logger(__name__)

GOOD_FOR = timedelta(days=1)
DOUBT_SECONDS = 300.0
"""After so long a phone is asked again for what it refused without naming it, or did not answer at all."""


class Abilities:
    def __init__(self, phone_id: PhoneId, bridge: PhoneBridge, health: PhoneHealth) -> None:
        self._phone_id = phone_id
        self._bridge = bridge
        self._health = health
        self._again_at = float("inf")

    async def known(self, facts: PhoneFacts) -> Probe | None:
        """What was found out under this firmware, however long ago: it is tried again beside the work."""
        remembered = await self._health.remembered(self._phone_id, facts)
        if remembered is None:
            return None
        probe, age = remembered
        left = DOUBT_SECONDS if age is None else (GOOD_FOR - age).total_seconds()
        self._try_again_in(min(max(left, DOUBT_SECONDS), GOOD_FOR.total_seconds()))
        return probe

    async def found_out(self, facts: PhoneFacts) -> Probe:
        """Asked of the phone; remembered only where whatever it does not take was refused by name."""
        probe = await self._bridge.probe(serial_of(self._phone_id), facts)
        if probe.is_sure:
            await self._health.remember(self._phone_id, probe)
        self._try_again_in(GOOD_FOR.total_seconds() if probe.is_sure else DOUBT_SECONDS)
        return probe

    @property
    def are_due(self) -> bool:
        return asyncio.get_running_loop().time() >= self._again_at

    async def tried_again(self, probe: Probe) -> Probe:
        """`probe`, or what the phone takes now; one bad moment takes nothing away."""
        try:
            found = await self.found_out(probe.facts)
        except (PhoneUnreachable, SmsWithheld) as error:
            log.info("what the phone takes could not be asked again", phone=self._phone_id, cause=str(error))
            self._try_again_in(DOUBT_SECONDS)
            return probe
        return found if found.is_sure or _takes_as_much(found, probe) else probe

    def _try_again_in(self, seconds: float) -> None:
        spread = random.uniform(0.9, 1.1)  # noqa: S311 - keeps the phones' questions apart
        self._again_at = asyncio.get_running_loop().time() + seconds * spread


def _takes_as_much(found: Probe, before: Probe) -> bool:
    def taken(probe: Probe) -> tuple[bool, ...]:
        return (probe.reads_hex, probe.counts, probe.has_sub_id, bool(probe.slot_column), probe.has_otp_mark)

    return all(now or not then for now, then in zip(taken(found), taken(before), strict=True))
