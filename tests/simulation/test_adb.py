"""The real adb server against virtual phones: states, shells, streams, cut answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.phone import VirtualPhone
from phonefarm.simulation.profiles import NEXUS_5, PIXEL_8, SONY_XA, Profile
from phonefarm.simulation.sims import SimFactory
from tests.simulation import adb_client
from tests.simulation.adb_server import adb, private_adb_server
from tests.simulation.waiting import until

pytestmark = pytest.mark.farm

RECONNECT_TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class ConnectedPhones:
    """Phones that are connected to a private adb server."""

    farm: VirtualFarm
    port: int
    environment: dict[str, str]

    @property
    def phone(self) -> VirtualPhone:
        return self.farm.phones[0]

    async def shell(self, line: str, phone: VirtualPhone | None = None) -> adb_client.ShellAnswer:
        return await adb_client.shell(self.port, (phone or self.phone).serial, line)

    async def state_becomes(self, state: str) -> None:
        async def has_state() -> bool:
            return await adb_client.state(self.port, self.phone.serial) == state

        await until(has_state, RECONNECT_TIMEOUT_SECONDS)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[int, dict[str, str]]]:
    with private_adb_server() as running:
        yield running


def phones_of(*profiles: Profile) -> list[VirtualPhone]:
    cards = SimFactory(seed=2)
    phones = []
    for number, profile in enumerate(profiles):
        phone = VirtualPhone(profile, name=f"phone-{number}", query_seconds=0.0)
        phone.insert_sim(cards.make(), 0)
        phones.append(phone)
    return phones


@pytest.fixture
async def connected(server: tuple[int, dict[str, str]]) -> AsyncIterator[ConnectedPhones]:
    port, environment = server
    async with VirtualFarm(0, phones=phones_of(PIXEL_8, NEXUS_5, SONY_XA)) as farm:
        await farm.connect_to("127.0.0.1", port)
        yield ConnectedPhones(farm, port, environment)
        for phone in farm.phones:
            await farm.unplug_usb(phone)


async def test_adb_lists_the_phone_with_its_model(connected: ConnectedPhones) -> None:
    listing = await asyncio.to_thread(adb, connected.environment, "devices", "-l")

    assert f"{connected.phone.serial}" in listing.stdout
    assert "device product:shiba model:Pixel_8 device:shiba" in listing.stdout


async def test_adb_shell_separates_output_errors_and_exit_code(connected: ConnectedPhones) -> None:
    ran = await asyncio.to_thread(adb, connected.environment, "-s", connected.phone.serial, "shell", "echo out; foo")

    assert (ran.stdout.strip(), ran.stderr.strip(), ran.returncode) == ("out", "/system/bin/sh: foo: not found", 127)


async def test_a_stored_sms_is_read_whole_through_the_smart_socket(connected: ConnectedPhones) -> None:
    body = "code 1\nRow: 1 _id=9\x00 🙏" * 50
    await connected.phone.deliver_sms("Shop", body)

    answer = await connected.shell("content query --uri content://sms/inbox --projection 'hex(body) AS b'; echo end:$?")

    assert answer.stdout.decode() == f"Row: 0 b={body.encode().hex().upper()}\nend:0\n"
    assert answer.exit_code == 0


async def test_an_answer_larger_than_a_packet_arrives_whole(connected: ConnectedPhones) -> None:
    for _ in range(40):
        connected.phone.restore_sms("Shop", "x" * 10_000, date_ms=1)

    answer = await connected.shell("content query --uri content://sms/inbox --projection body")

    assert answer.stdout.count(b"x") == 400_000


@pytest.mark.parametrize("size", [0, 1, 7, 10])
async def test_a_cut_answer_ends_at_the_given_size_without_an_exit_code(connected: ConnectedPhones, size: int) -> None:
    connected.phone.cut_answer_after(size)

    cut = await connected.shell("echo 123456789")
    await connected.state_becomes("device")
    whole = await connected.shell("echo 123456789")

    assert (cut.stdout, cut.exit_code) == (b"123456789\n"[:size], None)
    assert (whole.stdout, whole.exit_code) == (b"123456789\n", 0)


async def test_old_phones_have_a_plain_shell_with_a_terminals_line_ends(connected: ConnectedPhones) -> None:
    old = connected.farm.phones[1]

    plain = await adb_client.raw(connected.port, old.serial, "shell:echo a; foo")
    exact = await adb_client.raw(connected.port, old.serial, "exec:echo a")

    assert plain == b"a\r\n/system/bin/sh: foo: not found\r\n"
    assert exact == b"a\n"


async def test_old_phones_refuse_shell_v2(connected: ConnectedPhones) -> None:
    with pytest.raises(adb_client.Refused, match="closed"):
        await connected.shell("echo a", connected.farm.phones[2])


async def test_the_log_streams_until_the_host_hangs_up(connected: ConnectedPhones) -> None:
    service = "shell,v2,raw:logcat -b radio -v epoch -T 1 --regex 'UNSOL_RESPONSE_NEW_SMS'"
    reader, writer = await adb_client.open_service(connected.port, connected.phone.serial, service)
    await until(lambda: connected.phone.log_readers == 1)

    await connected.phone.deliver_sms("Shop", "text")
    streamed = b""
    async with asyncio.timeout(10):
        while b"UNSOL_RESPONSE_NEW_SMS\n" not in streamed:
            streamed += await reader.read(4096)
    await adb_client.close(writer)
    await until(lambda: connected.phone.log_readers == 0)

    assert b"InboundSmsHandler" not in streamed


async def test_an_armed_cut_waits_for_an_answer_and_does_not_cut_the_log(connected: ConnectedPhones) -> None:
    _, writer = await adb_client.open_service(connected.port, connected.phone.serial, "shell,v2,raw:logcat -T 1")
    await until(lambda: connected.phone.log_readers == 1)
    connected.phone.cut_answer_after(3)

    await connected.phone.deliver_sms("Shop", "text")
    answer = await connected.shell("echo 12345")
    await adb_client.close(writer)

    assert (answer.stdout, answer.exit_code) == (b"123", None)


async def test_many_commands_at_once_share_one_connection(connected: ConnectedPhones) -> None:
    answers = await asyncio.gather(*(connected.shell(f"echo {number}") for number in range(50)))

    assert [int(answer.stdout) for answer in answers] == list(range(50))


async def test_three_scripts_at_once_on_one_phone_run_side_by_side(connected: ConnectedPhones) -> None:
    connected.phone.set_query_seconds(0.5)
    script = (
        "echo S:$EPOCHREALTIME; "
        "content query --uri content://sms/inbox --projection 'count(*) AS c'; echo E:nonce:0:$?; "
        "dumpsys battery 2>/dev/null | grep -E 'level|temperature'; echo E:nonce:1:$?"
    )
    clock = asyncio.get_running_loop().time
    begun = clock()

    answers = await asyncio.gather(*(connected.shell(script) for _ in range(3)))

    assert clock() - begun < 1.2
    expected = "Row: 0 c=0\nE:nonce:0:0\n  level: 100\n  temperature: 271\nE:nonce:1:0\n"
    assert [answer.stdout.decode().split("\n", 1)[1] for answer in answers] == [expected] * 3


async def test_a_bad_cable_takes_a_phone_off_the_list_and_back(connected: ConnectedPhones) -> None:
    await connected.farm.flap(connected.phone, 2, on_seconds=0.0, off_seconds=0.0)

    await connected.state_becomes("device")


async def test_an_unplugged_phone_is_offline_and_heals_after_replugging(connected: ConnectedPhones) -> None:
    await connected.phone.unplug()
    await connected.state_becomes("offline")
    with pytest.raises(adb_client.Refused, match="offline"):
        await connected.shell("echo a")

    await connected.phone.replug()
    await connected.state_becomes("device")

    assert (await connected.shell("echo a")).stdout == b"a\n"


async def test_a_phone_pulled_out_like_a_usb_one_is_not_listed_any_more(connected: ConnectedPhones) -> None:
    await connected.farm.unplug_usb(connected.phone)
    gone = await adb_client.state(connected.port, connected.phone.serial)
    await connected.farm.replug_usb(connected.phone)

    assert gone == ""
    assert await adb_client.state(connected.port, connected.phone.serial) == "device"


async def test_a_revoked_phone_is_unauthorized_until_its_user_confirms(connected: ConnectedPhones) -> None:
    await connected.phone.revoke_authorization()
    await connected.state_becomes("unauthorized")
    with pytest.raises(adb_client.Refused, match="unauthorized"):
        await connected.shell("echo a")

    await connected.phone.authorize()
    await connected.state_becomes("device")

    assert (await connected.shell("echo a")).exit_code == 0


async def test_a_phone_that_hangs_keeps_its_host_waiting(connected: ConnectedPhones) -> None:
    connected.phone.hang()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await connected.shell("echo a")
    connected.phone.hang(on=False)

    assert (await connected.shell("echo a")).stdout == b"a\n"


async def test_an_unknown_service_is_closed(connected: ConnectedPhones) -> None:
    with pytest.raises(adb_client.Refused, match="closed"):
        await adb_client.raw(connected.port, connected.phone.serial, "sync:")
