"""Probes the capabilities of a phone's SMS provider, once per firmware, with as few of its slow queries as possible."""

from __future__ import annotations

from dataclasses import dataclass

from phonefarm.adapters.adb.phone_calls import Answers, PhoneCalls
from phonefarm.adapters.adb.probe_query import (
    OTP_MARK,
    SUB_ID,
    ProbeRequest,
    build_probe_query,
    is_row,
    parse_probe_row,
    refused_columns,
    refuses_functions,
    refuses_hex,
    starts_row,
)
from phonefarm.adapters.adb.provider import build_query, find_exception, is_empty_result
from phonefarm.adapters.adb.sim_of_row import OLD_COLUMN, SLOT_COLUMNS
from phonefarm.adapters.adb.smart_socket import printable
from phonefarm.adapters.adb.sms_query import INBOX
from phonefarm.application.ports.world import Probe, SmsUnsupported
from phonefarm.domain.phones import PhoneFacts

PROBE_TIMEOUT_SECONDS = 30.0
FIRST_SDK_WITH_SUB_ID = 22
LAST_SDK_THAT_CUTS = 22
LAST_SDK_OF_OLD_COLUMN = 23
"""Old MediaTek phones: while the inbox is empty, it is unknown whether sub_id is ever filled."""
FIRST_SDK_WITH_OTP_MARK = 35
_NOT_READY = ("Could not find provider", "DeadObjectException", "DeadSystemException", "database is locked")
"""Errors of a provider that is starting, dying or busy."""
_NEWEST = "_id DESC LIMIT 1"


def full_request(facts: PhoneFacts) -> ProbeRequest:
    """Everything that a phone of this make and release may support."""
    slot_column = SLOT_COLUMNS.get(facts.make.casefold(), "")
    optional = [SUB_ID, *([slot_column] if slot_column else [])]
    optional += [OTP_MARK] if facts.sdk >= FIRST_SDK_WITH_OTP_MARK else []
    return ProbeRequest(columns=tuple(optional))


async def probe_phone(calls: PhoneCalls, facts: PhoneFacts) -> Probe:
    """Raises SmsWithheld if the phone answers and its SMS cannot be read, else as `PhoneCalls.run`."""
    request, refusals = full_request(facts), _UnnamedRefusals()
    found = await _find_capabilities(calls, request, refusals)
    if found is None:
        return await _probe_plain_columns(calls, facts, request.columns, is_sure=not refusals.was_retried)
    columns = set(found.request.columns)
    slot_column = SLOT_COLUMNS.get(facts.make.casefold(), "")
    slot_column = slot_column if slot_column in columns else ""
    is_sure = found.is_sure
    if not slot_column and _may_have_old_column(found, facts.sdk):
        there = await _has_old_column(calls, found.request)
        slot_column, is_sure = OLD_COLUMN if there else "", is_sure and there is not None
    return Probe(
        facts=facts,
        reads_hex=found.request.uses_hex,
        counts=True,
        has_sub_id=SUB_ID in columns,
        slot_column=slot_column,
        has_otp_mark=OTP_MARK in columns,
        is_sure=is_sure,
    )


@dataclass(frozen=True, kw_only=True)
class _Capabilities:
    request: ProbeRequest
    """What the provider supports in one query."""
    fills_sub_id: bool | None
    """None if the inbox has no message."""
    is_sure: bool


@dataclass(kw_only=True)
class _UnnamedRefusals:
    """Whether a query failed without naming the cause, as it also does when the provider dies at that moment."""

    was_retried: bool = False
    is_result_unsure: bool = False


async def _find_capabilities(
    calls: PhoneCalls, request: ProbeRequest, refusals: _UnnamedRefusals
) -> _Capabilities | None:
    """The largest part of `request` that the provider supports in one query; None if it supports no functions.

    SQLite names a missing column, so each further query leaves that out.
    """
    while True:
        answers = await calls.run(build_probe_query(request), within=PROBE_TIMEOUT_SECONDS)
        text = answers.sections[0].text
        given = parse_probe_row(text, request)
        if given is not None:
            return _Capabilities(
                request=request, fills_sub_id=given.fills_sub_id, is_sure=not refusals.is_result_unsure
            )
        error_text = f"{answers.stderr}\n{text}"
        calls.raise_if_denied(error_text)
        _raise_if_not_ready(calls, error_text)
        if missing := refused_columns(error_text) & set(request.columns):
            for name in missing:
                request = request.without_column(name)
        elif request.uses_hex and refuses_hex(error_text):
            request = request.without_hex()
        elif refuses_functions(error_text):
            return None
        elif not refusals.was_retried:
            refusals.was_retried = True
        elif request.uses_hex:
            refusals.is_result_unsure = True
            request = request.without_hex()
        elif request.columns and not is_empty_result(text):
            return await _probe_separately(calls, request)
        else:
            return None


def _raise_if_not_ready(calls: PhoneCalls, error_text: str) -> None:
    """Raise if the provider cannot answer at the moment, which says nothing about its capabilities."""
    for words in _NOT_READY:
        if words in error_text:
            raise calls.unreadable_error(words)


async def _probe_separately(calls: PhoneCalls, request: ProbeRequest) -> _Capabilities | None:
    """One query per column, for a provider that refuses them together and names none."""
    bare = ProbeRequest(columns=(), uses_hex=False)
    trials = [bare.with_hex(), bare, *(ProbeRequest(columns=(column,), uses_hex=False) for column in request.columns)]
    answers = await calls.run(*(build_probe_query(trial) for trial in trials), within=PROBE_TIMEOUT_SECONDS * 2)
    given = [parse_probe_row(section.text, trial) for section, trial in zip(answers.sections, trials, strict=True)]
    if given[1] is None:
        return None
    error_text = "\n".join((answers.stderr, *(section.text for section in answers.sections)))
    columns = tuple(column for column, answer in zip(request.columns, given[2:], strict=True) if answer is not None)
    fills = next((answer.fills_sub_id for answer in given[2:] if answer is not None and answer.fills_sub_id), None)
    return _Capabilities(
        request=ProbeRequest(columns=columns, uses_hex=given[0] is not None),
        fills_sub_id=fills,
        is_sure=set(request.columns) - set(columns) <= refused_columns(error_text)
        and (given[0] is not None or refuses_hex(error_text)),
    )


def _may_have_old_column(found: _Capabilities, sdk: int) -> bool:
    if SUB_ID not in found.request.columns or found.fills_sub_id is False:
        return True
    return found.fills_sub_id is None and sdk <= LAST_SDK_OF_OLD_COLUMN


async def _has_old_column(calls: PhoneCalls, request: ProbeRequest) -> bool | None:
    """None if the answer does not tell."""
    trial = ProbeRequest(columns=(OLD_COLUMN,), uses_hex=request.uses_hex)
    answers = await calls.run(build_probe_query(trial), within=PROBE_TIMEOUT_SECONDS)
    text = answers.sections[0].text
    if parse_probe_row(text, trial) is not None:
        return True
    error_text = f"{answers.stderr}\n{text}"
    _raise_if_not_ready(calls, error_text)
    return False if OLD_COLUMN in refused_columns(error_text) else None


async def _probe_plain_columns(
    calls: PhoneCalls, facts: PhoneFacts, columns: tuple[str, ...], *, is_sure: bool
) -> Probe:
    """Probe a provider that supports plain columns only."""
    names = ("_id", *columns)
    answers = await calls.run(
        *(build_query(INBOX, name, sort=_NEWEST) for name in names), within=PROBE_TIMEOUT_SECONDS * 2
    )
    _check_readable(calls, answers)
    if facts.sdk <= LAST_SDK_THAT_CUTS:
        raise SmsUnsupported(
            f"Phone {printable(calls.serial)} cannot be used: its Android {facts.android} prints times cut to 32 bits, "
            "and its SMS provider takes no expression that would print them whole."
        )
    texts = dict(zip(names, (section.text for section in answers.sections), strict=True))
    there = {name for name, text in texts.items() if starts_row(text, name)}
    refusals = [text for name, text in texts.items() if name not in there]
    named = refused_columns("\n".join((answers.stderr, *refusals)))
    # Android has had sub_id since 5.1: it is missing only if the error names it.
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
    """Raise unless one row proves that the inbox is readable: without count(), empty and withheld look the same."""
    texts = [section.text for section in answers.sections]
    if is_row(texts[0], r"_id=\d+"):
        return
    calls.raise_if_denied(answers.stderr, *texts)
    if is_empty_result(texts[0]):
        raise calls.withheld_error("every query comes back empty, even a count")
    raise calls.unreadable_error(find_exception(answers.stderr) or "its SMS provider refuses every query")
