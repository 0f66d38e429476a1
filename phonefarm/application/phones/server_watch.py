"""Follows the device list of one adb server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence

import structlog

from phonefarm.application.model.read_models import Verdict
from phonefarm.application.phones.handsets import Handsets
from phonefarm.application.phones.phone_states import PhoneStates
from phonefarm.application.phones.tcp_reconnect import TcpReconnector
from phonefarm.application.phones.tracked_phone import TrackedPhones
from phonefarm.application.ports.storage import StorageFailing
from phonefarm.application.ports.world import ListedDevice, PhoneBridge, ServerDown
from phonefarm.domain.health import Health, HealthKind, health, problem
from phonefarm.domain.hubs import Loss, usb_path
from phonefarm.domain.ids import PhoneId, phone_id, serial_of
from phonefarm.domain.naming import Listed, name_with_port, names_of
from phonefarm.domain.phones import PhoneState, PhoneStatus, state_from_adb, status_from_adb
from phonefarm.support.clock import Clock

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0

ServerReport = Callable[[str, Verdict, Health], None]
"""Called with the server, whether it answers, and what is known of it."""
StartSession = Callable[[PhoneId], asyncio.Task[None]]


class ServerWatch:
    """Names the server's phones, keeps their states current and one session running for each reachable one.

    The session itself finds out whether its handset is read through another adb server already.
    """

    def __init__(
        self,
        bridge: PhoneBridge,
        reconnector: TcpReconnector,
        phones: TrackedPhones,
        states: PhoneStates,
        handsets: Handsets,
        steady: Clock,
        *,
        start_session: StartSession,
        report_server: ServerReport,
    ) -> None:
        self._bridge = bridge
        self._server = bridge.server
        self._reconnector = reconnector
        self._phones = phones
        self._states = states
        self._handsets = handsets
        self._steady = steady
        self._start_session = start_session
        self._report_server = report_server
        self._devices: Sequence[ListedDevice] = ()

    async def run(self) -> None:
        """Follow the list until cancelled; a server that is down is started again, with exponential backoff."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                version = await self._bridge.ensure_server()
                self._report_server(self._server, Verdict.PASS, health(HealthKind.ADB_ANSWERS, version=version))
                pause = FIRST_PAUSE_SECONDS
                async for devices in self._bridge.device_lists():
                    self._reconnector.note_list(devices)
                    await self._apply(devices)
            except ServerDown as error:
                self._report_server(self._server, Verdict.FAIL, problem(str(error)))
                self._reconnector.note_loss()
                await self._lose_server(str(error))
            except StorageFailing as error:
                log.error("the device list cannot be stored", server=self._server, cause=str(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def reconnect_later(self, serial: str) -> None:
        """Retry a phone over TCP that did not answer when it was reconnected."""
        self._reconnector.reconnect(serial)

    async def rename_twin(self, phone: PhoneId) -> None:
        """Add the USB port to the phone's name: another handset of the same serial is read on another adb server."""
        serial = serial_of(phone)
        device = next((device for device in self._devices if device.serial == serial), None)
        if device is None:
            return
        name = name_with_port(Listed(serial=serial, detail=device.detail))
        log.warning("two handsets have the same serial", serial=serial, server=self._server, name=name)
        self._phones.get(phone_id(name, self._server)).usb_path = usb_path(device.detail)
        self._phones.get(phone).usb_path = None
        await self._apply(self._devices)

    async def _apply(self, devices: Sequence[ListedDevice]) -> None:
        """Bring states and sessions in line with a complete device list. Raises StorageFailing."""
        self._devices = devices
        named = self._name_devices(devices)
        self._bridge.address(named)
        listed = {phone_id(name, self._server): device for name, device in named.items()}
        self._note_losses(listed)
        moved = self._note_ports(listed)
        self._update_sessions(
            {id_ for id_, device in listed.items() if state_from_adb(device.adb_state) is PhoneState.STARTING}
        )
        states = {
            id_: self._states.update(self._phones.get(id_), status_from_adb(device.adb_state))
            for id_, device in listed.items()
            if not self._phones.has_session(id_)
        }
        for phone in self._states.not_gone(self._server):
            if phone.phone_id not in listed:
                states[phone.phone_id] = self._states.update(phone, PhoneStatus(PhoneState.GONE))
        await self._states.store_list(self._server, listed.keys(), states, moved)

    def _name_devices(self, devices: Sequence[ListedDevice]) -> dict[str, ListedDevice]:
        known = self._phones.usb_paths(self._server)
        names = names_of([Listed(serial=device.serial, detail=device.detail) for device in devices], known)
        return dict(zip(names, devices, strict=True))

    def _note_losses(self, listed: Mapping[PhoneId, ListedDevice]) -> None:
        """Report phones that worked and are not reachable any more to the flap detector."""
        now = self._steady()
        phones = self._phones.on_server(self._server)
        self._states.flaps.note_losses(
            Loss(phone_id=phone.phone_id, usb_path=phone.usb_path or "", at=now)
            for phone in sorted(phones, key=lambda phone: phone.phone_id)
            if phone.session is not None and phone.works and not _is_reachable(listed.get(phone.phone_id))
        )
        for phone in phones:
            if phone.phone_id not in listed:
                phone.presence = None

    def _note_ports(self, listed: Mapping[PhoneId, ListedDevice]) -> dict[PhoneId, str]:
        """Take over the USB paths of the list; returns those that are new."""
        ports = {id_: usb_path(device.detail) for id_, device in listed.items() if "usb:" in device.detail}
        moved = {id_: port for id_, port in ports.items() if self._phones.get(id_).usb_path != port}
        for id_, port in moved.items():
            self._phones.get(id_).usb_path = port
        return moved

    def _update_sessions(self, reachable: Collection[PhoneId]) -> None:
        for phone in self._phones.on_server(self._server):
            if phone.session is not None and phone.phone_id not in reachable:
                phone.session.cancel()
                phone.session = None
                phone.stored_status = None
                self._handsets.forget(phone.phone_id)
        new = [phone for id_ in reachable if (phone := self._phones.get(id_)).session is None]
        for phone in sorted(new, key=lambda phone: (not phone.is_rented, phone.phone_id)):
            phone.session = self._start_session(phone.phone_id)

    async def _lose_server(self, cause: str) -> None:
        self._update_sessions(frozenset())
        try:
            await self._states.lose_server(self._server, cause)
        except StorageFailing as error:
            log.error("lost phones cannot be stored", server=self._server, cause=str(error))


def _is_reachable(device: ListedDevice | None) -> bool:
    return device is not None and state_from_adb(device.adb_state) is PhoneState.STARTING
