"""One request to an adb server: `host:connect:` and its like."""

from __future__ import annotations

import asyncio

ANSWER_WITHIN = 30.0
LIST_STEP = 0.02


class AdbServerError(Exception):
    """The adb server said FAIL, or could not be asked."""


async def ask(host: str, port: int, request: str) -> str:
    """The server's text in answer to a `host:` request."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            return await _ask(host, port, request)
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
        raise AdbServerError(f"{request}: {error or type(error).__name__}") from error


async def forget(host: str, port: int, serial: str) -> None:
    """Have the server disconnect a phone; returns once it is off the list, so that the next connect makes a new one."""
    try:
        await ask(host, port, f"host:disconnect:{serial}")
    except AdbServerError as error:
        if "no such device" not in str(error):
            raise
    async with asyncio.timeout(ANSWER_WITHIN):
        while f"{serial}\t" in await ask(host, port, "host:devices"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(LIST_STEP)


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
