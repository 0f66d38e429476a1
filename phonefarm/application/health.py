"""The farm's vital signs, and what needs the user now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from phonefarm.application.interfaces import Clock
from phonefarm.application.read_models import (
    Attention,
    AttentionKind,
    MessageRow,
    PhoneRow,
    PhoneState,
    PushRow,
    PushState,
    Remedy,
    RentRow,
    RentState,
    SimRow,
    SimStanding,
    SmsStanding,
    Topic,
    Verdict,
    Vital,
    needing,
)
from phonefarm.domain.conditions import BLOCKING, Condition
from phonefarm.domain.hubs import SharedLoss

WEBHOOKS = "webhooks"
MARKET = "market"
ADB = "adb"
STORAGE = "storage"
ENGINE = "engine"
NAMES = (WEBHOOKS, MARKET, ADB, STORAGE, ENGINE)

OFFLINE_GRACE = timedelta(seconds=20)
"""A phone that adb lists as offline for less than this is probably coming back."""
GONE_GRACE = timedelta(seconds=30)
"""The same for a phone with open rents that is not listed any more; others may go as they like."""
AUTHORIZING_GRACE = timedelta(minutes=2)
START_GRACE = timedelta(minutes=15)
"""A phone that has got an update optimizes its apps for so long at its next start."""
OTHER_MODE_GRACE = timedelta(minutes=10)
"""An update is installed in recovery, and takes minutes."""

_PHONE_NEEDS = {
    PhoneState.UNAUTHORIZED: AttentionKind.PHONE_UNAUTHORIZED,
    PhoneState.NO_PERMISSIONS: AttentionKind.PHONE_NO_PERMISSIONS,
    PhoneState.WITHHELD: AttentionKind.PHONE_WITHHELD,
    PhoneState.FAILING: AttentionKind.PHONE_FAILING,
    PhoneState.NOT_UNDERSTOOD: AttentionKind.PHONE_NOT_UNDERSTOOD,
    PhoneState.OFFLINE: AttentionKind.PHONE_OFFLINE,
    PhoneState.GONE: AttentionKind.PHONE_GONE,
    PhoneState.LOCKED: AttentionKind.PHONE_LOCKED,
    PhoneState.UNSTEADY: AttentionKind.PHONE_UNSTEADY,
    PhoneState.OTHER_MODE: AttentionKind.PHONE_NOT_IN_ANDROID,
    PhoneState.AUTHORIZING: AttentionKind.PHONE_NOT_STARTING,
    PhoneState.BOOTING: AttentionKind.PHONE_NOT_STARTING,
    PhoneState.STARTING: AttentionKind.PHONE_NOT_STARTING,
}
_GRACES = {
    PhoneState.OFFLINE: OFFLINE_GRACE,
    PhoneState.GONE: GONE_GRACE,
    PhoneState.AUTHORIZING: AUTHORIZING_GRACE,
    PhoneState.BOOTING: START_GRACE,
    PhoneState.STARTING: START_GRACE,
    PhoneState.OTHER_MODE: OTHER_MODE_GRACE,
}
_AILMENTS_TOLD = BLOCKING | {Condition.AIRPLANE, Condition.HOT, Condition.LOW_BATTERY, Condition.CLOCK_WRONG}
"""The others are facts to be read on the phone's page: many farms run with them."""
_SIM_NEEDS = {
    SimStanding.NO_NUMBER: AttentionKind.NUMBER_MISSING,
    SimStanding.NO_COUNTRY: AttentionKind.NETWORK_UNKNOWN,
    SimStanding.PIN: AttentionKind.SIM_LOCKED,
    SimStanding.PUK: AttentionKind.SIM_LOCKED,
    SimStanding.CARD_LOCKED: AttentionKind.SIM_LOCKED,
    SimStanding.CARD_FAULT: AttentionKind.SIM_UNREADABLE,
}
_MENDED_ON_NUMBERS = frozenset({AttentionKind.NUMBER_MISSING, AttentionKind.NETWORK_UNKNOWN})


class HealthBoard:
    """The latest word of each part of the engine; a check nobody has reported on yet is a warning."""

    def __init__(self, clock: Clock, on_change: Callable[[], None]) -> None:
        self._clock = clock
        self._on_change = on_change
        self._parts: dict[str, dict[str, Vital]] = {}

    def report(self, name: str, verdict: Verdict, detail: str, part: str = "") -> None:
        """Note how one part (of several, such as adb servers) of a check stands; `since` is kept while it lasts."""
        parts = self._parts.setdefault(name, {})
        before = parts.get(part)
        if before is not None and before.verdict is verdict:
            if before.detail == detail:
                return
            since = before.since
        else:
            since = self._clock()
        parts[part] = Vital(name=name, verdict=verdict, detail=detail, since=since)
        self._on_change()

    def vitals(self) -> tuple[Vital, ...]:
        return tuple(self._vital(name) for name in NAMES)

    def _vital(self, name: str) -> Vital:
        parts = self._parts.get(name)
        if not parts:
            return Vital(name=name, verdict=Verdict.WARN, detail="not started", since=self._clock())
        return max(parts.values(), key=lambda vital: _SEVERITY[vital.verdict])


_SEVERITY = {Verdict.PASS: 0, Verdict.WARN: 1, Verdict.FAIL: 2}


def worst(vitals: Iterable[Vital]) -> Verdict:
    return max((vital.verdict for vital in vitals), key=lambda verdict: _SEVERITY[verdict], default=Verdict.PASS)


def attention(
    *,
    now: datetime,
    vitals: Sequence[Vital],
    phones: Iterable[PhoneRow],
    together: Sequence[SharedLoss],
    sims: Iterable[SimRow],
    rents: Iterable[RentRow],
    held: Iterable[MessageRow],
    parked: Iterable[PushRow],
) -> tuple[Attention, ...]:
    """What needs the user, most urgent first: the farm itself, messages at stake, phones, then numbers."""
    found = [need for vital in vitals if (need := _of_vital(vital)) is not None]
    found += [
        Attention(
            kind=AttentionKind.PUSH_PARKED,
            subject=push.last_answer,
            since=push.ended_at or push.created_at,
            topic=Topic.PUSHES,
            key=str(push.sms_id),
        )
        for push in parked
        if push.state is PushState.PARKED
    ]
    found += [
        Attention(
            kind=AttentionKind.SMS_HELD,
            subject=message.phone_label,
            since=message.arrived_at,
            topic=Topic.MESSAGES,
            key=str(message.sms_id),
        )
        for message in held
        if message.standing is SmsStanding.HELD
    ]
    found += [need for rent in rents if (need := _of_rent(rent)) is not None]
    found += [_of_shared_loss(shared) for shared in together]
    told = {phone for shared in together for phone in shared.phones}
    for phone in phones:
        if phone.phone_id not in told and (need := _of_phone(phone, now)) is not None:
            found.append(need)
    found += [need for sim in sims if (need := _of_sim(sim, now)) is not None]
    return tuple(found)


def _of_vital(vital: Vital) -> Attention | None:
    if vital.verdict is Verdict.PASS:
        return None
    kinds = {
        (ADB, Verdict.FAIL): AttentionKind.ADB_DOWN,
        (STORAGE, Verdict.FAIL): AttentionKind.STORAGE_FAILING,
        (ENGINE, Verdict.FAIL): AttentionKind.BUG,
        (WEBHOOKS, Verdict.FAIL): AttentionKind.NOT_SELLING,
        (MARKET, Verdict.FAIL): AttentionKind.KEY_REFUSED,
        (MARKET, Verdict.WARN): AttentionKind.MARKET_DOWN,
    }
    kind = kinds.get((vital.name, vital.verdict))
    if kind is None:
        return None
    topic = Topic.SETTINGS if kind in _MENDED_IN_SETTINGS else Topic.OVERVIEW
    topic = Topic.PUSHES if kind is AttentionKind.MARKET_DOWN else topic
    return Attention(kind=kind, subject=vital.detail, since=vital.since, topic=topic, key="")


_MENDED_IN_SETTINGS = frozenset({AttentionKind.NOT_SELLING, AttentionKind.KEY_REFUSED})


def _of_rent(rent: RentRow) -> Attention | None:
    kinds = {
        RentState.POSSIBLE_ORPHAN: AttentionKind.POSSIBLE_ORPHAN,
        RentState.OVERDUE: AttentionKind.RENT_OVERDUE,
    }
    kind = kinds.get(rent.state)
    if kind is None:
        return None
    since = rent.ordered_at if kind is AttentionKind.POSSIBLE_ORPHAN else rent.first_sms_deadline
    return Attention(kind=kind, subject=rent.msisdn, since=since, topic=Topic.RENTS, key=str(rent.rent_id))


def _of_shared_loss(shared: SharedLoss) -> Attention:
    return Attention(
        kind=AttentionKind.PHONES_LEFT,
        subject=shared.hub,
        since=shared.at,
        topic=Topic.PHONES,
        key=shared.phones[0],
        others=shared.phones[1:],
    )


def _of_phone(phone: PhoneRow, now: datetime) -> Attention | None:
    if phone.state is PhoneState.GONE and not phone.rents_open:
        return None
    kind = _PHONE_NEEDS.get(phone.state)
    if kind is None or _may_still_pass(phone, now):
        return _of_ailment(phone)
    return Attention(kind=kind, subject=phone.label, since=phone.since, topic=Topic.PHONES, key=phone.phone_id)


def _may_still_pass(phone: PhoneRow, now: datetime) -> bool:
    return now - phone.since < _GRACES.get(phone.state, timedelta(0))


def with_next_step(phone: PhoneRow, now: datetime) -> PhoneRow:
    """Nobody is told to wait any longer for what should have passed by itself long ago."""
    if phone.remedy is not Remedy.WAIT or _may_still_pass(phone, now):
        return phone
    return replace(phone, remedy=Remedy.RESTART_PHONE)


def sim_with_next_step(sim: SimRow, now: datetime) -> SimRow:
    """The same for a SIM that its phone keeps away."""
    since = sim.standing_since
    if sim.remedy is not Remedy.WAIT or since is None or now - since < START_GRACE:
        return sim
    return replace(sim, remedy=Remedy.RESTART_PHONE)


def needing_by_state(attention: Iterable[Attention], phones: Iterable[PhoneRow]) -> Mapping[PhoneState, int]:
    """How many phones of each state need the user."""
    keys = needing(attention, Topic.PHONES)
    return Counter(phone.state for phone in phones if phone.phone_id in keys)


def _of_ailment(phone: PhoneRow) -> Attention | None:
    """The most urgent ailment that is worth an alarm; the others are on the phone's page."""
    for ailment in phone.ailments:
        if ailment.condition in _AILMENTS_TOLD:
            return Attention(
                kind=AttentionKind.PHONE_AILING,
                subject=phone.label,
                since=ailment.since,
                topic=Topic.PHONES,
                key=phone.phone_id,
                condition=ailment.condition,
                detail=ailment.detail,
            )
    return None


def _of_sim(sim: SimRow, now: datetime) -> Attention | None:
    kind = _SIM_NEEDS.get(sim.standing)
    if kind is None:
        return None
    return Attention(
        kind=kind,
        subject=sim.phone_label or sim.iccid,
        since=sim.standing_since or now,
        topic=Topic.NUMBERS if kind in _MENDED_ON_NUMBERS else Topic.SIMS,
        key=sim.sim_id,
    )
