"""Follows the device list of each adb server and keeps one session for each phone that can be spoken with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial

import structlog

from phonefarm.application.messages.intake import SmsIntake
from phonefarm.application.model import timeline
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import Topic, Verdict
from phonefarm.application.phones.flap_detector import FlapDetector
from phonefarm.application.phones.handsets import Handsets
from phonefarm.application.phones.health import PhoneHealth
from phonefarm.application.phones.introductions import Introductions
from phonefarm.application.phones.recovery import PhoneNow, Recovery
from phonefarm.application.phones.session import LOOK_PATIENCE, PhoneSession
from phonefarm.application.phones.tcp_reconnect import TcpReconnector
from phonefarm.application.ports.storage import Storage, StorageFailing, UnitOfWork
from phonefarm.application.ports.world import ListedDevice, PhoneBridge, PhoneUnreachable, ServerDown
from phonefarm.application.sims.inventory import SimInventory
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import Health, HealthKind, health, problem
from phonefarm.domain.hubs import Loss, SharedLoss, trunk_of, usb_path
from phonefarm.domain.ids import PhoneId, phone_id, serial_of, server_of
from phonefarm.domain.naming import Listed, name_with_port, names_of
from phonefarm.domain.phones import (
    PhoneFacts,
    PhoneState,
    PhoneStatus,
    StateCause,
    is_address,
    state_from_adb,
    status_from_adb,
)
from phonefarm.support.clock import Clock
from phonefarm.support.tasks import Tasks

log = structlog.get_logger(__name__)

LONGEST_PAUSE = 10.0
RENTED_CHECK = 1.0
WITHOUT_HINTS_POLL = 3.0
"""Seconds between two looks at a rented phone that does not announce its messages."""
IDLE_WITHOUT_HINTS_POLL = 8.0
"""The same for one without a rent: quicker than its neighbours, and still cheap."""
COMINGS_CHECK = 1.0

ServerReport = Callable[[str, Verdict, Health], None]


class PhoneWatch:
    """The farm's phones: states kept in the database, sessions kept running."""

    def __init__(
        self,
        storage: Storage,
        bridges: Sequence[PhoneBridge],
        inventory: SimInventory,
        intake: SmsIntake,
        health: PhoneHealth,
        announcer: Announcer,
        clock: Clock,
        tasks: Tasks,
        *,
        poll_seconds: float,
        rent_poll_seconds: float,
        report_server: ServerReport,
        patience: float = LOOK_PATIENCE,
        steady: Clock | None = None,
        hurry: float = 1.0,
    ) -> None:
        """`patience`: seconds without an answer after which a phone is failing.

        `steady`: a clock that nobody sets, for waits; `hurry` as `Recovery` has it.
        """
        self._storage = storage
        self._bridges = {bridge.server: bridge for bridge in bridges}
        self._inventory = inventory
        self._intake = intake
        self._health = health
        self._announcer = announcer
        self._clock = clock
        self._steady = steady or clock
        self._tasks = tasks
        self._poll_seconds = poll_seconds
        self._rent_poll_seconds = rent_poll_seconds
        self._report_server = report_server
        self._patience = patience
        self._speaking: dict[str, frozenset[PhoneId]] = {}
        self._sessions: dict[PhoneId, asyncio.Task[None]] = {}
        self._rented: frozenset[PhoneId] = frozenset()
        self._without_hints: set[PhoneId] = set()
        self._states: dict[PhoneId, PhoneStatus] = {}
        self._now: dict[PhoneId, PhoneNow] = {}
        self._handsets = Handsets(self._bridges, self._sessions.keys())
        self._ports: dict[PhoneId, str] = {}
        """Of every phone ever seen: it tells apart those that share a serial."""
        self._devices: dict[str, Sequence[ListedDevice]] = {}
        self._comings = FlapDetector()
        self._recalls = {bridge.server: TcpReconnector(bridge, tasks) for bridge in bridges}
        self._recovery = Recovery(
            storage, bridges, self._phones_now, announcer, clock, self._steady, self._want_back, hurry=hurry
        )
        self._introductions = Introductions()

    async def start(self) -> None:
        """Forget every presence of the last run, then watch all servers in the background."""
        gone, self._ports = await self._storage.write(
            lambda uow: (self._all_gone(uow, None, "not seen since the start"), uow.phones.ports())
        )
        self._announcer.changed(Topic.PHONES, gone)
        self._rented = await self._storage.read(lambda views: views.phones_with_open_rents())
        for bridge in self._bridges.values():
            watch = partial(self._watch, bridge, self._recalls[bridge.server])
            self._tasks.keep_going(watch, f"adb server {bridge.server}")
        self._tasks.keep_going(self._follow_rents, "phones with rents")
        self._tasks.keep_going(self._follow_comings, "phones that come and go")
        self._tasks.keep_going(self._recovery.run, "recovery")

    async def reconnect(self, phone: PhoneId) -> None:
        bridge = self._bridges.get(server_of(phone))
        if bridge is None:
            raise KnownError(f"The adb server {server_of(phone)} is not in the settings any more.")
        try:
            await bridge.reconnect(serial_of(phone))
        except PhoneUnreachable:
            if is_address(serial_of(phone)):
                self._want_back(phone)
            raise

    def present(self) -> frozenset[PhoneId]:
        """Phones that are listed now, whatever is shown of them."""
        return frozenset(self._now)

    def troubled(self) -> frozenset[PhoneId]:
        """Phones that the ladder is at work on."""
        return self._recovery.cases

    def left_together(self) -> list[SharedLoss]:
        """Phones that left within seconds of each other and are still gone."""
        return self._comings.together(lambda phone: phone not in self._now)

    async def set_state(
        self, phone: PhoneId, state: PhoneState, detail: str = "", cause: StateCause = StateCause.NONE
    ) -> None:
        shown = self._shown(phone, PhoneStatus(state, detail, cause))
        if self._states.get(phone) == shown:
            return
        now = self._clock()
        self._states[phone] = shown  # at once, as the next one may be told before this one is written
        try:
            changed = await self._storage.write(lambda uow: _note(uow, phone, shown, now))
        except Exception:
            if self._states.get(phone) == shown:
                del self._states[phone]
            raise
        if changed:
            self._phone_changed([phone])

    async def set_facts(self, phone: PhoneId, facts: PhoneFacts) -> None:
        def work(uow: UnitOfWork) -> None:
            uow.phones.set_facts(phone, facts)
            uow.phones.note_port(phone, self._ports.get(phone, ""))

        await self._storage.write(work)
        self._phone_changed([phone])

    async def note_hints(self, phone: PhoneId, working: bool) -> None:
        (self._without_hints.discard if working else self._without_hints.add)(phone)
        if await self._storage.write(lambda uow: uow.phones.note_hints(phone, working)):
            self._phone_changed([phone])

    async def other_way_to(self, phone: PhoneId, hardware: str) -> PhoneId | None:
        other = await self._handsets.other_way_to(phone, hardware)
        if other is None and (twin := self._handsets.twin_of(phone)) is not None:
            self._tasks.start(self._name_anew(phone), f"a name for {phone}")
            return twin  # until it has that name
        return other

    def poll_seconds(self, phone: PhoneId) -> float:
        if phone not in self._rented:
            quicker = min(IDLE_WITHOUT_HINTS_POLL, self._poll_seconds)
            return quicker if phone in self._without_hints else self._poll_seconds
        if phone in self._without_hints:
            return min(WITHOUT_HINTS_POLL, self._rent_poll_seconds)
        return self._rent_poll_seconds

    def is_rented(self, phone: PhoneId) -> bool:
        return phone in self._rented

    def hub_of(self, phone: PhoneId) -> str:
        trunk = trunk_of(self._ports.get(phone, ""))
        return f"{trunk}@{server_of(phone)}" if trunk else ""

    async def _watch(self, bridge: PhoneBridge, recall: TcpReconnector) -> None:
        pause = 0.5
        while True:
            try:
                version = await bridge.ensure_server()
                self._report_server(bridge.server, Verdict.PASS, health(HealthKind.ADB_ANSWERS, version=version))
                pause = 0.5
                async for devices in bridge.device_lists():
                    recall.note_list(devices)
                    await self._apply(bridge, devices)
            except ServerDown as error:
                self._report_server(bridge.server, Verdict.FAIL, problem(str(error)))
                recall.note_loss()
                await self._lose_server(bridge, str(error))
            except StorageFailing as error:
                log.error("the device list cannot be recorded", server=bridge.server, cause=str(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _apply(self, bridge: PhoneBridge, devices: Sequence[ListedDevice]) -> None:
        """Bring states and sessions in line with a full device list."""
        self._devices[bridge.server] = devices
        named = self._named(bridge.server, devices)
        bridge.address(named)
        listed = {phone_id(name, bridge.server): device for name, device in named.items()}
        self._note_losses(bridge.server, listed)
        ports = {phone: usb_path(device.detail) for phone, device in listed.items() if "usb:" in device.detail}
        moved = {phone: port for phone, port in ports.items() if self._ports.get(phone) != port}
        self._ports |= moved
        self._follow_sessions(
            bridge.server,
            frozenset(
                phone for phone, device in listed.items() if state_from_adb(device.adb_state) is PhoneState.STARTING
            ),
        )
        states = {
            phone: self._shown(phone, status_from_adb(device.adb_state))
            for phone, device in listed.items()
            if phone not in self._sessions
        }
        left = [
            phone for phone in self._comings.not_gone() if server_of(phone) == bridge.server and phone not in listed
        ]
        states |= {phone: self._shown(phone, PhoneStatus(PhoneState.GONE)) for phone in left}
        changed = await self._storage.write(
            lambda uow: self._note_list(uow, bridge.server, listed.keys(), states, moved)
        )
        self._phone_changed(changed)

    def _named(self, server: str, devices: Sequence[ListedDevice]) -> dict[str, ListedDevice]:
        known = {serial_of(phone): port for phone, port in self._ports.items() if server_of(phone) == server}
        names = names_of([Listed(serial=device.serial, detail=device.detail) for device in devices], known)
        return dict(zip(names, devices, strict=True))

    async def _name_anew(self, phone: PhoneId) -> None:
        """Another handset of the same serial is read through another adb server: this one is known by its port, too."""
        server, serial = server_of(phone), serial_of(phone)
        device = next((device for device in self._devices.get(server, ()) if device.serial == serial), None)
        if device is None:
            return
        name = name_with_port(Listed(serial=serial, detail=device.detail))
        log.warning("two handsets bear one serial", serial=serial, server=server, known_as=name)
        self._ports[phone_id(name, server)] = usb_path(device.detail)
        self._ports.pop(phone, None)
        await self._apply(self._bridges[server], self._devices[server])

    def _note_losses(self, server: str, listed: Mapping[PhoneId, ListedDevice]) -> None:
        """Phones that worked and that adb does not reach any more."""
        now = self._steady()
        worked = [phone for phone in self._sessions if server_of(phone) == server and self._works(phone)]
        self._comings.note_losses(
            Loss(phone_id=phone, usb_path=self._ports.get(phone, ""), at=now)
            for phone in sorted(worked)
            if phone not in listed or state_from_adb(listed[phone].adb_state) is not PhoneState.STARTING
        )
        for phone in [phone for phone in self._now if server_of(phone) == server and phone not in listed]:
            del self._now[phone]

    def _works(self, phone: PhoneId) -> bool:
        known = self._now.get(phone)
        return known is not None and known.state in (PhoneState.READY, PhoneState.STARTING)

    def _shown(self, phone: PhoneId, status: PhoneStatus) -> PhoneStatus:
        """Note the status that a phone has, and say which one is shown for it."""
        now, state = self._steady(), status.state
        before = self._now.get(phone)
        if state is PhoneState.GONE:
            self._now.pop(phone, None)
        elif before is None or before.state is not state:
            self._now[phone] = PhoneNow(phone_id=phone, state=state, since=now, usb_path=self._ports.get(phone, ""))
        return self._comings.shown(phone, status, now)

    def _want_back(self, phone: PhoneId) -> None:
        self._recalls[server_of(phone)].want(serial_of(phone))

    def _phones_now(self, server: str) -> list[PhoneNow]:
        return [known for phone, known in self._now.items() if server_of(phone) == server]

    def _follow_sessions(self, server: str, speaking: frozenset[PhoneId]) -> None:
        """One session for each phone that can be spoken with; it finds out whether its handset is read already."""
        self._speaking[server] = speaking
        for phone in [phone for phone in self._sessions if server_of(phone) == server and phone not in speaking]:
            self._sessions.pop(phone).cancel()
            self._states.pop(phone, None)
            self._handsets.forget(phone)
        new = frozenset().union(*self._speaking.values()) - self._sessions.keys()
        for phone in sorted(new, key=lambda phone: (phone not in self._rented, phone)):
            bridge = self._bridges[server_of(phone)]
            session = PhoneSession(
                phone, bridge, self._inventory, self._intake, self._health, self, self._introductions, self._patience
            )
            self._sessions[phone] = self._tasks.keep_going(session.run, f"phone {phone}")

    def _note_list(
        self,
        uow: UnitOfWork,
        server: str,
        listed: Collection[PhoneId],
        states: Mapping[PhoneId, PhoneStatus],
        moved: Mapping[PhoneId, str],
    ) -> list[PhoneId]:
        now = self._clock()
        changed = [phone for phone, status in states.items() if _note(uow, phone, status, now)]
        for phone, port in moved.items():
            uow.phones.note_port(phone, port)
        gone = [phone for phone in uow.phones.present(server) if phone not in listed and phone not in states]
        return changed + [phone for phone in gone if _note(uow, phone, PhoneStatus(PhoneState.GONE), now)]

    async def _lose_server(self, bridge: PhoneBridge, cause: str) -> None:
        self._follow_sessions(bridge.server, frozenset())
        for phone in [phone for phone in self._comings.not_gone() if server_of(phone) == bridge.server]:
            self._shown(
                phone, PhoneStatus(PhoneState.GONE, cause)
            )  # else its end of damping would show it as it was before
        try:
            gone = await self._storage.write(lambda uow: self._all_gone(uow, bridge.server, cause))
        except StorageFailing as error:
            log.error("lost phones cannot be recorded", server=bridge.server, cause=str(error))
            return
        self._phone_changed(gone)

    def _all_gone(self, uow: UnitOfWork, server: str | None, cause: str) -> list[PhoneId]:
        now = self._clock()
        return [
            phone for phone in uow.phones.present(server) if _note(uow, phone, PhoneStatus(PhoneState.GONE, cause), now)
        ]

    async def _follow_rents(self) -> None:
        while True:
            try:
                self._rented = await self._storage.read(lambda views: views.phones_with_open_rents())
            except StorageFailing as error:
                log.error("open rents cannot be read", cause=str(error))
            await asyncio.sleep(RENTED_CHECK)

    async def _follow_comings(self) -> None:
        """Tell what only time shows: phones that have stayed at last, and those that left together."""
        while True:
            await asyncio.sleep(COMINGS_CHECK)
            now = self._steady()
            try:
                for phone, status in self._comings.ended_dampings(now).items():
                    if phone in self._sessions or status.state not in (PhoneState.READY, PhoneState.STARTING):
                        await self.set_state(phone, *status)
                for shared in self._comings.new_shared_losses(self._present_ports(), now):
                    await self._tell_together(shared)
            except StorageFailing as error:
                log.error("comings and goings cannot be recorded", cause=str(error))

    def _present_ports(self) -> dict[PhoneId, str]:
        return {phone: self._ports.get(phone, "") for phone in self._now}

    async def _tell_together(self, shared: SharedLoss) -> None:
        now = self._clock()
        log.warning("phones left together", count=len(shared.phones), hub=shared.hub)
        happening = timeline.phones_left(len(shared.phones) - 1, shared.hub)

        def work(uow: UnitOfWork) -> None:
            for phone in shared.phones:
                uow.journal.note(now, Topic.PHONES, phone, happening)

        await self._storage.write(work)
        self._phone_changed(shared.phones)

    def _phone_changed(self, phones: Sequence[PhoneId]) -> None:
        if phones:
            self._announcer.changed(Topic.PHONES, phones)
            self._announcer.changed(Topic.SIMS, None)
            self._announcer.changed(Topic.OVERVIEW)


def _note(uow: UnitOfWork, phone: PhoneId, status: PhoneStatus, now: datetime) -> bool:
    before = uow.phones.state_of(phone)
    changed = uow.phones.note(phone, status.state, status.detail, now, status.cause)
    if before is not status.state:
        uow.journal.note(now, Topic.PHONES, phone, timeline.phone_state(status.state, status.detail))
    return changed
