"""Made-up farms for the window: empty, calm, and busy with every state. They are deterministic."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle, islice
from typing import Any

from phonefarm.application.desk.attention import attention
from phonefarm.application.desk.shortages import lasting_shortage, sims_now
from phonefarm.application.model.read_models import (
    ActiveCondition,
    Attention,
    Condition,
    PhoneRow,
    PhoneState,
    PhoneTelemetry,
    RentState,
    SimRow,
    SimStanding,
)
from phonefarm.domain.fields import NO_FIELDS, Fields
from phonefarm.domain.phones import StateCause
from phonefarm.domain.remedies import Remedy, remedy_for_condition, remedy_for_sim, remedy_for_state
from tests.fakes.farm_model import BLOCKED as BLOCKED
from tests.fakes.farm_model import CODES as CODES
from tests.fakes.farm_model import PATTERNS as PATTERNS
from tests.fakes.farm_model import PLACES as PLACES
from tests.fakes.farm_model import Farm as Farm
from tests.fakes.farm_numbers import add_numbers as add_numbers
from tests.fakes.farm_trade import add_bans, add_rents
from tests.fakes.farm_trade import add_messages as add_messages

MODELS = (("Xiaomi", "Redmi 12", "13"), ("Samsung", "Galaxy A14", "14"), ("Infinix", "Hot 30i", "12"))
DETAILS = {
    PhoneState.UNAUTHORIZED: "adb: device unauthorized",
    PhoneState.OFFLINE: "adb: device offline",
    PhoneState.NO_PERMISSIONS: "missing udev rules? user is in the plugdev group",
    PhoneState.WITHHELD: "Permission Denial: reading content://sms requires READ_SMS",
    PhoneState.FAILING: "no answer within 8 s, 4 times in a row",
    PhoneState.OTHER_MODE: "recovery",
}


def empty_farm(now: datetime | None = None) -> Farm:
    return Farm(now=now or datetime.now(UTC))


def calm_farm(now: datetime | None = None) -> Farm:
    """Twelve phones, all ready; nothing needs action."""
    farm = Farm(now=now or datetime.now(UTC))
    _add_phones(farm, 12, (PhoneState.READY,))
    _add_sims(farm, 20, (SimStanding.ON_OFFER, SimStanding.ON_OFFER, SimStanding.RENTED))
    add_rents(farm, 30, (RentState.ACTIVE, RentState.FINISHED, RentState.FINISHED, RentState.WAITING))
    add_messages(farm, 60)
    return farm


def busy_farm(now: datetime | None = None) -> Farm:
    """Seventy phones, a hundred SIMs, every state."""
    farm = Farm(now=now or datetime.now(UTC))
    _add_phones(farm, 70, tuple(PhoneState), mostly=PhoneState.READY)
    _add_sims(farm, 100, tuple(SimStanding), mostly=SimStanding.ON_OFFER)
    add_rents(farm, 240, (*RentState, RentState.ACTIVE, RentState.WAITING, RentState.FINISHED))
    add_messages(farm, 1204)
    add_bans(farm)
    _add_conditions(farm)
    add_numbers(farm)
    farm.attention = _attention(farm)
    return farm


def _add_phones(farm: Farm, count: int, states: tuple[PhoneState, ...], mostly: PhoneState | None = None) -> None:
    chance = random.Random(1)
    for place in range(count):
        state = states[place // 4 % len(states)] if mostly is None or place % 4 == 0 else mostly
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
            remedy=remedy_for_state(state, cause=StateCause.NONE, make=make, lasting=timedelta(0)),
            conditions=(),
            telemetry=_telemetry_of(place) if state is PhoneState.READY else PhoneTelemetry(),
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


def _telemetry_of(place: int) -> PhoneTelemetry:
    return PhoneTelemetry(
        battery_percent=100 - place % 9 * 4,
        is_charging=place % 6 != 2,
        temperature=29.0 + place % 8,
        free_bytes=(4 + place % 20) * 10**9,
        airplane_mode=False,
        sms_app="com.google.android.apps.messaging",
    )


def _add_conditions(farm: Farm) -> None:
    """Each condition on one ready phone."""
    details: dict[Condition, tuple[Fields, dict[str, Any]]] = {
        Condition.STORAGE_FULL: ({"free_megabytes": 38}, {"free_bytes": 38_000_000}),
        Condition.AIRPLANE: (NO_FIELDS, {"airplane_mode": True}),
        Condition.NO_SMS_APP: (NO_FIELDS, {"sms_app": ""}),
        Condition.HOT: ({"celsius": 47}, {"temperature": 47.0}),
        Condition.LOW_BATTERY: ({"percent": 12}, {"battery_percent": 12, "is_charging": False}),
        Condition.NO_HINTS: (NO_FIELDS, {}),
        Condition.CLOCK_WRONG: ({"minutes_fast": 14}, {}),
    }
    ready = [phone for phone in farm.phones.values() if phone.state is PhoneState.READY]
    for place, condition in enumerate(Condition):
        phone = ready[place * 3 % len(ready)]
        values, changes = details.get(condition, (NO_FIELDS, {}))
        since = farm.now - timedelta(minutes=5 + place * 17)
        active = ActiveCondition(
            condition=condition, values=values, since=since, remedy=remedy_for_condition(condition)
        )
        farm.phones[phone.phone_id] = replace(
            phone,
            conditions=(active,),
            remedy=active.remedy if phone.remedy is Remedy.NONE else phone.remedy,
            telemetry=replace(phone.telemetry, **changes),
        )


def refresh_attention(farm: Farm) -> None:
    """Call after a change of the farm."""
    farm.attention = _attention(farm)


def _attention(farm: Farm) -> tuple[Attention, ...]:
    """By the farm's own rules."""
    return attention(
        now=farm.now,
        checks=(),
        phones=farm.phones.values(),
        together=(),
        sims=farm.sims.values(),
        rents=farm.rents.values(),
        held=farm.messages.values(),
        parked=farm.pushes.values(),
        closure=None,
        shortage=lasting_shortage(sims_now(farm.sims.values(), farm.phones.values()), None, farm.now)[0],
    )
