"""What is shown of a log entry: its line, the fact beside it, and its request and response."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from phonefarm.application.model.log_entries import HIDDEN_TEXT, CallDetails, EntryKind, LogEntry, Outcome
from ui.text import formats
from ui.text.safe_text import one_line, visible
from ui.text.words import tr
from ui.text.words.log import ENTRY_KINDS, entry_reason, entry_sentence

TEXT_ERASED = "text erased"
_LONGEST_JSON = 4_000


def kind_text(entry: LogEntry) -> str:
    return ENTRY_KINDS[entry.kind].label()


def sentence(entry: LogEntry) -> str:
    number = formats.grouped_msisdn(entry.number).removeprefix("+") if entry.number else ""
    told = entry_sentence(entry, number)
    if entry.outcome is Outcome.FINISHED and (amount := _amount(entry)) is not None:
        return f"{told}, {formats.money(amount)}"
    return told


def _amount(entry: LogEntry) -> Decimal | None:
    try:
        return Decimal(str(entry.fields.get("sum", ""))) or None
    except InvalidOperation:
        return None


def fact(entry: LogEntry) -> str:
    """The one thing worth knowing beside the sentence."""
    if entry.count > 1:
        length = entry.at - entry.begun_at
        if length < timedelta(seconds=1):
            return tr("{count} times").format(count=formats.number(entry.count))
        span = formats.span(length)
        return tr("{count} times in {span}").format(count=formats.number(entry.count), span=span)
    parts = []
    if entry.number and entry.kind is EntryKind.FINISH:
        parts.append(formats.grouped_msisdn(entry.number))
    elif entry.phone:
        parts.append(one_line(entry.phone, 24))
    if entry.milliseconds is not None and entry.kind in (EntryKind.ORDER, EntryKind.PUSH):
        parts.append(milliseconds(entry.milliseconds))
    return ", ".join(parts)


def milliseconds(value: float) -> str:
    if value < 1000:
        return tr("{ms} ms").format(ms=max(1, round(value)))
    return formats.seconds(value / 1000)


def request_caption(entry: LogEntry) -> str:
    if entry.kind is EntryKind.PUSH:
        return tr("Push to Onlinesim")
    return f"POST {entry.path}" if entry.path else "POST"


def response_caption(entry: LogEntry) -> str:
    if entry.status is None:
        return tr("no answer")
    if entry.milliseconds is None:
        return str(entry.status)
    return tr("{status} in {ms}").format(status=entry.status, ms=milliseconds(entry.milliseconds))


def request_text(details: CallDetails) -> str:
    """The JSON in lines, with the text of the SMS in its place while it is kept."""
    text = tr(TEXT_ERASED) if details.is_text_erased else details.text
    return _lines(details.request, text)


def response_text(details: CallDetails) -> str:
    return _lines(details.response, None)


def _lines(text: str, message: str | None) -> str:
    try:
        body = json.loads(text)
    except ValueError:
        return visible(text, _LONGEST_JSON)
    if not isinstance(body, dict):
        return visible(text, _LONGEST_JSON)
    if message is not None:
        body = {name: message if value == HIDDEN_TEXT else value for name, value in body.items()}
    lines = (f" {_json(name)}: {_json(value)}" for name, value in body.items())
    return visible("{" + ",\n".join(lines).lstrip() + "}", _LONGEST_JSON)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def as_text(entry: LogEntry, details: CallDetails | None) -> str:
    """For the clipboard: everything that the open entry shows, with the time zone."""
    local = entry.at.astimezone()
    lines = [f"{local:%Y-%m-%d %H:%M:%S %z}  {kind_text(entry)}  {sentence(entry)}"]
    lines += filter(None, [fact(entry), entry_reason(entry), entry.address])
    if details is not None and (details.request or details.response):
        lines += [request_caption(entry), request_text(details), response_caption(entry), response_text(details)]
    return "\n".join(lines)
