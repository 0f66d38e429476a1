"""Parsers of a phone's telemetry: a value that is not understood is None."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.adapters.adb.battery import Battery, parse_battery
from phonefarm.adapters.adb.phone_settings import parse_packages, parse_role_holder, parse_sms_app, parse_switch
from phonefarm.adapters.adb.storage import parse_free_bytes
from phonefarm.adapters.adb.uptime import parse_uptime

BATTERY = """Current Battery Service state:
  AC powered: false
  USB powered: true
  Wireless powered: false
  Max charging current: 500000
  Charge counter: 2200000
  status: 2
  health: 2
  present: true
  level: 85
  scale: 100
  voltage: 4350
  temperature: 312
  technology: Li-ion
"""
LINKER = "WARNING: linker: app_process has text relocations. This is wasting memory and is a security risk.\n"


# The battery ---------------------------------------------------------------------


def test_battery_has_charge_temperature_and_whether_it_charges() -> None:
    assert parse_battery(BATTERY) == Battery(percent=85, is_charging=True, temperature=31.2)


@pytest.mark.parametrize(("code", "charging"), [(1, None), (2, True), (3, False), (4, False), (5, True), (7, None)])
def test_not_charging_on_a_weak_hub_is_recognised(code: int, charging: bool | None) -> None:
    assert parse_battery(BATTERY.replace("status: 2", f"status: {code}")).is_charging is charging


def test_first_value_counts_since_makes_append_more() -> None:
    more = BATTERY + "Battery history:\n  level: 3\n  temperature: 999\n"

    assert parse_battery(more) == parse_battery(BATTERY)


@pytest.mark.parametrize(
    ("before", "after", "percent"),
    [("scale: 100", "scale: 200", 42), ("scale: 100", "scale: 0", None), ("level: 85", "level: 185", None)],
)
def test_charge_is_relative_to_its_scale(before: str, after: str, percent: int | None) -> None:
    assert parse_battery(BATTERY.replace(before, after)).percent == percent


@pytest.mark.parametrize("tenths", ["-600", "99999", "x"])
def test_impossible_temperature_is_none(tenths: str) -> None:
    assert parse_battery(BATTERY.replace("temperature: 312", f"temperature: {tenths}")).temperature is None


@pytest.mark.parametrize(
    "text", ["", "Can't find service: battery\n", BATTERY.replace("present: true", "present: false"), "  level: 85\n"]
)
def test_phone_without_battery_has_no_values(text: str) -> None:
    assert parse_battery(text) == Battery()


# Uptime --------------------------------------------------------------------------


def test_uptime_is_the_first_of_two_numbers() -> None:
    assert parse_uptime("350735.47 234388.90\n") == 350735.47


@pytest.mark.parametrize("text", ["", "1.5\n", "1.5 2.5", "-1.5 2.5\n", "/system/bin/sh: cat: /proc/uptime: denied\n"])
def test_uptime_in_another_form_is_none(text: str) -> None:
    assert parse_uptime(text) is None


WARNING = "WARNING: linker: df has text relocations. This is wasting memory and is a security risk. Please fix.\n"


def test_linker_warnings_are_skipped() -> None:
    table = TOYBOX + "/dev/block/dm-5 112345678 12345678 100000 12% /data\n"

    assert parse_free_bytes(WARNING * 2 + table) == 102_400_000
    assert parse_uptime(WARNING + "350735.47 234388.90\n") == 350735.47


# Storage -------------------------------------------------------------------------

TOYBOX = "Filesystem     1K-blocks     Used Available Use% Mounted on\n"
TOOLBOX = "Filesystem               Size     Used     Free   Blksize\n"


@pytest.mark.parametrize(
    ("text", "free"),
    [
        (TOYBOX + "/dev/block/dm-5 112345678 12345678 100000 12% /data/user/0\n", 102_400_000),
        (TOYBOX + "/dev/block/a_long_name\n     112345678 12345678 100000 12% /data\n", 102_400_000),
        (TOYBOX.replace("1K", "512") + "/dev/block/dm-5 112345678 12345678 100000 12% /data\n", 51_200_000),
        (TOYBOX.replace("1K-blocks", "Size") + "/dev/block/dm-5 107G 12G 1.5G 12% /data\n", 1_610_612_736),
        (TOOLBOX + "/data                    12.2G     3.7G   512.0M   4096\n", 536_870_912),
        (TOOLBOX + "/data                    12.2G    12.2G     0.0K   4096\n", 0),
    ],
)
def test_free_space_of_the_data_partition_is_in_bytes(text: str, free: int) -> None:
    assert parse_free_bytes(text) == free


@pytest.mark.parametrize(
    "text",
    [
        "",
        TOYBOX,
        "df: /data: Permission denied\n",
        TOYBOX + "tmpfs 112345678 12345678 100000 12% /\n",
        TOYBOX + "/dev/block/dm-5 - - - - /data\n",
        TOYBOX + "/dev/block/dm-5 1 2 -3 12% /data\n",
        TOYBOX + "/dev/block/dm-5 1 2 3 12% /data\n/dev/block/dm-6 1 2 3 12% /data\n",
        TOOLBOX + "/data: Permission denied\n",
        TOOLBOX + "/storage/sdcard0         -1.0K     -1.0K     -1.0K   4096\n",
        TOOLBOX + "/data  12.2G  3.7G  lots  4096\n",
    ],
)
def test_table_in_another_form_has_no_free_space(text: str) -> None:
    assert parse_free_bytes(text) is None


# Settings, role, packages --------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [("0\n", False), ("1\n", True), (LINKER + "1\r\n", True), ("null\n", None), ("", None), ("2\n", None)],
)
def test_switch_is_on_off_or_unknown(text: str, value: bool | None) -> None:
    assert parse_switch(text) is value


@pytest.mark.parametrize(
    ("text", "app"),
    [
        ("com.google.android.apps.messaging\n", "com.google.android.apps.messaging"),
        (LINKER + "com.android.mms\n", "com.android.mms"),
        ("null\n", ""),
        ("", None),
        ("cmd: Can't find service: settings\n", None),
        ("java.lang.NullPointerException\n\tat x.y.z\n", None),
    ],
)
def test_chosen_sms_app_is_a_package_none_or_unknown(text: str, app: str | None) -> None:
    assert parse_sms_app(text) == app


@pytest.mark.parametrize(
    ("text", "holder"),
    [("com.android.mms\n", "com.android.mms"), ("", ""), ("\n", ""), ("Unknown command: get-role-holders\n", None)],
)
def test_role_holder_is_a_package_none_or_unknown(text: str, holder: str | None) -> None:
    assert parse_role_holder(text) == holder


def test_packages_are_read_only_if_nothing_else_is_listed() -> None:
    listed = parse_packages("package:com.android.mms\r\npackage:com.android.mms.service\r\n")

    assert listed == frozenset({"com.android.mms", "com.android.mms.service"})
    assert parse_packages("") == frozenset()
    assert parse_packages("package:com.android.mms\nError: x\n") is None


@pytest.mark.parametrize(
    "parse",
    [parse_battery, parse_uptime, parse_free_bytes, parse_switch, parse_sms_app, parse_role_holder, parse_packages],
)
@given(text=st.text(max_size=200))
def test_no_text_breaks_a_parser(parse: Callable[[str], object], text: str) -> None:
    for start in ("", "Current Battery Service state:\n  level: ", TOYBOX, TOOLBOX, "package:"):
        parse(start + text)
