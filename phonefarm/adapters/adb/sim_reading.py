"""Reads which SIMs are in a phone: from each check-up, and by slow commands once per card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import structlog

from phonefarm.adapters.adb.getprop import in_slot
from phonefarm.adapters.adb.isub import ActiveSub
from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.provider import AnswerRefused, find_denial
from phonefarm.adapters.adb.sim_sources import (
    CheapSources,
    identity_from_cheap,
    identity_from_siminfo,
    merge_identities,
    present_subs,
    region_of,
    seen_sim,
)
from phonefarm.adapters.adb.siminfo import SiminfoRow, parse_siminfo, siminfo_queries
from phonefarm.adapters.adb.smart_socket import printable
from phonefarm.adapters.adb.subscriber_info import (
    Identity,
    codes_for,
    identity_commands,
    parse_identity,
    without_shared_iccids,
)
from phonefarm.application.ports.world import KnownCard, PhoneUnreachable
from phonefarm.domain.ids import is_stand_in, stand_in_prefix
from phonefarm.domain.sims import SeenSim

SLOW_TIMEOUT_SECONDS = 20.0
FIRST_SDK_WITH_ISUB = 22
_HOME = "gsm.sim.operator.numeric"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class _CardKey:
    sub_id: int
    slot: int
    icc: str


@dataclass(frozen=True, kw_only=True)
class _LastReading:
    """The last reading with known cards."""

    subs: Sequence[ActiveSub]
    properties: Mapping[str, str]

    def may_still_hold(self, sub: ActiveSub, cheap: CheapSources) -> bool:
        """Whether the slot does not show a card of another home network than before."""
        before, now = (
            in_slot(properties.get(_HOME, ""), sub.slot) for properties in (self.properties, cheap.properties)
        )
        return before == now or not before or not now


class SimReader:
    def __init__(self, calls: PhoneCalls, sdk: int) -> None:
        self._calls = calls
        self._sdk = sdk
        self._identities: dict[_CardKey, Identity] = {}
        self._identified_by_info: set[_CardKey] = set()
        self._last: _LastReading | None = None

    async def read(self, cheap: CheapSources, cards_as_before: Sequence[KnownCard] = ()) -> Sequence[SeenSim] | None:
        """The SIMs by slot; None if no source tells which cards are in the phone.

        `cards_as_before`: stored cards that need no slow command.
        """
        if cheap.subs is None and self._sdk >= FIRST_SDK_WITH_ISUB:
            found = await self._read_without_isub(cheap)
            if found is None:
                return None
            cheap = replace(cheap, subs=found)
        subs = present_subs(cheap)
        keys = {_key(sub): sub for sub in subs}
        self._identities = {key: known for key, known in self._identities.items() if key in keys}
        unknown = {key: sub for key, sub in keys.items() if key not in self._identities}
        stored = ((key, _find_known_card(sub, cards_as_before)) for key, sub in unknown.items())
        confirmed = {key: card for key, card in stored if card is not None}
        # An incomplete stored card is not cached, so the next check-up asks for the rest.
        self._identities |= {key: _identity_of(card) for key, card in confirmed.items() if card.is_whole}
        identities = self._identities | {key: _identity_of(card) for key, card in confirmed.items()}
        if asked := [sub for key, sub in unknown.items() if key not in confirmed]:
            identities |= await self._identify(asked, cheap)
        self._last = _LastReading(subs=subs, properties=cheap.properties)
        return [seen_sim(self._calls.serial, sub, identities[_key(sub)], cheap) for sub in subs]

    async def _read_without_isub(self, cheap: CheapSources) -> list[ActiveSub] | None:
        """The cards from siminfo, else the last known ones while nothing indicates a change."""
        known = [] if self._last is None else [sub for sub in self._last.subs if self._last.may_still_hold(sub, cheap)]
        try:
            rows = await self._read_siminfo()
            if rows is not None:
                return _subs_from_siminfo(rows.values(), known)
            if self._last is None:
                return None
            infos = await self._read_subscriber_info(known, cheap)
        except PhoneUnreachable:
            return known if self._last is not None else None
        return [sub for sub, info in zip(known, infos, strict=True) if self._is_same_card(sub, info)]

    def _is_same_card(self, sub: ActiveSub, info: Identity) -> bool:
        """Whether it may still be the same card; one identified by iphonesubinfo must be identified by it again."""
        identity = self._identities.get(_key(sub), Identity())
        is_empty_allowed = _key(sub) not in self._identified_by_info
        return info.iccid == identity.iccid or (is_empty_allowed and not info.iccid)

    async def _identify(self, subs: Sequence[ActiveSub], cheap: CheapSources) -> dict[_CardKey, Identity]:
        """The identities, cached if no command failed; a failed command only leaves its part empty."""
        found = {_key(sub): identity_from_cheap(sub, cheap) for sub in subs}
        try:
            if not _are_complete(found.values()):
                rows = await self._read_siminfo() or {}
                for sub in subs:
                    if (row := rows.get(sub.sub_id)) is not None and row.slot in (sub.slot, -1):
                        found[_key(sub)] = merge_identities(found[_key(sub)], identity_from_siminfo(sub, row, cheap))
            incomplete = [sub for sub in subs if sub.sub_id >= 0 and not _are_complete([found[_key(sub)]])]
            for sub, identity in zip(incomplete, await self._read_subscriber_info(incomplete, cheap), strict=True):
                if identity.iccid:
                    self._identified_by_info.add(_key(sub))
                found[_key(sub)] = merge_identities(found[_key(sub)], identity)
        except PhoneUnreachable as error:
            log.info("a card cannot be identified now", phone=printable(self._calls.serial), cause=str(error))
        else:
            self._identities |= found
        return found

    async def _read_siminfo(self) -> dict[int, SiminfoRow] | None:
        """Rows by subscription id; None if the phone does not show them or does not support the query."""
        for query in siminfo_queries(self._sdk):
            answers = await self._calls.run(query, within=SLOW_TIMEOUT_SECONDS)
            try:
                return parse_siminfo(answers.sections[0].text)
            except AnswerRefused:
                if find_denial(answers.stderr, answers.sections[0].text) is not None:
                    break  # another form of the query would be denied too
        return None

    async def _read_subscriber_info(self, subs: Sequence[ActiveSub], cheap: CheapSources) -> Sequence[Identity]:
        code_sets = codes_for(self._sdk)
        if not subs or not code_sets:
            return [Identity() for _ in subs]
        by_sub = [identity_commands(code_sets, sub.sub_id) for sub in subs]
        answers = await self._calls.run(*chain.from_iterable(by_sub), within=SLOW_TIMEOUT_SECONDS)
        texts = iter(section.text for section in answers.sections)
        return without_shared_iccids(
            [
                parse_identity(
                    [next(texts) for _ in commands], icc_prefix=sub.icc_prefix, region=region_of(sub.slot, cheap)
                )
                for commands, sub in zip(by_sub, subs, strict=True)
            ]
        )


def _subs_from_siminfo(rows: Iterable[SiminfoRow], known: Sequence[ActiveSub]) -> list[ActiveSub]:
    """The cards whose rows have a slot, identical to the known ones if they match; a slot with two rows is left out."""
    inserted = [row for row in rows if row.slot >= 0]
    taken = Counter(row.slot for row in inserted)
    return [_sub_of(row, known) for row in inserted if taken[row.slot] == 1]


def _sub_of(row: SiminfoRow, known: Sequence[ActiveSub]) -> ActiveSub:
    for sub in known:
        if (sub.sub_id, sub.slot) == (row.sub_id, row.slot) and row.icc_id.upper().startswith(sub.icc_prefix):
            return sub
    return ActiveSub(sub_id=row.sub_id, slot=row.slot, icc=row.icc_id, mcc_mnc="", number="")


def _are_complete(identities: Iterable[Identity]) -> bool:
    return all(identity.iccid and identity.msisdn for identity in identities)


def _find_known_card(sub: ActiveSub, cards: Sequence[KnownCard]) -> KnownCard | None:
    """The stored card of this subscription, unless its ICCID contradicts what isub shows."""
    for card in cards:
        if sub.sub_id >= 0 and (card.sub_id, card.slot) == (sub.sub_id, sub.slot):
            prefix = stand_in_prefix(card.sim_id) if is_stand_in(card.sim_id) else card.sim_id
            fits = prefix == sub.icc_prefix if is_stand_in(card.sim_id) else prefix.startswith(sub.icc_prefix)
            return card if fits else None
    return None


def _identity_of(card: KnownCard) -> Identity:
    return Identity(iccid="" if is_stand_in(card.sim_id) else card.sim_id)


def _key(sub: ActiveSub) -> _CardKey:
    return _CardKey(sub_id=sub.sub_id, slot=sub.slot, icc=sub.icc)
