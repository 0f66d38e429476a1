"""adbd: the phone's side of the adb transport, with a listener, its host connections and their streams."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Protocol

from phonefarm.simulation import packets
from phonefarm.simulation.background_tasks import BackgroundTasks
from phonefarm.simulation.packets import Packet

OKAY_TIMEOUT_SECONDS = 120.0
"""A host that does not answer a WRTE with OKAY for this long is treated as dead."""
CLOSE_TIMEOUT_SECONDS = 5.0


class Channel(Protocol):
    """The stream of a running service."""

    async def write(self, data: bytes) -> None:
        """Send bytes; returns once the host has acknowledged all packets but the last."""
        ...

    async def cut(self) -> None:
        """Wait until the host has acknowledged what was written, then abort the connection like a pulled cable."""
        ...


Service = Callable[[Channel], Awaitable[None]]


class Device(Protocol):
    """The phone that adbd runs on."""

    @property
    def banner(self) -> str: ...

    @property
    def is_authorized(self) -> bool: ...

    def open(self, service: str) -> Service | None:
        """The service with this name on the wire, or None to refuse it."""
        ...


class _Stream:
    def __init__(self, connection: HostConnection, local_id: int, remote_id: int) -> None:
        self._connection = connection
        self._local_id = local_id
        self._remote_id = remote_id
        self._acknowledged = asyncio.Event()
        self._acknowledged.set()
        self.task: asyncio.Task[None] | None = None

    def acknowledge(self) -> None:
        self._acknowledged.set()

    async def write(self, data: bytes) -> None:
        for start in range(0, len(data), packets.MAX_DATA_BYTES):
            await self._wait_until_ready()
            self._acknowledged.clear()
            chunk = data[start : start + packets.MAX_DATA_BYTES]
            await self._connection.send(Packet(packets.WRTE, self._local_id, self._remote_id, chunk))

    async def cut(self) -> None:
        await self._wait_until_ready()
        self._connection.abort()

    async def run(self, service: Service) -> None:
        try:
            await service(self)
            await self._wait_until_ready()
            await self._connection.send(Packet(packets.CLSE, self._local_id, self._remote_id))
        except (ConnectionError, TimeoutError):
            self._connection.abort()
        finally:
            self._connection.forget(self._local_id)

    async def _wait_until_ready(self) -> None:
        async with asyncio.timeout(OKAY_TIMEOUT_SECONDS):
            await self._acknowledged.wait()


class HostConnection:
    """One connection of an adb server to this phone."""

    def __init__(self, device: Device, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._device = device
        self._reader = reader
        self._writer = writer
        self._streams: dict[int, _Stream] = {}
        self._tasks = BackgroundTasks()
        self._last_id = 0
        self._online = False
        self._received_connect = False

    async def serve(self) -> None:
        """Handle packets until either side closes the connection."""
        try:
            while True:
                await self._handle(await packets.read_packet(self._reader))
        except (asyncio.IncompleteReadError, ConnectionError, packets.NotAdb):
            pass
        finally:
            await self._tasks.close()
            self._writer.close()
            with contextlib.suppress(ConnectionError, TimeoutError):
                await self._writer.wait_closed()

    async def send(self, packet: Packet) -> None:
        self._writer.write(packet.encoded())
        await self._writer.drain()

    def abort(self) -> None:
        self._writer.transport.abort()

    def forget(self, local_id: int) -> None:
        self._streams.pop(local_id, None)

    async def connect_if_authorized(self) -> None:
        """Send CNXN, or AUTH with a new token to sign."""
        if self._device.is_authorized:
            self._online = True
            banner = self._device.banner.encode()
            await self.send(Packet(packets.CNXN, packets.VERSION, packets.MAX_DATA_BYTES, banner))
        else:
            await self.send(Packet(packets.AUTH, packets.AUTH_TOKEN, 0, os.urandom(20)))

    async def on_user_confirmation(self) -> None:
        if self._received_connect and not self._online:
            await self.connect_if_authorized()

    async def _handle(self, packet: Packet) -> None:
        match packet.command:
            case packets.CNXN:
                self._received_connect = True
                await self.connect_if_authorized()
            case packets.AUTH:
                # A public key opens the dialog on the screen; adbd sends nothing until the user answers it.
                if packet.arg0 == packets.AUTH_SIGNATURE or self._device.is_authorized:
                    await self.connect_if_authorized()
            case packets.OPEN if self._online:
                await self._open(packet)
            case packets.OKAY:
                if (stream := self._streams.get(packet.arg1)) is not None:
                    stream.acknowledge()
            case packets.WRTE:
                await self.send(Packet(packets.OKAY, packet.arg1, packet.arg0))
            case packets.CLSE:
                await self._close(packet)
            case _:
                pass

    async def _open(self, packet: Packet) -> None:
        remote_id = packet.arg0
        service = self._device.open(packet.data.rstrip(b"\0").decode("utf-8", "replace"))
        if service is None:
            await self.send(Packet(packets.CLSE, 0, remote_id))
            return
        self._last_id += 1
        stream = self._streams[self._last_id] = _Stream(self, self._last_id, remote_id)
        await self.send(Packet(packets.OKAY, self._last_id, remote_id))
        stream.task = self._tasks.start(stream.run(service), f"adbd stream {self._last_id}")

    async def _close(self, packet: Packet) -> None:
        stream = self._streams.pop(packet.arg1, None)
        if stream is not None and stream.task is not None:
            stream.task.cancel()
            await self.send(Packet(packets.CLSE, packet.arg1, packet.arg0))


class AdbListener:
    """Listens on the phone's address; closing it has the effect of a pulled cable."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._server: asyncio.Server | None = None
        self._connections: dict[HostConnection, asyncio.Task[object]] = {}

    @property
    def is_open(self) -> bool:
        return self._server is not None

    async def open(self, host: str, port: int) -> tuple[str, int]:
        """Listen and return the address; port 0 means any free port."""
        self._server = await asyncio.start_server(self._accept, host, port)
        address: tuple[str, int] = self._server.sockets[0].getsockname()[:2]
        return address

    async def close(self) -> None:
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        await self.drop_connections()
        async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
            await server.wait_closed()

    async def drop_connections(self) -> None:
        for connection in self._connections:
            connection.abort()
        if self._connections:
            await asyncio.wait(set(self._connections.values()), timeout=CLOSE_TIMEOUT_SECONDS)

    async def on_user_confirmation(self) -> None:
        for connection in list(self._connections):
            await connection.on_user_confirmation()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        # Each packet gets a small answer, and asyncio on Windows leaves Nagle's algorithm on.
        with contextlib.suppress(OSError):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = HostConnection(self._device, reader, writer)
        if self._server is None:
            connection.abort()
        self._connections[connection] = task
        try:
            await connection.serve()
        finally:
            del self._connections[connection]
