"""What one phone's SMS provider supports: remembered for its firmware, and probed again from time to time."""

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

PROBE_VALID_FOR = timedelta(days=1)
DOUBT_SECONDS = 300.0
"""After this a phone is probed again if it refused something without naming it, or did not answer at all."""


class Abilities:
    """The probe of one phone, and when it is due again."""

    def __init__(self, phone_id: PhoneId, bridge: PhoneBridge, health: PhoneHealth) -> None:
        self._phone_id = phone_id
        self._bridge = bridge
        self._health = health
        self._due_at = float("inf")

    async def load(self, facts: PhoneFacts) -> Probe | None:
        """The probe of this firmware, however old: an outdated one is repeated later, while the inbox is read."""
        remembered = await self._health.load_probe(self._phone_id, facts)
        if remembered is None:
            return None
        probe, age = remembered
        left = DOUBT_SECONDS if age is None else (PROBE_VALID_FOR - age).total_seconds()
        self._schedule(min(max(left, DOUBT_SECONDS), PROBE_VALID_FOR.total_seconds()))
        return probe

    async def probe(self, facts: PhoneFacts) -> Probe:
        """Probe the phone; the result is stored only if everything unsupported was refused by name."""
        probe = await self._bridge.probe(serial_of(self._phone_id), facts)
        if probe.is_sure:
            await self._health.save_probe(self._phone_id, probe)
        self._schedule(PROBE_VALID_FOR.total_seconds() if probe.is_sure else DOUBT_SECONDS)
        return probe

    @property
    def are_due(self) -> bool:
        return asyncio.get_running_loop().time() >= self._due_at

    async def probe_again(self, known: Probe) -> Probe:
        """A new probe, or `known` where a new one fails or is unsure of an ability that `known` has."""
        try:
            found = await self.probe(known.facts)
        except (PhoneUnreachable, SmsWithheld) as error:
            log.info("a phone could not be probed again", phone=self._phone_id, cause=str(error))
            self._schedule(DOUBT_SECONDS)
            return known
        return found if found.is_sure or _has_all_abilities(found, known) else known

    def _schedule(self, seconds: float) -> None:
        jitter = random.uniform(0.9, 1.1)  # noqa: S311 - spreads the phones' probes
        self._due_at = asyncio.get_running_loop().time() + seconds * jitter


def _has_all_abilities(found: Probe, known: Probe) -> bool:
    def abilities(probe: Probe) -> tuple[bool, ...]:
        return (probe.reads_hex, probe.counts, probe.has_sub_id, bool(probe.slot_column), probe.has_otp_mark)

    return all(now or not before for now, before in zip(abilities(found), abilities(known), strict=True))
