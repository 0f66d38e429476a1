"""What one call finds out about a phone and its SMS provider."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.probing import probe_phone
from phonefarm.application.interfaces import PhoneUnreachable, Probe, SmsWithheld
from phonefarm.domain.phones import PhoneFacts
from tests.fakes.android_inbox import AndroidInbox
from tests.fakes.scripted_shell import Answer, ScriptedShell

NOTHING = "No result found.\n"


def properties(make: str = "Google", sdk: int = 34) -> str:
    return (
        f"[ro.product.manufacturer]: [{make}]\n[ro.product.model]: [M]\n"
        f"[ro.build.version.release]: [14]\n[ro.build.version.sdk]: [{sdk}]\n"
    )


async def probed(answers: Callable[[str], Answer], props: str = "") -> tuple[Probe, ScriptedShell]:
    shell = ScriptedShell(lambda command: (props or properties()) if command == "getprop" else answers(command))
    return await probe_phone(PhoneCalls("R5", shell)), shell


async def test_a_common_phone_costs_one_call() -> None:
    probe, shell = await probed(AndroidInbox().answer)

    assert probe == Probe(facts=PhoneFacts(make="Google", model="M", android="14", sdk=34), reads_hex=True)
    assert shell.calls == 1


async def test_a_phone_without_sub_id_is_asked_piece_by_piece() -> None:
    probe, shell = await probed(AndroidInbox(with_sub_id=False).answer)

    assert (probe.reads_hex, probe.counts, probe.has_sub_id) == (True, True, False)
    assert shell.calls == 2


async def test_a_provider_without_hex_is_read_by_columns() -> None:
    probe, _ = await probed(AndroidInbox(takes_hex=False).answer)

    assert (probe.reads_hex, probe.counts, probe.has_sub_id) == (False, True, True)


def plain_columns_only(command: str) -> Answer:
    if "(" in command:
        return "", "java.lang.IllegalArgumentException: Invalid column\n"
    return "Row: 0 sub_id=1\n" if "sub_id" in command else "Row: 0 _id=5\n"


async def test_a_provider_of_plain_columns_is_known_as_such() -> None:
    probe, _ = await probed(plain_columns_only)

    assert (probe.reads_hex, probe.counts, probe.has_sub_id) == (False, False, True)


async def test_an_old_phone_that_would_print_cut_times_is_not_used() -> None:
    with pytest.raises(SmsWithheld, match="cut to 32 bits"):
        await probed(plain_columns_only, properties(sdk=22))


async def test_withheld_sms_are_told_from_an_empty_inbox() -> None:
    with pytest.raises(SmsWithheld, match="even a count"):
        await probed(lambda _: NOTHING)


async def test_a_denial_is_said() -> None:
    with pytest.raises(SmsWithheld, match="Permission Denial"):
        await probed(lambda _: ("", "java.lang.SecurityException: Permission Denial: reading x\n"))


async def test_a_provider_that_answers_nothing_sensible_is_unreachable() -> None:
    with pytest.raises(PhoneUnreachable, match="Could not find provider"):
        await probed(lambda _: ("", "java.lang.IllegalStateException: Could not find provider: sms\n"))


@pytest.mark.parametrize(("make", "column"), [("Xiaomi", "sim_id"), ("samsung", "sim_slot"), ("Google", "")])
async def test_a_makes_own_column_is_looked_for(make: str, column: str) -> None:
    stored = AndroidInbox()
    stored.database.execute("ALTER TABLE sms ADD COLUMN sim_id INTEGER")
    stored.database.execute("ALTER TABLE sms ADD COLUMN sim_slot INTEGER")

    assert (await probed(stored.answer, properties(make)))[0].slot_column == column


async def test_a_makes_own_column_may_be_missing() -> None:
    assert (await probed(AndroidInbox().answer, properties("Xiaomi")))[0].slot_column == ""
