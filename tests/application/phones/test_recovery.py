"""Recovery of failing connections, flap damping, and phones that left together."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from phonefarm.application.model.read_models import PhoneState, Remedy
from phonefarm.application.phones import session as phone_session
from phonefarm.application.phones import watch as phone_watch
from phonefarm.application.ports.world import PhoneUnreachable
from phonefarm.domain.flap_damping import LOSSES_THAT_DAMP, STEADY_AFTER
from phonefarm.domain.hubs import TOGETHER_WITHIN
from tests.application.site import POLL, Site
from tests.builders import a_row, a_seen_sim
from tests.fakes.phone_bridge import ScriptedPhone
from tests.waiting import until

HURRY = 100.0
"""Recovery checks every 10 ms; the test advances its clock."""


def usb(serial: str, port: str) -> ScriptedPhone:
    digits = f"{sum(serial.encode()):05d}{port.replace('.', '').replace('-', '')}"
    sim = a_seen_sim(f"8970{digits:0>16}"[:20], msisdn=None)
    return ScriptedPhone(serial, sims=[sim], detail=f"usb:{port} product:x transport_id:1")


async def step(site: Site, seconds: float, *steps: str) -> None:
    """Advance the clock, then expect exactly these steps."""
    already = len(site.bridge.steps)
    site.farm.clock.forward(seconds / HURRY)
    await until(lambda: site.bridge.steps[already:] == list(steps))


@pytest.fixture
def hurried(site: Site) -> Site:
    site.watch = site.watch_with(POLL, hurry=HURRY)
    return site


# Recovery ---------------------------------------------------------------------


async def test_offline_phone_gets_each_recovery_step_while_others_work(hurried: Site) -> None:
    site = hurried
    site.bridge.may_restart = True
    site.bridge.usb_ports = {"1-1.4"}
    site.one.detail = "usb:1-1.4"
    await site.both_ready()
    site.one.adb_state = "offline"
    site.bridge.change()
    await site.reached(site.one, PhoneState.OFFLINE)

    await step(site, 16, f"reconnect {site.one.serial}")
    await step(site, 25, "reconnect offline")
    await step(site, 35, "reset 1-1.4")
    await step(site, 62, f"reconnect {site.one.serial}")

    steps = [
        "Reconnected by phonefarm",
        "Reconnected by adb, with all other offline phones",
        "Its USB port was reset",
        "Reconnected by phonefarm",
    ]

    async def are_in_timeline() -> bool:
        return (await site.timeline(site.one))[-4:] == steps

    await until(are_in_timeline)


async def test_adb_is_restarted_when_no_phone_of_it_works(hurried: Site) -> None:
    site = hurried
    site.bridge.may_restart = True
    for phone in (site.one, site.two):
        phone.adb_state = "offline"
    await site.watch.start()
    await site.reached(site.two, PhoneState.OFFLINE)

    site.farm.clock.forward(121 / HURRY)
    await until(lambda: "restart" in site.bridge.steps)
    site.farm.clock.forward(1000 / HURRY)
    await until(lambda: site.bridge.steps.count("reconnect offline") == 2)

    async def is_in_timeline() -> bool:
        return "adb was restarted, because none of its phones worked" in await site.timeline(site.two)

    await until(is_in_timeline)
    assert site.bridge.steps.count("restart") == 1


async def test_adb_is_not_restarted_if_a_phone_recovered_during_the_steps_before(hurried: Site) -> None:
    site = hurried
    site.bridge.may_restart = True
    for phone in (site.one, site.two):
        phone.adb_state = "offline"
    site.bridge.on_step = lambda: site.recover(site.two)
    await site.watch.start()
    await site.reached(site.two, PhoneState.OFFLINE)

    site.farm.clock.forward(121 / HURRY)
    await site.reached(site.two, PhoneState.READY)
    site.farm.clock.forward(1000 / HURRY)
    await until(lambda: site.bridge.steps.count("reconnect offline") > 0)

    assert "restart" not in site.bridge.steps


async def test_phone_that_fails_its_looks_is_reconnected(hurried: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site = hurried
    monkeypatch.setattr(phone_session, "RETRY_PAUSES_SECONDS", (0.001,))
    await site.both_ready()
    site.one.trouble = PhoneUnreachable("busy")
    site.one.receive(a_row(1))
    await site.reached(site.one, PhoneState.FAILING)

    await step(site, 16, f"reconnect {site.one.serial}")


async def test_failed_step_is_in_the_timeline_with_its_cause(hurried: Site) -> None:
    site = hurried
    site.one.adb_state = "offline"
    await site.watch.start()
    await site.reached(site.one, PhoneState.OFFLINE)
    gone = site.bridge.phones.pop(site.one.serial)

    site.farm.clock.forward(16 / HURRY)

    async def is_in_timeline() -> bool:
        return "Reconnecting failed: The phone is not there." in await site.timeline(gone)

    await until(is_in_timeline)


async def test_phone_that_needs_the_user_gets_no_recovery_steps(hurried: Site) -> None:
    site = hurried
    site.bridge.may_restart = True
    site.one.adb_state = "unauthorized"
    site.two.adb_state = "no permissions (missing udev rules?)"
    await site.watch.start()
    await site.reached(site.two, PhoneState.NO_PERMISSIONS)
    offline = ScriptedPhone("offline", adb_state="offline")
    site.bridge.plug_in(offline)
    await site.reached(offline, PhoneState.OFFLINE)

    await step(site, 16, f"reconnect {offline.serial}")


async def test_phone_over_tcp_that_recovery_dropped_is_reconnected_until_it_answers(hurried: Site) -> None:
    site = hurried
    tcp = ScriptedPhone("192.168.1.7:5555")
    site.bridge.plug_in(tcp)
    await site.both_ready()
    await site.reached(tcp, PhoneState.READY)
    tcp.adb_state = "offline"
    site.bridge.change()
    await site.reached(tcp, PhoneState.OFFLINE)
    del site.bridge.phones[tcp.serial]  # dropped, and it does not answer the first attempt

    site.farm.clock.forward(16 / HURRY)
    tcp.adb_state = "device"
    site.bridge.forgotten[tcp.serial] = tcp

    await site.reached(tcp, PhoneState.READY)


async def test_recovery_starts_again_for_a_phone_that_was_unplugged(hurried: Site) -> None:
    site = hurried
    await site.both_ready()
    site.one.adb_state = "offline"
    site.bridge.change()
    await site.reached(site.one, PhoneState.OFFLINE)
    await step(site, 16, f"reconnect {site.one.serial}")
    site.bridge.unplug(site.one)
    await site.reached(site.one, PhoneState.GONE)
    site.farm.clock.forward(600)
    await until(lambda: not site.watch.in_recovery())

    site.bridge.plug_in(site.one)
    await site.reached(site.one, PhoneState.OFFLINE)

    await step(site, 16, f"reconnect {site.one.serial}")


# Flapping -----------------------------------------------------------------------


async def flap(site: Site, phone: ScriptedPhone, times: int) -> None:
    for _ in range(times):
        site.bridge.unplug(phone)
        await site.left(phone)
        site.bridge.plug_in(phone)
        await until(partial(_was_looked_at, phone, phone.looks))


def _was_looked_at(phone: ScriptedPhone, before: int) -> bool:
    return phone.looks > before


async def test_flapping_phone_is_unsteady_not_offered_and_still_read(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_watch, "FLAPS_CHECK_SECONDS", 0.01)
    await site.both_ready()

    await flap(site, site.one, LOSSES_THAT_DAMP)
    await site.reached(site.one, PhoneState.UNSTEADY)

    row = await site.row(site.one)
    assert (row.remedy, row.detail) == (Remedy.CHECK_CABLE, "left 4 times in ten minutes")
    assert await site.farm.on_offer() == 1
    site.one.receive(a_row(1))
    await until(lambda: site.message_count())


async def test_damped_phone_gets_no_further_timeline_entries(site: Site) -> None:
    await site.both_ready()
    await flap(site, site.one, LOSSES_THAT_DAMP)
    await site.reached(site.one, PhoneState.UNSTEADY)
    lines = len(await site.timeline(site.one))

    await flap(site, site.one, 5)

    assert len(await site.timeline(site.one)) == lines


async def test_damped_phone_that_stays_is_ready_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_watch, "FLAPS_CHECK_SECONDS", 0.01)
    await site.both_ready()
    await flap(site, site.one, LOSSES_THAT_DAMP)
    await site.reached(site.one, PhoneState.UNSTEADY)

    site.farm.clock.forward(STEADY_AFTER.total_seconds() + 1)

    await site.reached(site.one, PhoneState.READY)
    assert await site.farm.on_offer() == 2


async def test_damped_phone_that_stays_away_becomes_gone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_watch, "FLAPS_CHECK_SECONDS", 0.01)
    await site.both_ready()
    await flap(site, site.one, LOSSES_THAT_DAMP)
    site.bridge.unplug(site.one)
    await site.reached(site.one, PhoneState.UNSTEADY)

    site.farm.clock.forward(STEADY_AFTER.total_seconds() + 1)

    await site.reached(site.one, PhoneState.GONE)


async def test_damped_phone_of_a_server_that_went_down_is_gone_when_its_damping_ends(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_watch, "FLAPS_CHECK_SECONDS", 0.01)
    await site.both_ready()
    await flap(site, site.one, LOSSES_THAT_DAMP)
    await site.reached(site.one, PhoneState.UNSTEADY)
    site.bridge.end_server()
    await site.reached(site.two, PhoneState.GONE)

    site.farm.clock.forward(STEADY_AFTER.total_seconds() + 1)

    await site.reached(site.one, PhoneState.GONE)
    assert await site.farm.on_offer() == 0


# Together -----------------------------------------------------------------------


async def test_phones_of_a_hub_that_drops_are_one_loss_with_its_hub(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_watch, "FLAPS_CHECK_SECONDS", 0.01)
    hub = [usb(f"HUB{n}", f"1-1.4.{n}") for n in range(1, 6)]
    for phone in hub:
        site.bridge.plug_in(phone)
    site.one.detail = "usb:1-1.2"
    await site.both_ready()
    for phone in hub:
        await site.reached(phone, PhoneState.READY)

    for phone in hub:
        del site.bridge.phones[phone.serial]
    site.bridge.change()
    await site.reached(hub[0], PhoneState.GONE)
    site.farm.clock.forward(TOGETHER_WITHIN.total_seconds() + 1)
    await until(lambda: len(site.watch.left_together()) == 1)

    (shared,) = site.watch.left_together()
    assert (shared.hub, len(shared.phones)) == ("1-1.4", 5)

    async def is_in_timeline() -> bool:
        return (await site.timeline(hub[2]))[-1] == "Disconnected together with 4 others (USB hub 1-1.4)"

    await until(is_in_timeline)
    assert (await site.row(hub[2])).usb_path == "1-1.4.3"


async def test_hub_that_is_back_is_no_loss(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_watch, "FLAPS_CHECK_SECONDS", 0.01)
    hub = [usb(f"HUB{n}", f"1-1.4.{n}") for n in range(1, 5)]
    for phone in hub:
        site.bridge.plug_in(phone)
    await site.both_ready()
    for phone in hub:
        await site.reached(phone, PhoneState.READY)
    for phone in hub:
        del site.bridge.phones[phone.serial]
    site.bridge.change()
    await site.reached(hub[0], PhoneState.GONE)
    site.farm.clock.forward(TOGETHER_WITHIN.total_seconds() + 1)
    await until(lambda: len(site.watch.left_together()) == 1)

    for phone in hub:
        site.bridge.plug_in(phone)

    await until(lambda: site.watch.left_together() == [])


async def test_server_that_goes_down_is_no_shared_loss(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_watch, "FLAPS_CHECK_SECONDS", 0.01)
    third = replace(site.one, serial="THIRD", sims=[])
    site.bridge.plug_in(third)
    await site.both_ready()
    await site.reached(third, PhoneState.READY)

    site.bridge.end_server()
    await site.reached(third, PhoneState.GONE)
    site.farm.clock.forward(TOGETHER_WITHIN.total_seconds() + 1)
    site.bridge.server_trouble = None
    await site.reached(site.one, PhoneState.READY)

    assert site.watch.left_together() == []
