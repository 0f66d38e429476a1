"""A farm as in the field: two hundred phones of many makes, with a few of every state, condition and standing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from phonefarm.application.desk.attention import attention
from phonefarm.application.desk.shortages import lasting_shortage, sims_now
from phonefarm.application.model import timeline
from phonefarm.application.model.read_models import (
    ActiveCondition,
    Condition,
    PhoneRow,
    PhoneState,
    PhoneTelemetry,
    Remedy,
    RentState,
    SimRow,
    SimStanding,
    SmsStanding,
)
from phonefarm.application.model.timeline import Happening, Step, TimelineEntry, entry
from phonefarm.domain.conditions import BLOCKING
from phonefarm.domain.fields import Fields
from phonefarm.domain.hubs import SharedLoss
from phonefarm.domain.ids import PhoneId
from phonefarm.domain.phones import StateCause
from phonefarm.domain.remedies import remedy_for_condition, remedy_for_sim, remedy_for_state
from tests.fakes.farm_model import CODES, PLACES, Farm
from tests.fakes.farm_numbers import add_numbers
from tests.fakes.farm_trade import add_bans, add_messages, add_rents
from tests.fakes.field_plan import CONDITION_PLAN, HANDSETS, HUB, OWN_STANDINGS, PHONES, TROUBLES, WITHHOLDING


def field_farm(now: datetime | None = None) -> Farm:
    """Deterministic; twelve of its phones were on a hub that lost power."""
    farm = Farm(now=now or datetime.now(UTC))
    _add_phones(farm)
    _add_sims(farm)
    add_rents(farm, 400, (RentState.ACTIVE,) * 6 + (RentState.WAITING,) * 3 + (RentState.FINISHED,))
    add_messages(farm, 1600)
    _assign_most_messages(farm)
    add_bans(farm)
    add_numbers(farm, more=False)
    farm.timelines = {phone.phone_id: _timeline(farm, phone) for phone in farm.phones.values()}
    farm.attention = _attention(farm)
    return farm


def _assign_most_messages(farm: Farm) -> None:
    """Only the newest few messages are held."""
    held = [key for key, message in farm.messages.items() if message.standing is SmsStanding.HELD]
    for key in held[3:]:
        farm.messages[key] = replace(farm.messages[key], standing=SmsStanding.NO_RENT)


def _states() -> Iterator[tuple[PhoneState, str]]:
    for state, count, detail in TROUBLES:
        for _ in range(count):
            yield state, detail


def _add_phones(farm: Farm) -> None:
    chance = random.Random(11)
    troubled = list(_states())
    on_hub = set(range(36, 48))
    places = chance.sample([place for place in range(PHONES) if place not in on_hub], len(troubled) - len(on_hub))
    states = dict(zip(places, troubled, strict=False)) | dict.fromkeys(on_hub, (PhoneState.GONE, ""))
    for place in range(PHONES):
        phone = _phone(farm, place, *states.get(place, (PhoneState.READY, "")), chance)
        farm.phones[phone.phone_id] = phone
    _spread_conditions(farm, chance)


def _phone(farm: Farm, place: int, state: PhoneState, detail: str, chance: random.Random) -> PhoneRow:
    make, model, android = HANDSETS[place * 5 % len(HANDSETS)]
    if state is PhoneState.WITHHELD:
        before = sum(phone.state is state for phone in farm.phones.values())
        make, model, android = HANDSETS[WITHHOLDING[before % len(WITHHOLDING)]]
    serial = f"{chance.choice(('R58M', 'ZY22', '9b01', 'LGE'))}{chance.randrange(16**7):07X}"
    is_read = state in (PhoneState.READY, PhoneState.UNSTEADY)
    on_hub = 36 <= place < 48
    since = timedelta(seconds=200) if on_hub else timedelta(minutes=chance.choice((3, 14, 55, 400, 2600, 9000)))
    if state in (PhoneState.STARTING, PhoneState.AUTHORIZING):
        since = timedelta(seconds=40)
    bus, hub, port = place // 96 + 1, place % 96 // 12 + 5, place % 12 + 1
    return PhoneRow(
        phone_id=f"{serial}@127.0.0.1:5037",
        serial=serial,
        server="127.0.0.1:5037",
        label=f"shelf {place // 12 + 1}, port {place % 12 + 1}" if place % 17 else f"{make} {model}",
        make=make,
        model=model,
        android=android,
        state=state,
        detail=detail,
        since=farm.now - since,
        remedy=remedy_for_state(state, cause=_cause(state, detail), make=make, lasting=since),
        conditions=(),
        telemetry=_telemetry(place, chance) if is_read or state is PhoneState.LOCKED else PhoneTelemetry(),
        booted_at=farm.now - timedelta(hours=3 + place * 5) if is_read else None,
        usb_path=f"{HUB}.{port}" if on_hub else f"{bus}-{hub}.{port}",
        firmware=f"{make}/{model}/{android}/TP1A.220624.014/V14.0.4:user/release-keys",
        reads_hex=place % 16 != 7 if is_read else None,
        sim_column={"Xiaomi": "sim_id", "Redmi": "sim_id", "Samsung": "sim_slot"}.get(make, ""),
        sims=(),
        rents_open=0,
        query_seconds=chance.uniform(0.09, 0.7) if is_read else None,
        clock_skew_seconds=chance.uniform(-3, 3) if is_read else None,
        last_read_at=farm.now - (timedelta(seconds=chance.randint(0, 9)) if is_read else since),
        hints_working=True if is_read else None,
        hint_to_row_seconds=chance.uniform(0.2, 1.4) if is_read else None,
        sms_hinted=40 + place * 3,
        sms_unhinted=place % 5,
        hints_without_row=place % 3,
        sim_rules=int(place % 23 == 3) * 2,
        sms_today=chance.randint(0, 60) if is_read else 0,
    )


def _cause(state: PhoneState, detail: str) -> StateCause:
    if state is PhoneState.NOT_UNDERSTOOD:
        return StateCause.UNSUPPORTED
    return StateCause.NO_DRIVER if state is PhoneState.NO_PERMISSIONS and "driver" in detail else StateCause.NONE


def _telemetry(place: int, chance: random.Random) -> PhoneTelemetry:
    return PhoneTelemetry(
        battery_percent=chance.choice((100, 100, 100, 98, 87, 64, 41)),
        is_charging=place % 9 != 2,
        temperature=round(chance.uniform(26, 40), 1),
        free_bytes=chance.randint(10**9, 90 * 10**9),
        uptime_seconds=3600.0 * (3 + place * 5),
        airplane_mode=False,
        sms_app=("com.google.android.apps.messaging", "com.android.mms", "com.samsung.android.messaging")[place % 3],
    )


def _spread_conditions(farm: Farm, chance: random.Random) -> None:
    ready = [phone.phone_id for phone in farm.phones.values() if phone.state is PhoneState.READY]
    chance.shuffle(ready)
    for condition, count, values, changes in CONDITION_PLAN:
        for _ in range(count):
            _add_condition(farm, ready.pop(), condition, values, changes)
    for condition in (Condition.STORAGE_FULL, Condition.HOT, Condition.LOW_BATTERY):  # one phone with several
        _, _, values, changes = next(row for row in CONDITION_PLAN if row[0] is condition)
        _add_condition(farm, ready[-1], condition, values, changes)
    unsteady = next(phone for phone in farm.phones.values() if phone.state is PhoneState.UNSTEADY)
    empty_battery = {"battery_percent": 9, "is_charging": False}
    _add_condition(farm, unsteady.phone_id, Condition.LOW_BATTERY, {"percent": 9}, empty_battery)


def _add_condition(farm: Farm, phone_id: str, condition: Condition, values: Fields, changes: dict[str, Any]) -> None:
    phone = farm.phones[phone_id]
    remedy = remedy_for_condition(condition)
    since = farm.now - timedelta(minutes=7 + 31 * list(Condition).index(condition))
    active = ActiveCondition(condition=condition, values=values, since=since, remedy=remedy)
    farm.phones[phone_id] = replace(
        phone,
        conditions=(*phone.conditions, active),
        remedy=remedy if phone.remedy is Remedy.NONE else phone.remedy,
        telemetry=replace(phone.telemetry, **changes),
        hints_working=False if condition is Condition.NO_HINTS else phone.hints_working,
        clock_skew_seconds=840.0 if condition is Condition.CLOCK_WRONG else phone.clock_skew_seconds,
    )


def _add_sims(farm: Farm) -> None:
    """One or two per phone; a phone that is not ready or blocked determines their standing."""
    chance = random.Random(12)
    own = [standing for standing, count in OWN_STANDINGS for _ in range(count)]
    chance.shuffle(own)
    for place, phone in enumerate(list(farm.phones.values())):
        has_none = any(active.condition is Condition.NO_SIM for active in phone.conditions)
        for slot in range(0 if has_none or phone.state is PhoneState.DUPLICATE else 2 - place % 3 // 2):
            standing = _of_phone(phone)
            if standing is SimStanding.ON_OFFER and own and chance.random() < 0.5:
                standing = own.pop()
            _add_sim(farm, phone, slot, standing, chance)


def _of_phone(phone: PhoneRow) -> SimStanding:
    conditions = {active.condition for active in phone.conditions}
    if phone.state is not PhoneState.READY:
        return SimStanding.AWAY
    if Condition.AIRPLANE in conditions:
        return SimStanding.AIRPLANE
    return SimStanding.PHONE_BLOCKED if conditions & BLOCKING else SimStanding.ON_OFFER


def _add_sim(farm: Farm, phone: PhoneRow, slot: int, standing: SimStanding, chance: random.Random) -> None:
    country, operator, prefix = chance.choice(PLACES)
    iccid = f"8970101{chance.randrange(10**12):012}"
    msisdn = "" if standing is SimStanding.NO_NUMBER else f"{prefix}{chance.randrange(10**7):07}"
    is_out, is_unknown = standing is SimStanding.OUT, standing is SimStanding.NO_COUNTRY
    deaf = (SimStanding.NO_NETWORK, SimStanding.AIRPLANE, SimStanding.PIN, SimStanding.PUK, SimStanding.CARD_FAULT)
    hears = not is_out and standing not in deaf and standing is not SimStanding.AWAY
    sim = SimRow(
        sim_id=iccid,
        iccid=iccid,
        msisdn=msisdn,
        msisdn_source=chance.choice(("phone", "file", "hand", "import", "message")) if msisdn else "",
        country="" if is_unknown else country,
        operator="" if is_unknown else operator,
        phone_id="" if is_out else phone.phone_id,
        phone_label="" if is_out else phone.label,
        slot=None if is_out else slot,
        standing=standing,
        standing_since=farm.now - timedelta(minutes=chance.choice((2, 31, 220, 900, 5000))),
        remedy=remedy_for_sim(standing, phone.remedy),
        mcc_mnc="25062" if is_unknown else CODES[operator],
        signal=chance.choice((4,) * 6 + (3,) * 8 + (2,) * 5 + (1, 1, 0)) if hears else None,
        network_type=chance.choice(("LTE", "LTE", "LTE", "NR", "UMTS", "EDGE")) if hears else "",
        is_roaming=hears and chance.random() < 0.04,
        held_reason="kept for tests" if standing is SimStanding.HELD_BACK else "",
        unused_in_a_row=chance.choice((0, 0, 0, 0, 1, 2)),
        banned_until=farm.now + timedelta(hours=chance.randint(1, 23)) if standing is SimStanding.BANNED else None,
        rent_id=None,
        rents_total=chance.randint(0, 120),
        income_total=Decimal(chance.randint(0, 40000)),
        last_rented_at=farm.now - timedelta(minutes=chance.randint(5, 9000)),
    )
    farm.sims[iccid] = sim
    if not is_out:
        now_in = farm.phones[phone.phone_id]
        is_rented = int(standing is SimStanding.RENTED)
        farm.phones[phone.phone_id] = replace(
            now_in, sims=(*now_in.sims, msisdn or iccid), rents_open=now_in.rents_open + is_rented
        )


def _timeline(farm: Farm, phone: PhoneRow) -> list[TimelineEntry]:
    def line(minutes: float, happening: Happening) -> TimelineEntry:
        return entry(farm.now - timedelta(minutes=minutes), happening)

    return [
        line(2980, timeline.phone_state(PhoneState.READY, "")),
        line(400, timeline.condition_began(Condition.LOW_BATTERY, {"percent": 14})),
        line(312, timeline.condition_ended(Condition.LOW_BATTERY)),
        line(41, timeline.phone_state(PhoneState.OFFLINE, "device offline")),
        line(40.7, timeline.recovery_step(Step.RECONNECT)),
        line(40.2, timeline.recovery_step(Step.RECONNECT_OFFLINE)),
        line(39.7, timeline.recovery_failed(Step.RESET_USB, "this PC does not permit it")),
        line(38, timeline.phone_state(phone.state, phone.detail)),
        *[line(20, timeline.condition_began(active.condition, active.values)) for active in phone.conditions],
    ]


def _attention(farm: Farm) -> Any:
    """By the farm's own rules."""
    gone = [phone for phone in farm.phones.values() if phone.usb_path.startswith(f"{HUB}.")]
    lost = SharedLoss(
        phones=tuple(PhoneId(phone.phone_id) for phone in gone), hub=HUB, at=farm.now - timedelta(seconds=200)
    )
    return attention(
        now=farm.now,
        checks=(),
        phones=farm.phones.values(),
        together=[lost],
        sims=farm.sims.values(),
        rents=farm.rents.values(),
        held=farm.messages.values(),
        parked=farm.pushes.values(),
        closure=None,
        shortage=lasting_shortage(sims_now(farm.sims.values(), farm.phones.values()), None, farm.now)[0],
    )
