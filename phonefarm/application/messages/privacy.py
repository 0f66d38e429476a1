"""What leaves this PC and how long it stays: senders that are withheld, texts that are erased."""

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

ROUND_EVERY = 600.0
AT_ONCE = 500
"""Texts erased in one commit, so that no message waits long behind it."""


class Privacy:
    """`built_in`: the senders that are withheld as long as the user has not changed the list."""

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
        """Take the user's own list up, where there is one."""
        self._list = BlockList(await self.senders())

    def withholds(self, sender: str) -> bool:
        return self._blocks and self._list.entry_for(sender) is not None

    async def senders(self) -> Sequence[BlockedSender]:
        own = await self._storage.read(lambda views: views.blocked_senders())
        return own or self.built_in

    async def save_senders(self, entries: Sequence[BlockedSender]) -> list[SettingProblem]:
        """Keep all, or keep nothing and say what is wrong; `name` of a problem is the entry's place from 0.

        An empty list brings the built-in one back.
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
        said = f"{erased} texts of +{msisdn} erased."
        return said if not left else f"{said} {left} are still to be pushed or settled, and stay until then."

    async def run(self) -> None:
        """Erase what is old enough, every ten minutes, until cancelled."""
        while True:
            try:
                await self.erase_old()
            except StorageFailing as error:
                log.info("texts could not be erased yet", cause=str(error))
            await asyncio.sleep(ROUND_EVERY)

    async def erase_old(self) -> int:
        now = self._clock()
        before = now - self._keep_texts
        total = count = await self._storage.write(lambda uow: uow.privacy.erase_texts(before, now, AT_ONCE))
        while count == AT_ONCE:
            count = await self._storage.write(lambda uow: uow.privacy.erase_texts(before, now, AT_ONCE))
            total += count
        if total:
            log.info("texts erased", count=total)
            self._announcer.changed(Topic.MESSAGES, None)
        return total
