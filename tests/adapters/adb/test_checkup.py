"""A check-up is one native call, and a missing answer affects nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from phonefarm.adapters.adb.checkup import CheckupReader
from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.phone_settings import (
    AIRPLANE_COMMAND,
    SMS_APP_COMMAND,
    SMS_ROLE_COMMAND,
    enabled_packages_command,
)
from phonefarm.application.ports.world import PhoneUnreachable, Probe
from phonefarm.domain.phones import PhoneFacts
from phonefarm.domain.sims import SlotState
from phonefarm.domain.telemetry import PhoneTelemetry
from tests.adapters.adb.test_battery import BATTERY, TOYBOX
from tests.adapters.adb.test_isub import on_14
from tests.adapters.adb.test_registry import modern
from tests.fakes.scripted_shell import Answer, ScriptedShell

MMS = "com.android.mms"
NO_ROLES = "Unknown command: get-role-holders\n"


class APhone:
    """Answers like a healthy phone, with exceptions by the test."""

    def __init__(self, **answers: Answer) -> None:
        """`answers`: answers by the beginning of the command, with underscores for blanks."""
        self.answers: dict[str, Answer] = {
            "getprop": "[gsm.sim.state]: [LOADED,ABSENT]\n[gsm.operator.numeric]: [46000,]\n"
            "[gsm.network.type]: [LTE,Unknown]\n[gsm.operator.isroaming]: [false,false]\n",
            "dumpsys isub": on_14(),
            "dumpsys telephony.registry": f"  Phone Id=0\n    mSignalStrength={modern(Lte=3)}\n",
            "dumpsys battery": BATTERY,
            "cat /proc/uptime": "350735.47 234388.90\n",
            "df /data": TOYBOX + "/dev/block/dm-5 112345678 12345678 100000 12% /data/user/0\n",
            AIRPLANE_COMMAND: "0\n",
            SMS_APP_COMMAND: f"{MMS}\n",
            SMS_ROLE_COMMAND: NO_ROLES,
            "pm list packages": f"package:{MMS}\npackage:{MMS}.service\n",
        }
        for start, answer in answers.items():
            self.set_answer(start.replace("_", " "), answer)

    def set_answer(self, start: str, answer: Answer) -> None:
        (command,) = [command for command in self.answers if command.startswith(start)]
        self.answers[command] = answer

    def answer(self, command: str) -> Answer:
        return next((answer for start, answer in self.answers.items() if command.startswith(start)), "")


def reader(answers: Callable[[str], Answer], sdk: int = 34) -> tuple[CheckupReader, ScriptedShell]:
    shell = ScriptedShell(answers)
    return CheckupReader(PhoneCalls("R5", shell), Probe(facts=PhoneFacts(sdk=sdk), reads_hex=True)), shell


async def telemetry_of(phone: APhone, sdk: int = 34, *, thorough: bool = True) -> PhoneTelemetry:
    return (await reader(phone.answer, sdk)[0].read(thorough=thorough)).telemetry


async def test_checkup_of_a_healthy_phone_is_complete() -> None:
    checkup = await reader(APhone().answer)[0].read(thorough=False)

    assert checkup.telemetry == PhoneTelemetry(
        battery_percent=85,
        is_charging=True,
        temperature=31.2,
        free_bytes=102_400_000,
        uptime_seconds=350735.47,
        airplane_mode=False,
        sms_app=MMS,
    )
    (sim,) = checkup.sims or ()
    assert (sim.signal, sim.network_type, sim.is_roaming, sim.slot_state) == (3, "LTE", False, SlotState.READY)


@pytest.mark.parametrize("thorough", [False, True])
async def test_second_check_up_is_one_call(thorough: bool) -> None:
    checkups, shell = reader(APhone().answer)
    await checkups.read(thorough=True)
    calls = shell.calls

    await checkups.read(thorough=thorough)

    assert shell.calls == calls + 1


@pytest.mark.parametrize(
    ("command", "field"),
    [
        ("dumpsys battery", "battery_percent"),
        ("cat /proc/uptime", "uptime_seconds"),
        ("df /data", "free_bytes"),
        (AIRPLANE_COMMAND, "airplane_mode"),
        (SMS_APP_COMMAND, "sms_app"),
    ],
)
@pytest.mark.parametrize("answer", ["", "gibberish\n", ("", "/system/bin/sh: not found\n"), "\x00\ufffd\n" * 50])
async def test_missing_answer_is_none_and_affects_nothing_else(command: str, field: str, answer: Answer) -> None:
    phone = APhone()
    phone.set_answer(command, answer)

    telemetry = await telemetry_of(phone)

    assert getattr(telemetry, field) is None
    assert sum(getattr(telemetry, name) is not None for name in PhoneTelemetry.__dataclass_fields__) >= 4


async def test_unreadable_list_of_sims_affects_only_the_sims() -> None:
    timeout = "*** SERVICE 'isub' DUMP TIMEOUT (10000ms) EXPIRED ***\n"
    well = await reader(APhone().answer)[0].read(thorough=True)

    checkup = await reader(APhone(dumpsys_isub=timeout).answer)[0].read(thorough=True)

    assert checkup.sims is None
    assert checkup.telemetry == well.telemetry


@pytest.mark.parametrize(
    "hangs",
    [
        "getprop",
        "dumpsys isub",
        "dumpsys telephony.registry",
        "dumpsys battery",
        "df /data",
        AIRPLANE_COMMAND,
        SMS_APP_COMMAND,
        "pm list packages",
    ],
)
async def test_hanging_command_affects_only_its_own_value(hangs: str) -> None:
    phone = APhone()
    is_hanging = False

    def answer(command: str) -> Answer:
        if is_hanging and command.startswith(hangs):
            raise PhoneUnreachable("did not answer within 20 s")
        return phone.answer(command)

    checkups, shell = reader(answer)
    whole = await checkups.read(thorough=True)
    is_hanging = True
    without = await checkups.read(thorough=True)
    calls = shell.calls
    again = await checkups.read(thorough=True)

    lost = [
        name for name in vars(whole.telemetry) if getattr(without.telemetry, name) != getattr(whole.telemetry, name)
    ]
    assert again == without
    assert len(lost) <= 3, "charge, charging and temperature are one answer"
    assert shell.calls - calls <= 4, "the rest in one call, what hangs alone, and what proves a card"
    is_hanging = False
    await checkups.read(thorough=True)
    assert await checkups.read(thorough=True) == whole


async def test_silent_phone_does_not_get_a_call_per_command() -> None:
    def silence(command: str) -> Answer:
        raise PhoneUnreachable("did not answer within 20 s")

    checkups, shell = reader(silence)

    with pytest.raises(PhoneUnreachable):
        await checkups.read(thorough=True)
    assert shell.calls == 2


async def test_parsing_two_hundred_check_ups_a_minute_takes_less_than_a_fiftieth_of_a_core() -> None:
    """Half of a real phone's output is irrelevant properties and logs."""
    phone = APhone()
    noise = "".join(f"[ro.vendor.property.{number}]: [{'value ' * 5}]\n" for number in range(1000))
    phone.set_answer("getprop", noise + str(phone.answers["getprop"]))
    phone.set_answer("dumpsys isub", on_14() + "Local log:\n" + "  2024-05-07 - updateSimState: slot 0 LOADED\n" * 500)
    checkups, _ = reader(phone.answer)
    await checkups.read(thorough=True)

    begun = time.process_time()
    for _ in range(20):
        await checkups.read(thorough=False)
    spent = time.process_time() - begun

    assert spent * 200 / 20 < 60 / 50


# Before Android 8, reading settings starts a JVM ---------------------------------


async def test_settings_of_an_old_phone_are_read_only_in_thorough_check_ups_and_remembered() -> None:
    phone = APhone(settings_get_global="1\n")
    checkups, shell = reader(phone.answer, sdk=25)

    first = (await checkups.read(thorough=False)).telemetry
    thorough = (await checkups.read(thorough=True)).telemetry
    queries = len([command for command in shell.commands if command.startswith(("settings", "pm"))])
    later = (await checkups.read(thorough=False)).telemetry

    assert (first.airplane_mode, first.sms_app) == (None, None)
    assert (thorough.airplane_mode, thorough.sms_app) == (later.airplane_mode, later.sms_app) == (True, MMS)
    assert queries == len([command for command in shell.commands if command.startswith(("settings", "pm"))])


async def test_airplane_mode_is_the_cause_of_no_network() -> None:
    phone = APhone(getprop="[gsm.sim.state]: [LOADED,ABSENT]\n[gsm.operator.numeric]: [,]\n", settings_get_global="1\n")

    (sim,) = (await reader(phone.answer)[0].read(thorough=True)).sims or ()

    assert sim.slot_state is SlotState.AIRPLANE


# The SMS app ---------------------------------------------------------------------


async def test_disabled_sms_app_counts_as_none() -> None:
    assert (await telemetry_of(APhone(pm_list="package:com.android.mms.service\n"))).sms_app == ""
    assert (await telemetry_of(APhone(pm_list=""))).sms_app == ""


@pytest.mark.parametrize("answer", ["Error: Could not access the Package Manager\n", "java.lang.SecurityException\n"])
async def test_sms_app_counts_as_enabled_unless_the_list_lacks_it(answer: str) -> None:
    assert (await telemetry_of(APhone(pm_list=answer))).sms_app == MMS


async def test_empty_setting_before_roles_means_no_app() -> None:
    assert (await telemetry_of(APhone(settings_get_secure="null\n"), sdk=28)).sms_app == ""


@pytest.mark.parametrize(("role", "app"), [(f"{MMS}\n", MMS), ("", ""), (NO_ROLES, None)])
async def test_role_holder_counts_if_the_setting_is_empty(role: str, app: str | None) -> None:
    phone = APhone(settings_get_secure="null\n")
    phone.set_answer(SMS_ROLE_COMMAND, role)

    assert (await telemetry_of(phone)).sms_app == app


async def test_role_holder_is_then_read_in_the_same_call() -> None:
    phone = APhone(settings_get_secure="null\n")
    phone.set_answer(SMS_ROLE_COMMAND, f"{MMS}\n")
    checkups, shell = reader(phone.answer)
    await checkups.read(thorough=True)
    calls = shell.calls

    assert (await checkups.read(thorough=False)).telemetry.sms_app == MMS
    assert shell.calls == calls + 1


async def test_changed_sms_app_is_checked_again() -> None:
    phone = APhone()
    checkups, shell = reader(phone.answer)
    await checkups.read(thorough=True)
    phone.set_answer(SMS_APP_COMMAND, "com.google.android.apps.messaging\n")

    assert (await checkups.read(thorough=False)).telemetry.sms_app == "", "it is not among those switched on"
    assert enabled_packages_command("com.google.android.apps.messaging") in shell.commands
