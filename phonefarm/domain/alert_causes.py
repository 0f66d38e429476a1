"""What is wrong with the farm now, by the rules of the alerts: facts in, causes out; time is an argument."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from phonefarm.domain.alert_rules import AlertPolicy, RuleKind
from phonefarm.domain.alerts import Cause
from phonefarm.domain.health import Health

BACKUP_GRACE = timedelta(minutes=15)
"""A program that was off for days makes its overdue backup soon after its start."""
GIGABYTE = 10**9
PHONES_NAMED = 4
CLOCK_TOKEN = "clock"
MARKET_TOKEN = "market"
DISK_TOKEN = "disk"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A part that does not work."""

    since: datetime
    health: Health | None = None


@dataclass(frozen=True, kw_only=True)
class NothingForSale:
    since: datetime
    health: Health | None
    phones: frozenset[str] = frozenset()
    """That are missing, where that is the cause."""
    is_clock: bool = False
    """Whether the wrong clock is the cause."""
    is_database: bool = False


@dataclass(frozen=True, kw_only=True)
class LostPhone:
    phone_id: str
    label: str
    at: datetime
    has_rents: bool = False


@dataclass(frozen=True, kw_only=True)
class LostHub:
    hub: str
    """Empty where the phones left together and no hub is known."""
    phones: frozenset[str]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class LastChance:
    """A number that one more unused rent bans."""

    sim_id: str
    tail: str
    """The last digits of the number: enough to find it."""
    since: datetime


@dataclass(frozen=True, kw_only=True)
class FailingChannel:
    channel_id: str
    name: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class FarmFacts:
    """What the engine knows; a field that is None or empty tells of nothing that is wrong."""

    started_at: datetime
    """Of the program: what was before is not held against it."""
    nothing_for_sale: NothingForSale | None = None
    lost_phones: Sequence[LostPhone] = ()
    lost_hubs: Sequence[LostHub] = ()
    numbers_working: int = 0
    tunnel: Fault | None = None
    market: Fault | None = None
    key: Fault | None = None
    wrong_key_calls: int = 0
    """Within the minutes of the rule."""
    last_chances: Sequence[LastChance] = ()
    last_order_at: datetime | None = None
    orders_possible_since: datetime | None = None
    """Since when the last hindrance of an order is gone."""
    gap_unusual_at: datetime | None = None
    """When the gap since then is longer than usual."""
    oldest_push_at: datetime | None = None
    pushes_waiting: int = 0
    free_bytes: int | None = None
    clock_off_by: timedelta | None = None
    """Of this PC, ahead of the phones."""
    backup: Fault | None = None
    newest_backup_at: datetime | None = None
    crash: str = ""
    """The name of the report of a crash at the last run."""
    crashed_at: datetime | None = None
    failing_channels: Sequence[FailingChannel] = ()


def causes_of(facts: FarmFacts, policy: AlertPolicy, now: datetime) -> list[Cause]:
    """All that holds, ripe or not; rules that are off have no causes."""
    return [cause for cause in _all(facts, policy, now) if policy.is_on(cause.kind)]


def _all(facts: FarmFacts, policy: AlertPolicy, now: datetime) -> Iterator[Cause]:
    yield from _of_sales(facts, policy, now)
    yield from _of_phones(facts, policy)
    for kind, fault in ((RuleKind.TUNNEL_DOWN, facts.tunnel), (RuleKind.MARKET_DOWN, facts.market)):
        if fault is not None:
            members = frozenset({MARKET_TOKEN}) if kind is RuleKind.MARKET_DOWN else frozenset[str]()
            yield _lasting(kind, fault.since, policy, now, health=fault.health, members=members)
    if facts.key is not None:
        token = frozenset({MARKET_TOKEN})
        yield Cause(kind=RuleKind.KEY_REFUSED, since=facts.key.since, health=facts.key.health, members=token)
    yield from _of_calls(facts, policy, now)
    yield from _of_this_pc(facts, policy, now)
    for channel in facts.failing_channels:
        yield Cause(
            kind=RuleKind.CHANNEL_FAILING, key=channel.channel_id, since=channel.since, values={"name": channel.name}
        )


def _lasting(
    kind: RuleKind,
    since: datetime,
    policy: AlertPolicy,
    now: datetime,
    *,
    health: Health | None = None,
    members: frozenset[str] = frozenset(),
    **values: str | int | float | bool,
) -> Cause:
    """Ripe after the minutes that the rule allows."""
    minutes = (policy.values_of(kind) or (0,))[0]
    is_ripe = now - since >= timedelta(minutes=minutes)
    return Cause(kind=kind, since=since, is_ripe=is_ripe, health=health, members=members, values=values)


def _of_sales(facts: FarmFacts, policy: AlertPolicy, now: datetime) -> Iterator[Cause]:
    found = facts.nothing_for_sale
    if found is None:
        return
    members = found.phones
    if found.is_clock:
        members = frozenset({CLOCK_TOKEN})
    elif found.is_database:
        members = frozenset({DISK_TOKEN})
    yield _lasting(
        RuleKind.NOTHING_FOR_SALE,
        max(found.since, facts.started_at),
        policy,
        now,
        health=found.health,
        members=members,
        phones=len(found.phones),
    )


def _of_phones(facts: FarmFacts, policy: AlertPolicy) -> Iterator[Cause]:
    """A hub is one cause; so are phones that left one by one within the minutes of the rule."""
    least, minutes = policy.values_of(RuleKind.PHONES_LOST) or (1, 0)
    by_id = {phone.phone_id: phone for phone in facts.lost_phones}
    for hub in facts.lost_hubs:
        lost = [by_id[phone] for phone in sorted(hub.phones) if phone in by_id]
        key = f"hub {hub.hub}" if hub.hub else f"together {min(hub.phones)}"
        yield _of_lost(lost, hub.phones, key, hub.hub, hub.at, facts, is_together=True)
    on_hubs = frozenset[str]().union(*(hub.phones for hub in facts.lost_hubs))
    scattered = sorted(
        (phone for phone in facts.lost_phones if phone.phone_id not in on_hubs), key=lambda phone: phone.at
    )
    for group in _waves(scattered, timedelta(minutes=minutes)):
        is_ripe = any(
            later.at - earlier.at <= timedelta(minutes=minutes) and earlier.at >= facts.started_at
            for earlier, later in zip(group, group[least - 1 :], strict=False)
        )
        members = frozenset(phone.phone_id for phone in group)
        yield _of_lost(group, members, group[0].phone_id, "", group[0].at, facts, is_ripe=is_ripe)


def _waves(phones: Sequence[LostPhone], apart: timedelta) -> list[list[LostPhone]]:
    waves: list[list[LostPhone]] = []
    for phone in phones:
        if waves and phone.at - waves[-1][-1].at <= apart:
            waves[-1].append(phone)
        else:
            waves.append([phone])
    return waves


def _of_lost(
    lost: Sequence[LostPhone],
    members: frozenset[str],
    key: str,
    hub: str,
    at: datetime,
    facts: FarmFacts,
    *,
    is_ripe: bool = True,
    is_together: bool = False,
) -> Cause:
    named = ", ".join(phone.label for phone in lost[:PHONES_NAMED])
    return Cause(
        kind=RuleKind.PHONES_LOST,
        key=key,
        since=at,
        is_ripe=is_ripe,
        members=members,
        values={
            "hub": hub,
            "is_together": is_together,
            "phones": len(members),
            "named": named,
            "more": max(0, len(members) - PHONES_NAMED),
            "waiting": sum(phone.has_rents for phone in lost),
            "left": facts.numbers_working,
        },
    )


def _of_calls(facts: FarmFacts, policy: AlertPolicy, now: datetime) -> Iterator[Cause]:
    calls, minutes = policy.values_of(RuleKind.WRONG_KEYS) or (1, 0)
    if facts.wrong_key_calls >= calls:
        values = {"calls": facts.wrong_key_calls, "minutes": minutes}
        yield Cause(kind=RuleKind.WRONG_KEYS, since=now, values=values)
    for chance in facts.last_chances:
        yield Cause(kind=RuleKind.LAST_CHANCE, key=chance.sim_id, since=chance.since, values={"tail": chance.tail})
    least_hours = (policy.values_of(RuleKind.NO_ORDERS) or (0,))[0]
    begin, unusual_at = facts.orders_possible_since, facts.gap_unusual_at
    if begin is not None and facts.last_order_at is not None and unusual_at is not None and now >= unusual_at:
        is_ripe = now - begin >= timedelta(hours=least_hours)
        usual = int((unusual_at - begin).total_seconds() // 60)
        yield Cause(
            kind=RuleKind.NO_ORDERS, since=facts.last_order_at, is_ripe=is_ripe, values={"usual_minutes": usual}
        )
    if facts.oldest_push_at is not None:
        yield _lasting(
            RuleKind.PUSH_QUEUE,
            max(facts.oldest_push_at, facts.started_at),
            policy,
            now,
            members=frozenset({MARKET_TOKEN}),
            waiting=facts.pushes_waiting,
        )


def _of_this_pc(facts: FarmFacts, policy: AlertPolicy, now: datetime) -> Iterator[Cause]:
    gigabytes = (policy.values_of(RuleKind.DISK) or (0,))[0]
    is_full = facts.free_bytes is not None and facts.free_bytes < gigabytes * GIGABYTE
    disk = frozenset({DISK_TOKEN})
    if is_full:
        free = round((facts.free_bytes or 0) / GIGABYTE, 1)
        yield Cause(kind=RuleKind.DISK, since=now, values={"free_gigabytes": free}, members=disk)
    seconds = (policy.values_of(RuleKind.CLOCK) or (0,))[0]
    if (off := facts.clock_off_by) is not None and abs(off) >= timedelta(seconds=seconds):
        values = {"seconds": round(abs(off).total_seconds()), "is_ahead": off > timedelta(0)}
        yield Cause(kind=RuleKind.CLOCK, since=now, values=values, members=frozenset({CLOCK_TOKEN}))
    yield from _of_backup(facts, policy, now, disk if is_full else frozenset())
    if facts.crash and facts.crashed_at is not None:
        yield Cause(kind=RuleKind.CRASH, key=facts.crash, since=facts.crashed_at)


def _of_backup(facts: FarmFacts, policy: AlertPolicy, now: datetime, members: frozenset[str]) -> Iterator[Cause]:
    hours = (policy.values_of(RuleKind.BACKUP) or (0,))[0]
    if facts.backup is not None:
        yield Cause(kind=RuleKind.BACKUP, since=facts.backup.since, health=facts.backup.health, members=members)
    elif (newest := facts.newest_backup_at) is not None and now - newest >= timedelta(hours=hours):
        is_ripe = now - facts.started_at >= BACKUP_GRACE
        values = {"hours": int((now - newest).total_seconds() // 3600)}
        yield Cause(kind=RuleKind.BACKUP, since=newest, is_ripe=is_ripe, values=values, members=members)
