"""Reads the SIMs of one phone: cheap commands each time, costly ones once for each SIM of a connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from phonefarm.adapters.adb.getprop import parse_getprop
from phonefarm.adapters.adb.isub import ActiveSub, parse_isub
from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.provider import AnswerRefused
from phonefarm.adapters.adb.registry import parse_registry
from phonefarm.adapters.adb.sim_sources import (
    GETPROP,
    ISUB,
    REGISTRY,
    CheapSources,
    identity_from_cheap,
    identity_from_siminfo,
    merged,
    present_subs,
    region_of,
    seen_sim,
)
from phonefarm.adapters.adb.siminfo import LAST_SDK_THAT_SHOWS_IT, QUERY, SiminfoRow, parse_siminfo
from phonefarm.adapters.adb.subscriber_info import Identity, codes_for, commands, parse_identity
from phonefarm.application.interfaces import Probe
from phonefarm.domain.sims import SeenSim

CHEAP_WITHIN = 20.0
COSTLY_WITHIN = 20.0
FIRST_SDK_WITH_ISUB = 22
_NO_TELEPHONY = "Can't find service: isub"


@dataclass(frozen=True, kw_only=True)
class _CardKey:
    sub_id: int
    slot: int
    icc: str


class SimReader:
    def __init__(self, calls: PhoneCalls) -> None:
        self._calls = calls
        self._identities: dict[_CardKey, Identity] = {}

    async def read(self, probe: Probe) -> Sequence[SeenSim]:
        cheap = await self._cheap(probe)
        subs = present_subs(cheap)
        keys = {_key(sub): sub for sub in subs}
        self._identities = {key: known for key, known in self._identities.items() if key in keys}
        unknown = [sub for key, sub in keys.items() if key not in self._identities]
        if unknown:
            await self._identify(unknown, cheap, probe)
        return [seen_sim(self._calls.serial, sub, self._identities[_key(sub)], cheap) for sub in subs]

    async def _cheap(self, probe: Probe) -> CheapSources:
        answers = await self._calls.run(GETPROP, ISUB, REGISTRY, within=CHEAP_WITHIN)
        properties, isub, registry = (section.text for section in answers.sections)
        subs = parse_isub(isub)
        if subs is None and probe.facts.sdk >= FIRST_SDK_WITH_ISUB:
            # Less than the whole would give a SIM another identity, so it is no reading at all.
            if _NO_TELEPHONY not in isub + answers.stderr:
                raise self._calls.unreadable("dumpsys isub shows no list of active SIMs")
            subs = []
        return CheapSources(
            properties=parse_getprop(properties),
            subs=subs,
            in_service=parse_registry(registry),
        )

    async def _identify(self, subs: Sequence[ActiveSub], cheap: CheapSources, probe: Probe) -> None:
        found = {_key(sub): identity_from_cheap(sub, cheap) for sub in subs}
        if probe.facts.sdk <= LAST_SDK_THAT_SHOWS_IT and not _all_known(found.values()):
            rows = await self._siminfo()
            for sub in subs:
                if (row := rows.get(sub.sub_id)) is not None and row.slot in (sub.slot, -1):
                    found[_key(sub)] = merged(found[_key(sub)], identity_from_siminfo(sub, row, cheap))
        asked = [sub for sub in subs if sub.sub_id >= 0 and not _all_known([found[_key(sub)]])]
        for sub, identity in zip(asked, await self._subscriber_info(asked, cheap, probe), strict=True):
            found[_key(sub)] = merged(found[_key(sub)], identity)
        self._identities |= found

    async def _siminfo(self) -> dict[int, SiminfoRow]:
        """Its rows, or none where the phone does not show it or does not take the query."""
        answers = await self._calls.run(QUERY, within=COSTLY_WITHIN)
        try:
            return parse_siminfo(answers.sections[0].text)
        except AnswerRefused:
            return {}

    async def _subscriber_info(
        self, subs: Sequence[ActiveSub], cheap: CheapSources, probe: Probe
    ) -> Sequence[Identity]:
        codes = codes_for(probe.facts.sdk)
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
