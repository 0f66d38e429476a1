"""Virtual phones on USB ports of a fake adb server, with makers' serials, ports and adb's faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from types import TracebackType

from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.phone import VirtualPhone
from tests.fakes.adb_server import DeviceLists, FakeAdbServer, Line, Service, block

DEVICE = "device"


@dataclass
class Plugged:
    """A line of adb's device list; without `phone`, nothing answers there."""

    serial: str
    port: str
    state: str = DEVICE
    phone: VirtualPhone | None = None
    is_in: bool = True
    transport_id: int = 0
    """adb's id of the connection, new for each connection."""


class _Wire:
    """The stream of a service on the phone, as a `Channel`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def write(self, data: bytes) -> None:
        await self._line.send(data)

    async def cut(self) -> None:
        self._line.writer.transport.abort()


def phone_services(phone: VirtualPhone) -> Service:
    """The adb services of a phone on a USB port."""

    async def serve(line: Line, name: str) -> None:
        service = phone.open(name)
        if service is not None:
            await line.while_connected(_as_coroutine(service(_Wire(line))))

    return serve


async def _as_coroutine(work: object) -> None:
    await work  # type: ignore[misc]


class UsbFarm(VirtualFarm):
    """Phones that do not listen on TCP and are only reachable through `server`."""

    def __init__(self, *plugged: Plugged) -> None:
        super().__init__(0, phones=[entry.phone for entry in plugged if entry.phone is not None])
        self.plugged = list(plugged)
        self.server = FakeAdbServer()
        self._numbers = count(1)
        self.lists = DeviceLists()
        self.lists.serve(self.server)

    @property
    def requests(self) -> list[str]:
        return self.server.requests

    @property
    def steps(self) -> list[str]:
        """The requests that renew connections, in order."""
        return [request for request in self.requests if "reconnect" in request or request in ("host:kill", "reset")]

    async def __aenter__(self) -> UsbFarm:
        for entry in self.plugged:
            self._connect(entry)
        await self.server.__aenter__()
        self.show()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.server.__aexit__(kind, error, trace)
        await self.stop()

    def plug_in(self, *more: Plugged) -> None:
        for entry in more:
            self.plugged.append(entry)
            self._connect(entry)
        self.show()

    def set_state(self, name: str, state: str) -> None:
        self.entry(name).state = state
        self.show()

    def set_in(self, names: Sequence[str], is_in: bool) -> None:
        for name in names:
            entry = self.entry(name)
            if is_in and not entry.is_in:
                self._connect(entry)
            entry.is_in = is_in
        self.show()

    def entry(self, name: str) -> Plugged:
        return next(entry for entry in self.plugged if entry.phone is not None and entry.phone.name == name)

    def show(self) -> None:
        """Send the current device list."""
        listed = [entry for entry in self.plugged if entry.is_in]
        long = "".join(
            f"{entry.serial:<22} {entry.state} usb:{entry.port} transport_id:{entry.transport_id}\n" for entry in listed
        )
        self.lists.show(long, "".join(f"{entry.serial}\t{entry.state}\n" for entry in listed))

    def _connect(self, entry: Plugged) -> None:
        server = self.server
        server.replies[f"host-serial:{entry.serial}:reconnect"] = b"OKAY" + block("reconnecting\n")
        server.replies["host:reconnect-offline"] = b"OKAY" + block("reconnecting\n")
        server.connections.pop(entry.transport_id, None)
        entry.transport_id = next(self._numbers)
        if entry.phone is not None:
            features = "shell_v2,cmd" if entry.phone.profile.has_shell_v2 else "cmd"
            server.features(entry.serial, features)
            server.phones[entry.serial] = phone_services(entry.phone)
            server.replies[f"host-transport-id:{entry.transport_id}:features"] = b"OKAY" + block(features)
            server.connections[entry.transport_id] = phone_services(entry.phone)
        if sum(other.serial == entry.serial for other in self.plugged) > 1:
            server.refusals[entry.serial] = "more than one device/emulator"
            server.replies[f"host-serial:{entry.serial}:features"] = b"FAIL" + block("more than one device/emulator")
