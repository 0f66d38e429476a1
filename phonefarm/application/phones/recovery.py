"""Takes the steps of the ladder: connections that fail are made anew without the user, mildest way first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from phonefarm.application.model import timeline
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import Topic
from phonefarm.application.ports.storage import Storage, StorageFailing, UnitOfWork
from phonefarm.application.ports.world import PhoneBridge
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import PhoneId, serial_of, server_of
from phonefarm.domain.phones import PhoneState, is_address
from phonefarm.domain.recovery import IN_TROUBLE, Server, Step, Trouble, next_step
from phonefarm.support.clock import Clock

log = structlog.get_logger(__name__)

EVERY = 1.0
CASE_KEPT_FOR = timedelta(minutes=2)
"""A step makes a phone vanish for a moment; one that stays away for longer was unplugged."""
_WELL_AGAIN = frozenset({PhoneState.READY, PhoneState.UNSTEADY, PhoneState.WITHHELD, PhoneState.NOT_UNDERSTOOD})
"""Whatever else ails these, their connections work."""
_AT_WORK = _WELL_AGAIN | {PhoneState.STARTING}


@dataclass(frozen=True, kw_only=True)
class PhoneNow:
    """A phone that adb lists, as the watch sees it."""

    phone_id: PhoneId
    state: PhoneState
    since: datetime
    usb_path: str


@dataclass
class _Case:
    since: datetime
    seen_at: datetime
    tried: dict[Step, datetime] = field(default_factory=dict)


PhonesNow = Callable[[str], Collection[PhoneNow]]
"""The phones that one adb server lists."""
OnDropped = Callable[[PhoneId], None]
"""Hears of a phone over TCP that was dropped and did not answer when it was connected anew."""


class Recovery:
    """`clock` dates what is told; waits are measured by `steady`, which no clock change moves.

    `hurry` divides all waits of the ladder; other than 1 in tests only.
    """

    def __init__(
        self,
        storage: Storage,
        bridges: Sequence[PhoneBridge],
        phones_now: PhonesNow,
        announcer: Announcer,
        clock: Clock,
        steady: Clock,
        on_dropped: OnDropped,
        *,
        hurry: float = 1.0,
    ) -> None:
        self._storage = storage
        self._bridges = bridges
        self._phones_now = phones_now
        self._announcer = announcer
        self._clock = clock
        self._steady = steady
        self._on_dropped = on_dropped
        self._hurry = hurry
        self._cases: dict[PhoneId, _Case] = {}
        self._restarted: dict[str, datetime] = {}

    @property
    def cases(self) -> frozenset[PhoneId]:
        return frozenset(self._cases)

    async def run(self) -> None:
        """One loop a server: one that hangs keeps no other waiting."""
        async with asyncio.TaskGroup() as group:
            for bridge in self._bridges:
                group.create_task(self._tend_on(bridge), name=f"recovery on {bridge.server}")

    async def _tend_on(self, bridge: PhoneBridge) -> None:
        while True:
            await self._tend(bridge)
            await asyncio.sleep(EVERY / self._hurry)

    async def _tend(self, bridge: PhoneBridge) -> None:
        phones = self._phones_now(bridge.server)
        self._follow(bridge.server, phones)
        for phone_id in [phone.phone_id for phone in phones if phone.phone_id in self._cases]:
            step = self._step_for(phone_id, bridge)
            if step is not None:
                await self._take(step[0], step[1], bridge)

    def _step_for(self, phone_id: PhoneId, bridge: PhoneBridge) -> tuple[Step, PhoneNow] | None:
        """By how things stand at this moment: the steps before may have taken their time."""
        phones = {phone.phone_id: phone for phone in self._phones_now(bridge.server)}
        phone, case = phones.get(phone_id), self._cases.get(phone_id)
        if phone is None or case is None:
            return None
        step = next_step(
            Trouble(state=phone.state, since=case.since, tried=case.tried),
            Server(
                phones_at_work=sum(other.state in _AT_WORK for other in phones.values()),
                may_restart=bridge.may_restart,
                restarted_at=self._restarted.get(bridge.server),
                can_reset_usb=bool(phone.usb_path) and bridge.can_reset_usb(phone.usb_path),
            ),
            self._steady(),
            hurry=self._hurry,
        )
        return None if step is None else (step, phone)

    def _follow(self, server: str, phones: Collection[PhoneNow]) -> None:
        """A case is opened when trouble begins and closed when it is over; a step in between does not end it."""
        now = self._steady()
        for phone in phones:
            if phone.state in IN_TROUBLE and phone.phone_id not in self._cases:
                self._cases[phone.phone_id] = _Case(since=phone.since, seen_at=now)
        by_id = {phone.phone_id: phone for phone in phones}
        for phone_id, case in list(self._cases.items()):
            if server_of(phone_id) != server:
                continue
            known = by_id.get(phone_id)
            if known is not None and known.state not in _WELL_AGAIN:
                case.seen_at = now
            elif known is not None or now - case.seen_at > CASE_KEPT_FOR:
                del self._cases[phone_id]

    async def _take(self, step: Step, phone: PhoneNow, bridge: PhoneBridge) -> None:
        now = self._steady()
        concerned = [phone.phone_id]
        self._cases[phone.phone_id].tried[step] = now
        if step is Step.RECONNECT_OFFLINE:
            for other in self._phones_now(bridge.server):
                if other.state is PhoneState.OFFLINE and other.phone_id in self._cases:
                    self._cases[other.phone_id].tried[step] = now
                    concerned.append(other.phone_id)
        elif step is Step.RESTART_ADB:
            self._restarted[bridge.server] = now
            concerned += [other.phone_id for other in self._phones_now(bridge.server)]
        problem = await self._try(step, phone, bridge)
        log.info("recovery", step=step.value, phone=phone.phone_id, problem=problem)
        happening = timeline.recovery_step(step) if problem is None else timeline.recovery_failed(step, problem)
        await self._tell(sorted(set(concerned)), happening)

    async def _try(self, step: Step, phone: PhoneNow, bridge: PhoneBridge) -> str | None:
        """The problem, or None where the step could be taken; whether it helped is seen later."""
        try:
            match step:
                case Step.RECONNECT:
                    await bridge.reconnect(serial_of(phone.phone_id))
                case Step.RECONNECT_OFFLINE:
                    await bridge.reconnect_offline()
                case Step.RESET_USB:
                    await bridge.reset_usb(phone.usb_path)
                case Step.RESTART_ADB:
                    await bridge.restart()
        except KnownError as error:
            if step is Step.RECONNECT and is_address(serial_of(phone.phone_id)):
                self._on_dropped(phone.phone_id)
            return str(error)
        return None

    async def _tell(self, phones: Sequence[PhoneId], happening: timeline.Happening) -> None:
        now = self._clock()

        def work(uow: UnitOfWork) -> None:
            for phone_id in phones:
                uow.journal.note(now, Topic.PHONES, phone_id, happening)

        try:
            await self._storage.write(work)
        except StorageFailing as error:
            log.info("a recovery step could not be recorded", cause=str(error))
        self._announcer.changed(Topic.PHONES, phones)
