"""One look at a phone's SIMs and at itself: everything native in one shell call."""

from __future__ import annotations

from collections.abc import Mapping

from phonefarm.adapters.adb import battery, registry, storage, uptime
from phonefarm.adapters.adb.getprop import parse_getprop
from phonefarm.adapters.adb.isub import parse_isub
from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.phone_settings import ASK_AIRPLANE, FIRST_NATIVE_SDK, parse_switch
from phonefarm.adapters.adb.script import Section
from phonefarm.adapters.adb.sim_reading import SimReader
from phonefarm.adapters.adb.sim_sources import GETPROP, ISUB, CheapSources
from phonefarm.adapters.adb.sms_app import SmsApp
from phonefarm.application.interfaces import Checkup, Probe
from phonefarm.domain.vitals import PhoneVitals

CHEAP_WITHIN = 20.0
THOROUGH_WITHIN = 40.0
FIRST_SDK_WITH_ISUB = 22
_ALWAYS = (GETPROP, ISUB, registry.ASK, battery.ASK, uptime.ASK, storage.ASK)
_NO_TELEPHONY = "Can't find service: isub"


class CheckupReader:
    """Remembers what only thorough looks ask."""

    def __init__(self, calls: PhoneCalls, probe: Probe) -> None:
        self._calls = calls
        self._sdk = probe.facts.sdk
        self._sims = SimReader(calls, self._sdk)
        self._sms_app = SmsApp(calls, self._sdk)
        self._airplane_mode: bool | None = None

    async def read(self, *, thorough: bool) -> Checkup:
        asks_settings = thorough or self._sdk >= FIRST_NATIVE_SDK
        commands = [*_ALWAYS, *([ASK_AIRPLANE, *self._sms_app.commands()] if asks_settings else [])]
        answers = await self._calls.run(*commands, within=THOROUGH_WITHIN if thorough else CHEAP_WITHIN)
        said = dict(zip(commands, answers.sections, strict=True))
        if asks_settings:
            self._airplane_mode = parse_switch(said[ASK_AIRPLANE].text)
        sims = await self._sims.read(self._sources(said, answers.stderr))
        sms_app = await self._sms_app.read(said) if asks_settings else self._sms_app.last
        return Checkup(sims=tuple(sims), vitals=self._vitals(said, sms_app))

    def _sources(self, said: Mapping[str, Section], stderr: str) -> CheapSources:
        isub = said[ISUB].text
        subs = parse_isub(isub)
        if subs is None and self._sdk >= FIRST_SDK_WITH_ISUB:
            # Less than the whole would give a SIM another identity, so it is no reading at all.
            if _NO_TELEPHONY not in isub + stderr:
                raise self._calls.unreadable("dumpsys isub shows no list of active SIMs")
            subs = []
        return CheapSources(
            properties=parse_getprop(said[GETPROP].text, only="gsm."),
            subs=subs,
            radio=registry.parse_registry(said[registry.ASK].text),
            airplane_mode=self._airplane_mode,
        )

    def _vitals(self, said: Mapping[str, Section], sms_app: str | None) -> PhoneVitals:
        power = battery.parse_battery(said[battery.ASK].text)
        return PhoneVitals(
            battery_percent=power.percent,
            is_charging=power.is_charging,
            temperature=power.temperature,
            free_bytes=storage.parse_free_bytes(said[storage.ASK].text),
            uptime_seconds=uptime.parse_uptime(said[uptime.ASK].text),
            airplane_mode=self._airplane_mode,
            sms_app=sms_app,
        )
