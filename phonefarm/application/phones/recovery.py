"""Repairs failing connections without the user: takes the steps of the recovery ladder, the mildest first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from phonefarm.application.model import timeline
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import Topic
from phonefarm.application.phones.tracked_phone import Presence
from phonefarm.application.ports.storage import Storage, StorageFailing, UnitOfWork
from phonefarm.application.ports.world import PhoneBridge
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import PhoneId, serial_of, server_of
from phonefarm.domain.phones import PhoneState, is_address
from phonefarm.domain.recovery import IN_TROUBLE, Server, Step, Trouble, next_step
from phonefarm.support.clock import Clock

log = structlog.get_logger(__name__)

CHECK_SECONDS = 1.0
CASE_KEPT_FOR = timedelta(minutes=2)
"""A step makes a phone vanish for a moment; one that stays away for longer was unplugged."""
_CONNECTION_WORKS = frozenset({PhoneState.READY, PhoneState.UNSTEADY, PhoneState.WITHHELD, PhoneState.NOT_UNDERSTOOD})
_AT_WORK = _CONNECTION_WORKS | {PhoneState.STARTING}


@dataclass
class _Case:
    """A phone in trouble; `since` and `seen_at` by the steady clock."""

    since: datetime
    seen_at: datetime
    """When it was last listed with a failing connection."""
    tried: dict[Step, datetime] = field(default_factory=dict)


PresentPhones = Callable[[str], Collection[Presence]]
"""The phones that an adb server lists now."""
OnDropped = Callable[[PhoneId], None]
"""Called with a phone over TCP that was dropped and did not answer when it was connected again."""


class Recovery:
    """Follows the phones in trouble and takes the next step for each when it is due.

    `clock` dates timeline entries; `steady` measures waits and is never set.

    `hurry` divides all waits; it differs from 1 in tests only.
    """

    def __init__(
        self,
        storage: Storage,
        bridges: Sequence[PhoneBridge],
        present_phones: PresentPhones,
        announcer: Announcer,
        clock: Clock,
        steady: Clock,
        on_dropped: OnDropped,
        *,
        hurry: float = 1.0,
    ) -> None:
        self._storage = storage
        self._bridges = bridges
        self._present_phones = present_phones
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
        """One loop for each server, so that a hanging server does not delay the others."""
        async with asyncio.TaskGroup() as group:
            for bridge in self._bridges:
                group.create_task(self._follow_server(bridge), name=f"recovery on {bridge.server}")

    async def _follow_server(self, bridge: PhoneBridge) -> None:
        while True:
            await self._take_due_steps(bridge)
            await asyncio.sleep(CHECK_SECONDS / self._hurry)

    async def _take_due_steps(self, bridge: PhoneBridge) -> None:
        phones = self._present_phones(bridge.server)
        self._update_cases(bridge.server, phones)
        for phone_id in [phone.phone_id for phone in phones if phone.phone_id in self._cases]:
            due = self._due_step(phone_id, bridge)
            if due is not None:
                await self._take_step(*due, bridge)

    def _due_step(self, phone_id: PhoneId, bridge: PhoneBridge) -> tuple[Step, Presence] | None:
        """By the state at this moment: the steps for other phones may have taken long."""
        phones = {phone.phone_id: phone for phone in self._present_phones(bridge.server)}
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

    def _update_cases(self, server: str, phones: Collection[Presence]) -> None:
        """Open a case when trouble begins, close it when it is over; a phone dropped by a step keeps its case."""
        now = self._steady()
        for phone in phones:
            if phone.state in IN_TROUBLE and phone.phone_id not in self._cases:
                self._cases[phone.phone_id] = _Case(since=phone.since, seen_at=now)
        by_id = {phone.phone_id: phone for phone in phones}
        for phone_id, case in list(self._cases.items()):
            if server_of(phone_id) != server:
                continue
            phone_now = by_id.get(phone_id)
            if phone_now is not None and phone_now.state not in _CONNECTION_WORKS:
                case.seen_at = now
            elif phone_now is not None or now - case.seen_at > CASE_KEPT_FOR:
                del self._cases[phone_id]

    async def _take_step(self, step: Step, phone: Presence, bridge: PhoneBridge) -> None:
        now = self._steady()
        affected = [phone.phone_id]
        self._cases[phone.phone_id].tried[step] = now
        if step is Step.RECONNECT_OFFLINE:
            for other in self._present_phones(bridge.server):
                if other.state is PhoneState.OFFLINE and other.phone_id in self._cases:
                    self._cases[other.phone_id].tried[step] = now
                    affected.append(other.phone_id)
        elif step is Step.RESTART_ADB:
            self._restarted[bridge.server] = now
            affected += [other.phone_id for other in self._present_phones(bridge.server)]
        problem = await self._run_step(step, phone, bridge)
        log.info("recovery", step=step.value, phone=phone.phone_id, problem=problem)
        happening = timeline.recovery_step(step) if problem is None else timeline.recovery_failed(step, problem)
        await self._note(sorted(set(affected)), happening)

    async def _run_step(self, step: Step, phone: Presence, bridge: PhoneBridge) -> str | None:
        """Returns the problem if the step failed; whether it helped is seen later."""
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

    async def _note(self, phones: Sequence[PhoneId], happening: timeline.Happening) -> None:
        now = self._clock()

        def work(uow: UnitOfWork) -> None:
            for phone_id in phones:
                uow.journal.note(now, Topic.PHONES, phone_id, happening)

        try:
            await self._storage.write(work)
        except StorageFailing as error:
            log.info("a recovery step could not be stored", cause=str(error))
        self._announcer.changed(Topic.PHONES, phones)
