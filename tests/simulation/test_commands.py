"""`simulate phones` and `simulate market` run until cancelled and print their addresses in one line."""

from __future__ import annotations

import re

import aiohttp
import pytest

from phonefarm.simulation.background_tasks import BackgroundTasks
from phonefarm.simulation.commands import host_and_port, run_market, run_phones
from tests.simulation.adb_server import private_adb_server
from tests.simulation.fake_partner import FakePartner
from tests.simulation.waiting import until

CONTROL = re.compile(r"control (http://127\.0\.0\.1:\d+)")


class Printed:
    """The lines printed so far."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture
        self.text = ""

    async def holds(self, mark: str) -> str:
        await until(lambda: mark in self._read())
        return self.text

    def _read(self) -> str:
        self.text += self._capture.readouterr().out
        return self.text


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:80", ("127.0.0.1", 80)), (":80", ("127.0.0.1", 80)), ("127.0.0.2", ("127.0.0.2", 0))],
)
def test_addresses_are_read_with_defaults(text: str, address: tuple[str, int]) -> None:
    assert host_and_port(text) == address


@pytest.mark.farm
async def test_phones_connect_to_the_named_adb_server(capsys: pytest.CaptureFixture[str]) -> None:
    printed, tasks = Printed(capsys), BackgroundTasks()
    with private_adb_server() as (port, _):
        tasks.start(run_phones(3, query_seconds=0.0, adb_server=f"127.0.0.1:{port}"), "phones")

        line = await printed.holds("\n")
        await tasks.close()

    assert f"3 connected to adb server 127.0.0.1:{port}" in line
    assert CONTROL.search(line)


async def test_phones_without_an_adb_server_report_that_and_continue(capsys: pytest.CaptureFixture[str]) -> None:
    printed, tasks = Printed(capsys), BackgroundTasks()
    tasks.start(run_phones(1, adb_server="127.0.0.1:9"), "phones")

    line = await printed.holds("\n")
    control = CONTROL.search(line)
    assert control is not None
    async with aiohttp.ClientSession() as session, session.get(f"{control[1]}/phones") as response:
        phones = await response.json()
    await tasks.close()

    assert "does not answer" in line
    assert [phone["name"] for phone in phones] == ["phone-000"]


async def test_scripted_market_sends_sms_to_phones_of_another_process(capsys: pytest.CaptureFixture[str]) -> None:
    printed, tasks = Printed(capsys), BackgroundTasks()
    tasks.start(run_phones(4, query_seconds=0.0), "phones")
    control = CONTROL.search(await printed.holds("\n"))
    assert control is not None
    async with aiohttp.ClientSession() as session, session.get(f"{control[1]}/phones") as response:
        numbers = [sim["msisdn"] for phone in await response.json() for sim in phone["sims"]]

    async with FakePartner("a-key", numbers) as partner:
        playing = run_market(
            partner.url,
            "a-key",
            play=True,
            phones_control=control[1],
            speed=20.0,
            seconds=0.5,
            settle_seconds=0.0,
            seed=3,
        )
        tasks.start(playing, "market")
        summary = await printed.holds("repeated_after_200=")
        await tasks.close()

    assert "PHONEFARM_PUSH_URL=http://127.0.0.1:" in summary
    assert re.search(r"\brents=[1-9]", summary)
    assert re.search(r"\bsms_received=[1-9]", summary)
