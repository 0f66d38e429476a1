"""The recovery ladder at the adb server: mildest step first, and no restart while one of its phones works."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from phonefarm.adapters.adb.usb_reset import UsbPorts
from phonefarm.application.model.read_models import PhoneState
from phonefarm.simulation.phone import VirtualPhone
from phonefarm.simulation.profiles import PIXEL_6A, PIXEL_8
from phonefarm.simulation.simulation_thread import SimulationThread
from tests.fakes.adb_server import Line
from tests.farm.field import Field, Pace, a_phone, run_field, wait_until_ready
from tests.farm.harness import until
from tests.farm.usb_farm import Plugged, UsbFarm

pytestmark = [pytest.mark.farm, pytest.mark.skipif(sys.platform == "win32", reason="ports are reset on Linux only")]

SPEED_UP = 30.0
"""Half a second for the first step, four seconds for the last."""
SERIALS = {"one": "R58M30ABCDE", "two": "ZY22XYZ"}
PORTS = {"one": "1-1.4", "two": "1-1.2"}


class Bus:
    """A fake of Linux's USB device tree with the phones' ports."""

    def __init__(self, root: Path, farm: UsbFarm) -> None:
        self._farm = farm
        self.ports = UsbPorts(devices=root / "devices", nodes=root / "nodes", reset=self._reset, platform="linux")
        (root / "nodes" / "001").mkdir(parents=True)
        for number, port in enumerate(PORTS.values(), 1):
            (root / "devices" / port).mkdir(parents=True)
            (root / "devices" / port / "busnum").write_text("1\n")
            (root / "devices" / port / "devnum").write_text(f"{number}\n")
            (root / "nodes" / "001" / f"{number:03}").write_bytes(b"")

    def _reset(self, node: int) -> None:
        assert os.fstat(node).st_size == 0
        self._farm.requests.append("reset")


@contextmanager
def a_ladder(
    tmp_path: Path, *, can_reset: bool = True, adb_path: str = ""
) -> Iterator[tuple[Field, SimulationThread[UsbFarm]]]:
    phones = {"one": a_phone("one", PIXEL_8), "two": a_phone("two", PIXEL_6A)}
    plugged = [Plugged(SERIALS[name], PORTS[name], phone=phone) for name, phone in phones.items()]
    with SimulationThread(lambda: UsbFarm(*plugged)) as farm:
        usb = Bus(tmp_path / "bus", farm.sim).ports if can_reset else UsbPorts(devices=tmp_path, nodes=tmp_path)
        pace = Pace(hurry=SPEED_UP, usb=usb, patience=0.5)
        with run_field(tmp_path, farm.sim.server.address, farm, pace, serials=SERIALS, adb_path=adb_path) as field:
            wait_until_ready(field, list(SERIALS))
            yield field, farm


def test_offline_phone_is_reconnected_taken_up_reset_and_reconnected_again_while_another_works(tmp_path: Path) -> None:
    with a_ladder(tmp_path) as (field, farm):
        farm.call(lambda it: it.set_state("one", "offline"))

        until(lambda: len(farm.sim.steps) >= 4, what="four steps")

        again = f"host-serial:{SERIALS['one']}:reconnect"
        assert farm.sim.steps[:4] == [again, "host:reconnect-offline", "reset", again]
        assert field.state("one") is PhoneState.OFFLINE
        assert field.state("two") is PhoneState.READY
        steps = [line for line in field.timeline("one") if "Reconnected" in line or "reset" in line]
        assert steps[:3] == [
            "Reconnected by phonefarm",
            "Reconnected by adb, with all other offline phones",
            "Its USB port was reset",
        ]
        farm.call(lambda it: it.set_state("one", "device"))
        field.reaches("one", PhoneState.READY)
        field.is_offered("one")
        assert "host:kill" not in farm.sim.requests


def test_phone_that_hangs_is_reconnected_and_reset_and_not_taken_up_as_if_it_were_offline(tmp_path: Path) -> None:
    with a_ladder(tmp_path) as (field, farm):
        field.act(VirtualPhone.hang, "one")
        field.reaches("one", PhoneState.FAILING)

        until(lambda: len(farm.sim.steps) >= 3, what="three steps")

        again = f"host-serial:{SERIALS['one']}:reconnect"
        assert set(farm.sim.steps) <= {again, "reset"}
        assert farm.sim.steps[0] == again
        assert "reset" in farm.sim.steps
        assert field.state("two") is PhoneState.READY
        field.act(lambda phone: phone.hang(False), "one")
        field.reaches("one", PhoneState.READY)


def test_phone_that_waits_for_the_user_is_left_alone(tmp_path: Path) -> None:
    with a_ladder(tmp_path) as (field, farm):
        farm.call(lambda it: it.set_state("one", "unauthorized"))
        field.reaches("one", PhoneState.UNAUTHORIZED)
        farm.call(lambda it: it.set_state("two", "offline"))

        until(lambda: "reset" in farm.sim.steps, what="the steps for the other")

        assert not [step for step in farm.sim.steps if SERIALS["one"] in step]


def test_adb_is_ended_and_started_only_when_no_phone_of_it_works_and_then_they_come_back(tmp_path: Path) -> None:
    adb, trace, up = tmp_path / "adb", tmp_path / "was-run", tmp_path / "is-up"
    adb.write_text(
        f"#!/bin/sh\necho $@ > {trace}.new && mv {trace}.new {trace}\nwhile [ ! -e {up} ]; do sleep 0.05; done\n"
    )
    adb.chmod(0o755)
    with a_ladder(tmp_path, can_reset=False, adb_path=str(adb)) as (field, farm):

        async def end(line: Line) -> None:
            await line.send(b"OKAY")
            farm.sim.server.stop_listening()
            farm.sim.server.drop_all()

        farm.sim.server.streams["host:kill"] = end
        farm.call(lambda it: it.set_state("one", "offline"))
        until(lambda: farm.sim.steps.count(f"host-serial:{SERIALS['one']}:reconnect") == 2, what="a second round")
        assert "host:kill" not in farm.sim.requests

        farm.call(lambda it: it.set_state("two", "offline"))

        until(trace.exists, what="adb started anew")
        assert trace.read_text().split() == ["-P", str(farm.sim.server.port), "start-server"]
        assert farm.sim.steps[-1] == "host:kill"
        for name in SERIALS:
            farm.call(partial(UsbFarm.set_state, name=name, state="device"))
        farm.run(lambda it: it.server.listen())
        up.touch()
        wait_until_ready(field, list(SERIALS))
        assert "adb was restarted, because none of its phones worked" in field.timeline("one")
        assert farm.sim.requests.count("host:kill") == 1
