"""The stream of device lists, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from phonefarm.adapters.adb import tracking
from phonefarm.adapters.adb.smart_socket import SmartSocket
from phonefarm.application.ports.world import ListedDevice, ServerDown
from tests.fakes.adb_server import FakeAdbServer, Line, block

LONG, SHORT = "host:track-devices-l", "host:track-devices"
Lists = AsyncGenerator[Sequence[ListedDevice], None]


def lists_of(server: FakeAdbServer) -> aclosing[Lists]:
    return aclosing(tracking.device_lists(SmartSocket("127.0.0.1", server.port)))


async def test_each_change_gives_the_full_list_until_the_server_ends() -> None:
    async def play(line: Line) -> None:
        await line.send(b"OKAY" + block(""))
        await line.send_byte_by_byte(block("R5                     device usb:1-1\n"))

    async with FakeAdbServer(streams={LONG: play}) as server:
        lists = tracking.device_lists(SmartSocket("127.0.0.1", server.port))

        assert await anext(lists) == ()
        assert [device.serial for device in await anext(lists)] == ["R5"]
        with pytest.raises(ServerDown):
            await anext(lists)


async def test_a_thousand_phones_in_split_packets() -> None:
    text = "".join(f"SERIAL{number:06} device usb:1-{number} transport_id:{number}\n" for number in range(1000))

    async def play(line: Line) -> None:
        data = b"OKAY" + block(text)
        for start in range(0, len(data), 777):
            await line.send(data[start : start + 777])
        await line.hang()

    async with FakeAdbServer(streams={LONG: play}) as server, lists_of(server) as lists:
        assert len(await anext(lists)) == 1000


async def test_a_list_too_long_for_its_length_falls_back_to_the_short_form() -> None:
    """adb writes five hex digits into a field of four and cuts the last."""
    line_of = "SERIAL{:06} device usb:1-{} product:somewhat_long model:somewhat_long device:long transport_id:{}\n"
    text = "".join(line_of.format(number, number, number) for number in range(1000))
    assert len(text) > 0xFFFF

    async def long(line: Line) -> None:
        await line.send(b"OKAY" + (b"%04x" % len(text))[:4] + text.encode())
        await line.hang()

    async def short(line: Line) -> None:
        await line.send(b"OKAY" + block("".join(f"SERIAL{number:06}\tdevice\n" for number in range(1000))))
        await line.hang()

    async with FakeAdbServer(streams={LONG: long, SHORT: short}) as server, lists_of(server) as lists:
        assert len(await anext(lists)) == 1000


async def test_quiet_server_is_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "KEEPALIVE_SECONDS", 0.05)
    monkeypatch.setattr(tracking, "OPEN_TIMEOUT_SECONDS", 0.3)

    async def play(line: Line) -> None:
        await line.send(b"OKAY" + block(""))
        await line.send(b"00")
        await asyncio.sleep(0.2)
        await line.send(b"0aR5\tdevice\n")
        await line.hang()

    async with FakeAdbServer(streams={LONG: play}) as server, lists_of(server) as lists:
        await anext(lists)
        assert [device.serial for device in await anext(lists)] == ["R5"]
        assert "host:version" in server.requests

        server.replies.clear()
        server.streams["host:version"] = Line.hang
        with pytest.raises(ServerDown, match="did not answer"):
            await anext(lists)


async def test_refused_tracking_means_server_down() -> None:
    async with FakeAdbServer() as server:
        with pytest.raises(ServerDown, match="unknown host service"):
            await anext(tracking.device_lists(SmartSocket("127.0.0.1", server.port)))


async def test_leaving_the_stream_closes_its_connection() -> None:
    gone = asyncio.Event()

    async def play(line: Line) -> None:
        await line.send(b"OKAY" + block(""))
        try:
            await line.hang()
        finally:
            gone.set()

    async with FakeAdbServer(streams={LONG: play}) as server:
        async with lists_of(server) as lists:
            await anext(lists)
        async with asyncio.timeout(2):
            await gone.wait()
