"""The adb server's device list as a stream that notices its own death."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, closing, suppress

from phonefarm.adapters.adb.device_list import parse_device_list
from phonefarm.adapters.adb.smart_socket import Conversation, ProtocolBroken, QuietLongEnough, SmartSocket
from phonefarm.application.ports.world import ListedDevice

OPEN_WITHIN = 5.0
QUIET_FOR = 5.0
"""After so long without a change the server is asked whether it still lives."""


async def device_lists(socket: SmartSocket) -> AsyncGenerator[Sequence[ListedDevice], None]:
    """The full list now and at each change; ends by raising ServerDown.

    The length of a list has four hex digits: a long list of several hundred phones overruns them and the
    stream loses its thread. The short list holds some 2,500 phones, so it takes over then.
    """
    try:
        async with aclosing(_texts(socket, "host:track-devices-l")) as texts:
            async for text in texts:
                yield parse_device_list(text)
    except ProtocolBroken:
        async with aclosing(_texts(socket, "host:track-devices")) as texts:
            async for text in texts:
                yield parse_device_list(text)


async def _texts(socket: SmartSocket, request: str) -> AsyncGenerator[str, None]:
    with closing(await socket.connect()) as talk:
        async with socket.server_errors(within=OPEN_WITHIN):
            await talk.request(request)
        while True:
            yield await _next_list(socket, talk)


async def _next_list(socket: SmartSocket, talk: Conversation) -> str:
    length = await _next_length(socket, talk)
    async with socket.server_errors(within=OPEN_WITHIN):
        text = await talk.text(length)
    if text and not text.endswith("\n"):
        raise ProtocolBroken(f"The adb server on {socket.name} lists more phones than it can count.")
    return text


async def _next_length(socket: SmartSocket, talk: Conversation) -> int:
    """Wait for the next change, however long it takes, with a server that lives."""
    while True:
        async with socket.server_errors(within=QUIET_FOR + OPEN_WITHIN):
            with suppress(QuietLongEnough):
                return await talk.length_within(QUIET_FOR)
        await socket.version(within=OPEN_WITHIN)
