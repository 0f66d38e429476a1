"""The phones of all adb servers: one watch for each server, one session for each phone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from phonefarm.application.messages.intake import SmsIntake
from phonefarm.application.model.events import Announcer
from phonefarm.application.phones.handsets import Handsets
from phonefarm.application.phones.health import PhoneHealth
from phonefarm.application.phones.introductions import Introductions
from phonefarm.application.phones.phone_states import PhoneStates
from phonefarm.application.phones.recovery import Recovery
from phonefarm.application.phones.server_watch import ServerReport, ServerWatch
from phonefarm.application.phones.session import SILENCE_TIMEOUT_SECONDS, PhoneSession
from phonefarm.application.phones.tcp_reconnect import TcpReconnector
from phonefarm.application.phones.tracked_phone import Presence, TrackedPhones
from phonefarm.application.ports.storage import Storage, StorageFailing
from phonefarm.application.ports.world import PhoneBridge, PhoneUnreachable
from phonefarm.application.sims.inventory import SimInventory
from phonefarm.domain.errors import KnownError
from phonefarm.domain.hubs import SharedLoss, trunk_of
from phonefarm.domain.ids import PhoneId, serial_of, server_of
from phonefarm.domain.phones import PhoneFacts, PhoneState, PhoneStatus, StateCause, is_address
from phonefarm.support.clock import Clock
from phonefarm.support.tasks import Tasks

log = structlog.get_logger(__name__)

RENTS_CHECK_SECONDS = 1.0
FLAPS_CHECK_SECONDS = 1.0
RENTED_WITHOUT_HINTS_POLL_SECONDS = 3.0
"""The longest wait between two polls of a rented phone that does not announce its messages."""
IDLE_WITHOUT_HINTS_POLL_SECONDS = 8.0
"""The same for one without a rent: quicker than its neighbours, and still cheap."""


class PhoneWatch:
    """Starts everything that concerns phones, and answers to their sessions as `SessionHost`."""

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
        patience: float = SILENCE_TIMEOUT_SECONDS,
        steady: Clock | None = None,
        hurry: float = 1.0,
    ) -> None:
        """`patience`: seconds without an answer after which a phone is failing.

        `steady`: a clock that is never set, to measure waits; `hurry`: see `Recovery`.
        """
        steady = steady or clock
        self._storage = storage
        self._bridges = {bridge.server: bridge for bridge in bridges}
        self._inventory = inventory
        self._intake = intake
        self._health = health
        self._tasks = tasks
        self._poll_seconds = poll_seconds
        self._rent_poll_seconds = rent_poll_seconds
        self._patience = patience
        self._phones = TrackedPhones()
        self._states = PhoneStates(storage, self._phones, announcer, clock, steady)
        self._handsets = Handsets(self._bridges, self._phones.has_session)
        self._servers = {
            bridge.server: ServerWatch(
                bridge,
                TcpReconnector(bridge, tasks),
                self._phones,
                self._states,
                self._handsets,
                steady,
                start_session=self._start_session,
                report_server=report_server,
            )
            for bridge in bridges
        }
        self._recovery = Recovery(
            storage, bridges, self._present_on, announcer, clock, steady, self._reconnect_later, hurry=hurry
        )
        self._introductions = Introductions()

    async def start(self) -> None:
        """Forget which phones the last run saw, then watch all servers in the background."""
        await self._states.forget_last_run()
        await self._load_rented()
        for server, watch in self._servers.items():
            self._tasks.keep_going(watch.run, f"adb server {server}")
        self._tasks.keep_going(self._follow_rents, "phones with rents")
        self._tasks.keep_going(self._follow_flaps, "flapping phones")
        self._tasks.keep_going(self._recovery.run, "recovery")

    async def reconnect(self, phone: PhoneId) -> None:
        """Let adb drop the phone and connect it again. Raises KnownError."""
        bridge = self._bridges.get(server_of(phone))
        if bridge is None:
            raise KnownError(f"The adb server {server_of(phone)} is not in the settings any more.")
        try:
            await bridge.reconnect(serial_of(phone))
        except PhoneUnreachable:
            if is_address(serial_of(phone)):
                self._reconnect_later(phone)
            raise

    def present(self) -> frozenset[PhoneId]:
        """Phones that are listed now, whatever is shown for them."""
        return frozenset(presence.phone_id for presence in self._phones.present())

    def in_recovery(self) -> frozenset[PhoneId]:
        return self._recovery.cases

    def left_together(self) -> list[SharedLoss]:
        """Phones that left within seconds of each other and are still gone."""
        return self._states.shared_losses()

    # SessionHost -----------------------------------------------------------

    async def set_state(
        self, phone: PhoneId, state: PhoneState, detail: str = "", cause: StateCause = StateCause.NONE
    ) -> None:
        await self._states.set_state(phone, PhoneStatus(state, detail, cause))

    async def set_facts(self, phone: PhoneId, facts: PhoneFacts) -> None:
        await self._states.set_facts(phone, facts)

    async def note_hints(self, phone: PhoneId, working: bool) -> None:
        await self._states.set_hints(phone, working)

    async def other_way_to(self, phone: PhoneId, hardware: str) -> PhoneId | None:
        other = await self._handsets.other_way_to(phone, hardware)
        if other is None and (twin := self._handsets.twin_of(phone)) is not None:
            self._tasks.start(self._servers[server_of(phone)].rename_twin(phone), f"a name for {phone}")
            return twin  # until it has that name
        return other

    def poll_seconds(self, phone: PhoneId) -> float:
        tracked = self._phones.get(phone)
        usual = self._rent_poll_seconds if tracked.is_rented else self._poll_seconds
        if not tracked.lacks_hints:
            return usual
        return min(usual, RENTED_WITHOUT_HINTS_POLL_SECONDS if tracked.is_rented else IDLE_WITHOUT_HINTS_POLL_SECONDS)

    def is_rented(self, phone: PhoneId) -> bool:
        return self._phones.get(phone).is_rented

    def hub_of(self, phone: PhoneId) -> str:
        trunk = trunk_of(self._phones.get(phone).usb_path or "")
        return f"{trunk}@{server_of(phone)}" if trunk else ""

    # Background ------------------------------------------------------------

    def _start_session(self, phone: PhoneId) -> asyncio.Task[None]:
        session = PhoneSession(
            phone,
            self._bridges[server_of(phone)],
            self._inventory,
            self._intake,
            self._health,
            self,
            self._introductions,
            self._patience,
        )
        return self._tasks.keep_going(session.run, f"phone {phone}")

    def _reconnect_later(self, phone: PhoneId) -> None:
        self._servers[server_of(phone)].reconnect_later(serial_of(phone))

    def _present_on(self, server: str) -> list[Presence]:
        return [presence for presence in self._phones.present() if server_of(presence.phone_id) == server]

    async def _load_rented(self) -> None:
        rented = await self._storage.read(lambda views: views.phones_with_open_rents())
        for phone in self._phones:
            phone.is_rented = phone.phone_id in rented
        for phone_id in rented:
            self._phones.get(phone_id).is_rented = True

    async def _follow_rents(self) -> None:
        while True:
            try:
                await self._load_rented()
            except StorageFailing as error:
                log.error("open rents cannot be read", cause=str(error))
            await asyncio.sleep(RENTS_CHECK_SECONDS)

    async def _follow_flaps(self) -> None:
        while True:
            await asyncio.sleep(FLAPS_CHECK_SECONDS)
            try:
                await self._states.apply_elapsed_time()
            except StorageFailing as error:
                log.error("flapping phones cannot be stored", cause=str(error))
