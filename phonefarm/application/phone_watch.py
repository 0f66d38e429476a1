"""Follows the device list of each adb server and keeps one session for each phone that can be spoken with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

import structlog

from phonefarm.application.events import Announcer
from phonefarm.application.interfaces import Clock, ListedDevice, PhoneBridge, ServerDown
from phonefarm.application.phone_session import LOOK_PATIENCE, PhoneSession
from phonefarm.application.read_models import StoryKind, Topic, Verdict
from phonefarm.application.recall import Recall
from phonefarm.application.sim_inventory import SimInventory
from phonefarm.application.sms_intake import SmsIntake
from phonefarm.application.storage import Storage, StorageFailing, UnitOfWork
from phonefarm.application.tasks import Tasks
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import PhoneId, phone_id, serial_of, server_of
from phonefarm.domain.phones import PhoneFacts, PhoneState, handset_of, state_from_adb

log = structlog.get_logger(__name__)

FIRST_QUESTIONS_AT_ONCE = 8
LONGEST_PAUSE = 10.0
RENTED_CHECK = 1.0
WITHOUT_HINTS_POLL = 3.0

ServerReport = Callable[[str, Verdict, str], None]


class PhoneWatch:
    """The farm's phones: states kept in the database, sessions kept running."""

    def __init__(
        self,
        storage: Storage,
        bridges: Sequence[PhoneBridge],
        inventory: SimInventory,
        intake: SmsIntake,
        announcer: Announcer,
        clock: Clock,
        tasks: Tasks,
        *,
        poll_seconds: float,
        rent_poll_seconds: float,
        report_server: ServerReport,
        patience: float = LOOK_PATIENCE,
    ) -> None:
        """`patience`: seconds without an answer after which a phone is failing."""
        self._storage = storage
        self._bridges = {bridge.server: bridge for bridge in bridges}
        self._inventory = inventory
        self._intake = intake
        self._announcer = announcer
        self._clock = clock
        self._tasks = tasks
        self._poll_seconds = poll_seconds
        self._rent_poll_seconds = rent_poll_seconds
        self._report_server = report_server
        self._patience = patience
        self._speaking: dict[str, frozenset[PhoneId]] = {}
        self._sessions: dict[PhoneId, asyncio.Task[None]] = {}
        self._rented: frozenset[PhoneId] = frozenset()
        self._without_hints: set[PhoneId] = set()
        self._states: dict[PhoneId, tuple[PhoneState, str]] = {}
        self._gate = asyncio.Semaphore(FIRST_QUESTIONS_AT_ONCE)

    async def start(self) -> None:
        """Forget every presence of the last run, then watch all servers in the background."""
        gone = await self._storage.write(lambda uow: self._all_gone(uow, None, "not seen since the start"))
        self._announcer.changed(Topic.PHONES, gone)
        for bridge in self._bridges.values():
            recall = Recall(bridge, self._tasks)
            self._tasks.keep_going(partial(self._watch, bridge, recall), f"adb server {bridge.server}")
        self._tasks.keep_going(self._follow_rents, "phones with rents")

    async def reconnect(self, phone: PhoneId) -> None:
        bridge = self._bridges.get(server_of(phone))
        if bridge is None:
            raise KnownError(f"The adb server {server_of(phone)} is not in the settings any more.")
        await bridge.reconnect(serial_of(phone))

    async def set_state(self, phone: PhoneId, state: PhoneState, detail: str = "") -> None:
        if self._states.get(phone) == (state, detail):
            return
        now = self._clock()
        self._states[phone] = (state, detail)  # at once, as the next one may be told before this one is written
        try:
            changed = await self._storage.write(lambda uow: _note(uow, phone, state, detail, now))
        except Exception:
            if self._states.get(phone) == (state, detail):
                del self._states[phone]
            raise
        if changed:
            self._phone_changed([phone])

    async def set_facts(self, phone: PhoneId, facts: PhoneFacts) -> None:
        await self._storage.write(lambda uow: uow.phones.set_facts(phone, facts))
        self._phone_changed([phone])

    async def note_hints(self, phone: PhoneId, working: bool) -> None:
        (self._without_hints.discard if working else self._without_hints.add)(phone)
        if await self._storage.write(lambda uow: uow.phones.note_hints(phone, working)):
            self._phone_changed([phone])

    def poll_seconds(self, phone: PhoneId) -> float:
        if phone not in self._rented:
            return self._poll_seconds
        if phone in self._without_hints:
            return min(WITHOUT_HINTS_POLL, self._rent_poll_seconds)
        return self._rent_poll_seconds

    async def _watch(self, bridge: PhoneBridge, recall: Recall) -> None:
        pause = 0.5
        while True:
            try:
                version = await bridge.ensure_server()
                self._report_server(bridge.server, Verdict.PASS, f"adb {version} answers")
                pause = 0.5
                async for devices in bridge.device_lists():
                    recall.note_list(devices)
                    await self._apply(bridge, devices)
            except ServerDown as error:
                self._report_server(bridge.server, Verdict.FAIL, str(error))
                recall.note_loss()
                await self._lose_server(bridge, str(error))
            except StorageFailing as error:
                log.error("the device list cannot be recorded", server=bridge.server, cause=str(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _apply(self, bridge: PhoneBridge, devices: Sequence[ListedDevice]) -> None:
        """Bring states and sessions in line with a full device list."""
        listed = {phone_id(device.serial, bridge.server): device for device in devices}
        self._follow_sessions(
            bridge.server,
            frozenset(
                phone for phone, device in listed.items() if state_from_adb(device.adb_state) is PhoneState.STARTING
            ),
        )
        states = {
            phone: self._state_without_session(phone, device)
            for phone, device in listed.items()
            if phone not in self._sessions
        }
        changed = await self._storage.write(lambda uow: self._note_list(uow, bridge.server, frozenset(listed), states))
        self._phone_changed(changed)

    def _follow_sessions(self, server: str, speaking: frozenset[PhoneId]) -> None:
        """One session for each handset that can be spoken with, through whichever server had it first."""
        self._speaking[server] = speaking
        for phone in [phone for phone in self._sessions if server_of(phone) == server and phone not in speaking]:
            self._sessions.pop(phone).cancel()
            self._states.pop(phone, None)
        held = {handset_of(phone) for phone in self._sessions}
        for phone in sorted(frozenset().union(*self._speaking.values()) - self._sessions.keys()):
            if handset_of(phone) in held:
                continue
            held.add(handset_of(phone))
            bridge = self._bridges[server_of(phone)]
            session = PhoneSession(phone, bridge, self._inventory, self._intake, self, self._gate, self._patience)
            self._sessions[phone] = self._tasks.keep_going(session.run, f"phone {phone}")

    def _state_without_session(self, phone: PhoneId, device: ListedDevice) -> tuple[PhoneState, str]:
        state = state_from_adb(device.adb_state)
        if state is not PhoneState.STARTING:
            return state, device.adb_state
        other = next(server_of(other) for other in self._sessions if handset_of(other) == handset_of(phone))
        return PhoneState.DUPLICATE, f"read through the adb server {other}"

    def _note_list(
        self,
        uow: UnitOfWork,
        server: str,
        listed: frozenset[PhoneId],
        states: Mapping[PhoneId, tuple[PhoneState, str]],
    ) -> list[PhoneId]:
        now = self._clock()
        changed = [phone for phone, (state, detail) in states.items() if _note(uow, phone, state, detail, now)]
        gone = [phone for phone in uow.phones.present(server) if phone not in listed]
        return changed + [phone for phone in gone if _note(uow, phone, PhoneState.GONE, "", now)]

    async def _lose_server(self, bridge: PhoneBridge, cause: str) -> None:
        self._follow_sessions(bridge.server, frozenset())
        try:
            gone = await self._storage.write(lambda uow: self._all_gone(uow, bridge.server, cause))
        except StorageFailing as error:
            log.error("lost phones cannot be recorded", server=bridge.server, cause=str(error))
            return
        self._phone_changed(gone)

    def _all_gone(self, uow: UnitOfWork, server: str | None, cause: str) -> list[PhoneId]:
        now = self._clock()
        return [phone for phone in uow.phones.present(server) if _note(uow, phone, PhoneState.GONE, cause, now)]

    async def _follow_rents(self) -> None:
        while True:
            try:
                self._rented = await self._storage.read(lambda views: views.phones_with_open_rents())
            except StorageFailing as error:
                log.error("open rents cannot be read", cause=str(error))
            await asyncio.sleep(RENTED_CHECK)

    def _phone_changed(self, phones: Sequence[PhoneId]) -> None:
        if phones:
            self._announcer.changed(Topic.PHONES, phones)
            self._announcer.changed(Topic.SIMS, None)
            self._announcer.changed(Topic.OVERVIEW)


def _note(uow: UnitOfWork, phone: PhoneId, state: PhoneState, detail: str, now: datetime) -> bool:
    before = uow.phones.state_of(phone)
    changed = uow.phones.note(phone, state, detail, now)
    if before is not state:
        cause = f": {detail}" if detail and detail != state.value else ""
        uow.journal.note(now, Topic.PHONES, phone, StoryKind.PHONE_STATE, f"{state.value.capitalize()}{cause}")
    return changed
