"""A small adb server that says what a test wants: odd lists, hanging answers, cut frames, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType

STDOUT, STDERR, EXIT = 1, 2, 3
CLOSED_STDIN = b"\x04\x00\x00\x00\x00"


def block(text: str) -> bytes:
    data = text.encode()
    return b"%04x" % len(data) + data


def frame(kind: int, payload: bytes) -> bytes:
    return bytes([kind]) + len(payload).to_bytes(4, "little") + payload


def answer(stdout: bytes, stderr: bytes = b"", code: int = 0) -> bytes:
    """A whole shell v2 answer."""
    err = frame(STDERR, stderr) if stderr else b""
    return frame(STDOUT, stdout) + err + frame(EXIT, bytes([code]))


class Line:
    """The test's hand on one connection."""

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
        """Say nothing more until the other side goes away."""
        while await self._reader.read(4096):
            pass


Service = Callable[[Line, str], Awaitable[None]]


@dataclass
class FakeAdbServer:
    """`async with FakeAdbServer() as server:` listens on a free port of 127.0.0.1."""

    replies: dict[str, bytes] = field(default_factory=lambda: {"host:version": b"OKAY" + block("0029")})
    """What host requests are answered, by request; anything else is refused."""
    streams: dict[str, Callable[[Line], Awaitable[None]]] = field(default_factory=dict)
    """Host requests whose connection the test plays itself."""
    refusals: dict[str, str] = field(default_factory=dict)
    """FAIL texts of `host:transport:` by serial."""
    shell: Service | None = None
    """Plays a device service, after both OKAYs."""
    requests: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def features(self, serial: str, features: str = "shell_v2,cmd") -> None:
        self.replies[f"host-serial:{serial}:features"] = b"OKAY" + block(features)

    async def __aenter__(self) -> FakeAdbServer:
        self._lines: set[asyncio.StreamWriter] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.drop_all()
        await asyncio.sleep(0.01)

    def stop_listening(self) -> None:
        """As a server that has ended: nobody can connect any more."""
        self._server.close()

    def drop_all(self) -> None:
        for writer in self._lines:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        line = Line(reader, writer)
        try:
            await self._talk(line)
        except (OSError, EOFError):
            pass
        finally:
            self._lines.discard(writer)
            writer.close()

    async def _talk(self, line: Line) -> None:
        request = await line.request()
        self.requests.append(request)
        if (stream := self.streams.get(request)) is not None:
            await stream(line)
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
        await line.send(b"OKAY")
        service = await line.request()
        self.requests.append(service)
        await line.send(b"OKAY")
        if service.startswith("shell,v2"):
            await line.take(CLOSED_STDIN)
        assert self.shell is not None
        await self.shell(line, service)
