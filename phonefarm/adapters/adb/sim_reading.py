"""Who the SIMs of one phone are: by what each look tells, and by costly questions once for each card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from phonefarm.adapters.adb.getprop import in_slot
from phonefarm.adapters.adb.isub import ActiveSub
from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.provider import AnswerRefused, denial
from phonefarm.adapters.adb.sim_sources import (
    CheapSources,
    identity_from_cheap,
    identity_from_siminfo,
    merged,
    present_subs,
    region_of,
    seen_sim,
)
from phonefarm.adapters.adb.siminfo import SiminfoRow, parse_siminfo, queries
from phonefarm.adapters.adb.smart_socket import shown
from phonefarm.adapters.adb.subscriber_info import Identity, codes_for, commands, parse_identity, told_apart
from phonefarm.application.ports.world import KnownCard, PhoneUnreachable
from phonefarm.domain.ids import is_stand_in, stand_in_prefix
from phonefarm.domain.sims import SeenSim

COSTLY_WITHIN = 20.0
FIRST_SDK_WITH_ISUB = 22
_HOME = "gsm.sim.operator.numeric"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class _CardKey:
    sub_id: int
    slot: int
    icc: str


@dataclass(frozen=True, kw_only=True)
class _Last:
    """What the last look that told the cards told of them."""

    subs: Sequence[ActiveSub]
    properties: Mapping[str, str]

    def still_holds(self, sub: ActiveSub, cheap: CheapSources) -> bool:
        """Whether the slot shows no other network's card than it did."""
        before, now = (in_slot(said.get(_HOME, ""), sub.slot) for said in (self.properties, cheap.properties))
        return before == now or not before or not now


class SimReader:
    def __init__(self, calls: PhoneCalls, sdk: int) -> None:
        self._calls = calls
        self._sdk = sdk
        self._identities: dict[_CardKey, Identity] = {}
        self._told_by_info: set[_CardKey] = set()
        self._last: _Last | None = None

    async def read(self, cheap: CheapSources, cards_as_before: Sequence[KnownCard] = ()) -> Sequence[SeenSim] | None:
        """`cheap`: what a look at the phone tells of its slots; None where nothing tells which cards sit in them.

        `cards_as_before` need no costly question.
        """
        if cheap.subs is None and self._sdk >= FIRST_SDK_WITH_ISUB:
            told = await self._without_isub(cheap)
            if told is None:
                return None
            cheap = replace(cheap, subs=told)
        subs = present_subs(cheap)
        keys = {_key(sub): sub for sub in subs}
        self._identities = {key: known for key, known in self._identities.items() if key in keys}
        unknown = {key: sub for key, sub in keys.items() if key not in self._identities}
        confirmed = {key: card for key, sub in unknown.items() if (card := _card_of(sub, cards_as_before)) is not None}
        # What the books do not know of a card is asked at the next look.
        self._identities |= {key: _identity_of(card) for key, card in confirmed.items() if card.is_whole}
        identities = self._identities | {key: _identity_of(card) for key, card in confirmed.items()}
        if asked := [sub for key, sub in unknown.items() if key not in confirmed]:
            identities |= await self._identify(asked, cheap)
        self._last = _Last(subs=subs, properties=cheap.properties)
        return [seen_sim(self._calls.serial, sub, identities[_key(sub)], cheap) for sub in subs]

    async def _without_isub(self, cheap: CheapSources) -> list[ActiveSub] | None:
        """The cards by other sources: siminfo's word, else what was known of them while nothing shows a change."""
        known = [] if self._last is None else [sub for sub in self._last.subs if self._last.still_holds(sub, cheap)]
        try:
            rows = await self._siminfo()
            if rows is not None:
                return _by_siminfo(rows.values(), known)
            if self._last is None:
                return None
            infos = await self._subscriber_info(known, cheap)
        except PhoneUnreachable:
            return known if self._last is not None else None
        return [sub for sub, info in zip(known, infos, strict=True) if self._is_the_same(sub, info)]

    def _is_the_same(self, sub: ActiveSub, info: Identity) -> bool:
        """Whether a card may still be taken for the one it was: where iphonesubinfo has told it, it has to tell it."""
        identity = self._identities.get(_key(sub), Identity())
        return info.iccid == identity.iccid if _key(sub) in self._told_by_info else info.iccid in ("", identity.iccid)

    async def _identify(self, subs: Sequence[ActiveSub], cheap: CheapSources) -> dict[_CardKey, Identity]:
        """Who they are, remembered where nothing failed; a question that fails costs what it would have told."""
        found = {_key(sub): identity_from_cheap(sub, cheap) for sub in subs}
        try:
            if not _all_known(found.values()):
                rows = await self._siminfo() or {}
                for sub in subs:
                    if (row := rows.get(sub.sub_id)) is not None and row.slot in (sub.slot, -1):
                        found[_key(sub)] = merged(found[_key(sub)], identity_from_siminfo(sub, row, cheap))
            asked = [sub for sub in subs if sub.sub_id >= 0 and not _all_known([found[_key(sub)]])]
            for sub, identity in zip(asked, await self._subscriber_info(asked, cheap), strict=True):
                if identity.iccid:
                    self._told_by_info.add(_key(sub))
                found[_key(sub)] = merged(found[_key(sub)], identity)
        except PhoneUnreachable as error:
            log.info("a card is not told for now", phone=shown(self._calls.serial), cause=str(error))
        else:
            self._identities |= found
        return found

    async def _siminfo(self) -> dict[int, SiminfoRow] | None:
        """Its rows; None where the phone does not show it or does not take the query."""
        for query in queries(self._sdk):
            answers = await self._calls.run(query, within=COSTLY_WITHIN)
            try:
                return parse_siminfo(answers.sections[0].text)
            except AnswerRefused:
                if denial(answers.stderr, answers.sections[0].text) is not None:
                    break  # another question would be refused, too
        return None

    async def _subscriber_info(self, subs: Sequence[ActiveSub], cheap: CheapSources) -> Sequence[Identity]:
        orders = codes_for(self._sdk)
        if not subs or not orders:
            return [Identity() for _ in subs]
        asked = [commands(orders, sub.sub_id) for sub in subs]
        answers = await self._calls.run(*(command for some in asked for command in some), within=COSTLY_WITHIN)
        texts = iter(section.text for section in answers.sections)
        return told_apart(
            [
                parse_identity(
                    [next(texts) for _ in some], icc_prefix=sub.icc_prefix, region=region_of(sub.slot, cheap)
                )
                for some, sub in zip(asked, subs, strict=True)
            ]
        )


def _by_siminfo(rows: Iterable[SiminfoRow], known: Sequence[ActiveSub]) -> list[ActiveSub]:
    """The cards whose rows name a slot, under the names that they had; a slot of which two rows speak is left out."""
    inserted = [row for row in rows if row.slot >= 0]
    taken = Counter(row.slot for row in inserted)
    return [_sub_of(row, known) for row in inserted if taken[row.slot] == 1]


def _sub_of(row: SiminfoRow, known: Sequence[ActiveSub]) -> ActiveSub:
    for sub in known:
        if (sub.sub_id, sub.slot) == (row.sub_id, row.slot) and row.icc_id.upper().startswith(sub.icc_prefix):
            return sub
    return ActiveSub(sub_id=row.sub_id, slot=row.slot, icc=row.icc_id, mcc_mnc="", number="")


def _all_known(identities: Iterable[Identity]) -> bool:
    return all(identity.iccid and identity.msisdn for identity in identities)


def _card_of(sub: ActiveSub, cards: Sequence[KnownCard]) -> KnownCard | None:
    """The card that the books have under this subscription, if nothing that is shown of it speaks against."""
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
