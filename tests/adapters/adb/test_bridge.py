"""The bridge on USB-like serials and odd states, which only a fake adb server shows."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from phonefarm.adapters.adb.bridge import AdbBridge
from phonefarm.application.interfaces import PhoneUnreachable, Probe
from phonefarm.domain.phones import PhoneFacts, PhoneState, state_from_adb
from tests.fakes.adb_server import FakeAdbServer, Line, answer, block

UDEV = "no permissions (user in plugdev group; are your udev rules wrong?); see [http://developer.android.com]"


async def test_states_come_as_adb_words_them() -> None:
    async def play(line: Line) -> None:
        text = f"R5  {UDEV} usb:1-1\n????????????  no permissions usb:1-2\nodd one  authorizing transport_id:4\n"
        await line.send(b"OKAY" + block(text))
        await line.hang()

    async with (
        FakeAdbServer(streams={"host:track-devices-l": play}) as server,
        aclosing(AdbBridge(server.address).device_lists()) as lists,
    ):
        devices = await anext(lists)

    assert [(device.serial, state_from_adb(device.adb_state)) for device in devices] == [
        ("R5", PhoneState.NO_PERMISSIONS),
        ("????????????", PhoneState.NO_PERMISSIONS),
        ("odd one", PhoneState.AUTHORIZING),
    ]


@pytest.mark.parametrize("serial", ["R5", "adb-R5-x._adb-tls-connect._tcp", "Телефон №1", "emulator-5554"])
async def test_a_usb_phone_is_reconnected_by_its_serial(serial: str) -> None:
    request = f"host-serial:{serial}:reconnect"
    async with FakeAdbServer(replies={request: b"OKAY" + block("reconnecting R5 [device]\n")}) as server:
        await AdbBridge(server.address).reconnect(serial)

    assert server.requests == [request]


@pytest.mark.parametrize("serial", ["127.1.0.1:5555", "[fe80::1%eth0]:5555", "phone.lan:5555"])
async def test_a_phone_with_an_address_is_disconnected_and_connected(serial: str) -> None:
    connect = f"host:connect:{serial}"
    async with FakeAdbServer(replies={connect: b"OKAY" + block(f"connected to {serial}")}) as server:
        await AdbBridge(server.address).reconnect(serial)

    assert server.requests == [f"host:disconnect:{serial}", connect]


async def test_a_refused_reconnect_says_why() -> None:
    reply = b"FAIL" + block("device 'R5' not found")
    async with FakeAdbServer(replies={"host-serial:R5:reconnect": reply}) as server:
        with pytest.raises(PhoneUnreachable, match="is not connected"):
            await AdbBridge(server.address).reconnect("R5")


async def test_a_phone_in_trouble_is_told_from_its_server() -> None:
    async with FakeAdbServer() as server:
        server.features("R5")
        server.refusals["R5"] = "device still authorizing"

        with pytest.raises(PhoneUnreachable, match="being authorised"):
            await AdbBridge(server.address).probe("R5", PhoneFacts(sdk=34))


async def test_an_answer_without_its_marks_is_cut_even_if_its_exit_frame_came() -> None:
    async def service(line: Line, _: str) -> None:
        await line.send(answer(b"S:1700000000.5\nNo result found.\n"))

    probe = Probe(facts=PhoneFacts(sdk=34), reads_hex=True)
    async with FakeAdbServer(shell=service) as server:
        server.features("R5")
        with pytest.raises(PhoneUnreachable, match="cut"):
            await AdbBridge(server.address).read_inbox("R5", probe, newest=50)


async def test_two_phones_of_one_serial_are_listed_twice_and_spoken_with_never() -> None:
    async def play(line: Line) -> None:
        await line.send(b"OKAY" + block("0123 device usb:1-1\n0123 device usb:1-2\n"))
        await line.hang()

    async with FakeAdbServer(streams={"host:track-devices-l": play}) as server:
        server.replies["host-serial:0123:features"] = b"FAIL" + block("more than one device with serial 0123")
        bridge = AdbBridge(server.address)
        async with aclosing(bridge.device_lists()) as lists:
            devices = await anext(lists)
        with pytest.raises(PhoneUnreachable, match="shares its serial"):
            await bridge.identify("0123")

    assert [device.detail for device in devices] == ["usb:1-1", "usb:1-2"]


SERIALS = ["R5", "два слова", "(no serial number)", "x" * 300, "a;b'c$(d)", "192.168.1.5:5555", "????????????"]


@pytest.mark.parametrize("serial", SERIALS)
async def test_any_serial_is_spoken_with_as_it_is(serial: str) -> None:
    async def service(line: Line, command: str) -> None:
        nonce = command.rpartition("; echo ")[2].removesuffix(":$?")
        await line.send(answer(f"S:\n[ro.product.model]: [M]\n[sys.boot_completed]: [1]\n{nonce}:0\n".encode()))

    async with FakeAdbServer(shell=service) as server:
        server.features(serial)
        introduction = await AdbBridge(server.address).identify(serial)

    assert introduction.facts.model == "M"
    assert server.requests[1] == f"host:transport:{serial}"
