"""Test values with defaults, so that a test names only the fields that it is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from phonefarm.application.ports.records.messages import NewSms
from phonefarm.application.ports.records.pushes import NewPush
from phonefarm.application.ports.storage import UnitOfWork
from phonefarm.domain.ids import Msisdn, PhoneId, RentId, SimId, SmsId
from phonefarm.domain.phones import PhoneState
from phonefarm.domain.rents import Rent
from phonefarm.domain.sims import SeenSim, Sim, SlotState
from phonefarm.domain.sms import InboundSms, Reading, SmsRow, SmsStanding

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

PHONE = PhoneId("R58M123@127.0.0.1:5037")
OTHER_PHONE = PhoneId("ZY22XYZ@127.0.0.1:5037")
NUMBER = Msisdn("79281234567")
OTHER_NUMBER = Msisdn("79039876543")
ICCID = "89701010012345678909"
OTHER_ICCID = "89701990098765432106"


def at(seconds: float) -> datetime:
    """`seconds` after noon."""
    return NOON + timedelta(seconds=seconds)


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def a_sim(sim_id: str = ICCID, **changes: Any) -> Sim:
    defaults: dict[str, Any] = {
        "msisdn": NUMBER,
        "country": "russia",
        "operator": "mts",
        "phone_id": PHONE,
        "phone_state": PhoneState.READY,
        "slot_state": SlotState.READY,
    }
    return Sim(sim_id=SimId(sim_id), **(defaults | changes))


def a_seen_sim(iccid: str = ICCID, **changes: Any) -> SeenSim:
    defaults: dict[str, Any] = {
        "sim_id": SimId(iccid),
        "iccid": iccid,
        "slot": 0,
        "sub_id": 1,
        "mcc_mnc": "25001",
        "slot_state": SlotState.READY,
        "msisdn": NUMBER,
    }
    return SeenSim(**(defaults | changes))


def a_rent(**changes: Any) -> Rent:
    defaults: dict[str, Any] = {
        "rent_id": RentId(10_001),
        "sim_id": SimId(ICCID),
        "msisdn": NUMBER,
        "phone_id": PHONE,
        "country": "russia",
        "operator": "mts",
        "expected": Decimal(320),
        "ordered_at": NOON,
        "answered": True,
    }
    return Rent(**(defaults | changes))


def a_row(row_id: int = 1, **changes: Any) -> SmsRow:
    """A row of a phone's inbox, dated `at` seconds after noon (default 0)."""
    moment = at(changes.pop("at", 0.0))
    defaults: dict[str, Any] = {
        "date_ms": ms(moment),
        "date_sent_ms": ms(moment) // 1000 * 1000,
        "sub_id": 1,
        "sender": "Shop",
        "body": "Your code is 4821",
    }
    return SmsRow(row_id=row_id, **(defaults | changes))


def a_reading(rows: Sequence[SmsRow] = (), **changes: Any) -> Reading:
    """An instantaneous reading of a phone whose clock is correct."""
    moment = changes.pop("at", NOON)
    defaults: dict[str, Any] = {
        "phone_id": PHONE,
        "begun_at": moment,
        "ended_at": moment,
        "clock_skew": timedelta(0),
    }
    newest_first = tuple(sorted(rows, key=lambda row: -row.row_id))
    return Reading(rows=newest_first, **(defaults | changes))


def an_inbound_sms(**changes: Any) -> InboundSms:
    defaults: dict[str, Any] = {
        "phone_id": PHONE,
        "sim_id": SimId(ICCID),
        "fingerprint": b"\x01" * 32,
        "row_id": 1,
        "sender": "Shop",
        "body": "Your code is 4821",
        "sent_at": NOON,
        "arrived_at": NOON,
    }
    return InboundSms(**(defaults | changes))


def store_sms(
    uow: UnitOfWork, message: InboundSms, standing: SmsStanding, msisdn: str = "", rent_id: RentId | None = None
) -> SmsId:
    return uow.messages.add([NewSms(message=message, standing=standing, msisdn=msisdn, rent_id=rent_id)])[0]


def queue_push(
    uow: UnitOfWork, sms_id: SmsId, rent_id: RentId, msisdn: str, now: datetime, arrived_at: datetime | None = None
) -> None:
    uow.pushes.add([a_new_push(sms_id, rent_id, msisdn, arrived_at or now)], now, begin=0)


def a_new_push(sms_id: SmsId, rent_id: RentId, msisdn: str, arrived_at: datetime, text: str | None = None) -> NewPush:
    return NewPush(
        sms_id=sms_id, rent_id=rent_id, msisdn=Msisdn(msisdn), sender="Shop", arrived_at=arrived_at, text=text
    )
