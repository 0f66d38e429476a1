"""A scriptable adb server: changing device lists, hanging answers, cut frames, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any

STDOUT, STDERR, EXIT = 1, 2, 3
CLOSED_STDIN = b"\x04\x00\x00\x00\x00"


def block(text: str) -> bytes:
    data = text.encode()
    return b"%04x" % len(data) + data


def frame(kind: int, payload: bytes) -> bytes:
    return bytes([kind]) + len(payload).to_bytes(4, "little") + payload


def answer(stdout: bytes, stderr: bytes = b"", code: int = 0) -> bytes:
    """A complete shell v2 answer."""
    err = frame(STDERR, stderr) if stderr else b""
    return frame(STDOUT, stdout) + err + frame(EXIT, bytes([code]))


class Line:
    """One client connection, for scripts of tests."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def send_byte_by_byte(self, data: bytes) -> None:
        for place in range(len(data)):
            await self.send(data[place : place + 1])
            await asyncio.sleep(0)

    async def request(self) -> str:
        length = int(await self._reader.readexactly(4), 16)
        return (await self._reader.readexactly(length)).decode()

    async def take(self, expected: bytes) -> None:
        assert await self._reader.readexactly(len(expected)) == expected

    async def hang(self) -> None:
        """Send nothing until the client disconnects."""
        while await self._reader.read(4096):
            pass

    async def while_connected(self, work: Coroutine[Any, Any, None]) -> None:
        """Run the work until its end or until the client disconnects."""

        async def run_work() -> None:
            with suppress(OSError):
                await work

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run_work()), group.create_task(self.hang())]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()


Service = Callable[[Line, str], Awaitable[None]]


class DeviceLists:
    """Device lists for tracking clients; `serve` attaches them to a server."""

    def __init__(self) -> None:
        self._newest = {"host:track-devices-l": block(""), "host:track-devices": block("")}
        self._followers: list[tuple[str, asyncio.Queue[bytes]]] = []
        self.packet_size = 65536
        """The size of the chunks in bytes."""

    def show(self, long: str, short: str = "") -> None:
        """Set the current list; a list that is too long is sent with adb's truncated length."""
        self._newest = {"host:track-devices-l": block(long), "host:track-devices": block(short)}
        for request, follower in self._followers:
            follower.put_nowait(self._newest[request])

    def say(self, data: bytes, request: str = "host:track-devices-l") -> None:
        """Send these raw bytes to the current tracking clients."""
        for followed, follower in self._followers:
            if followed == request:
                follower.put_nowait(data)

    def serve(self, server: FakeAdbServer) -> None:
        for request in self._newest:
            server.streams[request] = partial(self._track, request)

    async def _track(self, request: str, line: Line) -> None:
        await line.send(b"OKAY")
        await line.while_connected(self._send_list(request, line))

    async def _send_list(self, request: str, line: Line) -> None:
        follower: asyncio.Queue[bytes] = asyncio.Queue()
        follower.put_nowait(self._newest[request])
        self._followers.append((request, follower))
        try:
            while True:
                data = await follower.get()
                for start in range(0, len(data), self.packet_size):
                    await line.send(data[start : start + self.packet_size])
                    await asyncio.sleep(0)
        finally:
            self._followers.remove((request, follower))


@dataclass
class FakeAdbServer:
    """`async with FakeAdbServer() as server:` listens on a free port of 127.0.0.1."""

    replies: dict[str, bytes] = field(default_factory=lambda: {"host:version": b"OKAY" + block("0029")})
    """Answers of host requests; all others are refused."""
    streams: dict[str, Callable[[Line], Awaitable[None]]] = field(default_factory=dict)
    """Handlers of host requests, by request."""
    refusals: dict[str, str] = field(default_factory=dict)
    """FAIL texts of `host:transport:`, by serial."""
    shell: Service | None = None
    """Runs a device service after both OKAYs."""
    phones: dict[str, Service] = field(default_factory=dict)
    """The same for one phone, by serial."""
    connections: dict[int, Service] = field(default_factory=dict)
    """The same by transport id."""
    requests: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def features(self, serial: str, features: str = "shell_v2,cmd") -> None:
        self.replies[f"host-serial:{serial}:features"] = b"OKAY" + block(features)

    async def __aenter__(self) -> FakeAdbServer:
        self._lines: set[asyncio.StreamWriter] = set()
        await self.listen()
        return self

    async def listen(self) -> None:
        """Listen on a free port; after `stop_listening`, on the same one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.drop_all()
        await asyncio.sleep(0.01)

    def stop_listening(self) -> None:
        """Refuse new connections, like a server that has ended."""
        self._server.close()

    def drop_all(self) -> None:
        for writer in self._lines:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        line = Line(reader, writer)
        try:
            await self._handle_requests(line)
        except (OSError, EOFError):
            pass
        finally:
            self._lines.discard(writer)
            writer.close()

    async def _handle_requests(self, line: Line) -> None:
        request = await line.request()
        self.requests.append(request)
        if (stream := self.streams.get(request)) is not None:
            await stream(line)
        elif request.startswith("host:transport-id:"):
            await self._transport_by_id(line, int(request.removeprefix("host:transport-id:")))
        elif request.startswith("host:transport:"):
            await self._transport(line, request.removeprefix("host:transport:"))
        elif (reply := self.replies.get(request)) is not None:
            await line.send(reply)
        else:
            await line.send(b"FAIL" + block("unknown host service"))

    async def _transport(self, line: Line, serial: str) -> None:
        if serial in self.refusals:
            await line.send(b"FAIL" + block(self.refusals[serial]))
            return
        play = self.phones.get(serial, self.shell)
        assert play is not None
        await self._play(line, play)

    async def _transport_by_id(self, line: Line, number: int) -> None:
        play = self.connections.get(number)
        if play is None:
            await line.send(b"FAIL" + block(f"no device with transport id '{number}'"))
        else:
            await self._play(line, play)

    async def _play(self, line: Line, play: Service) -> None:
        await line.send(b"OKAY")
        service = await line.request()
        self.requests.append(service)
        await line.send(b"OKAY")
        if service.startswith("shell,v2"):
            await line.take(CLOSED_STDIN)
        await play(line, service)
