"""Requests to an adb server, such as `host:connect:`."""

from __future__ import annotations

import asyncio

ANSWER_TIMEOUT_SECONDS = 30.0
LIST_POLL_SECONDS = 0.02


class AdbServerError(Exception):
    """The adb server answered FAIL or could not be reached."""


async def request(host: str, port: int, service: str) -> str:
    """Send a `host:` request and return the text of the answer; raises AdbServerError."""
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
            return await _exchange(host, port, service)
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
        raise AdbServerError(f"{service}: {error or type(error).__name__}") from error


async def disconnect(host: str, port: int, serial: str) -> None:
    """Disconnect a phone and wait until it is off the server's list, so that the next connect starts anew."""
    try:
        await request(host, port, f"host:disconnect:{serial}")
    except AdbServerError as error:
        if "no such device" not in str(error):
            raise
    async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
        while f"{serial}\t" in await request(host, port, "host:devices"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(LIST_POLL_SECONDS)


async def _exchange(host: str, port: int, service: str) -> str:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        encoded = service.encode()
        writer.write(f"{len(encoded):04x}".encode() + encoded)
        await writer.drain()
        status = await reader.readexactly(4)
        text = await reader.readexactly(int(await reader.readexactly(4), 16))
    finally:
        writer.close()
        await writer.wait_closed()
    if status != b"OKAY":
        raise AdbServerError(f"{service}: {text.decode(errors='replace')}")
    return text.decode(errors="replace")
