"""A made-up farm: all rows that a desk shows, and the overview derived from them."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from phonefarm.application.desk.attention import needing_by_state
from phonefarm.application.desk.shortages import sims_now
from phonefarm.application.model.read_models import (
    Attention,
    BanRow,
    Counts,
    Difference,
    HealthCheck,
    MessageRow,
    NetworkRow,
    NumberTask,
    Overview,
    PhoneRow,
    PhoneState,
    PushRow,
    PushState,
    RentRow,
    RentState,
    SimRow,
    SimStanding,
    SmsStanding,
    Verdict,
)
from phonefarm.application.model.timeline import TimelineEntry
from phonefarm.domain.blocklist import BlockedSender
from phonefarm.domain.health import HealthKind, health, problem
from phonefarm.domain.number_patterns import NumberPattern
from phonefarm.domain.shortage import working_numbers

CODES = {"mts": "25001", "beeline": "25099", "telekom": "26201", "kyivstar": "25503", "kcell": "40102"}
PATTERNS = (
    NumberPattern(text="Ваш номер {number}"),
    NumberPattern(text="Your number is {number}"),
    NumberPattern(text="{number}", sender="MegaFon"),
)
BLOCKED = tuple(
    BlockedSender(pattern=pattern, what=what)
    for pattern, what in (("900", "bank"), ("Sber*", "bank"), ("*bank*", "bank"), ("QIWI*", "payment"),
                          ("YooMoney", "payment"), ("gosuslugi", "government"))
)  # fmt: skip
PLACES = (("russia", "mts", "7928"), ("russia", "beeline", "7903"), ("germany", "telekom", "49151"),
          ("ukraine", "kyivstar", "38067"), ("kazakhstan", "kcell", "7701"))  # fmt: skip


@dataclass
class Farm:
    """All data of a fake desk; tests change it and announce the change to the window."""

    now: datetime
    phones: dict[str, PhoneRow] = field(default_factory=dict)
    sims: dict[str, SimRow] = field(default_factory=dict)
    rents: dict[str, RentRow] = field(default_factory=dict)
    messages: dict[str, MessageRow] = field(default_factory=dict)
    pushes: dict[str, PushRow] = field(default_factory=dict)
    bans: dict[str, BanRow] = field(default_factory=dict)
    numbers: dict[str, NumberTask] = field(default_factory=dict)
    networks: list[NetworkRow] = field(default_factory=list)
    patterns: list[NumberPattern] = field(default_factory=lambda: list(PATTERNS))
    blocked: list[BlockedSender] = field(default_factory=lambda: list(BLOCKED))
    differences: list[Difference] = field(default_factory=list)
    attention: tuple[Attention, ...] = ()
    timelines: dict[str, list[TimelineEntry]] = field(default_factory=dict)

    def overview(self) -> Overview:
        rents = list(self.rents.values())
        pushes = Counter(push.state for push in self.pushes.values())
        waiting = [rent for rent in rents if rent.state in (RentState.WAITING, RentState.OVERDUE)]
        chance = random.Random(3)
        due = [push for push in self.pushes.values() if push.state is PushState.WAITING]
        return Overview(
            at=self.now,
            counts=Counts(
                phones=sum(
                    phone.state not in (PhoneState.GONE, PhoneState.DUPLICATE) for phone in self.phones.values()
                ),
                phones_ready=sum(phone.state is PhoneState.READY for phone in self.phones.values()),
                sims=len(self.sims),
                numbers_on_offer=sum(sim.standing is SimStanding.ON_OFFER for sim in self.sims.values()),
                rents_open=sum(rent.state is not RentState.FINISHED for rent in rents),
                sms_received=len(self.messages),
                pushes_waiting=pushes[PushState.WAITING] + pushes[PushState.SENDING],
                pushes_delivered=pushes[PushState.DELIVERED],
                pushes_refused=pushes[PushState.REFUSED],
                pushes_parked=pushes[PushState.PARKED],
                bans=len(self.bans),
            ),
            checks=_checks(self),
            attention=self.attention,
            phones_by_state=Counter(phone.state for phone in self.phones.values()),
            phones_needing_by_state=needing_by_state(self.attention, self.phones.values()),
            phones_of_farm=sum(phone.is_of_farm(self.now) for phone in self.phones.values()),
            numbers_working=working_numbers(sims_now(self.sims.values(), self.phones.values())),
            rents_waiting_first_sms=sum(rent.state is RentState.WAITING and not rent.sms_on_way for rent in rents),
            rents_sending_first_sms=sum(rent.state is RentState.WAITING and rent.sms_on_way > 0 for rent in rents),
            sms_today=len(self.messages),
            sms_delivered_today=sum(m.push_state is PushState.DELIVERED for m in self.messages.values()),
            sms_held=sum(m.standing is SmsStanding.HELD for m in self.messages.values()),
            oldest_waiting_push_at=min((push.created_at for push in due), default=None),
            next_push_at=min((push.next_at for push in due if push.next_at), default=None),
            income_today=Decimal(8430 if rents else 0),
            income_month=Decimal(212600 if rents else 0),
            arrival_p50_seconds=0.46 if rents else None,
            arrival_p99_seconds=0.71 if rents else None,
            sms_by_hour=tuple(chance.randint(24, 84) if rents else 0 for _ in range(48)),
            income_by_day=tuple(Decimal(chance.randint(4000, 12000) if rents else 0) for _ in range(30)),
            arrival_by_minute=tuple(
                None if not rents or place in (20, 21) else 0.4 + place / 300 + chance.random() / 20
                for place in range(60)
            ),
            waiting_rents=tuple(sorted(waiting, key=lambda rent: rent.first_sms_deadline)[:12]),
        )


def _checks(farm: Farm) -> tuple[HealthCheck, ...]:
    troubled = sum(phone.state is not PhoneState.READY for phone in farm.phones.values())
    adb = f"{troubled} of {len(farm.phones)} not ready" if troubled else "all phones ready"
    since = farm.now - timedelta(hours=5)
    return (
        HealthCheck(name="webhooks", verdict=Verdict.PASS, health=problem("on port 8080"), since=since),
        HealthCheck(name="market", verdict=Verdict.PASS, health=problem("answers in 84 ms"), since=since),
        HealthCheck(name="adb", verdict=Verdict.WARN if troubled else Verdict.PASS, health=problem(adb), since=since),
        HealthCheck(name="storage", verdict=Verdict.PASS, health=problem("commits in 3 ms"), since=since),
        *(
            HealthCheck(name=name, verdict=Verdict.PASS, health=found, since=since)
            for name, found in {
                "calls": health(HealthKind.CALLED),
                "disk": health(HealthKind.DISK_FREE, gigabytes=38),
                "clock": health(HealthKind.CLOCK_RIGHT),
                "keyring": health(HealthKind.KEY_KEPT, place="keyring"),
                "backups": health(HealthKind.IN_ORDER),
            }.items()
        ),
    )
