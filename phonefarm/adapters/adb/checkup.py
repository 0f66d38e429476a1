"""Reads a check-up of a phone, its SIMs and its condition: all native commands in one shell call."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import structlog

from phonefarm.adapters.adb import battery, registry, storage, uptime
from phonefarm.adapters.adb.getprop import parse_getprop
from phonefarm.adapters.adb.isub import parse_isub
from phonefarm.adapters.adb.phone_calls import PhoneCalls, run_off_loop
from phonefarm.adapters.adb.phone_settings import AIRPLANE_COMMAND, FIRST_NATIVE_SDK, parse_switch
from phonefarm.adapters.adb.script import Section
from phonefarm.adapters.adb.sim_reading import FIRST_SDK_WITH_ISUB, SimReader
from phonefarm.adapters.adb.sim_sources import GETPROP, ISUB, CheapSources
from phonefarm.adapters.adb.smart_socket import printable
from phonefarm.adapters.adb.sms_app import SmsApp
from phonefarm.application.ports.world import Checkup, KnownCard, PhoneUnreachable, Probe, Remembered
from phonefarm.domain.telemetry import PhoneTelemetry, is_same_start
from phonefarm.support.clock import Clock

log = structlog.get_logger(__name__)

BASIC_TIMEOUT_SECONDS = 20.0
THOROUGH_TIMEOUT_SECONDS = 40.0
ALIVE_TIMEOUT_SECONDS = 5.0
SINGLE_TIMEOUT_SECONDS = 15.0
MAX_SINGLE_CALLS = 3
BASIC_COMMANDS = (GETPROP, ISUB, registry.COMMAND, battery.COMMAND, uptime.COMMAND, storage.COMMAND)
_NO_TELEPHONY = "Can't find service: isub"
_NO_ANSWER = Section(text="", exit_code=1)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class CheckupReader:
    """Remembers the values that only thorough check-ups ask for, and which commands hang."""

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
        """The commands of the first call; more follow if its answers leave something open."""
        asks_settings = thorough or self._sdk >= FIRST_NATIVE_SDK
        return [*BASIC_COMMANDS, *([AIRPLANE_COMMAND, *self._sms_app.commands()] if asks_settings else [])]

    async def read(self, *, thorough: bool) -> Checkup:
        """A part that fails or is not understood does not affect the others."""
        commands = self.commands(thorough=thorough)
        asks_settings = AIRPLANE_COMMAND in commands
        answers, stderr = await self._ask(commands, THOROUGH_TIMEOUT_SECONDS if thorough else BASIC_TIMEOUT_SECONDS)
        if asks_settings:
            self._airplane_mode = parse_switch(answers[AIRPLANE_COMMAND].text)
        size = sum(len(section.text) for section in answers.values())
        sources = await run_off_loop(partial(self._sources, answers, stderr), size)
        sims = await self._sims.read(sources, self._cards_since_boot(answers))
        sms_app = await self._sms_app.read(answers) if asks_settings else self._sms_app.last
        telemetry = await run_off_loop(partial(self._telemetry, answers, sms_app), size)
        return Checkup(sims=None if sims is None else tuple(sims), telemetry=telemetry)

    async def _ask(self, commands: Sequence[str], within: float) -> tuple[Mapping[str, Section], str]:
        """All in one call. Commands that hang get a call each; so do all of them after a failed call."""
        together = [command for command in commands if command not in self._hanging]
        answers: dict[str, Section] = {}
        stderr = ""
        try:
            output = await self._calls.run(*together, within=within)
        except PhoneUnreachable:
            # Raises if the phone itself does not answer.
            await self._calls.run(uptime.COMMAND, within=ALIVE_TIMEOUT_SECONDS)
            together = []
        else:
            answers = dict(zip(together, output.sections, strict=True))
            stderr = output.stderr
        missing = [command for command in commands if command not in answers]
        late = await self._ask_one_by_one(missing)
        self._hanging = frozenset(missing) - late.keys()
        return dict.fromkeys(commands, _NO_ANSWER) | answers | late, stderr

    async def _ask_one_by_one(self, commands: Sequence[str]) -> dict[str, Section]:
        slots = asyncio.Semaphore(MAX_SINGLE_CALLS)

        async def ask(command: str) -> Section | None:
            async with slots:
                try:
                    return (await self._calls.run(command, within=SINGLE_TIMEOUT_SECONDS)).sections[0]
                except PhoneUnreachable as error:
                    log.info("a command hangs", phone=printable(self._calls.serial), command=command, cause=str(error))
                    return None

        answers = await asyncio.gather(*(ask(command) for command in commands))
        return {command: answer for command, answer in zip(commands, answers, strict=True) if answer is not None}

    def _cards_since_boot(self, answers: Mapping[str, Section]) -> Sequence[KnownCard]:
        """The stored cards, at the first check-up of a phone that has not been restarted since they were stored.

        Until then a swapped card gets another subscription id. Only a factory reset, which includes a restart, reuses
        the ids.
        """
        remembered, self._remembered = self._remembered, Remembered()
        up_for = uptime.parse_uptime(answers[uptime.COMMAND].text)
        return remembered.cards if is_same_start(remembered.booted_at, up_for, self._clock()) else ()

    def _sources(self, answers: Mapping[str, Section], stderr: str) -> CheapSources:
        isub = answers[ISUB].text
        subs = parse_isub(isub)
        if subs is None and _NO_TELEPHONY in isub + stderr and self._sdk >= FIRST_SDK_WITH_ISUB:
            subs = []
        return CheapSources(
            properties=parse_getprop(answers[GETPROP].text, prefix="gsm."),
            subs=subs,
            radio=registry.parse_registry(answers[registry.COMMAND].text),
            airplane_mode=self._airplane_mode,
        )

    def _telemetry(self, answers: Mapping[str, Section], sms_app: str | None) -> PhoneTelemetry:
        power = battery.parse_battery(answers[battery.COMMAND].text)
        return PhoneTelemetry(
            battery_percent=power.percent,
            is_charging=power.is_charging,
            temperature=power.temperature,
            free_bytes=storage.parse_free_bytes(answers[storage.COMMAND].text),
            uptime_seconds=uptime.parse_uptime(answers[uptime.COMMAND].text),
            airplane_mode=self._airplane_mode,
            sms_app=sms_app,
        )
