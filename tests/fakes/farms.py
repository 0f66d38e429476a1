"""Made-up farms for the window: empty, calm, and busy in every state; the same seed gives the same farm."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle, islice
from typing import Any

from phonefarm.application.read_models import (
    Ailment,
    Attention,
    AttentionKind,
    BanRow,
    Condition,
    Counts,
    FinishStatus,
    MessageRow,
    NetworkRow,
    NumberTask,
    Overview,
    PhoneRow,
    PhoneState,
    PhoneVitals,
    PushRow,
    PushState,
    RentRow,
    RentState,
    SimRow,
    SimStanding,
    SmsStanding,
    StoryLine,
    Topic,
    Verdict,
    Vital,
)
from phonefarm.domain.number_patterns import NumberPattern
from phonefarm.domain.remedies import Remedy, remedy_for_condition, remedy_for_sim, remedy_for_state

CODES = {"mts": "25001", "beeline": "25099", "telekom": "26201", "kyivstar": "25503", "kcell": "40102"}
PATTERNS = (
    NumberPattern(text="Ваш номер {number}"),
    NumberPattern(text="Your number is {number}"),
    NumberPattern(text="{number}", sender="MegaFon"),
)
PLACES = (("russia", "mts", "7928"), ("russia", "beeline", "7903"), ("germany", "telekom", "49151"),
          ("ukraine", "kyivstar", "38067"), ("kazakhstan", "kcell", "7701"))  # fmt: skip
MODELS = (("Xiaomi", "Redmi 12", "13"), ("Samsung", "Galaxy A14", "14"), ("Infinix", "Hot 30i", "12"))
SENDERS = ("Telegram", "WhatsApp", "Google", "+447700900123", "VK", "900")
TEXTS = ("Login code 48 213. Do not give it to anyone.", "Ваш код: 7731. Никому не говорите.",
         "Your verification code is 902-118 🔑", "G-551203 is your Google code.\nhttps://g.co/2sv")  # fmt: skip
DETAILS = {
    PhoneState.UNAUTHORIZED: "adb: device unauthorized",
    PhoneState.OFFLINE: "adb: device offline",
    PhoneState.NO_PERMISSIONS: "missing udev rules? user is in the plugdev group",
    PhoneState.WITHHELD: "Permission Denial: reading content://sms requires READ_SMS",
    PhoneState.FAILING: "no answer within 8 s, 4 times in a row",
    PhoneState.OTHER_MODE: "recovery",
}


@dataclass
class Farm:
    """All that a desk knows; tests change it and tell the window."""

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
    attention: tuple[Attention, ...] = ()
    stories: dict[str, list[StoryLine]] = field(default_factory=dict)

    def overview(self) -> Overview:
        rents = list(self.rents.values())
        pushes = Counter(push.state for push in self.pushes.values())
        waiting = [rent for rent in rents if rent.state in (RentState.WAITING, RentState.OVERDUE)]
        chance = random.Random(3)
        due = [push for push in self.pushes.values() if push.state is PushState.WAITING]
        return Overview(
            at=self.now,
            counts=Counts(
                phones=len(self.phones),
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
            vitals=_vitals(self),
            attention=self.attention,
            phones_by_state=Counter(phone.state for phone in self.phones.values()),
            rents_waiting_first_sms=sum(rent.state is RentState.WAITING for rent in rents),
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


def empty_farm(now: datetime | None = None) -> Farm:
    return Farm(now=now or datetime.now(UTC))


def calm_farm(now: datetime | None = None) -> Farm:
    """Twelve phones, all ready, nothing that needs anybody."""
    farm = Farm(now=now or datetime.now(UTC))
    _add_phones(farm, 12, (PhoneState.READY,))
    _add_sims(farm, 20, (SimStanding.ON_OFFER, SimStanding.ON_OFFER, SimStanding.RENTED))
    add_rents(farm, 30, (RentState.ACTIVE, RentState.FINISHED, RentState.FINISHED, RentState.WAITING))
    add_messages(farm, 60)
    return farm


def busy_farm(now: datetime | None = None) -> Farm:
    """Seventy phones, a hundred SIMs, and every state there is."""
    farm = Farm(now=now or datetime.now(UTC))
    _add_phones(farm, 70, tuple(PhoneState), mostly=PhoneState.READY)
    _add_sims(farm, 100, tuple(SimStanding), mostly=SimStanding.ON_OFFER)
    add_rents(farm, 240, (*RentState, RentState.ACTIVE, RentState.WAITING, RentState.FINISHED))
    add_messages(farm, 1204)
    add_bans(farm)
    _add_ailments(farm)
    add_numbers(farm)
    farm.attention = _attention(farm)
    return farm


def _add_phones(farm: Farm, count: int, states: tuple[PhoneState, ...], mostly: PhoneState | None = None) -> None:
    chance = random.Random(1)
    for place in range(count):
        state = states[place // 5 % len(states)] if mostly is None or place % 5 == 0 else mostly
        make, model, android = chance.choice(MODELS)
        serial = f"R58M{chance.randrange(16**7):07X}"
        phone = PhoneRow(
            phone_id=f"{serial}@127.0.0.1:5037",
            serial=serial,
            server="127.0.0.1:5037",
            label=f"shelf {place // 12 + 1}, port {place % 12 + 1}",
            make=make,
            model=model,
            android=android,
            state=state,
            detail=DETAILS.get(state, ""),
            since=farm.now - timedelta(minutes=chance.randint(1, 4000)),
            remedy=remedy_for_state(state, make=make, detail=DETAILS.get(state, "")),
            ailments=(),
            vitals=_vitals_of(place) if state is PhoneState.READY else PhoneVitals(),
            booted_at=farm.now - timedelta(hours=3 + place * 5) if state is PhoneState.READY else None,
            usb_path=f"1-{place // 12 + 1}.{place % 12 // 4 + 1}.{place % 4 + 1}",
            firmware=f"{make}/{model}/{android}",
            reads_hex=place % 16 != 7,
            sim_column="sim_id" if make == "Xiaomi" else "",
            sims=(),
            rents_open=0,
            query_seconds=chance.uniform(0.05, 0.4) if state is PhoneState.READY else None,
            clock_skew_seconds=chance.uniform(-3, 3) if state is PhoneState.READY else None,
            last_read_at=farm.now - timedelta(seconds=chance.randint(0, 4)) if state is PhoneState.READY else None,
            hints_working=chance.choice((True, True, False)) if state is PhoneState.READY else None,
            hint_to_row_seconds=0.4 + place % 7 / 10 if state is PhoneState.READY else None,
            sms_hinted=40 + place * 3,
            sms_unhinted=place % 5,
            hints_without_row=place % 3,
            sim_rules=int(place % 11 == 3),
            sms_today=chance.randint(0, 60),
        )
        farm.phones[phone.phone_id] = phone


def _add_sims(farm: Farm, count: int, standings: tuple[SimStanding, ...], mostly: SimStanding | None = None) -> None:
    chance = random.Random(2)
    phones = list(islice(cycle(farm.phones.values()), count))
    for place, phone in enumerate(phones):
        standing = standings[place // 3 % len(standings)] if mostly is None or place % 3 == 0 else mostly
        country, operator, prefix = chance.choice(PLACES)
        msisdn = "" if standing is SimStanding.NO_NUMBER else f"{prefix}{chance.randrange(10**7):07}"
        iccid = f"8970101{chance.randrange(10**12):012}"
        is_out = standing is SimStanding.OUT
        farm.sims[iccid] = SimRow(
            sim_id=iccid,
            iccid=iccid,
            msisdn=msisdn,
            msisdn_source=chance.choice(("phone", "file", "hand")) if msisdn else "",
            country="" if standing is SimStanding.NO_COUNTRY else country,
            operator="" if standing is SimStanding.NO_COUNTRY else operator,
            phone_id="" if is_out else phone.phone_id,
            phone_label="" if is_out else phone.label,
            slot=None if is_out else place // len(farm.phones) % 2,
            standing=standing,
            standing_since=farm.now - timedelta(minutes=chance.randint(1, 900)),
            remedy=remedy_for_sim(standing, phone.remedy),
            mcc_mnc="25062" if standing is SimStanding.NO_COUNTRY else CODES[operator],
            signal=None if is_out or standing is SimStanding.NO_NETWORK else (4, 3, 2, 3, 1)[place % 5],
            network_type="" if is_out else ("LTE", "LTE", "NR", "UMTS")[place % 4],
            is_roaming=place % 23 == 5 and not is_out,
            held_reason="kept for tests" if standing is SimStanding.HELD_BACK else "",
            unused_in_a_row=chance.choice((0, 0, 0, 1, 2)),
            banned_until=farm.now + timedelta(hours=chance.randint(1, 23)) if standing is SimStanding.BANNED else None,
            rent_id=None,
            rents_total=chance.randint(0, 120),
            income_total=Decimal(chance.randint(0, 40000)),
            last_rented_at=farm.now - timedelta(minutes=chance.randint(5, 9000)),
        )
        if not is_out:
            now_in = farm.phones[phone.phone_id]
            farm.phones[phone.phone_id] = replace(now_in, sims=(*now_in.sims, msisdn or iccid))


def add_rents(farm: Farm, count: int, states: tuple[RentState, ...]) -> None:
    chance = random.Random(4)
    sims = [sim for sim in farm.sims.values() if sim.msisdn and sim.phone_id]
    for place in range(count):
        sim = chance.choice(sims)
        state = states[place % len(states)] if place < 60 else RentState.FINISHED
        ordered = farm.now - timedelta(minutes=place * 7, seconds=chance.randint(0, 59))
        if state is RentState.WAITING:
            ordered = farm.now - timedelta(minutes=chance.randint(0, 18), seconds=chance.randint(0, 59))
        finish = chance.choice(tuple(FinishStatus)) if state is RentState.FINISHED else None
        sms = chance.randint(1, 9) if state is RentState.ACTIVE or finish is FinishStatus.SOLD else 0
        rent = RentRow(
            rent_id=10482 - place,
            msisdn=sim.msisdn,
            country=sim.country or "russia",
            operator=sim.operator or "mts",
            sim_id=sim.sim_id,
            phone_id=sim.phone_id,
            phone_label=sim.phone_label,
            state=state,
            ordered_at=ordered,
            first_sms_deadline=ordered + timedelta(minutes=20),
            finished_at=ordered + timedelta(minutes=31) if finish is not None else None,
            finish_status=finish,
            sms_count=sms,
            sms_delivered=sms,
            expected=Decimal(chance.choice((320, 410, 870, 1260))),
            credited=Decimal(870 if finish is FinishStatus.SOLD else 0) if finish is not None else None,
            credited_is_estimate=finish is FinishStatus.SOLD and place % 2 == 0,
            one_more_failure_bans=place % 3 == 0,
        )
        farm.rents[str(rent.rent_id)] = rent
        if state is not RentState.FINISHED and sim.standing is SimStanding.RENTED:
            farm.sims[sim.sim_id] = replace(farm.sims[sim.sim_id], rent_id=rent.rent_id)


def add_messages(farm: Farm, count: int) -> None:
    """Messages and their pushes; the newest are still on their way."""
    chance = random.Random(5)
    rents = list(farm.rents.values())
    states = tuple(PushState)
    for place in range(count):
        rent = chance.choice(rents)
        standing = chance.choice((*SmsStanding, *[SmsStanding.FOR_RENT] * 20))
        state = None
        if standing is SmsStanding.FOR_RENT:
            state = states[place % len(states)] if place < 40 else PushState.DELIVERED
        message = MessageRow(
            sms_id=90_000 - place,
            msisdn="" if standing is SmsStanding.HELD else rent.msisdn,
            sim_id="" if standing is SmsStanding.HELD else rent.sim_id,
            phone_id=rent.phone_id,
            phone_label=rent.phone_label,
            sender=chance.choice(SENDERS),
            text=chance.choice(TEXTS),
            arrived_at=farm.now - timedelta(seconds=place * 71),
            standing=standing,
            rent_id=rent.rent_id if state is not None else None,
            push_state=state,
            delivered_after_seconds=chance.uniform(0.2, 2) if state is PushState.DELIVERED else None,
        )
        farm.messages[str(message.sms_id)] = message
        if state is not None:
            farm.pushes[str(message.sms_id)] = _push(farm, message, state, chance)


def _push(farm: Farm, message: MessageRow, state: PushState, chance: random.Random) -> PushRow:
    answers = {
        PushState.DELIVERED: "HTTP 200",
        PushState.REFUSED: "BAD_SERVICE",
        PushState.PARKED: "IGNORED",
        PushState.WAITING: chance.choice(("HTTP 502 after 310 ms", "no connection: refused", "no answer within 10 s")),
    }
    is_open = state in (PushState.WAITING, PushState.SENDING)
    return PushRow(
        sms_id=message.sms_id,
        rent_id=message.rent_id or 0,
        msisdn=message.msisdn,
        sender=message.sender,
        state=state,
        attempts=chance.randint(1, 9),
        uncertain=int(chance.random() < 0.1),
        next_at=farm.now + timedelta(seconds=chance.randint(1, 9)) if state is PushState.WAITING else None,
        last_answer=answers.get(state, ""),
        created_at=message.arrived_at,
        ended_at=None if is_open else message.arrived_at + timedelta(seconds=40),
    )


def add_bans(farm: Farm) -> None:
    for place, sim in enumerate(sim for sim in farm.sims.values() if sim.banned_until is not None):
        until = sim.banned_until or farm.now
        farm.bans[sim.sim_id] = BanRow(
            sim_id=sim.sim_id,
            msisdn=sim.msisdn,
            country=sim.country,
            operator=sim.operator,
            phone_label=sim.phone_label,
            since=until - timedelta(hours=24),
            until=until,
            by_hand=place % 2 == 1,
        )


def _vitals_of(place: int) -> PhoneVitals:
    return PhoneVitals(
        battery_percent=100 - place % 9 * 4,
        is_charging=place % 6 != 2,
        temperature=29.0 + place % 8,
        free_bytes=(4 + place % 20) * 10**9,
        airplane_mode=False,
        sms_app="com.google.android.apps.messaging",
    )


def _add_ailments(farm: Farm) -> None:
    """Each condition on one of the phones that are ready."""
    told: dict[Condition, tuple[str, dict[str, Any]]] = {
        Condition.STORAGE_FULL: ("38 MB free", {"free_bytes": 38_000_000}),
        Condition.AIRPLANE: ("", {"airplane_mode": True}),
        Condition.NO_SMS_APP: ("", {"sms_app": ""}),
        Condition.HOT: ("47 °C", {"temperature": 47.0}),
        Condition.LOW_BATTERY: ("12 %", {"battery_percent": 12, "is_charging": False}),
        Condition.NO_HINTS: ("", {}),
        Condition.CLOCK_WRONG: ("14 min fast", {}),
    }
    ready = [phone for phone in farm.phones.values() if phone.state is PhoneState.READY]
    for place, condition in enumerate(Condition):
        phone = ready[place * 3 % len(ready)]
        detail, changes = told.get(condition, ("", {}))
        since = farm.now - timedelta(minutes=5 + place * 17)
        ailment = Ailment(condition=condition, detail=detail, since=since, remedy=remedy_for_condition(condition))
        farm.phones[phone.phone_id] = replace(
            phone,
            ailments=(ailment,),
            remedy=ailment.remedy if phone.remedy is Remedy.NONE else phone.remedy,
            vitals=replace(phone.vitals, **changes),
        )


FOUND_TEXTS = (
    ("MegaFon", "Добро пожаловать! Ваш номер +{number}. Баланс 0 р."),
    ("Beeline", "Ваш номер {number}"),
    ("111", "Your number is +{number}. Welcome!"),
)


def add_numbers(farm: Farm, *, more: bool = True) -> None:
    """The worklist of all SIMs in phones that lack a number or a country, with more of them for the page."""
    for place, sim in enumerate(list(farm.sims.values())):
        extra = more and place % 9 == 4 and bool(sim.phone_id) and sim.standing is SimStanding.ON_OFFER
        if not extra and (not sim.phone_id or sim.standing not in (SimStanding.NO_NUMBER, SimStanding.NO_COUNTRY)):
            continue
        is_unknown = sim.standing is SimStanding.NO_COUNTRY
        msisdn = sim.msisdn if is_unknown else ""
        prefix = next((prefix for _, operator, prefix in PLACES if operator == sim.operator), "7926")
        number = f"{prefix}{place:02}45{place * 7 % 1000:03}"
        sender, text = FOUND_TEXTS[place % len(FOUND_TEXTS)]
        is_found = not msisdn and place % 2 == 0
        farm.numbers[sim.sim_id] = NumberTask(
            sim_id=sim.sim_id,
            iccid=sim.iccid,
            phone_id=sim.phone_id,
            phone_label=sim.phone_label,
            slot=sim.slot,
            mcc_mnc=sim.mcc_mnc,
            country=sim.country,
            operator=sim.operator,
            msisdn=msisdn,
            found=number if is_found else "",
            found_sender=sender if is_found else "",
            found_text=text.format(number=number) if is_found else "",
            found_at=farm.now - timedelta(minutes=place * 7) if is_found else None,
            found_others=("79031112233",) if is_found and place % 3 == 0 else (),
            found_on="shelf 2, port 7, slot 1" if is_found and place % 8 == 0 else "",
        )
    known = Counter((sim.mcc_mnc, sim.country, sim.operator) for sim in farm.sims.values() if sim.phone_id)
    farm.networks = sorted(
        (
            NetworkRow(
                mcc_mnc=code, country=country, operator=operator, source="built in" if country else "", sims=count
            )
            for (code, country, operator), count in known.items()
        ),
        key=lambda row: (bool(row.country), -row.sims),
    )


def _attention(farm: Farm) -> tuple[Attention, ...]:
    found: list[Attention] = []
    for phone in farm.phones.values():
        if phone.state is PhoneState.UNAUTHORIZED:
            kind = AttentionKind.PHONE_UNAUTHORIZED
            found.append(
                Attention(kind=kind, subject=phone.label, since=phone.since, topic=Topic.PHONES, key=phone.phone_id)
            )
    for key, task in farm.numbers.items():
        missing, unknown = AttentionKind.NUMBER_MISSING, AttentionKind.NETWORK_UNKNOWN
        kind = unknown if task.msisdn else missing
        found.append(
            Attention(kind=kind, subject=task.phone_label or task.iccid, since=farm.now, topic=Topic.NUMBERS, key=key)
        )
    for key, rent in farm.rents.items():
        if rent.state is RentState.POSSIBLE_ORPHAN:
            kind = AttentionKind.POSSIBLE_ORPHAN
            found.append(Attention(kind=kind, subject=rent.msisdn, since=rent.ordered_at, topic=Topic.RENTS, key=key))
    for key, push in farm.pushes.items():
        if push.state is PushState.PARKED:
            kind = AttentionKind.PUSH_PARKED
            found.append(
                Attention(kind=kind, subject=push.last_answer, since=push.created_at, topic=Topic.PUSHES, key=key)
            )
    return tuple(found)


def _vitals(farm: Farm) -> tuple[Vital, ...]:
    troubled = sum(phone.state is not PhoneState.READY for phone in farm.phones.values())
    adb = f"{troubled} of {len(farm.phones)} not ready" if troubled else "all phones ready"
    since = farm.now - timedelta(hours=5)
    return (
        Vital(name="webhooks", verdict=Verdict.PASS, detail="on port 8080", since=since),
        Vital(name="market", verdict=Verdict.PASS, detail="answers in 84 ms", since=since),
        Vital(name="adb", verdict=Verdict.WARN if troubled else Verdict.PASS, detail=adb, since=since),
        Vital(name="storage", verdict=Verdict.PASS, detail="commits in 3 ms", since=since),
    )
