"""What a phone's SMS provider takes, found out once for each firmware with as few of its costly queries as may be."""

from __future__ import annotations

from dataclasses import dataclass

from phonefarm.adapters.adb.phone_calls import Answers, PhoneCalls
from phonefarm.adapters.adb.probe_query import (
    OTP_MARK,
    SUB_ID,
    Wanted,
    begins_a_row,
    is_row,
    parse_wanted,
    refused_columns,
    refuses_functions,
    refuses_hex,
    wanted_query,
)
from phonefarm.adapters.adb.provider import exception, is_nothing_found, query
from phonefarm.adapters.adb.sim_of_row import OLD_COLUMN, SLOT_COLUMNS
from phonefarm.adapters.adb.smart_socket import shown
from phonefarm.adapters.adb.sms_query import INBOX
from phonefarm.application.ports.world import Probe, SmsUnsupported
from phonefarm.domain.phones import PhoneFacts

PROBE_WITHIN = 30.0
FIRST_SDK_WITH_SUB_ID = 22
LAST_SDK_THAT_CUTS = 22
LAST_SDK_OF_OLD_COLUMN = 23
"""Old MediaTek phones, where an empty inbox does not yet show whether sub_id is ever filled."""
FIRST_SDK_WITH_OTP_MARK = 35
_NOT_NOW = ("Could not find provider", "DeadObjectException", "DeadSystemException", "database is locked")
"""What a provider says that is starting, dying or busy."""
_NEWEST = "_id DESC LIMIT 1"


def first_wanted(facts: PhoneFacts) -> Wanted:
    """All that a phone of this kind may have."""
    slot_column = SLOT_COLUMNS.get(facts.make.casefold(), "")
    optional = [SUB_ID, *([slot_column] if slot_column else [])]
    optional += [OTP_MARK] if facts.sdk >= FIRST_SDK_WITH_OTP_MARK else []
    return Wanted(columns=tuple(optional))


async def probe_phone(calls: PhoneCalls, facts: PhoneFacts) -> Probe:
    """SmsWithheld where the phone answers and its SMS cannot be read."""
    wanted, doubt = first_wanted(facts), _Doubt()
    found = await _most(calls, wanted, doubt)
    if found is None:
        return await _plain_probe(calls, facts, wanted.columns, is_sure=not doubt.asked_again)
    columns = set(found.wanted.columns)
    slot_column = SLOT_COLUMNS.get(facts.make.casefold(), "")
    slot_column = slot_column if slot_column in columns else ""
    is_sure = found.is_sure
    if not slot_column and _may_have_old_column(found, facts.sdk):
        there = await _has_old_column(calls, found.wanted)
        slot_column, is_sure = OLD_COLUMN if there else "", is_sure and there is not None
    return Probe(
        facts=facts,
        reads_hex=found.wanted.hexes,
        counts=True,
        has_sub_id=SUB_ID in columns,
        slot_column=slot_column,
        has_otp_mark=OTP_MARK in columns,
        is_sure=is_sure,
    )


@dataclass(frozen=True, kw_only=True)
class _Found:
    wanted: Wanted
    """What the provider has given together."""
    fills_sub_id: bool | None
    """None where the inbox holds no message that could tell."""
    is_sure: bool


@dataclass(kw_only=True)
class _Doubt:
    """Whether anything was refused without being named: a provider that died at the wrong moment does so, too."""

    asked_again: bool = False
    is_left: bool = False


async def _most(calls: PhoneCalls, wanted: Wanted, doubt: _Doubt) -> _Found | None:
    """The most of `wanted` that the provider gives in one query; None where it takes no functions at all.

    SQLite names the column that is missing, so each further query knows what to leave out.
    """
    while True:
        answers = await calls.run(wanted_query(wanted), within=PROBE_WITHIN)
        text = answers.sections[0].text
        given = parse_wanted(text, wanted)
        if given is not None:
            return _Found(wanted=wanted, fills_sub_id=given.fills_sub_id, is_sure=not doubt.is_left)
        said = f"{answers.stderr}\n{text}"
        calls.check_denied(said)
        _check_up(calls, said)
        if missing := refused_columns(said) & set(wanted.columns):
            for name in missing:
                wanted = wanted.without_column(name)
        elif wanted.hexes and refuses_hex(said):
            wanted = wanted.without_hex()
        elif refuses_functions(said):
            return None
        elif not doubt.asked_again:
            doubt.asked_again = True
        elif wanted.hexes:
            doubt.is_left = True
            wanted = wanted.without_hex()
        elif wanted.columns and not is_nothing_found(text):
            return await _one_by_one(calls, wanted)
        else:
            return None


def _check_up(calls: PhoneCalls, said: str) -> None:
    """Raise where the provider cannot answer just now: that says nothing of what it takes."""
    for words in _NOT_NOW:
        if words in said:
            raise calls.unreadable(words)


async def _one_by_one(calls: PhoneCalls, wanted: Wanted) -> _Found | None:
    """A provider that refuses the columns together and names none: each is asked for by itself."""
    bare = Wanted(columns=(), hexes=False)
    trials = [bare.with_hex(), bare, *(Wanted(columns=(column,), hexes=False) for column in wanted.columns)]
    answers = await calls.run(*(wanted_query(trial) for trial in trials), within=PROBE_WITHIN * 2)
    given = [parse_wanted(section.text, trial) for section, trial in zip(answers.sections, trials, strict=True)]
    if given[1] is None:
        return None
    said = "\n".join((answers.stderr, *(section.text for section in answers.sections)))
    columns = tuple(column for column, answer in zip(wanted.columns, given[2:], strict=True) if answer is not None)
    fills = next((answer.fills_sub_id for answer in given[2:] if answer is not None and answer.fills_sub_id), None)
    return _Found(
        wanted=Wanted(columns=columns, hexes=given[0] is not None),
        fills_sub_id=fills,
        is_sure=set(wanted.columns) - set(columns) <= refused_columns(said)
        and (given[0] is not None or refuses_hex(said)),
    )


def _may_have_old_column(found: _Found, sdk: int) -> bool:
    if SUB_ID not in found.wanted.columns or found.fills_sub_id is False:
        return True
    return found.fills_sub_id is None and sdk <= LAST_SDK_OF_OLD_COLUMN


async def _has_old_column(calls: PhoneCalls, wanted: Wanted) -> bool | None:
    """None where the answer does not tell."""
    trial = Wanted(columns=(OLD_COLUMN,), hexes=wanted.hexes)
    answers = await calls.run(wanted_query(trial), within=PROBE_WITHIN)
    text = answers.sections[0].text
    if parse_wanted(text, trial) is not None:
        return True
    said = f"{answers.stderr}\n{text}"
    _check_up(calls, said)
    return False if OLD_COLUMN in refused_columns(said) else None


async def _plain_probe(calls: PhoneCalls, facts: PhoneFacts, columns: tuple[str, ...], *, is_sure: bool) -> Probe:
    """A provider that takes columns only."""
    names = ("_id", *columns)
    answers = await calls.run(*(query(INBOX, name, sort=_NEWEST) for name in names), within=PROBE_WITHIN * 2)
    _check_readable(calls, answers)
    if facts.sdk <= LAST_SDK_THAT_CUTS:
        raise SmsUnsupported(
            f"Phone {shown(calls.serial)} cannot be used: its Android {facts.android} prints times cut to 32 bits, "
            "and its SMS provider takes no expression that would print them whole."
        )
    texts = dict(zip(names, (section.text for section in answers.sections), strict=True))
    there = {name for name, text in texts.items() if begins_a_row(text, name)}
    refusals = [text for name, text in texts.items() if name not in there]
    named = refused_columns("\n".join((answers.stderr, *refusals)))
    # Android has had sub_id since 5.1: it is missing only where that is said.
    if SUB_ID not in named and facts.sdk >= FIRST_SDK_WITH_SUB_ID:
        there.add(SUB_ID)
    return Probe(
        facts=facts,
        reads_hex=False,
        counts=False,
        has_sub_id=SUB_ID in there,
        slot_column=next((name for name in columns if name in there and name not in (SUB_ID, OTP_MARK)), ""),
        has_otp_mark=OTP_MARK in there,
        is_sure=is_sure and set(columns) - there <= named,
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
