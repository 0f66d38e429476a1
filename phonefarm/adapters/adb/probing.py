"""What a phone's SMS provider takes, found out once for each firmware with as few of its costly queries as may be."""

from __future__ import annotations

from dataclasses import dataclass

from phonefarm.adapters.adb.phone_calls import Answers, PhoneCalls
from phonefarm.adapters.adb.probe_query import (
    OTP_MARK,
    SUB_ID,
    Wanted,
    is_row,
    missing_column,
    parse_wanted,
    wanted_query,
)
from phonefarm.adapters.adb.provider import exception, is_nothing_found, query
from phonefarm.adapters.adb.sim_of_row import OLD_COLUMN, SLOT_COLUMNS
from phonefarm.adapters.adb.smart_socket import shown
from phonefarm.adapters.adb.sms_query import INBOX
from phonefarm.application.interfaces import Probe, SmsWithheld
from phonefarm.domain.phones import PhoneFacts

PROBE_WITHIN = 30.0
FIRST_SDK_WITH_SUB_ID = 22
LAST_SDK_THAT_CUTS = 22
LAST_SDK_OF_OLD_COLUMN = 23
"""Old MediaTek phones, where an empty inbox does not yet show whether sub_id is ever filled."""
FIRST_SDK_WITH_OTP_MARK = 35
_PROVIDER_NOT_UP = "Could not find provider"
_NEWEST = "_id DESC LIMIT 1"


async def probe_phone(calls: PhoneCalls, facts: PhoneFacts) -> Probe:
    """SmsWithheld where the phone answers and its SMS cannot be read."""
    slot_column = SLOT_COLUMNS.get(facts.make.casefold(), "")
    optional = [SUB_ID, *([slot_column] if slot_column else [])]
    optional += [OTP_MARK] if facts.sdk >= FIRST_SDK_WITH_OTP_MARK else []
    found = await _most(calls, Wanted(columns=tuple(optional)))
    if found is None:
        return await _plain_probe(calls, facts, tuple(optional))
    columns = set(found.wanted.columns)
    slot_column = slot_column if slot_column in columns else ""
    if not slot_column and _may_have_old_column(found, facts.sdk):
        slot_column = await _old_column(calls, found.wanted)
    return Probe(
        facts=facts,
        reads_hex=found.wanted.hexes,
        counts=True,
        has_sub_id=SUB_ID in columns,
        slot_column=slot_column,
        has_otp_mark=OTP_MARK in columns,
    )


@dataclass(frozen=True, kw_only=True)
class _Found:
    wanted: Wanted
    """What the provider has given together."""
    fills_sub_id: bool | None
    """None where the inbox holds no message that could tell."""


async def _most(calls: PhoneCalls, wanted: Wanted) -> _Found | None:
    """The most of `wanted` that the provider gives in one query; None where it takes no functions at all.

    SQLite names the column that is missing, so each further query knows what to leave out.
    """
    while True:
        answers = await calls.run(wanted_query(wanted), within=PROBE_WITHIN)
        text = answers.sections[0].text
        given = parse_wanted(text, wanted)
        if given is not None:
            return _Found(wanted=wanted, fills_sub_id=given.fills_sub_id)
        calls.check_denied(answers.stderr, text)
        missing = missing_column(f"{answers.stderr}\n{text}")
        if _PROVIDER_NOT_UP in answers.stderr + text:
            raise calls.unreadable(_PROVIDER_NOT_UP)
        if missing in wanted.columns:
            wanted = wanted.without_column(missing)
        elif wanted.hexes:
            wanted = wanted.without_hex()
        elif wanted.columns and not is_nothing_found(text):
            return await _one_by_one(calls, wanted)
        else:
            return None


async def _one_by_one(calls: PhoneCalls, wanted: Wanted) -> _Found | None:
    """A provider that refuses the columns together and names none: each is asked for by itself."""
    bare = Wanted(columns=(), hexes=False)
    trials = [bare.with_hex(), bare, *(Wanted(columns=(column,), hexes=False) for column in wanted.columns)]
    answers = await calls.run(*(wanted_query(trial) for trial in trials), within=PROBE_WITHIN * 2)
    given = [parse_wanted(section.text, trial) for section, trial in zip(answers.sections, trials, strict=True)]
    if given[1] is None:
        return None
    columns = tuple(column for column, answer in zip(wanted.columns, given[2:], strict=True) if answer is not None)
    fills = next((answer.fills_sub_id for answer in given[2:] if answer is not None and answer.fills_sub_id), None)
    return _Found(wanted=Wanted(columns=columns, hexes=given[0] is not None), fills_sub_id=fills)


def _may_have_old_column(found: _Found, sdk: int) -> bool:
    if SUB_ID not in found.wanted.columns or found.fills_sub_id is False:
        return True
    return found.fills_sub_id is None and sdk <= LAST_SDK_OF_OLD_COLUMN


async def _old_column(calls: PhoneCalls, wanted: Wanted) -> str:
    trial = Wanted(columns=(OLD_COLUMN,), hexes=wanted.hexes)
    answers = await calls.run(wanted_query(trial), within=PROBE_WITHIN)
    return OLD_COLUMN if parse_wanted(answers.sections[0].text, trial) is not None else ""


async def _plain_probe(calls: PhoneCalls, facts: PhoneFacts, columns: tuple[str, ...]) -> Probe:
    """A provider that takes columns only: an inbox without messages proves nothing of them."""
    names = ("_id", *columns)
    answers = await calls.run(*(query(INBOX, name, sort=_NEWEST) for name in names), within=PROBE_WITHIN * 2)
    _check_readable(calls, answers)
    if facts.sdk <= LAST_SDK_THAT_CUTS:
        raise SmsWithheld(
            f"Phone {shown(calls.serial)} cannot be used: its Android {facts.android} prints times cut to 32 bits, "
            "and its SMS provider takes no expression that would print them whole."
        )
    texts = dict(zip(names, (section.text for section in answers.sections), strict=True))
    there = {name for name, text in texts.items() if is_row(text, rf"{name}=(?:-?\d+|NULL)")}
    # Without any message a plain column proves nothing; Android has had sub_id since 5.1.
    if is_nothing_found(texts[SUB_ID]) and facts.sdk >= FIRST_SDK_WITH_SUB_ID:
        there.add(SUB_ID)
    return Probe(
        facts=facts,
        reads_hex=False,
        counts=False,
        has_sub_id=SUB_ID in there,
        slot_column=next((name for name in columns if name in there and name not in (SUB_ID, OTP_MARK)), ""),
        has_otp_mark=OTP_MARK in there,
    )


def _check_readable(calls: PhoneCalls, answers: Answers) -> None:
    """One row must prove that the inbox can be read; an empty one cannot be told from a withheld one here."""
    texts = [section.text for section in answers.sections]
    if is_row(texts[0], r"_id=\d+"):
        return
    calls.check_denied(answers.stderr, *texts)
    if is_nothing_found(texts[0]):
        raise calls.withheld("every query comes back empty, even a count")
    raise calls.unreadable(exception(answers.stderr) or "its SMS provider refuses every query")
