"""Who the SIMs of one phone are: by what each look tells, and by costly questions once for each card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
from phonefarm.adapters.adb.subscriber_info import Identity, codes_for, commands, parse_identity
from phonefarm.domain.sims import SeenSim

COSTLY_WITHIN = 20.0


@dataclass(frozen=True, kw_only=True)
class _CardKey:
    sub_id: int
    slot: int
    icc: str


class SimReader:
    def __init__(self, calls: PhoneCalls, sdk: int) -> None:
        self._calls = calls
        self._sdk = sdk
        self._identities: dict[_CardKey, Identity] = {}

    async def read(self, cheap: CheapSources) -> Sequence[SeenSim]:
        """`cheap`: what a look at the phone tells of its slots."""
        subs = present_subs(cheap)
        keys = {_key(sub): sub for sub in subs}
        self._identities = {key: known for key, known in self._identities.items() if key in keys}
        unknown = [sub for key, sub in keys.items() if key not in self._identities]
        if unknown:
            await self._identify(unknown, cheap)
        return [seen_sim(self._calls.serial, sub, self._identities[_key(sub)], cheap) for sub in subs]

    async def _identify(self, subs: Sequence[ActiveSub], cheap: CheapSources) -> None:
        found = {_key(sub): identity_from_cheap(sub, cheap) for sub in subs}
        if not _all_known(found.values()):
            rows = await self._siminfo()
            for sub in subs:
                if (row := rows.get(sub.sub_id)) is not None and row.slot in (sub.slot, -1):
                    found[_key(sub)] = merged(found[_key(sub)], identity_from_siminfo(sub, row, cheap))
        asked = [sub for sub in subs if sub.sub_id >= 0 and not _all_known([found[_key(sub)]])]
        for sub, identity in zip(asked, await self._subscriber_info(asked, cheap), strict=True):
            found[_key(sub)] = merged(found[_key(sub)], identity)
        self._identities |= found

    async def _siminfo(self) -> dict[int, SiminfoRow]:
        """Its rows, or none where the phone does not show it or does not take the query."""
        for query in queries(self._sdk):
            answers = await self._calls.run(query, within=COSTLY_WITHIN)
            try:
                return parse_siminfo(answers.sections[0].text)
            except AnswerRefused:
                if denial(answers.stderr, answers.sections[0].text) is not None:
                    break  # another question would be refused, too
        return {}

    async def _subscriber_info(self, subs: Sequence[ActiveSub], cheap: CheapSources) -> Sequence[Identity]:
        codes = codes_for(self._sdk)
        if not subs or codes is None:
            return [Identity() for _ in subs]
        asked = [commands(codes, sub.sub_id) for sub in subs]
        answers = await self._calls.run(*(command for three in asked for command in three), within=COSTLY_WITHIN)
        texts = iter(section.text for section in answers.sections)
        return [
            parse_identity([next(texts) for _ in three], icc_prefix=sub.icc_prefix, region=region_of(sub.slot, cheap))
            for three, sub in zip(asked, subs, strict=True)
        ]


def _all_known(identities: Iterable[Identity]) -> bool:
    return all(identity.iccid and identity.msisdn for identity in identities)


def _key(sub: ActiveSub) -> _CardKey:
    return _CardKey(sub_id=sub.sub_id, slot=sub.slot, icc=sub.icc)
