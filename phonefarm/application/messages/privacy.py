"""Withholds the messages of blocked senders, and erases texts that are old enough."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import SettingProblem, Topic
from phonefarm.application.ports.storage import Storage, StorageFailing
from phonefarm.domain.blocklist import MOST_PATTERNS, BlockedSender, BlockList, problem_of
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import parse_msisdn
from phonefarm.support.clock import Clock

log = structlog.get_logger(__name__)

ERASE_EVERY_SECONDS = 600.0
MOST_PER_COMMIT = 500
"""Texts that one commit erases: few, so that no message waits long behind it."""


class Privacy:
    """`built_in`: the senders that are withheld until the user changes the list."""

    def __init__(
        self,
        storage: Storage,
        announcer: Announcer,
        clock: Clock,
        built_in: Sequence[BlockedSender],
        *,
        blocks: bool,
        keep_texts: timedelta,
    ) -> None:
        self._storage = storage
        self._announcer = announcer
        self._clock = clock
        self.built_in = tuple(built_in)
        self._blocks = blocks
        self._keep_texts = keep_texts
        self._list = BlockList(self.built_in)

    async def start(self) -> None:
        """Load the user's own list, if there is one."""
        self._list = BlockList(await self.senders())

    def withholds(self, sender: str) -> bool:
        return self._blocks and self._list.entry_for(sender) is not None

    async def senders(self) -> Sequence[BlockedSender]:
        own = await self._storage.read(lambda views: views.blocked_senders())
        return own or self.built_in

    async def save_senders(self, entries: Sequence[BlockedSender]) -> list[SettingProblem]:
        """Save all, or save nothing and return the problems; the `name` of a problem is the entry's index, from 0.

        An empty list restores the built-in one.
        """
        tidy = [BlockedSender(pattern=" ".join(e.pattern.split()), what=e.what.strip()) for e in entries]
        if len(tidy) > MOST_PATTERNS:
            return [SettingProblem(name="", problem=f"More than {MOST_PATTERNS} senders: take some out.")]
        problems = [
            SettingProblem(name=str(place), problem=problem)
            for place, entry in enumerate(tidy)
            if (problem := problem_of(entry.pattern)) is not None
        ]
        if problems:
            return problems
        own = [] if tuple(tidy) == self.built_in else tidy
        await self._storage.write(lambda uow: uow.privacy.set_blocked_senders(own))
        self._list = BlockList(tidy or self.built_in)
        self._announcer.changed(Topic.SETTINGS)
        return []

    async def erase_number(self, number: str) -> str:
        """Erase the texts of a number now; returns what was done, in words."""
        msisdn = parse_msisdn(number)
        if msisdn is None:
            raise KnownError(f"'{number.strip()[:40]}' is no phone number. Write it with its country code.")
        now = self._clock()
        erased, left = await self._storage.write(lambda uow: uow.privacy.erase_number(msisdn, now))
        self._announcer.changed(Topic.MESSAGES, None)
        done = f"{erased} texts of +{msisdn} erased."
        return (
            done
            if not left
            else f"{done} {left} are still to be pushed, or wait for your choice of a SIM, and stay until then."
        )

    async def run(self) -> None:
        """Erase what is old enough, every ten minutes, until cancelled."""
        while True:
            try:
                await self.erase_old()
            except StorageFailing as error:
                log.info("texts could not be erased yet", cause=str(error))
            await asyncio.sleep(ERASE_EVERY_SECONDS)

    async def erase_old(self) -> int:
        now = self._clock()
        before = now - self._keep_texts
        total = count = await self._storage.write(lambda uow: uow.privacy.erase_texts(before, now, MOST_PER_COMMIT))
        while count == MOST_PER_COMMIT:
            count = await self._storage.write(lambda uow: uow.privacy.erase_texts(before, now, MOST_PER_COMMIT))
            total += count
        if total:
            log.info("texts erased", count=total)
            self._announcer.changed(Topic.MESSAGES, None)
        return total
