"""The bridge with USB serials and rare states, on a fake adb server."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from phonefarm.adapters.adb.bridge import AdbBridge
from phonefarm.application.ports.world import ListedDevice, PhoneUnreachable, Probe
from phonefarm.domain.phones import PhoneFacts, PhoneState, state_from_adb
from tests.fakes.adb_server import FakeAdbServer, Line, Service, answer, block

UDEV = "no permissions (user in plugdev group; are your udev rules wrong?); see [http://developer.android.com]"


async def test_states_are_passed_on_unchanged() -> None:
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


async def test_refused_reconnect_has_the_cause() -> None:
    reply = b"FAIL" + block("device 'R5' not found")
    async with FakeAdbServer(replies={"host-serial:R5:reconnect": reply}) as server:
        with pytest.raises(PhoneUnreachable, match="is not connected"):
            await AdbBridge(server.address).reconnect("R5")


async def test_error_of_a_phone_is_told_from_an_error_of_the_server() -> None:
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


def model_service(model: str) -> Service:
    async def service(line: Line, command: str) -> None:
        nonce = command.rpartition("; echo ")[2].removesuffix(":$?")
        output = f"S:\n[ro.product.model]: [{model}]\n[sys.boot_completed]: [1]\n{nonce}:0\n"
        await line.send(answer(output.encode()))

    return service


def shared(number: int) -> ListedDevice:
    return ListedDevice(serial="0123", adb_state="device", detail=f"usb:1-{number} transport_id:{number}")


async def test_phones_with_one_serial_are_addressed_by_transport_id() -> None:
    async with FakeAdbServer() as server:
        for number in (1, 2):
            server.replies[f"host-transport-id:{number}:features"] = b"OKAY" + block("shell_v2")
            server.connections[number] = model_service(f"M{number}")
        bridge = AdbBridge(server.address)
        bridge.address({"0123": shared(1), "0123#1-2": shared(2)})

        models = [(await bridge.identify(name)).facts.model for name in ("0123", "0123#1-2")]

    assert models == ["M1", "M2"]
    assert not any("0123" in request for request in server.requests)


async def test_one_of_two_phones_with_one_serial_is_reconnected_alone() -> None:
    request = "host-transport-id:2:reconnect"
    async with FakeAdbServer(replies={request: b"OKAY" + block("reconnecting 0123 [device]\n")}) as server:
        bridge = AdbBridge(server.address)
        bridge.address({"0123": shared(1), "0123#1-2": shared(2)})

        await bridge.reconnect("0123#1-2")

    assert server.requests == [request]


async def test_reconnected_phone_is_addressed_by_its_new_transport_id() -> None:
    async with FakeAdbServer() as server:
        for number in (2, 5):
            server.replies[f"host-transport-id:{number}:features"] = b"OKAY" + block("shell_v2")
            server.connections[number] = model_service(f"M{number}")
        bridge = AdbBridge(server.address)
        bridge.address({"0123": shared(1), "0123#1-2": shared(2)})
        await bridge.identify("0123#1-2")

        bridge.address({"0123": shared(1), "0123#1-2": shared(5)})

        assert (await bridge.identify("0123#1-2")).facts.model == "M5"


async def test_phones_that_an_old_server_cannot_distinguish_are_an_error() -> None:
    async with FakeAdbServer() as server:
        server.replies["host-serial:0123:features"] = b"FAIL" + block("more than one device with serial 0123")
        with pytest.raises(PhoneUnreachable, match="shares its serial"):
            await AdbBridge(server.address).identify("0123")


SERIALS = ["R5", "два слова", "(no serial number)", "x" * 300, "a;b'c$(d)", "192.168.1.5:5555", "????????????"]


@pytest.mark.parametrize("serial", SERIALS)
async def test_any_serial_is_passed_on_unchanged(serial: str) -> None:
    async with FakeAdbServer(shell=model_service("M")) as server:
        server.features(serial)
        introduction = await AdbBridge(server.address).identify(serial)

    assert introduction.facts.model == "M"
    assert server.requests[1] == f"host:transport:{serial}"
