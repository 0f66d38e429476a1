"""The state of each phone: what it is in, what is shown for it, and what of that is stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import structlog

from phonefarm.application.model import timeline
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import Topic
from phonefarm.application.phones.flap_detector import FlapDetector
from phonefarm.application.phones.tracked_phone import TrackedPhone, TrackedPhones
from phonefarm.application.ports.storage import Storage, UnitOfWork
from phonefarm.domain.hubs import SharedLoss
from phonefarm.domain.ids import PhoneId, server_of
from phonefarm.domain.phones import PhoneFacts, PhoneState, PhoneStatus
from phonefarm.support.clock import Clock

log = structlog.get_logger(__name__)


class PhoneStates:
    """Damps the states of flapping phones, stores what is shown, and announces what changed.

    `clock` dates what is stored; `steady` measures waits and is never set.
    """

    def __init__(
        self, storage: Storage, phones: TrackedPhones, announcer: Announcer, clock: Clock, steady: Clock
    ) -> None:
        self._storage = storage
        self._phones = phones
        self._announcer = announcer
        self._clock = clock
        self._steady = steady
        self.flaps = FlapDetector()

    async def forget_last_run(self) -> None:
        """Store every phone as gone until adb lists it, and load where each was."""
        gone, usb_paths = await self._storage.write(
            lambda uow: (self._store_gone(uow, None, "not seen since the start"), uow.phones.ports())
        )
        for phone_id, usb_path in usb_paths.items():
            self._phones.get(phone_id).usb_path = usb_path
        self._announcer.changed(Topic.PHONES, gone)

    def update(self, phone: TrackedPhone, status: PhoneStatus) -> PhoneStatus:
        """Take over the actual status of a phone; returns the one to show."""
        now = self._steady()
        phone.update_presence(status.state, now)
        return self.flaps.damp(phone.phone_id, status, now)

    async def set_state(self, phone_id: PhoneId, status: PhoneStatus) -> None:
        """Raises StorageFailing; the next call then stores the status again."""
        phone = self._phones.get(phone_id)
        shown = self.update(phone, status)
        if phone.stored_status == shown:
            return
        now = self._clock()
        phone.stored_status = shown  # before the write: another call may come while it runs
        try:
            changed = await self._storage.write(lambda uow: _store_status(uow, phone_id, shown, now))
        except Exception:
            if phone.stored_status == shown:
                phone.stored_status = None
            raise
        if changed:
            self._announce([phone_id])

    async def set_facts(self, phone_id: PhoneId, facts: PhoneFacts) -> None:
        usb_path = self._phones.get(phone_id).usb_path or ""

        def work(uow: UnitOfWork) -> None:
            uow.phones.set_facts(phone_id, facts)
            uow.phones.note_port(phone_id, usb_path)

        await self._storage.write(work)
        self._announce([phone_id])

    async def set_hints(self, phone_id: PhoneId, working: bool) -> None:
        self._phones.get(phone_id).lacks_hints = not working
        if await self._storage.write(lambda uow: uow.phones.note_hints(phone_id, working)):
            self._announce([phone_id])

    async def store_list(
        self,
        server: str,
        listed: Collection[PhoneId],
        states: Mapping[PhoneId, PhoneStatus],
        moved: Mapping[PhoneId, str],
    ) -> None:
        """Store a complete device list: `states` to show, `moved` phones with their new USB paths."""
        now = self._clock()

        def work(uow: UnitOfWork) -> list[PhoneId]:
            changed = [phone for phone, status in states.items() if _store_status(uow, phone, status, now)]
            for phone, usb_path in moved.items():
                uow.phones.note_port(phone, usb_path)
            gone = [phone for phone in uow.phones.present(server) if phone not in listed and phone not in states]
            return changed + [phone for phone in gone if _store_status(uow, phone, PhoneStatus(PhoneState.GONE), now)]

        self._announce(await self._storage.write(work))

    async def lose_server(self, server: str, cause: str) -> None:
        """All phones of the server are gone. Raises StorageFailing."""
        for phone in self.not_gone(server):
            # Also those that are damped: the end of the damping would show the state before the loss.
            self.update(phone, PhoneStatus(PhoneState.GONE, cause))
        self._announce(await self._storage.write(lambda uow: self._store_gone(uow, server, cause)))

    def not_gone(self, server: str) -> list[TrackedPhone]:
        """Phones of the server that are shown as something else than gone."""
        return [self._phones.get(phone_id) for phone_id in self.flaps.not_gone() if server_of(phone_id) == server]

    async def apply_elapsed_time(self) -> None:
        """Store what only time shows: dampings that ended, and phones that left together. Raises StorageFailing."""
        now = self._steady()
        for phone_id, status in self.flaps.ended_dampings(now).items():
            if self._phones.has_session(phone_id) or status.state not in (PhoneState.READY, PhoneState.STARTING):
                await self.set_state(phone_id, status)
        staying = {presence.phone_id: self._usb_path(presence.phone_id) for presence in self._phones.present()}
        for shared in self.flaps.new_shared_losses(staying, now):
            await self._store_shared_loss(shared)

    def shared_losses(self) -> list[SharedLoss]:
        """Phones that left within seconds of each other and are still gone."""
        return self.flaps.unresolved_shared_losses(lambda phone_id: self._phones.get(phone_id).presence is None)

    def _usb_path(self, phone_id: PhoneId) -> str:
        return self._phones.get(phone_id).usb_path or ""

    def _store_gone(self, uow: UnitOfWork, server: str | None, cause: str) -> list[PhoneId]:
        now, status = self._clock(), PhoneStatus(PhoneState.GONE, cause)
        return [phone for phone in uow.phones.present(server) if _store_status(uow, phone, status, now)]

    async def _store_shared_loss(self, shared: SharedLoss) -> None:
        now = self._clock()
        log.warning("phones left together", count=len(shared.phones), hub=shared.hub)
        happening = timeline.phones_left(len(shared.phones) - 1, shared.hub)

        def work(uow: UnitOfWork) -> None:
            for phone in shared.phones:
                uow.journal.note(now, Topic.PHONES, phone, happening)

        await self._storage.write(work)
        self._announce(shared.phones)

    def _announce(self, phones: Sequence[PhoneId]) -> None:
        if phones:
            self._announcer.changed(Topic.PHONES, phones)
            self._announcer.changed(Topic.SIMS, None)
            self._announcer.changed(Topic.OVERVIEW)


def _store_status(uow: UnitOfWork, phone: PhoneId, status: PhoneStatus, now: datetime) -> bool:
    """Store it, with a timeline entry if the state is new; returns whether anything changed."""
    before = uow.phones.state_of(phone)
    changed = uow.phones.note(phone, status.state, status.detail, now, status.cause)
    if before is not status.state:
        uow.journal.note(now, Topic.PHONES, phone, timeline.phone_state(status.state, status.detail))
    return changed
