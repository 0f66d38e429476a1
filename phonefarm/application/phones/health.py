"""Stores the conditions of each phone, and the probe of its SMS provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from phonefarm.application.model import timeline
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import Topic
from phonefarm.application.ports.records.sims import SimOnPhone
from phonefarm.application.ports.storage import Journal, Storage, UnitOfWork
from phonefarm.application.ports.world import Checkup, KnownCard, Probe, Remembered
from phonefarm.domain.conditions import BLOCKING, Condition, HintRecord, changes, conditions, hint_record_from
from phonefarm.domain.fields import Fields
from phonefarm.domain.ids import PhoneId
from phonefarm.domain.phones import PhoneFacts
from phonefarm.domain.telemetry import FREE_STEP_BYTES, PhoneTelemetry
from phonefarm.support.clock import Clock

EQUAL_CHECKUPS_SKIPPED_FOR = timedelta(minutes=5)
"""After this an equal check-up is stored again: conditions may end by time alone."""


@dataclass(frozen=True, kw_only=True)
class _CheckupDigest:
    """The parts of a check-up whose changes matter: equal digests need no commit."""

    telemetry: PhoneTelemetry
    hints: HintRecord
    sim_count: int | None
    minutes_off: int | None

    @classmethod
    def of(cls, checkup: Checkup, hints: HintRecord, skew: timedelta | None) -> _CheckupDigest:
        telemetry, free = checkup.telemetry, checkup.telemetry.free_bytes
        return cls(
            telemetry=replace(
                telemetry,
                uptime_seconds=None,
                temperature=None if telemetry.temperature is None else round(telemetry.temperature),
                free_bytes=None if free is None else free // FREE_STEP_BYTES,
            ),
            hints=hints,
            sim_count=checkup.sim_count,
            minutes_off=None if skew is None else round(skew / timedelta(minutes=1)),
        )


class PhoneHealth:
    """Turns check-ups into conditions, and remembers what was found out about phones."""

    def __init__(self, storage: Storage, announcer: Announcer, clock: Clock) -> None:
        self._storage = storage
        self._announcer = announcer
        self._clock = clock
        self._last: dict[PhoneId, tuple[_CheckupDigest, datetime]] = {}

    async def load_last_run(self, phone_id: PhoneId) -> tuple[Remembered, HintRecord]:
        """What is stored of the phone, and the record of its announcements that its conditions imply."""

        def work(uow: UnitOfWork) -> tuple[Remembered, HintRecord]:
            facts = uow.phones.facts_of(phone_id)
            known = None if facts is None else uow.health.remembered_probe(phone_id, facts)
            booted_at, sms_app = uow.health.last_start(phone_id)
            remembered = Remembered(
                probe=None if known is None else known.probe,
                cards=_cards(uow.sims.on_phone(phone_id)),
                booted_at=booted_at,
                sms_app=sms_app,
            )
            return remembered, hint_record_from(uow.health.active_since(phone_id))

        # By the writer, though it only reads: of twins, the one whose session began first keeps the plain name.
        return await self._storage.write(work)

    async def load_probe(self, phone_id: PhoneId, facts: PhoneFacts) -> tuple[Probe, timedelta | None] | None:
        """The stored probe of the phone's firmware, and its age (None: unknown)."""
        known = await self._storage.read(lambda views: views.remembered_probe(phone_id, facts))
        if known is None:
            return None
        return known.probe, None if known.found_at is None else self._clock() - known.found_at

    async def save_probe(self, phone_id: PhoneId, probe: Probe) -> None:
        now = self._clock()
        await self._storage.write(lambda uow: uow.health.remember_probe(phone_id, probe, now))

    async def forget_probe(self, phone_id: PhoneId) -> None:
        """The probe does not fit the phone any more."""
        await self._storage.write(lambda uow: uow.health.forget_probe(phone_id))

    async def note_checkup(
        self, phone_id: PhoneId, probe: Probe, checkup: Checkup, hints: HintRecord, skew: timedelta | None
    ) -> None:
        """Store the check-up, and the conditions that follow from it and from the record of announcements."""
        now = self._clock()
        digest = _CheckupDigest.of(checkup, hints, skew)
        if (
            (last := self._last.get(phone_id)) is not None
            and last[0] == digest
            and timedelta(0) <= now - last[1] < EQUAL_CHECKUPS_SKIPPED_FOR
        ):
            return

        def work(uow: UnitOfWork) -> tuple[bool, bool]:
            seen = uow.health.note_telemetry(phone_id, checkup.telemetry, now)
            before = uow.health.conditions(phone_id)
            after = conditions(
                checkup.telemetry,
                hints,
                sim_count=checkup.sim_count,
                has_otp_mark=probe.has_otp_mark,
                clock_skew=skew,
                held=before.keys(),
                now=now,
            )
            if after == before:
                return seen, False
            uow.health.set_conditions(phone_id, after, now)
            _note_changes(uow.journal, phone_id, before, after, now)
            return True, bool((before.keys() ^ after.keys()) & BLOCKING)

        changed, offer_changed = await self._storage.write(work)
        self._last[phone_id] = (digest, now)
        if changed:
            self._announcer.changed(Topic.PHONES, [phone_id])
        if offer_changed:
            self._announcer.changed(Topic.SIMS, None)
            self._announcer.changed(Topic.OVERVIEW)

    async def note_empty_hint(self, phone_id: PhoneId, at: datetime) -> None:
        """Store that a message was announced at `at` without a row; it may come late."""
        await self._storage.write(lambda uow: uow.health.note_empty_hint(phone_id, at))
        self._announcer.changed(Topic.PHONES, [phone_id])

    async def note_arrivals(
        self, phone_id: PhoneId, *, hinted: int, unhinted: int, hint_to_row: timedelta | None
    ) -> None:
        await self._storage.write(
            lambda uow: uow.phones.note_arrivals(phone_id, hinted=hinted, unhinted=unhinted, hint_to_row=hint_to_row)
        )


def _cards(sims: Sequence[SimOnPhone]) -> tuple[KnownCard, ...]:
    return tuple(
        KnownCard(sim_id=sim.sim_id, sub_id=sim.place.sub_id, slot=sim.slot, has_number=sim.msisdn is not None)
        for sim in sims
        if sim.is_in and sim.place.sub_id is not None
    )


def _note_changes(
    journal: Journal,
    phone_id: PhoneId,
    before: Mapping[Condition, Fields],
    after: Mapping[Condition, Fields],
    now: datetime,
) -> None:
    began, ended = changes(before, after)
    for condition in began:
        journal.note(now, Topic.PHONES, phone_id, timeline.condition_began(condition, after[condition]))
    for condition in ended:
        journal.note(now, Topic.PHONES, phone_id, timeline.condition_ended(condition))
