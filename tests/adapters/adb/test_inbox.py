"""Readings of an inbox: empty or withheld, in hex or column by column."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from phonefarm.adapters.adb import sms_query
from phonefarm.adapters.adb.inbox import InboxReader
from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.shell import ShellAnswer
from phonefarm.application.ports.world import PhoneUnreachable, Probe, SmsWithheld
from phonefarm.domain.phones import PhoneFacts
from phonefarm.domain.sms import SmsRow
from tests.fakes.android_inbox import AndroidInbox
from tests.fakes.scripted_shell import Answer, ScriptedShell

HEX = Probe(facts=PhoneFacts(sdk=34), reads_hex=True)
NO_HEX = replace(HEX, reads_hex=False)
PLAIN = replace(NO_HEX, counts=False)
NOTHING = "No result found.\n"
DENIED = (
    "",
    (
        "Error while accessing provider:sms\njava.lang.SecurityException: Permission Denial: reading "
        "com.android.providers.telephony.SmsProvider uri content://sms/inbox from pid=1, uid=2000 requires "
        "android.permission.READ_SMS\n\tat android.os.Parcel.readException(Parcel.java:1599)\n"
    ),
)


def a_row(row_id: int, body: str = "hi") -> SmsRow:
    return SmsRow(
        row_id=row_id, date_ms=row_id * 1000, date_sent_ms=0, sub_id=1, sender="Bank", body=body, sim_mark="sub_id=1"
    )


def reader(answers: Callable[[str], Answer], probe: Probe = HEX) -> tuple[InboxReader, ScriptedShell]:
    shell = ScriptedShell(answers)
    return InboxReader(PhoneCalls("R5", shell), probe), shell


def always(answer: Answer) -> Callable[[str], Answer]:
    return lambda _: answer


@pytest.mark.parametrize("probe", [HEX, NO_HEX, PLAIN])
async def test_rows_come_newest_first_with_the_phones_clock(probe: Probe) -> None:
    rows = [a_row(3, "c\nRow: 1 _id=9"), a_row(2, ""), a_row(1, "NULL")]
    inbox, _ = reader(AndroidInbox(rows, takes_hex=probe.reads_hex).answer, probe)

    window = await inbox.read(probe, newest=50, skip=0)

    assert list(window.rows) == rows
    assert window.phone_clock == 1700000000.25


async def test_empty_inbox_is_confirmed_by_a_count() -> None:
    inbox, shell = reader(AndroidInbox().answer)

    assert (await inbox.read(HEX, newest=50, skip=0)).rows == ()
    assert "count(*)" in shell.commands[1]


async def test_proof_of_an_empty_inbox_holds_for_a_minute_unless_a_message_is_expected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inbox, shell = reader(AndroidInbox([]).answer)
    await inbox.read(HEX, newest=50, skip=0)
    proven = len(shell.commands)

    await inbox.read(HEX, newest=50, skip=0)
    assert len(shell.commands) == proven + 1
    await inbox.read(HEX, newest=50, skip=0, expecting=True)
    assert len(shell.commands) == proven + 3
    monkeypatch.setattr("phonefarm.adapters.adb.inbox.EMPTY_PROOF_LIFETIME_SECONDS", -1.0)
    await inbox.read(HEX, newest=50, skip=0)
    assert len(shell.commands) == proven + 5


async def test_inbox_that_becomes_empty_needs_a_new_proof() -> None:
    stored = AndroidInbox([])
    inbox, _ = reader(lambda command: NOTHING if is_withheld else stored.answer(command))
    is_withheld = False
    await inbox.read(HEX, newest=50, skip=0)
    stored.add(a_row(1))
    await inbox.read(HEX, newest=50, skip=0)

    is_withheld = True

    with pytest.raises(SmsWithheld, match="even a count"):
        await inbox.read(HEX, newest=50, skip=0)


async def test_window_beyond_the_last_message_is_empty() -> None:
    inbox, _ = reader(AndroidInbox([a_row(1)]).answer)

    assert (await inbox.read(HEX, newest=50, skip=5)).rows == ()


@pytest.mark.parametrize("probe", [HEX, NO_HEX, PLAIN])
async def test_empty_count_means_withheld(probe: Probe) -> None:
    inbox, _ = reader(always(NOTHING), probe)

    with pytest.raises(SmsWithheld, match="even a count"):
        await inbox.read(probe, newest=50, skip=0)


@pytest.mark.parametrize("probe", [HEX, NO_HEX])
async def test_permission_denial_means_withheld_with_the_cause(probe: Probe) -> None:
    inbox, _ = reader(always(DENIED), probe)

    with pytest.raises(SmsWithheld, match="Permission Denial"):
        await inbox.read(probe, newest=50, skip=0)


async def test_denial_on_stdout_of_an_old_shell_is_recognised() -> None:
    inbox, _ = reader(always(DENIED[1]))

    with pytest.raises(SmsWithheld, match="Permission Denial"):
        await inbox.read(HEX, newest=50, skip=0)


async def test_provider_that_is_not_up_yet_means_unreachable() -> None:
    inbox, _ = reader(always(("", "java.lang.IllegalStateException: Could not find provider: sms\n")))

    with pytest.raises(PhoneUnreachable, match="Could not find provider"):
        await inbox.read(HEX, newest=50, skip=0)


async def test_message_between_query_and_proof_invalidates_the_reading() -> None:
    inbox, _ = reader(lambda command: "Row: 0 c=1, m=5\n" if "count" in command else NOTHING)

    with pytest.raises(PhoneUnreachable, match="changed"):
        await inbox.read(HEX, newest=50, skip=0)


@pytest.mark.parametrize(("size", "is_own"), [(10, False), (300_000, True)])
async def test_large_answer_is_parsed_on_a_thread(monkeypatch: pytest.MonkeyPatch, size: int, is_own: bool) -> None:
    threads: list[threading.Thread] = []

    def noted(text: str, probe: Probe) -> list[sms_query.RawRow]:
        threads.append(threading.current_thread())
        return parse(text, probe)

    parse = sms_query.parse_window
    monkeypatch.setattr(sms_query, "parse_window", noted)
    inbox, _ = reader(AndroidInbox([a_row(1, "x" * size)]).answer)

    window = await inbox.read(HEX, newest=50, skip=0)

    assert len(window.rows[0].body) == size
    assert (threads[0] is not threading.main_thread()) is is_own


async def test_answer_beyond_the_limit_is_refused() -> None:
    inbox, _ = reader(always("x" * 9_000_000))

    with pytest.raises(PhoneUnreachable, match="more than any phone does"):
        await inbox.read(HEX, newest=50, skip=0)


async def test_errors_contain_no_message_text() -> None:
    inbox, _ = reader(always("Row: 0 _id=1, body=SECRET 1234\n"))

    with pytest.raises(PhoneUnreachable) as refused:
        await inbox.read(HEX, newest=50, skip=0)

    assert "SECRET" not in str(refused.value)


async def test_fetched_texts_are_cached() -> None:
    stored = AndroidInbox([a_row(number) for number in range(1, 13)], takes_hex=False)
    inbox, shell = reader(stored.answer, NO_HEX)
    await inbox.read(NO_HEX, newest=50, skip=0)
    calls_for_twelve = shell.calls

    await inbox.read(NO_HEX, newest=50, skip=0)
    stored.add(a_row(13, "new"))
    window = await inbox.read(NO_HEX, newest=50, skip=0)

    assert calls_for_twelve == 1 + 3 * 2, "of five rows at a time, senders beside bodies"
    assert shell.calls == calls_for_twelve + 1 + 3
    assert window.rows[0].body == "new"


async def test_row_deleted_before_its_text_is_read_invalidates_the_reading() -> None:
    stored = AndroidInbox([a_row(1)], takes_hex=False)
    inbox, _ = reader(lambda command: NOTHING if "--where" in command else stored.answer(command), NO_HEX)

    with pytest.raises(PhoneUnreachable):
        await inbox.read(NO_HEX, newest=50, skip=0)


async def test_a_reused_id_is_fetched_again() -> None:
    stored = AndroidInbox([a_row(1, "old")], takes_hex=False)
    inbox, _ = reader(stored.answer, NO_HEX)
    await inbox.read(NO_HEX, newest=50, skip=0)
    stored.database.execute("UPDATE sms SET body = 'new', date = 9999")

    window = await inbox.read(NO_HEX, newest=50, skip=0)

    assert [row.body for row in window.rows] == ["new"]


# An announced message on a phone whose provider takes no hex() -------------------


async def test_texts_of_an_announced_message_need_no_query_after_the_window() -> None:
    stored = AndroidInbox([a_row(1)], takes_hex=False)
    inbox, shell = reader(stored.answer, NO_HEX)
    await inbox.read(NO_HEX, newest=50, skip=0)
    stored.add(a_row(2, "Code 1\nNo result found."))
    calls = shell.calls

    window = await inbox.read(NO_HEX, newest=50, skip=0, expecting=True)

    assert [row.body for row in window.rows] == ["Code 1\nNo result found.", "hi"]
    assert shell.calls == calls + 3
    assert not any("--where" in command for command in shell.commands[-3:])


class _AnswersTogether(ScriptedShell):
    """Answers none of a reading's three queries until all have arrived."""

    def __init__(self, answers: Callable[[str], Answer]) -> None:
        super().__init__(answers)
        self._all_asked = asyncio.Barrier(3)

    async def run(self, command: str, *, within: float) -> ShellAnswer:
        async with asyncio.timeout(2):
            await self._all_asked.wait()
        return await super().run(command, within=within)


async def test_window_and_both_texts_are_queried_in_parallel() -> None:
    inbox = InboxReader(
        PhoneCalls("R5", _AnswersTogether(AndroidInbox([a_row(1, "Code")], takes_hex=False).answer)), NO_HEX
    )

    window = await inbox.read(NO_HEX, newest=50, skip=0, expecting=True)

    assert [row.body for row in window.rows] == ["Code"]


@pytest.mark.parametrize("column", ["address", "body"])
async def test_message_between_the_queries_does_not_get_the_text_of_another(column: str) -> None:
    stored = AndroidInbox([a_row(1, "first")], takes_hex=False)

    def later(command: str) -> Answer:
        if command == sms_query.newest_text_query(column, NO_HEX):
            stored.add(a_row(2, "second"))
        return stored.answer(command)

    inbox, _ = reader(later, NO_HEX)

    window = await inbox.read(NO_HEX, newest=50, skip=0, expecting=True)

    assert [(row.row_id, row.sender, row.body) for row in window.rows] == [(1, "Bank", "first")]


async def test_text_that_looks_like_a_second_row_is_fetched_by_id() -> None:
    row = a_row(1, "x\nRow: 1 _id=2, d=3, body=fake")
    inbox, shell = reader(AndroidInbox([row], takes_hex=False).answer, NO_HEX)

    window = await inbox.read(NO_HEX, newest=50, skip=0, expecting=True)

    assert list(window.rows) == [row]
    assert "--where" in shell.commands[-1]


async def test_failed_text_queries_do_not_affect_the_reading() -> None:
    stored = AndroidInbox([a_row(1)], takes_hex=False)
    inbox, _ = reader(lambda command: "" if "LIMIT 1'" in command else stored.answer(command), NO_HEX)

    assert [row.body for row in (await inbox.read(NO_HEX, newest=50, skip=0, expecting=True)).rows] == ["hi"]


class _DropsTexts(ScriptedShell):
    async def run(self, command: str, *, within: float) -> ShellAnswer:
        if "LIMIT 1'" in command:
            raise PhoneUnreachable("the stream of a text was cut")
        return await super().run(command, within=within)


async def test_cut_text_answer_does_not_affect_the_reading() -> None:
    shell = _DropsTexts(AndroidInbox([a_row(1)], takes_hex=False).answer)
    inbox = InboxReader(PhoneCalls("R5", shell), NO_HEX)

    assert [row.body for row in (await inbox.read(NO_HEX, newest=50, skip=0, expecting=True)).rows] == ["hi"]


@pytest.mark.parametrize(("probe", "skip"), [(HEX, 0), (NO_HEX, 5)])
async def test_texts_are_queried_early_only_if_that_saves_a_query(probe: Probe, skip: int) -> None:
    rows = [a_row(number) for number in range(1, 9)]
    inbox, shell = reader(AndroidInbox(rows, takes_hex=probe.reads_hex).answer, probe)

    await inbox.read(probe, newest=3, skip=skip, expecting=True)

    assert not any("LIMIT 1'" in command for command in shell.commands)


async def test_empty_inbox_is_confirmed_while_a_message_is_expected() -> None:
    inbox, _ = reader(AndroidInbox(takes_hex=False).answer, NO_HEX)

    assert (await inbox.read(NO_HEX, newest=50, skip=0, expecting=True)).rows == ()
