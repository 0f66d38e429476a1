"""Probes of an SMS provider: the result, and the number of slow queries."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.probe_query import ProbeRequest, parse_probe_row
from phonefarm.adapters.adb.probing import probe_phone
from phonefarm.application.ports.world import PhoneUnreachable, Probe, SmsWithheld
from phonefarm.domain.phones import PhoneFacts
from phonefarm.domain.sms import SmsRow
from tests.fakes.android_inbox import AndroidInbox
from tests.fakes.scripted_shell import Answer, ScriptedShell

NOTHING = "No result found.\n"


def facts(make: str = "Google", sdk: int = 34) -> PhoneFacts:
    return PhoneFacts(make=make, model="M", android="14", sdk=sdk, firmware="f")


async def probed(answers: Callable[[str], Answer], of: PhoneFacts | None = None) -> tuple[Probe, ScriptedShell]:
    shell = ScriptedShell(answers)
    return await probe_phone(PhoneCalls("R5", shell), of or facts()), shell


def an_inbox(*extra: str, sub_id: int | None = 1, **how: bool) -> AndroidInbox:
    """One message, and a vendor's `extra` columns."""
    row = SmsRow(row_id=1, date_ms=1, date_sent_ms=0, sub_id=sub_id, sender="Bank", body="hi")
    stored = AndroidInbox([row], **how)
    for column in extra:
        stored.database.execute(f"ALTER TABLE sms ADD COLUMN {column} INTEGER DEFAULT 2")
    return stored


async def test_common_phone_is_probed_in_one_query() -> None:
    probe, shell = await probed(an_inbox().answer)

    assert probe == Probe(facts=facts(), reads_hex=True)
    assert len(shell.commands) == 1


async def test_empty_inbox_is_probed_in_one_query() -> None:
    probe, shell = await probed(AndroidInbox().answer)

    assert probe == Probe(facts=facts(), reads_hex=True)
    assert len(shell.commands) == 1


async def test_missing_column_takes_one_more_query() -> None:
    probe, shell = await probed(an_inbox().answer, facts(make="samsung"))

    assert (probe.reads_hex, probe.has_sub_id, probe.slot_column) == (True, True, "")
    assert len(shell.commands) == 2


async def test_each_missing_column_takes_one_more_query() -> None:
    probe, shell = await probed(an_inbox(with_sub_id=False).answer, facts(make="samsung", sdk=36))

    assert (probe.has_sub_id, probe.slot_column, probe.has_otp_mark) == (False, "", False)
    assert len(shell.commands) == 4 + 1, "sub_id, sim_slot, contains_otp, all that is left; the old column"


async def test_provider_without_hex_takes_one_more_query() -> None:
    probe, shell = await probed(an_inbox(takes_hex=False).answer)

    assert (probe.reads_hex, probe.counts, probe.has_sub_id) == (False, True, True)
    assert len(shell.commands) == 2


async def test_columns_refused_without_a_name_are_probed_separately() -> None:
    stored = an_inbox("sim_slot")

    def no_more_than_one_column(command: str) -> Answer:
        if "sub_id" in command and "sim_slot" in command:
            return "", "java.lang.IllegalArgumentException: too much\n"
        return stored.answer(command)

    probe, shell = await probed(no_more_than_one_column, facts(make="samsung"))

    assert (probe.reads_hex, probe.has_sub_id, probe.slot_column) == (True, True, "sim_slot")
    assert shell.calls == 4
    assert probe.is_sure


@pytest.mark.parametrize(("make", "column"), [("Xiaomi", "sim_id"), ("samsung", "sim_slot"), ("Google", "")])
async def test_own_column_of_a_make_is_probed(make: str, column: str) -> None:
    probe, _ = await probed(an_inbox("sim_id", "sim_slot").answer, facts(make))

    assert probe.slot_column == column


@pytest.mark.parametrize("sub_id", [None, 1])
async def test_old_column_is_probed_if_no_row_has_sub_id(sub_id: int | None) -> None:
    probe, _ = await probed(an_inbox("sim_id", sub_id=sub_id).answer, facts("alps"))

    assert probe.slot_column == ("sim_id" if sub_id is None else "")


async def test_old_column_is_probed_without_sub_id() -> None:
    probe, _ = await probed(an_inbox("sim_id", with_sub_id=False).answer, facts("alps", sdk=19))

    assert (probe.has_sub_id, probe.slot_column) == (False, "sim_id")


async def test_old_column_is_probed_on_an_old_phone_with_an_empty_inbox() -> None:
    stored = AndroidInbox()
    stored.database.execute("ALTER TABLE sms ADD COLUMN sim_id INTEGER")

    probe, _ = await probed(stored.answer, facts("alps", sdk=22))

    assert probe.slot_column == "sim_id"


@pytest.mark.parametrize("value", ["null", "", "unknown", b"\x00"])
@pytest.mark.parametrize("column", ["sub_id", "sim_slot", "contains_otp"])
@pytest.mark.parametrize("takes", ["hex", "functions", "columns"])
async def test_values_of_a_column_do_not_prove_its_existence(takes: str, column: str, value: str | bytes) -> None:
    stored = an_inbox("sim_slot", "contains_otp", takes_hex=takes == "hex")
    stored.database.execute(f"UPDATE sms SET {column} = ?", [value])

    def answer(command: str) -> Answer:
        return plain_columns_only(command) if takes == "columns" and "(" in command else stored.answer(command)

    probe, _ = await probed(answer, facts("samsung", sdk=36))

    assert (probe.has_sub_id, probe.slot_column, probe.has_otp_mark) == (True, "sim_slot", True)
    assert (probe.reads_hex, probe.counts) == (takes == "hex", takes != "columns")


@pytest.mark.parametrize(("sdk", "has_mark"), [(34, False), (36, True)])
async def test_otp_mark_is_probed_on_releases_that_may_have_it(sdk: int, has_mark: bool) -> None:
    probe, shell = await probed(an_inbox("contains_otp").answer, facts(sdk=sdk))

    assert probe.has_otp_mark is has_mark
    assert len(shell.commands) == 1


def plain_columns_only(command: str) -> Answer:
    if "(" in command:
        return "", "java.lang.IllegalArgumentException: Invalid column\n"
    return "Row: 0 sub_id=1\n" if "sub_id" in command else "Row: 0 _id=5\n"


async def test_provider_of_plain_columns_is_recognised() -> None:
    probe, _ = await probed(plain_columns_only)

    assert (probe.reads_hex, probe.counts, probe.has_sub_id) == (False, False, True)


async def test_old_phone_that_truncates_times_is_unsupported() -> None:
    with pytest.raises(SmsWithheld, match="cut to 32 bits"):
        await probed(plain_columns_only, facts(sdk=22))


async def test_withheld_sms_are_told_from_an_empty_inbox() -> None:
    with pytest.raises(SmsWithheld, match="even a count") as withheld:
        await probed(lambda _: NOTHING)

    assert "Xiaomi" not in str(withheld.value), "the next step is worded with the phone's state"


async def test_denial_is_reported() -> None:
    with pytest.raises(SmsWithheld, match="Permission Denial"):
        await probed(lambda _: ("", "java.lang.SecurityException: Permission Denial: reading x\n"))


async def test_provider_that_is_not_up_yet_is_queried_once() -> None:
    shell = ScriptedShell(lambda _: ("", "java.lang.IllegalStateException: Could not find provider: sms\n"))

    with pytest.raises(PhoneUnreachable, match="Could not find provider"):
        await probe_phone(PhoneCalls("R5", shell), facts())

    assert shell.calls == 1


DEATH = "Error while accessing provider:sms\nandroid.os.DeadObjectException\n\tat android.os.BinderProxy.transact\n"
LOCKED = (
    "android.database.sqlite.SQLiteException: database is locked (code 5): , while compiling: SELECT count(*) AS c, "
    "hex(count(*)) AS h, count(sim_slot) AS c1 FROM sms\n"
)
BAD_MOMENTS = {
    "dying": DEATH,
    "locked": LOCKED,
    "any other": "java.lang.IllegalStateException: Process 1234 exceeded cursor quota\n",
    "silent": "",
}


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("stderr", BAD_MOMENTS.values(), ids=BAD_MOMENTS)
async def test_temporary_error_says_nothing_about_capabilities(stderr: str, number: int) -> None:
    stored = an_inbox("contains_otp", sub_id=None)
    queries = 0

    def answer(command: str) -> Answer:
        nonlocal queries
        queries += 1
        return (NOTHING if not stderr else "", stderr) if queries == number + 1 else stored.answer(command)

    of = facts("samsung", sdk=36)
    try:
        probe, _ = await probed(answer, of)
    except PhoneUnreachable:
        probe, _ = await probed(stored.answer, of)

    if number == 2 and stderr not in (DEATH, LOCKED):  # the question for the old column
        assert not probe.is_sure
    else:
        assert probe == Probe(facts=of, reads_hex=True, has_otp_mark=True)


@pytest.mark.parametrize("stderr", [DEATH, LOCKED, *BAD_MOMENTS.values()])
async def test_repeated_unnamed_refusal_makes_the_probe_unsure(stderr: str) -> None:
    stored = an_inbox()

    def answer(command: str) -> Answer:
        return (NOTHING if not stderr else "", stderr) if "hex(" in command else stored.answer(command)

    try:
        probe, _ = await probed(answer)
    except PhoneUnreachable:
        assert stderr in (DEATH, LOCKED)
    else:
        assert (probe.reads_hex, probe.counts, probe.is_sure) == (False, True, False)


@pytest.mark.parametrize(
    "stderr",
    [
        "android.database.sqlite.SQLiteException: no such function: hex (code 1): , while compiling: SELECT x\n",
        "java.lang.IllegalArgumentException: Invalid column hex(count(*)) AS h\n",
    ],
)
async def test_named_refusal_leaves_the_probe_sure(stderr: str) -> None:
    stored = an_inbox()

    probe, _ = await probed(lambda command: ("", stderr) if "hex(" in command else stored.answer(command))

    assert (probe.reads_hex, probe.counts, probe.is_sure) == (False, True, True)


async def test_provider_with_invalid_answers_is_unreachable() -> None:
    with pytest.raises(PhoneUnreachable, match="not understood"):
        await probed(lambda _: "Segmentation fault\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        NOTHING,
        "Row: 0 c=2, t=2, h=32\n",
        "Row: 0 c=2, t=3, h=32, c0=2, x=1\n",
        "Row: 0 c=2, t=2, h=33, c0=2, x=1\n",
        "Row: 0 c=2, t=2, h=32, c0=2, x=\n",
        "Row: 0 c=2, t=2, h=32, c0=2, x=1\nRow: 1 c=2, t=2, h=32, c0=2, x=1\n",
        "Row: 0 c=2, t=2, h=32, c0=2, x=1, y=1\n",
    ],
)
def test_only_exactly_the_requested_row_is_accepted(text: str) -> None:
    assert parse_probe_row(text, ProbeRequest(columns=("sub_id",))) is None
    assert parse_probe_row("Row: 0 c=2, t=2, h=32, c0=2, x=1\n", ProbeRequest(columns=("sub_id",))) is not None
