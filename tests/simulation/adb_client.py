"""A minimal adb client for tests: one shell v2 command or stream over a smart socket."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass

ANSWER_TIMEOUT_SECONDS = 20.0


class Refused(Exception):
    """The server answered FAIL with this text."""


@dataclass(frozen=True)
class ShellAnswer:
    stdout: bytes
    stderr: bytes
    exit_code: int | None
    """None if the stream ended without one, because the answer was cut."""


async def open_service(port: int, serial: str, service: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for request in (f"host:transport:{serial}", service):
            writer.write(f"{len(request.encode()):04x}".encode() + request.encode())
            status = await reader.readexactly(4)
            if status != b"OKAY":
                raise Refused((await reader.readexactly(int(await reader.readexactly(4), 16))).decode())
    except BaseException:
        await close(writer)
        raise
    return reader, writer


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except ConnectionError:
        return


async def shell(port: int, serial: str, line: str) -> ShellAnswer:
    async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
        reader, writer = await open_service(port, serial, f"shell,v2,raw:{line}")
        try:
            return await _read_frames(reader)
        finally:
            await close(writer)


async def raw(port: int, serial: str, service: str) -> bytes:
    """The whole output of a service, without shell frames."""
    async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
        reader, writer = await open_service(port, serial, service)
        try:
            return await reader.read()
        finally:
            await close(writer)


async def state(port: int, serial: str) -> str:
    """The state in the device list; empty if the serial is not listed."""
    async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(b"000chost:devices")
            await reader.readexactly(4)
            listing = (await reader.readexactly(int(await reader.readexactly(4), 16))).decode()
        finally:
            await close(writer)
    states = dict(line.split("\t", 1) for line in listing.splitlines())
    return states.get(serial, "")


async def _read_frames(reader: asyncio.StreamReader) -> ShellAnswer:
    said = {1: b"", 2: b""}
    while True:
        try:
            kind, length = struct.unpack("<BI", await reader.readexactly(5))
            data = await reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return ShellAnswer(said[1], said[2], None)
        if kind == 3:
            return ShellAnswer(said[1], said[2], data[0])
        said[kind] += data
