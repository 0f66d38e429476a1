"""adb's device list of USB phones: all states, odd and equal serials, broken lists, hub failures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from phonefarm.application.model.read_models import AttentionKind, HealthCheck, PhoneState, Remedy, SimStanding, Verdict
from phonefarm.domain.naming import NO_SERIAL
from phonefarm.simulation.profiles import NEXUS_5, PIXEL_6A, PIXEL_8
from phonefarm.simulation.simulation_thread import SimulationThread
from phonefarm.wording.health import health_text
from tests.fakes.adb_server import block
from tests.farm.field import Field, Pace, a_phone, now, run_field, wait_until_ready
from tests.farm.harness import until
from tests.farm.usb_farm import Plugged, UsbFarm

pytestmark = pytest.mark.farm

NO_RULE = (
    "no permissions (missing udev rules? user is in the plugdev group); "
    "see [http://developer.android.com/tools/device.html]"
)
NO_RULE_OLD = "no permissions; see [http://developer.android.com/tools/device.html]"
NO_DRIVER = "no permissions (verify that the driver is installed); see [http://developer.android.com/tools/device.html]"
HUB = [f"hub-{number}" for number in range(5)]
ODD_SERIALS = {
    "blanks": "AB CD device 12",
    "marks": "?????????",
    "unicode": "ТЕЛЕФОН-№1",
    "quoted": "a'b\"c;$(reboot)",
    "long": "0123456789ABCDEF" * 8,
}
"""Odd serials of cheap firmware, by phone name."""
TWIN_SERIAL = "20080411"
TWINS = {
    "twin one": (TWIN_SERIAL, "4-1.1"),
    "twin two": (TWIN_SERIAL, "4-1.2"),
    "nameless one": (NO_SERIAL, "4-1.3"),
    "nameless two": (NO_SERIAL, "4-1.4"),
}
"""Serial and port of phones with equal serials or none."""


def a_twin(name: str) -> Plugged:
    serial, port = TWINS[name]
    phone = a_phone(name, PIXEL_6A)
    phone.handset.serial_number = TWIN_SERIAL
    return Plugged(serial, port, phone=phone)


def the_farm() -> UsbFarm:
    phones = [
        Plugged("R58M30ABCDE", "1-1.4.2", phone=a_phone("varied", PIXEL_8)),
        Plugged("ZY22XYZ", "1-1.2", phone=a_phone("steady", PIXEL_6A)),
        Plugged("06a1b2c3", "2-1", phone=a_phone("old", NEXUS_5)),
    ]
    phones += [Plugged(f"HUB{name}", f"1-3.1.{place}", phone=a_phone(name, PIXEL_8)) for place, name in enumerate(HUB)]
    phones += [
        Plugged(serial, f"3-1.{place}", phone=a_phone(name, PIXEL_8))
        for place, (name, serial) in enumerate(ODD_SERIALS.items())
    ]
    return UsbFarm(*phones, *(a_twin(name) for name in TWINS))


@pytest.fixture(scope="module")
def farm() -> Iterator[SimulationThread[UsbFarm]]:
    with SimulationThread(the_farm) as running:
        yield running


@pytest.fixture(scope="module")
def field(farm: SimulationThread[UsbFarm], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    pace = Pace(losses_that_damp=1000, checkup=2.0)
    serials = {entry.phone.name: entry.serial for entry in farm.sim.plugged if entry.phone is not None}
    serials |= {name: f"{serial}#{port}" for name, (serial, port) in TWINS.items()}
    with run_field(tmp_path_factory.mktemp("usb"), farm.sim.server.address, farm, pace, serials=serials) as built:
        for name in ("varied", "steady", "old"):
            built.is_offered(name)
        yield built


@pytest.mark.parametrize(
    ("words", "state", "remedy"),
    [
        (NO_RULE, PhoneState.NO_PERMISSIONS, Remedy.ADD_UDEV_RULE),
        (NO_RULE_OLD, PhoneState.NO_PERMISSIONS, Remedy.ADD_UDEV_RULE),
        (NO_DRIVER, PhoneState.NO_PERMISSIONS, Remedy.INSTALL_DRIVER),
        ("authorizing", PhoneState.AUTHORIZING, Remedy.WAIT),
        ("connecting", PhoneState.AUTHORIZING, Remedy.WAIT),
        ("unauthorized", PhoneState.UNAUTHORIZED, Remedy.CONFIRM_DEBUGGING),
        ("offline", PhoneState.OFFLINE, Remedy.CHECK_CABLE),
        ("recovery", PhoneState.OTHER_MODE, Remedy.START_ANDROID),
        ("sideload", PhoneState.OTHER_MODE, Remedy.START_ANDROID),
        ("rescue", PhoneState.OTHER_MODE, Remedy.START_ANDROID),
        ("bootloader", PhoneState.OTHER_MODE, Remedy.START_ANDROID),
        ("something-new", PhoneState.OTHER_MODE, Remedy.START_ANDROID),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_each_word_of_adb_is_a_state_with_its_cause_and_next_step_and_over_when_adb_says_device(
    field: Field, farm: SimulationThread[UsbFarm], words: str, state: PhoneState, remedy: Remedy
) -> None:
    field.is_offered("varied")
    begun = now()

    farm.call(lambda it: it.set_state("varied", words))

    row = field.reaches("varied", state)
    assert (row.detail, row.remedy, row.usb_path) == (words, remedy, "1-1.4.2")
    assert row.since >= begun
    assert field.offered("varied") == 0
    sims = [field.sim(card) for card in field.phone("varied").sims.values()]
    assert {(sim.standing, sim.remedy) for sim in sims} == {(SimStanding.AWAY, remedy)}
    assert field.state("steady") is PhoneState.READY
    farm.call(lambda it: it.set_state("varied", "device"))
    row = field.reaches("varied", PhoneState.READY)
    assert (row.detail, row.remedy) == ("", Remedy.NONE)
    field.is_offered("varied")


@pytest.mark.parametrize("name", ODD_SERIALS)
def test_phone_with_an_odd_serial_works_like_any_other(field: Field, name: str) -> None:
    field.is_offered(name)
    rent = field.order(name)

    field.send(rent.msisdn, f"to {name}")

    field.until_texts(rent, f"to {name}")
    assert field.row(name).serial == ODD_SERIALS[name]
    field.finish(rent)


def test_phones_of_one_serial_and_those_without_any_are_all_read_each_with_its_own_messages(
    field: Field, farm: SimulationThread[UsbFarm]
) -> None:
    for name in TWINS:
        field.is_offered(name)
    rents = {name: field.order(name) for name in TWINS}

    for name, rent in rents.items():
        field.send(rent.msisdn, f"to {name}")

    for name, rent in rents.items():
        field.until_texts(rent, f"to {name}")
        field.finish(rent)
    assert not any(request == f"host:transport:{TWIN_SERIAL}" for request in farm.sim.requests)


def test_a_twin_that_is_alone_for_a_while_keeps_its_name_and_the_other_gets_its_own_back(
    field: Field, farm: SimulationThread[UsbFarm]
) -> None:
    farm.call(lambda it: it.set_in(["twin one"], False))
    field.reaches("twin one", PhoneState.GONE)
    rent = field.order("twin two")
    field.send(rent.msisdn, "alone")
    field.until_texts(rent, "alone")

    farm.call(lambda it: it.set_in(["twin one"], True))

    wait_until_ready(field, ["twin one", "twin two"])
    field.send(rent.msisdn, "together")
    field.until_texts(rent, "alone", "together")
    field.finish(rent)


def follow_anew(field: Field, farm: SimulationThread[UsbFarm]) -> None:
    """Make the app read the long device list again by dropping the connection."""
    before = farm.sim.requests.count("host:track-devices-l")
    farm.call(lambda it: it.server.drop_all())
    until(lambda: farm.sim.requests.count("host:track-devices-l") > before, what="the long list asked for")
    wait_until_ready(field, ["varied", "steady", "old", *HUB])


def test_list_of_a_thousand_phones_that_overruns_adbs_own_counting_is_read_and_the_working_ones_go_on(
    field: Field, farm: SimulationThread[UsbFarm]
) -> None:
    crowd = [Plugged(f"CROWD{number:06}", f"9-1.{number}", state="unauthorized") for number in range(1000)]

    farm.call(lambda it: it.plug_in(*crowd))

    until(lambda: field.overview().phones_by_state.get(PhoneState.UNAUTHORIZED, 0) == 1000, what="a thousand phones")
    wait_until_ready(field, ["steady", "old"])
    rent = field.order("steady")
    field.send(rent.msisdn, "among a thousand")
    field.until_texts(rent, "among a thousand")
    field.finish(rent)
    for entry in crowd:
        entry.is_in = False
    farm.call(UsbFarm.show)
    until(lambda: field.overview().phones_by_state.get(PhoneState.UNAUTHORIZED, 0) == 0, what="the crowd gone")
    follow_anew(field, farm)


def test_list_in_packets_of_single_bytes_is_read_whole(field: Field, farm: SimulationThread[UsbFarm]) -> None:
    farm.call(lambda it: setattr(it.lists, "packet_size", 1))
    try:
        farm.call(lambda it: it.set_state("varied", "recovery"))
        field.reaches("varied", PhoneState.OTHER_MODE)
        assert field.state("steady") is PhoneState.READY
        farm.call(lambda it: it.set_state("varied", "device"))
        field.reaches("varied", PhoneState.READY)
    finally:
        farm.call(lambda it: setattr(it.lists, "packet_size", 65536))


@pytest.mark.parametrize(
    "garbage",
    [b"zzzz", b"0010too short a line", b"ffff", b"\x00\x00\x00\x00", block("R58M30ABCDE device")],
    ids=["no length", "no newline", "no text", "zeros", "no last newline"],
)
def test_desynchronised_device_list_is_requested_again_and_every_phone_works(
    field: Field, farm: SimulationThread[UsbFarm], garbage: bytes
) -> None:
    rent = field.order("steady")
    asked = sum(request.startswith("host:track-devices") for request in farm.sim.requests)

    farm.call(lambda it: it.lists.say(garbage))

    until(
        lambda: sum(request.startswith("host:track-devices") for request in farm.sim.requests) > asked,
        what="a new list",
    )
    wait_until_ready(field, ["varied", "steady", "old"])
    field.send(rent.msisdn, "after the garbage")
    field.until_texts(rent, "after the garbage")
    field.finish(rent)
    follow_anew(field, farm)


def test_failed_hub_is_one_event_until_its_phones_are_back(field: Field, farm: SimulationThread[UsbFarm]) -> None:
    wait_until_ready(field, HUB)
    begun = now()

    farm.call(lambda it: it.set_in(HUB, False))

    until(lambda: any(need.kind is AttentionKind.PHONES_LEFT for need in field.overview().attention), what="the hub")
    told = [need for need in field.overview().attention if need.kind is AttentionKind.PHONES_LEFT]
    assert [(len(need.keys), need.subject) for need in told] == [(5, "1-3.1")]
    assert told[0].since >= begun
    hub_ids = {field.id_of(name) for name in HUB}
    assert [need for need in field.overview().attention if need.key in hub_ids] == told
    assert {field.state(name) for name in HUB} == {PhoneState.GONE}
    assert "Disconnected together with 4 others (USB hub 1-3.1)" in field.timeline(HUB[0])
    assert field.state("steady") is PhoneState.READY
    farm.call(lambda it: it.set_in(HUB, True))
    wait_until_ready(field, HUB)
    assert not [need for need in field.overview().attention if need.kind is AttentionKind.PHONES_LEFT]


@pytest.mark.parametrize("version", ["001f", "0020"])
def test_old_adb_is_reported_and_neither_stopped_nor_replaced(tmp_path: Path, version: str) -> None:
    adb, trace = tmp_path / "adb", tmp_path / "was-run"
    adb.write_text(f"#!/bin/sh\ntouch {trace}\n")
    adb.chmod(0o755)
    with SimulationThread(UsbFarm) as farm:
        farm.sim.server.replies["host:version"] = b"OKAY" + block(version)
        with run_field(tmp_path, farm.sim.server.address, farm, Pace(hurry=100.0), adb_path=str(adb)) as field:
            until(lambda: adb_check(field).verdict is Verdict.FAIL, what="adb said to be old")
            until(lambda: len(farm.sim.requests) >= 3, what="asked again")

            assert "of an old kind" in health_text(adb_check(field).health)
            assert f"1.0.{int(version, 16)}" in health_text(adb_check(field).health)
            assert AttentionKind.ADB_DOWN in {need.kind for need in field.overview().attention}
            assert set(farm.sim.requests) == {"host:version"}
            assert not trace.exists()


def adb_check(field: Field) -> HealthCheck:
    return next(check for check in field.overview().checks if check.name == "adb")
