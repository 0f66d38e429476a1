"""The list of what needs the user now, derived from the rows of the window and the health checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from phonefarm.application.model.health_board import ADB, ENGINE, MARKET, STORAGE, WEBHOOKS
from phonefarm.application.model.read_models import (
    Attention,
    AttentionKind,
    HealthCheck,
    MessageRow,
    PhoneRow,
    PhoneState,
    PushRow,
    PushState,
    RentRow,
    RentState,
    SimRow,
    SimStanding,
    SmsStanding,
    Topic,
    Verdict,
    needing,
)
from phonefarm.application.trade.sales_gate import Closure, Obstacle
from phonefarm.domain.conditions import BLOCKING, Condition
from phonefarm.domain.hubs import SharedLoss
from phonefarm.domain.remedies import PASSES_WITHIN
from phonefarm.domain.shortage import USUAL_FOR, Shortage

OFFLINE_GRACE = timedelta(seconds=20)
"""A phone that is offline for a shorter time probably recovers by itself."""
GONE_GRACE = timedelta(seconds=30)
"""The same for a phone with open rents that is not listed any more."""
UNPLUGGED_GRACE = timedelta(minutes=2)
"""The same for a phone without rents: the user may be changing its SIM."""
OTHER_MODE_GRACE = timedelta(minutes=10)
"""Updates are installed in recovery mode, and take minutes."""

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
    PhoneState.OTHER_MODE: OTHER_MODE_GRACE,
    **PASSES_WITHIN,
}
_PASSES_BY_ITSELF = frozenset({PhoneState.STARTING, PhoneState.BOOTING, PhoneState.AUTHORIZING, PhoneState.DUPLICATE})
_CONDITIONS_ALERTED = BLOCKING | {
    Condition.AIRPLANE,
    Condition.NOT_STORING,
    Condition.HOT,
    Condition.LOW_BATTERY,
    Condition.CLOCK_WRONG,
}
"""The others are shown on the phone only: many farms run with them."""
_SIM_NEEDS = {
    SimStanding.NO_NUMBER: AttentionKind.NUMBER_MISSING,
    SimStanding.NO_COUNTRY: AttentionKind.NETWORK_UNKNOWN,
    SimStanding.PIN: AttentionKind.SIM_LOCKED,
    SimStanding.PUK: AttentionKind.SIM_LOCKED,
    SimStanding.CARD_LOCKED: AttentionKind.SIM_LOCKED,
    SimStanding.CARD_FAULT: AttentionKind.SIM_UNREADABLE,
}
_FIXED_ON_NUMBERS_PAGE = frozenset({AttentionKind.NUMBER_MISSING, AttentionKind.NETWORK_UNKNOWN})


def attention(
    *,
    now: datetime,
    checks: Sequence[HealthCheck],
    phones: Iterable[PhoneRow],
    together: Sequence[SharedLoss],
    sims: Iterable[SimRow],
    rents: Iterable[RentRow],
    held: Iterable[MessageRow],
    parked: Iterable[PushRow],
    closure: Closure | None,
    shortage: Shortage | None,
) -> tuple[Attention, ...]:
    """What needs the user, most urgent first: stopped sales, the farm itself, messages, phones, numbers."""
    phones, sims = list(phones), list(sims)
    found = _sales_needs(closure, shortage, checks, now)
    found += [need for check in checks if (need := _check_need(check, closure)) is not None]
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
    found += [need for rent in rents if (need := _rent_need(rent)) is not None]
    found += [_shared_loss_need(shared) for shared in together]
    grouped = {phone for shared in together for phone in shared.phones}
    others = [phone for phone in phones if phone.phone_id not in grouped]
    found += _unplugged_needs([phone for phone in others if not _is_gone_in(phone, shortage)], sims, now)
    found += [need for phone in others if (need := _phone_need(phone, now)) is not None]
    found += [need for sim in sims if (need := _sim_need(sim, now)) is not None]
    return tuple(found)


def _sales_needs(
    closure: Closure | None, shortage: Shortage | None, checks: Sequence[HealthCheck], now: datetime
) -> list[Attention]:
    """Why nothing, or much less than usual, can be sold; a pause is the user's own wish and needs no action."""
    found = [] if closure is None or closure.obstacle is Obstacle.PAUSED else [_closure_need(closure)]
    if shortage is not None:
        found.append(_shortage_need(shortage, checks, now))
    return found


def _closure_need(closure: Closure) -> Attention:
    is_database = closure.obstacle is Obstacle.DATABASE
    return Attention(
        kind=AttentionKind.STORAGE_FAILING if is_database else AttentionKind.NOT_SELLING,
        subject="",
        health=closure.problem,
        since=closure.since,
        topic=Topic.SETTINGS if closure.obstacle in (Obstacle.KEY, Obstacle.PUSH_URL) else Topic.OVERVIEW,
        key="",
    )


def _shortage_need(shortage: Shortage, checks: Sequence[HealthCheck], now: datetime) -> Attention:
    """If adb itself is down, that is the cause, and not its missing phones."""
    adb = next((check.health for check in checks if check.name == ADB and check.verdict is Verdict.FAIL), None)
    topic, keys = _rows_of(shortage)
    return Attention(
        kind=AttentionKind.FEW_WORK if shortage.working else AttentionKind.NOTHING_WORKS,
        subject="",
        health=adb if shortage.cause is PhoneState.GONE else None,
        since=shortage.since or now,
        topic=topic,
        key=keys[0] if keys else "",
        others=keys[1:],
        shortage=shortage,
    )


def _rows_of(shortage: Shortage) -> tuple[Topic, tuple[str, ...]]:
    """The topic and keys of the rows that need the user; no keys if there is nothing to do but wait or release."""
    match shortage.cause:
        case PhoneState() as state:
            return Topic.PHONES, () if state in _PASSES_BY_ITSELF else shortage.phones
        case SimStanding.PHONE_BLOCKED:
            return Topic.PHONES, shortage.phones
        case SimStanding.BANNED:
            return Topic.BANS, ()
        case SimStanding.HELD_BACK | SimStanding.SAME_NUMBER | SimStanding.OUT:
            return Topic.SIMS, ()
        case SimStanding.NO_NUMBER | SimStanding.NO_COUNTRY:
            return Topic.NUMBERS, shortage.sims
        case _:
            return Topic.SIMS, shortage.sims


def _is_gone_in(phone: PhoneRow, shortage: Shortage | None) -> bool:
    return shortage is not None and shortage.cause is PhoneState.GONE and phone.phone_id in shortage.phones


def _check_need(check: HealthCheck, closure: Closure | None) -> Attention | None:
    if check.verdict is Verdict.PASS or _is_covered_by(closure, check):
        return None
    kinds = {
        (ADB, Verdict.FAIL): AttentionKind.ADB_DOWN,
        (STORAGE, Verdict.FAIL): AttentionKind.STORAGE_FAILING,
        (ENGINE, Verdict.FAIL): AttentionKind.BUG,
        (WEBHOOKS, Verdict.FAIL): AttentionKind.NOT_SELLING,
        (MARKET, Verdict.FAIL): AttentionKind.KEY_REFUSED,
        (MARKET, Verdict.WARN): AttentionKind.MARKET_DOWN,
    }
    kind = kinds.get((check.name, check.verdict))
    if kind is None:
        return None
    topic = Topic.SETTINGS if kind in _FIXED_IN_SETTINGS else Topic.OVERVIEW
    topic = Topic.PUSHES if kind is AttentionKind.MARKET_DOWN else topic
    return Attention(kind=kind, subject="", health=check.health, since=check.since, topic=topic, key="")


def _is_covered_by(closure: Closure | None, check: HealthCheck) -> bool:
    if closure is None:
        return False
    return check.name == STORAGE if closure.obstacle is Obstacle.DATABASE else check.health == closure.problem


_FIXED_IN_SETTINGS = frozenset({AttentionKind.NOT_SELLING, AttentionKind.KEY_REFUSED})


def _rent_need(rent: RentRow) -> Attention | None:
    kinds = {
        RentState.POSSIBLE_ORPHAN: AttentionKind.POSSIBLE_ORPHAN,
        RentState.OVERDUE: AttentionKind.RENT_OVERDUE,
    }
    kind = kinds.get(rent.state)
    if kind is None:
        return None
    since = rent.ordered_at if kind is AttentionKind.POSSIBLE_ORPHAN else rent.first_sms_deadline
    return Attention(kind=kind, subject=rent.msisdn, since=since, topic=Topic.RENTS, key=str(rent.rent_id))


def _shared_loss_need(shared: SharedLoss) -> Attention:
    return Attention(
        kind=AttentionKind.PHONES_LEFT,
        subject=shared.hub,
        since=shared.at,
        topic=Topic.PHONES,
        key=shared.phones[0],
        others=shared.phones[1:],
    )


def _unplugged_needs(phones: Iterable[PhoneRow], sims: Iterable[SimRow], now: datetime) -> list[Attention]:
    """One need for all unplugged phones whose numbers left the offer.

    SIMs that the user holds back do not count, nor phones that left too long ago to be expected.
    """
    numbers = Counter(sim.phone_id for sim in sims if sim.standing is SimStanding.AWAY and sim.msisdn and sim.country)
    missed = [
        phone
        for phone in phones
        if phone.state is PhoneState.GONE
        and not phone.rents_open
        and numbers[phone.phone_id]
        and UNPLUGGED_GRACE <= now - phone.since < USUAL_FOR
    ]
    if not missed:
        return []
    return [
        Attention(
            kind=AttentionKind.PHONES_UNPLUGGED,
            subject=missed[0].label,
            since=min(phone.since for phone in missed),
            topic=Topic.PHONES,
            key=missed[0].phone_id,
            others=tuple(phone.phone_id for phone in missed[1:]),
            numbers=sum(numbers[phone.phone_id] for phone in missed),
        )
    ]


def _phone_need(phone: PhoneRow, now: datetime) -> Attention | None:
    if phone.state is PhoneState.GONE and not phone.rents_open:
        return None
    kind = _PHONE_NEEDS.get(phone.state)
    if kind is None or _may_still_pass(phone, now):
        return _condition_need(phone)
    return Attention(kind=kind, subject=phone.label, since=phone.since, topic=Topic.PHONES, key=phone.phone_id)


def _may_still_pass(phone: PhoneRow, now: datetime) -> bool:
    return now - phone.since < _GRACES.get(phone.state, timedelta(0))


def needing_by_state(attention: Iterable[Attention], phones: Iterable[PhoneRow]) -> Mapping[PhoneState, int]:
    """How many phones of each state need the user."""
    keys = needing(attention, Topic.PHONES)
    return Counter(phone.state for phone in phones if phone.phone_id in keys)


def _condition_need(phone: PhoneRow) -> Attention | None:
    """The most urgent condition that is worth an alert; the others are shown on the phone only."""
    for active in phone.conditions:
        if active.condition in _CONDITIONS_ALERTED:
            return Attention(
                kind=AttentionKind.PHONE_CONDITION,
                subject=phone.label,
                since=active.since,
                topic=Topic.PHONES,
                key=phone.phone_id,
                condition=active.condition,
                values=active.values,
            )
    return None


def _sim_need(sim: SimRow, now: datetime) -> Attention | None:
    kind = _SIM_NEEDS.get(sim.standing)
    if kind is None:
        return None
    return Attention(
        kind=kind,
        subject=sim.phone_label or sim.iccid,
        since=sim.standing_since or now,
        topic=Topic.NUMBERS if kind in _FIXED_ON_NUMBERS_PAGE else Topic.SIMS,
        key=sim.sim_id,
    )
