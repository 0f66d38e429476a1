"""One request per connection: a complete answer or a known error."""

from __future__ import annotations

import asyncio

import pytest

from phonefarm.adapters.adb import smart_socket
from phonefarm.adapters.adb.adb_connection import ProtocolError
from phonefarm.adapters.adb.smart_socket import Address, SmartSocket, refusal
from phonefarm.application.ports.world import PhoneUnreachable, ServerDown
from tests.fakes.adb_server import FakeAdbServer, Line, block
from tests.windows_errors import fails_with


async def test_version_is_a_number() -> None:
    async with FakeAdbServer() as server:
        assert await SmartSocket("127.0.0.1", server.port).version(within=2) == 41


async def test_refused_connection_means_server_down() -> None:
    async with FakeAdbServer() as server:
        port = server.port

    with pytest.raises(ServerDown, match="connection refused"):
        await SmartSocket("127.0.0.1", port).version(within=2)


async def test_refused_connection_is_recognised_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", fails_with(1225))

    with pytest.raises(ServerDown, match=r"answers on 127\.0\.0\.1:5999 \(connection refused\)"):
        await SmartSocket("127.0.0.1", 5999).version(within=2)


async def test_refused_host_request_means_server_down_with_its_text() -> None:
    async with FakeAdbServer() as server:
        with pytest.raises(ServerDown, match="unknown host service"):
            await SmartSocket("127.0.0.1", server.port).ask("host:nonsense", within=2)


@pytest.mark.parametrize("reply", [b"", b"OK", b"OKAY", b"OKAY00", b"OKAY0005abc", b"FAIL", b"FAIL0005a"])
async def test_cut_answer_means_server_down(reply: bytes) -> None:
    async with FakeAdbServer(replies={"host:version": reply}) as server:
        with pytest.raises(ServerDown):
            await SmartSocket("127.0.0.1", server.port).version(within=2)


@pytest.mark.parametrize("reply", [b"HTTP/1.1 400 Bad Request", b"OKAYzzzz", b"OKAY0004what"])
async def test_other_protocol_is_recognised(reply: bytes) -> None:
    async with FakeAdbServer(replies={"host:version": reply}) as server:
        with pytest.raises(ProtocolError):
            await SmartSocket("127.0.0.1", server.port).version(within=2)


async def test_timeout_covers_the_whole_call() -> None:
    async def drip(line: Line) -> None:
        await line.send(b"OKAY0100")
        for _ in range(100):
            await line.send(b"x")
            await asyncio.sleep(0.05)

    async with FakeAdbServer(streams={"host:slow": drip}) as server:
        with pytest.raises(ServerDown, match=r"within 0\.3 s"):
            await SmartSocket("127.0.0.1", server.port).ask("host:slow", within=0.3)


async def test_silent_server_times_out() -> None:
    async with FakeAdbServer(streams={"host:version": Line.hang}) as server:
        with pytest.raises(ServerDown, match="did not answer"):
            await SmartSocket("127.0.0.1", server.port).version(within=0.2)


async def test_split_packets_are_joined() -> None:
    async def reply(line: Line) -> None:
        await line.send_byte_by_byte(b"OKAY" + block("0029"))

    async with FakeAdbServer(streams={"host:version": reply}) as server:
        assert await SmartSocket("127.0.0.1", server.port).version(within=2) == 41


async def test_an_overlong_serial_is_refused_before_it_is_sent() -> None:
    async with FakeAdbServer() as server:
        with pytest.raises(PhoneUnreachable, match="too long"):
            await SmartSocket("127.0.0.1", server.port).ask("host:" + "x" * 70_000, within=2, serial="x" * 70_000)


NO_PERMISSION = "insufficient permissions for device: user in plugdev group; are your udev rules wrong?"


@pytest.mark.parametrize(
    ("listed", "meaning"),
    [
        ("OTHER\tno permissions (user in plugdev group; are your udev rules wrong?); see [x]\n", "is not connected"),
        ("R5\tno permissions (user in plugdev group; are your udev rules wrong?); see [x]\n", "udev rule"),
        ("", "is not connected"),
    ],
)
async def test_missing_permission_is_reported_only_for_its_own_phone(listed: str, meaning: str) -> None:
    replies = {"host-serial:R5:features": b"FAIL" + block(NO_PERMISSION), "host:devices": b"OKAY" + block(listed)}
    async with FakeAdbServer(replies=replies, refusals={"R5": NO_PERMISSION}) as server:
        socket = SmartSocket("127.0.0.1", server.port)
        with pytest.raises(PhoneUnreachable, match=meaning):
            await socket.ask("host-serial:R5:features", within=2, serial="R5")
        with pytest.raises(PhoneUnreachable, match=meaning):
            async with smart_socket.phone_errors("R5", within=2):
                await socket.open_service(Address(serial="R5"), "shell:true")


@pytest.mark.parametrize("serial", ["offline", "unauthorized", "closed", "no permissions"])
def test_serial_that_contains_an_error_text_is_ignored(serial: str) -> None:
    assert "is not connected" in str(refusal(serial, f"device '{serial}' not found"))


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        (
            "device unauthorized.\nThis adb server's $ADB_VENDOR_KEYS is not set\nTry 'adb kill-server'",
            "confirm 'Allow",
        ),
        ("device still authorizing", "being authorised"),
        ("device offline", "is offline"),
        ("device 'R5' not found", "is not connected"),
        ("insufficient permissions for device: user in plugdev group", "udev rule"),
        ("device still connecting", "just being connected"),
        ("closed", "refused the command"),
        ("device offline (transport offline)", "is offline"),
        ("more than one device/emulator", "shares its serial"),
        ("something\nnew happened.", "adb says: something new happened."),
        ("An existing connection was forcibly closed by the remote host. (10054)", "adb says: An existing connection"),
        ("failed to read: connection closed", "adb says: failed to read"),
        ("cannot open 'offline.img': file not found", "adb says: cannot open"),
        ("the user is unauthorized to do that", "adb says: the user"),
        ("", "adb says: no reason given."),
    ],
)
def test_refusals_are_worded_for_the_user(words: str, meaning: str) -> None:
    error = refusal("R5", words)

    assert isinstance(error, PhoneUnreachable)
    assert meaning in str(error)
    assert "\n" not in str(error)


def test_a_serial_in_a_message_is_short_and_one_line() -> None:
    assert smart_socket.printable("a\nb\x00c") == "a?b?c"
    assert len(smart_socket.printable("x" * 10_000)) < 70
