"""What a phone's SMS provider takes, found out once for each firmware."""

from __future__ import annotations

import re
from dataclasses import replace

from phonefarm.adapters.adb.phone_calls import Answers, PhoneCalls
from phonefarm.adapters.adb.provider import AnswerRefused, denial, exception, is_nothing_found, query, row_lines
from phonefarm.adapters.adb.sim_of_row import SLOT_COLUMNS
from phonefarm.adapters.adb.smart_socket import shown
from phonefarm.adapters.adb.sms_query import INBOX
from phonefarm.application.interfaces import Probe, SmsWithheld
from phonefarm.domain.phones import PhoneFacts

PROBE_WITHIN = 30.0
_NEWEST = "_id DESC LIMIT 1"
_ALL_AT_ONCE = query(INBOX, "count(*) AS c:count(sub_id) AS s:hex(count(*)) AS h")
_ONE_BY_ONE = (
    query(INBOX, "count(*) AS c:hex(count(*)) AS h"),
    query(INBOX, "count(*) AS c"),
    query(INBOX, "count(sub_id) AS s"),
    query(INBOX, "_id", sort=_NEWEST),
    query(INBOX, "sub_id", sort=_NEWEST),
)


async def probe_phone(calls: PhoneCalls, facts: PhoneFacts) -> Probe:
    """SmsWithheld where the phone answers and its SMS cannot be read."""
    answers = await calls.run(_ALL_AT_ONCE, within=PROBE_WITHIN)
    if _proves_hex(answers.sections[0].text):
        probe = Probe(facts=facts, reads_hex=True)
    else:
        calls.check_denied(answers.stderr, answers.sections[0].text)
        probe = await _probe_one_by_one(calls, facts)
    return await _with_slot_column(calls, probe)


async def _probe_one_by_one(calls: PhoneCalls, facts: PhoneFacts) -> Probe:
    answers = await calls.run(*_ONE_BY_ONE, within=2 * PROBE_WITHIN)
    hexed, count, count_sub, _, plain_sub = (section.text for section in answers.sections)
    _check_readable(calls, answers)
    if facts.sdk <= _LAST_SDK_THAT_CUTS and not _is_row(count, r"c=\d+"):
        raise SmsWithheld(
            f"Phone {shown(calls.serial)} cannot be used: its Android {facts.android} prints times cut to 32 bits, "
            "and its SMS provider takes no expression that would print them whole."
        )
    return Probe(
        facts=facts,
        reads_hex=_proves_hex(hexed),
        counts=_is_row(count, r"c=\d+"),
        # Without any message a plain column proves nothing; Android has had sub_id since 5.1.
        has_sub_id=_is_row(count_sub, r"s=\d+")
        or _is_row(plain_sub, r"sub_id=(?:-?\d+|NULL)")
        or (is_nothing_found(plain_sub) and facts.sdk >= _FIRST_SDK_WITH_SUB_ID),
    )


_FIRST_SDK_WITH_SUB_ID = 22
_LAST_SDK_THAT_CUTS = 22


def _check_readable(calls: PhoneCalls, answers: Answers) -> None:
    """At least one of the queries must have proved that the inbox can be read."""
    texts = [section.text for section in answers.sections]
    if _proves_hex(texts[0]) or _is_row(texts[1], r"c=\d+") or _is_row(texts[3], r"_id=\d+"):
        return
    calls.check_denied(answers.stderr, *texts)
    if any(is_nothing_found(text) for text in texts[:2]) or is_nothing_found(texts[3]):
        raise calls.withheld("every query comes back empty, even a count")
    raise calls.unreadable(exception(answers.stderr) or "its SMS provider refuses every query")


async def _with_slot_column(calls: PhoneCalls, probe: Probe) -> Probe:
    column = SLOT_COLUMNS.get(probe.facts.make.casefold())
    if column is None or not probe.counts:
        return probe
    answers = await calls.run(query(INBOX, f"count({column}) AS c"), within=PROBE_WITHIN)
    if denial(answers.stderr) is None and _is_row(answers.sections[0].text, r"c=\d+"):
        return replace(probe, slot_column=column)
    return probe


_HEX_PROOF = re.compile(r"Row: 0 c=(\d+)(?:, s=\d+)?, h=([0-9A-F]+)")


def _proves_hex(text: str) -> bool:
    found = _HEX_PROOF.fullmatch(_only_line(text))
    return found is not None and found[1].encode().hex().upper() == found[2]


def _is_row(text: str, columns: str) -> bool:
    return re.fullmatch(rf"Row: 0 {columns}", _only_line(text)) is not None


def _only_line(text: str) -> str:
    try:
        lines = row_lines(text)
    except AnswerRefused:
        return ""
    return lines[0] if len(lines) == 1 else ""
