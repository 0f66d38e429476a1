"""Streams the adb server's device list, and notices if the server dies silently."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, closing, suppress

from phonefarm.adapters.adb.adb_connection import AdbConnection, NoDataYet, ProtocolError
from phonefarm.adapters.adb.device_list import parse_device_list
from phonefarm.adapters.adb.smart_socket import SmartSocket
from phonefarm.application.ports.world import ListedDevice

OPEN_TIMEOUT_SECONDS = 5.0
KEEPALIVE_SECONDS = 5.0
"""After this long without a change, the server is probed."""


async def device_lists(socket: SmartSocket) -> AsyncGenerator[Sequence[ListedDevice], None]:
    """Yields the full list now and at each change; ends by raising ServerDown.

    A list's length has four hex digits. The long form overflows them with several hundred phones and breaks the stream;
    then the short form is used, which fits some 2,500 phones.
    """
    try:
        async with aclosing(_texts(socket, "host:track-devices-l")) as texts:
            async for text in texts:
                yield parse_device_list(text)
    except ProtocolError:
        async with aclosing(_texts(socket, "host:track-devices")) as texts:
            async for text in texts:
                yield parse_device_list(text)


async def _texts(socket: SmartSocket, request: str) -> AsyncGenerator[str, None]:
    with closing(await socket.connect()) as connection:
        async with socket.server_errors(within=OPEN_TIMEOUT_SECONDS):
            await connection.request(request)
        while True:
            yield await _next_list(socket, connection)


async def _next_list(socket: SmartSocket, connection: AdbConnection) -> str:
    length = await _next_length(socket, connection)
    async with socket.server_errors(within=OPEN_TIMEOUT_SECONDS):
        text = await connection.read_text(length)
    if text and not text.endswith("\n"):
        raise ProtocolError(f"The adb server on {socket.name} lists more phones than it can count.")
    return text


async def _next_length(socket: SmartSocket, connection: AdbConnection) -> int:
    """Wait for the next change as long as the server answers probes."""
    while True:
        async with socket.server_errors(within=KEEPALIVE_SECONDS + OPEN_TIMEOUT_SECONDS):
            with suppress(NoDataYet):
                return await connection.read_length_within(KEEPALIVE_SECONDS)
        await socket.version(within=OPEN_TIMEOUT_SECONDS)
