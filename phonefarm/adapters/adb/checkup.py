"""One look at a phone's SIMs and at itself: everything native in one shell call."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import structlog

from phonefarm.adapters.adb import battery, registry, storage, uptime
from phonefarm.adapters.adb.getprop import parse_getprop
from phonefarm.adapters.adb.isub import parse_isub
from phonefarm.adapters.adb.phone_calls import PhoneCalls, off_the_loop
from phonefarm.adapters.adb.phone_settings import ASK_AIRPLANE, FIRST_NATIVE_SDK, parse_switch
from phonefarm.adapters.adb.script import Section
from phonefarm.adapters.adb.sim_reading import FIRST_SDK_WITH_ISUB, SimReader
from phonefarm.adapters.adb.sim_sources import GETPROP, ISUB, CheapSources
from phonefarm.adapters.adb.smart_socket import shown
from phonefarm.adapters.adb.sms_app import SmsApp
from phonefarm.application.ports.world import Checkup, KnownCard, PhoneUnreachable, Probe, Remembered
from phonefarm.domain.telemetry import PhoneTelemetry, is_same_start
from phonefarm.support.clock import Clock

log = structlog.get_logger(__name__)

CHEAP_WITHIN = 20.0
THOROUGH_WITHIN = 40.0
ALIVE_WITHIN = 5.0
ALONE_WITHIN = 15.0
ALONE_AT_ONCE = 3
ALWAYS = (GETPROP, ISUB, registry.ASK, battery.ASK, uptime.ASK, storage.ASK)
_NO_TELEPHONY = "Can't find service: isub"
_UNSAID = Section(text="", exit_code=1)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class CheckupReader:
    """Remembers what only thorough looks ask, and which questions hang."""

    def __init__(
        self, calls: PhoneCalls, probe: Probe, remembered: Remembered | None = None, clock: Clock = _utc_now
    ) -> None:
        self._calls = calls
        self._sdk = probe.facts.sdk
        self._clock = clock
        self._remembered = remembered or Remembered()
        self._sims = SimReader(calls, self._sdk)
        self._sms_app = SmsApp(calls, self._sdk, chosen=self._remembered.sms_app)
        self._airplane_mode: bool | None = None
        self._hanging: frozenset[str] = frozenset()

    def commands(self, *, thorough: bool) -> list[str]:
        """What one call asks; other questions follow where the answers leave something open."""
        asks_settings = thorough or self._sdk >= FIRST_NATIVE_SDK
        return [*ALWAYS, *([ASK_AIRPLANE, *self._sms_app.commands()] if asks_settings else [])]

    async def read(self, *, thorough: bool) -> Checkup:
        """Whatever a part of it costs or does not tell, the others are told."""
        commands = self.commands(thorough=thorough)
        asks_settings = ASK_AIRPLANE in commands
        said, stderr = await self._ask(commands, THOROUGH_WITHIN if thorough else CHEAP_WITHIN)
        if asks_settings:
            self._airplane_mode = parse_switch(said[ASK_AIRPLANE].text)
        size = sum(len(section.text) for section in said.values())
        sources = await off_the_loop(lambda: self._sources(said, stderr), size)
        sims = await self._sims.read(sources, self._cards_as_before(said))
        sms_app = await self._sms_app.read(said) if asks_settings else self._sms_app.last
        telemetry = await off_the_loop(lambda: self._telemetry(said, sms_app), size)
        return Checkup(sims=None if sims is None else tuple(sims), telemetry=telemetry)

    async def _ask(self, commands: Sequence[str], within: float) -> tuple[Mapping[str, Section], str]:
        """All in one call; those that hang, or that a call was lost with, each in a call of its own."""
        together = [command for command in commands if command not in self._hanging]
        said: dict[str, Section] = {}
        stderr = ""
        try:
            answers = await self._calls.run(*together, within=within)
        except PhoneUnreachable:
            await self._calls.run(uptime.ASK, within=ALIVE_WITHIN)  # else it is the phone that does not answer
            together = []
        else:
            said = dict(zip(together, answers.sections, strict=True))
            stderr = answers.stderr
        alone = [command for command in commands if command not in said]
        told = await self._ask_alone(alone)
        self._hanging = frozenset(alone) - told.keys()
        return dict.fromkeys(commands, _UNSAID) | said | told, stderr

    async def _ask_alone(self, commands: Sequence[str]) -> dict[str, Section]:
        places = asyncio.Semaphore(ALONE_AT_ONCE)

        async def ask(command: str) -> Section | None:
            async with places:
                try:
                    return (await self._calls.run(command, within=ALONE_WITHIN)).sections[0]
                except PhoneUnreachable as error:
                    log.info("a question hangs", phone=shown(self._calls.serial), asked=command, cause=str(error))
                    return None

        answers = await asyncio.gather(*(ask(command) for command in commands))
        return {command: answer for command, answer in zip(commands, answers, strict=True) if answer is not None}

    def _cards_as_before(self, said: Mapping[str, Section]) -> Sequence[KnownCard]:
        """The cards on the books, at the first look at a phone that has been up since they were put there.

        A card that is changed gets another subscription id, unless the phone was set up anew, which starts it.
        """
        remembered, self._remembered = self._remembered, Remembered()
        up_for = uptime.parse_uptime(said[uptime.ASK].text)
        return remembered.cards if is_same_start(remembered.booted_at, up_for, self._clock()) else ()

    def _sources(self, said: Mapping[str, Section], stderr: str) -> CheapSources:
        isub = said[ISUB].text
        subs = parse_isub(isub)
        if subs is None and _NO_TELEPHONY in isub + stderr and self._sdk >= FIRST_SDK_WITH_ISUB:
            subs = []
        return CheapSources(
            properties=parse_getprop(said[GETPROP].text, only="gsm."),
            subs=subs,
            radio=registry.parse_registry(said[registry.ASK].text),
            airplane_mode=self._airplane_mode,
        )

    def _telemetry(self, said: Mapping[str, Section], sms_app: str | None) -> PhoneTelemetry:
        power = battery.parse_battery(said[battery.ASK].text)
        return PhoneTelemetry(
            battery_percent=power.percent,
            is_charging=power.is_charging,
            temperature=power.temperature,
            free_bytes=storage.parse_free_bytes(said[storage.ASK].text),
            uptime_seconds=uptime.parse_uptime(said[uptime.ASK].text),
            airplane_mode=self._airplane_mode,
            sms_app=sms_app,
        )
