"""One request to an adb server: `host:connect:` and its like."""

from __future__ import annotations

import asyncio

ANSWER_WITHIN = 30.0


class AdbServerError(Exception):
    """The adb server said FAIL, or could not be asked."""


async def ask(host: str, port: int, request: str) -> str:
    """The server's text in answer to a `host:` request."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            return await _ask(host, port, request)
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
        raise AdbServerError(f"{request}: {error or type(error).__name__}") from error


async def _ask(host: str, port: int, request: str) -> str:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        encoded = request.encode()
        writer.write(f"{len(encoded):04x}".encode() + encoded)
        await writer.drain()
        status = await reader.readexactly(4)
        text = await reader.readexactly(int(await reader.readexactly(4), 16))
    finally:
        writer.close()
        await writer.wait_closed()
    if status != b"OKAY":
        raise AdbServerError(f"{request}: {text.decode(errors='replace')}")
    return text.decode(errors="replace")
