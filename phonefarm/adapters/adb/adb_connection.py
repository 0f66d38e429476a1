"""One connection to the adb server, and its wire format."""

from __future__ import annotations

import asyncio
import re

from phonefarm.application.ports.world import ServerDown
from phonefarm.support import deadlines

READ_BUFFER_BYTES = 256 * 1024
MAX_REQUEST_BYTES = 0xFFFF
_HEX4 = re.compile(rb"[0-9a-fA-F]{4}")


class ProtocolError(ServerDown):
    """The other side does not speak the adb server's protocol, or violated it."""


class NoDataYet(Exception):
    """Nothing arrived in time, which may be normal; no data is lost."""


class RequestRefused(Exception):
    """The server answered FAIL with this text."""


class AdbConnection:
    """An open connection to the adb server. Reading raises EOFError at its end, and OSError."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def request(self, text: str) -> None:
        """Send one request and read its OKAY; raises RequestRefused for a FAIL, ProtocolError for anything else."""
        payload = text.encode("utf-8", "surrogateescape")
        if len(payload) > MAX_REQUEST_BYTES:
            raise RequestRefused("the request is too long for adb")
        self._writer.write(b"%04x" % len(payload) + payload)
        await self._writer.drain()
        status = await self.read_exactly(4)
        if status == b"OKAY":
            return
        if status == b"FAIL":
            raise RequestRefused(await self.read_block())
        raise ProtocolError(f"What listens there is no adb server: it answered {status!r}.")

    def send(self, data: bytes) -> None:
        """Send a few bytes without waiting for the socket to accept them."""
        self._writer.write(data)

    async def read_block(self) -> str:
        """A text with its length in four hex digits before it."""
        return await self.read_text(await self.read_length())

    async def read_length(self) -> int:
        digits = await self.read_exactly(4)
        if not _HEX4.fullmatch(digits):
            raise ProtocolError(f"The adb server's answer is out of step: {digits!r} is no length.")
        return int(digits, 16)

    async def read_length_within(self, seconds: float) -> int:
        """The length of the next text; raises NoDataYet if none begins in time."""
        deadline = deadlines.within(seconds)
        try:
            async with deadline:
                return await self.read_length()
        except TimeoutError as error:
            if deadline.expired():
                raise NoDataYet from error
            raise

    async def read_text(self, length: int) -> str:
        return (await self.read_exactly(length)).decode("utf-8", "replace")

    async def read_exactly(self, count: int) -> bytes:
        return await self._reader.readexactly(count)

    async def read_available(self) -> bytes:
        """The bytes that have arrived; empty at the end."""
        return await self._reader.read(READ_BUFFER_BYTES)

    def close(self) -> None:
        self._writer.transport.abort()
