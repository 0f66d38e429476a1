"""Battery, storage, uptime and apps as the commands of each release print them."""

from __future__ import annotations

import dataclasses
import re

import pytest

from phonefarm.simulation.phone_controls import PhoneControls
from phonefarm.simulation.profiles import (
    HUAWEI_P30,
    MOTO_G5,
    NEXUS_5,
    PIXEL_8,
    REDMI_NOTE_9,
    SAMSUNG_J5,
    SONY_XA,
    Profile,
)
from tests.simulation.handsets import a_handset
from tests.simulation.recording_io import run_line


@pytest.mark.parametrize("profile", [NEXUS_5, SAMSUNG_J5, PIXEL_8])
async def test_the_battery_tells_level_charging_and_temperature(profile: Profile) -> None:
    handset = a_handset(profile)
    hands = PhoneControls(handset)
    hands.set_battery(18, charging=False)
    hands.set_temperature(46.5)

    out, _, _ = await run_line(handset, "dumpsys battery | grep -E 'level|status|temperature|USB powered'")

    assert [line.strip() for line in out.splitlines()] == [
        "USB powered: false",
        "status: 3",
        "level: 18",
        "temperature: 465",
    ]


async def test_a_full_battery_on_the_cable_is_full() -> None:
    out, _, _ = await run_line(a_handset(), "dumpsys battery")

    assert out.startswith("Current Battery Service state:\n  AC powered: false\n  USB powered: true\n")
    assert "  status: 5\n" in out


async def test_storage_in_the_old_form_is_rounded_and_takes_no_option() -> None:
    handset = a_handset(NEXUS_5)
    PhoneControls(handset).set_free_storage(150_000_000)

    out, _, _ = await run_line(handset, "df /data")
    _, with_option, _ = await run_line(handset, "df -k /data")

    header, row = out.splitlines()
    assert header == "Filesystem               Size     Used     Free   Blksize"
    assert row.split() == ["/data", "59.6G", "59.5G", "143.1M", "4096"]
    assert with_option == "-k: No such file or directory\n"


@pytest.mark.parametrize(("profile", "mounted"), [(MOTO_G5, "/data"), (PIXEL_8, "/data/user/0")])
async def test_storage_from_android_7_on_is_in_kilobytes(profile: Profile, mounted: str) -> None:
    handset = a_handset(profile)
    PhoneControls(handset).set_free_storage(150_000_000)

    out, _, _ = await run_line(handset, "df -k /data")

    header, row = out.splitlines()
    assert header.split() == ["Filesystem", "1K-blocks", "Used", "Available", "Use%", "Mounted", "on"]
    assert row.split()[1:] == ["62500000", "62353515", "146484", "100%", mounted]


async def test_uptime_counts_from_the_boot() -> None:
    handset = a_handset()
    handset.host_clock = lambda: 2_000_000.0
    PhoneControls(handset).set_uptime(1234.5)

    out, _, code = await run_line(handset, "cat /proc/uptime")

    assert (out, code) == ("1234.50 6789.75\n", 0)


async def test_a_file_that_is_not_there_is_an_error() -> None:
    assert await run_line(a_handset(), "cat /no/such") == ("", "cat: /no/such: No such file or directory\n", 1)


@pytest.mark.parametrize(("package", "printed"), [("org.example.sms", "org.example.sms"), (None, "null"), ("", "")])
async def test_the_chosen_sms_app_is_a_setting(package: str | None, printed: str) -> None:
    handset = a_handset()
    PhoneControls(handset).set_sms_app(package)

    out, _, _ = await run_line(handset, "settings get secure sms_default_application")

    assert out == f"{printed}\n"


@pytest.mark.parametrize(("package", "printed"), [("org.example.sms", "org.example.sms\n"), (None, ""), ("", "")])
async def test_the_chosen_sms_app_holds_the_role_since_android_10(package: str | None, printed: str) -> None:
    handset = a_handset(HUAWEI_P30)
    PhoneControls(handset).set_sms_app(package)

    assert await run_line(handset, "cmd role get-role-holders android.app.role.SMS") == (printed, "", 0)


async def test_before_android_10_there_are_no_roles() -> None:
    _, error, code = await run_line(a_handset(SAMSUNG_J5), "cmd role get-role-holders android.app.role.SMS")

    assert (error, code) == ("cmd: Can't find service: role\n", 20)


@pytest.mark.parametrize("command", ["pm", "cmd package"])
async def test_a_package_filter_is_any_part_of_a_name(command: str) -> None:
    handset = a_handset(REDMI_NOTE_9)

    enabled, _, _ = await run_line(handset, f"{command} list packages -e com.android.mms")
    PhoneControls(handset).disable_package("com.android.mms")
    without, _, _ = await run_line(handset, f"{command} list packages -e com.android.mms")

    assert enabled == "package:com.android.mms\npackage:com.android.mms.service\n"
    assert without == "package:com.android.mms.service\n"


async def test_before_android_7_there_is_no_cmd() -> None:
    _, err, code = await run_line(a_handset(SONY_XA), "cmd package list packages")

    assert (err, code) == ("/system/bin/sh: cmd: not found\n", 127)


async def test_airplane_mode_is_a_setting() -> None:
    handset = a_handset()
    before, _, _ = await run_line(handset, "settings get global airplane_mode_on")

    PhoneControls(handset).set_airplane_mode()

    assert before == "0\n"
    assert await run_line(handset, "settings get global airplane_mode_on") == ("1\n", "", 0)


async def test_a_firmware_update_changes_the_fingerprint_only() -> None:
    handset = a_handset()
    before, _, _ = await run_line(handset, "getprop")

    PhoneControls(handset).update_firmware()

    after, _, _ = await run_line(handset, "getprop")
    changed = set(before.splitlines()) ^ set(after.splitlines())
    assert {re.match(r"\[(.*?)\]", line)[1] for line in changed} == {  # type: ignore[index]
        "ro.build.fingerprint",
        "ro.build.version.incremental",
    }
    assert re.search(r"\[google/shiba/shiba:15/\S+/\d+:user/release-keys\]", after)


async def test_12l_calls_itself_12() -> None:
    handset = a_handset(dataclasses.replace(PIXEL_8, release="12L"))

    out, _, _ = await run_line(handset, "getprop ro.build.version.release; getprop ro.build.version.sdk")

    assert out == "12\n32\n"


async def test_while_booting_adb_answers_and_android_does_not() -> None:
    handset = a_handset()
    PhoneControls(handset).set_booting()

    boot, _, _ = await run_line(handset, "getprop sys.boot_completed; getprop gsm.sim.state")
    rows = await run_line(handset, "content query --uri content://sms/inbox")
    isub = await run_line(handset, "dumpsys isub")
    iccid, _, _ = await run_line(handset, "service call iphonesubinfo 14 i32 1 s16 com.android.shell")
    setting = await run_line(handset, "settings get global airplane_mode_on")

    assert boot == "\n\n"
    assert rows[0] == ""
    assert "java.lang.IllegalStateException: Could not find provider: sms" in rows[1]
    assert isub == ("", "Can't find service: isub\n", 0)
    assert iccid == "service: Service iphonesubinfo does not exist\n"
    assert setting == ("", "cmd: Can't find service: settings\n", 20)


@pytest.mark.parametrize(("profile", "type_"), [(PIXEL_8, "file"), (SONY_XA, "")])
async def test_files_are_encrypted_for_each_user_from_android_7_on(profile: Profile, type_: str) -> None:
    out, _, _ = await run_line(a_handset(profile), "getprop ro.crypto.type; getprop sys.user.0.ce_available")

    assert out == f"{type_}\n{'true' if type_ else ''}\n"
